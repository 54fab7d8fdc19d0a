/**
 * Socket addresses, between text and the kernel's structures.
 *
 * ```text
 * sockaddr_in   family u16 | port u16 BE | address 4 octets | zero 8                        16 octets
 * sockaddr_in6  family u16 | port u16 BE | flow u32 | address 16 octets | scope id u32      28 octets
 * ```
 */
import { family, type Address } from "../../wire/address.ts";
import { AF_INET, AF_INET6, SIZE } from "../layout.ts";
import { libc } from "../libc.ts";

/**
 * The structure for an address.
 * @param port 0 … 65535; 0 lets the kernel choose
 * @returns 16 or 28 octets; `null` when the literal is none or its zone does not exist
 */
export function toSockaddr(ip: string, port: number): Uint8Array | null {
  if (family(ip) === 4) {
    const address = parse4(ip);
    if (address === null) return null;
    const bytes = new Uint8Array(SIZE.sockaddr_in);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, AF_INET, true);
    view.setUint16(2, port);
    bytes.set(address, 4);
    return bytes;
  }
  const [literal = "", zone] = ip.split("%", 2);
  const address = parse6(literal);
  const scope = zone === undefined ? 0 : zoneIndex(zone);
  if (address === null || (zone !== undefined && scope === 0)) return null;
  const bytes = new Uint8Array(SIZE.sockaddr_in6);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_INET6, true);
  view.setUint16(2, port);
  bytes.set(address, 8);
  view.setUint32(24, scope, true);
  return bytes;
}

/**
 * The address in a structure that the kernel filled.
 * @param bytes 16 octets at least for IPv4, 28 for IPv6
 * @returns `null` when it is neither
 */
export function fromSockaddr(bytes: Uint8Array): Address | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kind = view.getUint16(0, true);
  if (kind === AF_INET) return { ip: text4(bytes, 4), port: view.getUint16(2) };
  if (kind !== AF_INET6) return null;
  const scope = view.getUint32(24, true);
  const ip = text6(bytes, 8);
  return { ip: scope === 0 ? ip : `${ip}%${zoneName(scope)}`, port: view.getUint16(2) };
}

/** Four octets as a dotted quad. */
export function text4(bytes: Uint8Array, at: number): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
}

/** Sixteen octets in the canonical text of RFC 5952: lower case, the first longest run of zeros as `::`. */
export function text6(bytes: Uint8Array, at: number): string {
  const groups: number[] = [];
  for (let index = 0; index < 16; index += 2)
    groups.push(((bytes[at + index] ?? 0) << 8) | (bytes[at + index + 1] ?? 0));
  // RFC 5952 §5: an IPv4-mapped address ends in a dotted quad.
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff)
    return `::ffff:${text4(bytes, at + 12)}`;
  let start = -1;
  let length = 1; // a single zero group is not shortened (§4.2.2)
  for (let index = 0; index < 8; index += 1) {
    let end = index;
    while (end < 8 && groups[end] === 0) end += 1;
    if (end - index > length) [start, length] = [index, end - index];
    index = Math.max(index, end - 1);
  }
  return start < 0 ? hex(groups) : `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`;
}

function hex(groups: readonly number[]): string {
  return groups.map((group) => group.toString(16)).join(":");
}

/** The four octets of a dotted quad, `null` when it is none. */
export function parse4(ip: string): Uint8Array | null {
  const parts = ip.split(".");
  if (parts.length !== 4) return null;
  const octets = parts.map((part) => (/^(0|[1-9]\d{0,2})$/.test(part) ? Number(part) : 256));
  return octets.every((octet) => octet < 256) ? Uint8Array.from(octets) : null;
}

/** The sixteen octets of an IPv6 literal without zone (RFC 4291 §2.2, all three forms), `null` when it is none. */
export function parse6(ip: string): Uint8Array | null {
  const quad = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(ip);
  if (quad !== null) {
    const octets = parse4(quad[2] ?? "");
    if (octets === null) return null;
    const group = (at: number): number => ((octets[at] ?? 0) << 8) | (octets[at + 1] ?? 0);
    return parse6(`${quad[1]}${hex([group(0), group(2)])}`);
  }
  const halves = ip.split("::");
  if (halves.length > 2) return null;
  const [head = [], tail = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
  const groups = [...head, ...Array.from({ length: missing }, () => "0"), ...tail];
  if (!groups.every((group) => /^[\da-fA-F]{1,4}$/.test(group))) return null;
  return Uint8Array.from(
    groups.flatMap((group) => {
      const value = Number.parseInt(group, 16);
      return [value >> 8, value & 0xff];
    }),
  );
}

/** The index of a zone: a number, or an interface's name; 0 when there is no such interface. */
function zoneIndex(zone: string): number {
  if (/^\d{1,9}$/.test(zone)) return Number(zone);
  return libc()?.if_nametoindex(zone) ?? 0;
}

const names = new Map<number, string>();

/** The name of an interface by its index, or the index itself when it has gone. */
export function zoneName(index: number): string {
  let name = names.get(index);
  if (name === undefined) {
    name = libc()?.if_indextoname(index, new Uint8Array(16)) ?? String(index);
    names.set(index, name);
  }
  return name;
}

/**
 * Where a request comes from, as numbers: what access lists and the list of recent clients look up without allocating.
 *
 * An address is four signed 32-bit words in network order; IPv4 is `::ffff:a.b.c.d` (RFC 4291 §2.5.5.2), so that a client is
 * one client whichever socket it reaches, and one table holds both families. A zone does not count.
 */
import { addressLiteral, addressOctets } from "../wire/address.ts";

/** An address in words. Hosts keep one and fill it for each datagram. */
export interface SourceWords {
  a: number;
  b: number;
  c: number;
  d: number;
}

/** The third word of every IPv4 address. */
export const IPV4_MAPPED = 0xffff;

/**
 * Reads an IP literal into words.
 * @param ip as sockets report it: IPv4, IPv6, mapped, with or without a zone
 * @param into where to; nothing is allocated for IPv4
 * @returns whether it is an address; if not, `into` is `::`, which is never answered
 */
export function readSource(ip: string, into: SourceWords): boolean {
  const quad = readQuad(ip);
  if (quad !== null) return setWords(into, 0, 0, IPV4_MAPPED, quad);
  const octets = addressOctets(ip);
  if (octets === null) return setWords(into, 0, 0, 0, 0) && false;
  readOctets(octets, into);
  return true;
}

/**
 * Takes an address from its octets.
 * @param octets 4 or 16 in network order
 */
export function readOctets(octets: Uint8Array, into: SourceWords): void {
  const word = (offset: number): number =>
    (octets[offset]! << 24) | (octets[offset + 1]! << 16) | (octets[offset + 2]! << 8) | octets[offset + 3]!;
  if (octets.length === 4) setWords(into, 0, 0, IPV4_MAPPED, word(0));
  else setWords(into, word(0), word(4), word(8), word(12));
}

/** An address of its own in words; `null` if the text is no IP literal. */
export function sourceOf(ip: string): SourceWords | null {
  const words = { a: 0, b: 0, c: 0, d: 0 };
  return readSource(ip, words) ? words : null;
}

/** The canonical text of an address (RFC 5952); a mapped one is IPv4. */
export function sourceText({ a, b, c, d }: Readonly<SourceWords>): string {
  if (a === 0 && b === 0 && c === IPV4_MAPPED) return `${d >>> 24}.${(d >>> 16) & 255}.${(d >>> 8) & 255}.${d & 255}`;
  const octets = new Uint8Array(16);
  const view = new DataView(octets.buffer);
  [a, b, c, d].forEach((word, index) => view.setInt32(index * 4, word));
  return addressLiteral(octets);
}

/** Whether two addresses are the same. */
export function sameSource(one: Readonly<SourceWords>, other: Readonly<SourceWords>): boolean {
  return one.d === other.d && one.c === other.c && one.b === other.b && one.a === other.a;
}

/**
 * Whether nobody can be reached at an address: unspecified ("this network", RFC 1122 §3.2.1.3), a group, or the limited
 * broadcast address. A datagram that claims to come from there was forged, or would make us answer to many.
 */
export function isUnanswerable({ a, b, c, d }: Readonly<SourceWords>): boolean {
  if (a === 0 && b === 0 && c === IPV4_MAPPED) return d >>> 24 === 0 || d >>> 28 === 0xe || d === -1;
  return a >>> 24 === 0xff || (a === 0 && b === 0 && c === 0 && d === 0);
}

function setWords(into: SourceWords, a: number, b: number, c: number, d: number): true {
  into.a = a;
  into.b = b;
  into.c = c;
  into.d = d;
  return true;
}

/** A dotted quad as a signed word, character by character; `null` for all else, and for numbers with leading zeros. */
function readQuad(ip: string): number | null {
  let word = 0;
  let octet = -1;
  let dots = 0;
  for (let index = 0; index < ip.length; index += 1) {
    const code = ip.charCodeAt(index);
    if (code >= 0x30 && code <= 0x39) {
      if (octet === 0) return null;
      octet = (octet < 0 ? 0 : octet * 10) + code - 0x30;
      if (octet > 255) return null;
    } else if (code === 0x2e && octet >= 0) {
      word = (word << 8) | octet;
      octet = -1;
      dots += 1;
    } else return null;
  }
  return dots === 3 && octet >= 0 ? (word << 8) | octet : null;
}

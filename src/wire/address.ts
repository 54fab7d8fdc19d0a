/**
 * Where a datagram comes from or goes to: an IP address and a UDP port, as text and number; and IP literals, as text and
 * octets.
 *
 * An IPv4-mapped IPv6 address (`::ffff:192.0.2.7`, as dual-stack sockets report it) is the IPv4 address it stands for:
 * the same peer must not look like two.
 */

/** An IP address literal with a port. Two addresses are the same when {@link addressKey} says so. */
export interface Address {
  /** IPv4 dotted quad or IPv6 in its canonical text (RFC 5952), with `%zone` where it is link-local. */
  readonly ip: string;
  /** 1 … 65535 */
  readonly port: number;
}

/** What an IP literal says. */
export interface AddressLiteral {
  /** 4 or 16 octets in network order. */
  readonly octets: Uint8Array;
  /** The interface a scoped IPv6 address is meant for (RFC 4007 §11), without the `%`. */
  readonly zone: string | null;
}

/** One string an address, for maps. */
export function addressKey(address: Address): string {
  return `${address.ip} ${address.port}`;
}

/** Whether two addresses are the same, as {@link addressKey} has it. */
export function isSameAddress(one: Address, other: Address): boolean {
  return one.port === other.port && one.ip === other.ip;
}

/** The address family of a literal. */
export function family(ip: string): 4 | 6 {
  return ip.includes(":") ? 6 : 4;
}

/** `192.0.2.7:123` or `[2001:db8::7]:123`. */
export function addressText(address: Address): string {
  return family(address.ip) === 6 ? `[${address.ip}]:${address.port}` : `${address.ip}:${address.port}`;
}

/**
 * Reads an IP literal: an IPv4 dotted quad without leading zeros, or any IPv6 text of RFC 4291 §2.2, with a zone if wanted.
 * @returns `null` for all else, names included
 */
export function parseAddressLiteral(text: string): AddressLiteral | null {
  const [, ip, zone = null] = LITERAL.exec(text) ?? [];
  if (ip === undefined) return null;
  const octets = ip.includes(":") ? fromIpv6(ip) : fromIpv4(ip);
  if (octets === null || (zone !== null && octets.length === 4)) return null;
  return { octets, zone };
}

/**
 * The octets of an IP literal, without its zone.
 * @returns 4 or 16 octets in network order, `null` if it is no literal
 */
export function addressOctets(ip: string): Uint8Array | null {
  return parseAddressLiteral(ip)?.octets ?? null;
}

/**
 * The canonical text of an address (RFC 5952 §4).
 * @param octets 4 or 16 in network order
 * @param zone appended as `%zone`
 */
export function addressLiteral(octets: Uint8Array, zone: string | null = null): string {
  const plain = unmapped(octets);
  // Captures and floods have an address a packet: join would take three times as long.
  if (plain.length === 4) return `${plain[0]}.${plain[1]}.${plain[2]}.${plain[3]}`;
  return zone === null ? ipv6Text(plain) : `${ipv6Text(plain)}%${zone}`;
}

/** The canonical text of an IP literal, its zone kept; `null` if it is none. */
export function canonicalAddress(ip: string): string | null {
  const literal = parseAddressLiteral(ip);
  return literal === null ? null : addressLiteral(literal.octets, literal.zone);
}

/**
 * Whether an address lies in a network.
 * @param network 4 or 16 octets; those beyond the prefix do not matter
 * @param bits length of the prefix, 0 … 32 or 128
 */
export function inNetwork(octets: Uint8Array, network: Uint8Array, bits: number): boolean {
  if (octets.length !== network.length) return false;
  const whole = bits >> 3;
  for (let index = 0; index < whole; index += 1) if (octets[index] !== network[index]) return false;
  const rest = bits & 7;
  return rest === 0 || (octets[whole]! ^ network[whole]!) >> (8 - rest) === 0;
}

/** Whether a literal is a multicast group (RFC 5771, RFC 4291 §2.7). */
export function isMulticast(ip: string): boolean {
  return isWithin(ip, "multicast");
}

/** Whether a literal is the address of many or of nobody: a multicast group, all of a network, or the unspecified address. */
export function isNoHost(ip: string): boolean {
  const octets = addressOctets(ip);
  if (octets === null) return false;
  const isBroadcast = octets.length === 4 && octets.every((octet) => octet === 255);
  return isMulticast(ip) || isBroadcast || octets.every((octet) => octet === 0);
}

/** Whether a literal is for private networks: RFC 1918, or the unique local addresses of RFC 4193. */
export function isPrivate(ip: string): boolean {
  return isWithin(ip, "private");
}

/** Whether a literal is this host itself (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3). */
export function isLoopback(ip: string): boolean {
  return isWithin(ip, "loopback");
}

/** Whether a literal is for one link only (RFC 3927, RFC 4291 §2.5.6). */
export function isLinkLocal(ip: string): boolean {
  return isWithin(ip, "linkLocal");
}

/** Whether a literal is certainly on this host or this network. */
export function isNear(ip: string): boolean {
  return isLoopback(ip) || isPrivate(ip) || isLinkLocal(ip);
}

/** The networks set apart for a purpose. */
const NETWORKS = {
  multicast: ["224.0.0.0/4", "ff00::/8"],
  private: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"],
  loopback: ["127.0.0.0/8", "::1/128"],
  linkLocal: ["169.254.0.0/16", "fe80::/10"],
} as const;

/** The same, read, of the purposes that were asked for. */
const READ = new Map<keyof typeof NETWORKS, readonly { readonly base: Uint8Array; readonly bits: number }[]>();

function networksFor(purpose: keyof typeof NETWORKS): readonly { readonly base: Uint8Array; readonly bits: number }[] {
  const known = READ.get(purpose);
  if (known !== undefined) return known;
  const read = NETWORKS[purpose].map((network) => {
    const [base, bits] = network.split("/");
    return { base: addressOctets(base!)!, bits: Number(bits) };
  });
  READ.set(purpose, read);
  return read;
}

function isWithin(ip: string, purpose: keyof typeof NETWORKS): boolean {
  const octets = addressOctets(ip);
  return octets !== null && networksFor(purpose).some(({ base, bits }) => inNetwork(octets, base, bits));
}

/** An address, and a zone that is neither empty nor able to spoil a line of text. */
const LITERAL = /^([0-9a-f:.]+)(?:%([\w.~-]+))?$/i;
const GROUP = /^[0-9a-f]{1,4}$/i;
const EMBEDDED_IPV4 = /^(.*:)([^:]*\.[^:]*)$/;

function fromIpv4(text: string): Uint8Array | null {
  const word = quadWord(text);
  return word === null ? null : Uint8Array.of(word >>> 24, word >>> 16, word >>> 8, word);
}

/**
 * The word of a dotted quad without leading zeros. Read by hand: captures and floods have an address a packet.
 * @returns unsigned 32 bits; `null` for all else
 */
export function quadWord(text: string): number | null {
  let [word, octet, digits, dots] = [0, 0, 0, 0];
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === DOT) {
      if (digits === 0 || dots === 3) return null;
      word = word * 256 + octet;
      [octet, digits] = [0, 0];
      dots += 1;
    } else {
      const digit = code - ZERO;
      if (digit < 0 || digit > 9 || (digits > 0 && octet === 0)) return null;
      octet = octet * 10 + digit;
      digits += 1;
      if (octet > 255) return null;
    }
  }
  return dots === 3 && digits > 0 ? word * 256 + octet : null;
}

const [DOT, ZERO] = [0x2e, 0x30];

function fromIpv6(text: string): Uint8Array | null {
  const [, before, quad] = EMBEDDED_IPV4.exec(text) ?? [];
  if (before !== undefined && quad !== undefined) {
    const octets = fromIpv4(quad);
    return octets === null ? null : fromGroups(`${before}${groupsOf(octets).map(hex).join(":")}`);
  }
  return fromGroups(text);
}

/** RFC 4291 §2.2: eight groups, or fewer round one `::` that stands for at least one group of zeros. */
function fromGroups(text: string): Uint8Array | null {
  const halves = text.split("::").map((half) => (half === "" ? [] : half.split(":")));
  const [head = [], tail = []] = halves;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : halves.length > 2 || missing < 1) return null;
  const groups = [...head, ...Array<string>(missing).fill("0"), ...tail];
  if (!groups.every((group) => GROUP.test(group))) return null;
  const words = groups.map((group) => Number.parseInt(group, 16));
  return unmapped(Uint8Array.from(words.flatMap((word) => [word >> 8, word & 0xff])));
}

/** RFC 5952 §4: lower case, no leading zeros, `::` for the first of the longest runs of two or more zero groups. */
function ipv6Text(octets: Uint8Array): string {
  const groups = groupsOf(octets);
  let start = 0;
  let length = 1;
  for (let from = 0; from < groups.length; from += 1) {
    let to = from;
    while (groups[to] === 0) to += 1;
    if (to - from > length) [start, length] = [from, to - from];
  }
  if (length === 1) return groups.map(hex).join(":");
  const text = (part: number[]): string => part.map(hex).join(":");
  return `${text(groups.slice(0, start))}::${text(groups.slice(start + length))}`;
}

/** The IPv4 address inside `::ffff:0:0/96` (RFC 4291 §2.5.5.2), else the octets as they are. */
function unmapped(octets: Uint8Array): Uint8Array {
  const mapped =
    octets.length === 16 &&
    octets.subarray(0, 10).every((octet) => octet === 0) &&
    octets[10] === 0xff &&
    octets[11] === 0xff;
  return mapped ? octets.subarray(12) : octets;
}

function groupsOf(octets: Uint8Array): number[] {
  return Array.from({ length: octets.length / 2 }, (_, index) => (octets[index * 2]! << 8) | octets[index * 2 + 1]!);
}

function hex(group: number): string {
  return group.toString(16);
}

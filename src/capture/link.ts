/**
 * Link layers: where in a frame its IP packet begins (the LINKTYPE_ registry of draft-ietf-opsawg-pcaplinktype).
 */

/** The offset of the IP packet, or `null`: the frame carries none. */
type Finder = (bytes: Uint8Array) => number | null;

const IPV4 = 0x0800;
const IPV6 = 0x86dd;
/** Tags of 802.1Q, 802.1ad, and QinQ before it had a number. */
const VLANS: ReadonlySet<number> = new Set([0x8100, 0x88a8, 0x9100]);
/** More tags than this are nobody's network. */
const MAX_TAGS = 4;

/** Every link type read, by number. */
const LINKS: ReadonlyMap<number, Finder> = new Map<number, Finder>([
  [0, () => 4], // NULL: BSD loopback, a family in the byte order of its machine
  [1, (bytes) => behindType(bytes, 12)], // ETHERNET
  [12, () => 0], // RAW, as some systems number it in their files
  [14, () => 0],
  [101, () => 0], // RAW
  [108, () => 4], // LOOP: OpenBSD's loopback
  [113, (bytes) => behindType(bytes, 14)], // LINUX_SLL
  [228, () => 0], // IPV4
  [229, () => 0], // IPV6
  [276, (bytes) => typed(bytes, wordAt(bytes, 0), 20)], // LINUX_SLL2: the protocol comes first
]);

/** Whether frames of a link type can be read. */
export function isKnownLink(link: number): boolean {
  return LINKS.has(link);
}

/** Where the IP packet of a frame begins; `null` where the frame carries none, or its link type is not known. */
export function networkOffset(link: number, bytes: Uint8Array): number | null {
  return LINKS.get(link)?.(bytes) ?? null;
}

/** The packet that follows an EtherType. */
function behindType(bytes: Uint8Array, at: number): number | null {
  return typed(bytes, wordAt(bytes, at), at + 2);
}

/** The packet of an EtherType, behind its VLAN tags. */
function typed(bytes: Uint8Array, first: number, offset: number): number | null {
  let type = first;
  let start = offset;
  for (let tags = 0; VLANS.has(type) && tags < MAX_TAGS; tags += 1) {
    type = wordAt(bytes, start + 2);
    start += 4;
  }
  return type === IPV4 || type === IPV6 ? start : null;
}

/** Two octets in network order; 0, which is no EtherType, beyond the end. */
function wordAt(bytes: Uint8Array, offset: number): number {
  return offset + 2 <= bytes.length ? (bytes[offset]! << 8) | bytes[offset + 1]! : 0;
}

/**
 * IP packets, as far as a UDP datagram needs them: addresses, time to live, what is a fragment of what (RFC 791, RFC 8200).
 * Checksums are not looked at: capturing machines see their own packets before the network card has filled them in.
 */

/** An IP packet, or a fragment of one. */
export interface IpPacket {
  /** 4 or 16 octets each, views. */
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly protocol: number;
  /** Time to live or hop limit. */
  readonly ttl: number;
  /** `null` for a whole packet. */
  readonly fragment: Fragment | null;
  /** What was captured of it, a view. */
  readonly payload: Uint8Array;
  /** Octets of the payload that the header promises. */
  readonly length: number;
}

/** Which part of which packet. */
export interface Fragment {
  readonly id: number;
  /** Octets from the beginning of the packet's payload. */
  readonly offset: number;
  /** Whether others follow. */
  readonly more: boolean;
}

export const UDP = 17;

const IPV4_HEADER = 20;
const IPV6_HEADER = 40;
const MORE_FRAGMENTS = 0x2000;
const OFFSET_MASK = 0x1fff;

/** IPv6 extension headers that are passed over: hop-by-hop, routing, destination options; and the fragment header. */
const PASSED: ReadonlySet<number> = new Set([0, 43, 60]);
const FRAGMENT = 44;
/** Longer chains are nobody's traffic. */
const MAX_CHAIN = 8;

/** Reads an IP packet of either version; `null` if it is none, or too little of it was captured. */
export function readIp(bytes: Uint8Array): IpPacket | null {
  const version = bytes.length === 0 ? 0 : bytes[0]! >> 4;
  if (version === 4) return readIpv4(bytes);
  return version === 6 ? readIpv6(bytes) : null;
}

function readIpv4(bytes: Uint8Array): IpPacket | null {
  if (bytes.length < IPV4_HEADER) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const header = (bytes[0]! & 15) * 4;
  // A total length of 0 is left to the network card, by hosts that let it cut segments.
  const total = view.getUint16(2) || bytes.length;
  if (header < IPV4_HEADER || total < header || bytes.length < header) return null;
  const flags = view.getUint16(6);
  const offset = (flags & OFFSET_MASK) * 8;
  const more = (flags & MORE_FRAGMENTS) !== 0;
  return {
    source: bytes.subarray(12, 16),
    destination: bytes.subarray(16, 20),
    protocol: bytes[9]!,
    ttl: bytes[8]!,
    fragment: more || offset > 0 ? { id: view.getUint16(4), offset, more } : null,
    // What is longer than the packet is the link's padding.
    payload: bytes.subarray(header, total),
    length: total - header,
  };
}

function readIpv6(bytes: Uint8Array): IpPacket | null {
  if (bytes.length < IPV6_HEADER) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const end = IPV6_HEADER + (view.getUint16(4) || bytes.length - IPV6_HEADER);
  let protocol = bytes[6]!;
  let offset = IPV6_HEADER;
  let fragment: Fragment | null = null;
  for (let chain = 0; PASSED.has(protocol) || protocol === FRAGMENT; chain += 1) {
    if (chain === MAX_CHAIN || offset + 8 > Math.min(bytes.length, end)) return null;
    const next = bytes[offset]!;
    if (protocol === FRAGMENT) {
      const word = view.getUint16(offset + 2);
      const isWhole = (word & ~6) === 0;
      fragment = isWhole ? null : { id: view.getUint32(offset + 4), offset: word & ~7, more: (word & 1) === 1 };
      offset += 8;
    } else offset += (bytes[offset + 1]! + 1) * 8;
    protocol = next;
    // Behind the header of a later fragment there is the middle of something.
    if (fragment !== null) break;
  }
  if (offset > end || offset > bytes.length) return null;
  return {
    source: bytes.subarray(8, 24),
    destination: bytes.subarray(24, 40),
    protocol,
    ttl: bytes[7]!,
    fragment,
    payload: bytes.subarray(offset, end),
    length: end - offset,
  };
}

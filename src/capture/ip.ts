/**
 * IP packets, as far as a UDP datagram needs them: addresses, time to live, what is a fragment of what (RFC 791, RFC 8200).
 * Checksums are not looked at: capturing machines see their own packets before the network card has filled them in.
 */

import type { Hosts } from "./hosts.ts";

/** An IP packet, or a fragment of one. */
export interface IpPacket {
  /** The canonical texts of its addresses. */
  readonly source: string;
  readonly destination: string;
  readonly protocol: number;
  /** Time to live or hop limit. */
  readonly ttl: number;
  /** `null` for a whole packet. */
  readonly fragment: Fragment | null;
  /** What was captured of its payload is from here … */
  readonly octets: Uint8Array;
  readonly from: number;
  /** … to here. */
  readonly to: number;
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

/**
 * Reads an IP packet of either version; `null` if it is none, or too little of it was captured.
 * @param at where it begins
 */
export function readIp(bytes: Uint8Array, at: number, hosts: Hosts): IpPacket | null {
  const version = bytes.length <= at ? 0 : bytes[at]! >> 4;
  if (version === 4) return readIpv4(bytes, at, hosts);
  return version === 6 ? readIpv6(bytes, at, hosts) : null;
}

function readIpv4(bytes: Uint8Array, at: number, hosts: Hosts): IpPacket | null {
  const captured = bytes.length - at;
  if (captured < IPV4_HEADER) return null;
  const header = (bytes[at]! & 15) * 4;
  // A total length of 0 is left to the network card, by hosts that let it cut segments.
  const total = shortAt(bytes, at + 2) || captured;
  if (header < IPV4_HEADER || total < header || captured < header) return null;
  const flags = shortAt(bytes, at + 6);
  const offset = (flags & OFFSET_MASK) * 8;
  const more = (flags & MORE_FRAGMENTS) !== 0;
  return {
    source: hosts.short(bytes, at + 12),
    destination: hosts.short(bytes, at + 16),
    protocol: bytes[at + 9]!,
    ttl: bytes[at + 8]!,
    fragment: more || offset > 0 ? { id: shortAt(bytes, at + 4), offset, more } : null,
    octets: bytes,
    from: at + header,
    // What is longer than the packet is the link's padding.
    to: at + Math.min(total, captured),
    length: total - header,
  };
}

function readIpv6(bytes: Uint8Array, at: number, hosts: Hosts): IpPacket | null {
  if (bytes.length - at < IPV6_HEADER) return null;
  const end = at + IPV6_HEADER + (shortAt(bytes, at + 4) || bytes.length - at - IPV6_HEADER);
  let protocol = bytes[at + 6]!;
  let offset = at + IPV6_HEADER;
  let fragment: Fragment | null = null;
  for (let chain = 0; PASSED.has(protocol) || protocol === FRAGMENT; chain += 1) {
    if (chain === MAX_CHAIN || offset + 8 > Math.min(bytes.length, end)) return null;
    const next = bytes[offset]!;
    if (protocol === FRAGMENT) {
      const word = shortAt(bytes, offset + 2);
      const isWhole = (word & ~6) === 0;
      const id = shortAt(bytes, offset + 4) * 65_536 + shortAt(bytes, offset + 6);
      fragment = isWhole ? null : { id, offset: word & ~7, more: (word & 1) === 1 };
      offset += 8;
    } else offset += (bytes[offset + 1]! + 1) * 8;
    protocol = next;
    // Behind the header of a later fragment there is the middle of something.
    if (fragment !== null) break;
  }
  if (offset > end || offset > bytes.length) return null;
  return {
    source: hosts.long(bytes, at + 8),
    destination: hosts.long(bytes, at + 24),
    protocol,
    ttl: bytes[at + 7]!,
    fragment,
    octets: bytes,
    from: offset,
    to: Math.min(end, bytes.length),
    length: end - offset,
  };
}

/** Two octets in network order. */
export function shortAt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

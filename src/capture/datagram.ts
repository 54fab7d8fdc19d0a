/**
 * UDP datagrams out of captured frames (RFC 768): link, IP, fragments, UDP. What carries none gives none.
 */
import type { UnixNanoseconds } from "../time/timestamp.ts";
import type { Address } from "../wire/address.ts";
import { Fragments } from "./fragments.ts";
import type { Frame } from "./frame.ts";
import { Hosts } from "./hosts.ts";
import { readIp, shortAt, UDP } from "./ip.ts";
import type { IpPacket } from "./ip.ts";
import { networkOffset } from "./link.ts";

/** A datagram that went by. */
export interface Datagram {
  /** The number of its packet, of its last fragment's where it had several. */
  readonly packet: number;
  /** When it was seen; `null` where the file does not say. */
  readonly at: UnixNanoseconds | null;
  readonly from: Address;
  readonly to: Address;
  /** Time to live or hop limit, as seen. */
  readonly ttl: number;
  /** What was captured of it, a view. */
  readonly bytes: Uint8Array;
  /** Octets it had; more than `bytes` where the snap length cut it. */
  readonly length: number;
}

const UDP_HEADER = 8;

/** Finds the datagrams of frames, of one capture after the other. */
export class Datagrams {
  readonly #fragments = new Fragments();
  readonly #hosts = new Hosts();

  /** The datagram that a frame carries, or completes; `null` if none. */
  of(frame: Frame): Datagram | null {
    const offset = networkOffset(frame.link, frame.bytes);
    if (offset === null) return null;
    const read = readIp(frame.bytes, offset, this.#hosts);
    if (read === null || read.protocol !== UDP) return null;
    const packet = read.fragment === null ? read : this.#fragments.add(read, frame.at ?? 0n);
    return packet === null ? null : datagramOf(frame, packet);
  }
}

function datagramOf({ packet, at }: Frame, ip: IpPacket): Datagram | null {
  const { octets, from, to } = ip;
  if (to - from < UDP_HEADER) return null;
  const total = shortAt(octets, from + 4);
  if (total < UDP_HEADER || total > ip.length) return null;
  return {
    packet,
    at,
    from: { ip: ip.source, port: shortAt(octets, from) },
    to: { ip: ip.destination, port: shortAt(octets, from + 2) },
    ttl: ip.ttl,
    bytes: octets.subarray(from + UDP_HEADER, Math.min(from + total, to)),
    length: total - UDP_HEADER,
  };
}

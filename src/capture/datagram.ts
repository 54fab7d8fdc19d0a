/**
 * UDP datagrams out of captured frames (RFC 768): link, IP, fragments, UDP. What carries none gives none.
 */
import type { UnixNanoseconds } from "../time/timestamp.ts";
import { addressLiteral } from "../wire/address.ts";
import type { Address } from "../wire/address.ts";
import { Fragments } from "./fragments.ts";
import type { Frame } from "./frame.ts";
import { readIp, UDP } from "./ip.ts";
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

  /** The datagram that a frame carries, or completes; `null` if none. */
  of(frame: Frame): Datagram | null {
    const offset = networkOffset(frame.link, frame.bytes);
    if (offset === null) return null;
    const read = readIp(frame.bytes.subarray(offset));
    if (read === null || read.protocol !== UDP) return null;
    const packet = read.fragment === null ? read : this.#fragments.add(read, frame.at ?? 0n);
    return packet === null ? null : datagramOf(frame, packet);
  }
}

function datagramOf({ packet, at }: Frame, ip: IpPacket): Datagram | null {
  const { payload } = ip;
  if (payload.length < UDP_HEADER) return null;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  const total = view.getUint16(4);
  if (total < UDP_HEADER || total > ip.length) return null;
  return {
    packet,
    at,
    from: { ip: addressLiteral(ip.source), port: view.getUint16(0) },
    to: { ip: addressLiteral(ip.destination), port: view.getUint16(2) },
    ttl: ip.ttl,
    bytes: payload.subarray(UDP_HEADER, total),
    length: total - UDP_HEADER,
  };
}

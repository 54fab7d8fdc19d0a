/**
 * The 48-octet NTP header: octets ↔ fields (RFC 5905 §7.3, figure 8).
 *
 * ```text
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |LI | VN  |Mode |    Stratum    |     Poll      |   Precision   |   0
 * |                          Root Delay                           |   4
 * |                       Root Dispersion                         |   8
 * |                        Reference ID                           |  12
 * |                   Reference Timestamp (64)                    |  16
 * |                    Origin Timestamp (64)                      |  24
 * |                    Receive Timestamp (64)                     |  32
 * |                    Transmit Timestamp (64)                    |  40
 * +---------------------------------------------------------------+  48
 * ```
 */
import type { PollExponent, Seconds } from "../time/seconds.ts";
import { fromShort, toShort } from "../time/short.ts";
import type { NtpTimestamp } from "../time/timestamp.ts";

/** Octets in the header. */
export const HEADER_LENGTH = 48;

/** The version we speak (RFC 5905). */
export const VERSION = 4;

/** Leap indicators in wire order 0 … 3 (RFC 5905 figure 9). */
export const LEAPS = ["none", "insert", "delete", "unsynchronized"] as const;
/** A warning of an impending leap second, or that the clock is not synchronized. */
export type Leap = (typeof LEAPS)[number];

/** Association modes in wire order 0 … 7 (RFC 5905 figure 10). */
export const MODES = [
  "reserved",
  "symmetricActive",
  "symmetricPassive",
  "client",
  "server",
  "broadcast",
  "control",
  "private",
] as const;
/** A packet's or an association's mode. */
export type Mode = (typeof MODES)[number];

/** Stratum of "unspecified or unsynchronized" inside; on the wire it is 0 (RFC 5905 §7.3 "Stratum"). */
export const MAXSTRAT = 16;

/** The fields of the header, in wire order. */
export interface Header {
  readonly leap: Leap;
  /** 0 … 7 as received; {@link VERSION} when we send. */
  readonly version: number;
  readonly mode: Mode;
  /** 0 … 255 as on the wire: 0 is unspecified or a kiss. */
  readonly stratum: number;
  /** log₂ seconds, −128 … 127 as on the wire. */
  readonly poll: PollExponent;
  /** log₂ seconds, −128 … 127. */
  readonly precision: number;
  /** Round trip to the primary source, 0 … 65536 s. */
  readonly rootDelay: Seconds;
  /** Accumulated error bound from the primary source, 0 … 65536 s. */
  readonly rootDispersion: Seconds;
  /** Unsigned 32 bits; what it means depends on the stratum, see `refid.ts`. */
  readonly referenceId: number;
  /** When the sender's clock was last set. */
  readonly reference: NtpTimestamp;
  /** T1 of the exchange, as the replying side echoes it. */
  readonly origin: NtpTimestamp;
  /** T2: when the request arrived. */
  readonly receive: NtpTimestamp;
  /** T3: when this packet left (or a random cookie in a client's request). */
  readonly transmit: NtpTimestamp;
}

/**
 * Reads the header at an offset.
 * @param view at least {@link HEADER_LENGTH} octets from `offset`; the caller has checked that
 */
export function readHeader(view: DataView, offset = 0): Header {
  const first = view.getUint8(offset);
  return {
    leap: LEAPS[first >> 6]!,
    version: (first >> 3) & 7,
    mode: MODES[first & 7]!,
    stratum: view.getUint8(offset + 1),
    poll: view.getInt8(offset + 2),
    precision: view.getInt8(offset + 3),
    rootDelay: fromShort(view.getUint32(offset + 4)),
    rootDispersion: fromShort(view.getUint32(offset + 8)),
    referenceId: view.getUint32(offset + 12),
    reference: view.getBigUint64(offset + 16) as NtpTimestamp,
    origin: view.getBigUint64(offset + 24) as NtpTimestamp,
    receive: view.getBigUint64(offset + 32) as NtpTimestamp,
    transmit: view.getBigUint64(offset + 40) as NtpTimestamp,
  };
}

/**
 * Writes the header at an offset.
 * @param view at least {@link HEADER_LENGTH} octets from `offset`
 */
export function writeHeader(header: Header, view: DataView, offset = 0): void {
  view.setUint8(offset, (LEAPS.indexOf(header.leap) << 6) | ((header.version & 7) << 3) | MODES.indexOf(header.mode));
  view.setUint8(offset + 1, header.stratum);
  view.setInt8(offset + 2, header.poll);
  view.setInt8(offset + 3, header.precision);
  view.setUint32(offset + 4, toShort(header.rootDelay));
  view.setUint32(offset + 8, toShort(header.rootDispersion));
  view.setUint32(offset + 12, header.referenceId);
  view.setBigUint64(offset + 16, header.reference);
  view.setBigUint64(offset + 24, header.origin);
  view.setBigUint64(offset + 32, header.receive);
  view.setBigUint64(offset + 40, header.transmit);
}

/** Where headers are written before they are copied: a view of fresh memory would cost more than the writing. */
const desk = new Uint8Array(HEADER_LENGTH);
const deskView = new DataView(desk.buffer);

/** The header as 48 octets of its own. */
export function encodeHeader(header: Header): Uint8Array {
  writeHeader(header, deskView);
  return desk.slice();
}

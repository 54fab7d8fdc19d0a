/**
 * The server's hot path: an answer is made of a request and of what is published, word by word, in memory given to it
 * (RFC 5905 §9.2 FXMIT, A.5.3 "fast_xmit", §14 figure 31). Nothing is allocated and nothing is kept.
 *
 * ```text
 *              word   0 head          1 Δ   2 Ε   3 refid   4 5 reference   6 7 origin   8 9 receive   10 11 transmit
 * answer              published,      published …                           r.xmt        T2            T3, when sending
 *                     version, poll
 * kiss                LI 3, stratum 0 request …   RATE      request         r.xmt        r.xmt         r.xmt
 * ```
 *
 * Timestamps come and go as two signed 32-bit halves, so that no big integer is made for a packet.
 */
import type { PollExponent } from "../time/seconds.ts";
import { HEADER_LENGTH, VERSION } from "../wire/header.ts";
import type { Published } from "./published.ts";

/** Octets of an answer that refuses a key: the header and the four zero octets of a crypto-NAK (RFC 5905 §9.2). */
export const NAK_LENGTH = 52;

/** Kiss codes: slow down (RFC 5905 §7.4), and that a cookie is not known here (RFC 8915 §5.7). */
export const KISSES = { rate: 0x5241_5445, nts: 0x4e54_534e } as const;

/**
 * The mode that answers a request of this mode: client by server, symmetric active by symmetric passive as ntpd does where it
 * mobilizes nothing. NTP version 1 had no mode field: its zero is a client's (RFC 1059).
 * @param version 1 … 4
 * @param mode 0 … 7
 * @returns 4 or 2; 0 if it is no request
 */
export function answeringMode(version: number, mode: number): number {
  if (mode === CLIENT) return SERVER;
  if (mode === ACTIVE) return PASSIVE;
  return mode === 0 && version === 1 ? SERVER : 0;
}

/**
 * Answers a request, all but the transmit timestamp; that is {@link stampTransmit}'s.
 * @param request the datagram
 * @param length of the datagram, octets; what goes beyond the header does not matter here
 * @param receiveSeconds T2, when the request arrived: its seconds as a signed 32-bit word
 * @param receiveFraction T2: its fraction as a signed 32-bit word
 * @param out at least 48 octets for the answer; may be the request's own memory
 * @returns 48, never more than `length`; 0 if it is no request of version 1 … 4, and `out` is as it was
 */
export function answer(
  request: DataView,
  length: number,
  receiveSeconds: number,
  receiveFraction: number,
  published: Published,
  out: DataView,
): number {
  if (length < HEADER_LENGTH) return 0;
  const first = request.getInt32(0);
  const version = (first >>> 27) & 7;
  const mode = answeringMode(version, (first >>> 24) & 7);
  if (mode === 0 || version === 0 || version > VERSION) return 0;
  const originSeconds = request.getInt32(40);
  const originFraction = request.getInt32(44);
  const poll = leastPoll(first, published.leastPoll);

  out.setInt32(0, published.head | (version << 27) | (mode << 24) | (poll << 8));
  out.setInt32(4, published.rootDelay);
  out.setInt32(8, published.rootDispersion);
  out.setInt32(12, published.referenceId);
  out.setInt32(16, published.referenceSeconds);
  out.setInt32(20, published.referenceFraction);
  out.setInt32(24, originSeconds);
  out.setInt32(28, originFraction);
  writeShifted(out, 32, receiveSeconds, receiveFraction, published);
  out.setInt32(40, 0);
  out.setInt32(44, 0);
  return HEADER_LENGTH;
}

/**
 * Puts in T3; to be done as late as possible, and before the answer is sealed.
 * @param out an answer
 * @param seconds of the clock, as a signed 32-bit word
 * @param fraction of the clock, as a signed 32-bit word
 * @param published what the answer was made with: both timestamps must be smeared alike
 */
export function stampTransmit(out: DataView, seconds: number, fraction: number, published: Published): void {
  writeShifted(out, 40, seconds, fraction, published);
}

/**
 * Makes a kiss, as ntpd does: origin, receive and transmit timestamp are all the request's transmit timestamp, so that nobody takes
 * it for the time, and only who asked can tell it from a forgery.
 * @param code what it says, of {@link KISSES}
 * @param request one that {@link answer} would answer
 * @param headway the least poll exponent it carries
 * @param out at least 48 octets; may be the request's own memory
 * @returns 48
 */
export function kiss(code: number, request: DataView, headway: PollExponent, out: DataView): number {
  const first = request.getInt32(0);
  const mode = answeringMode((first >>> 27) & 7, (first >>> 24) & 7);
  const seconds = request.getInt32(40);
  const fraction = request.getInt32(44);
  out.setInt32(
    0,
    UNSYNCHRONIZED | (first & VERSION_MASK) | (mode << 24) | (leastPoll(first, headway) << 8) | (first & 0xff),
  );
  out.setInt32(4, request.getInt32(4));
  out.setInt32(8, request.getInt32(8));
  out.setInt32(12, code);
  out.setInt32(16, request.getInt32(16));
  out.setInt32(20, request.getInt32(20));
  for (let offset = 24; offset < HEADER_LENGTH; offset += 8) {
    out.setInt32(offset, seconds);
    out.setInt32(offset + 4, fraction);
  }
  return HEADER_LENGTH;
}

/**
 * Turns an answer into a crypto-NAK: the key was wrong, unknown or not trusted. To a symmetric active peer it stays symmetric
 * passive, where RFC 5905 A.5.1 has symmetric active: its association takes both, and what answers must not look like a
 * request, or two servers could be made to answer each other. The same holds for kisses.
 * @param out an answer, in at least {@link NAK_LENGTH} octets
 * @returns {@link NAK_LENGTH}; no request with a MAC is shorter
 */
export function refuseKey(out: DataView): number {
  out.setInt32(HEADER_LENGTH, 0);
  return NAK_LENGTH;
}

const ACTIVE = 1;
const PASSIVE = 2;
const CLIENT = 3;
const SERVER = 4;

const VERSION_MASK = 0x3800_0000;
const UNSYNCHRONIZED = 0xc000_0000 | 0;

/** The larger of the request's poll exponent and ours (ntpd), as an octet. */
function leastPoll(first: number, ours: PollExponent): number {
  return Math.max((first << 16) >> 24, ours) & 0xff;
}

/** Writes a timestamp with the smear added, modulo 2^64. */
function writeShifted(
  out: DataView,
  offset: number,
  seconds: number,
  fraction: number,
  { shiftSeconds, shiftFraction }: Published,
): void {
  const sum = (fraction + shiftFraction) | 0;
  const carry = sum >>> 0 < fraction >>> 0 ? 1 : 0;
  out.setInt32(offset, seconds + shiftSeconds + carry);
  out.setInt32(offset + 4, sum);
}

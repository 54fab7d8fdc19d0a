/**
 * NTP timestamps: instants of the clock being disciplined, without an era.
 *
 * ```text
 *  63             32 31              0
 * +-----------------+-----------------+
 * |     seconds     |    fraction     |   since 1900-01-01, modulo 2^32 s (RFC 5905 §6, figure 3)
 * +-----------------+-----------------+
 * ```
 *
 * The seconds wrap on 2036-02-07. Two timestamps are therefore compared only by their signed difference modulo 2^64,
 * which is right as long as they lie within 68 years of each other; a timestamp becomes a date only by unfolding it
 * round a pivot that is known to be near.
 */
import type { Seconds } from "./seconds.ts";

declare const ntp: unique symbol;

/** A 64-bit NTP timestamp, 0 … 2^64−1 in units of 2^−32 s; 0 means unknown (RFC 5905 §6). */
export type NtpTimestamp = bigint & { readonly [ntp]: true };

/** Nanoseconds since 1970-01-01T00:00:00Z, unbounded and with an era. */
export type UnixNanoseconds = bigint;

/** The timestamp that means "unknown" or "unsynchronized" (RFC 5905 §6). */
export const UNKNOWN_TIME: NtpTimestamp = 0n as NtpTimestamp;

/** Seconds from 1900-01-01 to 1970-01-01 (RFC 5905 figure 4). */
export const UNIX_EPOCH: bigint = 2_208_988_800n;

/** The same in the units of a timestamp. */
const UNIX_EPOCH_UNITS = UNIX_EPOCH << 32n;

/** Units of a timestamp in a second. */
const FRACTION = 2 ** 32;
const EPOCH_SECONDS = Number(UNIX_EPOCH);
/** 2^32 units and 10^9 ns, without their common factor: what is counted in the one is so exactly in the other. */
const [UNITS, PARTS] = [2 ** 23, 5 ** 9];
const NANOSECONDS = 1_000_000_000n;

/**
 * Where numbers of 64 bits are taken apart: halves are plain numbers, while each step of arithmetic with a bigint makes
 * another. Nothing in it lasts.
 */
const halves = new DataView(new ArrayBuffer(16));

/**
 * The signed difference of two timestamps, taken in integers first (RFC 5905 §6).
 * @returns seconds, `later − earlier`, within ±2^31
 */
export function difference(later: NtpTimestamp, earlier: NtpTimestamp): Seconds {
  halves.setBigUint64(0, later);
  halves.setBigUint64(8, earlier);
  const seconds = halves.getUint32(0) - halves.getUint32(8);
  const fraction = halves.getUint32(4) - halves.getUint32(12);
  // The one rounding is that of the sum.
  return fraction < 0 ? ((seconds - 1) | 0) + (fraction + FRACTION) / FRACTION : (seconds | 0) + fraction / FRACTION;
}

/**
 * The timestamp some seconds away, modulo the era, rounded to the nearest 2^−32 s.
 * @param by seconds, |by| < 2^31
 */
export function shift(timestamp: NtpTimestamp, by: Seconds): NtpTimestamp {
  // Scaling by a power of two is exact, so the only rounding is the one asked for.
  const units = Math.round(by * FRACTION);
  const seconds = Math.floor(units / FRACTION);
  halves.setBigUint64(0, timestamp);
  return joined(halves.getUint32(0) + seconds, halves.getUint32(4) + (units - seconds * FRACTION));
}

/**
 * A timestamp from its two 32-bit halves.
 * @param seconds unsigned, since 1900 modulo 2^32
 * @param fraction unsigned, units of 2^−32 s
 */
export function timestamp(seconds: number, fraction: number): NtpTimestamp {
  return ((BigInt(seconds >>> 0) << 32n) | BigInt(fraction >>> 0)) as NtpTimestamp;
}

/** The timestamp of a Unix time; rounds to the nearest 2^−32 s. */
export function fromUnix(unix: UnixNanoseconds): NtpTimestamp {
  if (!isOf64Bits(unix)) return BigInt.asUintN(64, unitsSince1900(unix)) as NtpTimestamp;
  const { seconds, nanoseconds } = parted(unix);
  return fromParts(seconds, nanoseconds);
}

/** The same of a Unix time's {@link parted} parts. */
export function fromParts(seconds: number, nanoseconds: number): NtpTimestamp {
  return joined(seconds + EPOCH_SECONDS, fractionOf(nanoseconds));
}

/**
 * A Unix time of its parts, as captures have them.
 * @param seconds 0 … 2^32 − 1
 * @param nanoseconds 0 … 2^43, more than a second where a file is at fault
 */
export function unixTime(seconds: number, nanoseconds: number): UnixNanoseconds {
  // In two steps, each of whole numbers that a double has.
  const high = Math.floor(seconds / 65_536) * 1e9;
  const low = (high % 65_536) * 65_536 + (seconds % 65_536) * 1e9 + nanoseconds;
  halves.setUint32(0, Math.floor(high / 65_536) + Math.floor(low / FRACTION));
  halves.setUint32(4, low % FRACTION);
  return halves.getBigUint64(0);
}

/**
 * Seconds and nanoseconds of a Unix time.
 * @returns whole seconds, rounded down, and 0 … 999999999 ns
 */
export function parted(unix: UnixNanoseconds): { readonly seconds: number; readonly nanoseconds: number } {
  if (!isOf64Bits(unix)) {
    const seconds = floor(unix, NANOSECONDS);
    return { seconds: Number(seconds), nanoseconds: Number(unix - seconds * NANOSECONDS) };
  }
  halves.setBigInt64(0, unix);
  const low = halves.getUint32(4);
  // The quotient of doubles is at most one second off, and the low half of the remainder says which way.
  const seconds = Math.floor((halves.getInt32(0) * FRACTION + low) / 1e9);
  const nanoseconds = (low - Math.imul(seconds, 1e9)) | 0;
  if (nanoseconds < 0) return { seconds: seconds - 1, nanoseconds: nanoseconds + 1e9 };
  return nanoseconds < 1e9 ? { seconds, nanoseconds } : { seconds: seconds + 1, nanoseconds: nanoseconds - 1e9 };
}

/**
 * The instant a timestamp means: of all eras, the one nearest to the pivot.
 * @param pivot any Unix time known to lie within 68 years of the instant
 * @returns Unix nanoseconds, rounded to the nearest; `unfold(fromUnix(x), pivot) === x`
 */
export function unfold(folded: NtpTimestamp, pivot: UnixNanoseconds): UnixNanoseconds {
  const near = unitsSince1900(pivot);
  // The one number that equals `folded` modulo 2^64 and is less than half an era away from the pivot.
  const units = near + BigInt.asIntN(64, folded - near);
  return quotient((units - UNIX_EPOCH_UNITS) * NANOSECONDS, 1n << 32n);
}

/**
 * An ISO 8601 UTC string with nanoseconds, as the JSON documents carry instants.
 * @param pivot as for {@link unfold}
 * @returns e.g. `2026-11-21T20:37:49.087000000Z`; `null` for the unknown timestamp, and where {@link unixToIso} is
 */
export function toIso(folded: NtpTimestamp, pivot: UnixNanoseconds): string | null {
  if (folded === UNKNOWN_TIME) return null;
  if (!isOf64Bits(pivot)) return unixToIso(unfold(folded, pivot));
  const near = parted(pivot);
  halves.setBigUint64(0, folded);
  const fraction = halves.getUint32(4);
  // As `unfold` does, by halves: how far it is from the pivot, in an era.
  const past = fraction < fractionOf(near.nanoseconds) ? 1 : 0;
  const away = (halves.getUint32(0) - (near.seconds + EPOCH_SECONDS) - past) | 0;
  const nanoseconds = nanosecondsOf(fraction);
  const carry = nanoseconds === 1e9 ? 1 : 0;
  return isoText(near.seconds + away + past + carry, nanoseconds - carry * 1e9);
}

/** The ISO 8601 UTC string of a Unix time, nanoseconds included; years 0000 … 9999, else `null`. */
export function unixToIso(unix: UnixNanoseconds): string | null {
  const { seconds, nanoseconds } = parted(unix);
  return isoText(seconds, nanoseconds);
}

function isoText(seconds: number, nanoseconds: number): string | null {
  const text = secondText(seconds);
  if (text === null) return null;
  const millions = Math.floor(nanoseconds / 1e6);
  const thousands = Math.floor(nanoseconds / 1000) - millions * 1000;
  return `${text}.${DIGITS[millions]!}${DIGITS[thousands]!}${DIGITS[nanoseconds % 1000]!}Z`;
}

/** `000` … `999`: three digits of a fraction. */
export const DIGITS: readonly string[] = Array.from({ length: 1000 }, (_, number) => String(number).padStart(3, "0"));

/** The seconds that were written last: of the stamps of a packet, and of those round it, most are of the same few. */
const WRITTEN: { readonly seconds: number; readonly text: string | null }[] = [];
const MOST_WRITTEN = 16;

function secondText(seconds: number): string | null {
  const place = Math.abs(seconds) % MOST_WRITTEN;
  const before = WRITTEN[place];
  if (before?.seconds === seconds) return before.text;
  const date = new Date(seconds * 1000);
  const year = date.getUTCFullYear();
  const text = year >= 0 && year <= 9999 ? date.toISOString().slice(0, 19) : null;
  WRITTEN[place] = { seconds, text };
  return text;
}

/** 1677 to 2262. */
function isOf64Bits(unix: UnixNanoseconds): boolean {
  return BigInt.asIntN(64, unix) === unix;
}

/** A timestamp of its halves, a carry of the lower one included, modulo the era. */
function joined(seconds: number, fraction: number): NtpTimestamp {
  const carry = fraction >= FRACTION ? 1 : 0;
  halves.setUint32(0, seconds + carry);
  halves.setUint32(4, fraction - carry * FRACTION);
  return halves.getBigUint64(0) as NtpTimestamp;
}

/** Nanoseconds of a second in units of 2^−32 s, to the nearest. No half is met: its distance is more than a double's error. */
function fractionOf(nanoseconds: number): number {
  return Math.round((nanoseconds * UNITS) / PARTS);
}

/** The other way round, halves up; a whole second is possible. */
function nanosecondsOf(fraction: number): number {
  return Math.round((fraction * PARTS) / UNITS);
}

/** A Unix time in units of 2^−32 s since 1900, with its era: unbounded, negative before 1900. */
function unitsSince1900(unix: UnixNanoseconds): bigint {
  return quotient(unix << 32n, NANOSECONDS) + UNIX_EPOCH_UNITS;
}

/** `dividend / divisor` rounded to the nearest integer, halves up; the divisor is positive and even. */
function quotient(dividend: bigint, divisor: bigint): bigint {
  return floor(dividend + divisor / 2n, divisor);
}

/** `dividend / divisor` rounded down; BigInt division alone rounds towards zero. */
function floor(dividend: bigint, divisor: bigint): bigint {
  const towardsZero = dividend / divisor;
  return dividend % divisor < 0n ? towardsZero - 1n : towardsZero;
}

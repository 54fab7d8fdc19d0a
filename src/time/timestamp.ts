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
const NANOSECONDS = 1_000_000_000n;

/**
 * The signed difference of two timestamps, taken in integers first (RFC 5905 §6).
 * @returns seconds, `later − earlier`, within ±2^31
 */
export function difference(later: NtpTimestamp, earlier: NtpTimestamp): Seconds {
  return Number(BigInt.asIntN(64, later - earlier)) / FRACTION;
}

/**
 * The timestamp some seconds away, modulo the era, rounded to the nearest 2^−32 s.
 * @param by seconds, |by| < 2^31
 */
export function shift(timestamp: NtpTimestamp, by: Seconds): NtpTimestamp {
  // Scaling by a power of two is exact, so the only rounding is the one asked for.
  const units = BigInt(Math.round(by * FRACTION));
  return BigInt.asUintN(64, timestamp + units) as NtpTimestamp;
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
  return BigInt.asUintN(64, unitsSince1900(unix)) as NtpTimestamp;
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
  return unixToIso(unfold(folded, pivot));
}

/** The ISO 8601 UTC string of a Unix time, nanoseconds included; years 0000 … 9999, else `null`. */
export function unixToIso(unix: UnixNanoseconds): string | null {
  const seconds = floor(unix, NANOSECONDS);
  const text = secondText(Number(seconds));
  if (text === null) return null;
  return `${text}.${Number(unix - seconds * NANOSECONDS)
    .toString()
    .padStart(9, "0")}Z`;
}

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

/**
 * Durations, and the two constants of time every other room uses.
 *
 * Inside ntpkit a duration is a plain `number` of seconds, signed, in double precision; milliseconds, microseconds and
 * parts per million exist only in `view`.
 */

/** A duration in seconds. Signed; finite unless a doc comment says otherwise. */
export type Seconds = number;

/** A rate of change, seconds per second (1 ppm = 1e-6). */
export type Frequency = number;

/** PHI, the frequency tolerance: how fast an unwatched clock's error may grow, s/s (RFC 5905 §7.2). */
export const PHI: Frequency = 15e-6;

/** A poll exponent: log₂ of an interval in seconds, −7 … 17 (RFC 5905 §7.3 "Poll"). */
export type PollExponent = number;

/** 2^−128 … 2^127: every power a header can name. Looked up, since a power costs more than all else a packet needs. */
const POWERS = Float64Array.from({ length: 256 }, (_, index) => 2 ** (index - 128));

/**
 * A power of two.
 * @param exponent any number; whole ones from −128 to 127, as headers carry, are fastest
 */
export function powerOfTwo(exponent: number): number {
  return POWERS[exponent + 128] ?? 2 ** exponent;
}

/**
 * The interval a poll exponent stands for.
 * @param exponent log₂ seconds
 * @returns seconds, 2^exponent
 */
export function pollInterval(exponent: PollExponent): Seconds {
  return powerOfTwo(exponent);
}

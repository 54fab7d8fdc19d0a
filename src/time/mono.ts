/**
 * The steady clock: what timers are set by.
 *
 * A `Mono` is a reading of a clock that nobody sets, in seconds since an arbitrary moment. It never goes back, and it
 * says nothing about the time of day; the clock being disciplined is an {@link NtpTimestamp} instead, and the two are
 * never subtracted from each other.
 */
import type { Seconds } from "./seconds.ts";

declare const mono: unique symbol;

/** A reading of the steady clock, seconds since an arbitrary moment of this process or world. */
export type Mono = number & { readonly [mono]: true };

/**
 * The moment a duration after another.
 * @param moment where to start
 * @param by seconds, may be negative
 */
export function after(moment: Mono, by: Seconds): Mono {
  return (moment + by) as Mono;
}

/**
 * How long it took.
 * @returns seconds from `earlier` to `later`, negative if they are the other way round
 */
export function elapsed(earlier: Mono, later: Mono): Seconds {
  return later - earlier;
}

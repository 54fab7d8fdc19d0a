/**
 * True time: the third clock, which exists only in a simulated world.
 *
 * It is what every simulated clock is measured against, and no engine ever sees it. Counted from the world's beginning as
 * a plain number, it is exact to 15 ps after a day and to 4 ns after a year.
 */
import type { Seconds } from "../time/seconds.ts";

declare const truth: unique symbol;

/** A moment of true time: seconds since the world began, ≥ 0. */
export type TrueTime = number & { readonly [truth]: true };

/** When the world begins. */
export const BEGINNING: TrueTime = 0 as TrueTime;

/** When nothing happens any more. */
export const NEVER: TrueTime = Infinity as TrueTime;

/**
 * The moment a duration after another.
 * @param by seconds, may be negative
 */
export function later(moment: TrueTime, by: Seconds): TrueTime {
  return (moment + by) as TrueTime;
}

/** A stretch of true time, `from` included, `until` not. */
export interface Span {
  readonly from: Seconds;
  readonly until: Seconds;
}

/** Whether a moment lies in one of some spans. */
export function within(moment: TrueTime, spans: readonly Span[]): boolean {
  for (const span of spans) if (moment >= span.from && moment < span.until) return true;
  return false;
}

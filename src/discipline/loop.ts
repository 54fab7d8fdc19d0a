/** The clock-adjust process: once a second, the clock's rate for the second to come (RFC 5905 §12, A.5.6.1 clock_adjust()). */
import { pollInterval } from "../time/seconds.ts";
import type { Frequency, Seconds } from "../time/seconds.ts";
import { DISCIPLINE } from "./constants.ts";
import type { Discipline } from "./discipline.ts";

/** What one second of the clock-adjust process gives. */
export interface ClockAdjustment {
  /** The discipline with so much less of its offset left. */
  readonly discipline: Discipline;
  /** How much faster than its oscillator the clock is to run during the next second, within ±500 ppm. */
  readonly rate: Frequency;
}

/**
 * Adds a fixed part of the residual offset to the frequency correction, so that the offset decays exponentially with the time
 * constant TC × poll interval. The interval counts up to the Allan intercept only: it makes no sense to average phase noise
 * beyond, and residual offsets die out sooner.
 *
 * The sum is kept within what the kernel can do; what does not fit stays in the residual offset.
 */
export function adjustOncePerSecond(before: Discipline, allan: Seconds = DISCIPLINE.allan): ClockAdjustment {
  const { residual, frequency, poll } = before;
  const wanted = residual / (DISCIPLINE.timeConstant * Math.min(pollInterval(poll), allan));
  const most = DISCIPLINE.maxFrequency;
  const phase = Math.max(-most - frequency, Math.min(most - frequency, wanted));
  return { discipline: { ...before, residual: residual - phase }, rate: frequency + phase };
}

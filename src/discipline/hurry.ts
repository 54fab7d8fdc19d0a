/**
 * Correcting a large phase by the tick: the kernel counts more or less microseconds in each of its hundredths of a second, up to a
 * tenth (`ADJ_TICK`), where its own slew takes 20 s for 10 ms (`ADJ_OFFSET_SINGLESHOT`, 500 µs a second).
 *
 * Nothing ends it but another call. So only phases go this way that the kernel's slew would take long for, and no faster than
 * programs may be asked to bear.
 */
import type { Frequency, Seconds } from "../time/seconds.ts";
import { KERNEL_SLEW_RATE } from "./once.ts";

/** A microsecond in each hundredth of a second: the tick's unit, s/s. */
export const TICK_UNIT: Frequency = 1e-4;

/** Smaller phases are left to the kernel's own slew, which is over in four seconds and ends by itself. */
const WORTH_IT: Seconds = 4 * KERNEL_SLEW_RATE;
/** So long it is to take at most, seconds … */
const SOON: Seconds = 1;
/** … if no second is made longer or shorter for that than by a hundredth … */
const BEARABLE: Frequency = 0.01;
/** … or else so long … */
const PATIENCE: Seconds = 100;
/** … within what chronyd slews by at most, too (`maxslewrate`). */
const MOST: Frequency = 1 / 12;

/** How a phase is corrected by the tick. */
export interface Hurry {
  /** By how much the tick differs from what it is otherwise, units of {@link TICK_UNIT}; −833 … 833, not 0. */
  readonly units: number;
  /** How fast the clock glides, in its own seconds, s/s. */
  readonly rate: Frequency;
  /** Until it is there, in its own seconds. */
  readonly lasting: Seconds;
}

/**
 * How a phase is corrected by the tick; `null`: it is not worth it.
 * @param frequency what the clock runs faster by besides, s/s
 */
export function hurried(phase: Seconds, frequency: Frequency): Hurry | null {
  const distance = Math.abs(phase);
  if (distance < WORTH_IT || !Number.isFinite(phase)) return null;
  const wished = Math.max(Math.min(distance / SOON, BEARABLE), distance / PATIENCE);
  const units = Math.sign(phase) * Math.floor(Math.min(wished, MOST) / TICK_UNIT + 1e-9);
  const gained = units * TICK_UNIT;
  // The seconds in which it is counted are those of the clock that hurries.
  const rate = gained / (1 + gained + frequency);
  return { units, rate, lasting: phase / rate };
}

/** From one run to the next: how long it was, and whether what was measured by the clock is still true by it. */
import type { Frequency, Seconds } from "../../time/seconds.ts";
import { difference } from "../../time/timestamp.ts";
import type { NtpTimestamp } from "../../time/timestamp.ts";

/** A moment, by every clock that outlives a process. */
export interface Moment {
  /** The clock that is disciplined. */
  readonly clock: NtpTimestamp;
  /** Seconds on the steady clock since the machine started; those of another start say nothing. It stands while the machine sleeps. */
  readonly steady: Seconds;
  /** How long the machine has slept since it started. */
  readonly slept: Seconds;
  /** Names the machine's start; `null`: nobody can tell one from another. */
  readonly boot: string | null;
  /** The frequency correction in force, s/s; `null`: unknown. */
  readonly frequency: Frequency | null;
}

/** Why what was measured by the clock says nothing any more. */
export type Break =
  | "restart" // the machine was started anew, or may have been
  | "sleep" // it slept: its clock went by another meanwhile
  | "step" // somebody else set the clock
  | "frequency"; // somebody else made it run at another rate

/** What lies between two runs. */
export interface Lapse {
  /** Seconds, never below zero. */
  readonly elapsed: Seconds;
  /** `null`: nobody but us has touched the clock. */
  readonly broken: Break | null;
}

/** A machine that has slept for longer has slept; readings of the two clocks are apart by some hundredths of a second anyhow. */
const NAP: Seconds = 1;

/** How far the two clocks must part for it to be a step. */
const STEP_NOTICED: Seconds = 0.005;

/** The kernel keeps a frequency in units of 2^−16 ppm. */
const SAME_FREQUENCY: Frequency = 2 ** -15 * 1e-6;

/**
 * What lies between two moments.
 *
 * A steady clock counts only within one start of the machine. Over a restart there is but the clock itself, which may have been
 * set back by then: an age is never below zero for that.
 * @param glided what a slew of ours has added to the clock between the two
 */
export function lapseBetween(then: Moment, now: Moment, glided: Seconds = 0): Lapse {
  const steady = now.steady - then.steady;
  if (then.boot === null || then.boot !== now.boot || steady < 0)
    return { elapsed: Math.max(0, difference(now.clock, then.clock)), broken: "restart" };
  const slept = Math.max(0, now.slept - then.slept);
  if (slept > NAP) return { elapsed: steady + slept, broken: "sleep" };
  const parted = difference(now.clock, then.clock) - steady;
  // On Linux the steady clock is steered with the other; elsewhere it is not.
  const expected = [0, glided + (then.frequency ?? 0) * steady];
  if (expected.every((way) => Math.abs(parted - way) >= STEP_NOTICED)) return { elapsed: steady, broken: "step" };
  const steered =
    then.frequency !== null && now.frequency !== null && Math.abs(now.frequency - then.frequency) > SAME_FREQUENCY;
  return { elapsed: steady, broken: steered ? "frequency" : null };
}

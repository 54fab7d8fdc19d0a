/**
 * A clock that is set now and then and left to itself in between: what its discipline has learned of it, and what was done to it.
 *
 * It is the daemon's discipline that learns it (`adaptive.ts`), whether a daemon hears the samples or a run an hour: from run to
 * run the log of corrections goes on (`corrections.ts`), and with it the clock nobody steered, by which all is reckoned. What is
 * kept of each server is kept beside the server.
 */
import { after, elapsed } from "../time/mono.ts";
import type { Mono } from "../time/mono.ts";
import type { Frequency, Seconds } from "../time/seconds.ts";
import { DISCIPLINE } from "./constants.ts";
import { correctedBy, corrections, correctionsSeen, glided, yetToGlide } from "./corrections.ts";
import type { Corrections } from "./corrections.ts";
import { predict } from "./kalman.ts";
import type { ClockEstimate } from "./kalman.ts";
import type { Learned, Oscillator } from "./strategy.ts";
import { UNMEASURED } from "./wander.ts";

/** What is known of a clock between two runs. Plain data; its moments are seconds from the moment it is of, so past ones are negative. */
export interface UnattendedClock {
  /** How long ago it was measured, seconds. */
  readonly age: Seconds;
  /** Its frequency is what a drift file keeps. */
  readonly oscillator: Oscillator;
  /** How far the frequency walks, s/s after one second, growing with the root of time. */
  readonly wander: number;
  /** What the servers believed agreed on; `null`: the machine was restarted since, or the clock set by somebody else. */
  readonly estimate: ClockEstimate | null;
  /** What was done to the clock, and is being done. */
  readonly corrections: Corrections;
  /** Runs it was learned from. */
  readonly runs: number;
}

/** The moment it is of. */
const NOW = 0 as Mono;

/** A frequency known no better than this, standard deviation, is not worth setting the clock by. */
const GOOD_ENOUGH: Frequency = 5e-6;

/** What a discipline has learned, as of a moment; `null`: it has measured nothing. */
export function unattended(
  { oscillator, wander, estimate }: Learned,
  done: Corrections,
  { at, age, runs }: { readonly at: Mono; readonly age: Seconds; readonly runs: number },
): UnattendedClock | null {
  if (oscillator === null) return null;
  const then = elapsed(at, NOW);
  return {
    age,
    oscillator,
    wander,
    estimate: estimate && { ...estimate, at: after(estimate.at, then) },
    corrections: correctionsSeen(done, then),
    runs,
  };
}

/** What a discipline can start from at a moment of its own; the histories of servers come to it with the servers. */
export function toStartFrom({ oscillator, wander, estimate }: UnattendedClock, at: Mono): Learned {
  return {
    oscillator,
    wander,
    estimate: estimate && { ...estimate, at: after(estimate.at, at) },
    histories: [],
  };
}

/** The same clock after a while in which nobody but us has touched it. */
export function foretold(before: UnattendedClock, by: Seconds): UnattendedClock {
  const { age, oscillator, wander, estimate } = before;
  return {
    ...before,
    age: age + by,
    oscillator: { ...oscillator, variance: oscillator.variance + wander ** 2 * by },
    estimate: estimate && { ...estimate, at: after(estimate.at, -by) },
    corrections: correctionsSeen(before.corrections, -by),
  };
}

/** The same clock after a while of which nothing is known but how long it was. */
export function interrupted(before: UnattendedClock, by: Seconds): UnattendedClock {
  const { frequency } = before.corrections;
  return { ...foretold(before, by), estimate: null, corrections: corrections(NOW, frequency) };
}

/** What a slew of ours, or the kernel's loop, has yet to add. */
export function stillToGlide({ corrections }: UnattendedClock): Seconds {
  return yetToGlide(corrections, NOW);
}

/** What it will have added after a while. */
export function toGlide({ corrections }: UnattendedClock, by: Seconds): Seconds {
  return glided(corrections, NOW, after(NOW, by));
}

/** How fast its offset grows by what is known, and the most it may be beyond that (three deviations), s/s. */
export function drifting({ oscillator: { frequency, variance }, corrections }: UnattendedClock): {
  readonly rate: Frequency;
  readonly tolerance: Frequency;
} {
  return {
    rate: frequency - corrections.frequency,
    tolerance: Math.min(DISCIPLINE.maxFrequency, 3 * Math.sqrt(variance)),
  };
}

/** What was agreed on, as of now; `null`: nothing is known of it. */
export function foretoldEstimate({ estimate, wander }: UnattendedClock): ClockEstimate | null {
  return estimate && predict(estimate, NOW, wander);
}

/** Server − clock, as foretold; `null`: nothing is known of it. */
export function offsetOf(clock: UnattendedClock): Seconds | null {
  const now = foretoldEstimate(clock);
  return now && now.phase - correctedBy(clock.corrections, NOW);
}

/** Whether the frequency was measured at all. */
export function isMeasured({ variance }: Oscillator): boolean {
  return variance < UNMEASURED ** 2;
}

/** The frequency to set the clock to; `null`: it is not known well enough. */
export function frequencyToSet({ oscillator }: Learned): Frequency | null {
  return oscillator === null || oscillator.variance > GOOD_ENOUGH ** 2 ? null : oscillator.frequency;
}

/**
 * A clock that is set now and then and left to itself in between: what its oscillator is known to do.
 *
 * From run to run three things are known: what the clock was off by, what was added to it, and how fast it was made to run. What
 * it is off by the next time, beyond that, is the oscillator's doing. The estimator is that of `kalman.ts`; it is foretold for
 * the time that has passed, and corrected by what a run measures.
 */
import type { Mono } from "../time/mono.ts";
import type { Frequency, Seconds } from "../time/seconds.ts";
import { correct, predict, sound } from "./kalman.ts";
import type { ClockEstimate } from "./kalman.ts";

/** What is known of the phase, as long as nobody but us has touched the clock. */
export interface UnattendedPhase {
  /** Server − clock, seconds; what a running slew has yet to add is added already. */
  readonly offset: Seconds;
  /** The same as the last run measured it, with nothing made of that. */
  readonly measured: Seconds;
  /** Variance of the offset, s², and its covariance with the frequency, s. */
  readonly variance: number;
  readonly covariance: number;
}

/** What is known of a clock between two runs. Plain data. */
export interface UnattendedClock {
  /** How long ago it was measured, seconds. */
  readonly age: Seconds;
  /** What corrects the oscillator, s/s: what a drift file keeps. */
  readonly frequency: Frequency;
  /** Variance of that. */
  readonly frequencyVariance: number;
  /** How far the frequency walks, s/s after one second, growing with the root of time. */
  readonly wander: number;
  /** The correction in force, s/s. */
  readonly inForce: Frequency;
  /** `null`: the machine was restarted, or the clock set by somebody else. */
  readonly phase: UnattendedPhase | null;
  /** A slew that was still running: what it has yet to add, and for how long; `null`: none. */
  readonly gliding: { readonly left: Seconds; readonly lasting: Seconds } | null;
  /** Measurements it was learned from. */
  readonly runs: number;
  /** Measurements in a row that were far from what was foretold. */
  readonly surprises: number;
}

/** What a run measured. */
export interface RunMeasurement {
  /** Θ, server − clock. */
  readonly offset: Seconds;
  /** Its standard deviation, above zero. */
  readonly deviation: Seconds;
  /** The frequency correction in force when it was measured, s/s. */
  readonly inForce: Frequency;
}

/** The frequency of an oscillator nobody has measured, standard deviation: crystals are sold with up to ±100 ppm. */
const UNKNOWN: Frequency = 100e-6;

/** How far a frequency is taken to walk at first, and within which bounds it is found out: 3e-9 is 0.2 ppm an hour, 0.9 ppm a day. */
const WANDER = { first: 3e-9, least: 1e-9, most: 1e-7 } as const;

/** How much one measurement says of the wander, and the most it may. */
const LESSON = 0.1;
const MOST_SURPRISING = 9;

/** A measurement so many deviations from what was foretold is a surprise; two in a row, and the oscillator has changed. */
const GATE = 5;
const PATIENCE = 2;

/** The kernel corrects no more (MAXFREQ). */
export const MOST: Frequency = 500e-6;

/** A frequency known no better than this, standard deviation, is not worth setting the clock by. */
const GOOD_ENOUGH: Frequency = 5e-6;

/** The same clock after a while in which nobody but us has touched it. */
export function foretold(before: UnattendedClock, by: Seconds): UnattendedClock {
  const { gliding, frequencyVariance, wander } = before;
  const aged = { ...before, age: before.age + by, gliding: glided(gliding, by) };
  if (before.phase === null) return { ...aged, frequencyVariance: frequencyVariance + wander ** 2 * by };
  const later = predict(estimateOf(before, before.phase), by as Mono, wander);
  return {
    ...aged,
    frequencyVariance: later.frequencyVariance,
    phase: {
      offset: later.phase,
      measured: before.phase.measured + later.phase - before.phase.offset,
      variance: later.phaseVariance,
      covariance: later.covariance,
    },
  };
}

/** The same clock after a while of which nothing is known but how long it was. */
export function interrupted(before: UnattendedClock, by: Seconds): UnattendedClock {
  return { ...foretold({ ...before, phase: null }, by), gliding: null };
}

/** What the clock is expected to be off by now beyond its phase when it was left: a slew that still runs. */
export function stillToGlide({ gliding }: UnattendedClock): Seconds {
  return gliding?.left ?? 0;
}

/** How fast its offset grows by what is known, and the most it may be beyond that (three deviations), s/s. */
export function drifting({ frequency, frequencyVariance, inForce }: UnattendedClock): {
  readonly rate: Frequency;
  readonly tolerance: Frequency;
} {
  return { rate: frequency - inForce, tolerance: Math.min(MOST, 3 * Math.sqrt(frequencyVariance)) };
}

/**
 * Takes in what a run measured.
 * @param before as foretold for this moment; `null`: nothing is known
 */
export function learned(
  before: UnattendedClock | null,
  { offset, deviation, inForce }: RunMeasurement,
): UnattendedClock {
  const variance = deviation ** 2;
  if (before === null) {
    return {
      age: 0,
      frequency: inForce,
      frequencyVariance: UNKNOWN ** 2,
      wander: WANDER.first,
      inForce,
      phase: { offset, measured: offset, variance, covariance: 0 },
      gliding: null,
      runs: 1,
      surprises: 0,
    };
  }
  const fresh = { age: 0, inForce, gliding: before.gliding, runs: before.runs + 1 };
  const { frequency, frequencyVariance, wander } = before;
  const measured = offset - stillToGlide(before);
  const anew = {
    ...fresh,
    frequency,
    frequencyVariance,
    wander,
    phase: { offset: measured, measured, variance, covariance: 0 },
  };
  if (before.phase === null) return { ...anew, surprises: before.surprises };
  const measurement = { at: 0 as Mono, phase: measured, variance };
  const expected = estimateOf(before, before.phase);
  const { estimate, innovation, innovationVariance } = correct(expected, measurement);
  const surprise = innovation ** 2 / innovationVariance;
  const taught = wandering(wander, surprise);
  if (surprise <= GATE ** 2) return { ...fresh, ...stateOf(estimate, measured, inForce), wander: taught, surprises: 0 };
  // One surprise may be the servers'. It tells of the phase, and of the frequency only if the next run says the same.
  if (before.surprises + 1 < PATIENCE) return { ...anew, surprises: before.surprises + 1 };
  return {
    ...fresh,
    ...stateOf(correct(doubted(expected, innovation, before.age), measurement).estimate, measured, inForce),
    wander: taught,
    surprises: 0,
  };
}

/**
 * The clock was corrected.
 * @param phase what was added to it, or is being added
 * @param lasting for how long it glides; 0: it was stepped
 * @param frequency the correction in force from now on
 */
export function correctedClock(
  before: UnattendedClock,
  phase: Seconds,
  lasting: Seconds,
  frequency: Frequency,
): UnattendedClock {
  const added = stillToGlide(before) - phase;
  const moved =
    before.phase === null
      ? null
      : { ...before.phase, offset: before.phase.offset + added, measured: before.phase.measured + added };
  return { ...before, inForce: frequency, phase: moved, gliding: lasting === 0 ? null : { left: phase, lasting } };
}

/** Whether the frequency was measured at all. */
export function isKnown({ frequencyVariance }: UnattendedClock): boolean {
  return frequencyVariance < UNKNOWN ** 2;
}

/** What to correct the clock by: what was measured, weighed with what was foretold. `null`: nothing is known of it. */
export function offsetToCorrect(clock: UnattendedClock): Seconds | null {
  return clock.phase === null ? null : clock.phase.offset + stillToGlide(clock);
}

/** The frequency to set the clock to; `null`: it is not known well enough. */
export function frequencyToSet({ frequency, frequencyVariance }: UnattendedClock): Frequency | null {
  if (frequencyVariance > GOOD_ENOUGH ** 2) return null;
  return Math.max(-MOST, Math.min(MOST, frequency));
}

function estimateOf(
  { frequency, frequencyVariance, inForce }: UnattendedClock,
  { offset, variance, covariance }: UnattendedPhase,
): ClockEstimate {
  return {
    at: 0 as Mono,
    phase: offset,
    frequency: frequency - inForce,
    phaseVariance: variance,
    covariance,
    frequencyVariance,
  };
}

/** What a measurement says of the wander, by how surprising it was: 1 is what was to be expected. */
function wandering(before: number, surprise: number): number {
  const after = before * Math.exp(LESSON * (Math.min(surprise, MOST_SURPRISING) - 1));
  return Math.max(WANDER.least, Math.min(WANDER.most, after));
}

function stateOf(
  { phase, frequency, phaseVariance, covariance, frequencyVariance }: ClockEstimate,
  measured: Seconds,
  inForce: Frequency,
): Pick<UnattendedClock, "frequency" | "frequencyVariance" | "phase"> {
  return {
    frequency: frequency + inForce,
    frequencyVariance,
    phase: { offset: phase, measured, variance: phaseVariance, covariance },
  };
}

/** The oscillator may have changed by all that was not foretold. */
function doubted(expected: ClockEstimate, innovation: Seconds, over: Seconds): ClockEstimate {
  const square = innovation ** 2;
  const time = Math.max(1, over);
  return sound({
    ...expected,
    phaseVariance: expected.phaseVariance + square,
    covariance: expected.covariance + square / time,
    frequencyVariance: expected.frequencyVariance + square / time ** 2,
  });
}

function glided(gliding: UnattendedClock["gliding"], by: Seconds): UnattendedClock["gliding"] {
  if (gliding === null || by >= gliding.lasting) return null;
  const share = 1 - by / gliding.lasting;
  return { left: gliding.left * share, lasting: gliding.lasting * share };
}

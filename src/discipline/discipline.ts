/**
 * The clock discipline: what to make of each combined offset (RFC 5905 §11.3, A.5.5.6 local_clock()).
 *
 * A hybrid of two loops steers the clock. The phase-locked loop (PLL) corrects the time, and the frequency from the offsets
 * it sees; the frequency-locked loop (FLL) corrects the frequency from how far offsets drift between updates. Below the Allan
 * intercept the network's noise dominates and the PLL is better, above it the oscillator's wander, and the FLL is.
 *
 * Round the loops stands a state machine, {@link TRANSITIONS}, that measures the frequency of an unknown oscillator, ignores
 * spikes, and steps when an offset stays too large. All of it is pure: a state and a sample in, a state and an action out.
 */
import type { Mono } from "../time/mono.ts";
import { elapsed } from "../time/mono.ts";
import { pollInterval } from "../time/seconds.ts";
import type { Frequency, PollExponent, Seconds } from "../time/seconds.ts";
import { DISCIPLINE } from "./constants.ts";
import { isBeyond } from "./limits.ts";
import type { StepThreshold } from "./limits.ts";

/**
 * States of the clock discipline (figure 28).
 * - `NSET`: the clock was never set, and its frequency is not known.
 * - `FSET`: the frequency is known from an earlier run, the clock is not set.
 * - `SPIK`: the last offset was beyond the step threshold; it may have been a spike.
 * - `FREQ`: the frequency is being measured.
 * - `SYNC`: normal operation.
 */
export type DisciplineState = "NSET" | "FSET" | "SPIK" | "FREQ" | "SYNC";

/** Everything the discipline remembers (figure 27's variables). */
export interface Discipline {
  readonly state: DisciplineState;
  /** What is left of the last offset to be trickled out (RFC "resid", c.offset). */
  readonly residual: Seconds;
  /** The last offset used (c.last). */
  readonly last: Seconds;
  /** Correction of the oscillator's frequency, within ±500 ppm; positive makes the clock faster (c.freq). */
  readonly frequency: Frequency;
  /** Exponential average of offset differences, RMS (ψ). */
  readonly jitter: Seconds;
  /** Exponential average of frequency changes, RMS (ω). */
  readonly wander: Frequency;
  /** The poll exponent, on which the loop's time constant depends (τ). */
  readonly poll: PollExponent;
  /** The hysteresis counter of poll adjustment, −30 … 30. */
  readonly hysteresis: number;
  /** When the last offset was used (s.t); `null` before the first. */
  readonly updated: Mono | null;
  /** When the last sample came, used or not. */
  readonly seen: Mono | null;
}

/** How a discipline is bounded; defaults are in {@link DISCIPLINE}. */
export interface DisciplineParameters {
  /** Beyond this an offset is an outlier; `Infinity`: the clock is never stepped that way. */
  readonly stepThreshold: StepThreshold;
  /** For so long outliers are taken for spikes. */
  readonly stepout: Seconds;
  /** Beyond this no correction is made; `Infinity`: never. */
  readonly panic: Seconds;
  /** Below it the PLL is better, above it the FLL. */
  readonly allan: Seconds;
  /** The kernel's loop corrects the frequency in normal operation: it is only measured here. */
  readonly kernel: boolean;
  readonly minpoll: PollExponent;
  readonly maxpoll: PollExponent;
  /** Precision of the clock, log₂ s; jitter is never less. */
  readonly precision: number;
}

/** One combined offset. */
export interface DisciplineSample {
  /** Θ, server − local. */
  readonly offset: Seconds;
  /** When the system peer's sample was taken (p.t). */
  readonly at: Mono;
}

/**
 * What to do with the clock.
 * - `ignore`: nothing; the sample was old, a spike, or part of a frequency measurement.
 * - `slew`: nothing at once; the clock-adjust process trickles the offset out.
 * - `step`: set the clock by the sample's offset, now; all associations start afresh.
 * - `panic`: the offset is beyond reason; tell the operator and stop.
 */
export type DisciplineAction = "ignore" | "slew" | "step" | "panic";

/** What an update gives. */
export interface DisciplineUpdate {
  readonly discipline: Discipline;
  readonly action: DisciplineAction;
}

/** One cell of the transition table. */
interface Transition {
  /** Only once the stepout threshold has passed since the last update used; until then the sample is ignored. */
  readonly patient: boolean;
  readonly to: DisciplineState;
  readonly action: "ignore" | "slew" | "step";
  /** Keep the frequency, set it by direct measurement, or correct it by PLL and FLL. */
  readonly frequency: "keep" | "measure" | "loop";
}

/**
 * The state transition function (figure 28, read with A.5.5.6 where they differ: from SYNC an outlier leads to SPIK whatever the
 * time since the last update, so that a single spike never steps the clock even at long poll intervals; and a step out of
 * SPIK leaves the frequency alone).
 */
export const TRANSITIONS: Readonly<Record<DisciplineState, Readonly<Record<"inlier" | "outlier", Transition>>>> = {
  NSET: {
    inlier: { patient: false, to: "FREQ", action: "slew", frequency: "keep" },
    outlier: { patient: false, to: "FREQ", action: "step", frequency: "keep" },
  },
  FSET: {
    inlier: { patient: false, to: "SYNC", action: "slew", frequency: "keep" },
    outlier: { patient: false, to: "SYNC", action: "step", frequency: "keep" },
  },
  SPIK: {
    inlier: { patient: false, to: "SYNC", action: "slew", frequency: "loop" },
    outlier: { patient: true, to: "SYNC", action: "step", frequency: "keep" },
  },
  FREQ: {
    inlier: { patient: true, to: "SYNC", action: "slew", frequency: "measure" },
    outlier: { patient: true, to: "SYNC", action: "step", frequency: "measure" },
  },
  SYNC: {
    inlier: { patient: false, to: "SYNC", action: "slew", frequency: "loop" },
    outlier: { patient: false, to: "SPIK", action: "ignore", frequency: "keep" },
  },
};

/**
 * A discipline that has seen nothing yet.
 * @param frequency as saved by an earlier run; `null`: not known, and will be measured
 */
export function startDiscipline(parameters: DisciplineParameters, frequency: Frequency | null): Discipline {
  return {
    state: frequency === null ? "NSET" : "FSET",
    residual: 0,
    last: 0,
    frequency: clampFrequency(frequency ?? 0),
    jitter: 2 ** parameters.precision,
    wander: 0,
    poll: parameters.minpoll,
    hysteresis: 0,
    updated: null,
    seen: null,
  };
}

/**
 * Takes one combined offset (A.5.5.6).
 * @param sample with a finite offset; one that is not later than the last is ignored (§11.2.3: the same sample is never used twice)
 */
export function updateDiscipline(
  before: Discipline,
  sample: DisciplineSample,
  parameters: DisciplineParameters,
): DisciplineUpdate {
  if (before.seen !== null && elapsed(before.seen, sample.at) <= 0) return { discipline: before, action: "ignore" };
  const inlier = !isBeyond(sample.offset, parameters.stepThreshold);
  if (Math.abs(sample.offset) > parameters.panic) return { discipline: before, action: "panic" };

  // What the clock was off by at first, and what it drifts while its frequency is measured, is no jitter (A.5.5.6 counts both, and
  // then takes milliseconds for calm for hours).
  const settled = before.state === "SYNC" || before.state === "SPIK";
  const seen: Discipline = {
    ...before,
    seen: sample.at,
    jitter: inlier && settled ? averageJitter(before, sample.offset, parameters) : before.jitter,
  };
  const transition = TRANSITIONS[before.state][inlier ? "inlier" : "outlier"];
  const mu = before.updated === null ? 0 : elapsed(before.updated, sample.at);
  if (transition.patient && mu < parameters.stepout) return { discipline: seen, action: "ignore" };
  if (transition.action === "ignore") return { discipline: { ...seen, state: transition.to }, action: "ignore" };

  const steered = steer(seen, frequencyChange(before, sample.offset, mu, transition.frequency, parameters));
  const left = transition.action === "step" ? 0 : sample.offset;
  const after: Discipline = { ...steered, state: transition.to, residual: left, last: left, updated: sample.at };
  const paced =
    transition.action === "step"
      ? { ...after, poll: parameters.minpoll, hysteresis: 0 }
      : adjustPoll(after, parameters);
  return { discipline: paced, action: transition.action };
}

/** ψ after an offset that is not an outlier. */
function averageJitter({ jitter, last }: Discipline, offset: Seconds, { precision }: DisciplineParameters): Seconds {
  return averageSquares(jitter, Math.max(Math.abs(offset - last), 2 ** precision));
}

/** By how much a sample changes the frequency. `mu`: seconds since the last update used. */
function frequencyChange(
  { residual, poll }: Discipline,
  offset: Seconds,
  mu: Seconds,
  how: Transition["frequency"],
  { allan, kernel }: DisciplineParameters,
): Frequency {
  if (how === "keep" || (how === "loop" && kernel)) return 0;
  // The residual is what a clock of the right frequency would still be off by.
  const drifted = offset - residual;
  return how === "measure"
    ? drifted / mu
    : frequencyLock(drifted, mu, poll, allan) + phaseLock(offset, mu, poll, allan);
}

/** The FLL's part; none below half the Allan intercept. Its gain grows in steps with the poll interval. */
function frequencyLock(drifted: Seconds, mu: Seconds, poll: PollExponent, allan: Seconds): Frequency {
  if (pollInterval(poll) <= allan / 2) return 0;
  return drifted / (Math.max(mu, allan) * Math.max(DISCIPLINE.fll - poll, DISCIPLINE.fllLeast));
}

/**
 * The PLL's part: the offset integrated over the time since the last update, up to the Allan intercept, as in ntpd 4.2.8. A.5.5.6
 * integrates over one poll interval at most; but the clock filter lets about every fourth poll through, so that the frequency
 * would be corrected by a quarter of what it should.
 */
function phaseLock(offset: Seconds, mu: Seconds, poll: PollExponent, allan: Seconds): Frequency {
  return (offset * Math.min(mu, allan)) / (4 * DISCIPLINE.timeConstant * pollInterval(poll)) ** 2;
}

function steer(before: Discipline, change: Frequency): Discipline {
  return follow(before, before.frequency + change);
}

/** The new frequency, and ω, the RMS of its changes (A.5.5.6 averages the frequency itself there, a slip). */
export function follow(before: Discipline, next: Frequency): Discipline {
  const frequency = clampFrequency(next);
  return { ...before, frequency, wander: averageSquares(before.wander, frequency - before.frequency) };
}

/**
 * Adjusts the poll exponent (A.5.5.6, its end): calm offsets lengthen the interval, large ones shorten it twice as readily,
 * and the counter between ±LIMIT calms the dance.
 */
function adjustPoll(before: Discipline, { minpoll, maxpoll }: DisciplineParameters): Discipline {
  const { poll, jitter, hysteresis, residual } = before;
  const limit = DISCIPLINE.hysteresisLimit;
  const calm = Math.abs(residual) < DISCIPLINE.pollGate * jitter;
  const count = hysteresis + (calm ? poll : -2 * poll);
  if (count > limit && poll < maxpoll) return { ...before, poll: poll + 1, hysteresis: 0 };
  if (count < -limit && poll > minpoll) return { ...before, poll: poll - 1, hysteresis: 0 };
  return { ...before, hysteresis: Math.max(-limit, Math.min(limit, count)) };
}

/** √ of the exponential average of squares, weight 1/AVG. */
function averageSquares(average: number, next: number): number {
  return Math.sqrt(average ** 2 + (next ** 2 - average ** 2) / DISCIPLINE.average);
}

function clampFrequency(frequency: Frequency): Frequency {
  return Math.max(-DISCIPLINE.maxFrequency, Math.min(DISCIPLINE.maxFrequency, frequency));
}

/**
 * From several servers' estimates to one.
 *
 * Each is sure of itself to the extent of its variance, but servers differ by more than that: their paths are asymmetric, and
 * their own clocks err. How much more is estimated from how far they lie apart, and added to every variance, so that one that
 * is sure of itself does not outvote all others (DerSimonian and Laird 1986, "Meta-analysis in clinical trials", a
 * random-effects mean; RFC 5905 §11.2.3 weights by root distance).
 */
import type { Seconds } from "../time/seconds.ts";
import type { ClockEstimate } from "./kalman.ts";

/** What is expected of a path: its asymmetry is some such part of the way, standard deviation. */
const ASYMMETRY = 0.05;

/** One server's estimate. */
export interface Opinion {
  /** As of the same moment for all. */
  readonly estimate: ClockEstimate;
  /** Round trip to the primary source, seconds. */
  readonly rootDelay: Seconds;
}

/** The mean of some opinions, not empty. The variances say nothing of what all have in common. */
export function consensus(opinions: readonly Opinion[]): ClockEstimate {
  const [first, ...others] = opinions;
  if (others.length === 0) return first!.estimate;
  const { at, phase: origin } = first!.estimate;
  const phases = opinions.map(({ estimate, rootDelay }) => ({ value: estimate.phase - origin, variance: estimate.phaseVariance + ((ASYMMETRY * rootDelay) / 2) ** 2 }));
  const phase = randomEffects(phases);
  const frequency = randomEffects(opinions.map(({ estimate }) => ({ value: estimate.frequency, variance: estimate.frequencyVariance })));
  const correlation = Math.max(...opinions.map(({ estimate }) => estimate.covariance / Math.sqrt(estimate.phaseVariance * estimate.frequencyVariance)));
  return {
    at,
    phase: origin + phase.value,
    frequency: frequency.value,
    phaseVariance: phase.variance,
    covariance: correlation * Math.sqrt(phase.variance * frequency.variance),
    frequencyVariance: frequency.variance,
  };
}

interface Uncertain {
  readonly value: number;
  /** Above zero. */
  readonly variance: number;
}

/** The mean, weighted by the reciprocals of the variances once what they differ by more than that is added to each. */
function randomEffects(all: readonly Uncertain[]): Uncertain {
  const { value, weight, squares } = weighted(all);
  const scatter = all.reduce((sum, one) => sum + (one.value - value) ** 2 / one.variance, 0);
  const between = Math.max(0, (scatter - (all.length - 1)) / (weight - squares / weight));
  const mean = weighted(all.map((one) => ({ value: one.value, variance: one.variance + between })));
  return { value: mean.value, variance: 1 / mean.weight };
}

function weighted(all: readonly Uncertain[]): { value: number; weight: number; squares: number } {
  let weight = 0;
  let squares = 0;
  let sum = 0;
  for (const { value, variance } of all) {
    weight += 1 / variance;
    squares += 1 / variance ** 2;
    sum += value / variance;
  }
  return { value: sum / weight, weight, squares };
}

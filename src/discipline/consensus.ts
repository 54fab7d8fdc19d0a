/**
 * From several servers' estimates to one.
 *
 * Each is sure of itself to the extent of its variance, but servers differ by more than that: their paths are asymmetric, and
 * their own clocks err. How much more is seen from how far they lie from their median; that is added to every variance, so
 * that one that is sure of itself does not outvote all others. And one that lies far from all others counts for less, and at
 * last for nothing: selection (RFC 5905 §11.2) finds a server that drifts away too, but only when its root distance, which is
 * tens of milliseconds, no longer covers it. (One step of Tukey's biweight from the median: Mosteller and Tukey 1977,
 * "Data analysis and regression", chapter 10. §11.2.3 has a mean weighted by root distance.)
 */
import type { Seconds } from "../time/seconds.ts";
import { correlation, sound } from "./kalman.ts";
import type { ClockEstimate } from "./kalman.ts";
import { ascending } from "./sorted.ts";

/** What is expected of a path: its asymmetry is some such part of the way, standard deviation. */
const ASYMMETRY = 0.05;

/** One server's estimate. */
export interface Opinion {
  /** As of the same moment for all. */
  readonly estimate: ClockEstimate;
  /** The variance of the server's own time, s²; default none. */
  readonly noise?: number;
  /** Round trip to the primary source, seconds. */
  readonly rootDelay: Seconds;
}

/**
 * A server whose own time is noisier than another is wrong, so many standard deviations, adds nothing to that one. It could do harm:
 * what seemed to be noise may be a clock that was being set, of which the mean is nobody's time, and between two the median is no
 * judge.
 */
const NOISIER = 8;

/** The centre of some opinions, not empty. The variances say nothing of what all have in common. */
export function consensus(all: readonly Opinion[]): ClockEstimate {
  const opinions = quiet(all);
  const [first, ...others] = opinions;
  if (others.length === 0) return first!.estimate;
  const { at, phase: origin } = first!.estimate;
  const phase = centreOfPhases(opinions, origin);
  const frequency = centre(
    opinions.map(({ estimate }) => ({ value: estimate.frequency, variance: estimate.frequencyVariance })),
  );
  const together = Math.max(...opinions.map(({ estimate }) => correlation(estimate)));
  return sound({
    at,
    phase: origin + phase.value,
    frequency: frequency.value,
    phaseVariance: phase.variance,
    covariance: together * Math.sqrt(phase.variance) * Math.sqrt(frequency.variance),
    frequencyVariance: frequency.variance,
  });
}

/**
 * Without those that are far noisier than another is wrong; but where most are, and what the quiet ones say is beyond what those agree
 * on together, most are heard and not the quiet ones: to be sure of oneself is not to be right.
 */
function quiet(opinions: readonly Opinion[]): readonly Opinion[] {
  const least = Math.min(
    ...opinions.map(({ estimate, noise = 0, rootDelay }) => estimate.phaseVariance + noise + asymmetryOf(rootDelay)),
  );
  const isNoisy = ({ noise = 0 }: Opinion): boolean => noise > NOISIER ** 2 * least;
  const noisy = opinions.filter(isNoisy);
  const others = opinions.filter((one) => !isNoisy(one));
  if (2 * noisy.length <= opinions.length) return others;
  const { phase: origin } = opinions[0]!.estimate;
  const [most, few] = [centreOfPhases(noisy, origin), centreOfPhases(others, origin)];
  return (most.value - few.value) ** 2 > REACH ** 2 * (most.variance + few.variance) ? noisy : others;
}

/** What opinions, not empty, say of the phase together, less an origin. */
function centreOfPhases(opinions: readonly Opinion[], origin: Seconds): Uncertain {
  return centre(
    opinions.map(({ estimate, rootDelay }) => ({
      value: estimate.phase - origin,
      variance: estimate.phaseVariance + asymmetryOf(rootDelay),
    })),
  );
}

/** The variance of what a path's asymmetry adds to the phase, s². */
function asymmetryOf(rootDelay: Seconds): number {
  return ((ASYMMETRY * rootDelay) / 2) ** 2;
}

interface Uncertain {
  readonly value: number;
  /** Above zero. */
  readonly variance: number;
}

/** A standard deviation in median absolute deviations, if what deviates is normal. */
const DEVIATION = 1.4826;

/** Beyond so many standard deviations a value counts for nothing. */
const REACH = 4.7;

/** The mean of values, weighted by their variances, by how far they lie apart, and by how far each lies from most. */
function centre(all: readonly Uncertain[]): Uncertain {
  const middle = median(all.map(({ value }) => value));
  const between = (DEVIATION * median(all.map(({ value }) => Math.abs(value - middle)))) ** 2;
  let weight = 0;
  let sum = 0;
  for (const { value, variance } of all) {
    const distance = (value - middle) ** 2 / (REACH ** 2 * (variance + between));
    const own = Math.max(0, 1 - distance) ** 2 / (variance + between);
    weight += own;
    sum += own * (value - middle);
  }
  return { value: middle + sum / weight, variance: 1 / weight };
}

function median(values: readonly number[]): number {
  const sorted = ascending(values.slice());
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
}

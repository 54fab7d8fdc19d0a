/**
 * What is known of a clock against a server: its phase, its frequency, and how sure both are.
 *
 * The model is the usual one of an oscillator (Allan 1987, "Time and frequency characterization, estimation and prediction of
 * precision clocks and oscillators"; Bar-Shalom, Li and Kirubarajan 2001, §6.2.2): phase grows by frequency, and frequency
 * walks at random. `wander` says how far it walks, standard deviation in s/s after one second, growing with the root of time.
 * The estimator is Kalman's (1960), written out for two variables. What is a variance stays one whatever the arithmetic rounds
 * away: no difference of two large numbers becomes a variance without a bound (Bierman 1977, "Factorization methods for discrete
 * sequential estimation", §2, tells why the textbook's form goes negative).
 */
import { elapsed } from "../time/mono.ts";
import type { Mono } from "../time/mono.ts";
import type { Frequency, Seconds } from "../time/seconds.ts";

/**
 * Phase and frequency at a moment, and their covariance. Plain data.
 *
 * These and measurements are written out with their fields in this order, never spread: objects of one shape are what lets
 * {@link follow} read them without a piece of memory for each number.
 */
export interface ClockEstimate {
  readonly at: Mono;
  /** Server − clock, seconds. */
  readonly phase: Seconds;
  /** How fast the phase grows, s/s. */
  readonly frequency: Frequency;
  /** Variance of the phase, s². */
  readonly phaseVariance: number;
  /** Covariance of both, s. */
  readonly covariance: number;
  /** Variance of the frequency. */
  readonly frequencyVariance: number;
}

/** Measurements of the phase, in the order of time, a list a field: nothing but numbers, of which a history has many and no two live long. */
export interface Track {
  readonly at: readonly Mono[];
  readonly phase: readonly Seconds[];
  /** Variances of their errors, s², above zero. */
  readonly variance: readonly number[];
}

/** One measurement of the phase. */
export interface PhaseMeasurement {
  readonly at: Mono;
  readonly phase: Seconds;
  /** Variance of its error, s², above zero. */
  readonly variance: number;
}

/** What a measurement gives. */
export interface Correction {
  readonly estimate: ClockEstimate;
  /** How far the measurement was from what was predicted, seconds, and the variance that was to be expected. */
  readonly innovation: Seconds;
  readonly innovationVariance: number;
}

/** What became of an estimate, and how much the measurements surprised it on the way: −2 log likelihood, but for a constant. */
export interface Followed {
  readonly estimate: ClockEstimate;
  readonly surprise: number;
}

/**
 * Carries an estimate along from measurement to measurement, and takes each in.
 *
 * The variance of the frequency is (det P + P₂₂ R) / (P₁₁ + R), which is P₂₂ − P₁₂² / (P₁₁ + R) without the difference: where
 * phase and frequency are all but one unknown, as after a day without a measurement, that one is rounding and nothing else.
 * All in one, for it runs over a whole history many times for each sample, and its numbers are to stay in registers.
 * @param from the place of the first measurement that is taken in
 * @param noise variance of each besides its own, s²
 * @param forgetting how much less a surprise counts with each that follows, up to 1
 */
export function follow(
  before: ClockEstimate,
  measurements: Track,
  from: number,
  wander: number,
  noise: number,
  forgetting: number,
): Followed {
  let { at, phase, frequency, phaseVariance, covariance, frequencyVariance } = before;
  let surprise = 0;
  const { at: moments, phase: phases, variance: variances } = measurements;
  for (let place = from; place < moments.length; place += 1) {
    const moment = moments[place]!;
    const time = elapsed(at, moment);
    const walk = wander ** 2 * time;
    at = moment;
    phase += frequency * time;
    phaseVariance = variance(
      phaseVariance + time * (2 * covariance + time * frequencyVariance) + (walk * time ** 2) / 3,
    );
    covariance = covariance + time * frequencyVariance + (walk * time) / 2;
    frequencyVariance = variance(frequencyVariance + walk);
    covariance = bounded(covariance, phaseVariance, frequencyVariance);
    const own = variances[place]!;
    if (own === Infinity) continue;

    const error = own + noise;
    const innovation = phases[place]! - phase;
    const innovationVariance = phaseVariance + error;
    const phaseGain = phaseVariance / innovationVariance;
    const frequencyGain = covariance / innovationVariance;
    const kept = error / innovationVariance;
    const unexplained = variance(phaseGain * frequencyVariance - frequencyGain * covariance);
    phase += phaseGain * innovation;
    frequency += frequencyGain * innovation;
    phaseVariance = variance(phaseVariance * kept);
    frequencyVariance = variance(unexplained + frequencyVariance * kept);
    covariance = bounded(covariance * kept, phaseVariance, frequencyVariance);
    surprise = surprise * forgetting + Math.log(innovationVariance) + innovation ** 2 / innovationVariance;
  }
  return { estimate: { at, phase, frequency, phaseVariance, covariance, frequencyVariance }, surprise };
}

/** The estimate at a later moment, without anything new being measured. */
export function predict(before: ClockEstimate, at: Mono, wander: number): ClockEstimate {
  return follow(before, trackOf(at, 0, Infinity), 0, wander, 0, 1).estimate;
}

function trackOf(at: Mono, phase: Seconds, error: number): Track {
  return { at: [at], phase: [phase], variance: [error] };
}

/** Takes a measurement in, made at the moment the estimate is of. */
export function correct(before: ClockEstimate, measurement: PhaseMeasurement): Correction {
  const innovation = measurement.phase - before.phase;
  const innovationVariance = before.phaseVariance + measurement.variance;
  const { estimate } = follow(before, trackOf(before.at, measurement.phase, measurement.variance), 0, 0, 0, 1);
  return { estimate, innovation, innovationVariance };
}

/** The same with a covariance that can be one: no variance below zero, and no correlation beyond one. */
export function sound(estimate: ClockEstimate): ClockEstimate {
  const { at, phase, frequency } = estimate;
  const phaseVariance = variance(estimate.phaseVariance);
  const frequencyVariance = variance(estimate.frequencyVariance);
  const covariance = bounded(estimate.covariance, phaseVariance, frequencyVariance);
  return { at, phase, frequency, phaseVariance, covariance, frequencyVariance };
}

/** What arithmetic says a variance is, as one. */
function variance(reckoned: number): number {
  return reckoned > 0 ? reckoned : 0;
}

/** What arithmetic says a covariance is, within what the variances allow. */
function bounded(covariance: number, phaseVariance: number, frequencyVariance: number): number {
  const most = Math.sqrt(phaseVariance) * Math.sqrt(frequencyVariance);
  return covariance > most ? most : covariance < -most ? -most : covariance;
}

/** How phase and frequency are correlated, −1 … 1; 0 where one of them is exact. */
export function correlation({ phaseVariance, covariance, frequencyVariance }: ClockEstimate): number {
  const most = Math.sqrt(phaseVariance) * Math.sqrt(frequencyVariance);
  return most > 0 ? covariance / most : 0;
}

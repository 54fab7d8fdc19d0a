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

/** Phase and frequency at a moment, and their covariance. Plain data. */
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

/** An estimate that is carried along in place: a filter runs over a whole history many times for each sample. */
export type Running = { -readonly [Field in keyof ClockEstimate]: ClockEstimate[Field] };

/** A copy, to be carried along. */
export function running(estimate: ClockEstimate): Running {
  const { at, phase, frequency, phaseVariance, covariance, frequencyVariance } = estimate;
  return { at, phase, frequency, phaseVariance, covariance, frequencyVariance };
}

/** The estimate at a later moment, without anything new being measured. */
export function predict(before: ClockEstimate, at: Mono, wander: number): ClockEstimate {
  const later = running(before);
  advance(later, at, wander);
  return later;
}

/** Takes a measurement in, made at the moment the estimate is of; see {@link absorb}. */
export function correct(before: ClockEstimate, measurement: PhaseMeasurement): Correction {
  const estimate = running(before);
  const innovation = measurement.phase - before.phase;
  const innovationVariance = before.phaseVariance + measurement.variance;
  absorb(estimate, innovation, measurement.variance);
  return { estimate, innovation, innovationVariance };
}

/** The same with a covariance that can be one: no variance below zero, and no correlation beyond one. */
export function sound(estimate: ClockEstimate): ClockEstimate {
  const mended = running(estimate);
  mend(mended);
  return mended;
}

/** Carries an estimate along to a later moment, in place; see {@link predict}. */
export function advance(estimate: Running, at: Mono, wander: number): void {
  const time = elapsed(estimate.at, at);
  const { phaseVariance, covariance, frequencyVariance } = estimate;
  const walk = wander ** 2 * time;
  estimate.at = at;
  estimate.phase += estimate.frequency * time;
  estimate.phaseVariance = phaseVariance + time * (2 * covariance + time * frequencyVariance) + (walk * time ** 2) / 3;
  estimate.covariance = covariance + time * frequencyVariance + (walk * time) / 2;
  estimate.frequencyVariance = frequencyVariance + walk;
  mend(estimate);
}

/**
 * Takes into an estimate, in place, how far a measurement of its moment is from it.
 *
 * The variance of the frequency is (det P + P₂₂ R) / (P₁₁ + R), which is P₂₂ − P₁₂² / (P₁₁ + R) without the difference: where
 * phase and frequency are all but one unknown, as after a day without a measurement, that one is rounding and nothing else.
 * @param innovation measured less estimated phase, seconds
 * @param variance that of the measurement's error, s², above zero
 */
export function absorb(estimate: Running, innovation: Seconds, variance: number): void {
  const { phaseVariance, covariance, frequencyVariance } = estimate;
  const innovationVariance = phaseVariance + variance;
  const phaseGain = phaseVariance / innovationVariance;
  const frequencyGain = covariance / innovationVariance;
  const kept = variance / innovationVariance;
  const unexplained = Math.max(0, phaseGain * frequencyVariance - frequencyGain * covariance);
  estimate.phase += phaseGain * innovation;
  estimate.frequency += frequencyGain * innovation;
  estimate.phaseVariance = phaseVariance * kept;
  estimate.covariance = covariance * kept;
  estimate.frequencyVariance = unexplained + frequencyVariance * kept;
  mend(estimate);
}

function mend(estimate: Running): void {
  const phaseVariance = Math.max(0, estimate.phaseVariance);
  const frequencyVariance = Math.max(0, estimate.frequencyVariance);
  const most = Math.sqrt(phaseVariance) * Math.sqrt(frequencyVariance);
  estimate.phaseVariance = phaseVariance;
  estimate.frequencyVariance = frequencyVariance;
  estimate.covariance = Math.max(-most, Math.min(most, estimate.covariance));
}

/** How phase and frequency are correlated, −1 … 1; 0 where one of them is exact. */
export function correlation({ phaseVariance, covariance, frequencyVariance }: ClockEstimate): number {
  const most = Math.sqrt(phaseVariance) * Math.sqrt(frequencyVariance);
  return most > 0 ? covariance / most : 0;
}

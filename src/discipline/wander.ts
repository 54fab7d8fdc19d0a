/**
 * How much the oscillator wanders, and what follows for its phase and frequency.
 *
 * How far back samples are worth looking at depends on how fast the frequency walks, which nobody knows: a crystal in a cellar
 * and one beside a fan differ a thousandfold. So every history is filtered once for each of a range of wanders, each is
 * judged by how well it foretold the samples (the likelihood of its innovations), and what they say is averaged by that
 * judgement. (A bank of Kalman filters: Magill 1965, "Optimal adaptive estimation of sampled stochastic processes", IEEE
 * Transactions on Automatic Control 10. chrony decides the same by how many samples its regression keeps, and finds that out by a
 * runs test of the residuals; RFC 5905 has the Allan intercept, a constant.) All servers are measured by the same oscillator, so
 * they are judged together.
 */
import type { Frequency } from "../time/seconds.ts";
import { delaysOf, measurement } from "./history.ts";
import type { History } from "./history.ts";
import { correct, predict, sound } from "./kalman.ts";
import type { ClockEstimate, PhaseMeasurement } from "./kalman.ts";

/** The wanders in question, s/s after one second: from a crystal oven to a machine in the sun. */
const WANDERS: readonly number[] = Array.from({ length: 15 }, (_, step) => 1e-11 * 2.5 ** step);

/** What is expected of an oscillator before it is heard: most are within a factor of ten of this. */
const USUAL = { wander: 1e-9, spread: Math.log(10) } as const;

/** How much less the judgement of a sample counts with each one that follows: about the last thirty decide. */
const FORGETTING = 0.97;

/** The frequency of an oscillator nobody has measured, standard deviation: crystals are sold with ±50 ppm, and most are better. */
const UNKNOWN_FREQUENCY: Frequency = 30e-6;

/** What the histories say. */
export interface Belief {
  /** One for each history, as of its last sample. */
  readonly estimates: readonly ClockEstimate[];
  /** The wander most likely, s/s after one second. */
  readonly wander: number;
}

/** Forms a belief from histories that are not empty. */
export function believe(histories: readonly History[]): Belief {
  const measured = histories.map(({ prior, samples }) => {
    const delays = delaysOf(samples);
    return { prior, measurements: samples.map((sample) => measurement(sample, delays)) };
  });
  const hypotheses = WANDERS.map((wander) => {
    const filtered = measured.map(({ prior, measurements }) => filter(prior, measurements, wander));
    const surprise = filtered.reduce((sum, { surprise }) => sum + surprise, 0);
    return {
      wander,
      estimates: filtered.map(({ estimate }) => estimate),
      surprise: surprise + (Math.log(wander / USUAL.wander) / USUAL.spread) ** 2,
    };
  });
  const least = Math.min(...hypotheses.map(({ surprise }) => surprise));
  const shares = hypotheses.map(({ surprise }) => Math.exp((least - surprise) / 2));
  const total = shares.reduce((sum, share) => sum + share, 0);
  const weights = shares.map((share) => share / total);
  return {
    estimates: histories.map((_, place) =>
      mix(
        hypotheses.map(({ estimates }) => estimates[place]!),
        weights,
      ),
    ),
    wander: Math.exp(hypotheses.reduce((sum, { wander }, place) => sum + weights[place]! * Math.log(wander), 0)),
  };
}

/** Filters a history under one wander, and says how much it was surprised: −2 log likelihood, but for a constant. */
function filter(
  prior: ClockEstimate | null,
  measurements: readonly PhaseMeasurement[],
  wander: number,
): { estimate: ClockEstimate; surprise: number } {
  let estimate = prior;
  let surprise = 0;
  for (const one of measurements) {
    if (estimate === null) {
      estimate = beginning(one);
      continue;
    }
    const { estimate: corrected, innovation, innovationVariance } = correct(predict(estimate, one.at, wander), one);
    surprise = surprise * FORGETTING + Math.log(innovationVariance) + innovation ** 2 / innovationVariance;
    estimate = corrected;
  }
  return { estimate: estimate!, surprise };
}

/** All that one measurement says. */
function beginning({ at, phase, variance }: PhaseMeasurement): ClockEstimate {
  return { at, phase, frequency: 0, phaseVariance: variance, covariance: 0, frequencyVariance: UNKNOWN_FREQUENCY ** 2 };
}

/** The mean of estimates of the same moment, and the covariance of their mixture. */
function mix(estimates: readonly ClockEstimate[], weights: readonly number[]): ClockEstimate {
  const { at } = estimates[0]!;
  const mean = (value: (estimate: ClockEstimate) => number): number =>
    estimates.reduce((sum, estimate, place) => sum + weights[place]! * value(estimate), 0);
  // The first is subtracted, lest a mean of large phases lose the digits in which they differ.
  const { phase: origin } = estimates[0]!;
  const phase = origin + mean((one) => one.phase - origin);
  const frequency = mean((one) => one.frequency);
  return sound({
    at,
    phase,
    frequency,
    phaseVariance: mean((one) => one.phaseVariance + (one.phase - phase) ** 2),
    covariance: mean((one) => one.covariance + (one.phase - phase) * (one.frequency - frequency)),
    frequencyVariance: mean((one) => one.frequencyVariance + (one.frequency - frequency) ** 2),
  });
}

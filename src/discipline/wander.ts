/**
 * How much the oscillator wanders, and what follows for its phase and frequency.
 *
 * How far back samples are worth looking at depends on how fast the frequency walks, which nobody knows: a crystal in a cellar
 * and one beside a fan differ a thousandfold. So every history is filtered once for each of a range of wanders, each is
 * judged by how well it foretold the samples (the likelihood of its innovations), and what they say is averaged by that
 * judgement. (A bank of Kalman filters: Magill 1965, "Optimal adaptive estimation of sampled stochastic processes", IEEE
 * Transactions on Automatic Control 10. chrony decides the same by how many samples its regression keeps, and finds that out by a
 * runs test of the residuals; RFC 5905 has the Allan intercept, a constant.) All servers are measured by the same oscillator, so
 * they are judged together; but each has a noise of its own, which is found out likewise.
 */
import type { Frequency } from "../time/seconds.ts";
import { delaysOf, ordinaryOf, trackOf } from "./history.ts";
import type { History } from "./history.ts";
import { follow, sound } from "./kalman.ts";
import type { ClockEstimate, Followed, Track } from "./kalman.ts";

/** The wanders in question, s/s after one second: from a crystal oven to a machine in the sun. */
const WANDERS: readonly number[] = Array.from({ length: 15 }, (_, step) => 1e-11 * 2.5 ** step);

/** What is expected of an oscillator before it is heard: most are within a factor of ten of this. */
const USUAL = { wander: 1e-9, spread: Math.log(10) } as const;

/** How much less the judgement of a sample counts with each one that follows: about the last fifty decide. */
const FORGETTING = 0.98;

/**
 * The frequency of an oscillator nobody has measured, standard deviation: crystals are sold with ±50 ppm, and most are better; or
 * else it is one of the odd ones, as in a virtual machine that was given a wrong rate. Which one it is a burst of some seconds
 * says already, and a clock that runs 400 ppm fast must not wait for the next poll.
 */
const UNKNOWN_FREQUENCIES: readonly Frequency[] = [30e-6, 200e-6];

/** The widest of them, which does for a crystal that was measured. */
const ORDINARY_FREQUENCY = UNKNOWN_FREQUENCIES.at(-1)!;

/** What is known no better than this was not measured, standard deviation. */
export const UNMEASURED: Frequency = UNKNOWN_FREQUENCIES[0]!;

/** What is expected of a crystal, as a surprise: that it is no odd one. */
const ODD = 4;

/** After so many samples what was expected at first has no weight any more, and the widest does for all. */
const MEASURED = 16;

/**
 * How noisy a server's own time is, in deviations of an ordinary sample, by which alone it would be known: not at all, up to 256
 * times. A server that follows others over a wireless line is off by as much at each look, however short the way to it. Each
 * server has a noise of its own; were it shared, one noisy server would take the others' word from them.
 */
const NOISES: readonly number[] = [0, ...Array.from({ length: 5 }, (_, step) => 4 ** step)];

/** What is expected of a server before it is heard, as a surprise: that its time is none too noisy, the less so the noisier. */
const NOISY = 1;

/**
 * What is by so much more surprising than the likeliest (−2 log likelihood) has no share in what is believed, less than one of
 * 10¹⁷, and is not worth filtering a history for.
 */
const IMPLAUSIBLE = 80;

/** What the histories say. */
export interface Belief {
  /** One for each history, as of its last sample. */
  readonly estimates: readonly ClockEstimate[];
  /** The variance of each server's own time, s². */
  readonly noises: readonly number[];
  /** The variance of an ordinary sample of each history, s². */
  readonly ordinary: readonly number[];
  /** The wander most likely, s/s after one second. */
  readonly wander: number;
}

/** What a server's history says under one wander. */
interface Opinion {
  readonly estimate: ClockEstimate;
  readonly noise: number;
  readonly surprise: number;
}

/** Forms a belief from histories that are not empty. */
export function believe(histories: readonly History[]): Belief {
  const heard = histories.map(hearing);
  const { places, surprises } = plausible(heard);
  const { weights } = weighed(surprises);
  const opinions = heard.map((one) => places.map((place) => opinionUnder(one, place)));
  return {
    estimates: opinions.map((each) =>
      mix(
        each.map(({ estimate }) => estimate),
        weights,
      ),
    ),
    noises: opinions.map((each) => each.reduce((sum, { noise }, index) => sum + weights[index]! * noise, 0)),
    ordinary: heard.map(({ ordinary }) => ordinary),
    wander: Math.exp(places.reduce((sum, place, index) => sum + weights[index]! * LOGARITHMS[place]!, 0)),
  };
}

const LOGARITHMS: readonly number[] = WANDERS.map(Math.log);

/** How much it would surprise of any oscillator that it wanders so. */
const EXPECTATIONS: readonly number[] = WANDERS.map((wander) => (Math.log(wander / USUAL.wander) / USUAL.spread) ** 2);

/** Where the usual wander is among them. */
const USUAL_PLACE = WANDERS.findIndex((wander) => wander >= USUAL.wander);

/**
 * The wanders that matter, from the usual one outwards either way, and how surprising each is: what lies beyond one that is not
 * plausible is less so, for the farther it is from what was measured, the farther off is what it foretells.
 */
function plausible(heard: readonly Hearing[]): {
  readonly places: readonly number[];
  readonly surprises: readonly number[];
} {
  const places: number[] = [];
  const surprises: number[] = [];
  let least = Infinity;
  for (const step of [1, -1])
    for (let place = step > 0 ? USUAL_PLACE : USUAL_PLACE - 1; place >= 0 && place < WANDERS.length; place += step) {
      let surprise = EXPECTATIONS[place]!;
      for (const one of heard) surprise += opinionUnder(one, place).surprise;
      places.push(place);
      surprises.push(surprise);
      least = Math.min(least, surprise);
      if (!(surprise <= least + IMPLAUSIBLE)) break;
    }
  return { places, surprises };
}

/** A history, ready to be filtered, and what it was found to say under each wander that was asked about. */
interface Hearing {
  /** What is known before the measurements; `null`: nothing but what the first of them says. */
  readonly prior: ClockEstimate | null;
  readonly track: Track;
  /** The variance of an ordinary sample, s². */
  readonly ordinary: number;
  readonly opinions: (Opinion | undefined)[];
}

/** Samples never change, and are asked for what they say when the last is new, and again when the next one comes. */
const KNOWN = new WeakMap<History["samples"], Hearing>();

function hearing({ prior, samples }: History): Hearing {
  const known = KNOWN.get(samples);
  if (known?.prior === prior) return known;
  const track = trackOf(samples, delaysOf(samples));
  const heard: Hearing = { prior, track, ordinary: ordinaryOf(track), opinions: [] };
  KNOWN.set(samples, heard);
  return heard;
}

/** What a history says under one wander. */
function opinionUnder(heard: Hearing, place: number): Opinion {
  return (heard.opinions[place] ??= filterNoisy(heard, WANDERS[place]!));
}

/** What a server's history says under one wander, averaged over how noisy its time may be. */
function filterNoisy(heard: Hearing, wander: number): Opinion {
  const estimates: ClockEstimate[] = [];
  const noises: number[] = [];
  const surprises: number[] = [];
  let least = Infinity;
  for (let place = 0; place < NOISES.length; place += 1) {
    const noise = NOISES[place]! ** 2 * heard.ordinary;
    const filtered = filterFrom(heard, wander, noise);
    const surprise = filtered.surprise + NOISY * place;
    // Once more noise explains less, still more of it explains still less.
    if (surprise > least + IMPLAUSIBLE) break;
    least = Math.min(least, surprise);
    estimates.push(filtered.estimate);
    noises.push(noise);
    surprises.push(surprise);
  }
  const { weights, surprise } = weighed(surprises);
  let noise = 0;
  for (let place = 0; place < weights.length; place += 1) noise += weights[place]! * noises[place]!;
  return { estimate: mix(estimates, weights), noise, surprise };
}

/** The shares of hypotheses by how much each was surprised, and how much all of them together were. */
function weighed(surprises: readonly number[]): { readonly weights: readonly number[]; readonly surprise: number } {
  let least = Infinity;
  for (const surprise of surprises) least = Math.min(least, surprise);
  const weights: number[] = [];
  let total = 0;
  for (const surprise of surprises) {
    const share = Math.exp((least - surprise) / 2);
    weights.push(share);
    total += share;
  }
  for (let place = 0; place < weights.length; place += 1) weights[place]! /= total;
  return { weights, surprise: least - 2 * Math.log(total) };
}

/** What a server's history says under one wander and one noise, averaged over what the crystal may be if nobody has measured it. */
function filterFrom({ prior, track }: Hearing, wander: number, noise: number): Followed {
  if (prior !== null) return follow(prior, track, 0, wander, noise, FORGETTING);
  const after = (frequency: Frequency): Followed =>
    follow(beginning(track, noise, frequency), track, 1, wander, noise, FORGETTING);
  if (track.at.length > MEASURED) return after(ORDINARY_FREQUENCY);
  const possible = UNKNOWN_FREQUENCIES.map(after);
  const { weights, surprise } = weighed(possible.map((one, place) => one.surprise + ODD * place));
  return {
    estimate: mix(
      possible.map(({ estimate }) => estimate),
      weights,
    ),
    surprise,
  };
}

/** All that one measurement says. */
function beginning({ at, phase, variance }: Track, noise: number, unknown: Frequency): ClockEstimate {
  return {
    at: at[0]!,
    phase: phase[0]!,
    frequency: 0,
    phaseVariance: variance[0]! + noise,
    covariance: 0,
    frequencyVariance: unknown ** 2,
  };
}

/** The mean of estimates of the same moment, and the covariance of their mixture. */
function mix(estimates: readonly ClockEstimate[], weights: readonly number[]): ClockEstimate {
  // The first is subtracted, lest a mean of large phases lose the digits in which they differ.
  const { at, phase: origin } = estimates[0]!;
  let ahead = 0;
  let frequency = 0;
  for (let place = 0; place < weights.length; place += 1) {
    ahead += weights[place]! * (estimates[place]!.phase - origin);
    frequency += weights[place]! * estimates[place]!.frequency;
  }
  const phase = origin + ahead;
  let phaseVariance = 0;
  let covariance = 0;
  let frequencyVariance = 0;
  for (let place = 0; place < weights.length; place += 1) {
    const one = estimates[place]!;
    const weight = weights[place]!;
    phaseVariance += weight * (one.phaseVariance + (one.phase - phase) ** 2);
    covariance += weight * (one.covariance + (one.phase - phase) * (one.frequency - frequency));
    frequencyVariance += weight * (one.frequencyVariance + (one.frequency - frequency) ** 2);
  }
  return sound({ at, phase, frequency, phaseVariance, covariance, frequencyVariance });
}

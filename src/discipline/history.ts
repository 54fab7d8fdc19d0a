/**
 * The samples of one server, and how far each of them can be believed.
 *
 * A packet that took the shortest way there and back waited in no queue, and its offset is exact but for the path's own
 * asymmetry. One that took longer waited somewhere, and nothing says in which direction: its offset is wrong by up to half
 * the excess either way. So a sample's variance follows from its delay and the least one known: that of a uniform
 * distribution of the excess' width. (Mills' clock filter believes the least delay of eight, RFC 5905 §10; weights by the
 * excess over the minimum are Veitch, Ridoux and Korada's, "Robust synchronization of absolute and difference clocks over
 * networks", IEEE/ACM Transactions on Networking 17, 2009; chrony's regression has such weights too.)
 */
import { after } from "../time/mono.ts";
import type { Mono } from "../time/mono.ts";
import type { Seconds } from "../time/seconds.ts";
import type { ClockEstimate, PhaseMeasurement, Track } from "./kalman.ts";
import { ascending } from "./sorted.ts";

/** One sample kept. */
export interface KeptSample {
  readonly at: Mono;
  /** Server − the clock nobody steered, seconds. */
  readonly phase: Seconds;
  readonly delay: Seconds;
  readonly dispersion: Seconds;
}

/** What is kept of a server. Plain data. */
export interface History {
  /** What was known before the first sample; `null`: nothing, or so long ago that it does not matter any more. */
  readonly prior: ClockEstimate | null;
  /** Oldest first, {@link HISTORY} at most. */
  readonly samples: readonly KeptSample[];
  /** Samples that nothing known before explains, not taken in (yet). */
  readonly suspects: readonly KeptSample[];
  /** The last samples, if all of them waited for so long that they say nothing of a clock that is known so much better. */
  readonly waited: readonly KeptSample[];
  /** The way packets take now, against the one all is reckoned by; `null`: that one. */
  readonly route: Route | null;
}

/** A longer way, by which samples come for a while or from now on: they are kept as they would be on the way of before. */
export interface Route {
  /** By how much its round trip is longer, seconds. */
  readonly longer: Seconds;
  /** What it adds to the phase, seconds: half of what its two ways became longer by more than each other. */
  readonly bias: Seconds;
}

/** A sample as it would be had it come by the way of before. */
export function byOldRoute(sample: KeptSample, route: Route | null): KeptSample {
  if (route === null) return sample;
  return { ...sample, phase: sample.phase - route.bias, delay: sample.delay - route.longer };
}

/** How many samples are kept of a server: at the longest usual interval those of 18 hours. */
export const HISTORY = 64;

/** A history without anything in it. */
export function history(prior: ClockEstimate | null = null): History {
  return { prior, samples: [], suspects: [], waited: [], route: null };
}

/** Takes a sample in; the oldest makes room. What was suspect before it was a spike. */
export function keep({ prior, samples, route }: History, sample: KeptSample): History {
  const full = samples.length >= HISTORY;
  return {
    prior: full ? null : prior,
    samples: [...samples.slice(full ? 1 : 0), sample],
    suspects: [],
    waited: [],
    route,
  };
}

/** The same as it is to somebody whose clock is ahead by so much. */
export function historySeen(history: History, ahead: Seconds): History {
  const seen = <T extends { readonly at: Mono }>(one: T): T => ({ ...one, at: after(one.at, ahead) });
  const { prior, samples, suspects, waited } = history;
  return {
    ...history,
    prior: prior && seen(prior),
    samples: samples.map(seen),
    suspects: suspects.map(seen),
    waited: waited.map(seen),
  };
}

/** How the delays of a server are distributed. */
export interface Delays {
  /** The least, seconds. */
  readonly least: Seconds;
  /** What even that packet may have waited, both ways together, seconds: the least there is was perhaps never seen. */
  readonly unseen: Seconds;
}

/** Median of the sum of two exponentials, of which each way of a path is one, in means. */
const MEDIAN_OF_TWO = 1.678;

/** What is assumed before anything is known: queues of so much of the round trip, as if so many samples had said so. */
const ASSUMED = { share: 0.05, samples: 2 } as const;

/** Describes the delays of some samples, not empty. */
export function delaysOf(samples: readonly KeptSample[]): Delays {
  const count = samples.length;
  const sorted = ascending(samples.map(({ delay }) => delay));
  const least = sorted[0]!;
  const spread = (sorted[count >> 1]! - least) / MEDIAN_OF_TWO;
  const queue = (spread * count + least * ASSUMED.share * ASSUMED.samples) / (count + ASSUMED.samples);
  // The least of n sums of two exponentials is about √(π/2n) means; somewhat more does no harm, and lets no sample rule alone.
  return { least, unseen: (2 * queue) / Math.sqrt(count) };
}

/**
 * A sample as a measurement with a variance.
 * @param noise variance of the server's own time besides, s²
 */
export function measurement(sample: KeptSample, delays: Delays, noise = 0): PhaseMeasurement {
  return { at: sample.at, phase: sample.phase, variance: varianceOf(sample, delays) + noise };
}

/** The variance of a sample for what its packets waited, s². */
function varianceOf({ delay, dispersion }: KeptSample, { least, unseen }: Delays): number {
  const excess = Math.max(delay - least, 0) + unseen;
  return (excess ** 2 + dispersion ** 2) / 12;
}

/** Samples as measurements. */
export function trackOf(samples: readonly KeptSample[], delays: Delays): Track {
  return {
    at: samples.map(({ at }) => at),
    phase: samples.map(({ phase }) => phase),
    variance: samples.map((sample) => varianceOf(sample, delays)),
  };
}

/** The variance of an ordinary sample, s². */
export function ordinaryVariance(samples: readonly KeptSample[], delays: Delays): number {
  return middle(samples.map((sample) => varianceOf(sample, delays)));
}

/** The same of measurements. */
export function ordinaryOf({ variance }: Track): number {
  return middle(variance.slice());
}

function middle(variances: number[]): number {
  return ascending(variances)[variances.length >> 1]!;
}

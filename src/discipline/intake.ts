/**
 * What becomes of a new sample of a server: kept, held as suspect, or the beginning of a new history.
 *
 * A sample that its history does not explain is a spike or a change: of the server, of the path, or of our oscillator. A spike
 * comes alone, and is never used. If {@link CONFIRMED} such samples in a row explain each other, or two that only another frequency
 * can, the past is no guide any more, and a new history begins with them.
 */
import { elapsed } from "../time/mono.ts";
import type { Mono } from "../time/mono.ts";
import type { Frequency, Seconds } from "../time/seconds.ts";
import { byOldRoute, delaysOf, keep, measurement, ordinaryVariance } from "./history.ts";
import type { History, KeptSample, Route } from "./history.ts";
import { correct, predict } from "./kalman.ts";
import type { ClockEstimate, PhaseMeasurement } from "./kalman.ts";
import { believe } from "./wander.ts";

/** Beyond so many standard deviations a sample is not explained. */
const GATE = 5;

/** So many in a row are a change. */
export const CONFIRMED = 3;

/** By how much the frequency may have changed, standard deviation: by what a machine that grows hot changes, or one that is moved. */
const CHANGES: readonly Frequency[] = [20e-6, 200e-6];

/**
 * A sample is put aside if what it waited makes it worse than what is known by so many standard deviations. By itself it would count
 * for next to nothing, but in a line that is full one way all that come are wrong alike, and many of them would count.
 */
const WAITED = 8;

/** So many samples in a row that all took much longer than any before came by another path … */
export const REROUTED = 8;

/** … if they took longer by this many times what samples usually differ by. */
const LONGER = 4;

/** So many samples in a row, each deviating by this many times less than those of a server that seemed noisy, are its time now. */
const QUIET = 8;
const QUIETER = 8;

/** What becomes of it. */
export interface Intake {
  readonly history: History;
  /** It was kept, so there is something new to believe. */
  readonly kept: boolean;
  /** The history begins anew: when, and by how much the phase has jumped; `null`: it goes on. */
  readonly jump: { readonly at: Mono; readonly by: Seconds } | null;
}

/** Takes a sample in. */
export function takeIn(history: History, asItCame: KeptSample): Intake {
  const before = isShorter(asItCame, history) ? { ...history, route: null } : history;
  const sample = byOldRoute(asItCame, before.route);
  if (before.samples.length === 0) return { history: keep(before, sample), kept: true, jump: null };
  const { estimates, noises, wander } = believe([before]);
  const noise = noises[0]!;
  const known = predict(estimates[0]!, sample.at, wander);
  const delays = delaysOf([...before.samples, sample]);
  if (explains(known, measurement(sample, delays, noise))) {
    if (measurement(sample, delays).variance <= WAITED ** 2 * (known.phaseVariance + noise))
      return { history: settled(keep(before, sample), noise), kept: true, jump: null };
    return onNewPath({ ...before, suspects: [], waited: [...before.waited, sample].slice(-REROUTED) });
  }
  const suspects = [...before.suspects, sample].slice(-CONFIRMED);
  const change =
    suspects.length < CONFIRMED && !isOtherFrequency(before, suspects, known, noise)
      ? undefined
      : CHANGES.find((change) => agree(suspects, known.frequency, change, noise));
  if (change === undefined) return { history: { ...before, suspects }, kept: false, jump: null };
  const { at, phase } = suspects[0]!;
  const anew = { ...before, prior: changed(known, suspects[0]!, change), samples: [] };
  return {
    history: suspects.reduce(keep, anew),
    kept: true,
    jump: { at, by: phase - predict(known, at, wander).phase },
  };
}

/**
 * Whether two suspects are enough, because they are what a frequency makes that has changed since the last sample that was explained:
 * they run away, the second by more than it errs, and from a moment after that sample. Spikes are a line like that by chance only, and
 * a server that was stepped stands still. (After a jump of 20 ppm a third sample costs another 1.3 ms.)
 */
function isOtherFrequency(
  { samples }: History,
  suspects: readonly KeptSample[],
  known: ClockEstimate,
  noise: number,
): boolean {
  const last = samples.at(-1);
  const [first, second] = suspects;
  if (last === undefined || first === undefined || second === undefined) return false;
  const delays = delaysOf([...samples, ...suspects]);
  const [away, further] = [first, second].map((sample) => {
    const { at, phase, variance } = measurement(sample, delays, noise);
    return { by: phase - predict(known, at, 0).phase, variance };
  });
  const growth = further!.by - away!.by;
  const doubt = GATE * Math.sqrt(away!.variance + further!.variance);
  if (Math.abs(growth) <= doubt) return false;
  const time = elapsed(first.at, second.at);
  const since = (time * away!.by) / growth;
  const slack = (time * doubt) / Math.abs(growth);
  return since > -slack && since < elapsed(last.at, first.at) + slack;
}

/**
 * Where a server's time seemed to be noisy and its last samples are not, what seemed to be noise was a clock being set: it was drawn
 * towards its time, and is there. Of the line it went by, and the one it goes by now, the mean is nobody's time: the history begins
 * where it became quiet.
 * @param noise of the whole, s²
 */
function settled(history: History, noise: number): History {
  const samples = history.samples.slice(-QUIET);
  if (history.samples.length <= QUIET || noise <= QUIETER ** 2 * ordinaryVariance(samples, delaysOf(samples)))
    return history;
  const { estimates } = believe([history]);
  const anew: History = { ...history, prior: changed(estimates[0]!, samples[0]!, CHANGES.at(-1)!), samples };
  return believe([anew]).noises[0]! * QUIETER ** 2 < noise ? anew : history;
}

/** Whether a measurement is within what an estimate foretells. */
function explains(known: ClockEstimate, measured: PhaseMeasurement): boolean {
  const { innovation, innovationVariance } = correct(known, measured);
  return innovation ** 2 <= GATE ** 2 * innovationVariance;
}

/** The oscillator is the one it was, more or less; where the phase is, only the new samples can say. */
function changed(known: ClockEstimate, { at, phase }: KeptSample, change: Frequency): ClockEstimate {
  return {
    at,
    phase,
    frequency: known.frequency,
    phaseVariance: 1,
    covariance: 0,
    frequencyVariance: known.frequencyVariance + change ** 2,
  };
}

/** Whether samples could be of one clock: each follows from the one before, by about the frequency the clock had. */
function agree(samples: readonly KeptSample[], frequency: Frequency, change: Frequency, noise: number): boolean {
  const delays = delaysOf(samples);
  return samples.slice(1).every((sample, place) => {
    const { at, phase, variance } = measurement(samples[place]!, delays, noise);
    const from = { at, phase, frequency, phaseVariance: variance, covariance: 0, frequencyVariance: change ** 2 };
    return explains(predict(from, sample.at, 0), measurement(sample, delays, noise));
  });
}

/**
 * If the path has become longer, the least delay of old makes every new sample look as if it had waited. The history goes on by
 * the new way: what it adds to the phase is what the clock was known to show before, less what the new samples show, as far as
 * that was known better than by the bound there is, half of what the way is longer by. (A line that is full in one direction for
 * ten minutes is such a way, too.) What is not known of it goes into nobody's offset: it is within half the delay, by which the
 * root distance is larger.
 */
function onNewPath(before: History): Intake {
  const { samples: old, waited: recent, route } = before;
  const goesOn: Intake = { history: before, kept: false, jump: null };
  if (recent.length < REROUTED) return goesOn;
  const longer: Seconds = spanOf(recent).least - spanOf(old).least;
  if (longer <= LONGER * Math.max(spanOf(recent).usual, spanOf(old).usual) + recent[0]!.dispersion) return goesOn;
  // Packets that waited each for as long as it happened came by no other way.
  const longest = Math.max(...recent.map(({ delay }) => delay)) - spanOf(recent).least;
  if (longest > longer / 3) return goesOn;
  const { estimates, wander, noises } = believe([before]);
  const bias = biasOf(recent, estimates[0]!, wander, noises[0]!, longer);
  const further: Route = { longer, bias };
  const history = recent.map((sample) => byOldRoute(sample, further)).reduce(keep, before);
  return {
    history: { ...history, route: { longer: (route?.longer ?? 0) + longer, bias: (route?.bias ?? 0) + bias } },
    kept: true,
    jump: null,
  };
}

/** What a longer way adds to the phase: what is beyond the one foretold, the less the worse that was known. */
function biasOf(
  recent: readonly KeptSample[],
  known: ClockEstimate,
  wander: number,
  noise: number,
  longer: Seconds,
): Seconds {
  const delays = delaysOf(recent);
  let weight = 0;
  let sum = 0;
  let doubt = 0;
  for (const sample of recent) {
    const expected = predict(known, sample.at, wander);
    const own = 1 / measurement(sample, delays, noise).variance;
    weight += own;
    sum += own * (sample.phase - expected.phase);
    doubt = expected.phaseVariance;
  }
  const bound = longer ** 2 / 12;
  return ((sum / weight) * bound) / (bound + doubt + 1 / weight);
}

/** Whether a sample came by a shorter way than the one taken lately. */
function isShorter(sample: KeptSample, { samples, route }: History): boolean {
  if (route === null) return false;
  const { least, usual } = spanOf(samples);
  return sample.delay < least + route.longer - LONGER * usual - sample.dispersion;
}

/** The least delay of some samples, and how much more the middle one had. */
function spanOf(samples: readonly KeptSample[]): { readonly least: Seconds; readonly usual: Seconds } {
  const delays = samples.map(({ delay }) => delay).toSorted((one, other) => one - other);
  const least = delays[0]!;
  return { least, usual: delays[delays.length >> 1]! - least };
}

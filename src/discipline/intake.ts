/**
 * What becomes of a new sample of a server: kept, held as suspect, or the beginning of a new history.
 *
 * A sample that its history does not explain is a spike or a change: of the server, of the path, or of our oscillator. A spike
 * comes alone, and is never used. If {@link CONFIRMED} such samples in a row explain each other, the past is no guide any more, and
 * a new history begins with them.
 */
import type { Mono } from "../time/mono.ts";
import type { Frequency, Seconds } from "../time/seconds.ts";
import { delaysOf, history, keep, measurement } from "./history.ts";
import type { History, KeptSample } from "./history.ts";
import { correct, predict } from "./kalman.ts";
import type { ClockEstimate } from "./kalman.ts";
import { believe } from "./wander.ts";

/** Beyond so many standard deviations a sample is not explained. */
const GATE = 5;

/** So many in a row are a change. */
export const CONFIRMED = 3;

/**
 * By how much the frequency may have changed, standard deviation: by what a machine that grows hot changes; or else it was never
 * known, and this is one of the odd ones.
 */
const CHANGES: readonly Frequency[] = [20e-6, 200e-6];

/** So many samples in a row that all took much longer than any before came by another path … */
const REROUTED = 8;

/** … if they took longer by this many times what samples usually differ by. */
const LONGER = 4;

/** What becomes of it. */
export interface Intake {
  readonly history: History;
  /** The history begins anew: when, and by how much the phase has jumped; `null`: it goes on. */
  readonly jump: { readonly at: Mono; readonly by: Seconds } | null;
}

/** Takes a sample in. */
export function takeIn(before: History, sample: KeptSample): Intake {
  if (before.samples.length === 0) return { history: keep(before, sample), jump: null };
  const { estimates, noises, wander } = believe([before]);
  const noise = noises[0]!;
  const known = predict(estimates[0]!, sample.at, wander);
  if (explains(known, sample, [...before.samples, sample]))
    return { history: onNewPath(keep(before, sample)), jump: null };
  const suspects = [...before.suspects, sample].slice(-CONFIRMED);
  const change =
    suspects.length < CONFIRMED ? undefined : CHANGES.find((change) => agree(suspects, known.frequency, change, noise));
  if (change === undefined) return { history: { ...before, suspects }, jump: null };
  const { at, phase } = suspects[0]!;
  return {
    history: suspects.reduce(keep, history(changed(known, suspects[0]!, change))),
    jump: { at, by: phase - predict(known, at, wander).phase },
  };
}

/** Whether a sample is within what an estimate foretells, the delays being like those of some samples. */
function explains(known: ClockEstimate, sample: KeptSample, like: readonly KeptSample[], noise: number): boolean {
  const { innovation, innovationVariance } = correct(known, measurement(sample, delaysOf(like), noise));
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
    return explains(predict(from, sample.at, 0), sample, samples, noise);
  });
}

/**
 * If the path has become longer for good, the least delay of old would make every new sample look as if it had waited, and
 * none would be believed until the old ones are forgotten. The history goes on with the new ones; by how much the new path's
 * asymmetry moved the phase nobody knows but that it is less than half the difference.
 */
function onNewPath(whole: History): History {
  const recent = whole.samples.slice(-REROUTED);
  const old = whole.samples.slice(0, -REROUTED);
  if (old.length === 0) return whole;
  const longer: Seconds = spanOf(recent).least - spanOf(old).least;
  if (longer <= LONGER * Math.max(spanOf(recent).usual, spanOf(old).usual) + recent[0]!.dispersion) return whole;
  const { estimates, wander } = believe([{ ...whole, samples: old }]);
  const known = predict(estimates[0]!, recent[0]!.at, wander);
  const prior = { ...known, phaseVariance: known.phaseVariance + longer ** 2 / 12 };
  return { prior, samples: recent, suspects: [] };
}

/** The least delay of some samples, and how much more the middle one had. */
function spanOf(samples: readonly KeptSample[]): { readonly least: Seconds; readonly usual: Seconds } {
  const delays = samples.map(({ delay }) => delay).toSorted((one, other) => one - other);
  const least = delays[0]!;
  return { least, usual: delays[delays.length >> 1]! - least };
}

/**
 * The clock filter: the last eight samples, of which the one with the least delay is believed (RFC 5905 §10, A.5.2).
 */
import { elapsed } from "../time/mono.ts";
import type { Mono } from "../time/mono.ts";
import { PHI, powerOfTwo } from "../time/seconds.ts";
import type { Frequency, Seconds } from "../time/seconds.ts";
import type { Writable } from "./change.ts";
import type { Sample } from "./sample.ts";

/** Stages of the filter (RFC 5905 NSTAGE, ntpd NTP_SHIFT). */
export const FILTER_STAGES = 8;

/** The largest dispersion: that of an empty stage (RFC 5905 MAXDISP). */
export const MAXDISP: Seconds = 16;

/**
 * Beyond this age a sample's own error, and what its clock may have wandered since, counts as delay: at long intervals an old
 * sample is not the best for having been lucky (ntpd 4.2.8, its Allan intercept; A.5.2 goes by delay alone).
 */
const ALLAN: Seconds = 2048;

/** A new offset further than this many jitters from the last is a popcorn spike (RFC 5905 SGATE). */
const SPIKE_GATE = 3;

/** To a one-shot an answer has to come later than an earlier run's by more than this, besides, to be the worse one: seconds. */
const LEAST_DETOUR: Seconds = 0.001;

/** What empty stages add to the dispersion: nothing in one-shots, {@link MAXDISP} each otherwise. */
export type EmptyStages = "brief" | "rfc5905";

/** What the filter says of a remote clock. */
export interface Estimate {
  /** θ of the best sample. */
  readonly offset: Seconds;
  /** δ of the best sample. */
  readonly delay: Seconds;
  /** ε of the filter when it was last fed: Σ εᵢ / 2^(i+1), stages in order of delay. */
  readonly dispersion: Seconds;
  /** ψ: RMS of the samples' differences from the best one, at least the local precision. */
  readonly jitter: Seconds;
  /** When the best sample was made: the estimate ages from here at PHI. */
  readonly at: Mono;
}

/** The filter's state: plain data, changed by the functions below. */
export interface ClockFilter {
  /** Youngest first, {@link FILTER_STAGES} at most. */
  readonly samples: readonly Sample[];
  /** The estimate now in use; `null` before the first sample. */
  readonly estimate: Estimate | null;
  /** Samples made before this are of an earlier run. */
  readonly began: Mono;
}

/** An empty filter. */
export function clockFilter(): ClockFilter {
  return { samples: [], estimate: null, began: -Infinity as Mono };
}

/**
 * Puts back what an earlier run left in a filter.
 * @param samples youngest first, their offsets as of now; {@link FILTER_STAGES} at most are taken
 * @param began when this run began
 */
export function refillFilter(
  filter: Writable<ClockFilter>,
  samples: readonly Sample[],
  began: Mono,
  now: Mono,
  rules: FilterRules,
): void {
  filter.samples = samples.slice(0, FILTER_STAGES);
  filter.began = began;
  filter.estimate = filter.samples.length === 0 ? null : estimateOf(filter, now, rules);
}

/** Whether what is believed is of an earlier run. */
export function isRecalled({ estimate, began }: ClockFilter): boolean {
  return estimate !== null && estimate.at < began;
}

/** Forgets everything: the clock was stepped, or the server is another one now (RFC 5905 §9.1 "clear"). */
export function clearFilter(filter: Writable<ClockFilter>): void {
  filter.samples = [];
  filter.estimate = null;
}

/**
 * The clock was corrected: the samples' offsets become what they would have been had it been right before.
 * @param phase what was added to the clock
 * @param frequency what was added to its rate: older samples were made by a clock that went wrong for longer
 */
export function moveFilter(filter: Writable<ClockFilter>, phase: Seconds, frequency: Frequency, now: Mono): void {
  const moved = (offset: Seconds, at: Mono): Seconds => offset - phase + frequency * elapsed(at, now);
  filter.samples = filter.samples.map((sample) => ({ ...sample, offset: moved(sample.offset, sample.at) }));
  const { estimate } = filter;
  if (estimate !== null) filter.estimate = { ...estimate, offset: moved(estimate.offset, estimate.at) };
}

/**
 * The server's clock, or ours, has jumped against the other: what was measured before goes along, or the filter would offer it for
 * eight polls more, and take the jump for jitter.
 * @param before the moment of the first sample after the jump
 * @param by what the offset grew by
 */
export function moveEarlier(filter: Writable<ClockFilter>, before: Mono, by: Seconds): void {
  filter.samples = filter.samples.map((sample) =>
    sample.at < before ? { ...sample, offset: sample.offset + by } : sample,
  );
  const { estimate, samples } = filter;
  if (estimate === null) return;
  const offset = estimate.at < before ? estimate.offset + by : estimate.offset;
  filter.estimate = { ...estimate, offset, jitter: Math.min(estimate.jitter, spread(samples, offset)) };
}

/** How a filter treats what it is given. */
export interface FilterRules {
  readonly emptyStages: EmptyStages;
  /** Local precision, log₂ s. */
  readonly precision: number;
  /** PHI, s/s; absent: RFC 5905's (`tinker dispersion`). */
  readonly phi?: Frequency;
  /** The age from which an old sample's error counts as delay, seconds; absent: ntpd's (`tinker allan`). */
  readonly allan?: Seconds;
}

/**
 * Takes a sample in and says whether there is a new estimate to select by.
 *
 * The prime directive: a sample is used once, and never one older than the last one used. In the one-shots (`brief`)
 * that rule and the popcorn suppressor rest: all samples are of one burst, and the best of them is wanted, whichever
 * came first. Those of an earlier run are older than a burst, and have to make up for what they have aged.
 * @param interval the host poll interval, by which a popcorn spike is told from a lasting change
 * @returns true if {@link ClockFilter.estimate} holds a sample that was not used before
 */
export function filterSample(
  filter: Writable<ClockFilter>,
  sample: Sample,
  interval: Seconds,
  rules: FilterRules,
): boolean {
  filter.samples = [sample, ...filter.samples.slice(0, FILTER_STAGES - 1)];
  const last = filter.estimate;
  const next = estimateOf(filter, sample.at, rules);
  if (rules.emptyStages === "rfc5905" && last !== null) {
    if (next.at <= last.at) {
      // Nothing newer to believe; but what we know of the old sample's surroundings is up to date.
      filter.estimate = { ...last, dispersion: next.dispersion, jitter: next.jitter };
      return false;
    }
    const spike =
      Math.abs(next.offset - last.offset) > SPIKE_GATE * last.jitter && elapsed(last.at, next.at) < 2 * interval;
    if (spike && last.dispersion < 1) return false;
  }
  filter.estimate = next;
  return true;
}

/** The samples, the best first; of equals the younger. Eight are sorted by insertion sooner than by anything cleverer. */
function ranked(
  samples: readonly Sample[],
  now: Mono,
  young: Seconds,
  phi: Frequency,
  older: Seconds,
): readonly Sample[] {
  const sorted: Sample[] = [];
  const ranks: Seconds[] = [];
  for (const sample of samples) {
    const own = rank(sample, now, young, phi, older);
    let place = sorted.length;
    for (; place > 0 && ranks[place - 1]! > own; place -= 1) {
      sorted[place] = sorted[place - 1]!;
      ranks[place] = ranks[place - 1]!;
    }
    sorted[place] = sample;
    ranks[place] = own;
  }
  return sorted;
}

/** What samples are sorted by. */
function rank({ delay, dispersion, at }: Sample, now: Mono, young: Seconds, phi: Frequency, older: Seconds): Seconds {
  const age = elapsed(at, now);
  return age > young ? delay + dispersion + phi * age + older : delay;
}

/** The estimate the samples give at a moment. */
function estimateOf({ samples, began }: ClockFilter, now: Mono, rules: FilterRules): Estimate {
  const { phi = PHI, allan = ALLAN } = rules;
  const isBrief = rules.emptyStages === "brief";
  const young = isBrief ? Math.min(allan, elapsed(began, now)) : allan;
  const byDelay = ranked(samples, now, young, phi, isBrief ? LEAST_DETOUR : 0);
  const best = byDelay[0]!;
  let dispersion = 0;
  let weight = 0;
  let share = 1;
  for (const sample of byDelay) {
    // To a one-shot samples of another run say as little of this one's error as stages that are empty.
    if (isBrief && sample.at < began !== best.at < began) continue;
    share /= 2;
    dispersion += share * Math.min(MAXDISP, sample.dispersion + phi * elapsed(sample.at, now));
    weight += share;
  }
  // The stages left share what is missing to one: 16 s each by the standard; in the one-shots they say nothing.
  if (rules.emptyStages === "rfc5905") dispersion += MAXDISP * (1 - 2 ** -FILTER_STAGES - weight);
  else dispersion /= weight;
  const jitter = isBrief ? pooledJitter(byDelay, began) : deviation(byDelay);
  return {
    offset: best.offset,
    delay: best.delay,
    dispersion,
    jitter: Math.max(jitter, powerOfTwo(rules.precision)),
    at: best.at,
  };
}

/** RMS of the differences from the best sample, which is the first. */
function deviation(samples: readonly Sample[]): Seconds {
  return samples.length > 1 ? Math.sqrt(squares(samples) / (samples.length - 1)) : 0;
}

/** How far samples are from an offset at most. */
function spread(samples: readonly Sample[], from: Seconds): Seconds {
  return Math.max(0, ...samples.map(({ offset }) => Math.abs(offset - from)));
}

/**
 * The same of samples of this run and of earlier ones, each compared with the best of its own kind: between two runs the clock
 * has wandered, and that is no jitter of the server's.
 */
function pooledJitter(samples: readonly Sample[], began: Mono): Seconds {
  const [ours, earlier] = [samples.filter(({ at }) => at >= began), samples.filter(({ at }) => at < began)];
  const freedom = Math.max(0, ours.length - 1) + Math.max(0, earlier.length - 1);
  return freedom === 0 ? 0 : Math.sqrt((squares(ours) + squares(earlier)) / freedom);
}

function squares(samples: readonly Sample[]): number {
  const best = samples[0];
  let sum = 0;
  for (const { offset } of samples) sum += (offset - best!.offset) ** 2;
  return sum;
}

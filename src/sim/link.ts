/**
 * A link: what becomes of a packet on its way. The two ways of a link are apart, since asymmetry is what no client can
 * measure and every one suffers from.
 */
import type { Seconds } from "../time/seconds.ts";
import type { SimChance } from "./chance.ts";
import { type Span, type TrueTime, within } from "./truth.ts";

/** How the delay of a way varies, above its base. */
export type Jitter =
  /** A queue: mostly little, sometimes much. `mean` in seconds. */
  | { readonly shape: "exponential"; readonly mean: Seconds }
  /** Half a bell: the magnitude of a normal deviate of this standard deviation, seconds. */
  | { readonly shape: "gaussian"; readonly deviation: Seconds }
  /** A heavy tail: `least` or more, the odd packet very much more; `tail` above 1, the smaller the heavier. */
  | { readonly shape: "pareto"; readonly least: Seconds; readonly tail: number }
  /** Two paths, of which a packet takes the longer one with this probability: load balanced by packet. */
  | { readonly shape: "paths"; readonly longer: Seconds; readonly probability: number; readonly mean: Seconds };

/** A queue that is long for a while, as one way of a line is during a transfer: packets one after the other wait alike. */
export interface Busy {
  /** How often it begins, and for how long it lasts, seconds: at every multiple of the one, for the other … */
  readonly every: Seconds;
  readonly lasting: Seconds;
  /** … or, where `at` is given, only then. */
  readonly at?: readonly Seconds[];
  /** What packets wait then, seconds, and the mean of what varies of it. */
  readonly queue: Seconds;
  readonly mean?: Seconds;
}

/** One way of a link. Every field may be changed while the world runs. */
export interface Way {
  /** Base delay, seconds. */
  delay: Seconds;
  /** `null`: none. */
  jitter: Jitter | null;
  /** Probability that a packet is lost, 0 … 1. */
  loss: number;
  /** Probability that a packet comes twice, 0 … 1. */
  duplication: number;
  /** Probability that a packet is held up, so that later ones overtake it, and for how long; `null`: none. */
  reordering: { readonly probability: number; readonly by: Seconds } | null;
  /** When it is busy; `null`: never. */
  busy: Busy | null;
  /** While in one of these, it swallows everything. */
  dead: readonly Span[];
}

/** Both ways alike, and what differs outwards and inwards. */
export interface LinkOptions extends Partial<Way> {
  /** From the host to the network. */
  readonly out?: Partial<Way>;
  /** From the network to the host. */
  readonly in?: Partial<Way>;
}

/** A way without any fault; every field from `options` as far as it is there. */
export function createWay(options: Partial<Way> = {}): Way {
  return {
    delay: options.delay ?? 0,
    jitter: options.jitter ?? null,
    loss: options.loss ?? 0,
    duplication: options.duplication ?? 0,
    reordering: options.reordering ?? null,
    busy: options.busy ?? null,
    dead: options.dead ?? [],
  };
}

/** Both ways of a link. */
export function createLink(options: LinkOptions = {}): { readonly out: Way; readonly in: Way } {
  return { out: createWay({ ...options, ...options.out }), in: createWay({ ...options, ...options.in }) };
}

/**
 * The copies of one packet that come out at the end of several ways.
 * @param ways in order
 * @param at when it sets out
 * @param chance the stream of this path
 * @returns the delay of each copy, seconds; empty when it is lost
 */
export function passage(ways: readonly Way[], at: TrueTime, chance: SimChance): readonly Seconds[] {
  let copies = 1;
  for (const way of ways) {
    if (way.dead.length > 0 && within(at, way.dead)) return [];
    if (chance.happens(way.loss)) return [];
    if (chance.happens(way.duplication)) copies++;
  }
  if (copies === 1) return [delayOf(ways, at, chance)];
  return Array.from({ length: copies }, () => delayOf(ways, at, chance));
}

function delayOf(ways: readonly Way[], at: TrueTime, chance: SimChance): Seconds {
  let delay = 0;
  for (const way of ways) {
    delay += way.delay;
    if (way.jitter !== null) delay += jitterOf(way.jitter, chance);
    if (way.busy !== null && isBusy(way.busy, at))
      delay += way.busy.queue + (way.busy.mean ?? 0) * (way.busy.mean === undefined ? 0 : chance.exponential());
    if (way.reordering !== null && chance.happens(way.reordering.probability)) delay += way.reordering.by;
  }
  return delay;
}

function isBusy({ at, every, lasting }: Busy, moment: TrueTime): boolean {
  if (at !== undefined) return at.some((start) => moment >= start && moment < start + lasting);
  return moment >= every && moment % every < lasting;
}

function jitterOf(jitter: Jitter, chance: SimChance): Seconds {
  switch (jitter.shape) {
    case "exponential":
      return jitter.mean * chance.exponential();
    case "gaussian":
      return jitter.deviation * Math.abs(chance.gaussian());
    case "pareto":
      return jitter.least * (1 - chance.uniform()) ** (-1 / jitter.tail);
    case "paths":
      return (chance.happens(jitter.probability) ? jitter.longer : 0) + jitter.mean * chance.exponential();
  }
}

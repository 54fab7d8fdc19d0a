/**
 * Figures over time in bounded memory: of each stretch the least, the greatest and the mean, and over all of it how they are spread.
 * How long it will be is not known beforehand: when there are too many stretches, two and two become one.
 */
import type { Seconds } from "../time/seconds.ts";

/** So many stretches at most: about the columns of a plot. */
const MOST = 1024;

/** A stretch of time. */
export interface Stretch {
  count: number;
  least: number;
  most: number;
  sum: number;
}

/** One figure over time. */
export class Series {
  /** Seconds that a stretch lasts. */
  width: Seconds = 1;
  readonly spread: Spread = new Spread();
  #stretches: Map<number, Stretch> = new Map();
  #first = Infinity;
  #last = -Infinity;

  /** Takes a value of a moment, in any order. */
  add(at: Seconds, value: number): void {
    this.spread.add(value);
    this.#first = Math.min(this.#first, at);
    this.#last = Math.max(this.#last, at);
    while ((this.#last - this.#first) / this.width > MOST) this.#widen();
    merge(this.#stretches, Math.floor(at / this.width), { count: 1, least: value, most: value, sum: value });
  }

  /** The stretches that there is something of, by when they begin. */
  get stretches(): readonly (Readonly<Stretch> & { readonly at: Seconds })[] {
    return [...this.#stretches]
      .toSorted(([one], [other]) => one - other)
      .map(([place, stretch]) => ({ ...stretch, at: place * this.width }));
  }

  #widen(): void {
    this.width *= 2;
    const before = this.#stretches;
    this.#stretches = new Map();
    for (const [place, stretch] of before) merge(this.#stretches, Math.floor(place / 2), stretch);
  }
}

function merge(stretches: Map<number, Stretch>, place: number, more: Stretch): void {
  const before = stretches.get(place);
  if (before === undefined) stretches.set(place, { ...more });
  else {
    before.count += more.count;
    before.least = Math.min(before.least, more.least);
    before.most = Math.max(before.most, more.most);
    before.sum += more.sum;
  }
}

/** Two neighbouring classes of a spread differ by this, so that a percentile is true to half of it. */
const FINE = 1.02;
/** What is nearer to zero counts as zero. */
const LEAST = 1e-12;

/** How figures are spread: counts by size, finely. */
export class Spread {
  count = 0;
  readonly #classes: Map<number, number> = new Map();

  add(value: number): void {
    this.count += 1;
    const place = placeOf(value);
    this.#classes.set(place, (this.#classes.get(place) ?? 0) + 1);
  }

  /** The value that this part of them, 0 … 1, does not exceed; `null` without any. */
  percentile(part: number): number | null {
    let left = Math.ceil(part * this.count);
    let last: number | null = null;
    for (const [place, count] of [...this.#classes].toSorted(([one], [other]) => one - other)) {
      last = valueOf(place);
      left -= count;
      if (left <= 0) break;
    }
    return last;
  }

  /** Counts between two values, in so many classes of one width. */
  histogram(low: number, high: number, classes: number): readonly number[] {
    const counts = Array.from({ length: classes }, () => 0);
    for (const [place, count] of this.#classes) {
      const index = Math.floor(((valueOf(place) - low) / (high - low)) * classes);
      if (index >= 0 && index < classes) counts[index]! += count;
    }
    return counts;
  }
}

function placeOf(value: number): number {
  const size = Math.abs(value);
  return size < LEAST ? 0 : Math.sign(value) * (1 + Math.floor(Math.log(size / LEAST) / Math.log(FINE)));
}

function valueOf(place: number): number {
  return place === 0 ? 0 : Math.sign(place) * LEAST * FINE ** (Math.abs(place) - 0.5);
}

/** Points of a scattergram, every one at first, and ever fewer. */
export class Scatter {
  #points: (readonly [x: number, y: number])[] = [];
  #every = 1;
  #seen = 0;

  add(x: number, y: number): void {
    if (this.#seen++ % this.#every !== 0) return;
    this.#points.push([x, y]);
    if (this.#points.length < 2 * MOST) return;
    this.#every *= 2;
    this.#points = this.#points.filter((_, index) => index % 2 === 0);
  }

  get points(): readonly (readonly [x: number, y: number])[] {
    return this.#points;
  }
}

/**
 * Allan deviation of a clock whose phase is known in stretches: how much its frequency, averaged over a time, differs from one such time
 * to the next. Over gaps nothing is reckoned.
 * @returns by averaging times, seconds
 */
export function allanDeviation({
  width,
  stretches,
}: Pick<Series, "width" | "stretches">): readonly { readonly tau: Seconds; readonly deviation: number }[] {
  const phases = new Map(stretches.map(({ at, sum, count }) => [Math.round(at / width), sum / count]));
  const result: { readonly tau: Seconds; readonly deviation: number }[] = [];
  for (let factor = 1; factor <= MOST / 2; factor *= 2) {
    let [sum, count] = [0, 0];
    for (const [place, phase] of phases) {
      const [middle, last] = [phases.get(place + factor), phases.get(place + 2 * factor)];
      if (middle === undefined || last === undefined) continue;
      sum += (last - 2 * middle + phase) ** 2;
      count += 1;
    }
    const tau = factor * width;
    if (count >= 3) result.push({ tau, deviation: Math.sqrt(sum / (2 * count)) / tau });
  }
  return result;
}

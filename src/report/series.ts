/**
 * Figures over time in bounded memory: of each stretch the least, the greatest and the mean, and over all of it how they are spread.
 * How long it will be is not known beforehand: when there are too many stretches, two and two become one.
 */
import type { Seconds } from "../time/seconds.ts";

/** So many stretches at most: about the columns of a plot. */
const MOST = 2048;
/** Places for them, a power of two: no two stretches that there may be at a time have the same. */
const PLACES = 2 * MOST;

/** A stretch of time. */
export interface Stretch {
  readonly at: Seconds;
  readonly count: number;
  readonly least: number;
  readonly most: number;
  readonly sum: number;
}

/** One figure over time. */
export class Series {
  /** Seconds that a stretch lasts. */
  width: Seconds = 1;
  readonly spread: Spread = new Spread();
  readonly #stretches: Stretches = new Stretches();
  #first = Infinity;
  #last = -Infinity;

  /** Takes a value of a moment, in any order. */
  add(at: Seconds, value: number): void {
    this.spread.add(value);
    if (at < this.#first) this.#first = at;
    if (at > this.#last) this.#last = at;
    while ((this.#last - this.#first) / this.width > MOST) this.#widen();
    this.#stretches.merge(Math.floor(at / this.width), 1, value, value, value);
  }

  /** The stretches that there is something of, by when they begin. */
  get stretches(): readonly Stretch[] {
    return this.#stretches.told().map(({ at, ...stretch }) => ({ ...stretch, at: at * this.width }));
  }

  #widen(): void {
    this.width *= 2;
    const before = this.#stretches.told();
    this.#stretches.clear();
    for (const { at, count, least, most, sum } of before)
      this.#stretches.merge(Math.floor(at / 2), count, least, most, sum);
  }
}

/** Stretches by their number, each at the place that its number has among all. */
class Stretches {
  readonly #numbers: Float64Array = new Float64Array(PLACES);
  readonly #counts: Float64Array = new Float64Array(PLACES);
  readonly #least: Float64Array = new Float64Array(PLACES);
  readonly #most: Float64Array = new Float64Array(PLACES);
  readonly #sums: Float64Array = new Float64Array(PLACES);

  merge(number: number, count: number, least: number, most: number, sum: number): void {
    const place = number & (PLACES - 1);
    if (this.#counts[place] === 0) {
      this.#numbers[place] = number;
      this.#least[place] = least;
      this.#most[place] = most;
    } else {
      if (least < this.#least[place]!) this.#least[place] = least;
      if (most > this.#most[place]!) this.#most[place] = most;
    }
    this.#counts[place]! += count;
    this.#sums[place]! += sum;
  }

  clear(): void {
    this.#counts.fill(0);
    this.#sums.fill(0);
  }

  /** Those that there is something of; `at` is their number. */
  told(): readonly Stretch[] {
    const all: Stretch[] = [];
    for (const [place, count] of this.#counts.entries()) {
      if (count === 0) continue;
      const [least, most, sum] = [this.#least[place]!, this.#most[place]!, this.#sums[place]!];
      all.push({ at: this.#numbers[place]!, count, least, most, sum });
    }
    return all.toSorted((one, other) => one.at - other.at);
  }
}

/** Classes in each doubling: two neighbouring ones differ by a 64th part at most, so that a percentile is true to half of it. */
const FINE = 6;
/** Sizes that are told apart are those between these powers of two, 10⁻¹² and 10¹²; what is nearer to zero counts as zero. */
const [SMALLEST, LARGEST] = [-40, 40];
/** As many sizes, zero the first. */
const SIZES = ((LARGEST - SMALLEST) << FINE) + 1;
/** The exponent of a double is this much more than the power of two that it is of. */
const BIAS = 1023;
const DOUBLE = new Float64Array(1);
/** The same octets by halves. */
const HALVES = new Uint32Array(DOUBLE.buffer);
/** Which of the halves has sign and exponent. */
const UPPER = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 1 : 0;

/** How figures are spread: counts by size, finely. */
export class Spread {
  count = 0;
  readonly #classes: Uint32Array = new Uint32Array(2 * SIZES);

  add(value: number): void {
    this.count += 1;
    this.#classes[classOf(value)]! += 1;
  }

  /** The value that this part of them, 0 … 1, does not exceed; `null` without any. */
  percentile(part: number): number | null {
    let left = Math.ceil(part * this.count);
    let last: number | null = null;
    for (const [index, count] of this.#classes.entries()) {
      if (count === 0) continue;
      last = valueOf(index);
      left -= count;
      if (left <= 0) break;
    }
    return last;
  }

  /** Counts between two values, in so many classes of one width. */
  histogram(low: number, high: number, classes: number): readonly number[] {
    const counts = Array.from({ length: classes }, () => 0);
    for (const [place, count] of this.#classes.entries()) {
      if (count === 0) continue;
      const index = Math.floor(((valueOf(place) - low) / (high - low)) * classes);
      if (index >= 0 && index < classes) counts[index]! += count;
    }
    return counts;
  }
}

/** A class is the leading bits of a double, which grow with its size; the negative ones come before, the largest first. */
function classOf(value: number): number {
  DOUBLE[0] = value;
  const bits = (HALVES[UPPER]! & 0x7fff_ffff) >>> (20 - FINE);
  const size = Math.max(0, Math.min(SIZES - 1, bits - ((SMALLEST + BIAS) << FINE) + 1));
  return value < 0 ? SIZES - size : SIZES + size;
}

/** The middle of a class. */
function valueOf(index: number): number {
  const size = Math.abs(index - SIZES);
  if (size === 0) return 0;
  const place = size - 1;
  const part = (place & ((1 << FINE) - 1)) + 0.5;
  return Math.sign(index - SIZES) * 2 ** (SMALLEST + (place >> FINE)) * (1 + part / (1 << FINE));
}

/** So many of them at most. */
const POINTS = 2048;

/** Points of a scattergram, every one at first, and ever fewer. */
export class Scatter {
  #points: (readonly [x: number, y: number])[] = [];
  #every = 1;
  #seen = 0;

  add(x: number, y: number): void {
    if (this.#seen++ % this.#every !== 0) return;
    this.#points.push([x, y]);
    if (this.#points.length < POINTS) return;
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

/** How far apart in time things were: the least, the average, and the middle to within a few per cent, in little memory. */
import type { Seconds } from "../time/seconds.ts";
import type { UnixNanoseconds } from "../time/timestamp.ts";

/** Buckets of a histogram of logarithms: each wider than the one before by 2^(1/8), that is 9 %. */
const EACH = 8;

/** The gaps of one row of events. */
export class Gaps {
  /** The gap before the last event; `null`: there was none. */
  last: Seconds | null = null;
  #at: UnixNanoseconds | null = null;
  #least: Seconds = Infinity;
  #sum: Seconds = 0;
  #count = 0;
  readonly #buckets = new Map<number, number>();

  /** An event; returns how long after the one before it came. */
  add(at: UnixNanoseconds): Seconds | null {
    const before = this.#at;
    this.#at = at;
    if (before === null) return null;
    const gap = Math.max(0, Number(at - before) * 1e-9);
    this.last = gap;
    this.#least = Math.min(this.#least, gap);
    this.#sum += gap;
    this.#count += 1;
    const bucket = gap === 0 ? -Infinity : Math.round(Math.log2(gap) * EACH);
    this.#buckets.set(bucket, (this.#buckets.get(bucket) ?? 0) + 1);
    return gap;
  }

  /** The least and the middle one; `null`: there is none. */
  get interval(): { readonly least: Seconds; readonly median: Seconds } | null {
    return this.#count === 0 ? null : { least: this.#least, median: this.#median() };
  }

  /** `null`: there is none. */
  get average(): Seconds | null {
    return this.#count === 0 ? null : this.#sum / this.#count;
  }

  #median(): Seconds {
    let left = this.#count / 2;
    for (const [bucket, count] of [...this.#buckets].sort(([one], [other]) => one - other)) {
      left -= count;
      if (left <= 0) return Math.max(this.#least, 2 ** (bucket / EACH));
    }
    return this.#least;
  }
}

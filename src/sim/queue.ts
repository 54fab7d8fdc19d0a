/**
 * What is still to happen in a simulated world: a binary heap, ordered by moment and then by insertion, so that equal
 * moments keep the order in which they were asked for and a run is the same every time.
 */
import type { TrueTime } from "./truth.ts";

/** Something to do at a moment. */
export type Happening = () => void;

interface Entry {
  readonly at: TrueTime;
  readonly order: number;
  readonly happening: Happening;
}

/** The happenings to come. */
export class Queue {
  readonly #heap: Entry[] = [];
  #order = 0;

  /** How many happenings are waiting. */
  get length(): number {
    return this.#heap.length;
  }

  /** The moment of the next one; `undefined` when nothing waits. */
  get next(): TrueTime | undefined {
    return this.#heap[0]?.at;
  }

  /**
   * Puts one in.
   * @param at when; not NaN
   */
  add(at: TrueTime, happening: Happening): void {
    if (Number.isNaN(at)) throw new RangeError("a happening needs a moment");
    const heap = this.#heap;
    const entry: Entry = { at, order: this.#order++, happening };
    let place = heap.length;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!before(entry, heap[parent]!)) break;
      heap[place] = heap[parent]!;
      place = parent;
    }
    heap[place] = entry;
  }

  /** Takes out the next one; `undefined` when nothing waits. */
  take(): Happening | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined) return undefined;
    if (heap.length > 0) sink(heap, last);
    return first.happening;
  }
}

function before(one: Entry, other: Entry): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}

/** Puts an entry in place of the first, and below whatever comes before it. */
function sink(heap: Entry[], entry: Entry): void {
  const half = heap.length >> 1;
  let place = 0;
  while (place < half) {
    let child = 2 * place + 1;
    if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
    if (!before(heap[child]!, entry)) break;
    heap[place] = heap[child]!;
    place = child;
  }
  heap[place] = entry;
}

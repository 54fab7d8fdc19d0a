/**
 * What is due when: a binary heap, earliest first, and what is due at the same moment in the order in which it was put
 * in, so that a run is the same every time. Putting in and taking cost O(log n).
 */

/** Something that is due. */
export interface Due<Moment extends number, Item> {
  readonly at: Moment;
  /** Counts up. */
  readonly order: number;
  readonly item: Item;
}

/** Items by the moment they are due, in whatever time the moments are of. */
export class Agenda<Moment extends number, Item> {
  readonly #heap: Due<Moment, Item>[] = [];
  #order = 0;

  /** How many items there are. */
  get length(): number {
    return this.#heap.length;
  }

  /** When the first is due; `undefined` when there is none. */
  get next(): Moment | undefined {
    return this.#heap[0]?.at;
  }

  /** What is due first; `undefined` when there is nothing. */
  get first(): Due<Moment, Item> | undefined {
    return this.#heap[0];
  }

  /**
   * Puts one in.
   * @param at when; not NaN
   * @throws RangeError
   */
  add(at: Moment, item: Item): void {
    if (Number.isNaN(at)) throw new RangeError("what is due needs a moment");
    const heap = this.#heap;
    const entry: Due<Moment, Item> = { at, order: this.#order++, item };
    let place = heap.length;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!isBefore(entry, heap[parent]!)) break;
      heap[place] = heap[parent]!;
      place = parent;
    }
    heap[place] = entry;
  }

  /** Takes out the first; `undefined` when there is nothing. */
  take(): Item | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined) return undefined;
    if (heap.length > 0) sink(heap, last);
    return first.item;
  }
}

function isBefore(one: Due<number, unknown>, other: Due<number, unknown>): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}

/** Puts an entry in place of the first, and below whatever comes before it. */
function sink<E extends Due<number, unknown>>(heap: E[], entry: E): void {
  const half = heap.length >> 1;
  let place = 0;
  while (place < half) {
    let child = 2 * place + 1;
    if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
    if (!isBefore(heap[child]!, entry)) break;
    heap[place] = heap[child]!;
    place = child;
  }
  heap[place] = entry;
}

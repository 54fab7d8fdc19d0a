/**
 * What is due when: one deadline a key, and the earliest of them.
 *
 * A binary heap with lazy deletion: setting a deadline anew leaves the old entry behind, and it is skipped when it comes
 * up. Setting and taking cost O(log n), so that ten thousand associations wake as cheaply as ten.
 */
import type { Mono } from "../time/mono.ts";

interface Entry {
  readonly at: Mono;
  readonly key: number;
  /** Counts up, so that what is due at the same moment comes in the order in which it was set. */
  readonly order: number;
}

/** Deadlines by key. Keys are the engine's own numbers: associations are positive, its own timers negative. */
export class Deadlines {
  readonly #heap: Entry[] = [];
  readonly #at = new Map<number, Mono>();
  #order = 0;

  /** Sets a key's one deadline; `null` clears it. */
  set(key: number, at: Mono | null): void {
    if (at === null) {
      this.#at.delete(key);
      return;
    }
    if (this.#at.get(key) === at) return;
    this.#at.set(key, at);
    this.#order += 1;
    this.#push({ at, key, order: this.#order });
  }

  /** The earliest deadline; `undefined` if there is none. */
  get next(): Mono | undefined {
    this.#dropStale();
    return this.#heap[0]?.at;
  }

  /** Takes one key that is due by `now`, its deadline cleared; `undefined` if none is. */
  take(now: Mono): number | undefined {
    this.#dropStale();
    const first = this.#heap[0];
    if (first === undefined || first.at > now) return undefined;
    this.#pop();
    this.#at.delete(first.key);
    return first.key;
  }

  #dropStale(): void {
    for (let first = this.#heap[0]; first !== undefined && this.#at.get(first.key) !== first.at; first = this.#heap[0])
      this.#pop();
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let place = heap.length;
    heap.push(entry);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (isBefore(heap[parent]!, entry)) break;
      heap[place] = heap[parent]!;
      place = parent;
    }
    heap[place] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (isBefore(last, heap[child]!)) break;
      heap[place] = heap[child]!;
      place = child;
    }
    heap[place] = last;
  }
}

function isBefore(one: Entry, other: Entry): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}

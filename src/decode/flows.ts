/**
 * The flows of a capture by their two ends, those forgotten that were not used lately: what `Recent` is, with a key of several parts,
 * which makes no string of them, and in memory that is had once.
 */
import { Flow, FlowRows, type Ends } from "./flow.ts";

/** Places for one flow, so that few fall together. */
const SPARE = 2;
/** So many places are looked at: whoever makes flows fall together has them forgotten, and takes no time. */
const LOOKS = 64;

/** Flows in flat memory, in two generations: what is found in the older one comes into the younger; when that is full the older goes. */
export class Flows {
  #young: Generation;
  #old: Generation;

  /** @param size flows of a generation, a power of two; twice as many are held at most */
  constructor(size: number) {
    this.#young = new Generation(size);
    this.#old = new Generation(size);
  }

  get(ends: Ends): Flow | undefined {
    const hash = hashOf(ends);
    const young = this.#young.find(hash, ends);
    if (young >= 0) return new Flow(this.#young.rows, young);
    const old = this.#old.find(hash, ends);
    if (old < 0) return undefined;
    const { rows } = this.#old;
    // What is copied is not overwritten before: the young are full then, and the old are emptied, so it goes where it is.
    if (this.#isFull()) return new Flow(rows, old);
    return new Flow(this.#young.rows, this.#young.place(hash, this.#young.rows.copy(rows, old, ends)));
  }

  /** A flow that is not among them. */
  add(ends: Ends): Flow {
    if (this.#isFull()) {
      const emptied = this.#old;
      this.#old = this.#young;
      this.#young = emptied;
      emptied.clear();
    }
    const hash = hashOf(ends);
    return new Flow(this.#young.rows, this.#young.place(hash, this.#young.rows.add(ends, hash)));
  }

  #isFull(): boolean {
    return this.#young.rows.count >= this.#young.rows.size;
  }
}

/** Rows, and a table of open addresses of them. */
class Generation {
  readonly rows: FlowRows;
  /** Each row's number plus one; 0: free. */
  readonly #places: Int32Array;

  constructor(size: number) {
    this.rows = new FlowRows(size);
    this.#places = new Int32Array(SPARE * size);
  }

  /** The row of a flow; −1: none. */
  find(hash: number, ends: Ends): number {
    const places = this.#places;
    for (let look = 0; look < LOOKS; look += 1) {
      const row = places[(hash + look) & (places.length - 1)]! - 1;
      if (row < 0) return -1;
      if (this.rows.hashes[row] === hash && this.rows.is(row, ends)) return row;
    }
    return -1;
  }

  /** Gives a row its place, that of another where too many fall together. */
  place(hash: number, row: number): number {
    const places = this.#places;
    let look = 0;
    while (look < LOOKS - 1 && places[(hash + look) & (places.length - 1)] !== 0) look += 1;
    places[(hash + look) & (places.length - 1)] = row + 1;
    return row;
  }

  clear(): void {
    this.rows.count = 0;
    this.#places.fill(0);
  }
}

/** A hash of FNV-1a's kind. */
function hashOf({ from, to, kind }: Ends): number {
  let hash = Math.imul(from.port ^ (kind << 16), 0x0100_0193) ^ to.port;
  hash = hashed(hash, from.ip);
  hash = hashed(Math.imul(hash, 31), to.ip);
  return hash ^ (hash >>> 15);
}

function hashed(start: number, text: string): number {
  let hash = start;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x0100_0193);
  return hash;
}

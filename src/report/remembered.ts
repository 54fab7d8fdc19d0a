/**
 * Rows that were there before, by their digests: flat arrays of numbers, since in a set of texts a year of rows would not fit. Each day
 * has its own, so that rows that come in the order of time meet one small table.
 */
import type { Row } from "./lines.ts";

/** So many rows are remembered. */
const MOST = 1 << 24;
/** Seconds that a table is of. */
const DAY = 86_400;

/** All of them. */
export class Remembered {
  readonly #days: Map<number, Digests> = new Map();
  #day: Digests = new Digests(1 << 6);
  #which = Number.NaN;
  #count = 0;

  /** Whether a row was asked for before; from now on it was. */
  has(row: Row): boolean {
    const day = Math.floor(row.at / DAY);
    if (day !== this.#which) this.#turnTo(day);
    const known = this.#day.has(row, this.#count < MOST);
    if (!known) this.#count += 1;
    return known;
  }

  #turnTo(day: number): void {
    this.#which = day;
    this.#day = this.#days.get(day) ?? new Digests(this.#day.size);
    this.#days.set(day, this.#day);
  }
}

/** Two digests a row; an empty place has a second one of 0. */
class Digests {
  #first: Uint32Array;
  #second: Uint32Array;
  #count = 0;

  /** @param size places, a power of two: as many as the day before needed */
  constructor(size: number) {
    this.#first = new Uint32Array(size);
    this.#second = new Uint32Array(size);
  }

  get size(): number {
    return this.#second.length;
  }

  has(row: Row, mayGrow: boolean): boolean {
    const [first, second] = digestsOf(row);
    const index = this.#indexOf(first, second);
    if (this.#second[index] !== 0) return true;
    if (!mayGrow) return false;
    this.#first[index] = first;
    this.#second[index] = second;
    this.#count += 1;
    if (this.#count * 4 > this.#second.length * 3) this.#grow();
    return false;
  }

  /** Where it is, or where it would be. */
  #indexOf(first: number, second: number): number {
    const mask = this.#second.length - 1;
    let index = first & mask;
    while (this.#second[index] !== 0 && (this.#second[index] !== second || this.#first[index] !== first))
      index = (index + 1) & mask;
    return index;
  }

  #grow(): void {
    const [first, second] = [this.#first, this.#second];
    this.#first = new Uint32Array(first.length * 2);
    this.#second = new Uint32Array(second.length * 2);
    for (let index = 0; index < second.length; index += 1) {
      if (second[index] === 0) continue;
      const to = this.#indexOf(first[index]!, second[index]!);
      this.#first[to] = first[index]!;
      this.#second[to] = second[index]!;
    }
  }
}

const FIGURES = new Float64Array(2);
/** The same octets by halves. */
const HALVES = new Uint32Array(FIGURES.buffer);

/** Of moment, offset and server (of the service: what was received): FNV-1a by words, stirred at the end, from two starts. */
function digestsOf(row: Row): readonly [number, number] {
  FIGURES[0] = row.at;
  FIGURES[1] = row.kind === "service" ? row.received : row.offset;
  let [first, second] = [0x811c_9dc5, 0x9e37_79b9];
  for (let half = 0; half < HALVES.length; half += 1) {
    first = stirred(first ^ HALVES[half]!, 0x0100_0193);
    second = stirred(second ^ HALVES[half]!, 0x85eb_ca6b);
  }
  const server = row.kind === "server" ? row.server : row.kind;
  for (let index = 0; index < server.length; index += 1) {
    first = Math.imul(first ^ server.charCodeAt(index), 0x0100_0193);
    second = Math.imul(second ^ server.charCodeAt(index), 0x85eb_ca6b);
  }
  return [stirred(first, 0xc2b2_ae35) >>> 0, stirred(second, 0xc2b2_ae35) >>> 0 || 1];
}

function stirred(value: number, by: number): number {
  const product = Math.imul(value, by);
  return product ^ (product >>> 15);
}

/**
 * Which authentic requests came before. Whoever is on the path can record what a client once sealed and send it again for as long as
 * the key lasts; so many must be known again that a recording is worth nothing, in memory that does not grow.
 *
 * Two Bloom filters: what comes is noted in the younger, and when that has had its share it becomes the elder, whose requests are
 * forgotten. Transmit timestamps need not rise: clients that tell nothing of their clocks send random ones, and a network may reorder.
 */
import type { SourceWords } from "./source.ts";

/** So many requests are known again at least, and twice as many at most: a client's of a year at a poll of 64 s. In 2 MiB. */
const REMEMBERED = 2 ** 19;
/** Bits of a filter for each request, and those that a request sets: one in four hundred is mistaken. */
const SPACE = 16;
const MARKS = 4;

/** A request by what no two have in common: key, client, transmit timestamp. */
export interface RequestName extends Readonly<SourceWords> {
  readonly keyId: number;
  /** Its transmit timestamp's seconds and fraction, as signed 32-bit words. */
  readonly seconds: number;
  readonly fraction: number;
}

/** The requests that came. */
export class Replays {
  readonly #seed: number;
  readonly #remembered: number;
  #younger: Uint32Array;
  #elder: Uint32Array;
  #noted = 0;

  /**
   * @param seed unpredictable, 32 bits: nobody is to make up requests that look like another's
   * @param remembered how many are known again at least, a power of two
   */
  constructor(seed: number, remembered: number = REMEMBERED) {
    this.#seed = seed;
    this.#remembered = remembered;
    this.#younger = new Uint32Array((remembered * SPACE) / 32);
    this.#elder = new Uint32Array((remembered * SPACE) / 32);
  }

  /**
   * Notes a request.
   * @returns whether it came before; of those that did not one in two hundred at most is mistaken for one that did
   */
  note(request: RequestName): boolean {
    const first = hash(request, this.#seed);
    // Odd, so that the bits of one request differ.
    const step = hash(request, ~this.#seed) | 1;
    const isYoung = holds(this.#younger, first, step);
    const isKnown = isYoung || holds(this.#elder, first, step);
    if (!isYoung) this.#enter(first, step);
    return isKnown;
  }

  #enter(first: number, step: number): void {
    if (this.#noted === this.#remembered) {
      [this.#younger, this.#elder] = [this.#elder.fill(0), this.#younger];
      this.#noted = 0;
    }
    this.#noted += 1;
    for (let mark = 0; mark < MARKS; mark += 1) {
      const bit = bitOf(this.#younger, first, step, mark);
      this.#younger[bit >>> 5]! |= 1 << (bit & 31);
    }
  }
}

function holds(filter: Uint32Array, first: number, step: number): boolean {
  for (let mark = 0; mark < MARKS; mark += 1) {
    const bit = bitOf(filter, first, step, mark);
    if ((filter[bit >>> 5]! & (1 << (bit & 31))) === 0) return false;
  }
  return true;
}

function bitOf(filter: Uint32Array, first: number, step: number, mark: number): number {
  return (first + Math.imul(step, mark)) & (filter.length * 32 - 1);
}

/** MurmurHash3's mixing of seven words. */
function hash({ keyId, a, b, c, d, seconds, fraction }: RequestName, seed: number): number {
  let mixed = seed;
  for (const word of [keyId, a, b, c, d, seconds, fraction]) {
    const scattered = Math.imul(word, 0xcc9e_2d51);
    mixed ^= Math.imul((scattered << 15) | (scattered >>> 17), 0x1b87_3593);
    mixed = (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe654_6b64) | 0;
  }
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return mixed ^ (mixed >>> 16);
}

/**
 * Seeded chance: everything that looks random in a simulated world comes from here, and from one seed.
 *
 * A stream can be split by a label. What a split stream gives depends on the seed and the label only, never on how much
 * was drawn before or how many streams there are; so every host and every path has numbers of its own, and adding one
 * leaves the others as they were.
 */
import type { Chance } from "../engine/port/engine.ts";

/** A stream of pseudo-random numbers; the engine sees only the {@link Chance} of it. */
export interface SimChance extends Chance {
  /** 32 random bits, unsigned. */
  bits32(): number;
  /** An integer, 0 ≤ n < `below`. */
  below(below: number): number;
  /** True with the given probability, 0 … 1. */
  happens(probability: number): boolean;
  /** Normally distributed, mean 0, standard deviation 1. */
  gaussian(): number;
  /** Exponentially distributed, mean 1, ≥ 0. */
  exponential(): number;
  /** The items in a random order (Fisher and Yates). */
  shuffled<Item>(items: readonly Item[]): Item[];
  /** The stream of that label. */
  split(label: string): SimChance;
}

/**
 * The root of a world's chance.
 * @param seed any text or number; equal seeds give equal streams
 */
export function createChance(seed: string | number): SimChance {
  return new Stream(String(seed));
}

/** A xoshiro128** generator (Blackman and Vigna, 2018) whose state is a digest of its name. */
class Stream implements SimChance {
  readonly #name: string;
  readonly #state: Uint32Array;
  /** The second of each pair of normal deviates, kept until it is asked for. */
  #spare: number | null = null;

  constructor(name: string) {
    this.#name = name;
    this.#state = digest(name);
  }

  bits32(): number {
    const s = this.#state;
    const s1 = s[1]!;
    const scrambled = Math.imul(rotate(Math.imul(s1, 5), 7), 9) >>> 0;
    s[2] = s[2]! ^ s[0]!;
    s[3] = s[3]! ^ s1;
    s[1] = s1 ^ s[2];
    s[0] = s[0]! ^ s[3];
    s[2] = s[2] ^ (s1 << 9);
    s[3] = rotate(s[3], 11);
    return scrambled;
  }

  bits64(): bigint {
    return (BigInt(this.bits32()) << 32n) | BigInt(this.bits32());
  }

  uniform(): number {
    // 53 bits: 27 above 26, as many as a double holds.
    return ((this.bits32() >>> 5) * 2 ** 26 + (this.bits32() >>> 6)) / 2 ** 53;
  }

  below(below: number): number {
    return Math.floor(this.uniform() * below);
  }

  happens(probability: number): boolean {
    return probability > 0 && this.uniform() < probability;
  }

  gaussian(): number {
    if (this.#spare !== null) {
      const spare = this.#spare;
      this.#spare = null;
      return spare;
    }
    // Marsaglia's polar method.
    for (;;) {
      const u = 2 * this.uniform() - 1;
      const v = 2 * this.uniform() - 1;
      const square = u * u + v * v;
      if (square === 0 || square >= 1) continue;
      const factor = Math.sqrt((-2 * Math.log(square)) / square);
      this.#spare = v * factor;
      return u * factor;
    }
  }

  exponential(): number {
    return -Math.log(1 - this.uniform());
  }

  shuffled<Item>(items: readonly Item[]): Item[] {
    const order = [...items];
    for (let last = order.length - 1; last > 0; last--) {
      const other = this.below(last + 1);
      [order[last], order[other]] = [order[other]!, order[last]!];
    }
    return order;
  }

  split(label: string): SimChance {
    // The length keeps ("a", "b/c") apart from ("a/b", "c").
    return new Stream(`${this.#name}/${label.length}:${label}`);
  }
}

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}

/** Four words from a name: FNV-1a from four starts, each finished by an avalanche so that similar names differ everywhere. */
function digest(name: string): Uint32Array {
  const state = new Uint32Array(4);
  for (let lane = 0; lane < 4; lane++) {
    let word = (0x811c9dc5 + Math.imul(lane, 0x9e3779b9)) | 0;
    for (let index = 0; index < name.length; index++) word = Math.imul(word ^ name.charCodeAt(index), 0x01000193);
    word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
    word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
    state[lane] = word ^ (word >>> 16);
  }
  // All zero is the one state that never leaves itself.
  if (state.every((word) => word === 0)) state[0] = 1;
  return state;
}

/**
 * The flows of a capture by their two ends, those forgotten that were not used lately: `Recent` with a key of four parts, which
 * makes no string of them. A capture asks for one a packet.
 */
import type { Address } from "../wire/address.ts";
import type { Flow } from "./flow.ts";

/** Places for one flow, so that few fall together. */
const SPARE = 2;
/** So many places are looked at: whoever makes flows fall together has them forgotten, and takes no time. */
const LOOKS = 64;

/** A flow in its place. */
interface Entry {
  readonly hash: number;
  readonly from: Address;
  readonly to: Address;
  readonly flow: Flow;
}

/** Flows in flat memory, in two generations: what is found in the older one comes into the younger; when that is full the older goes. */
export class Flows {
  readonly #size: number;
  #young: Generation;
  #old: Generation;

  /** @param size entries of a generation, a power of two; twice as many are held at most */
  constructor(size: number) {
    this.#size = size;
    this.#young = new Generation(SPARE * size);
    this.#old = new Generation(LOOKS);
  }

  get(from: Address, to: Address): Flow | undefined {
    const hash = hashOf(from, to);
    const young = this.#young.find(hash, from, to);
    if (young !== undefined) return young.flow;
    const old = this.#old.find(hash, from, to);
    if (old !== undefined) this.#keep(old);
    return old?.flow;
  }

  /** A flow that is not among them. */
  add(from: Address, to: Address, flow: Flow): void {
    this.#keep({ hash: hashOf(from, to), from, to, flow });
  }

  #keep(entry: Entry): void {
    if (this.#young.count >= this.#size) {
      this.#old = this.#young;
      this.#young = new Generation(SPARE * this.#size);
    }
    this.#young.add(entry);
  }
}

/** A table of open addresses that never shrinks. */
class Generation {
  count = 0;
  readonly #places: (Entry | null)[];
  readonly #mask: number;

  constructor(places: number) {
    this.#places = Array.from<Entry | null>({ length: places }).fill(null);
    this.#mask = places - 1;
  }

  find(hash: number, from: Address, to: Address): Entry | undefined {
    for (let look = 0; look < LOOKS; look += 1) {
      const entry = this.#places[(hash + look) & this.#mask]!;
      if (entry === null) return undefined;
      if (entry.hash === hash && isOf(entry, from, to)) return entry;
    }
    return undefined;
  }

  add(entry: Entry): void {
    let look = 0;
    while (look < LOOKS - 1 && this.#places[(entry.hash + look) & this.#mask] !== null) look += 1;
    this.#places[(entry.hash + look) & this.#mask] = entry;
    this.count += 1;
  }
}

function isOf(entry: Entry, from: Address, to: Address): boolean {
  return (
    entry.from.port === from.port && entry.to.port === to.port && entry.from.ip === from.ip && entry.to.ip === to.ip
  );
}

/** A hash of FNV-1a's kind. */
function hashOf(from: Address, to: Address): number {
  let hash = Math.imul(from.port, 0x0100_0193) ^ to.port;
  hash = hashed(hash, from.ip);
  hash = hashed(Math.imul(hash, 31), to.ip);
  return hash ^ (hash >>> 15);
}

function hashed(start: number, text: string): number {
  let hash = start;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x0100_0193);
  return hash;
}

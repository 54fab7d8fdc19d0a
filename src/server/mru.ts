/**
 * The list of recent clients, most recently used first (ntpd's `mru`): who asked, how often, and the bucket that limits their
 * rate. Bounded in memory, and of constant cost a packet.
 *
 * The entries are columns of flat memory that grow by doubling up to the limit. A hash table finds a client's entry, a list
 * linked both ways keeps the order, and where there is no room the client heard of longest ago is forgotten.
 */
import type { Mono } from "../time/mono.ts";
import type { Seconds } from "../time/seconds.ts";
import { sourceText } from "./source.ts";
import type { SourceWords } from "./source.ts";

/** The bounds of the list (ntp.conf `mru`). */
export interface MruLimits {
  /** Most entries (`maxdepth`, or `maxmem` by {@link depthOfMemory}). */
  readonly maxdepth: number;
  /** Above so many entries those older than `maxage` make room for new ones. */
  readonly mindepth: number;
  /** Seconds. */
  readonly maxage: Seconds;
}

/** Octets an entry takes, its share of the hash table included. */
export const ENTRY_OCTETS = 80;

/** How many entries fit into some kilobytes (ntp.conf `mru maxmem`); at least one. */
export function depthOfMemory(kilobytes: number): number {
  return Math.max(Math.floor((kilobytes * 1024) / ENTRY_OCTETS), 1);
}

/** ntpd's: a megabyte, 600 entries, 64 s. */
export const DEFAULT_MRU: MruLimits = { maxdepth: depthOfMemory(1024), mindepth: 600, maxage: 64 };

/** One client, as the list shows it. */
export interface MruEntry {
  /** IP literal. */
  readonly address: string;
  /** Of its last packet. */
  readonly port: number;
  /** Packets heard. */
  readonly count: number;
  /** Mode and version of its last packet, 0 … 7. */
  readonly mode: number;
  readonly version: number;
  /** Arrival of its first and its last packet. */
  readonly first: Mono;
  readonly last: Mono;
  /** Restrictions that counted for its last packet, as access.ts has them. */
  readonly flags: number;
  /** Packets dropped because of its rate; kisses are not drops. */
  readonly drops: number;
  /** What its rate bucket holds, whole seconds. */
  readonly score: Seconds;
}

/** A packet as the list sees it; an `Arrival` is one, and handing that over allocates nothing. */
export interface Heard {
  readonly source: Readonly<SourceWords>;
  /** The source port. */
  readonly port: number;
  /** When it arrived. */
  readonly mono: Mono;
}

/** No entry; the end of a list or of a chain. */
export const NO_ENTRY = -1;
const NONE = NO_ENTRY;
const FIRST_CAPACITY = 64;

/** The list. Entries are known by their number until the next {@link MruList.touch}. */
export class MruList {
  #limits: MruLimits;
  readonly #seed: number;
  #columns: Columns;
  #chains: Int32Array;
  #size = 0;
  #newest = NONE;
  #oldest = NONE;
  #interval: Seconds = Infinity;

  /**
   * @param seed unpredictable, 32 bits: by it nobody can choose addresses that all fall into one chain
   */
  constructor(limits: MruLimits, seed: number) {
    this.#limits = limits;
    this.#seed = seed | 0;
    this.#columns = columnsOf(Math.min(FIRST_CAPACITY, limits.maxdepth));
    this.#chains = new Int32Array(FIRST_CAPACITY).fill(NONE);
  }

  get limits(): MruLimits {
    return this.#limits;
  }

  /** Goes on within other bounds. Who is known stays known; a list that is longer than it may be grows no more. */
  limit(limits: MruLimits): void {
    this.#limits = limits;
  }

  /** Clients known. */
  get size(): number {
    return this.#size;
  }

  /** Of the client last touched: seconds since the packet before; Infinity for its first. */
  get interval(): Seconds {
    return this.#interval;
  }

  /**
   * Takes note of a packet: its client becomes the newest.
   * @param mode 0 … 7
   * @param version 0 … 7
   * @param flags the restrictions that count for it
   * @returns the client's number
   */
  touch(packet: Heard, mode: number, version: number, flags: number): number {
    const found = this.#find(packet.source);
    const entry = found === NONE ? this.#enter(packet) : found;
    const columns = this.#columns;
    this.#interval = found === NONE ? Infinity : Math.max(packet.mono - columns.last[entry]!, 0);
    columns.last[entry] = packet.mono;
    columns.count[entry]! += 1;
    columns.port[entry] = packet.port;
    columns.modes[entry] = (version << 3) | mode;
    columns.flags[entry] = flags;
    if (entry !== this.#newest) {
      this.#unlink(entry);
      this.#linkFirst(entry);
    }
    return entry;
  }

  /** What a client's rate bucket holds, whole seconds. */
  score(entry: number): Seconds {
    return this.#columns.score[entry]!;
  }

  setScore(entry: number, score: Seconds): void {
    this.#columns.score[entry] = score;
  }

  /** Counts a packet dropped because of the client's rate. */
  countDrop(entry: number): void {
    this.#columns.drops[entry]! += 1;
  }

  /** The clients, newest first; a copy of each. Not to be read on while packets are taken note of. */
  *entries(): Generator<MruEntry> {
    for (let entry = this.#newest; entry !== NONE; entry = this.#columns.next[entry]!) yield this.entry(entry);
  }

  /**
   * The client heard of next after one, {@link NO_ENTRY} if that is the newest. So the list is read from its old end on,
   * looking at figures before anything is made of an entry.
   * @param behind from the one heard of longest ago unless it is known
   */
  after(behind: Readonly<SourceWords> | null): number {
    const client = behind === null ? NONE : this.#find(behind);
    return client === NONE ? this.#oldest : this.newer(client);
  }

  /** The client heard of next after an entry's. */
  newer(entry: number): number {
    return this.#columns.previous[entry]!;
  }

  /** Packets heard from a client. */
  count(entry: number): number {
    return this.#columns.count[entry]!;
  }

  /** When a client was last heard. */
  last(entry: number): Mono {
    return this.#columns.last[entry]! as Mono;
  }

  /** The restrictions that counted for a client's last packet, as access.ts has them. */
  flags(entry: number): number {
    return this.#columns.flags[entry]!;
  }

  /** Packets of a client's that were dropped because of its rate. */
  drops(entry: number): number {
    return this.#columns.drops[entry]!;
  }

  /** One client by its address, `null` if it is not known. */
  find(source: Readonly<SourceWords>): MruEntry | null {
    const entry = this.#find(source);
    return entry === NONE ? null : this.entry(entry);
  }

  /** A copy of an entry. */
  entry(entry: number): MruEntry {
    const { words, port, count, modes, first, last, flags, drops, score } = this.#columns;
    const at = entry * 4;
    return {
      address: sourceText({ a: words[at]!, b: words[at + 1]!, c: words[at + 2]!, d: words[at + 3]! }),
      port: port[entry]!,
      count: count[entry]!,
      mode: modes[entry]! & 7,
      version: modes[entry]! >> 3,
      first: first[entry]! as Mono,
      last: last[entry]! as Mono,
      flags: flags[entry]!,
      drops: drops[entry]!,
      score: score[entry]!,
    };
  }

  #find({ a, b, c, d }: Readonly<SourceWords>): number {
    const { words, chain } = this.#columns;
    let entry = this.#chains[this.#chainOf(a, b, c, d)]!;
    while (
      entry !== NONE &&
      !(
        words[entry * 4 + 3] === d &&
        words[entry * 4 + 2] === c &&
        words[entry * 4 + 1] === b &&
        words[entry * 4] === a
      )
    ) {
      entry = chain[entry]!;
    }
    return entry;
  }

  /** An entry for a new client: a fresh one, or that of the client heard of longest ago. */
  #enter(packet: Heard): number {
    const entry = this.#isRecycling(packet) ? this.#recycle() : this.#fresh();
    const columns = this.#columns;
    const { a, b, c, d } = packet.source;
    columns.words[entry * 4] = a;
    columns.words[entry * 4 + 1] = b;
    columns.words[entry * 4 + 2] = c;
    columns.words[entry * 4 + 3] = d;
    columns.first[entry] = packet.mono;
    columns.count[entry] = 0;
    columns.drops[entry] = 0;
    columns.score[entry] = 0;
    this.#chain(entry);
    this.#linkFirst(entry);
    return entry;
  }

  #isRecycling({ mono }: Heard): boolean {
    const { maxdepth, mindepth, maxage } = this.#limits;
    if (this.#size >= maxdepth) return true;
    return this.#size > 0 && this.#size >= mindepth && mono - this.#columns.last[this.#oldest]! > maxage;
  }

  #recycle(): number {
    const entry = this.#oldest;
    this.#unlink(entry);
    this.#unchain(entry);
    return entry;
  }

  #fresh(): number {
    if (this.#size === this.#columns.last.length) this.#grow();
    this.#size += 1;
    return this.#size - 1;
  }

  #grow(): void {
    const capacity = Math.min(this.#columns.last.length * 2, this.#limits.maxdepth);
    this.#columns = columnsOf(capacity, this.#columns);
    while (this.#chains.length < capacity) this.#chains = new Int32Array(this.#chains.length * 2);
    this.#chains.fill(NONE);
    for (let entry = 0; entry < this.#size; entry += 1) this.#chain(entry);
  }

  #chain(entry: number): void {
    const { words, chain } = this.#columns;
    const start = this.#chainOf(words[entry * 4]!, words[entry * 4 + 1]!, words[entry * 4 + 2]!, words[entry * 4 + 3]!);
    chain[entry] = this.#chains[start]!;
    this.#chains[start] = entry;
  }

  #unchain(entry: number): void {
    const { words, chain } = this.#columns;
    const start = this.#chainOf(words[entry * 4]!, words[entry * 4 + 1]!, words[entry * 4 + 2]!, words[entry * 4 + 3]!);
    let before = NONE;
    for (let at = this.#chains[start]!; at !== entry; at = chain[at]!) before = at;
    if (before === NONE) this.#chains[start] = chain[entry]!;
    else chain[before] = chain[entry]!;
  }

  #linkFirst(entry: number): void {
    const { previous, next } = this.#columns;
    previous[entry] = NONE;
    next[entry] = this.#newest;
    if (this.#newest !== NONE) previous[this.#newest] = entry;
    else this.#oldest = entry;
    this.#newest = entry;
  }

  #unlink(entry: number): void {
    const { previous, next } = this.#columns;
    const [before, after] = [previous[entry]!, next[entry]!];
    if (before === NONE) this.#newest = after;
    else next[before] = after;
    if (after === NONE) this.#oldest = before;
    else previous[after] = before;
  }

  /** Which chain an address belongs to: its words mixed with the seed. */
  #chainOf(a: number, b: number, c: number, d: number): number {
    let mixed = this.#seed;
    mixed = mix(mixed ^ a);
    mixed = mix(mixed ^ b);
    mixed = mix(mixed ^ c);
    mixed = mix(mixed ^ d);
    return mixed & (this.#chains.length - 1);
  }
}

/** The entries, a column a variable. */
interface Columns {
  /** Four a client. */
  readonly words: Int32Array;
  readonly first: Float64Array;
  readonly last: Float64Array;
  readonly score: Int32Array;
  readonly count: Uint32Array;
  readonly drops: Uint32Array;
  readonly flags: Int32Array;
  readonly port: Uint16Array;
  readonly modes: Uint8Array;
  readonly previous: Int32Array;
  readonly next: Int32Array;
  readonly chain: Int32Array;
}

function columnsOf(capacity: number, old: Columns | null = null): Columns {
  const columns: Columns = {
    words: new Int32Array(capacity * 4),
    first: new Float64Array(capacity),
    last: new Float64Array(capacity),
    score: new Int32Array(capacity),
    count: new Uint32Array(capacity),
    drops: new Uint32Array(capacity),
    flags: new Int32Array(capacity),
    port: new Uint16Array(capacity),
    modes: new Uint8Array(capacity),
    previous: new Int32Array(capacity),
    next: new Int32Array(capacity),
    chain: new Int32Array(capacity),
  };
  if (old !== null) for (const name of Object.keys(columns) as (keyof Columns)[]) columns[name].set(old[name]);
  return columns;
}

function mix(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x7feb_352d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846c_a68b | 0);
  return mixed ^ (mixed >>> 16);
}

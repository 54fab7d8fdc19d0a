/**
 * The list of addresses a daemon heard last (`mrulist`; RFC 9327 §4 "Read Most Recently Used").
 *
 * The list is longer than one answer and changes while it is read. It comes oldest first, a slice a question; every
 * question shows a nonce, which proves that we receive what is sent to our address, and names the newest entries we have,
 * so that the daemon knows where to go on. An address that is heard again meanwhile comes again and replaces what we had.
 * When the daemon knows none of the entries we named, we forget them and name older ones.
 */
import type { NtpTimestamp } from "../time/timestamp.ts";
import { failure } from "./operations.ts";
import { GARBLED, type ControlAnswer, type ControlFault, type ControlRequest, type Dialogue } from "./request.ts";
import { MruSlice, type MruEntry } from "./mruslice.ts";
import { textOf } from "./variables.ts";

export type { MruEntry };

/** Which entries are wanted. The daemon chooses; of a long list it may tell others, to go on from. */
export interface MruFilter {
  /** At least so many packets. */
  readonly mincount?: number;
  /** Heard within so many seconds. */
  readonly maxlstint?: number;
  /** All, or any, of these restriction bits, e.g. 0x40 `limited`. */
  readonly resall?: number;
  readonly resany?: number;
  /** Heard on this local address. */
  readonly laddr?: string;
}

/** How to read. */
export interface MruOptions {
  readonly filter?: MruFilter;
  /** To stop at. */
  readonly entries?: number;
  /** Told after every answer how many entries there are. */
  readonly progress?: (entries: number, updates: number) => void;
}

/** The list. */
export interface MruList {
  readonly kind: "mru";
  /** Heard longest ago first. */
  readonly entries: readonly MruEntry[];
  /** Entries that came again while the list was read. */
  readonly updates: number;
  /** When the daemon said that this is all, or the newest entry's time. */
  readonly now: NtpTimestamp | null;
  /** False when we stopped at {@link MruOptions.entries}, or because the daemon did not come to an end. */
  readonly complete: boolean;
}

/** Restriction bits of an entry (ntpd `RES_LIMITED`, `RES_KOD`). */
export const MRU_LIMITED = 0x0040;
export const MRU_KOD = 0x0800;

/** Reads the list. */
export function* readMru(options: MruOptions = {}): Dialogue<MruList | ControlFault> {
  const reading = new Reading(options);
  for (;;) {
    if (reading.needsNonce) {
      const [answer] = yield [{ operation: "requestNonce" }];
      const nonce = answer?.kind === "answer" ? NONCE.exec(textOf(answer.data))?.[1] : undefined;
      if (nonce === undefined) return failure(answer);
      reading.nonce(nonce);
    }
    const [answer] = yield [reading.question()];
    const end = reading.take(answer);
    if (end !== null) return end;
  }
}

const NONCE = /^nonce=([^\s,]{1,120})/;

/** Fragments an answer may have: what ntpq asks for, and the least. */
const MOST_FRAGMENTS = 32;
const LEAST_FRAGMENTS = 2;
/** Rows an answer may have, where the daemon will not count fragments (ntpd's own limit is 256). */
const MOST_ROWS = 3 * MOST_FRAGMENTS;
const LEAST_ROWS = 2;
/** How often a nonce is shown; a new one comes with every answer. */
const NONCE_USES = 4;
/** How often we begin anew, or ask in vain, before we give up. */
const PATIENCE = 8;
/** Octets of data in a question, less a margin that ntpq keeps too. */
const ROOM = 467;
/** How many answers that only update what we have are taken from a daemon that hears faster than it tells. */
const MOST_STANDING = 1000;
/** Entries to keep in memory from a daemon that does not end. */
const MOST_ENTRIES = 2_000_000;

/** The state of reading one list. */
class Reading {
  readonly #options: MruOptions;
  /** By address and port, the newest last. */
  readonly #entries = new Map<string, MruEntry>();
  /** The same as a stack; entries that were replaced are still in it. */
  readonly #order: MruEntry[] = [];
  #updates = 0;
  #nonce = "";
  #nonceUses = NONCE_USES;
  #fragments = MOST_FRAGMENTS;
  #rows = MOST_ROWS;
  /** By fragments, or by rows: whichever the daemon takes. */
  #by: "frags" | "limit" = "frags";
  /** How many of the newest entries the last question named. */
  #named = 0;
  #vain = 0;
  /** Answers in a row that told of no address we had not. */
  #standing = 0;

  constructor(options: MruOptions) {
    this.#options = options;
  }

  get needsNonce(): boolean {
    return this.#nonceUses >= NONCE_USES;
  }

  nonce(nonce: string): void {
    this.#nonce = nonce;
    this.#nonceUses = 0;
  }

  question(): ControlRequest {
    this.#nonceUses += 1;
    let data = `nonce=${this.#nonce}, ${this.#by}=${this.#by === "frags" ? this.#fragments : this.#rows}${filterText(this.#options.filter ?? {})}`;
    this.#named = 0;
    for (const { address, lastText } of this.#newest()) {
      const item = `, addr.${this.#named}=${address}, last.${this.#named}=${lastText}`;
      if (data.length + item.length > ROOM) break;
      data += item;
      this.#named += 1;
    }
    return { operation: "readMru", data };
  }

  /** Takes an answer; returns the end, `null` to go on. */
  take(answer: ControlAnswer | undefined): MruList | ControlFault | null {
    if (answer?.kind === "answer") return this.#slice(textOf(answer.data));
    if (answer?.kind === "refused" && answer.error === "variable") return this.#startFurtherBack(answer);
    if (answer?.kind === "refused" && answer.error === "value") return this.#askForLess(answer, "refused");
    if (answer?.kind === "failed" && (answer.fault === "incomplete" || answer.fault === "timeout"))
      return this.#askForLess(answer, "lost");
    return failure(answer);
  }

  #slice(text: string): MruList | ControlFault | null {
    const slice = new MruSlice(text);
    const size = this.#entries.size;
    let news = 0;
    for (const entry of slice.entries) news += this.#add(entry) ? 1 : 0;
    if (slice.nonce !== null) this.nonce(slice.nonce);
    this.#options.progress?.(this.#entries.size, this.#updates);
    if (slice.now !== null) return this.#list(slice.now, true);
    this.#standing = this.#entries.size > size ? 0 : this.#standing + 1;
    if (this.#entries.size >= (this.#options.entries ?? MOST_ENTRIES) || this.#standing > MOST_STANDING)
      return this.#list(null, false);
    this.#vain = news > 0 ? 0 : this.#vain + 1;
    if (this.#vain > PATIENCE) return GARBLED;
    this.#fragments = Math.min(MOST_FRAGMENTS, this.#fragments + 1);
    this.#rows = Math.min(MOST_ROWS, this.#rows + 1);
    return null;
  }

  #list(now: NtpTimestamp | null, complete: boolean): MruList {
    const entries = [...this.#entries.values()].filter((entry) => isWanted(entry, this.#options.filter ?? {}));
    return { kind: "mru", entries, updates: this.#updates, now: now ?? entries.at(-1)?.last ?? null, complete };
  }

  /** None of the entries we named are still in the daemon's list. */
  #startFurtherBack(answer: ControlAnswer): ControlFault | null {
    if (this.#named === 0) return failure(answer);
    for (let forgotten = 0; forgotten < this.#named; forgotten += 1) {
      const [newest] = this.#newest();
      if (newest !== undefined) this.#entries.delete(newest.address);
    }
    if (this.#entries.size === 0) this.#vain += 1;
    return this.#vain > PATIENCE ? failure(answer) : null;
  }

  /** The answer was too long for the way to us, or for the daemon. */
  #askForLess(answer: ControlAnswer, why: "refused" | "lost"): ControlFault | null {
    if (why === "refused" && this.#by === "frags") {
      this.#by = "limit";
      return null;
    }
    this.#vain += 1;
    if (this.#vain > PATIENCE) return failure(answer);
    if (why === "refused") this.#rows = Math.max(LEAST_ROWS, this.#rows - 1);
    else if (this.#by === "frags") this.#fragments = Math.max(LEAST_FRAGMENTS, this.#fragments >> 1);
    else this.#rows = Math.max(LEAST_ROWS, this.#rows >> 1);
    return null;
  }

  /** Returns whether it says anything new. */
  #add(entry: MruEntry): boolean {
    const before = this.#entries.get(entry.address);
    if (before?.lastText === entry.lastText) return false;
    // Deleted first, so that it goes to the end of the map.
    if (this.#entries.delete(entry.address)) this.#updates += 1;
    this.#entries.set(entry.address, entry);
    this.#order.push(entry);
    return true;
  }

  /** The newest entry first. What was replaced or forgotten is dropped from the top of the stack on the way. */
  *#newest(): Generator<MruEntry, void> {
    const isCurrent = (entry: MruEntry | undefined): boolean =>
      entry === undefined || this.#entries.get(entry.address) === entry;
    while (!isCurrent(this.#order.at(-1))) this.#order.pop();
    for (let at = this.#order.length - 1; at >= 0; at -= 1) {
      const entry = this.#order[at]!;
      if (isCurrent(entry)) yield entry;
    }
  }
}

function isWanted({ count, restrictions }: MruEntry, { mincount = 0, resall = 0, resany = 0 }: MruFilter): boolean {
  return count >= mincount && (restrictions & resall) === resall && (resany === 0 || (restrictions & resany) !== 0);
}

function filterText({ mincount, maxlstint, resall, resany, laddr }: MruFilter): string {
  const items = [
    mincount === undefined ? "" : `, mincount=${mincount}`,
    maxlstint === undefined ? "" : `, maxlstint=${maxlstint}`,
    resall === undefined ? "" : `, resall=${hex(resall)}`,
    resany === undefined ? "" : `, resany=${hex(resany)}`,
    laddr === undefined ? "" : `, laddr=${laddr}`,
  ];
  return items.join("");
}

function hex(bits: number): string {
  return `0x${bits.toString(16)}`;
}

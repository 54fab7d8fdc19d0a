/** A record of everything that happened in a simulated world: what a failing run prints, and what two runs of one seed share. */
import type { Timeline } from "./timeline.ts";
import type { TrueTime } from "./truth.ts";

/** One thing that happened. */
export interface TraceEntry {
  readonly at: TrueTime;
  /** The station it happened to. */
  readonly who: string;
  readonly what: string;
  readonly detail: string;
}

/** Takes what happens, as it happens. */
export type Witness = (entry: TraceEntry) => void;

/** The record. */
export class Trace {
  /** Whether anybody is told; a long run has no room for it. Ask before making the words. */
  readonly on: boolean;
  readonly #timeline: Timeline;
  readonly #entries: TraceEntry[] = [];
  readonly #witness: Witness;

  /** @param witness takes everything, in place of its being kept; `true`: it is kept */
  constructor(timeline: Timeline, witness: Witness | boolean) {
    this.#timeline = timeline;
    this.on = witness !== false;
    this.#witness = typeof witness === "boolean" ? (entry) => void this.#entries.push(entry) : witness;
  }

  /** Everything that was kept, in order. */
  get entries(): readonly TraceEntry[] {
    return this.#entries;
  }

  add(who: string, what: string, detail: string): void {
    if (this.on) this.#witness({ at: this.#timeline.now, who, what, detail });
  }

  /** One line an entry. */
  toString(): string {
    return this.#entries.map((entry) => `${entryLine(entry)}\n`).join("");
  }
}

/** An entry as a line, without its end. */
export function entryLine({ at, who, what, detail }: TraceEntry): string {
  return `${at.toFixed(9).padStart(17)} ${who.padEnd(12)} ${what} ${detail}`;
}

/** Data as one line; whole numbers of 64 bits and octets included. */
export function inWords(value: object): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part === "bigint") return `0x${part.toString(16)}`;
    if (part instanceof Uint8Array) return `${part.length} octets`;
    if (typeof part === "number" && !Number.isFinite(part)) return String(part);
    return part;
  });
}

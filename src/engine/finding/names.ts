/**
 * Names: what is being looked up for whom, what came of it, and when to try again.
 */
import type { AssociationConfig } from "../../association/template.ts";
import { after, elapsed } from "../../time/mono.ts";
import type { Mono } from "../../time/mono.ts";
import type { Seconds } from "../../time/seconds.ts";
import { PASSING } from "../port/event.ts";
import type { ResolveFault } from "../port/event.ts";

/** First wait before a name is looked up again; it doubles. */
const FIRST_PAUSE: Seconds = 1;
/** So soon before its patience ends nothing is looked up any more: an answer would come after it. */
const LEAST_PAUSE: Seconds = 0.01;
/** The longest: of a run that waits for the network; of one that goes on, while there is no name server, and where that says no. */
const LONGEST_PAUSE = { waiting: 8, again: 64, refused: 1024 } as const;

/** One name that configured lines use. */
export interface Lookup {
  readonly name: string;
  readonly family: 4 | 6 | null;
  /** The lines that wait for it. */
  readonly waiting: AssociationConfig[];
  /** The last ones known; `null`: none yet. */
  addresses: readonly string[] | null;
  /** Whether an answer is awaited. */
  asking: boolean;
  fault: ResolveFault | null;
  /** When to look it up again; `null` while an answer is awaited or none is wanted. */
  retryAt: Mono | null;
  pause: Seconds;
}

/** All names of a run. */
export class Names {
  readonly #lookups: Lookup[] = [];

  /**
   * A line wants a name.
   * @returns its lookup, and whether that is new and has to be started
   */
  want(config: AssociationConfig): { readonly lookup: Lookup; readonly isNew: boolean } {
    const earlier = this.#lookups.find((lookup) => lookup.name === config.name && lookup.family === config.family);
    if (earlier !== undefined) {
      earlier.waiting.push(config);
      return { lookup: earlier, isNew: false };
    }
    const lookup: Lookup = {
      name: config.name,
      family: config.family,
      waiting: [config],
      addresses: null,
      asking: true,
      fault: null,
      retryAt: null,
      pause: FIRST_PAUSE,
    };
    this.#lookups.push(lookup);
    return { lookup, isNew: true };
  }

  /**
   * The lines have changed: those that are gone wait no more, and what nobody asks for is forgotten.
   * @param again lines that will be wanted again at once
   */
  revise(revised: ReadonlyMap<AssociationConfig, AssociationConfig>, again: ReadonlySet<AssociationConfig>): void {
    const kept = this.#lookups.filter((lookup) => {
      const lines = lookup.waiting.flatMap((line) => revised.get(line) ?? []);
      lookup.waiting.splice(0, Infinity, ...lines.filter((line) => !again.has(line)));
      return lines.length > 0;
    });
    this.#lookups.splice(0, Infinity, ...kept);
  }

  /** Takes the lookups that have failed, to be started again. */
  restart(): Lookup[] {
    const failed = this.#lookups.filter(({ asking, addresses }) => !asking && addresses === null);
    for (const lookup of failed) Object.assign(lookup, { asking: true, retryAt: null, pause: FIRST_PAUSE });
    return failed;
  }

  /** The lookups of a name that an answer can belong to. */
  awaiting(name: string): Lookup[] {
    return this.#lookups.filter((lookup) => lookup.name === name && lookup.asking);
  }

  /** A pool draws again: its name is being looked up once more, for it alone. */
  again(config: AssociationConfig): void {
    const lookup = this.#lookups.find(({ waiting }) => waiting.includes(config));
    if (lookup === undefined) return;
    lookup.waiting.splice(0, Infinity, ...lookup.waiting.filter(({ kind }) => kind === "pool"));
    lookup.asking = true;
  }

  /**
   * A lookup failed. While there is patience left, and the cause may pass, it is tried again with a growing pause.
   * @param since when the run began
   * @param patience how long after that to go on trying, seconds; `Infinity`: the run goes on, and any cause may pass
   * @returns true if it will be tried again
   */
  failed(lookup: Lookup, why: ResolveFault, now: Mono, since: Mono, patience: Seconds): boolean {
    lookup.fault = why;
    lookup.asking = false;
    const remaining = patience - elapsed(since, now);
    const again = (PASSING.has(why) || patience === Infinity) && remaining > LEAST_PAUSE;
    // The last pause ends with the patience.
    lookup.retryAt = again ? after(now, Math.min(lookup.pause, remaining)) : null;
    lookup.pause = Math.min(lookup.pause * 2, longestPause(why, patience));
    return again;
  }

  /** Whatever kept names from being looked up may be over: those that are to be tried again are due now. */
  hurry(now: Mono): void {
    for (const lookup of this.#lookups) {
      if (lookup.retryAt === null) continue;
      lookup.retryAt = now;
      lookup.pause = FIRST_PAUSE;
    }
  }

  /** Takes the lookups that are to be tried again by now. */
  due(now: Mono): Lookup[] {
    const due = this.#lookups.filter((lookup) => lookup.retryAt !== null && lookup.retryAt <= now);
    for (const lookup of due) {
      lookup.retryAt = null;
      lookup.asking = true;
    }
    return due;
  }

  /** When the next one is to be tried again. */
  get retryAt(): Mono | null {
    let first: Mono | null = null;
    for (const { retryAt } of this.#lookups)
      if (retryAt !== null && (first === null || retryAt < first)) first = retryAt;
    return first;
  }

  /** Whether an answer is still awaited, or a retry planned. */
  get pending(): boolean {
    return this.#lookups.some((lookup) => lookup.asking || lookup.retryAt !== null);
  }

  [Symbol.iterator](): ArrayIterator<Lookup> {
    return this.#lookups.values();
  }
}

function longestPause(why: ResolveFault, patience: Seconds): Seconds {
  if (patience !== Infinity) return LONGEST_PAUSE.waiting;
  return PASSING.has(why) ? LONGEST_PAUSE.again : LONGEST_PAUSE.refused;
}

/**
 * The state file: read at the start of a run, replaced in one stroke whenever there is something to remember.
 *
 * At every moment, also when the power fails, the file is either as it was or as it is to be: it is written beside, brought
 * to the disk, and renamed into place. Two runs at once do not lose each other's kisses: a run adds to what the file has
 * by then, under a lock. Nothing here throws; what goes wrong is a warning, since time is worth setting all the same.
 */
import { dirname } from "node:path";
import type { Lapse, Moment } from "../engine/memory/lapse.ts";
import type { Memory } from "../engine/port/memory.ts";
import { carriedTo } from "../engine/memory/remembered.ts";
import { UNKNOWN_TIME } from "../time/timestamp.ts";
import { type Files, hasCode, realFiles, reasonOf } from "./files.ts";
import { draftOf, sweepLeftovers } from "./leftovers.ts";
import { isFresh, withKeys, withoutKeys } from "./keys.ts";
import type { KeptKeys, KeysOf } from "./keys.ts";
import { underLock } from "./lock.ts";
import { decodeMemory, EMPTY, encodeMemory, mergeKisses, type StoredMemory } from "./memory.ts";
import { isSameMoment, mergeRemembered } from "./remembered.ts";

/** What went wrong with the state; the words are chosen in `view`. */
export type StateWarning =
  /** The file is not what we write, or written by a later version; it was put aside where `aside` says, if it could be. */
  | { readonly code: "corrupt" | "future"; readonly path: string; readonly aside: string | null }
  | { readonly code: "unreadable" | "unwritable"; readonly path: string; readonly why: string }
  /** It belongs to another user, who could have written anything; it is left as it is. */
  | { readonly code: "foreign"; readonly path: string };

/** What earlier runs remembered. */
export interface Recalled {
  /** As old as it is now. */
  readonly memory: Memory;
  /** Since it was written; `null`: it says nothing of servers. */
  readonly lapse: Lapse | null;
  readonly warning: StateWarning | null;
}

/** What is in the file, and what is wrong with it. */
interface Read {
  readonly memory: StoredMemory;
  readonly warning: StateWarning | null;
}

/** Of a moment nobody knows anything: whatever was measured by the clock is void. */
export const SOME_MOMENT: Moment = { clock: UNKNOWN_TIME, steady: 0, slept: 0, boot: null, frequency: null };

/** One run's view of a state file. */
export class StateFile {
  readonly path: string;
  readonly #files: Files;
  readonly #moment: () => Moment;
  /** What this run and the file last agreed on. */
  #base: StoredMemory = EMPTY;

  /**
   * @param path of the file; its folder is made when it is first written
   * @param moment reads the clocks; without it what was measured by them counts as void
   */
  constructor(path: string, files: Files = realFiles, moment: () => Moment = () => SOME_MOMENT) {
    this.path = path;
    this.#files = files;
    this.#moment = moment;
  }

  /** Looks at the file and changes nothing, whatever it is. */
  look(): Recalled {
    return this.#carried(this.#read());
  }

  /** Reads the file; a missing one is an empty memory. What is none is set aside. */
  recall(): Recalled {
    let recalled = this.#read();
    if (recalled.warning !== null && isFaulty(recalled.warning)) {
      try {
        recalled = underLock(this.#files, this.#lock(), () => this.#readOrSetAside());
      } catch {
        // The folder may not be written to: the file stays where it is, and so does the warning.
      }
    }
    this.#base = recalled.memory;
    return this.#carried(recalled);
  }

  /** What was read, as old as it is now. */
  #carried({ memory: { kisses, stored }, warning }: Read): Recalled {
    if (stored === null) return { memory: { kisses }, lapse: null, warning };
    const { remembered, lapse } = carriedTo(stored.remembered, stored.at, this.#moment());
    return { memory: { kisses, remembered }, lapse, warning };
  }

  /** Writes a memory, joined with what other runs have written meanwhile. Returns what went wrong, or `null`. */
  remember({ kisses, remembered }: Memory): StateWarning | null {
    return this.#change((theirs) => {
      const merged: StoredMemory = {
        kisses: mergeKisses(this.#base.kisses, kisses, theirs.kisses),
        stored: mergeRemembered(
          remembered,
          theirs.stored,
          !isSameMoment(this.#base.stored, theirs.stored),
          this.#moment(),
        ),
        keys: theirs.keys,
      };
      return { written: merged, base: { ...merged, kisses } };
    });
  }

  /**
   * Takes a server's keys out of the file. They are used by whoever has taken them out, and by nobody else: where the file could not be
   * written, or another run has it, there are none.
   * @param now Unix milliseconds, by the clock
   */
  takeKeys(of: KeysOf, now: number): KeptKeys | null {
    // Where there are none nothing is written: most runs are under no keys.
    if (withoutKeys(this.#read().memory.keys, of).taken === null) return null;
    let taken: KeptKeys | null = null;
    const warning = this.#change((theirs, isAlone) => {
      const { left, taken: found } = withoutKeys(theirs.keys, of);
      if (!isAlone || found === null) return null;
      taken = found;
      return { written: { ...theirs, keys: left }, base: this.#base };
    });
    return taken === null || warning !== null || !isFresh(taken, now) ? null : taken;
  }

  /**
   * Puts keys into the file for the next run, in place of those of the same servers.
   * @param now Unix milliseconds, by the clock
   */
  keepKeys(fresh: readonly KeptKeys[], now: number): StateWarning | null {
    if (fresh.length === 0) return null;
    return this.#change((theirs) => ({
      written: { ...theirs, keys: withKeys(theirs.keys, fresh, now) },
      base: this.#base,
    }));
  }

  /** Empties the memory, that of other runs included (`--forget`). */
  forget(): StateWarning | null {
    return this.#change(() => ({ written: EMPTY, base: EMPTY }));
  }

  /**
   * @param change says what is to be written in place of what the file has, and what this run and the file then agree on; `null`:
   *   nothing is. `isAlone`: no other run that is known of has the file.
   */
  #change(
    change: (
      theirs: StoredMemory,
      isAlone: boolean,
    ) => { readonly written: StoredMemory; readonly base: StoredMemory } | null,
  ): StateWarning | null {
    try {
      this.#files.makeFolder(dirname(this.path));
      return underLock(this.#files, this.#lock(), (isAlone) => {
        const { memory, warning } = this.#readOrSetAside();
        // What can neither be understood nor moved away is not written over.
        if (warning !== null && !(isFaulty(warning) && warning.aside !== null)) return warning;
        const changed = change(memory, isAlone);
        if (changed === null) return warning;
        this.#replace(encodeMemory(changed.written), changed.written.keys.length > 0);
        this.#base = changed.base;
        return warning;
      });
    } catch (error) {
      return { code: "unwritable", path: this.path, why: reasonOf(error) };
    }
  }

  #lock(): string {
    return `${this.path}.lock`;
  }

  #read(): Read {
    let text: string;
    try {
      if (this.#files.isForeign(this.path)) return { memory: EMPTY, warning: { code: "foreign", path: this.path } };
      text = this.#files.read(this.path);
    } catch (error) {
      const missing = hasCode(error, "ENOENT");
      return { memory: EMPTY, warning: missing ? null : { code: "unreadable", path: this.path, why: reasonOf(error) } };
    }
    const memory = decodeMemory(text);
    if (typeof memory !== "string") return { memory, warning: null };
    return { memory: EMPTY, warning: { code: memory, path: this.path, aside: null } };
  }

  /** Reads; puts a file that is no memory out of the way, for a person to look at. Only under the lock. */
  #readOrSetAside(): Read {
    const recalled = this.#read();
    if (recalled.warning === null || !isFaulty(recalled.warning)) return recalled;
    const moment = new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, "");
    const aside = `${this.path}.${recalled.warning.code}-${moment}Z-${process.pid}`;
    try {
      this.#files.rename(this.path, aside);
    } catch {
      return recalled;
    }
    return { ...recalled, warning: { ...recalled.warning, aside } };
  }

  /** @param secret nobody else may read it */
  #replace(text: string, secret: boolean): void {
    sweepLeftovers(this.#files, this.path);
    const beside = draftOf(this.path);
    const descriptor = this.#createAnew(beside, secret);
    try {
      try {
        this.#files.write(descriptor, text);
        this.#files.sync(descriptor);
      } finally {
        this.#files.close(descriptor);
      }
      this.#files.rename(beside, this.path);
    } catch (error) {
      try {
        this.#files.remove(beside);
      } catch {
        // the first error says more
      }
      throw error;
    }
    this.#files.syncFolder(dirname(this.path));
  }

  /** Makes a file, in place of one that a dead run of the same number may have left. */
  #createAnew(path: string, secret: boolean): number {
    try {
      return this.#files.create(path, secret);
    } catch (error) {
      if (!hasCode(error, "EEXIST")) throw error;
      this.#files.remove(path);
      return this.#files.create(path, secret);
    }
  }
}

type Faulty = Extract<StateWarning, { readonly aside: string | null }>;

function isFaulty(warning: StateWarning): warning is Faulty {
  return warning.code === "corrupt" || warning.code === "future";
}

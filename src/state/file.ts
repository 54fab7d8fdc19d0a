/**
 * The state file: read at the start of a run, replaced in one stroke whenever there is something to remember.
 *
 * At every moment, also when the power fails, the file is either as it was or as it is to be: it is written beside, brought
 * to the disk, and renamed into place. Two runs at once do not lose each other's kisses: a run adds to what the file has
 * by then, under a lock. Nothing here throws; what goes wrong is a warning, since time is worth setting all the same.
 */
import { dirname } from "node:path";
import { NOTHING, type Memory } from "../engine/memory.ts";
import { type Files, hasCode, realFiles } from "./files.ts";
import { underLock } from "./lock.ts";
import { decodeMemory, encodeMemory, mergeMemory } from "./memory.ts";

/** What went wrong with the state; the words are chosen in `view`. */
export type StateWarning =
  /** The file is not what we write, or written by a later version; it was put aside where `aside` says, if it could be. */
  | { readonly code: "corrupt" | "future"; readonly path: string; readonly aside: string | null }
  | { readonly code: "unreadable" | "unwritable"; readonly path: string; readonly why: string };

/** What earlier runs remembered. */
export interface Recalled {
  readonly memory: Memory;
  readonly warning: StateWarning | null;
}

/** One run's view of a state file. */
export class StateFile {
  readonly path: string;
  readonly #files: Files;
  /** What this run and the file last agreed on. */
  #base: Memory = NOTHING;

  /** @param path of the file; its folder is made when it is first written */
  constructor(path: string, files: Files = realFiles) {
    this.path = path;
    this.#files = files;
  }

  /** Reads the file; a missing one is an empty memory. */
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
    return recalled;
  }

  /** Writes a memory, joined with what other runs have written meanwhile. Returns what went wrong, or `null`. */
  remember(memory: Memory): StateWarning | null {
    return this.#change(memory, (theirs) => mergeMemory(this.#base, memory, theirs));
  }

  /** Empties the memory, that of other runs included (`--forget`). */
  forget(): StateWarning | null {
    return this.#change(NOTHING, () => NOTHING);
  }

  #change(ours: Memory, change: (theirs: Memory) => Memory): StateWarning | null {
    try {
      this.#files.makeFolder(dirname(this.path));
      return underLock(this.#files, this.#lock(), () => {
        const { memory, warning } = this.#readOrSetAside();
        // What can neither be understood nor moved away is not written over.
        if (warning !== null && !(isFaulty(warning) && warning.aside !== null)) return warning;
        this.#replace(encodeMemory(change(memory)));
        this.#base = ours;
        return warning;
      });
    } catch (error) {
      return { code: "unwritable", path: this.path, why: codeOf(error) };
    }
  }

  #lock(): string {
    return `${this.path}.lock`;
  }

  #read(): Recalled {
    let text: string;
    try {
      text = this.#files.read(this.path);
    } catch (error) {
      const missing = hasCode(error, "ENOENT");
      return { memory: NOTHING, warning: missing ? null : { code: "unreadable", path: this.path, why: codeOf(error) } };
    }
    const memory = decodeMemory(text);
    if (typeof memory !== "string") return { memory, warning: null };
    return { memory: NOTHING, warning: { code: memory, path: this.path, aside: null } };
  }

  /** Reads; puts a file that is no memory out of the way, for a person to look at. Only under the lock. */
  #readOrSetAside(): Recalled {
    const recalled = this.#read();
    if (recalled.warning === null || !isFaulty(recalled.warning)) return recalled;
    const moment = new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, "");
    const aside = `${this.path}.corrupt-${moment}Z-${process.pid}`;
    try {
      this.#files.rename(this.path, aside);
    } catch {
      return recalled;
    }
    return { ...recalled, warning: { ...recalled.warning, aside } };
  }

  #replace(text: string): void {
    const beside = `${this.path}.${process.pid}.new`;
    const descriptor = this.#createAnew(beside);
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
  #createAnew(path: string): number {
    try {
      return this.#files.create(path);
    } catch (error) {
      if (!hasCode(error, "EEXIST")) throw error;
      this.#files.remove(path);
      return this.#files.create(path);
    }
  }
}

type Faulty = Extract<StateWarning, { readonly aside: string | null }>;

function isFaulty(warning: StateWarning): warning is Faulty {
  return warning.code === "corrupt" || warning.code === "future";
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}

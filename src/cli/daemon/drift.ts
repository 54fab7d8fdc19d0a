/** The drift file while the daemon lives: read at the start, written once an hour and at the end, where the frequency changed. */
import type { Configuration } from "../../config/ntpconf/record.ts";
import { readDrift, writeDrift } from "../../state/drift.ts";
import type { Frequency } from "../../time/seconds.ts";
import type { Log } from "./log.ts";

/** Less than this is no change worth a write where the file says nothing else, s/s. */
const LEAST_CHANGE = 1e-9;

/** A drift file. */
export class DriftFile {
  readonly #path: string | null;
  readonly #keeps: boolean;
  readonly #leastChange: Frequency;
  readonly #log: Log;
  #kept: Frequency | null = null;

  /**
   * @param drift `driftFile` of `null`: there is none
   * @param keeps false where the clock is left alone: what is kept is of use only to whoever steers it
   */
  constructor(
    { driftFile, driftTolerance }: Pick<Configuration, "driftFile" | "driftTolerance">,
    keeps: boolean,
    log: Log,
  ) {
    this.#path = driftFile;
    this.#leastChange = driftTolerance === null ? LEAST_CHANGE : driftTolerance * 1e-6;
    this.#keeps = keeps;
    this.#log = log;
  }

  /** What an earlier run left. */
  read(): Frequency | null {
    if (this.#path === null) return null;
    const { frequency, fault } = readDrift(this.#path);
    if (fault !== null)
      this.#log.say("warning", "driftFile", `drift file ${this.#path}: ${fault}; the frequency is measured anew`);
    this.#kept = frequency;
    return frequency;
  }

  /** Keeps a frequency. @param frequency `null`: it is not known yet */
  keep(frequency: Frequency | null): void {
    if (this.#path === null || !this.#keeps || frequency === null) return;
    if (this.#kept !== null && Math.abs(frequency - this.#kept) < this.#leastChange) return;
    const fault = writeDrift(this.#path, frequency);
    if (fault === null) this.#kept = frequency;
    this.#log.matter(
      "driftfile",
      "warning",
      "driftFile",
      fault === null ? null : `drift file ${this.#path} cannot be written: ${fault}`,
    );
  }
}

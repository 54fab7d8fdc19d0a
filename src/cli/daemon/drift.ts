/** The drift file while the daemon lives: read at the start, written once an hour and at the end, where the frequency changed. */
import type { Configuration } from "../../config/ntpconf/record.ts";
import { readDrift, writeDrift, type DriftForm } from "../../state/drift.ts";
import type { Frequency } from "../../time/seconds.ts";
import type { Log } from "./log.ts";

/** Less than this is no change worth a write where the file says nothing else, s/s. */
const LEAST_CHANGE = 1e-9;

/** Of a file that another daemon writes ours is beside it, so that this one can go back to its own. */
const BESIDE = ".ntpkit";

/** A drift file. */
export class DriftFile {
  /** Ours. */
  readonly #path: string | null;
  /** What is read where there is none of ours, and never written. */
  readonly #other: string | null;
  readonly #keeps: boolean;
  readonly #leastChange: Frequency;
  readonly #log: Log;
  #kept: Frequency | null = null;

  /**
   * @param drift `driftFile` of `null`: there is none
   * @param keeps false where the clock is left alone: what is kept is of use only to whoever steers it
   */
  constructor(
    { driftFile, driftForm, driftTolerance }: Pick<Configuration, "driftFile" | "driftForm" | "driftTolerance">,
    keeps: boolean,
    log: Log,
  ) {
    const isOurs = driftFile === null || driftForm === "ntp";
    this.#path = isOurs ? driftFile : `${driftFile}${BESIDE}`;
    this.#other = isOurs ? null : driftFile;
    this.#leastChange = driftTolerance === null ? LEAST_CHANGE : driftTolerance * 1e-6;
    this.#keeps = keeps;
    this.#log = log;
  }

  /** What an earlier run left. */
  read(): Frequency | null {
    if (this.#path === null) return null;
    this.#kept = this.#readFrom(this.#path, "ntp");
    return this.#kept ?? (this.#other === null ? null : this.#readFrom(this.#other, "chrony"));
  }

  #readFrom(path: string, form: DriftForm): Frequency | null {
    const { frequency, fault } = readDrift(path, undefined, form);
    if (fault !== null)
      this.#log.say("warning", "driftFile", `drift file ${path}: ${fault}; the frequency is measured anew`);
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

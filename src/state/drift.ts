/** The drift file: the frequency error of the oscillator, in parts per million, as ntpd writes it; and as chronyd does. */
import type { Frequency } from "../time/seconds.ts";
import { hasCode, realFiles, reasonOf, type Files } from "./files.ts";
import { draftOf, quietly, sweepLeftovers } from "./leftovers.ts";

/** What a drift file says. */
export interface Drift {
  /** s/s; `null`: there is none yet, or nothing that could be read. */
  readonly frequency: Frequency | null;
  /** What is wrong with the file; `null`: nothing, also when it is missing. */
  readonly fault: string | null;
}

/**
 * Whose file it is, and so what its number means. ntpd's is the correction to apply, chronyd's the rate at which the clock gains,
 * with how sure of that it is behind it: the opposite sign.
 */
export type DriftForm = "ntp" | "chrony";

/** Beyond this no oscillator is off, ppm. */
const MOST = 500;

/** Reads a drift file. */
export function readDrift(path: string, files: Pick<Files, "read"> = realFiles, form: DriftForm = "ntp"): Drift {
  let text: string;
  try {
    text = files.read(path);
  } catch (error) {
    return { frequency: null, fault: hasCode(error, "ENOENT") ? null : reasonOf(error) };
  }
  const frequency = parseDrift(text, form);
  return { frequency, fault: frequency === null ? "it is not a frequency in ppm" : null };
}

const NUMBER = String.raw`[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?`;
const FORMS: Readonly<Record<DriftForm, RegExp>> = {
  ntp: new RegExp(String.raw`^\s*(${NUMBER})(?:\s|$)`, "i"),
  chrony: new RegExp(String.raw`^\s*(${NUMBER})\s+${NUMBER}(?:\s|$)`, "i"),
};

/**
 * The frequency a drift file's text has: the correction its first number comes to.
 * @returns s/s; `null` where there is none within ±500 ppm
 */
export function parseDrift(text: string, form: DriftForm = "ntp"): Frequency | null {
  const ppm = Number(FORMS[form].exec(text)?.[1] ?? NaN);
  if (!(Math.abs(ppm) <= MOST)) return null;
  return (form === "chrony" ? 0 - ppm : ppm) * 1e-6;
}

/** What a drift file of ntpd has. */
export function driftText(frequency: Frequency): string {
  return `${(frequency * 1e6).toFixed(6)}\n`;
}

/**
 * Replaces a drift file at once: at every moment it is the old one or the new one.
 * @returns what went wrong; `null`: nothing
 */
export function writeDrift(path: string, frequency: Frequency, files: Files = realFiles): string | null {
  const beside = draftOf(path);
  try {
    sweepLeftovers(files, path);
    quietly(() => files.remove(beside));
    const descriptor = files.create(beside);
    try {
      files.write(descriptor, driftText(frequency));
      files.sync(descriptor);
    } finally {
      files.close(descriptor);
    }
    files.rename(beside, path);
    return null;
  } catch (error) {
    quietly(() => files.remove(beside));
    return reasonOf(error);
  }
}

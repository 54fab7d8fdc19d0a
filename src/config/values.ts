/** Durations and whole numbers as people type them: on the command line, after a server's name, in ntp.conf. */
import type { Seconds } from "../time/seconds.ts";
import { UsageError } from "./usage.ts";
import { own } from "../wire/own.ts";

/** The units of a duration, seconds each. */
export const UNITS: Readonly<Record<string, Seconds>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
};

/** What is allowed of a duration. */
export interface DurationBounds {
  /** Inclusive; 0 unless said otherwise. */
  readonly least?: Seconds;
  /** Inclusive; {@link LONGEST} unless said otherwise. */
  readonly most?: Seconds;
  /** `inf` switches the limit off. */
  readonly infinite?: boolean;
}

/** The longest finite duration accepted: a hundred years. */
export const LONGEST: Seconds = 100 * 365.25 * 86_400;

/** How many seconds a unit has; `undefined`: there is no such unit. */
export function unitNamed(name: string): Seconds | undefined {
  return own(UNITS, name);
}

/**
 * Reads a duration: `2s`, `250ms`, `1m`, `1h`, `1d`, `inf` where a limit may be off, or a plain number of seconds.
 * @param what names the value in the error, e.g. `--timeout`
 * @returns seconds; `Infinity` for `inf`
 * @throws UsageError
 */
export function parseDuration(text: string, what: string, bounds: DurationBounds = {}): Seconds {
  const { least = 0, most = LONGEST, infinite = false } = bounds;
  const word = text.trim();
  if (infinite && /^(inf|infinity|off|never)$/i.test(word)) return Infinity;
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*([a-zµ]*)$/i.exec(word);
  const unit = match === null ? undefined : match[2] === "" ? 1 : unitNamed(match[2]!);
  if (match === null || unit === undefined) {
    throw new UsageError(
      `${what}: "${text}" is not a duration`,
      `write it as 2s, 250ms, 1m, 1h, 1d${infinite ? ", inf" : ""} or a number of seconds`,
    );
  }
  const seconds = Number(match[1]) * unit;
  if (!(seconds >= least))
    throw new UsageError(`${what}: ${text} is too short`, `the least is ${plainDuration(least)}`);
  if (!(seconds <= most))
    throw new UsageError(
      `${what}: ${text} is too long`,
      `the most is ${plainDuration(most)}${infinite ? "; inf switches it off" : ""}`,
    );
  return seconds;
}

/**
 * A duration as it would be typed, in the largest unit that keeps it whole.
 * @param seconds ≥ 0 or `Infinity`
 * @returns e.g. `128ms`, `1000s`, `1d`, `inf`
 */
export function plainDuration(seconds: Seconds): string {
  if (seconds === Infinity) return "inf";
  if (seconds === 0) return "0s";
  for (const [unit, each] of [
    ["d", 86_400],
    ["h", 3600],
    ["m", 60],
  ] as const)
    if (seconds % each === 0) return `${seconds / each}${unit}`;
  if (Number.isInteger(seconds) || seconds >= 1) return `${seconds}s`;
  for (const unit of ["ms", "us"]) {
    const count = seconds / own(UNITS, unit)!;
    if (count >= 1) return `${Number(count.toPrecision(12))}${unit}`;
  }
  return `${Number((seconds / 1e-9).toPrecision(12))}ns`;
}

/**
 * Reads a whole number in decimal.
 * @param what names the value in the error
 * @throws UsageError unless least ≤ number ≤ most
 */
export function parseInteger(text: string, what: string, least: number, most: number): number {
  const word = text.trim();
  if (!/^[+-]?\d+$/.test(word))
    throw new UsageError(`${what}: "${text}" is not a whole number`, `from ${least} to ${most}`);
  const value = Number(word);
  if (value < least || value > most)
    throw new UsageError(`${what}: ${text} is out of range`, `from ${least} to ${most}`);
  return value;
}

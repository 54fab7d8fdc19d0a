/** What the options of a one-shot may be, whoever gives them: the command line in words, a program as numbers. */
import { KEY_ID_LIMIT } from "../security/keyids.ts";
import type { OnceOptions } from "./options.ts";
import { MOST_SAMPLES } from "./servers.ts";
import { UsageError } from "./usage.ts";
import { LONGEST, type DurationBounds } from "./values.ts";

/** Least and most of a whole number, both inclusive. */
export interface IntegerBounds {
  readonly least: number;
  readonly most: number;
}

type IntegerOption =
  | "port"
  | "sourcePort"
  | "key"
  | "samples"
  | "minclock"
  | "maxclock"
  | "minsane"
  | "floor"
  | "ceiling";
type DurationOption =
  | "interval"
  | "accuracy"
  | "callDelay"
  | "timeout"
  | "deadline"
  | "waitNetwork"
  | "maxdist"
  | "stepThreshold"
  | "panic";

/** The whole numbers. */
export const INTEGERS: Readonly<Record<IntegerOption, IntegerBounds>> = {
  port: { least: 1, most: 65_535 },
  sourcePort: { least: 1, most: 65_535 },
  key: { least: 1, most: KEY_ID_LIMIT },
  samples: { least: 1, most: MOST_SAMPLES },
  minclock: { least: 1, most: 1000 },
  maxclock: { least: 1, most: 1000 },
  minsane: { least: 0, most: 1000 },
  floor: { least: 0, most: 16 },
  ceiling: { least: 1, most: 16 },
};

/** The durations, seconds. */
export const DURATIONS: Readonly<Record<DurationOption, DurationBounds>> = {
  interval: { least: 0.001, most: 1024 },
  accuracy: { least: 1e-9 },
  callDelay: { most: 300 },
  timeout: { least: 0.001, most: 300 },
  deadline: { least: 0.001, infinite: true },
  waitNetwork: { most: 86_400 },
  maxdist: { least: 0.001, most: 16 },
  stepThreshold: { infinite: true },
  panic: { infinite: true },
};

/**
 * Checks options that did not come as text.
 * @throws UsageError for the first that is not within its bounds
 */
export function checkOnceOptions(options: OnceOptions): void {
  for (const [name, { least, most }] of Object.entries(INTEGERS)) {
    const value = options[name as IntegerOption];
    if (value !== undefined && !(Number.isInteger(value) && value >= least && value <= most))
      throw wrong(name, value, `a whole number from ${least} to ${most}`);
  }
  for (const [name, bounds] of Object.entries(DURATIONS)) checkDuration(name, options[name as DurationOption], bounds);
  for (const way of ["forward", "backward"] as const)
    checkDuration(`maxStep.${way}`, options.maxStep?.[way], { infinite: true });
}

function checkDuration(
  name: string,
  value: number | undefined,
  { least = 0, most = LONGEST, infinite = false }: DurationBounds,
): void {
  if (value === undefined || (infinite && value === Infinity)) return;
  if (typeof value !== "number" || !(value >= least && value <= most))
    throw wrong(name, value, `a number of seconds, from ${least} to ${most}${infinite ? ", or Infinity" : ""}`);
}

function wrong(name: string, value: unknown, wanted: string): UsageError {
  const given = typeof value === "string" ? JSON.stringify(value) : String(value);
  const hint =
    typeof value === "string" ? "a program gives it as a number, not as text" : "leave it out for the default";
  return new UsageError(`${name}: ${given} is not ${wanted}`, hint);
}

/**
 * Ranges of monitoring plugins, within which all is well:
 *
 * ```text
 * 10     0 … 10          10:   10 … ∞         ~:10   −∞ … 10
 * 10:20  10 … 20         @10:20   all but 10 … 20
 * ```
 *
 * Limits may have a unit where they are durations: `250ms`, `-1s:1s`.
 */
import { UsageError } from "./usage.ts";
import { unitNamed } from "./values.ts";

/** A range. */
export interface Range {
  readonly low: number;
  readonly high: number;
  /** With `@`: well outside. */
  readonly inverted: boolean;
  /** Without a colon: for what has a sign its size counts. */
  readonly plain: boolean;
}

/** When to warn, and when it is critical. */
export interface Thresholds {
  readonly warning: Range | null;
  readonly critical: Range | null;
}

/**
 * Reads a range.
 * @param what names the value in the error
 * @throws UsageError
 */
export function parseRange(text: string, what: string): Range {
  const [, at = "", low, colon, high] = /^(@?)(?:([^:@]*?)(:))?([^:@]*)$/.exec(text.trim()) ?? [];
  const wrong = new UsageError(`${what}: "${text}" is not a range`, "write it as 10, 10:, ~:10, 10:20 or @10:20");
  if (high === undefined || (colon === undefined && high === "")) throw wrong;
  const limit = (word: string, missing: number): number => {
    if (word === "") return missing;
    const value = numberOf(word);
    if (value === null) throw wrong;
    return value;
  };
  const range = {
    low: low === "~" ? -Infinity : limit(low ?? "", 0),
    high: limit(high, Infinity),
    inverted: at === "@",
    plain: colon === undefined,
  };
  if (range.low > range.high) throw wrong;
  return range;
}

/**
 * Reads `WARNING`, `WARNING,CRITICAL` or `,CRITICAL`.
 * @throws UsageError
 */
export function parseThresholds(text: string, what: string): Thresholds {
  const [warning = "", critical = "", ...more] = text.split(",");
  if (more.length > 0 || (warning === "" && critical === ""))
    throw new UsageError(`${what}: "${text}" is not WARNING,CRITICAL`, "two ranges with a comma between them");
  return {
    warning: warning === "" ? null : parseRange(warning, what),
    critical: critical === "" ? null : parseRange(critical, what),
  };
}

/** Whether a value is outside of where all is well. */
export function isAlert(value: number, { low, high, inverted }: Range): boolean {
  return (value < low || value > high) !== inverted;
}

function numberOf(word: string): number | null {
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*([a-zµ]*)$/i.exec(word);
  const unit = match === null ? undefined : match[2] === "" ? 1 : unitNamed(match[2]!);
  return match === null || unit === undefined ? null : Number(match[1]) * unit;
}

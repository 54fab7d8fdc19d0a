/** What a value read from a file has to be. A file may say anything; nothing here throws. */

/** True for a value that is as it should be. */
export type Check = (value: unknown) => boolean;

/** A plain object. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Whether a JSON text has lists and objects within each other more than so deep. To read 15 MB of `[` takes the engine 12 s and
 * longer than any deadline; to see that there are so many of them, milliseconds.
 */
export function isNestedDeeper(text: string, most: number): boolean {
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < text.length && depth <= most; at += 1) {
    const character = text[at];
    if (character === '"') quoted = !quoted;
    else if (quoted) at += character === "\\" ? 1 : 0;
    else if (character === "[" || character === "{") depth += 1;
    else if (character === "]" || character === "}") depth -= 1;
  }
  return depth > most;
}

/** A finite number within bounds, both included. */
export function number(least: number = -Number.MAX_VALUE, most: number = Number.MAX_VALUE): Check {
  return (value) => typeof value === "number" && value >= least && value <= most;
}

/** A whole number within bounds, both included. */
export function integer(least: number, most: number): Check {
  return (value) => Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
}

/** A text of so many characters, not empty. */
export function text(most: number): Check {
  return (value) => typeof value === "string" && value !== "" && value.length <= most;
}

/** One of some words. */
export function oneOf(words: readonly string[]): Check {
  return (value) => typeof value === "string" && words.includes(value);
}

/** The check's value, or `null`. */
export function maybe(check: Check): Check {
  return (value) => value === null || check(value);
}

/** A list of at most so many. */
export function listOf(check: Check, most: number): Check {
  return (value) => Array.isArray(value) && value.length <= most && value.every(check);
}

/** An object with these fields, and perhaps others. */
export function fields(checks: Readonly<Record<string, Check>>): Check {
  const entries = Object.entries(checks);
  return (value) =>
    isRecord(value) && entries.every(([name, check]) => Object.hasOwn(value, name) && check(value[name]));
}

/** One word of ntp.conf by what it has to be: the only place where the words of a line are judged one by one. */
import { asciiName } from "../hostname.ts";
import { literalFamily, plainLiteral } from "../literal.ts";
import { didYouMean } from "../suggest.ts";
import { UsageError } from "../usage.ts";
import type { NumberTaken, Takes } from "./syntax.ts";
import type { Word } from "./words.ts";

/** What a word comes to. */
export type Value = number | string;

/** A number that is beyond its bounds: what is said of it, and what counts in its place. */
export interface Beyond {
  readonly text: string;
  /** `null`: nothing. */
  readonly instead: number | null;
  /** The whole line is left out. */
  readonly drops: boolean;
}

/**
 * What becomes of a number by its bounds.
 * @param named as it is quoted, e.g. `minpoll 2`
 * @returns `null` where it is within them, or is no number
 */
export function beyondBounds(value: Value, named: string, takes: Takes): Beyond | null {
  if (typeof value !== "number" || !("least" in takes)) return null;
  const { least, most, beyond } = takes;
  if (value >= least && value <= most) return null;
  const range = `it is from ${least} to ${most}`;
  if (beyond === "ignore" || (beyond === "ignoreBelow" && value < least))
    return { text: `"${named}" is ignored: ${range}`, instead: null, drops: false };
  if (beyond === "drop") return { text: `"${named}" is out of range: ${range}`, instead: null, drops: true };
  const nearest = value < least ? least : most;
  return { text: `"${named}" becomes ${nearest}: ${range}`, instead: nearest, drops: false };
}

/**
 * Reads one word. Numbers may be beyond their bounds: see {@link beyondBounds}.
 * @param named the word as it is quoted in errors, e.g. `minpoll 99`
 * @throws UsageError at the word's place
 */
export function readWord(word: Word, named: string, takes: Takes): Value {
  switch (takes.takes) {
    case "integer":
    case "seconds":
    case "number":
      return readNumber(word, named, takes);
    case "choice":
      if (!takes.choices.includes(word.text)) {
        throw new UsageError(
          `"${named}": unknown word "${word.text}"`,
          didYouMean(word.text, takes.choices) ?? `one of ${takes.choices.join(", ")}`,
          word.at,
        );
      }
      return word.text;
    case "host":
      return readHost(word);
    case "peer":
      return /^\d+$/.test(word.text) ? word.text : readHost(word);
    // Groups and clocks are judged where they are used: what is none is passed over there, as by ntpd.
    case "group":
    case "clock":
    case "nothing":
    case "word":
      return word.text;
  }
}

/** Whether an address stands for a reference clock, 127.127.TYPE.UNIT. */
export function isClock(text: string): boolean {
  return literalFamily(text) === 4 && text.startsWith("127.127.");
}

const KINDS = {
  integer: { pattern: /^[+-]?\d+$/, text: "whole number" },
  seconds: { pattern: /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i, text: "number of seconds" },
  number: { pattern: /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i, text: "number" },
} as const;

function readNumber(word: Word, named: string, { takes }: NumberTaken): number {
  const { pattern, text } = KINDS[takes];
  const value = Number(word.text);
  if (!pattern.test(word.text) || !Number.isFinite(value))
    throw new UsageError(`"${named}": not a ${text}`, null, word.at);
  return value;
}

function readHost(word: Word): string {
  const literal = plainLiteral(/^\[([^\]]+)\]$/.exec(word.text)?.[1] ?? word.text);
  if (literal !== null) return literal;
  const told = asciiName(word.text);
  if ("name" in told) return told.name === word.text.toLowerCase() ? word.text : told.name;
  throw new UsageError(told.message, null, { ...word.at, column: word.at.column + told.column - 1 });
}

/** One word of ntp.conf by what it has to be: the only place where the words of a line are judged one by one. */
import { isMulticast } from "../../wire/address.ts";
import { literalFamily, plainLiteral } from "../literal.ts";
import { didYouMean } from "../suggest.ts";
import { UsageError } from "../usage.ts";
import type { Takes } from "./syntax.ts";
import type { Word } from "./words.ts";

/** What a word comes to. */
export type Value = number | string;

/**
 * Reads one word.
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
    case "group":
      if (literalFamily(word.text) === 0 || !isMulticast(word.text))
        throw new UsageError(
          `"${word.text}" is not a multicast group`,
          "such as 224.0.1.1, 239.1.1.1 or ff05::101",
          word.at,
        );
      return word.text;
    case "clock":
      if (!isClock(word.text))
        throw new UsageError(
          `"${word.text}" is not a reference clock's address`,
          "the local clock is 127.127.1.0",
          word.at,
        );
      return word.text;
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
  integer: { pattern: /^-?\d+$/, text: "whole number" },
  seconds: { pattern: /^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i, text: "number of seconds" },
  number: { pattern: /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i, text: "number" },
} as const;

function readNumber(
  word: Word,
  named: string,
  { takes, least, most }: Takes & { readonly takes: "integer" | "seconds" | "number" },
): number {
  const { pattern, text } = KINDS[takes];
  if (!pattern.test(word.text)) throw new UsageError(`"${named}": not a ${text}`, null, word.at);
  const value = Number(word.text);
  if (!(value >= least && value <= most))
    throw new UsageError(`"${named}": out of range`, `from ${least} to ${most}`, word.at);
  return value;
}

/** Of DNS, in its dotted form with a dot at the end (RFC 1035 §2.3.4). */
const LONGEST_NAME = 254;

function readHost(word: Word): string {
  const literal = plainLiteral(word.text);
  if (literal !== null) return literal;
  if (word.text.length > LONGEST_NAME || !/^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_.])?$/i.test(word.text))
    throw new UsageError(`"${word.text}" is not a host name or an IP address`, null, word.at);
  if (/^[\d.]+$/.test(word.text)) throw new UsageError(`"${word.text}" is not an IPv4 address`, null, word.at);
  return word.text;
}

/**
 * `leap-seconds.list`, as NIST and the IERS publish it and ntpd reads it: when leap seconds were, when the next one is, and how
 * long the list is good for.
 *
 * ```text
 * #$ 3676924800              when it was last changed, NTP seconds
 * #@ 3707596800              when it expires
 * 2272060800  10             from then on TAI − UTC is 10 s
 * #h 16edd0f0 3666784f …     SHA-1 of all these numbers' digits, in the order of the file
 * ```
 *
 * Seconds are counted from 1900 without an era: `bigint`, for they pass 2^32 in 2036.
 */
import type { LeapKnowledge, NextLeap } from "./leap.ts";
import type { Seconds } from "./seconds.ts";

/** From a moment on UTC is this far behind TAI. */
export interface LeapEntry {
  /** NTP seconds since 1900, the first one after the leap. */
  readonly at: bigint;
  /** TAI − UTC, seconds. */
  readonly tai: number;
}

/** What a list says. */
export interface LeapSeconds {
  readonly entries: readonly LeapEntry[];
  /** NTP seconds since 1900; `null`: the list does not say. */
  readonly expires: bigint | null;
  /** Whether its hash is that of its numbers; `missing`: it has none. */
  readonly hash: "good" | "bad" | "missing";
}

/** Why a text is no list. */
export interface LeapFault {
  readonly kind: "malformed";
  /** 1 … */
  readonly line: number;
  readonly text: string;
}

/**
 * Reads a list.
 * @param sha1 of an ASCII text, 40 hexadecimal digits in lower case
 */
export function parseLeapSeconds(text: string, sha1: (ascii: string) => string): LeapSeconds | LeapFault {
  const entries: LeapEntry[] = [];
  let digits = "";
  let expires: bigint | null = null;
  let hash: string | null = null;
  for (const [index, raw] of text.split(/\r\n|\n|\r/).entries()) {
    const line = raw.trim();
    const special = /^#([$@h])\s*(.*)$/.exec(line);
    if (special?.[1] === "h") {
      hash = normalHash(special[2]!);
    } else if (special !== null) {
      const moment = /^\d{1,20}/.exec(special[2]!)?.[0];
      if (moment === undefined) return { kind: "malformed", line: index + 1, text: line };
      digits += moment;
      if (special[1] === "@") expires = BigInt(moment);
    } else if (line !== "" && !line.startsWith("#")) {
      const entry = /^(\d{1,20})\s+(-?\d{1,4})(?:\s*#.*)?$/.exec(line);
      const at = BigInt(entry?.[1] ?? 0);
      if (entry === null || at <= (entries.at(-1)?.at ?? -1n))
        return { kind: "malformed", line: index + 1, text: line };
      digits += entry[1]! + entry[2]!;
      entries.push({ at, tai: Number(entry[2]) });
    }
  }
  if (entries.length === 0) return { kind: "malformed", line: 1, text: "" };
  return { entries, expires, hash: hash === null ? "missing" : hash === sha1(digits) ? "good" : "bad" };
}

/**
 * The next leap second.
 * @param now NTP seconds since 1900
 * @returns `null`: none is announced
 */
export function nextLeap({ entries }: LeapSeconds, now: bigint): NextLeap | null {
  const place = entries.findIndex(({ at }) => at > now);
  const entry = entries[place];
  const before = entries[place - 1];
  if (entry === undefined || before === undefined || entry.tai === before.tai) return null;
  return { at: Number(entry.at), leap: entry.tai > before.tai ? "insert" : "delete", tai: entry.tai };
}

/** What a list says of a moment, as plain data. @param now NTP seconds since 1900 */
export function knowledgeOf(list: LeapSeconds, now: bigint): LeapKnowledge {
  const latest = list.entries.at(-1)?.at;
  return {
    next: nextLeap(list, now),
    tai: taiOffset(list, now),
    latest: latest === undefined ? null : Number(latest),
    expires: list.expires === null ? null : Number(list.expires),
  };
}

/** TAI − UTC at a moment; `null` before the first entry. */
export function taiOffset({ entries }: LeapSeconds, now: bigint): number | null {
  return entries.findLast(({ at }) => at <= now)?.tai ?? null;
}

/**
 * How long the list is still good for.
 * @returns seconds, negative when it has expired; `null`: it does not say
 */
export function goodFor({ expires }: LeapSeconds, now: bigint): Seconds | null {
  return expires === null ? null : Number(expires - now);
}

/** Five words of eight digits; the IERS leaves leading zeroes out. */
function normalHash(words: string): string {
  return words
    .trim()
    .toLowerCase()
    .split(/\s+/)
    .map((word) => word.padStart(8, "0"))
    .join("");
}

/**
 * Lists of key identifiers, as `trustedkey` and `--trusted` take them: `1 2 (4 ... 19)`, `1 ... 19`, `1,2,4...19`.
 *
 * Kept as ranges: `(1 ... 65535)` is one range, not 65535 numbers.
 */
import type { Place, PlacedMessage } from "./place.ts";

/** The largest key identifier of the wire's 32 bits. ntpd keeps those above {@link KEY_ID_LIMIT} for Autokey. */
export const KEY_ID_MAXIMUM = 0xffff_ffff;

/** The largest identifier of a symmetric key in ntpd (its NTP_MAXKEY). */
export const KEY_ID_LIMIT = 65535;

/** Identifiers `first` … `last`, both included. */
export interface KeyIdRange {
  readonly first: number;
  readonly last: number;
}

/** Which keys are trusted. */
export type TrustedKeys = "all" | readonly KeyIdRange[];

/** What is wrong with an item of a list; numbers that cannot be identifiers are wrong otherwise than words are. */
export interface KeyIdFault extends PlacedMessage {
  readonly isNumber: boolean;
}

/** A list of identifiers, or where it is wrong. */
export interface KeyIdList {
  readonly ranges: readonly KeyIdRange[];
  readonly faults: readonly KeyIdFault[];
}

/** Whether a key is among the trusted. */
export function trusts(trusted: TrustedKeys, keyId: number): boolean {
  return trusted === "all" || trusted.some(({ first, last }) => first <= keyId && keyId <= last);
}

/**
 * A key identifier.
 * @param text decimal digits
 * @returns 1 … 4294967295, or `null` when the text is no such number
 */
export function parseKeyId(text: string): number | null {
  if (!/^\d{1,10}$/.test(text)) return null;
  const keyId = Number(text);
  return keyId >= 1 && keyId <= KEY_ID_MAXIMUM ? keyId : null;
}

/**
 * Reads a list of key identifiers and ranges of them, separated by blanks or commas; parentheses round a range are
 * ntpd's and may be left out.
 * @param text the list alone, on one line
 * @param start where it begins
 * @returns the ranges in order of appearance; a wrong item gives a fault and is left out
 */
export function parseKeyIds(text: string, start: Place): KeyIdList {
  const ranges: KeyIdRange[] = [];
  const faults: KeyIdFault[] = [];
  const items = text.matchAll(
    /\(\s*([^()\s.,]+)\s*\.\.\.\s*([^()\s.,]+)\s*\)|([^()\s.,]+)\s*\.\.\.\s*([^()\s.,]+)|[^\s,()]+|[()]/g,
  );
  for (const item of items) {
    const [from, to] = [item[1] ?? item[3] ?? item[0], item[2] ?? item[4] ?? item[0]];
    const range = rangeOf(from, to);
    const isNumber = /^[+-]?\d+$/.test(from) && /^[+-]?\d+$/.test(to);
    if (typeof range !== "string") ranges.push(range);
    else faults.push({ ...start, column: start.column + item.index, message: range, isNumber });
  }
  if (ranges.length === 0 && faults.length === 0)
    faults.push({ ...start, message: "a key identifier is missing", isNumber: false });
  return { ranges, faults };
}

/** A range, or what is wrong with it. */
function rangeOf(from: string, to: string): KeyIdRange | string {
  const first = parseKeyId(from);
  const last = parseKeyId(to);
  if (first === null || last === null) {
    const wrong = first === null ? from : to;
    return `"${wrong}" is not a key identifier (1 to ${KEY_ID_LIMIT}) nor a range of them, as (1 ... 19)`;
  }
  return first <= last ? { first, last } : `the range (${first} ... ${last}) runs backwards`;
}

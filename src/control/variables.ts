/**
 * The text of mode 6: `name=value, name="quoted, with commas", name` lists, read and written (RFC 9327 §4).
 *
 * Nothing a daemon says is lost: unknown names and bogus tags are kept, control bytes stay as they came, and whatever
 * prints them makes them safe. Values are read as ntpq reads them: blanks round an item do not count, a comma outside
 * quotes ends it, and a line end that no comma preceded ends the list.
 */
import type { Seconds } from "../time/seconds.ts";
import { timestamp, type NtpTimestamp } from "../time/timestamp.ts";
import { concatenate } from "../wire/octets.ts";

/** One item of a list. */
export interface Variable {
  readonly name: string;
  /** As it came, quotes included; empty where there is none. */
  readonly value: string;
}

/** Values by name, as they came; of two with one name the first. */
export type Variables = ReadonlyMap<string, string>;

/**
 * Octets as text: UTF-8, and each octet that is not part of any becomes a lone surrogate, U+DC80 … U+DCFF, so that
 * nothing is lost (as Python's `surrogateescape`; NTPsec 1.2.2 sends such octets in `filtdelay`).
 * @param octets not kept
 */
export function textOf(octets: Uint8Array): string {
  try {
    return UTF8.decode(octets);
  } catch {
    return escapedText(octets);
  }
}

/** The octets of a text; `octetsOf(textOf(x))` equals x. */
export function octetsOf(text: string): Uint8Array {
  if (!ESCAPED.test(text)) return new TextEncoder().encode(text);
  return concatenate(
    text
      .split(/([\udc80-\udcff])/u)
      .map((part) => (ESCAPED.test(part) ? Uint8Array.of(part.charCodeAt(0) & 0xff) : new TextEncoder().encode(part))),
  );
}

/** Reads a list. Never throws. */
export function parseVariables(text: string): Variable[] {
  const variables: Variable[] = [];
  for (const variable of eachVariable(text)) variables.push(variable);
  return variables;
}

/** The items of a list one by one, for lists that are long. */
export function* eachVariable(text: string): Generator<Variable, void> {
  let at = 0;
  for (;;) {
    while (at < text.length && isBetween(text.charCodeAt(at))) at += 1;
    if (at >= text.length) return;
    const nameEnd = endOfName(text, at);
    const valued = text.charCodeAt(nameEnd) === EQUALS;
    const end = valued ? endOfValue(text, nameEnd + 1) : nameEnd;
    if (end === UNCLOSED) return;
    const name = text.slice(at, nameEnd).trim();
    if (name !== "") yield { name, value: valued ? text.slice(nameEnd + 1, end).trim() : "" };
    if (text.charCodeAt(end) !== COMMA) return;
    at = end;
  }
}

/** Items by name. */
export function variablesByName(list: Iterable<Variable>): Map<string, string> {
  const byName = new Map<string, string>();
  for (const { name, value } of list) if (!byName.has(name)) byName.set(name, value);
  return byName;
}

/** A value without the quotes round it. */
export function unquoted(value: string): string {
  return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}

/**
 * An integer: decimal, `0x` hexadecimal, or octal where it begins with 0, as ntpq reads it.
 * @returns `null` when it is none, or has more digits than a number holds
 */
export function integerOf(value: string | undefined): number | null {
  if (value === undefined) return null;
  if (OCTAL.test(value)) return Number.parseInt(value, 8);
  if (!INTEGER.test(value)) return null;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : null;
}

/** A decimal number as it stands; `null` when it is none. */
export function numberOf(value: string | undefined): number | null {
  return value !== undefined && DECIMAL.test(value) ? finite(Number(value)) : null;
}

/** Milliseconds, the unit of mode 6, as seconds; `null` when it is no number. */
export function secondsOf(milliseconds: string | undefined): Seconds | null {
  if (milliseconds === undefined || !DECIMAL.test(milliseconds)) return null;
  // By moving the point, not by dividing: 0.167 becomes the number nearest to 0.000167.
  return finite(Number(`${milliseconds}e-3`));
}

/**
 * A timestamp: `0xeeac7f9b.d5d97a30`, with or without the `0x`.
 * @returns `null` when it is none
 */
export function timestampOf(value: string | undefined): NtpTimestamp | null {
  const [, seconds, fraction] = TIMESTAMP.exec(value ?? "") ?? [];
  return seconds === undefined || fraction === undefined
    ? null
    : timestamp(Number.parseInt(seconds, 16), Number.parseInt(fraction.padEnd(8, "0"), 16));
}

/** Several numbers between blanks, as `filtdelay` has them; `null` when one is none. */
export function numbersOf(value: string | undefined): number[] | null {
  const numbers = (value ?? "").split(/\s+/).filter(Boolean).map(numberOf);
  return numbers.includes(null) ? null : (numbers as number[]);
}

/** A row of a list whose items are told apart by a suffix: `addr.3`, `last.3`. */
export interface Row {
  readonly index: number;
  readonly fields: Variables;
}

/**
 * The rows of an indexed list, in the order of their indexes. Daemons send a row's items in random order and put in tags
 * that mean nothing, so that clients do not rely on either: unknown names are kept out.
 * @param names those that make a row, without suffix
 * @returns rows may be incomplete
 */
export function rowsOf(list: Iterable<Variable>, names: ReadonlySet<string>): Row[] {
  const rows = new Map<number, Map<string, string>>();
  for (const { name, value } of list) {
    const dot = name.lastIndexOf(".");
    const field = name.slice(0, Math.max(dot, 0));
    const suffix = name.slice(dot + 1);
    if (!names.has(field) || !INDEX.test(suffix)) continue;
    const index = Number(suffix);
    const row = rows.get(index) ?? new Map<string, string>();
    if (!row.has(field)) row.set(field, value);
    rows.set(index, row);
  }
  return [...rows].map(([index, fields]) => ({ index, fields })).toSorted((left, right) => left.index - right.index);
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** With `u`, surrogates that are halves of a pair do not count. */
const ESCAPED = /[\udc80-\udcff]/u;

const EQUALS = 0x3d;
const COMMA = 0x2c;
const QUOTE = 0x22;
const UNCLOSED = -1;

const OCTAL = /^0[0-7]{1,16}$/;
const INTEGER = /^(?:0[xX][0-9a-fA-F]{1,13}|[+-]?\d{1,15})$/;
const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)$/;
const TIMESTAMP = /^(?:0[xX])?([0-9a-fA-F]{1,8})\.([0-9a-fA-F]{1,8})$/;
const INDEX = /^\d{1,7}$/;

function escapedText(octets: Uint8Array): string {
  let text = "";
  let start = 0;
  for (let at = 0; at < octets.length;) {
    const length = sequenceLength(octets, at);
    if (length === 0) {
      text += UTF8.decode(octets.subarray(start, at)) + String.fromCharCode(0xdc00 | octets[at]!);
      start = at + 1;
    }
    at += Math.max(1, length);
  }
  return text + UTF8.decode(octets.subarray(start));
}

/** Octets of the UTF-8 sequence that begins there; 0 where none does (RFC 3629 §4). */
function sequenceLength(octets: Uint8Array, at: number): number {
  const lead = octets[at]!;
  if (lead < 0x80) return 1;
  const length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (length === 0 || at + length > octets.length) return 0;
  const [least, most] = SECOND_OCTETS.get(lead) ?? [0x80, 0xbf];
  if (octets[at + 1]! < least || octets[at + 1]! > most) return 0;
  for (let index = 2; index < length; index += 1) if (octets[at + index]! >> 6 !== 2) return 0;
  return length;
}

/** Where the second octet may not be just any: no overlong forms, no surrogates, nothing above U+10FFFF. */
const SECOND_OCTETS: ReadonlyMap<number, readonly [least: number, most: number]> = new Map([
  [0xe0, [0xa0, 0xbf]],
  [0xed, [0x80, 0x9f]],
  [0xf0, [0x90, 0xbf]],
  [0xf4, [0x80, 0x8f]],
]);

/** A daemon may write more digits than a number can have. */
function finite(number: number): number | null {
  return Number.isFinite(number) ? number : null;
}

function isBetween(code: number): boolean {
  return code === COMMA || code <= 0x20;
}

function isLineEnd(code: number): boolean {
  return code === 0x0a || code === 0x0d || code === 0;
}

function endOfName(text: string, from: number): number {
  let at = from;
  for (; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === EQUALS || code === COMMA || isLineEnd(code)) break;
  }
  return at;
}

/** Where a value ends; {@link UNCLOSED} where its quotes do not. */
function endOfValue(text: string, from: number): number {
  let quoted = false;
  let at = from;
  for (; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) quoted = !quoted;
    else if (isLineEnd(code) || (code === COMMA && !quoted)) break;
  }
  return quoted ? UNCLOSED : at;
}

/**
 * Values and lists as ntpd writes them: `name=value` items, a line no longer than 72 characters, milliseconds and parts per
 * million as people have read them for decades (RFC 9327 §4). What reads them is `../variables.ts`.
 */
import type { Frequency, Seconds } from "../../time/seconds.ts";
import { UNIX_EPOCH, type NtpTimestamp } from "../../time/timestamp.ts";

/** A value as text, quotes included; `null`: it is known by this name, but there is none. */
export type Value = string | null;

/** A line gets no longer than this, if its items let it. */
const LINE = 72;

/** A list of items: after a comma goes a blank or a line end, and another line end at the very end. */
export function listText(items: Iterable<string>): string {
  let text = "";
  let column = 0;
  for (const item of items) {
    if (text !== "") {
      column += 1;
      const fits = column + item.length + 1 < LINE;
      text += fits ? ", " : ",\r\n";
      column = fits ? column + 1 : 0;
    }
    text += item;
    column += item.length;
  }
  return text === "" ? "" : `${text}\r\n`;
}

/** Text in quotes; what would end it, or is not visible ASCII, is left out. */
export function quoted(text: string): string {
  return `"${text.replace(/[^ !#-~]/g, "")}"`;
}

/** Whole numbers. */
export function integer(value: number | null): Value {
  return value === null ? null : `${Math.round(value)}`;
}

/** Whole seconds, rounded down. */
export function seconds(value: Seconds | null): Value {
  return value === null ? null : `${Math.floor(value)}`;
}

/** Milliseconds. */
export function milliseconds(value: Seconds | null, decimals: number = 3): Value {
  return value === null ? null : (value * 1e3).toFixed(decimals);
}

/** Six digits that count, and no more than there are. */
export function general(value: number): string {
  return `${Number(value.toPrecision(6))}`;
}

/** Parts per million. */
export function partsPerMillion(value: Frequency | null): Value {
  return value === null ? null : (value * 1e6).toFixed(3);
}

/** `0x1f` */
export function hexadecimal(bits: number): string {
  return `0x${bits.toString(16)}`;
}

/** `0xeeac7f9b.d5d97a30` */
export function timestampText(value: NtpTimestamp): string {
  const digits = value.toString(16).padStart(16, "0");
  return `0x${digits.slice(0, 8)}.${digits.slice(8)}`;
}

/**
 * `201701010000`: year, month, day, hour and minute, UTC.
 * @param seconds since 1900; `null`: unknown
 */
export function calendarText(seconds: number | null): Value {
  if (seconds === null) return null;
  const date = new Date((seconds - Number(UNIX_EPOCH)) * 1000);
  return Number.isNaN(date.getTime()) ? null : date.toISOString().slice(0, 16).replaceAll(/\D/g, "");
}

/** Milliseconds between blanks, as a clock filter is shown. */
export function filterText(values: readonly Seconds[]): string {
  return values.map((value) => ` ${(value * 1e3).toFixed(2)}`).join("");
}

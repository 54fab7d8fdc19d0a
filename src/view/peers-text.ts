/** Numbers, times and text as ntpq 4.2.8 writes them, to the last digit. */
import { octetsOf } from "../control/variables.ts";
import type { Seconds } from "../time/seconds.ts";
import { UNKNOWN_TIME, unfold, type NtpTimestamp, type UnixNanoseconds } from "../time/timestamp.ts";

/** By which clock dates are written: ntpq uses the time zone of whoever runs it. */
export type Zone = "local" | "utc";

/**
 * Milliseconds with some decimals, rounded as ntpq rounds them: first to 2^−32 s, then half up.
 * @param seconds `null` is nothing known, `-`
 * @param sign `signed` puts a sign before every number, + before zero too; `unsigned` puts none, and shows what is
 * below zero as ntpq does, as the large number that 64 bits make of it
 */
export function milliseconds(seconds: Seconds | null, sign: "signed" | "unsigned", decimals = 3): string {
  if (seconds === null || !Number.isFinite(seconds)) return "-";
  const units = unitsOf(seconds, sign);
  const scale = 10n ** BigInt(decimals);
  const rounded = (units * 1000n * scale * 2n + FRACTION) / (FRACTION * 2n);
  const digits = rounded.toString().padStart(decimals + 1, "0");
  const text = decimals === 0 ? digits : `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
  if (sign === "unsigned") return text;
  return `${seconds < 0 && units > 0n ? "-" : "+"}${text}`;
}

/**
 * An interval for a narrow column: seconds to 2048, then minutes, hours, days, years; `-` for nothing.
 * @param seconds whole; `null` and what is not positive is nothing
 */
export function intervalColumn(seconds: Seconds | null): string {
  if (seconds === null || seconds <= 0) return "-";
  let rest = Math.floor(seconds);
  if (rest <= 2048) return `${rest}`;
  rest = Math.floor((rest + 29) / 60);
  if (rest <= 300) return `${rest}m`;
  rest = Math.floor((rest + 29) / 60);
  if (rest <= 96) return `${rest}h`;
  rest = Math.floor((rest + 11) / 24);
  if (rest <= 999) return `${rest}d`;
  rest = Math.floor(rest / 365.25 + 0.5);
  return rest <= 999 ? `${rest}y` : "INF";
}

/**
 * A timestamp and its date: `eeac80c1.45e741b3  Sat, Nov 21 2026 20:42:41.273`.
 * @param pivot a Unix time near it
 */
export function dateText(time: NtpTimestamp, pivot: UnixNanoseconds, zone: Zone): string {
  if (time === UNKNOWN_TIME) return "(no time)";
  const seconds = Number(time >> 32n);
  const fraction = Number(time & 0xffff_ffffn);
  // ntpq divides by 4294967 and so gets 1000 for the very last fractions of a second.
  const thousandths = Math.floor(fraction / 4_294_967);
  const carried = ((BigInt(seconds) + BigInt(thousandths >= 1000 ? 1 : 0)) << 32n) as NtpTimestamp;
  const date = new Date(Number(unfold(BigInt.asUintN(64, carried) as NtpTimestamp, pivot) / 1_000_000n));
  return `${hexText(seconds)}.${hexText(fraction)}  ${calendarText(date, zone)}.${(thousandths % 1000).toString().padStart(3, "0")}`;
}

/** Control characters as `cat -v` shows them, `^[` and `^?`; those above ASCII as octets, `M-C` and so on. */
export function caret(text: string): string {
  if (PLAIN.test(text)) return text;
  return Array.from(octetsOf(text), caretOctet).join("");
}

/** Cut at its beginning, where an address says least: `_:5054:ff:fe12:3456`. */
export function leftCut(text: string, width: number): string {
  return text.length > width && width > 1 ? `_${text.slice(text.length + 1 - width)}` : text;
}

/** In 2^−32 s. */
function unitsOf(seconds: Seconds, sign: "signed" | "unsigned"): bigint {
  const units = BigInt(Math.round(Math.min(Math.abs(seconds), MOST_SECONDS) * 2 ** 32));
  return sign === "unsigned" && seconds < 0 ? BigInt.asUintN(64, -units) : units;
}

const FRACTION = 2n ** 32n;
/** What 64 bits can count of them; a daemon may write any number. */
const MOST_SECONDS = 2 ** 31;
const PLAIN = /^[ -~]*$/;
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function calendarText(date: Date, zone: Zone): string {
  // Moved by the zone's distance from UTC, so that the UTC fields are those of the zone.
  const moved = zone === "utc" ? date : new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  const day = `${moved.getUTCDate()}`.padStart(2);
  const year = `${moved.getUTCFullYear()}`.padStart(4);
  const hours = `${moved.getUTCHours()}`.padStart(2);
  return `${DAYS[moved.getUTCDay()]}, ${MONTHS[moved.getUTCMonth()]} ${day} ${year} ${hours}:${two(moved.getUTCMinutes())}:${two(moved.getUTCSeconds())}`;
}

function two(value: number): string {
  return `${value}`.padStart(2, "0");
}

function hexText(word: number): string {
  return word.toString(16).padStart(8, "0");
}

function caretOctet(octet: number): string {
  const meta = octet >= 0x80 ? "M-" : "";
  const low = octet & 0x7f;
  if (low < 0x20) return `${meta}^${String.fromCharCode(low + 0x40)}`;
  return low === 0x7f ? `${meta}^?` : `${meta}${String.fromCharCode(low)}`;
}

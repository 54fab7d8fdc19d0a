/**
 * The era of a measured offset.
 *
 * Timestamps repeat every 2^32 s, so a difference of two is known but for whole eras (RFC 5905 §6). The nearest is right while the clock
 * is within 68 years of the time. A machine without a clock of its own starts in 1970: after 2038-01-19 the nearest leads it back to
 * 1902. No true time is earlier than this program, so for a clock that is earlier the one offset holds that leads past that.
 */
import type { Seconds } from "./seconds.ts";
import { unfold } from "./timestamp.ts";
import type { NtpTimestamp, UnixNanoseconds } from "./timestamp.ts";

/** An era, seconds. */
const ERA: Seconds = 2 ** 32;

/** Where the clock is, among the eras. */
export interface Era {
  /** An instant within 68 years of what the clock reads. */
  readonly pivot: UnixNanoseconds;
  /** No true time is before this; `null`: nobody can tell. */
  readonly earliest: UnixNanoseconds | null;
}

/** The era after the clock was stepped. */
export function steppedEra({ pivot, earliest }: Era, by: Seconds): Era {
  return { pivot: pivot + BigInt(Math.round(by)) * 1_000_000_000n, earliest };
}

/**
 * The offset of a clock, the era included.
 * @param offset modulo 2^32 s, the nearest
 * @param clock what the clock reads
 * @returns `offset`, or 2^32 s more where that leads a clock that cannot be right to a time that cannot be either
 */
export function unfoldOffset(offset: Seconds, clock: NtpTimestamp, { pivot, earliest }: Era): Seconds {
  if (earliest === null || pivot >= earliest) return offset;
  const before = Number(earliest - unfold(clock, pivot)) / 1e9;
  return before > 0 && offset < before ? offset + ERA : offset;
}

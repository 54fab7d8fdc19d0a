/**
 * When a leap second is due: whom to believe, and on which day the kernel may be told.
 *
 * A leap second comes at the end of a month, UTC, and is announced during it (RFC 5905 figure 9). The kernel carries one out at the
 * end of whatever day it is told on, so it is told on the month's last day only.
 */
import type { Seconds } from "./seconds.ts";
import { UNIX_EPOCH, unfold } from "./timestamp.ts";
import type { NtpTimestamp, UnixNanoseconds } from "./timestamp.ts";

/** A leap second that is to come. */
export interface NextLeap {
  /** The first second after it, NTP seconds since 1900, without an era. */
  readonly at: number;
  readonly leap: "insert" | "delete";
  /** TAI − UTC from then on. */
  readonly tai: number;
}

/** What a list of leap seconds that can be believed says: the next one, or that there is none. Plain data. */
export interface LeapKnowledge {
  readonly next: NextLeap | null;
  /** TAI − UTC until then, seconds; `null`: it does not say. */
  readonly tai: number | null;
  /** The list's last leap second, past or to come, and its end; NTP seconds since 1900. `null`: it does not say. */
  readonly latest: number | null;
  readonly expires: number | null;
}

/** Where a moment lies in its day, UTC. */
export interface DayMoment {
  /** The day's end, Unix seconds. */
  readonly end: bigint;
  /** Seconds until then, above 0, at most 86400. */
  readonly left: Seconds;
  /** Whether the day is the last of its month. */
  readonly lastOfMonth: boolean;
}

const DAY = 86_400n;
const NANOSECONDS = 1_000_000_000n;

/** The day of a clock reading. @param era any Unix time within 68 years of it */
export function dayOf(clock: NtpTimestamp, era: UnixNanoseconds): DayMoment {
  const unix = unfold(clock, era);
  const seconds = unix / NANOSECONDS;
  const end = (seconds / DAY + 1n) * DAY;
  return {
    end,
    left: Number(end * NANOSECONDS - unix) / 1e9,
    lastOfMonth: new Date(Number(end) * 1000).getUTCDate() === 1,
  };
}

/**
 * The leap second that is to be announced: the list's, if it ends the month that it is now. A list is believed rather than servers.
 * @param voted what a majority of the servers announces
 */
export function announcedLeap(
  voted: "none" | "insert" | "delete",
  list: Pick<LeapKnowledge, "next"> | null,
  clock: NtpTimestamp,
  era: UnixNanoseconds,
): "none" | "insert" | "delete" {
  if (list === null) return voted;
  return list.next !== null && list.next.at - Number(UNIX_EPOCH) === Number(endOfMonth(clock, era))
    ? list.next.leap
    : "none";
}

/** A clock reading in whole NTP seconds since 1900, without an era. @param era any Unix time within 68 years of it */
export function ntpSeconds(clock: NtpTimestamp, era: UnixNanoseconds): number {
  return Number(unfold(clock, era) / NANOSECONDS + UNIX_EPOCH);
}

/** The end of the month of a clock reading, Unix seconds. @param era any Unix time within 68 years of it */
export function endOfMonth(clock: NtpTimestamp, era: UnixNanoseconds): bigint {
  const { end } = dayOf(clock, era);
  const lastMoment = new Date(Number(end) * 1000 - 1);
  return BigInt(Date.UTC(lastMoment.getUTCFullYear(), lastMoment.getUTCMonth() + 1) / 1000);
}

/**
 * Rate limiting by a leaky bucket a client, as ntpd's `restrict limited kod` and `discard average minimum` have it
 * (ntp_monitor.c; "Rate Management and the Kiss-o'-Death Packet").
 *
 * Every request fills a client's bucket by the average headway, time drains it, and eight headways are the most it holds.
 * Who goes over it, or comes again sooner than the minimum, gets one kiss, and the bucket is filled over the brim: then there is
 * silence until it has drained below, so that the kisses never come faster than the average either.
 */
import type { PollExponent, Seconds } from "../time/seconds.ts";

/** How often a client may ask. */
export interface RateLimits {
  /** log₂ of the average headway in seconds, 0 … 16 (`discard average`). */
  readonly average: PollExponent;
  /** Least headway, seconds, kept with a second of grace (`discard minimum`). */
  readonly minimum: Seconds;
}

/** ntpd's defaults: 8 s on average, 2 s at least. */
export const DEFAULT_RATE: RateLimits = { average: 3, minimum: 2 };

/**
 * Of the requests beyond the limits so many are answered all the same, at random: anybody can ask in a client's name, and it is not to be
 * mute for that (a quarter, as chrony's `leak`).
 */
export const LEAK: number = 1 / 4;

/** What becomes of a request: it is within the limits, it is the first beyond, it is one of those after. */
export type RateVerdict = "within" | "kiss" | "silence";

/** How many average headways a bucket holds: a burst of eight (ntpd's NTP_SHIFT). */
const BURST = 8;
/** Grace for each request within the limits, seconds. */
const GRACE = 2;

/**
 * A bucket after some time.
 * @param level seconds
 * @param interval since the client's last packet, seconds; counted in whole ones, rounded, as ntpd does, so that a flood
 *   faster than two a second never drains it
 */
export function drained(level: Seconds, interval: Seconds): Seconds {
  return Math.max(level - wholeSeconds(interval), 0);
}

/**
 * Judges one request.
 * @param level of its bucket, {@link drained}
 * @param interval since the client's last packet, seconds
 */
export function judgeRate(level: Seconds, interval: Seconds, { average, minimum }: RateLimits): RateVerdict {
  const headway = 2 ** average;
  const isSpaced = wholeSeconds(interval) + 1 >= minimum;
  if (isSpaced && level + headway < BURST * headway) return "within";
  return level < BURST * headway ? "kiss" : "silence";
}

/**
 * A bucket after a request.
 * @param level of the bucket, {@link drained}
 * @param verdict of {@link judgeRate}
 */
export function charged(level: Seconds, verdict: RateVerdict, { average }: RateLimits): Seconds {
  const headway = 2 ** average;
  switch (verdict) {
    case "within":
      return level + headway - GRACE;
    case "kiss":
      return (BURST + 1) * headway;
    case "silence":
      return level;
  }
}

function wholeSeconds(interval: Seconds): Seconds {
  return Math.floor(interval + 0.5);
}

/**
 * One measurement: the on-wire protocol's arithmetic (RFC 5905 §8).
 *
 * ```text
 *            t2        t3
 *  server ---+---------+---      θ = [(t2 − t1) + (t3 − t4)] / 2
 *           /           \        δ = (t4 − t1) − (t3 − t2)
 *  client -+-------------+-      ε = ρ_server + ρ_client + PHI · (t4 − t1)
 *         t1            t4
 * ```
 */
import type { Mono } from "../time/mono.ts";
import { PHI, powerOfTwo } from "../time/seconds.ts";
import type { Seconds } from "../time/seconds.ts";
import { difference } from "../time/timestamp.ts";
import type { NtpTimestamp } from "../time/timestamp.ts";

/** One measurement of a remote clock. */
export interface Sample {
  /** θ, server − local. */
  readonly offset: Seconds;
  /** δ, never below the local precision. */
  readonly delay: Seconds;
  /** ε, the measurement's error bound at `at`. */
  readonly dispersion: Seconds;
  /** When it was made. */
  readonly at: Mono;
}

/** The four timestamps of an exchange. */
export interface Exchange {
  readonly t1: NtpTimestamp;
  readonly t2: NtpTimestamp;
  readonly t3: NtpTimestamp;
  readonly t4: NtpTimestamp;
}

/** A round trip may come out negative by this much (clock granularity aside) before its timestamps are called impossible. */
const NEGATIVE_TOLERANCE: Seconds = 0.001;

/**
 * The sample an exchange gives.
 *
 * Differences are taken in integers first. The round trip is floored at the local precision, since a sample cannot be
 * better than the clock that made it (RFC 5905 §8).
 * @param serverPrecision log₂ s
 * @param localPrecision log₂ s
 * @param at when t4 was taken, by the steady clock
 * @returns `null` if the timestamps contradict each other: the reply would have arrived before it was sent
 */
export function sampleOf(exchange: Exchange, serverPrecision: number, localPrecision: number, at: Mono): Sample | null {
  const { t1, t2, t3, t4 } = exchange;
  const out = difference(t2, t1);
  const back = difference(t3, t4);
  const elapsed = difference(t4, t1);
  const delay = out - back;
  const granularity = powerOfTwo(serverPrecision) + powerOfTwo(localPrecision);
  if (delay < -(NEGATIVE_TOLERANCE + granularity)) return null;
  return {
    offset: (out + back) / 2,
    delay: Math.max(delay, powerOfTwo(localPrecision)),
    dispersion: granularity + PHI * Math.abs(elapsed),
    at,
  };
}

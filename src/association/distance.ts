/** Λ, the root distance: how far an association's time may be from a primary source's. */
import { elapsed } from "../time/mono.ts";
import type { Mono } from "../time/mono.ts";
import type { Frequency, Seconds } from "../time/seconds.ts";
import type { Header } from "../wire/header.ts";
import type { Estimate } from "./filter.ts";

/** What distances are reckoned by. */
export interface DistanceRules {
  /** The least there is, seconds. */
  readonly mindist: Seconds;
  /** PHI, s/s. */
  readonly phi: Frequency;
}

/** What a distance is that of: what the server last said of itself, and what the clock filter makes of its samples. */
export interface Distant {
  readonly header: Pick<Header, "rootDelay" | "rootDispersion"> | null;
  readonly filter: { readonly estimate: Estimate | null };
}

/**
 * The root distance now: half the round trip to the primary source, and all that may have gone wrong since
 * (RFC 5905 §11.2.1, A.5.5.2 "root_dist"; floored at mindist as ntpd does).
 * @returns seconds; `Infinity` without a sample
 */
export function rootDistance(
  { header, filter: { estimate } }: Distant,
  now: Mono,
  { mindist, phi }: DistanceRules,
): Seconds {
  if (header === null || estimate === null) return Infinity;
  const distance =
    (estimate.delay + header.rootDelay) / 2 +
    estimate.dispersion +
    header.rootDispersion +
    phi * elapsed(estimate.at, now) +
    estimate.jitter;
  return Math.max(mindist, distance);
}

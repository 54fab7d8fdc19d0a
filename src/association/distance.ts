/** Λ, the root distance: how far an association's time may be from a primary source's. */
import { elapsed } from "../time/mono.ts";
import type { Mono } from "../time/mono.ts";
import type { Frequency, Seconds } from "../time/seconds.ts";
import type { Association } from "./association.ts";

/** What distances are reckoned by. */
export interface DistanceRules {
  /** The least there is, seconds. */
  readonly mindist: Seconds;
  /** PHI, s/s. */
  readonly phi: Frequency;
}

/**
 * The root distance now: half the round trip to the primary source, and all that may have gone wrong since
 * (RFC 5905 §11.2.1, A.5.5.2 "root_dist"; floored at mindist as ntpd does).
 * @returns seconds; `Infinity` without a sample
 */
export function rootDistance(association: Association, now: Mono, { mindist, phi }: DistanceRules): Seconds {
  const { header } = association;
  const { estimate } = association.filter;
  if (header === null || estimate === null) return Infinity;
  const distance =
    (estimate.delay + header.rootDelay) / 2 + estimate.dispersion + header.rootDispersion + phi * elapsed(estimate.at, now) + estimate.jitter;
  return Math.max(mindist, distance);
}

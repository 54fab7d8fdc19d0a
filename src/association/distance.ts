/** Λ, the root distance: how far an association's time may be from a primary source's. */
import { elapsed } from "../time/mono.ts";
import type { Mono } from "../time/mono.ts";
import { PHI } from "../time/seconds.ts";
import type { Seconds } from "../time/seconds.ts";
import type { Association } from "./association.ts";

/**
 * The root distance now: half the round trip to the primary source, and all that may have gone wrong since
 * (RFC 5905 §11.2.1, A.5.5.2 "root_dist"; floored at mindist as ntpd does).
 * @param mindist the least distance, seconds
 * @returns seconds; `Infinity` without a sample
 */
export function rootDistance(association: Association, now: Mono, mindist: Seconds): Seconds {
  const { header } = association;
  const { estimate } = association.filter;
  if (header === null || estimate === null) return Infinity;
  const distance =
    (estimate.delay + header.rootDelay) / 2 + estimate.dispersion + header.rootDispersion + PHI * elapsed(estimate.at, now) + estimate.jitter;
  return Math.max(mindist, distance);
}

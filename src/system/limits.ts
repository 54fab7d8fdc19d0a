/** The limits of selection, with ntpd's defaults (ntp.conf `tos`), which the contract documents. */
import { PHI } from "../time/seconds.ts";
import type { Frequency, Seconds } from "../time/seconds.ts";

/** How selection is bounded. */
export interface SelectionLimits {
  /** Clustering stops at this many survivors. */
  readonly minclock: number;
  /** Discovery stops at this many associations; survivors beyond are backups. */
  readonly maxclock: number;
  /** Fewer survivors than this and the clock is not touched. */
  readonly minsane: number;
  /** Added to the root distance for each stratum when ordering, and the least root distance, seconds. */
  readonly mindist: Seconds;
  /** A server at this root distance or beyond is unfit, seconds. */
  readonly maxdist: Seconds;
  /** PHI, how fast what is known of a clock grows old, s/s (`tinker dispersion`). */
  readonly phi: Frequency;
  /** Lowest stratum accepted, inclusive. */
  readonly floor: number;
  /** Lowest stratum not accepted any more, exclusive bound. */
  readonly ceiling: number;
}

/**
 * ntpd's defaults. RFC 5905 contradicts itself about MINDISP (.005 in figure 6, .01 in A.1.1) and says 1 s for
 * MAXDIST; deployed ntpd has 1 ms and 1.5 s, and users compare us with ntpd.
 */
export const DEFAULT_LIMITS: SelectionLimits = {
  minclock: 3,
  maxclock: 10,
  minsane: 1,
  mindist: 0.001,
  maxdist: 1.5,
  phi: PHI,
  floor: 0,
  ceiling: 16,
};

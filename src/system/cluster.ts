/**
 * The cluster algorithm: of the truechimers, which are worth listening to (RFC 5905 §11.2.2, second half of A.5.5.1).
 *
 * In rounds, the truechimer furthest from the centroid is discarded, until doing so would no longer help.
 *
 * The order of preference is ntpd's: stratum × mindist + root distance. RFC 5905 has stratum × MAXDIST instead (1 s, so
 * stratum nearly always decides) and contradicts itself about MINDISP, .005 in figure 6 and .01 in A.1.1; ntpd's mindist,
 * 1 ms a stratum, lets a near server of a higher stratum win from a distant one. Whoever is the only one of the least stratum is
 * not discarded, which is ours (see `sourceOfOthers`).
 */
import type { Seconds } from "../time/seconds.ts";
import type { Candidate } from "./candidate.ts";
import type { SelectionLimits } from "./limits.ts";

/** No more truechimers than this are clustered (RFC 5905 A.1.1 NMAX); the rest are in excess. */
export const NMAX = 50;

/** What clustering made of the truechimers; survivors, outliers and backups best first. */
export interface Clustering {
  readonly survivors: readonly Candidate[];
  /** Discarded for their selection jitter. */
  readonly outliers: readonly Candidate[];
  /** Would have survived, but are not among the best `maxclock`. */
  readonly backups: readonly Candidate[];
  /** Beyond the best {@link NMAX}; not looked at. */
  readonly excess: readonly Candidate[];
}

/**
 * Clusters the truechimers.
 * @param truechimers in any order; candidates named `trusted` or `prefer` survive always
 */
export function cluster(
  truechimers: readonly Candidate[],
  limits: Pick<SelectionLimits, "minclock" | "maxclock" | "mindist">,
): Clustering {
  const { entrants, excess } = admit(truechimers, limits.mindist);
  const outliers = new Set<Candidate>();
  let remaining = entrants;
  while (remaining.length > Math.max(1, limits.minclock)) {
    const furthest = furthestFromCentroid(remaining, sourceOfOthers(remaining));
    if (furthest.selectionJitter <= leastJitter(remaining) || immune(furthest.candidate)) break;
    outliers.add(furthest.candidate);
    remaining = remaining.filter((candidate) => candidate !== furthest.candidate);
  }
  const { kept: survivors, surplus: backups } = best(remaining, limits.maxclock);
  return { survivors, outliers: entrants.filter((candidate) => outliers.has(candidate)), backups, excess };
}

/**
 * Best first: by stratum × mindist + root distance, then by stratum, then by identifier, so that the order never depends on
 * the order of arrival.
 * @param mindist seconds a stratum is worth
 */
export function rank(candidates: readonly Candidate[], mindist: Seconds): readonly Candidate[] {
  return candidates.toSorted((a, b) => merit(a, mindist) - merit(b, mindist) || a.stratum - b.stratum || a.id - b.id);
}

function merit(candidate: Candidate, mindist: Seconds): Seconds {
  return candidate.stratum * mindist + candidate.rootDistance;
}

/** The best {@link NMAX}, ranked, and the others as they come: thousands are told apart by one number, and only the best compared. */
function admit(
  truechimers: readonly Candidate[],
  mindist: Seconds,
): { entrants: readonly Candidate[]; excess: readonly Candidate[] } {
  if (truechimers.length <= NMAX) return { entrants: rank(truechimers, mindist), excess: [] };
  const merits = new Float64Array(truechimers.length);
  truechimers.forEach((candidate, i) => (merits[i] = merit(candidate, mindist)));
  const worst = merits.sort()[NMAX - 1] ?? Infinity;
  const contenders: Candidate[] = [];
  const excess: Candidate[] = [];
  for (const candidate of truechimers)
    (immune(candidate) || merit(candidate, mindist) <= worst ? contenders : excess).push(candidate);
  const { kept, surplus } = best(rank(contenders, mindist), NMAX);
  return { entrants: kept, excess: excess.concat(surplus) };
}

/** Named by the operator; ntpd stops rather than discard one, whatever its jitter. */
function immune(candidate: Candidate): boolean {
  return candidate.trusted || candidate.prefer;
}

/** The best `most` of a ranked list, the immune before all others, both parts still ranked. */
function best(
  ranked: readonly Candidate[],
  most: number,
): { kept: readonly Candidate[]; surplus: readonly Candidate[] } {
  if (ranked.length <= most) return { kept: ranked, surplus: [] };
  let room = most - ranked.filter(immune).length;
  const kept: Candidate[] = [];
  const surplus: Candidate[] = [];
  for (const candidate of ranked) (immune(candidate) || room-- > 0 ? kept : surplus).push(candidate);
  return { kept, surplus };
}

/**
 * The last truechimer of the least stratum, where there are others of higher ones; it is not discarded. They have their time from
 * such a server, or from one another, so that they agree is no evidence against it. Without it a dozen servers that follow each
 * other as a cohort count to sixteen, each a stratum below the next.
 */
function sourceOfOthers(candidates: readonly Candidate[]): Candidate | null {
  const least = candidates.reduce((stratum, candidate) => Math.min(stratum, candidate.stratum), Infinity);
  const [source, another] = candidates.filter(({ stratum }) => stratum === least);
  return another === undefined ? source! : null;
}

/** ψ_min: the least peer jitter; below it, nothing is gained by discarding more (§11.2.2 steps 5 and 6). */
function leastJitter(candidates: readonly Candidate[]): Seconds {
  return candidates.reduce((least, { jitter }) => Math.min(least, jitter), Infinity);
}

/**
 * The candidate with the greatest selection jitter ψ_max (§11.2.2 steps 3 and 4), the least preferred of equals; `spared` aside.
 *
 * The RFC sums over all pairs. As Σ_j (θ_s − θ_j)² = n (θ_s − θ̄)² + Σ_j (θ_j − θ̄)², the greatest is the one furthest from
 * the mean θ̄, and one pass finds it.
 * @param ranked two or more, best first
 */
function furthestFromCentroid(
  ranked: readonly Candidate[],
  spared: Candidate | null,
): { candidate: Candidate; selectionJitter: Seconds } {
  const n = ranked.length;
  const origin = ranked[0]!.offset;
  const centroid = origin + ranked.reduce((sum, { offset }) => sum + (offset - origin), 0) / n;
  let furthest = ranked[0]!;
  let most = 0;
  let spread = 0;
  for (const candidate of ranked) {
    const distance = Math.abs(candidate.offset - centroid);
    if (distance >= most && candidate !== spared) [furthest, most] = [candidate, distance];
    spread += distance ** 2;
  }
  return { candidate: furthest, selectionJitter: Math.sqrt((n * most ** 2 + spread) / (n - 1)) };
}

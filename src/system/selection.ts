/**
 * The system process: many remote clocks in, one opinion out (RFC 5905 §11.2, figure 24).
 *
 * ```text
 * candidates → select → cluster → choose the system peer → combine
 * ```
 *
 * Every candidate leaves with a verdict, and with the reason if it is not used.
 */
import type { AssociationId } from "../association/association.ts";
import type { Reason, Verdict } from "../association/verdict.ts";
import type { Seconds } from "../time/seconds.ts";
import type { Candidate } from "./candidate.ts";
import { cluster } from "./cluster.ts";
import { combine } from "./combine.ts";
import type { Combination } from "./combine.ts";
import type { SelectionLimits } from "./limits.ts";
import { chooseSystemPeer } from "./mitigate.ts";
import { select } from "./select.ts";
import type { Interval } from "./select.ts";

/** What became of one candidate. */
export interface Judgement {
  readonly verdict: Verdict;
  /** `null` for the system peer and the other survivors. */
  readonly reason: Reason | null;
}

/** The opinion of the system process. */
export interface Selection {
  /** One for every candidate. */
  readonly judgements: ReadonlyMap<AssociationId, Judgement>;
  /** Best first. */
  readonly survivors: readonly Candidate[];
  /** Whom we follow; `null` if there are fewer survivors than `minsane`. */
  readonly systemPeer: AssociationId | null;
  /** How many candidates agree. */
  readonly truechimers: number;
  /** How many do not; all but the trusted ones if there is no majority. */
  readonly falsetickers: number;
  /** Where the majority's correctness intervals overlap; `null` without a majority. */
  readonly intersection: Interval | null;
  /** Θ, server − local; `null` without a system peer. */
  readonly offset: Seconds | null;
  /** Ψ_s, how far the survivors lie apart; `null` without a system peer. */
  readonly selectionJitter: Seconds | null;
  /** Ψ, selection jitter and the system peer's together; `null` without a system peer. */
  readonly jitter: Seconds | null;
  /** Λ of the system peer: the true offset is within this of its offset; `null` without a system peer. */
  readonly rootDistance: Seconds | null;
}

/**
 * Judges the candidates and makes one opinion of them. The order of the candidates has no influence.
 * @param candidates fit associations, aged to now, each identifier once; may be empty
 * @param current the system peer up to now, `null` for none
 * @throws RangeError if a candidate's numbers are not finite, its root distance is not above zero, or an identifier comes twice:
 *   packets cannot cause that, since the packet tests and the clock filter come first
 */
export function selectSystem(
  candidates: readonly Candidate[],
  limits: SelectionLimits,
  current: AssociationId | null,
): Selection {
  for (const candidate of candidates) assertSound(candidate);
  const { intersection, truechimers, falsetickers } = select(candidates);
  const { survivors, outliers, backups, excess } = cluster(truechimers, limits);
  const systemPeer = survivors.length < limits.minsane ? null : chooseSystemPeer(survivors, current);
  const combination: Combination | null = systemPeer && combine(survivors, systemPeer);

  const judgements = new Map<AssociationId, Judgement>();
  const judge = (judged: readonly Candidate[], verdict: Verdict, reason: Reason | null): void => {
    const judgement: Judgement = { verdict, reason };
    for (const { id } of judged) judgements.set(id, judgement);
  };
  judge(falsetickers, "falseticker", intersection === null ? "noMajority" : "outsideIntersection");
  judge(excess, "excess", "surplus");
  judge(outliers, "outlier", "selectJitter");
  judge(backups, "backup", "surplus");
  judge(survivors, "survivor", null);
  if (systemPeer !== null) judge([systemPeer], "systemPeer", null);
  if (judgements.size !== candidates.length) throw new RangeError("selection: two candidates have the same identifier");

  return {
    judgements,
    survivors,
    systemPeer: systemPeer?.id ?? null,
    truechimers: truechimers.length,
    falsetickers: falsetickers.length,
    intersection,
    offset: combination?.offset ?? null,
    selectionJitter: combination?.selectionJitter ?? null,
    jitter: combination?.jitter ?? null,
    rootDistance: systemPeer?.rootDistance ?? null,
  };
}

function assertSound({ id, stratum, offset, jitter, rootDistance }: Candidate): void {
  const sound =
    Number.isInteger(stratum) &&
    Number.isFinite(offset) &&
    jitter >= 0 &&
    jitter < Infinity &&
    rootDistance > 0 &&
    rootDistance < Infinity;
  if (!sound) {
    throw new RangeError(
      `selection: candidate ${id} is not sound (stratum ${stratum}, offset ${offset}, jitter ${jitter}, root distance ${rootDistance})`,
    );
  }
}

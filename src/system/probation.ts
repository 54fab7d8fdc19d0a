/**
 * Probation: a falseticker of yesterday does not decide today.
 *
 * A server whose correctness interval did not meet the intersection when it was judged last is on probation. While it is,
 *
 * - its correctness interval does not count when the intersection of a majority is sought, neither for the majority nor
 *   against it: it is no candidate;
 * - once the others have an intersection, it is a falseticker again if its interval does not meet it, and `rejected` for the
 *   reason `probation` if it does: then it agrees;
 * - without an intersection nobody learns anything about it, and it stays where it is.
 *
 * A one-shot ends the probation of whoever agrees when it ends, so the next run counts its vote. A daemon does when it has agreed
 * by as many samples in a row as the clock filter has stages. Two days without agreeing end it, too (`engine/memory/remembered.ts`): those
 * that outvoted it may have been wrong. Where all servers there are, the silent ones with them, are on probation none is, for there
 * would be nobody to agree with. One that is named `true` never is.
 */
import type { AssociationId } from "../association/association.ts";
import type { Reason, Verdict } from "../association/verdict.ts";
import type { Candidate } from "./candidate.ts";
import { meets, type Interval } from "./select.ts";

/** What becomes of one that is on probation. */
export interface Trial {
  readonly verdict: Verdict;
  readonly reason: Reason;
}

/** Who is heard, and who is on probation. */
export interface Hearing {
  readonly candidates: readonly Candidate[];
  readonly onTrial: readonly Candidate[];
}

/**
 * Separates those whose vote counts from those whose does not.
 * @param all the fit associations
 * @param hasOthers whether there is any that is not on probation, be it fit or not: whoever silences the others must not make
 *   room for yesterday's liar
 */
export function hearing(
  all: readonly Candidate[],
  onProbation: ReadonlySet<AssociationId>,
  hasOthers: boolean,
): Hearing {
  if (!hasOthers || onProbation.size === 0) return { candidates: all, onTrial: [] };
  return {
    candidates: all.filter(({ id }) => !onProbation.has(id)),
    onTrial: all.filter(({ id }) => onProbation.has(id)),
  };
}

/** Judges one that is on probation by what the others agree on. */
export function tried(candidate: Candidate, intersection: Interval | null): Trial {
  const agrees = intersection === null || meets(candidate, intersection);
  return agrees
    ? { verdict: "rejected", reason: "probation" }
    : { verdict: "falseticker", reason: "outsideIntersection" };
}

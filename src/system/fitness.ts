/**
 * Fitness: whether an association may be selected, and if not, the one reason why (RFC 5905 §11.2 and A.5.5.3 "accept",
 * ntpd's TEST10 … TEST13).
 */
import type { Association } from "../association/association.ts";
import { rootDistance } from "../association/distance.ts";
import { isUnsynchronized, PACKET_TESTS } from "../association/tests.ts";
import type { Reason } from "../association/verdict.ts";
import type { Mono } from "../time/mono.ts";
import { pollInterval } from "../time/seconds.ts";
import type { SelectionLimits } from "./limits.ts";

/** What the tests of fitness are measured against. */
export interface FitnessRules {
  readonly limits: SelectionLimits;
  /** Our own addresses as reference identifiers: a server that names one of them is synchronized to us. */
  readonly ownReferenceIds: ReadonlySet<number>;
  /** Whether the reach register counts: not in the one-shots, which end long before it is full. */
  readonly requireReach: boolean;
}

/**
 * Why an association is unfit.
 * @returns the first reason in the order a person would look for it; `null` if it is fit
 */
export function unfitness(association: Association, now: Mono, rules: FitnessRules): Reason | null {
  const { header, filter } = association;
  if (association.ended !== null && FINAL.has(association.ended)) return association.ended as Reason;
  if (header === null) return silence(association);
  if (isUnsynchronized(header)) return "unsynchronized";
  if (header.stratum < rules.limits.floor || header.stratum >= rules.limits.ceiling) return "stratum";
  if (header.stratum > 1 && rules.ownReferenceIds.has(header.referenceId)) return "loop";
  if (filter.estimate === null) return silence(association);
  // What an earlier run has heard of it is not news.
  if (!rules.requireReach && association.known && association.samples === 0) return silence(association);
  if (rules.requireReach && association.reach === 0) return "unreachable";
  if (
    rootDistance(association, now, rules.limits) >=
    rules.limits.maxdist + rules.limits.phi * pollInterval(association.hpoll)
  )
    return "rootDistance";
  if (association.config.noselect) return "noselect";
  return null;
}

/** What ends an association whatever it has measured. */
const FINAL: ReadonlySet<Association["ended"]> = new Set([
  "denied",
  "duplicate",
  "unresolved",
  "authentication",
  "stratum",
  "surplus",
]);

/** Why an association has no sample. What was heard and refused says more than that nothing usable came. */
function silence({ ended, authentication, kiss, answers, flash, unanswered, requests }: Association): Reason {
  if (authentication === "failed" || authentication === "nak") return "authentication";
  if (ended !== null && ended !== "complete" && ended !== "unreachable") return ended;
  if (kiss !== null) return "kiss";
  if (answers > 0 && flash !== 0) return flash === PACKET_TESTS.header.flash ? "header" : "unsynchronized";
  if (flash === PACKET_TESTS.bogus.flash) return "bogus";
  return ended === "unreachable" || (unanswered > 0 && requests.length === 0) ? "unreachable" : "pending";
}

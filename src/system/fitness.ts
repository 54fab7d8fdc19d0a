/**
 * Fitness: whether an association may be selected, and if not, the one reason why (RFC 5905 §11.2 and A.5.5.3 "accept",
 * ntpd's TEST10 … TEST13).
 */
import type { Association } from "../association/association.ts";
import { rootDistance } from "../association/distance.ts";
import { isAwaited } from "../association/request.ts";
import { isUnsynchronized, PACKET_TESTS } from "../association/tests.ts";
import type { Reason } from "../association/verdict.ts";
import type { Mono } from "../time/mono.ts";
import { pollInterval, type PollExponent, type Seconds } from "../time/seconds.ts";
import type { Leap } from "../wire/header.ts";
import type { SelectionLimits } from "./limits.ts";

/** What the tests of fitness are measured against. */
export interface FitnessRules {
  readonly limits: SelectionLimits;
  /** Our own addresses as reference identifiers: a server that names one of them is synchronized to us. */
  readonly ownReferenceIds: ReadonlySet<number>;
  /** Whether the reach register counts: not in the one-shots, which end long before it is full. */
  readonly requireReach: boolean;
}

/** What a remote clock is judged by, whoever measured it: an association of ours, or one that a daemon tells of. */
export interface Standing {
  /** Of the last valid packet; `null`: there was none, or it is not told. */
  readonly leap: Leap | null;
  readonly stratum: number | null;
  /** It is synchronized to us. */
  readonly isLoop: boolean;
  /** Λ, aged to now; `null`: it was not measured. */
  readonly rootDistance: Seconds | null;
  readonly isReached: boolean;
  readonly poll: PollExponent;
  readonly noselect: boolean;
}

/**
 * Why a remote clock is unfit.
 * @returns the first reason in the order a person would look for it; `null` if it is fit, `silent` if nothing usable was heard
 */
export function unfit(standing: Standing, limits: SelectionLimits): Reason | "silent" | null {
  const { leap, stratum, isLoop, rootDistance: distance, isReached, poll, noselect } = standing;
  if (stratum === null) return "silent";
  if (isUnsynchronized({ leap, stratum })) return "unsynchronized";
  if (stratum < limits.floor || stratum >= limits.ceiling) return "stratum";
  if (isLoop) return "loop";
  if (distance === null) return "silent";
  if (!isReached) return "unreachable";
  if (distance >= limits.maxdist + limits.phi * pollInterval(poll)) return "rootDistance";
  return noselect ? "noselect" : null;
}

/**
 * Why an association is unfit.
 * @returns the first reason in the order a person would look for it; `null` if it is fit
 */
export function unfitness(association: Association, now: Mono, rules: FitnessRules): Reason | null {
  if (association.ended !== null && FINAL.has(association.ended)) return association.ended as Reason;
  const reason = unfit(standingOf(association, now, rules), rules.limits);
  return reason === "silent" ? silence(association) : reason;
}

function standingOf(association: Association, now: Mono, rules: FitnessRules): Standing {
  const { header, filter, known, samples, reach, hpoll, config } = association;
  // What an earlier run has heard of it is not news.
  const isNews = rules.requireReach || !known || samples > 0;
  return {
    leap: header?.leap ?? null,
    stratum: header?.stratum ?? null,
    isLoop: header !== null && header.stratum > 1 && rules.ownReferenceIds.has(header.referenceId),
    rootDistance: filter.estimate !== null && isNews ? rootDistance(association, now, rules.limits) : null,
    isReached: !rules.requireReach || reach !== 0,
    poll: hpoll,
    noselect: config.noselect,
  };
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
  return ended === "unreachable" || (unanswered > 0 && !isAwaited({ requests })) ? "unreachable" : "pending";
}

/**
 * From associations to one opinion: fitness, then selection, then the system variables. What the engine calls whenever an
 * association has changed.
 */
import type { Association, AssociationId } from "../association/association.ts";
import { rootDistance } from "../association/distance.ts";
import type { Reason, Verdict } from "../association/verdict.ts";
import { elapsed } from "../time/mono.ts";
import type { Mono } from "../time/mono.ts";
import type { Seconds } from "../time/seconds.ts";
import type { Candidate } from "./candidate.ts";
import { unfitness } from "./fitness.ts";
import type { FitnessRules } from "./fitness.ts";
import { hearing, tried } from "./probation.ts";
import type { Interval } from "./select.ts";
import { selectSystem } from "./selection.ts";
import type { Selection } from "./selection.ts";
import { systemVariables, uncertainty, UNSYNCHRONIZED } from "./variables.ts";
import type { SystemVariables } from "./variables.ts";

/** What became of one association, and why it is not used. */
export interface VerdictOn {
  readonly verdict: Verdict;
  readonly reason: Reason | null;
}

/** What the system says while it has a system peer. */
export interface SystemEstimate {
  readonly peer: AssociationId;
  /** Θ, server − local. */
  readonly offset: Seconds;
  readonly jitter: Seconds;
  /** How far the offset may be from what the system peer's clock says. */
  readonly uncertainty: Seconds;
}

/** The opinion of the system about all associations. */
export interface Opinion {
  readonly verdicts: ReadonlyMap<AssociationId, VerdictOn>;
  readonly estimate: SystemEstimate | null;
  readonly variables: SystemVariables;
  /** In the order of their numbers. */
  readonly survivors: readonly AssociationId[];
  readonly truechimers: number;
  readonly falsetickers: number;
  readonly intersection: Interval | null;
}

/** The opinion before anything was heard. */
export const NO_OPINION: Opinion = {
  verdicts: new Map(),
  estimate: null,
  variables: UNSYNCHRONIZED,
  survivors: [],
  truechimers: 0,
  falsetickers: 0,
  intersection: null,
};

/** What the opinion is formed by. */
export interface JudgeRules extends FitnessRules {
  /** The system peer up to now. */
  readonly current: AssociationId | null;
  /** Orphan mode: the stratum of orphan parents, and what is less than our own of theirs is followed; `null`: off. */
  readonly orphan?: OrphanRules | null;
  /** The reference identifier that stands for an address (RFC 5905 §7.3). */
  readonly referenceIdOf: (ip: string) => number;
  /**
   * The clock is told to others as it reads, so that what it is known to be off by is an error of what they are told. Elsewhere
   * that is told as the offset, and is no error of the time that the offset leads to.
   */
  readonly toldAsItReads: boolean;
}

/** How one orphan parent is agreed on where nobody has a source (ntpd, "Orphan Mode"). */
export interface OrphanRules {
  /** 1 … 15 */
  readonly stratum: number;
  /** Our own address as a reference identifier, unsigned: of all orphans the one with the least is the parent. */
  readonly metric: number;
}

/** Forms the opinion of all associations as they are now. */
export function judgeSystem(associations: Iterable<Association>, now: Mono, rules: JudgeRules): Opinion {
  const verdicts = new Map<AssociationId, VerdictOn>();
  const candidates: Candidate[] = [];
  const onProbation = new Set<AssociationId>();
  const fit = new Map<AssociationId, Association>();
  let hasOthers = false;
  for (const association of associations) {
    hasOthers ||= association.probation === null && !association.config.noselect && association.ended !== "duplicate";
    const reason = unfitness(association, now, rules);
    if (reason !== null) {
      verdicts.set(association.id, { verdict: "rejected", reason });
      continue;
    }
    fit.set(association.id, association);
    if (isOrphan(association, rules)) verdicts.set(association.id, { verdict: "rejected", reason: "stratum" });
    else candidates.push(candidateOf(association, now, rules));
    if (association.probation !== null) onProbation.add(association.id);
  }
  const parent = candidates.length === 0 ? orphanParent(fit.values(), rules) : null;
  if (parent !== null) candidates.push(candidateOf(parent, now, rules));
  const heard = hearing(candidates, onProbation, hasOthers);
  const selection = selectSystem(heard.candidates, rules.limits, rules.current);
  for (const [id, judgement] of selection.judgements) verdicts.set(id, judgement);
  for (const candidate of heard.onTrial) verdicts.set(candidate.id, tried(candidate, selection.intersection));
  const relapsed = heard.onTrial.filter(({ id }) => verdicts.get(id)?.verdict === "falseticker").length;
  const peer = selection.systemPeer === null ? undefined : fit.get(selection.systemPeer);
  return {
    verdicts,
    estimate: peer === undefined ? null : estimateOf(peer, selection),
    variables: peer === undefined ? UNSYNCHRONIZED : variablesOf(peer, selection, fit, now, rules),
    survivors: selection.survivors.map(({ id }) => id).sort((one, other) => one - other),
    truechimers: selection.truechimers,
    falsetickers: selection.falsetickers + relapsed,
    intersection: selection.intersection,
  };
}

/** An orphan, or a follower of one: of no use while anybody has a source. */
function isOrphan({ header }: Association, { orphan }: JudgeRules): boolean {
  return orphan !== undefined && orphan !== null && header!.stratum >= orphan.stratum;
}

/** The orphan that all others follow: the one with the least address; `null` if that is us. */
function orphanParent(fit: Iterable<Association>, { orphan, referenceIdOf }: JudgeRules): Association | null {
  if (orphan === undefined || orphan === null) return null;
  let parent: Association | null = null;
  let least = orphan.metric;
  for (const association of fit) {
    if (association.header!.stratum !== orphan.stratum || association.address === null) continue;
    const metric = referenceIdOf(association.address.ip);
    if (metric < least) [parent, least] = [association, metric];
  }
  return parent;
}

/** A fit association as selection sees it. */
function candidateOf(association: Association, now: Mono, rules: JudgeRules): Candidate {
  const { offset, delay, jitter } = association.filter.estimate!;
  const { prefer, trusted } = association.config;
  const distance = rootDistance(association, now, rules.limits);
  return {
    id: association.id,
    stratum: association.header!.stratum,
    offset,
    delay,
    jitter,
    rootDistance: distance,
    prefer,
    trusted,
  };
}

function estimateOf(peer: Association, selection: Selection): SystemEstimate {
  return {
    peer: peer.id,
    offset: selection.offset!,
    jitter: selection.jitter!,
    uncertainty: uncertainty(peer.filter.estimate!),
  };
}

function variablesOf(
  peer: Association,
  selection: Selection,
  fit: ReadonlyMap<AssociationId, Association>,
  now: Mono,
  rules: JudgeRules,
): SystemVariables {
  const { stratum, reference, rootDelay, rootDispersion } = peer.header!;
  const { delay, dispersion, jitter, at } = peer.filter.estimate!;
  const addressId = rules.referenceIdOf(peer.address!.ip);
  return systemVariables(
    { stratum, addressId, reference, rootDelay, rootDispersion, delay, dispersion, jitter, age: elapsed(at, now) },
    {
      leaps: selection.survivors.map(({ id }) => fit.get(id)!.header!.leap),
      jitter: selection.jitter!,
      residual: rules.toldAsItReads ? selection.offset! : 0,
      mindist: rules.limits.mindist,
      phi: rules.limits.phi,
    },
  );
}

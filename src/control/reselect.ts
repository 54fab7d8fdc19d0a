/**
 * The selection run again on what a daemon reported: whom would we believe, and why not the others?
 *
 * A daemon decides on what it knew at its last update; we see what it tells now, so the two can differ in good faith. What
 * no report tells (that a server is only watched, that an answer was not authentic) is taken from the daemon.
 */
import type { AssociationId } from "../association/association.ts";
import type { Reason, Verdict } from "../association/verdict.ts";
import type { Candidate } from "../system/candidate.ts";
import { unfit, type Standing } from "../system/fitness.ts";
import { DEFAULT_LIMITS, type SelectionLimits } from "../system/limits.ts";
import { selectSystem, type Selection } from "../system/selection.ts";
import { isTemplate, type DaemonReport, type PeerReport } from "./daemon.ts";

/** What we make of one association. */
export interface Rejudged {
  readonly peer: PeerReport;
  readonly verdict: Verdict;
  readonly reason: Reason | null;
  /** Its correctness interval, where it is a candidate. */
  readonly interval: { readonly low: number; readonly high: number } | null;
  /** Whether the daemon used it and we would not, or the other way round. */
  readonly differs: boolean;
}

/** What we make of a report. */
export interface Reselection {
  readonly rejudged: readonly Rejudged[];
  readonly intersection: Selection["intersection"];
  /** Θ of the survivors, server − local; `null` without any. */
  readonly offset: number | null;
  readonly truechimers: number;
  readonly candidates: number;
}

/** Selects anew. */
export function reselect(report: DaemonReport, limits: SelectionLimits = DEFAULT_LIMITS): Reselection {
  const peers = report.associations.filter((peer) => !isTemplate(peer)).map((peer) => withStratum(peer, report));
  const anyNetwork = peers.some((peer) => peer.type !== "l" && unfitness(peer, limits) === null);
  const unfit = new Map<number, Reason>();
  const candidates: Candidate[] = [];
  for (const peer of peers) {
    // ntpd falls back on its undisciplined local clock only when there is nothing else.
    const reason = unfitness(peer, limits) ?? (isLocalClock(peer) && anyNetwork ? "surplus" : null);
    if (reason === null) candidates.push(candidateOf(peer, limits));
    else unfit.set(peer.id, reason);
  }
  const current = candidates.find(({ id }) => id === report.system.systemPeer)?.id ?? null;
  const selection = selectSystem(candidates, limits, current);
  const rejudged = peers.map((peer): Rejudged => {
    const judged = selection.judgements.get(peer.id as AssociationId);
    const candidate = candidates.find(({ id }) => id === peer.id);
    const verdict = judged?.verdict ?? "rejected";
    const interval =
      candidate === undefined
        ? null
        : { low: candidate.offset - candidate.rootDistance, high: candidate.offset + candidate.rootDistance };
    const differs = peer.reason !== "untold" && group(verdict) !== group(peer.verdict);
    return {
      peer,
      verdict,
      reason: judged === undefined ? (unfit.get(peer.id) ?? "pending") : judged.reason,
      interval,
      differs,
    };
  });
  return {
    rejudged,
    intersection: selection.intersection,
    offset: selection.offset,
    truechimers: selection.truechimers,
    candidates: candidates.length,
  };
}

/** ntpd-rs tells no strata but its own: then all servers count alike. */
function withStratum(peer: PeerReport, { protocol, system: { stratum } }: DaemonReport): PeerReport {
  return protocol === "observe" && peer.stratum === null && stratum > 1 ? { ...peer, stratum: stratum - 1 } : peer;
}

/** Verdicts that come to the same: followed, agreeing but left out, disagreeing, no candidate. */
function group(verdict: Verdict): string {
  if (verdict === "systemPeer" || verdict === "survivor") return "followed";
  return verdict === "outlier" || verdict === "excess" || verdict === "backup" ? "left out" : verdict;
}

/** Reasons that a daemon knows of and no figure shows. */
const TAKEN_ON_TRUST: ReadonlySet<Reason | null> = new Set([
  "noselect",
  "loop",
  "authentication",
  "denied",
  "kiss",
  "duplicate",
  "header",
  "bogus",
  "unresolved",
]);

function unfitness(peer: PeerReport, limits: SelectionLimits): Reason | null {
  const { verdict, reason, reach } = peer;
  if (verdict === "rejected" && reason !== null && TAKEN_ON_TRUST.has(reason)) return reason;
  const unfitBy = unfit(standingOf(peer, limits), limits);
  return unfitBy === "silent" ? (reach === 0 ? "unreachable" : "pending") : unfitBy;
}

/** What a daemon tells of one that it does not reach any more is what it was once, or nothing: it counts as not heard. */
function standingOf(peer: PeerReport, limits: SelectionLimits): Standing {
  const { reach, offset, leap, stratum, poll } = peer;
  return {
    leap,
    stratum: reach === 0 ? null : stratum,
    isLoop: false,
    rootDistance: offset === null ? null : distanceOf(peer, limits),
    isReached: reach !== 0,
    poll,
    noselect: false,
  };
}

/** Λ, aged since the last packet; `null` where the daemon does not tell it. */
function distanceOf({ rootDistance, when }: PeerReport, { mindist, phi }: SelectionLimits): number | null {
  return rootDistance === null || !Number.isFinite(rootDistance)
    ? null
    : Math.max(mindist, rootDistance + phi * (when ?? 0));
}

function isLocalClock({ type, address, variables }: PeerReport): boolean {
  return type === "l" && (address ?? variables["srcadr"] ?? "").startsWith("127.127.1.");
}

function candidateOf(peer: PeerReport, limits: SelectionLimits): Candidate {
  return {
    id: peer.id as AssociationId,
    stratum: peer.stratum ?? 16,
    offset: peer.offset ?? 0,
    delay: Math.max(0, peer.delay ?? 0),
    jitter: Math.abs(peer.jitter ?? 0),
    rootDistance: distanceOf(peer, limits) ?? limits.mindist,
    prefer: false,
    trusted: false,
  };
}

/** One opinion of everything heard, and for a one-shot the end: when to judge, and what to do about the clock. */
import type { Association } from "../association/association.ts";
import { onOverdue } from "../association/request.ts";
import { judgeSystem } from "../system/judge.ts";
import type { OrphanRules } from "../system/judge.ts";
import { after } from "../time/mono.ts";
import type { Mono } from "../time/mono.ts";
import type { Now } from "../time/now.ts";
import type { Seconds } from "../time/seconds.ts";
import { publishSystem } from "./serving/answering.ts";
import type { OnceConfig } from "./port/config.ts";
import { correct } from "./clock/once.ts";
import { withLeap } from "./clock/leap.ts";
import { leastSurvivors, onSurvivors } from "./clock/outvoted.ts";
import { isSoliciting } from "./finding/manycast.ts";
import { giveUpNames } from "./finding/mobilize.ts";
import { failureOf, heardEnough } from "./decide.ts";
import type { Outcome } from "./port/outcome.ts";
import { refuseByDates } from "./keys/dates.ts";
import { countAgreements } from "./memory/probation.ts";
import { discardDuplicates, rewardSurvivors } from "./finding/prune.ts";
import type { State } from "./state.ts";
import { TIMER } from "./timer.ts";

/** Judging n associations takes of the order of n · 1 µs; it is put off so that it never takes more than a hundredth of the time. */
const SPACING: Seconds = 1e-4;
/** With so few it is not worth putting off. */
const AT_ONCE = 64;
/** What the opinion does not rest on waits for so long, n times; or until it is this part of all: then it may be the majority that changes. */
const PATIENCE: Seconds = 1e-2;
const PART = 1 / 8;

/** Whatever changed is judged, at once or when its turn comes; a one-shot then sees whether it may end. */
export function settle(state: State, now: Now): void {
  const turn = turnOf(state);
  if (turn === null || state.outcome !== null || state.clock.correction.correcting) return;
  if (now.mono < turn) {
    state.deadlines.set(TIMER.judgement, turn);
    return;
  }
  discardDuplicates(state, now);
  state.heed();
  judge(state, now);
  rewardSurvivors(state, now);
  countAgreements(state);
  const { once } = state.config;
  if (once !== null && (isListening(state) ? hasListenedEnough(state) : hasHeardEnough(state, once)))
    decide(state, now);
}

/** When to judge; `null`: nothing has changed. */
function turnOf({ unjudged, waiting, judgedAt, roster: { size } }: State): Mono | null {
  if (!unjudged && waiting === 0) return null;
  if (size <= AT_ONCE) return judgedAt;
  return after(judgedAt, size * (unjudged || waiting > size * PART ? SPACING : PATIENCE));
}

function hasHeardEnough(state: State, once: OnceConfig): boolean {
  const { estimate, truechimers } = state.opinion;
  const uncertainty = estimate?.uncertainty ?? null;
  const finding = state.finding.names.pending || isSoliciting(state.finding) || state.finding.candidates.length > 0;
  return heardEnough({ associations: state.roster, finding, truechimers, uncertainty }, once);
}

/** A run that waits for what the network says of itself goes on until it is told to end. */
function isListening(state: State): boolean {
  return state.config.associations.some(({ kind }) => kind === "broadcastClient");
}

function hasListenedEnough(state: State): boolean {
  const count = state.config.discovery.count;
  return count !== null && state.finding.heardBroadcasts >= count;
}

/** The deadline has come: decide with what there is, or say that somebody could still have answered. */
export function onDeadline(state: State, now: Now): void {
  state.note({ what: "deadline" });
  for (const association of state.roster) for (const request of association.requests) onOverdue(association, request);
  const { pending } = state.finding.names;
  if (state.config.once !== null) giveUpNames(state, now);
  judge(state, now);
  // Where nobody was heard, somebody further away than the rings asked so far may be; who was heard and not believed is an answer.
  const unasked = isSoliciting(state.finding) && failure(state) === "no-reply";
  const open =
    pending || unasked || state.finding.candidates.length > 0 || [...state.roster].some(({ ended }) => ended === null);
  const couldProve = !isListening(state) || isDancing(state);
  if (state.opinion.estimate === null && open && couldProve) state.end("deadline");
  else decide(state, now);
}

/** Somebody has told the run to end. */
export function onStop(state: State, now: Now): void {
  if (state.config.once !== null) {
    giveUpNames(state, now);
    judge(state, now);
  }
  state.end("interrupted");
}

function judge(state: State, now: Now): void {
  const before = state.opinion.estimate?.peer ?? null;
  // Field by field: of an object that is spread the rules have another shape, and judging takes half as long again.
  const { limits, ownReferenceIds, requireReach } = state.fitness;
  const minsane = leastSurvivors(state, now);
  const opinion = judgeSystem(state.roster, now.mono, {
    limits: minsane === limits.minsane ? limits : { ...limits, minsane },
    ownReferenceIds,
    requireReach,
    current: before,
    referenceIdOf: state.surroundings.referenceIdOf,
    orphan: orphanRules(state),
    toldAsItReads: state.clock.steering !== null,
  });
  state.opinion = { ...opinion, variables: withLeap(state, opinion.variables, now) };
  state.unjudged = false;
  state.waiting = 0;
  state.judgedAt = now.mono;
  onSurvivors(state, now);
  state.lostAt = state.opinion.estimate === null ? (state.lostAt ?? now.mono) : null;
  publishSystem(state, now);
  const peer = state.opinion.estimate?.peer ?? null;
  if (peer === null && before !== null) state.deadlines.set(TIMER.discovery, now.mono);
  if (peer !== before)
    state.note({
      what: "systemPeer",
      id: peer,
      address: peer === null ? null : (state.roster.get(peer)?.address ?? null),
    });
}

function orphanRules({ config, ownReferenceIds }: State): OrphanRules | null {
  const orphan = config.serving?.fallbacks.orphan ?? null;
  return orphan === null ? null : { stratum: orphan.stratum, metric: Math.min(2 ** 32, ...ownReferenceIds) };
}

/** Somebody who broadcasts has not proved who he is, and may yet. */
function isDancing({ roster }: State): boolean {
  return [...roster].some(
    ({ listening, ended, security, authentication }) =>
      listening !== null && ended === null && security.dancing !== undefined && authentication === "none",
  );
}

/** Mobilized by a broadcast; under Autokey, and has proved who he is since. */
function isFound({ listening, security, authentication }: Association): boolean {
  return listening !== null && (security.dancing === undefined || authentication === "ok");
}

/** Why there is no system peer, as an outcome. A broadcast server that was mobilized is a find, even before it is measured. */
function failure(state: State): Outcome {
  if (isListening(state) && [...state.roster].some(isFound)) return "ok";
  // Survivors, but fewer than minsane: they agree, and are not enough.
  if (state.opinion.survivors.length > 0) return "no-agreement";
  const reasons = Array.from(state.roster, (association) => state.verdictOn(association).reason ?? "pending");
  if (reasons.length > 0) return failureOf(reasons);
  return state.refused.has("authentication") ? "authentication" : "no-reply";
}

/** The run has heard what it will hear: correct the clock, or say why not. */
function decide(state: State, now: Now): void {
  const { estimate } = state.opinion;
  state.note({ what: "decided", offset: estimate?.offset ?? null });
  if (estimate === null) {
    state.clock.correction.reason = "no-agreement";
    state.end(failure(state));
    return;
  }
  if (state.config.once?.bootstrap === true && refuseByDates(state, estimate.offset, now)) {
    judge(state, now);
    return decide(state, now);
  }
  correct(state, estimate.offset, now);
}

/**
 * An association's life besides its packets: how it begins, begins anew, is moved to another server, goes by another line, and ends
 * (RFC 5905 §9.1 "mobilize", "clear"; seed 002).
 */
import type { Security } from "../security/security.ts";
import { after } from "../time/mono.ts";
import type { Mono } from "../time/mono.ts";
import { pollInterval } from "../time/seconds.ts";
import type { PollExponent } from "../time/seconds.ts";
import type { Address } from "../wire/address.ts";
import { isSameAddress } from "../wire/address.ts";
import type { Header } from "../wire/header.ts";
import type { Packet } from "../wire/packet.ts";
import type { Association, Backoff } from "./association.ts";
import { CHANGE, changed, count } from "./change.ts";
import type { Writable } from "./change.ts";
import { clearFilter, FILTER_STAGES, filterSample, refillFilter } from "./filter.ts";
import type { FilterRules } from "./filter.ts";
import { askAgainAt, endAs, LOST_LIMIT, pollAt, setHostPoll } from "./poll.ts";
import type { Reach } from "./reach.ts";
import type { HostFault } from "./request.ts";
import type { Sample } from "./sample.ts";
import type { AssociationConfig } from "./template.ts";
import type { Reason } from "./verdict.ts";

/** What the packet that mobilized an association says of its server; it is no sample. */
export function introduce(association: Writable<Association>, { header, mac }: Packet): void {
  association.header = header;
  association.authentication = mac === null ? "none" : "ok";
  changed(association, CHANGE.fitness);
}

/**
 * A packet of a server that is merely listed, since it may not be used.
 * @param sample what its packet implies; `null`: its timestamps are impossible
 */
export function onListed(
  association: Writable<Association>,
  why: "authentication" | "stratum" | "surplus",
  { header, mac }: Packet,
  sample: Sample | null,
  rules: FilterRules,
): void {
  association.ended = why;
  association.header = header;
  count(association, "received");
  count(association, "rejected");
  if (why === "authentication") association.authentication = mac === null ? "none" : "failed";
  if (sample !== null) filterSample(association.filter, sample, pollInterval(association.config.minpoll), rules);
  changed(association, CHANGE.fitness);
}

/** An earlier run was told to stay away, or to come later: it is not asked. */
export function stayAway(association: Writable<Association>, code: string, why: "denied" | "kiss"): void {
  association.kiss = code;
  endAs(association, why);
}

/**
 * It is not polled again in this run. A single failure does not undo what was measured before it; only a broken trust does, or that
 * it votes twice.
 */
export function giveUp(association: Association, why: Reason): void {
  const outweighs = why === "authentication" || why === "duplicate";
  endAs(association, association.samples > 0 && !outweighs ? "complete" : why);
}

/** A packet could not be delivered, or has no socket to leave by. */
export function onUndelivered(association: Writable<Association>, why: HostFault): void {
  association.undelivered = why;
  changed(association, CHANGE.fitness);
}

/** There may be no network yet: what was lost does not count, and it is asked again at a moment. */
export function excuse(association: Writable<Association>, at: Mono): void {
  association.unanswered = 0;
  changed(association, CHANGE.fitness);
  askAgainAt(association, at);
}

/** Its key is gone, or does not seal. */
export function onUnsealed(association: Writable<Association>): void {
  association.authentication = "failed";
  giveUp(association, "authentication");
}

/** In a one-shot an answer has ended its dance (Autokey), which begins again: after as many as questions may be lost it is given up. */
export function onFailedDance(association: Writable<Association>): void {
  association.failedDances += 1;
  if (association.failedDances >= LOST_LIMIT) giveUp(association, "authentication");
}

/** There are keys to ask it by, and no failure before counts against it. */
export function onKeys(association: Writable<Association>, at: Mono): void {
  association.unanswered = 0;
  association.undelivered = null;
  if (association.authentication !== "ok") association.authentication = "none";
  changed(association, CHANGE.fitness);
  if (association.ended === null) pollAt(association, at);
}

/** There are no keys to ask it by: whoever is there has not proved who it is, or could not be reached. */
export function onNoKeys(association: Writable<Association>, why: "authentication" | HostFault | null): void {
  if (why === "authentication") association.authentication = "failed";
  else association.undelivered = why;
  changed(association, CHANGE.fitness);
}

/**
 * A server whose samples are complete has let itself be heard: it is asked for one more, unless its last answer is younger than the
 * least interval between two polls. So the packets of whoever passes for it are no burden to it.
 */
export function askOnceMore(association: Writable<Association>, now: Mono): void {
  const { ended, heard, minpoll } = association;
  if (ended !== "complete" || (heard !== null && now < after(heard, pollInterval(minpoll)))) return;
  association.ended = null;
  pollAt(association, now);
  changed(association, CHANGE.fitness);
}

/** It survived selection, or was of use otherwise: its unreach counter begins anew (seed 002). */
export function keep(association: Writable<Association>): void {
  association.unreach = 0;
}

/** There may be a network now: from the shortest interval again, and no later than at a moment. */
export function hurry(association: Writable<Association>, at: Mono): void {
  setHostPoll(association, association.minpoll);
  if (association.nextPoll !== null && at < association.nextPoll) pollAt(association, at);
}

/** Another of its name's addresses is tried: what was known of the server before is not true of this one. */
export function moveTo(association: Writable<Association>, address: Address): void {
  association.address = address;
  association.alternatives = association.alternatives.filter((other) => !isSameAddress(other, address));
  association.unanswered = 0;
  association.undelivered = null;
  clearFilter(association.filter);
  association.known = false;
  association.header = null;
  association.reach = 0;
  association.since = null;
  association.probation = null;
  association.backoff = null;
  changed(association, CHANGE.fitness);
}

/** What an earlier run left of an association, all moments by this run's clock. */
export interface Legacy {
  readonly since: Mono;
  readonly probation: Mono | null;
  readonly backoff: Backoff | null;
  readonly minpoll: PollExponent;
  readonly hpoll: PollExponent;
  readonly reach: Reach;
  readonly unreach: number;
  readonly heard: Mono | null;
  readonly header: Header | null;
  /** Youngest first. */
  readonly samples: readonly Sample[];
}

/**
 * A fresh association goes on where an earlier run's ended.
 *
 * Its samples come back into its filter and its reach register into its own; a one-shot leaves a server alone that has asked for
 * it, a daemon asks it that much later and more rarely.
 * @param began when this run began
 */
export function resumeFrom(
  association: Writable<Association>,
  legacy: Legacy,
  { isOnce, began }: { readonly isOnce: boolean; readonly began: Mono },
  now: Mono,
  rules: FilterRules,
): void {
  const { maxpoll, trusted } = association.config;
  const { backoff, header } = legacy;
  association.since = legacy.since;
  association.probation = trusted ? null : legacy.probation;
  changed(association, CHANGE.fitness);
  if (backoff !== null) {
    association.backoff = backoff;
    if (isOnce && backoff.until > now) return stayAway(association, "RATE", "kiss");
    association.minpoll = Math.max(association.minpoll, Math.min(maxpoll, legacy.minpoll));
    pollAt(association, backoff.until > now ? backoff.until : null);
  }
  association.known = legacy.samples.length > 0 && header !== null;
  if (!association.known && !isOnce) return; // it is asked as any other, with a burst
  association.reach = legacy.reach;
  association.unreach = legacy.unreach;
  setHostPoll(association, Math.max(association.minpoll, Math.min(maxpoll, legacy.hpoll)));
  if (!association.known) return;
  association.header = header;
  association.heard = legacy.heard;
  refillFilter(association.filter, legacy.samples, began, now, rules);
}

/**
 * The same server by another line.
 * @param security made anew with the keys; `null`: as before
 */
export function goBy(
  association: Writable<Association>,
  line: AssociationConfig,
  security: Security | null,
  now: Mono,
): void {
  const { minpoll, maxpoll } = association.config;
  association.config = line;
  if (security !== null) association.security = security;
  // A kiss has left us slower than configured: that stays.
  const slowest = association.minpoll === minpoll ? line.minpoll : association.minpoll;
  association.minpoll = Math.min(Math.max(slowest, line.minpoll), line.maxpoll);
  setHostPoll(association, Math.min(Math.max(association.hpoll, association.minpoll), line.maxpoll));
  changed(association, CHANGE.fitness);
  if (association.ended === "authentication") {
    association.ended = null;
    pollAt(association, now);
  }
  const soonest = after(now, pollInterval(association.hpoll));
  const { nextPoll } = association;
  if (nextPoll !== null && soonest < nextPoll && (minpoll !== line.minpoll || maxpoll !== line.maxpoll))
    pollAt(association, soonest);
}

/** Somebody else stepped the clock: what was measured by it is worth nothing, and is measured again. Its requests are ended first. */
export function measureAnew(association: Writable<Association>, at: Mono): void {
  clearFilter(association.filter);
  association.samples = 0;
  association.answers = 0;
  association.unanswered = 0;
  if (association.ended === "complete") association.ended = null;
  changed(association, CHANGE.fitness);
  if (association.ended === null && association.address !== null) askAgainAt(association, at);
}

/**
 * The clock we steer was stepped: whoever is asked begins with an empty reach register and the shortest interval (RFC 5905 §9.1
 * "clear"). A broadcast client keeps to its server's interval.
 */
export function restart(association: Writable<Association>, at: Mono): void {
  clearFilter(association.filter);
  changed(association, CHANGE.fitness);
  if (association.ended !== null || association.address === null || association.listening !== null) return;
  association.reach = 0;
  association.burst = 0;
  setHostPoll(association, association.minpoll);
  pollAt(association, at);
}

/** On probation, it has agreed with the others by one sample more; so often in the daemon, and it is as any other. */
export function onAgreed(association: Writable<Association>, endsProbation: boolean): void {
  association.agreed += 1;
  if (!endsProbation || association.agreed < FILTER_STAGES) return;
  association.probation = null;
  association.agreed = 0;
  changed(association, CHANGE.fitness);
}

/** On probation, it was a falseticker once more. */
export function onRelapsed(association: Writable<Association>): void {
  association.agreed = 0;
}

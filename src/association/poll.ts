/**
 * The poll process: when an association's next packet leaves (RFC 5905 §13, A.5.7).
 *
 * Two schedules share it. A one-shot asks at a fixed spacing until it has its samples or three questions in a row were
 * lost. The daemon asks each 2^poll seconds, in bursts where it is told to, backs off from a silent server, and obeys
 * what kisses said.
 */
import { after } from "../time/mono.ts";
import type { Mono } from "../time/mono.ts";
import { pollInterval } from "../time/seconds.ts";
import type { PollExponent, Seconds } from "../time/seconds.ts";
import { isNear } from "../wire/address.ts";
import type { Association } from "./association.ts";
import { CHANGE, changed } from "./change.ts";
import type { Writable } from "./change.ts";
import { isRecalled } from "./filter.ts";
import { reachOnPoll } from "./reach.ts";
import { nextMoment } from "./request.ts";
import type { BurstProfile } from "./template.ts";

/** Polls without an acceptable answer after which a persistent association goes to maxpoll (seed 002; RFC 5905 UNREACH). */
export const UNREACH_LIMIT = 10;

/** The least interval between two packets to one address (ntpd's "guard time"; RFC 5905 §7.4 BTIME). */
export const MIN_BURST_SPACING: Seconds = 2;

/** Questions lost in a row after which a one-shot calls a server unreachable. */
export const LOST_LIMIT = 3;

/** More questions than samples wanted are asked of one that answers by at most this many, however the losses fall. */
const EXTRA_QUESTIONS = 4;

/** RATE leaves a daemon at least this much slower (RFC 5905 §7.4: the poll interval is increased). */
const RATE_SLOWDOWN = 1;

/** A server that sent RATE is left alone by later runs for as long as it says, within these, and twice as long each time it says so. */
const LEAST_BACKOFF: PollExponent = 12; // an hour and eight minutes: an hourly run leaves it out once
const LONGEST_BACKOFF: PollExponent = 17; // a day and a half, the largest poll exponent there is

/** On average so much lies between packets that nobody takes amiss, seconds (ntpd's `discard average 3`). */
const AVERAGE_HEADWAY: Seconds = 8;

/** How polls are spaced. */
export interface PollRules {
  /** One-shot: the most samples of a server, unless its own line says otherwise; `null`: the daemon's schedule. */
  readonly samples: number | null;
  /** One-shot: the samples of a server that an earlier run measured; absent: as of others. */
  readonly known?: number | null;
  readonly burst: BurstProfile;
  /** Uniform in 0 ≤ x < 1. */
  readonly uniform: () => number;
}

/**
 * A packet leaves now: shifts the registers and plans the next one.
 */
export function onPoll(association: Writable<Association>, now: Mono, rules: PollRules): void {
  association.unanswered += 1;
  if (rules.samples !== null) {
    association.reach = reachOnPoll(association.reach);
    association.unreach += 1;
    // While what is on its way would be enough, nothing more is asked; a loss asks again.
    const counted = association.requests.filter(({ overdue }) => !overdue).length;
    const enough = association.answers + counted + 1 >= samplesWanted(association, rules);
    pollAt(association, enough ? null : after(now, burstSpacing(association, rules, association.packets.sent === 0)));
    if (association.reach === 0) changed(association, CHANGE.fitness);
    return;
  }
  if (association.burst > 0) {
    association.burst -= 1;
  } else {
    association.reach = reachOnPoll(association.reach);
    association.unreach += 1;
    if (association.unreach >= UNREACH_LIMIT) setHostPoll(association, association.config.maxpoll);
    if (association.config.burst && association.reach !== 0) association.burst = burstLength(association, rules) - 1;
    else if (isBeginning(association)) association.burst = LOST_LIMIT - 1;
  }
  const wait = association.burst > 0 ? burstSpacing(association, rules, false) : spread(association, rules);
  pollAt(association, after(now, wait));
  // Out of reach by now: selection has to know.
  if (association.reach === 0) changed(association, CHANGE.fitness);
}

/**
 * Its iburst waits for a first answer, and the packet that asks for that may be lost: the first question is asked as often as a
 * one-shot would. (RFC 5905 A.5.7.3 sends the whole burst whether it is answered or not.)
 */
function isBeginning({ config, answers, unanswered, reach }: Association): boolean {
  return config.iburst && reach === 0 && answers === 0 && unanswered === 1;
}

/** Nothing can be asked now, for want of keys: the registers shift as if it had been, so that what was once heard does not count for ever. */
export function onLapse(association: Writable<Association>, now: Mono, rules: PollRules): void {
  association.burst = 0;
  association.unanswered += 1;
  association.reach = reachOnPoll(association.reach);
  association.unreach += 1;
  if (association.unreach >= UNREACH_LIMIT) setHostPoll(association, association.config.maxpoll);
  pollAt(association, after(now, spread(association, rules)));
  changed(association, CHANGE.fitness);
}

/** The next packet leaves at a moment, whatever was planned; `null`: none will. */
export function pollAt(association: Writable<Association>, at: Mono | null): void {
  association.nextPoll = at;
  changed(association, CHANGE.due);
}

/** Sets the host poll exponent; selection allows a server to age by an interval. */
export function setHostPoll(association: Writable<Association>, hpoll: PollExponent): void {
  if (association.hpoll === hpoll) return;
  association.hpoll = hpoll;
  changed(association, CHANGE.fitness);
}

/** Where no packet is planned, one leaves at a moment. */
export function askAgainAt(association: Association, at: Mono): void {
  if (association.nextPoll === null) pollAt(association, at);
}

/** When it next has something to do: a packet leaves, or a request is overdue or forgotten; `null`: never. */
export function dueOf({ nextPoll, requests }: Association): Mono | null {
  let due = nextPoll;
  for (const request of requests) {
    const moment = nextMoment(request);
    if (moment !== null && (due === null || moment < due)) due = moment;
  }
  return due;
}

/**
 * An answer came, whatever it said: a one-shot may now be complete; a server that was out of reach gets its iburst.
 * @param wasReachable whether the reach register was not empty before
 * @param usable whether the answer gave a sample
 */
export function onAnswer(
  association: Writable<Association>,
  wasReachable: boolean,
  usable: boolean,
  now: Mono,
  rules: PollRules,
): void {
  association.unanswered = 0;
  association.answers += 1;
  if (!usable) changed(association, CHANGE.fitness);
  if (rules.samples !== null) {
    // It was called unreachable, and has only been slow.
    const isBack = association.ended === "unreachable";
    if (isBack) association.ended = null;
    if (association.answers >= samplesWanted(association, rules)) complete(association);
    // More are wanted than were planned: what came has come by a detour.
    else if (association.known || isBack) askAgainAt(association, after(now, burstSpacing(association, rules, false)));
    return;
  }
  if (!usable || wasReachable) return;
  // It was away, and asked ever more rarely: from the shortest interval again (RFC 5905 §9.1 "clear").
  setHostPoll(association, association.minpoll);
  pollAt(association, after(now, spread(association, rules)));
  if (association.config.iburst) {
    association.burst = rules.burst.packets - 1;
    pollAt(association, after(now, burstSpacing(association, rules, true)));
  }
}

/** An answer came that had no time to tell, and leads on to another question: that leaves as soon as one may. */
export function onStep(association: Writable<Association>, now: Mono, rules: PollRules): void {
  association.unanswered = 0;
  if (association.ended === "unreachable") association.ended = null;
  if (association.ended === null) pollAt(association, after(now, burstSpacing(association, rules, false)));
}

/** A peer's dance goes on: what is to be said leaves as soon as it may, if that is sooner than planned. */
export function hurryStep(association: Writable<Association>, now: Mono, rules: PollRules): void {
  if (association.security.dancing?.isDue !== true || association.nextPoll === null) return;
  const soon = after(now, burstSpacing(association, rules, false));
  if (soon < association.nextPoll) pollAt(association, soon);
}

/**
 * A request ran out of time. In a one-shot the third in a row ends the association, as does the last question there is;
 * otherwise another one takes its place.
 * @param asked when the request was handed over
 */
export function onLost(association: Writable<Association>, asked: Mono, rules: PollRules): void {
  changed(association, CHANGE.fitness);
  if (rules.samples === null || association.ended !== null) return;
  if (association.unanswered >= LOST_LIMIT) {
    endAs(association, association.answers > 0 ? "complete" : "unreachable");
  } else if (
    association.answers > 0 &&
    association.packets.sent >= samplesWanted(association, rules) + EXTRA_QUESTIONS
  ) {
    complete(association);
  } else {
    askAgainAt(association, after(asked, burstSpacing(association, rules, false)));
  }
}

/** A RATE kiss: ends the burst; a one-shot asks no more, the daemon slows down for good (RFC 5905 §7.4). */
export function onRate(association: Writable<Association>, askedFor: number, now: Mono, rules: PollRules): void {
  association.burst = 0;
  const poll = Math.max(LEAST_BACKOFF, Math.min(askedFor, LONGEST_BACKOFF), (association.backoff?.poll ?? 0) + 1);
  association.backoff = {
    poll: Math.min(poll, LONGEST_BACKOFF),
    until: after(now, pollInterval(Math.min(poll, LONGEST_BACKOFF))),
  };
  if (rules.samples !== null) {
    complete(association);
    return;
  }
  const slower = Math.max(
    association.minpoll + RATE_SLOWDOWN,
    association.hpoll,
    Math.min(askedFor, association.config.maxpoll),
  );
  association.minpoll = Math.min(slower, association.config.maxpoll);
  setHostPoll(association, association.minpoll);
  pollAt(association, after(now, spread(association, rules)));
}

/**
 * The discipline wishes another interval (RFC 5905 A.5.7.2 poll_update()). A shorter one is at once in force; a longer one is,
 * too, where the association has just been heard. Bursts are left to end, and the silent to their own intervals.
 * @returns true if the next packet leaves at another moment
 */
export function wishPoll(association: Writable<Association>, wish: PollExponent, now: Mono, rules: PollRules): boolean {
  const hpoll = Math.max(association.minpoll, Math.min(association.config.maxpoll, wish));
  const { nextPoll } = association;
  if (hpoll === association.hpoll || association.reach === 0) return false;
  setHostPoll(association, hpoll);
  if (nextPoll === null || association.burst > 0) return false;
  const planned = after(now, spread(association, rules));
  if (planned > nextPoll && association.heard !== now) return false;
  pollAt(association, planned);
  return true;
}

/**
 * What it said last is doubted, and it is asked again before its interval is over. After a poll that was answered an interval's length
 * apart two questions at an average headway are within what any server bears.
 */
export function askAgainSoon(association: Writable<Association>, now: Mono, rules: PollRules): void {
  const { nextPoll, burst, reach } = association;
  if (nextPoll === null || burst > 0 || reach === 0) return;
  const planned = after(now, AVERAGE_HEADWAY * (1 + rules.uniform() / 16));
  if (planned < nextPoll) pollAt(association, planned);
}

/** No more questions in this run; what was measured stays usable. */
function complete(association: Writable<Association>): void {
  endAs(association, "complete");
}

/** It asks no more in this run, and says why. */
export function endAs(association: Writable<Association>, why: Association["ended"]): void {
  association.ended = why;
  association.burst = 0;
  pollAt(association, null);
  changed(association, CHANGE.fitness);
}

/**
 * How many answers a one-shot wants of a server. One that an earlier run has measured needs less to be known, unless what it says
 * now came by such a detour that the old samples are the better ones.
 */
export function samplesWanted(
  { config, known, answers, filter }: Association,
  rules: Pick<PollRules, "samples" | "known">,
): number {
  const most = config.samples ?? rules.samples ?? 1;
  return known && !(answers > 0 && isRecalled(filter)) ? Math.min(most, rules.known ?? most) : most;
}

/** Seconds to the next packet of a burst. */
function burstSpacing(association: Association, rules: PollRules, first: boolean): Seconds {
  const { spacing, callDelay } = rules.burst;
  if (first && callDelay !== null) return callDelay;
  const least = leastSpacing(association, rules.burst);
  return least + Math.max(0, spacing.most - least) * rules.uniform();
}

/** Seconds that pass at least between two packets to a server: strangers bear less than whoever is on this network. */
export function leastSpacing(
  { address }: Pick<Association, "address">,
  { spacing, strangers }: Pick<BurstProfile, "spacing" | "strangers">,
): Seconds {
  return address !== null && isNear(address.ip) ? spacing.least : Math.max(spacing.least, strangers);
}

/** Polls as rare as this bear a whole burst: where `burst` belongs (seed 000: "at or above 1024 s"). */
const BURST_POLL: PollExponent = 10;

/**
 * Packets of a `burst` at this poll: all of the profile's where polls get no rarer, or are rare already; on the way there more, the rarer they
 * are (ntpd: 2^(hpoll − minpoll)). What would not fit into half the interval is left out.
 */
function burstLength({ hpoll, minpoll, config }: Association, { burst: { packets, spacing } }: PollRules): number {
  const whole = hpoll >= Math.min(config.maxpoll, BURST_POLL);
  const fitting = Math.max(1, Math.floor(pollInterval(hpoll) / 2 / spacing.most));
  return Math.min(whole ? packets : 2 ** (hpoll - minpoll), packets, fitting);
}

/** Seconds to the next poll round: 2^hpoll, and up to a sixteenth more so that clients do not march in step. */
function spread(association: Association, rules: PollRules): Seconds {
  return pollInterval(association.hpoll) * (1 + rules.uniform() / 16);
}

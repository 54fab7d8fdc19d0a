/**
 * The clock is disciplined: what was measured and what the system process made of it goes to the discipline, and what that
 * decides becomes actions and poll intervals (RFC 5905 §11.3, A.5.5.4 clock_update()).
 *
 * ```text
 *  sample ─► hear ─┐
 *                  ├─► steer ─► discipline ─► steer, step, panic ─► (world) ─► onSteered, onStepped
 *  judgement ──────┘                     └──► poll intervals
 * ```
 *
 * What was measured by the clock moves along with it (`move.ts`).
 */
import type { Association } from "../../association/association.ts";
import { forgetArrival } from "../../association/broadcast.ts";
import { forgetDeparture } from "../../association/broadcaster.ts";
import { moveExchange } from "../../association/exchange.ts";
import { restart } from "../../association/life.ts";
import { askAgainSoon, leastSpacing, wishPoll } from "../../association/poll.ts";
import type { Sample } from "../../association/sample.ts";
import { committed, correctedBy, corrections, isSlewing, locked, steered } from "../../discipline/corrections.ts";
import { after } from "../../time/mono.ts";
import type { Now } from "../../time/now.ts";
import type { Seconds } from "../../time/seconds.ts";
import type { Action } from "../port/action.ts";
import type { Event } from "../port/event.ts";
import { systemOffset, systemOffsetAt } from "./believed.ts";
import { claimSteered, claimUnreliable } from "./kernel.ts";
import { keepUp, moveAlong, moveJumped } from "./move.ts";
import type { State } from "../state.ts";
import { learnDelay, onCorrected, withoutWaiting } from "./steering.ts";
import type { Correction } from "./clock.ts";
import type { Steering } from "./steering.ts";
import { TIMER } from "../timer.ts";

/** More samples than a one-shot takes of as many servers as anybody asks. */
const MOST_HEARD = 131_072;

/** A sample came: the discipline will hear it as it is, before any filter. */
export function hear(
  { clock: { steering }, memory: { learning } }: State,
  from: Association,
  { at, offset, delay, dispersion }: Sample,
): void {
  const ears = steering ?? learning;
  if (ears === null) return;
  if (steering !== null) learnDelay(steering, from, at, delay);
  const counted = steering === null ? offset : withoutWaiting(steering, from, offset, delay);
  const phase = counted + correctedBy(ears.corrections, at);
  ears.heard.push({ source: from.id, at, phase, delay, dispersion });
  // A one-shot hears all of it at its end; one that listens until it is told to end needs the youngest.
  if (ears.heard.length > MOST_HEARD) ears.heard = ears.heard.slice(MOST_HEARD / 2);
}

/** With so few associations everything is heard at once; with more, so seldom that it takes little of the time. */
const AT_ONCE = 64;
const SPACING: Seconds = 1e-4;

/** If there is anything new, the discipline hears it and decides. */
export function steer(state: State, now: Now): void {
  const { steering } = state.clock;
  const { roster } = state;
  if (steering === null || state.outcome !== null || steering.awaiting) return;
  if (roster.size > AT_ONCE && now.mono < after(steering.heardAt, roster.size * SPACING)) return;
  // What an earlier run has heard was heeded then.
  const at = systemOffsetAt(state);
  const updated = at !== null && at !== steering.used && at >= (state.started ?? now).mono;
  if (steering.heard.length === 0 && !updated) return;
  const corrected = correctedBy(steering.corrections, now.mono);
  const system = systemOffset(state, now);
  steering.heardAt = now.mono;
  const decision = steering.discipline.update({ now: now.mono, corrected, samples: steering.heard, system });
  steering.heard = [];
  steering.used = at;
  moveJumped(state, steering.discipline.jumps);
  if (decision.kind === "wait" && !steering.waiting)
    state.note({ what: "stepWaits", offset: decision.offset, left: decision.left });
  if (decision.kind !== "none") steering.waiting = decision.kind === "wait";
  switch (decision.kind) {
    case "none":
    case "wait":
      break;
    case "steer":
      perform(state, steering, { ...decision, attended: true }, now);
      break;
    case "lock":
      perform(state, steering, decision, now);
      break;
    case "step":
      if (isTooFar(steering, decision.offset))
        return refuse(state, steering, { ...decision, moved: 0 }, "max-step", now);
      perform(state, steering, { kind: "step", offset: decision.offset }, now);
      break;
    case "panic":
      return refuse(state, steering, decision, "panic", now);
  }
  // With a step the kernel itself takes back whatever it was told.
  if (updated && decision.kind !== "step") claimSteered(state, steering, now);
  spreadPoll(state, steering, now);
}

/**
 * The clock begins as it is known to be: whoever steered it before may have left a frequency in it, or a slew, and what is
 * measured by it would be taken for the oscillator's doing. (ntpd clears the kernel's loop likewise.)
 */
export function takeOver(state: State): void {
  const { steering } = state.clock;
  if (steering === null) return;
  steering.awaiting = true;
  state.act({ kind: "steer", phase: 0, frequency: steering.discipline.report.frequency ?? 0, attended: true });
}

/** The clock was steered as asked. */
export function onSteered(state: State, event: Event & { readonly kind: "steered" }, now: Now): void {
  const { steering } = state.clock;
  if (steering === null) return;
  steering.awaiting = false;
  const { frequency: before } = steering.corrections;
  // As far as the clock has glided after the phase before; what is left of that is replaced.
  keepUp(state, now, 0);
  onCorrected(steering, steered(steering.corrections, now.mono, event));
  if (steering.steady === null) moveAlong(state, event.lasting === 0 ? event.phase : 0, event.frequency - before, now);
}

/**
 * The clock was stepped, by us or by somebody else: all that was measured by it is worth nothing (RFC 5905 §9.1 "clear").
 * @param by without what it went on by itself while the machine slept
 */
export function onStepped(state: State, by: Seconds, whose: "ours" | "another", now: Now): void {
  const { steering } = state.clock;
  if (steering === null) return;
  if (whose === "another") {
    steering.discipline.restart(by);
    // A kernel whose clock is set forgets its slew, and not its tick.
    const { hurry, frequency } = steering.corrections;
    if (hurry !== null && now.mono < hurry.until) state.act({ kind: "steer", phase: 0, frequency });
  } else {
    state.note({ what: "clockStepped", by, whose });
    // A frequency that was measured along with it counts from here on.
    const { frequency } = steering.discipline.report;
    if (steering.config.kernel && frequency !== null) state.act({ kind: "steer", phase: 0, frequency });
  }
  steering.awaiting = false;
  steering.heard = [];
  steering.used = null;
  steering.claimed = null;
  onCorrected(steering, corrections(now.mono, steering.corrections.frequency));
  for (const association of state.roster) {
    startAfresh(state, association, now);
    // Both peers go by the timestamps of the packet before: without them neither would understand the next.
    if (association.exchange !== null) moveExchange(association.exchange, whose === "ours" ? by : null);
  }
  for (const broadcaster of state.serving.broadcasters) forgetDeparture(broadcaster);
}

/** The clock-adjust process: once a second, how to run during the next (RFC 5905 §12). */
export function onSecond(state: State, now: Now): void {
  const { steering } = state.clock;
  const adjustment = steering?.discipline.adjust() ?? null;
  if (steering === null || adjustment === null) return;
  const { phase, frequency } = adjustment;
  state.deadlines.set(TIMER.second, after(now.mono, 1));
  // The phase of one second is less than the kernel can slew by; as a rate it is exact.
  const rate = frequency + phase;
  if (rate !== steering.corrections.frequency) state.act({ kind: "steer", phase: 0, frequency: rate });
  moveAlong(state, phase, frequency - (steering.steady ?? 0), now);
  steering.steady = frequency;
}

/** Has something done to the clock. */
function perform(
  state: State,
  steering: Steering,
  action: Extract<Action, { readonly kind: "steer" | "lock" | "step" }>,
  now: Now,
): void {
  steering.awaiting = true;
  // Replies that are here already would be taken for exchanges in the midst of which somebody stepped the clock.
  if (action.kind === "step") state.closeAll();
  // What a slew has left is part of what goes into the loop.
  const { frequency } = steering.corrections;
  if (action.kind === "lock" && isSlewing(steering.corrections, now.mono))
    state.act({ kind: "steer", phase: 0, frequency });
  if (action.kind === "step") return state.act(action);
  state.act({ ...action, phase: action.phase - committed(steering.corrections, now.mono) });
}

function isTooFar({ config: { limits } }: Steering, offset: Seconds): boolean {
  return Math.abs(offset) > (offset > 0 ? limits.maxStep.forward : limits.maxStep.backward);
}

/** The operator has to look after it. */
function refuse(
  state: State,
  steering: Steering,
  { offset, moved }: NonNullable<Correction["refused"]>,
  why: "panic" | "max-step",
  now: Now,
): void {
  claimUnreliable(state, steering, now);
  state.clock.correction.action = "refused";
  state.clock.correction.reason = why;
  // What selection goes by may be older than what was judged.
  state.clock.correction.refused = { offset, moved };
  state.end("limit");
}

/** Associations are polled as the discipline wishes; a broadcast client's interval is its server's. */
function spreadPoll(state: State, { discipline }: Steering, now: Now): void {
  const {
    report: { poll },
    doubted,
  } = discipline;
  for (const association of state.roster) {
    if (association.listening !== null) continue;
    wishPoll(association, poll, now.mono, state.rules);
    if (doubted.has(association.id)) askAgainSoon(association, now.mono, state.rules);
  }
}

function startAfresh(state: State, association: Association, now: Now): void {
  state.closeRequests(association);
  if (association.listening !== null) forgetArrival(association.listening);
  restart(association, after(now.mono, leastSpacing(association, state.config.burst)));
}

/**
 * The kernel has taken a phase into its loop, and says what frequency it makes of it: the phase trickles into the clock second by second
 * without any doing of ours.
 */
export function onLocked(state: State, event: Event & { readonly kind: "locked" }, now: Now): void {
  const { steering } = state.clock;
  if (steering === null) return;
  steering.awaiting = false;
  keepUp(state, now, 0);
  const { frequency: before } = steering.corrections;
  onCorrected(steering, locked(steering.corrections, now.mono, event));
  steering.discipline.locked(event.frequency);
  moveAlong(state, 0, event.frequency - before, now);
}

/**
 * The engine at work: each event goes to the department it concerns, then whatever changed is judged.
 *
 * ```text
 *  start, resolved ──► finding ─► asking ─► ask, send
 *  datagram ─► arrival ─► finding, serving, (association room) ─► asking ─┐
 *  wake, sent, failed, unreachable ──────────────────────────────► asking ├─► judging ─► (system room) ─► clock ─► step, slew, end
 * ```
 */
import type { Association, AssociationId } from "../association/association.ts";
import { steppedEra } from "../time/era.ts";
import { after } from "../time/mono.ts";
import type { Mono } from "../time/mono.ts";
import type { Now } from "../time/now.ts";
import type { Action } from "./port/action.ts";
import { openAnswering, sendWaiting } from "./serving/answering.ts";
import { onBroadcastRouted, sendBroadcast } from "./serving/broadcaster.ts";
import type { EngineConfig } from "./port/config.ts";
import { onSlewBegun, onSteeredOnce, onStepDone } from "./clock/once.ts";
import { onDatagram } from "./arrival.ts";
import { resumeSolicitors, solicit } from "./finding/manycast.ts";
import type { Engine, Surroundings } from "./port/engine.ts";
import type { Event } from "./port/event.ts";
import { onInterfaces, watchInterfaces } from "./interfaces.ts";
import { onDeadline, onStop, settle } from "./judging.ts";
import {
  establishWanted,
  onEstablished,
  onNotEstablished,
  onServerResolved,
  onServerUnresolved,
} from "./keys/establish.ts";
import { onRouted } from "./keys/facing.ts";
import type { Memory } from "./port/memory.ts";
import { mobilizeConfigured, onResolved, onUnresolved, retryNames } from "./finding/mobilize.ts";
import { keepUp } from "./clock/move.ts";
import type { Outcome } from "./port/outcome.ts";
import type { Candidate } from "./finding/candidate.ts";
import { drawFromPools, onDrawProved, resumePools } from "./finding/pool.ts";
import { onProved, onUnproved } from "./finding/proving.ts";
import { attend, onFailed, onSent, onSteppedByAnother, onUndelivered } from "./asking.ts";
import { heldCount } from "./finding/prune.ts";
import { onReconfigured } from "./reconfigure.ts";
import { snapshotOf } from "./report.ts";
import { rememberedBy } from "./memory/remembered.ts";
import { Responder } from "../server/responder.ts";
import type { Snapshot } from "./port/snapshot.ts";
import { onServiceRefused, openService } from "./serving/sockets.ts";
import { State } from "./state.ts";
import { isOwnLeap, onLeapSecond, watchLeaps } from "./clock/leap-watch.ts";
import { onLocked, onSecond, onSteered, onStepped, steer, takeOver } from "./clock/steer.ts";
import { startSteering } from "./clock/steering.ts";
import { TIMER } from "./timer.ts";
import { startLearning } from "./memory/unattended.ts";

/**
 * Makes an engine.
 * @param config what to do, every default filled in
 * @param surroundings chance, security and what else the core cannot compute
 */
export function createEngine(config: EngineConfig, surroundings: Surroundings): Engine {
  return new NtpEngine(config, surroundings);
}

class NtpEngine implements Engine {
  readonly #state: State;
  #responder: Responder | null = null;

  constructor(config: EngineConfig, surroundings: Surroundings) {
    this.#state = new State(config, surroundings);
  }

  get outcome(): Outcome | null {
    return this.#state.outcome;
  }

  get responder(): Responder | null {
    const { answering } = this.#state.serving;
    if (answering !== null) this.#responder ??= new Responder(answering.server);
    return this.#responder;
  }

  get wakeAt(): Mono | undefined {
    const {
      outcome,
      clock: { correction },
      deadlines,
    } = this.#state;
    return outcome === null && !correction.correcting ? deadlines.next : undefined;
  }

  handle(event: Event, now: Now): readonly Action[] {
    const state = this.#state;
    state.actions = [];
    if (state.outcome === null) {
      keepUp(state, now);
      take(state, event, now);
      state.heed();
      settle(state, now);
      steer(state, now);
      state.heed();
      // Polls that steering has changed are judged now: were it left to the next event, whoever sends us packets would say when.
      settle(state, now);
    }
    return state.actions;
  }

  memory(now: Now): Memory {
    return { kisses: this.#state.memory.kept.kisses, remembered: rememberedBy(this.#state, now) };
  }

  snapshot(now: Now): Snapshot {
    keepUp(this.#state, now);
    return snapshotOf(this.#state, now);
  }
}

/** Whom an event concerns. */
function take(state: State, event: Event, now: Now): void {
  switch (event.kind) {
    case "start":
      return start(state, event, now);
    case "wake":
      return wake(state, now);
    case "reconfigure":
      return onReconfigured(state, event.config, now);
    case "stop":
      return onStop(state, now);
    case "resolved":
      onResolved(state, event.name, event.addresses, now);
      return onServerResolved(state, event.name, event.addresses, now);
    case "unresolved":
      onUnresolved(state, event.name, event.why, now);
      return onServerUnresolved(state, event.name, now);
    case "established":
      heedProof(state, onProved(state, event.token, now), true, now);
      return onEstablished(state, event, now);
    case "notEstablished":
      heedProof(state, onUnproved(state, event, now), false, now);
      return onNotEstablished(state, event, now);
    case "routed":
      onBroadcastRouted(state, event.to, event.from, now);
      return onRouted(state, event, now);
    case "datagram":
      return onDatagram(state, event, now);
    case "sent":
      return onSent(state, event, now);
    case "failed":
      return onFailed(state, event, now);
    case "notOpened":
      return onServiceRefused(state, event.socket, event.why, event.group);
    case "unreachable":
      return void onUndelivered(state, event.socket, event.why, now);
    case "interfaces":
      return onInterfaces(state, event.addresses, now);
    case "stepped":
      state.clock.era = steppedEra(state.clock.era, event.by);
      if (event.whose === "another" && isOwnLeap(state, event.by, now)) onLeapSecond(state, event.by, now);
      else if (event.whose === "another") onSteppedByAnother(state, event.by, now, event.slept);
      else if (state.clock.steering === null) onStepDone(state, event.by, now);
      else onStepped(state, event.by, "ours", now);
      return;
    case "slewing":
      return onSlewBegun(state, event, now);
    case "steered":
      return state.clock.steering === null ? onSteeredOnce(state, event, now) : onSteered(state, event, now);
    case "locked":
      return onLocked(state, event, now);
    case "clockRefused":
      state.clock.correction.reason = event.why;
      state.note({ what: "clockRefused", why: event.why });
      return state.end("permission");
  }
}

/** A pool waits for the proof of whoever was drawn from it. */
function heedProof(state: State, candidate: Candidate | null, proved: boolean, now: Now): void {
  if (candidate !== null) onDrawProved(state, candidate, proved, now);
}

function start(state: State, { memory, frequency }: Event & { readonly kind: "start" }, now: Now): void {
  state.started = now;
  if (memory !== undefined) state.memory.kept = memory;
  state.clock.inForce = frequency ?? null;
  state.lostAt = now.mono;
  state.serving.answering = openAnswering(state, now);
  state.clock.steering = startSteering(state.config, now.mono);
  if (state.clock.steering === null) state.memory.learning = startLearning(state, now);
  takeOver(state);
  onSecond(state, now);
  watchLeaps(state, now);
  openService(state);
  watchInterfaces(state);
  const most = state.config.once?.spread ?? 0;
  if (most === 0) return begin(state, now);
  const pause = most * state.surroundings.chance.uniform();
  state.note({ what: "spread", pause, most });
  state.deadlines.set(TIMER.spread, after(now.mono, pause));
}

/** Servers are asked from now on. */
function begin(state: State, now: Now): void {
  state.begun = now.mono;
  const deadline = state.config.once?.deadline ?? null;
  if (deadline !== null) state.deadlines.set(TIMER.deadline, after(now.mono, deadline));
  mobilizeConfigured(state, now);
}

/** What is done when one of the engine's own timers comes. */
const HANDLERS: Readonly<Record<keyof typeof TIMER, (state: State, now: Now) => void>> = {
  names: retryNames,
  judgement: () => undefined, // it is judged after every event
  deadline: onDeadline,
  broadcasts: sendBroadcast,
  replies: sendWaiting,
  discovery: resumeDiscovery,
  pools: drawFromPools,
  second: onSecond,
  leap: watchLeaps,
  spread: begin,
  solicitors: solicit,
  keys: establishWanted,
  firstSet: (state) => {
    state.unjudged = true;
  },
};
const TIMERS: ReadonlyMap<number, (state: State, now: Now) => void> = new Map(
  (Object.keys(TIMER) as (keyof typeof TIMER)[]).map((name) => [TIMER[name], HANDLERS[name]]),
);

function wake(state: State, now: Now): void {
  if (state.clock.correction.correcting) return;
  for (let key = state.deadlines.take(now.mono); key !== undefined; key = state.deadlines.take(now.mono)) {
    const association = state.roster.get(key as AssociationId);
    if (association !== undefined) attend(state, association, now);
    else TIMERS.get(key)?.(state, now);
    state.heed();
    // What is due besides has its turn at once, by another wake, when the clock has been read again.
    if (state.outcome !== null || tellsTime(key, association)) return;
  }
}

/** Whether a packet may have left that tells the time as it was read for this event: the next to do so needs a reading of its own. */
function tellsTime(key: number, association: Association | undefined): boolean {
  return key === TIMER.broadcasts || key === TIMER.replies || (association?.exchange ?? null) !== null;
}

/** One less is held: whoever finds others may have to go on. */
function resumeDiscovery(state: State, now: Now): void {
  const held = heldCount(state);
  resumeSolicitors(state, held, now);
  resumePools(state, held, now);
}

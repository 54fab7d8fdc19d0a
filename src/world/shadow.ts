/**
 * A shadow of the clock between an engine and whatever world it is in: `--dry-run`, `--no-clock` and `serve SERVER`.
 *
 * ```text
 *  world ── events, both clocks ──► + ahead ──► engine
 *        ◄── everything else ────────────────────┤
 *                    shadow ◄── step, slew, steer, lock, kernel: done, and answered before anything else happens
 * ```
 *
 * The engine measures, steers and serves by the shadow as it would by the machine's clock, and cannot tell; no world, real or
 * simulated, is ever asked to touch one. What is told of the run is told of the machine's clock (`told.ts`).
 */
import type { StepLimits } from "../discipline/limits.ts";
import type { Action } from "../engine/port/action.ts";
import type { EngineConfig, LoopConfig } from "../engine/port/config.ts";
import type { Engine } from "../engine/port/engine.ts";
import type { Event } from "../engine/port/event.ts";
import type { Memory } from "../engine/port/memory.ts";
import type { Note } from "../engine/port/note.ts";
import type { Outcome } from "../engine/port/outcome.ts";
import type { Snapshot } from "../engine/port/snapshot.ts";
import type { Mono } from "../time/mono.ts";
import type { Now } from "../time/now.ts";
import type { Frequency, Seconds } from "../time/seconds.ts";
import { isOfClock, ShadowClock } from "./shadow-clock.ts";
import { loopOfMachine, memoryOfMachine, onceOfMachine } from "./told.ts";

/** Whether a run leaves the machine's clock alone, whatever it finds. */
export function leavesClock({ clock }: EngineConfig): boolean {
  return clock.kind === "observe" || clock.of !== "machine";
}

/**
 * An engine that steers what its configuration says: the machine's clock, or a shadow of it.
 * @param create makes the engine itself
 */
export function withShadow(config: EngineConfig, create: (config: EngineConfig) => Engine): Engine {
  return new Shadowed(config, create(unlimited(config)));
}

/**
 * What the engine is told. An offset beyond its limits does not end a daemon that leaves the clock alone: somebody may have reasons
 * for such a clock, and is told what a run that sets it would do. A one-shot tells that by its end.
 */
function unlimited(config: EngineConfig): EngineConfig {
  const loop = loopOf(config);
  if (loop === null) return config;
  const limits: StepLimits = { ...loop.limits, panic: NONE, maxStep: { forward: NONE, backward: NONE } };
  return { ...config, clock: { ...loop, limits, kernel: false } };
}

/** No offset is as large, seconds. */
const NONE: Seconds = 2 ** 33;

/** How a shadow is steered; `null`: there is none that is. */
function loopOf({ clock }: EngineConfig): LoopConfig | null {
  return clock.kind === "loop" && clock.of !== "machine" ? clock : null;
}

class Shadowed implements Engine {
  readonly #engine: Engine;
  #config: EngineConfig;
  /** `null`: the engine works by the machine's clock, or nothing has happened yet. */
  #shadow: ShadowClock | null = null;
  /** The correction that the machine's clock runs with, s/s. */
  #inForce: Frequency = 0;
  /** The shadow was corrected. */
  #corrected = false;
  /** What a one-shot knew before its correction. */
  #uncorrected: Memory | null = null;

  constructor(config: EngineConfig, engine: Engine) {
    this.#config = config;
    this.#engine = engine;
  }

  get outcome(): Outcome | null {
    return this.#engine.outcome;
  }

  get wakeAt(): Mono | undefined {
    return this.#engine.wakeAt;
  }

  get responder(): NonNullable<Engine["responder"]> | null {
    const responder = this.#engine.responder ?? null;
    if (responder !== null) responder.ahead = (mono) => this.#shadow?.ahead(mono) ?? 0;
    return responder;
  }

  handle(event: Event, now: Now): readonly Action[] {
    if (event.kind === "start") {
      this.#inForce = event.frequency ?? 0;
      if (hasShadow(this.#config)) this.#shadow = new ShadowClock(now.mono);
    }
    if (event.kind !== "reconfigure") return this.#turn(event, now);
    const lifted = this.#reconfigure(event.config, now);
    const actions = this.#turn({ ...event, config: unlimited(event.config) }, now);
    // What it comes to is told after the change itself.
    const isNote = ({ kind }: Action): boolean => kind === "note";
    return [...lifted.filter((action) => !isNote(action)), ...actions, ...lifted.filter(isNote)];
  }

  memory(now: Now): Memory {
    if (this.#shadow === null) return this.#engine.memory(now);
    const memory = this.#uncorrected ?? this.#engine.memory(this.#shadow.read(now));
    return loopOf(this.#config) === null
      ? memory
      : memoryOfMachine(memory, this.#shadow.ahead(now.mono), this.#inForce);
  }

  snapshot(now: Now): Snapshot {
    const shadow = this.#shadow;
    if (shadow === null) return this.#engine.snapshot(now);
    const snapshot = this.#engine.snapshot(shadow.read(now));
    const loop = loopOf(this.#config);
    if (loop === null) return onceOfMachine(snapshot);
    const told = loopOfMachine(snapshot, now, (mono) => shadow.ahead(mono));
    return loop.of === "served" ? { ...told, discipline: null } : told;
  }

  /** One event in, its actions out, and those of what the shadow answers. */
  #turn(event: Event, now: Now): readonly Action[] {
    const shadow = this.#shadow;
    if (shadow === null) return this.#engine.handle(event, now);
    const actions: Action[] = [];
    const events = [shadow.hear(event, now)];
    for (let next = events.shift(); next !== undefined; next = events.shift())
      for (const action of this.#engine.handle(next, shadow.read(now))) {
        if (action.kind === "note") actions.push({ kind: "note", note: this.#told(action.note) });
        else if (!isOfClock(action)) actions.push(action);
        else {
          if (this.#config.clock.kind === "once") this.#uncorrected ??= this.#engine.memory(shadow.read(now));
          if (action.kind === "steer" && this.#refusal(action.phase) !== null)
            actions.push({ kind: "note", note: this.#would(action.phase) });
          if (action.kind === "steer" && action.phase !== 0) this.#corrected = true;
          const answer = shadow.perform(action, now.mono);
          if (answer !== null) events.push(answer);
        }
      }
    return actions;
  }

  /** From a shadow to the clock itself, or back. To the engine the one is the other, stepped. */
  #reconfigure(config: EngineConfig, now: Now): readonly Action[] {
    const shadow = this.#shadow;
    this.#config = config;
    if (hasShadow(config)) {
      this.#shadow ??= new ShadowClock(now.mono);
      return [];
    }
    this.#shadow = null;
    if (shadow === null) return [];
    const by = -shadow.ahead(now.mono);
    const asked = this.#engine.handle({ kind: "stepped", by, whose: "ours" }, now);
    // No clock was stepped; but whatever else comes of it is so.
    return asked.filter((action) => action.kind !== "note" || action.note.what !== "clockStepped");
  }

  /** What happened to the shadow would have happened to the clock. */
  #told(note: Note): Note {
    if (note.what !== "clockStepped" || note.whose !== "ours") return note;
    const would = this.#would(note.by);
    this.#corrected = true;
    return would;
  }

  #would(by: Seconds): Note {
    const why = this.#refusal(by);
    return why === null ? { what: "wouldStep", by } : { what: "wouldRefuse", by, why };
  }

  /** Why a run that sets the clock would end at such an offset. */
  #refusal(by: Seconds): "panic" | "max-step" | null {
    const loop = loopOf(this.#config);
    if (loop === null) return null;
    const { panic, maxStep } = loop.limits;
    if (Math.abs(by) > panic && (this.#corrected || !loop.anyFirst)) return "panic";
    return Math.abs(by) > (by > 0 ? maxStep.forward : maxStep.backward) ? "max-step" : null;
  }
}

function hasShadow({ clock }: EngineConfig): boolean {
  return clock.kind !== "observe" && clock.of !== "machine";
}

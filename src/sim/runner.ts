/** Runs an engine on a simulated machine: hands it events, does what it asks, and wakes it when it wants. */
import type { Engine } from "../engine/port/engine.ts";
import type { Event } from "../engine/port/event.ts";
import { type Memory, NOTHING } from "../engine/port/memory.ts";
import type { Note } from "../engine/port/note.ts";
import type { Outcome } from "../engine/port/outcome.ts";
import type { Snapshot } from "../engine/port/snapshot.ts";
import type { Mono } from "../time/mono.ts";
import type { Machine, Program } from "./machine.ts";
import type { Timeline } from "./timeline.ts";
import { inWords, type Trace } from "./trace.ts";
import type { TrueTime } from "./truth.ts";

/** A note, and when the engine made it. */
export interface TimedNote {
  readonly at: TrueTime;
  readonly note: Note;
}

/** Wakes for one and the same moment, after which the engine is taken to be stuck. */
const PATIENCE = 100;

/** One engine at work. */
export class Runner implements Program {
  readonly machine: Machine;
  readonly engine: Engine;
  /** Everything the engine found worth telling; empty unless the world keeps a trace. */
  readonly notes: TimedNote[] = [];
  /** What it wants to be kept for its next run. */
  memory: Memory;
  /** Events the engine has handled. */
  count = 0;
  /** The most the engine has asked for at one event: actions. */
  most = 0;
  readonly #timeline: Timeline;
  readonly #trace: Trace;
  /** What the alarm is set for; the engine may want a later moment by the time it rings. */
  #alarm: Mono | null = null;
  /** The alarm that counts; those set before it are void. */
  #latest = 0;
  /** How often it has been woken for the same moment. */
  #repeats = { due: Number.NaN, count: 0 };

  /** Starts the engine as soon as the world goes on. */
  constructor(machine: Machine, engine: Engine, timeline: Timeline, trace: Trace, memory: Memory = NOTHING) {
    this.machine = machine;
    this.engine = engine;
    this.memory = memory;
    this.#timeline = timeline;
    this.#trace = trace;
    machine.load(this);
    timeline.in(0, () => this.handle({ kind: "start", memory, frequency: machine.frequency }));
  }

  /** How the engine's run ended; `null` while it goes on. */
  get outcome(): Outcome | null {
    return this.engine.outcome;
  }

  /** The engine's state now. */
  snapshot(): Snapshot {
    return this.engine.snapshot(this.machine.now());
  }

  /** Asks the engine to come to an end. */
  stop(): void {
    this.handle({ kind: "stop" });
  }

  handle(event: Event): void {
    this.count += 1;
    const actions = this.engine.handle(event, this.machine.now());
    this.most = Math.max(this.most, actions.length);
    for (const action of actions) {
      if (action.kind === "note") this.#note(action.note);
      else if (action.kind === "remember") this.memory = action.memory;
      else this.machine.perform(action);
    }
    this.#arm();
  }

  resumed(): void {
    this.#alarm = null;
    this.#arm();
  }

  /** Sets an alarm if the engine wants to be woken before the one that is set. */
  #arm(): void {
    const due = this.engine.wakeAt;
    if (due === undefined || this.machine.asleep) return;
    if (this.#alarm !== null && due >= this.#alarm) return;
    this.#alarm = due;
    const mine = ++this.#latest;
    this.#timeline.at(this.machine.whenMono(due), () => {
      if (mine === this.#latest) this.#ring();
    });
  }

  #ring(): void {
    this.#alarm = null;
    if (this.machine.asleep) return;
    const due = this.engine.wakeAt;
    if (due === undefined || due > this.machine.mono()) return this.#arm();
    this.#watch(due);
    this.handle({ kind: "wake" });
  }

  /** An engine that is woken and still wants the same moment would keep a real processor busy for ever. */
  #watch(due: Mono): void {
    this.#repeats = due === this.#repeats.due ? { due, count: this.#repeats.count + 1 } : { due, count: 1 };
    if (this.#repeats.count > PATIENCE)
      throw new Error(`${this.machine.name} was woken ${PATIENCE} times for one moment, and still wants it`);
  }

  #note(note: Note): void {
    if (!this.#trace.on) return;
    this.notes.push({ at: this.#timeline.now, note });
    this.#trace.add(this.machine.name, "note", inWords(note));
  }
}

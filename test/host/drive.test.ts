/** The drive loop, between a scripted engine and a scripted world. */
import { describe, expect, it } from "vitest";
import type { Action, PacketToken, SocketToken } from "../../src/engine/port/action.ts";
import type { Engine } from "../../src/engine/port/engine.ts";
import type { Event } from "../../src/engine/port/event.ts";
import type { Memory } from "../../src/engine/port/memory.ts";
import type { Note } from "../../src/engine/port/note.ts";
import type { Outcome } from "../../src/engine/port/outcome.ts";
import type { World, WorldAction } from "../../src/engine/port/world.ts";
import type { Mono } from "../../src/time/mono.ts";
import type { Now } from "../../src/time/now.ts";
import { UNKNOWN_TIME } from "../../src/time/timestamp.ts";
import { drive } from "../../src/host/drive.ts";

/** An engine that does what a function says, and writes down what it was given. */
class ScriptedEngine implements Engine {
  readonly handled: Event[] = [];
  wakeAt: Mono | undefined;
  outcome: Outcome | null = null;
  readonly #script: (event: Event, engine: ScriptedEngine) => readonly Action[];

  constructor(script: (event: Event, engine: ScriptedEngine) => readonly Action[]) {
    this.#script = script;
  }
  handle(event: Event, _now: Now): readonly Action[] {
    this.handled.push(event);
    return this.#script(event, this);
  }
  memory(): never {
    throw new Error("not asked for here");
  }
  snapshot(): never {
    throw new Error("not asked for here");
  }
}

/** A world whose events are given beforehand; it waits for good when they are used up. */
class ScriptedWorld implements World {
  readonly performed: WorldAction[] = [];
  readonly waits: (Mono | undefined)[] = [];
  closed = 0;
  readonly #events: Event[];
  #wanted: ((event: Event) => void) | undefined;

  constructor(events: readonly Event[]) {
    this.#events = [...events];
  }
  now(): Now {
    return { mono: 0 as Mono, clock: UNKNOWN_TIME };
  }
  perform(action: WorldAction): void {
    this.performed.push(action);
  }
  put(event: Event): void {
    if (this.#wanted === undefined) this.#events.push(event);
    else this.#wanted(event);
  }
  next(until: Mono | undefined): Event | Promise<Event> {
    this.waits.push(until);
    const event = this.#events.shift();
    if (event !== undefined) return event;
    return new Promise((done) => {
      this.#wanted = done;
    });
  }
  close(): void {
    this.closed += 1;
  }
}

const deadline: Note = { what: "deadline" };
const decided: Note = { what: "decided", offset: null };
const closing: Action = { kind: "close", socket: 1 as SocketToken };

describe("drive", () => {
  it("starts the engine, hands in each event, performs each action in order, and ends with the outcome", async () => {
    const events: Event[] = [
      { kind: "wake" },
      { kind: "sent", token: 1 as PacketToken, at: UNKNOWN_TIME, stamp: "user" },
    ];
    const world = new ScriptedWorld(events);
    const resolving: Action = { kind: "resolve", name: "a", family: null };
    const engine = new ScriptedEngine((event, itself) => {
      itself.wakeAt = itself.handled.length as Mono;
      if (event.kind === "sent") itself.outcome = "ok";
      return event.kind === "start" ? [resolving, closing] : event.kind === "sent" ? [closing] : [];
    });
    await drive(engine, world);
    expect(engine.handled).toEqual([{ kind: "start" }, ...events]);
    expect(world.performed).toEqual([resolving, closing, closing]);
    expect(world.waits).toEqual([1, 2]);
    expect(world.closed).toBe(1);
  });

  it("hands over the notes of each event before the next, and never loses the last", async () => {
    const world = new ScriptedWorld([{ kind: "wake" }]);
    const told: string[] = [];
    const engine = new ScriptedEngine((event, itself) => {
      told.push(`handles ${event.kind}`);
      if (event.kind === "start") return [{ kind: "note", note: deadline }, closing, { kind: "note", note: decided }];
      itself.outcome = "deadline";
      return [closing, { kind: "note", note: deadline }];
    });
    await drive(engine, world, { onNotes: (notes) => told.push(...notes.map((note) => note.what)) });
    expect(told).toEqual(["handles start", "deadline", "decided", "handles wake", "deadline"]);
  });

  it("ends at once when the start decides", async () => {
    const world = new ScriptedWorld([]);
    const notes: Note[] = [];
    const engine = new ScriptedEngine((_event, itself) => {
      itself.outcome = "kiss";
      return [{ kind: "note", note: decided }];
    });
    await drive(engine, world, { onNotes: (more) => notes.push(...more) });
    expect([notes, world.waits, world.closed]).toEqual([[decided], [], 1]);
  });

  it("gives the engine what was remembered, and hands on what to remember, the world not told", async () => {
    const old: Memory = { kisses: [{ ip: "192.0.2.1", port: 123, code: "DENY", at: "2026-11-21T00:00:00Z" }] };
    const fresh: Memory = { kisses: [] };
    const kept: Memory[] = [];
    const world = new ScriptedWorld([]);
    const engine = new ScriptedEngine((_event, itself) => {
      itself.outcome = "ok";
      return [{ kind: "remember", memory: fresh }];
    });
    await drive(engine, world, { memory: old, onRemember: (memory) => kept.push(memory) });
    expect(engine.handled).toEqual([{ kind: "start", memory: old }]);
    expect([kept, world.performed]).toEqual([[fresh], []]);
  });

  it.each(["before", "while waiting"])("tells the engine to stop when aborted %s", async (when) => {
    const controller = new AbortController();
    const world = new ScriptedWorld([]);
    const engine = new ScriptedEngine((event, itself) => {
      if (event.kind === "stop") itself.outcome = "interrupted";
      return event.kind === "stop" ? [closing] : [];
    });
    if (when === "before") controller.abort();
    const running = drive(engine, world, { signal: controller.signal });
    if (when !== "before") setImmediate(() => controller.abort());
    await running;
    expect(engine.handled).toEqual([{ kind: "start" }, { kind: "stop" }]);
    expect([world.performed, world.closed]).toEqual([[closing], 1]);
  });

  it("closes the world when the engine breaks", async () => {
    const world = new ScriptedWorld([{ kind: "wake" }]);
    const engine = new ScriptedEngine((event) => {
      if (event.kind === "wake") throw new Error("a bug");
      return [];
    });
    await expect(drive(engine, world)).rejects.toThrow("a bug");
    expect(world.closed).toBe(1);
  });
});

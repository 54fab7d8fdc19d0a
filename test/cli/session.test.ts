/** The one shell of runs that somebody watches: how it ends, what it says, when it draws. */
import { describe, expect, it } from "vitest";
import type { Io, StopSignal } from "../../src/cli/io.ts";
import { session, type Face, type Session } from "../../src/cli/session.ts";
import { Until } from "../../src/cli/until.ts";
import type { Engine } from "../../src/engine/port/engine.ts";
import { NOTHING } from "../../src/engine/port/memory.ts";
import type { Outcome } from "../../src/engine/port/outcome.ts";
import type { World } from "../../src/engine/port/world.ts";
import type { DriveOptions } from "../../src/host/drive.ts";
import { snapshotOf } from "../support/snapshot.ts";

/** A terminal of 80 columns, and a way to send it signals. */
function terminal(): {
  readonly io: Io;
  readonly said: string[];
  readonly listeners: ReadonlySet<unknown>;
  readonly send: (signal: StopSignal) => void;
} {
  const said: string[] = [];
  const listeners = new Set<(signal: StopSignal) => void>();
  const sink = { write: (text: string) => void said.push(text), isTerminal: true, columns: 80 };
  return {
    said,
    listeners,
    io: {
      out: sink,
      err: sink,
      env: { TERM: "xterm" },
      onStop(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    send: (signal) => listeners.forEach((listener) => listener(signal)),
  };
}

const ENGINE = { snapshot: () => snapshotOf([]) } as unknown as Engine;
const WORLD = { now: () => 0 } as unknown as World;

/** A run that starts, lets sockets be told of, and goes on until it is stopped. */
async function running(watch: DriveOptions): Promise<{ snapshot: ReturnType<typeof snapshotOf>; outcome: Outcome }> {
  watch.onStarted?.(ENGINE, WORLD);
  await new Promise<void>((done) => {
    if (watch.signal!.aborted) done();
    watch.signal!.addEventListener("abort", () => done());
  });
  return { snapshot: snapshotOf([]), outcome: "interrupted" };
}

const COLOR = { color: false };

describe("a run that goes on", () => {
  it.each([
    ["SIGINT", "interrupted"],
    ["SIGTERM", "terminated"],
  ] as const)("is ended by %s as %s", async (signal, outcome) => {
    const { io, send } = terminal();
    const face: Face = { command: "watch", started: () => send(signal) };
    expect(await session(face, COLOR, io, running)).toMatchObject({ outcome });
  });

  it("is ended by its face, whose reason is the outcome, and by its deadline", async () => {
    const { io } = terminal();
    expect(await session({ command: "watch", started: (it) => it.end("ok") }, COLOR, io, running)).toMatchObject({
      outcome: "ok",
    });
    expect(await session({ command: "watch", deadline: 0.001 }, COLOR, io, running)).toMatchObject({
      outcome: "deadline",
    });
  });

  it("keeps the first reason", () => {
    const { io, send } = terminal();
    const until = new Until(io);
    until.end("no-reply");
    send("SIGINT");
    expect([until.isOver, until.why]).toEqual([true, "no-reply"]);
  });

  it("does not begin to show anything when it could not begin", async () => {
    const { io, said } = terminal();
    let begun = false;
    const face: Face = {
      command: "serve",
      noted: (_notes, it) => it.end("permission"),
      started: () => (begun = true),
      frame: () => ["drawn"],
    };
    const ended = await session(face, COLOR, io, async (watch) => {
      watch.onStarted?.(ENGINE, WORLD);
      watch.onNotes?.([]);
      return await running(watch);
    });
    expect([ended.outcome, begun, said]).toEqual(["permission", false, []]);
  });

  it("tells its face of the signal before the run is told to stop, and what is to be kept", async () => {
    const { io, send } = terminal();
    const told: unknown[] = [];
    const face: Face = {
      command: "run",
      started: () => send("SIGTERM"),
      stopped: (signal) => told.push(signal),
      remembered: (memory) => told.push(memory),
    };
    await session(face, COLOR, io, async (watch) => {
      watch.signal!.addEventListener("abort", () => told.push("stop"));
      const ended = await running(watch);
      watch.onRemember?.(NOTHING);
      return ended;
    });
    expect(told).toEqual(["SIGTERM", "stop", NOTHING]);
  });

  it("has begun before anything else happens, and what is thrown then ends it, without a listener left", async () => {
    const { io, listeners } = terminal();
    const happened: string[] = [];
    const face: Face = {
      command: "run",
      begun(it) {
        happened.push(it.snapshot() === null ? "begun without an engine" : "begun");
        throw new Error("no such user");
      },
      started: () => happened.push("started"),
    };
    const run = session(face, COLOR, io, async (watch) => {
      watch.onStarted?.(ENGINE, WORLD);
      happened.push("gone on");
      return await running(watch);
    });
    await expect(run).rejects.toThrow("no such user");
    await new Promise((done) => setImmediate(done));
    expect([happened, listeners.size]).toEqual([["begun"], 0]);
  });

  it("warns of each thing once, above what is drawn, which is wiped away before the end is told", async () => {
    const { io, said } = terminal();
    const face: Face = {
      command: "pool",
      frame: () => ["drawn"],
      started: (it) => setImmediate(() => warnAndEnd(it)),
      ended: () => io.err.write("the end\n"),
    };
    await session(face, COLOR, io, running);
    expect(said.filter((text) => text.includes("warning"))).toEqual(["ntpkit pool: warning: once\n"]);
    const end = said.indexOf("the end\n");
    expect(said[end - 1]).toBe("\r\u001b[1A\u001b[0J");
    expect(said.indexOf("ntpkit pool: warning: once\n")).toBeLessThan(said.lastIndexOf("drawn\n"));
  });

  it("tells notes with -v, but those that its face withholds", async () => {
    const { io, said } = terminal();
    const face: Face = { command: "pool", tells: ({ what }) => what !== "resolving", started: (it) => it.end("ok") };
    await session(face, { ...COLOR, verbose: true }, io, async (watch) => {
      watch.onNotes?.([
        { what: "resolving", name: "a.example" },
        { what: "clockStepped", by: 1 },
      ] as never);
      return await running(watch);
    });
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/^ +0\.\d{3} .*step/);
  });
});

function warnAndEnd(it: Session): void {
  it.warn("once");
  it.warn("once");
  it.end("ok");
}

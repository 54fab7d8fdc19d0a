/** A machine: its clocks as its program sees them, late stamps, refusals, sleep. */
import { beforeEach, describe, expect, it } from "vitest";
import type { QuestionToken, SocketToken } from "../../src/engine/port/action.ts";
import type { Event } from "../../src/engine/port/event.ts";
import type { Now } from "../../src/time/now.ts";
import { difference } from "../../src/time/timestamp.ts";
import { createWorld, type HostOptions, type SimWorld } from "../../src/sim/world.ts";
import type { Machine } from "../../src/sim/machine.ts";

const SOCKET = 1 as SocketToken;
const TOKEN = 1 as QuestionToken;

let world: SimWorld;
beforeEach(() => {
  world = createWorld({ seed: "machine" });
});

interface Heard {
  readonly at: number;
  readonly now: Now;
  readonly event: Event;
}

function machine(options: HostOptions = {}): { machine: Machine; heard: Heard[] } {
  const made = world.machine("machine", options);
  const heard: Heard[] = [];
  made.load({ handle: (event) => heard.push({ at: world.now, now: made.now(), event }) });
  return { machine: made, heard };
}

/** Sends one datagram to a machine that sends it back. */
function echo(sender: Machine): void {
  const other = world.machine("echo", { link: { delay: 0.01 } });
  other.load({
    handle: (event) => void (event.kind === "datagram" && other.transmit(SOCKET, event.from, event.bytes)),
  });
  other.perform({ kind: "listen", socket: SOCKET, port: 7, address: null, interface: null });
  const to = { ip: other.address(), port: 7 };
  sender.perform({ kind: "ask", token: TOKEN, to, sourcePort: null, interface: null, bytes: Uint8Array.of(1) });
}

const kinds = (heard: readonly Heard[]): string[] => heard.map(({ event }) => event.kind);

describe("its clocks", () => {
  it("tick by one oscillator; only one of them can be set", () => {
    const { machine: m } = machine({ oscillator: { frequency: 100e-6 }, clockError: -3 });
    const before = m.now();
    world.run(1000);
    m.stepClock(3);
    const later = m.now();
    expect(later.mono - before.mono).toBeCloseTo(1000.1, 6);
    expect(difference(later.clock, before.clock)).toBeCloseTo(1003.1, 6);
    expect(m.error).toBeCloseTo(0.1, 9);
  });

  it("are stepped and slewed when asked, and refuse when they may not be touched", () => {
    const { machine: m, heard } = machine({ clockError: 1 });
    m.perform({ kind: "step", offset: -1 });
    expect(heard).toEqual([]);
    world.run(0);
    m.perform({ kind: "slew", offset: 0.01 });
    world.run(21.001);
    expect(heard.map(({ event }) => event)).toEqual([
      { kind: "stepped", by: -1, whose: "ours" },
      { kind: "slewing", by: 0.01, lasting: 21, begins: 1 },
    ]);
    expect(m.error).toBeCloseTo(0.01, 12);
    m.clockFault = "noPrivilege";
    m.perform({ kind: "step", offset: 5 });
    m.perform({ kind: "slew", offset: 5 });
    world.run(1);
    expect(heard.slice(2).map(({ event }) => event)).toEqual([
      { kind: "clockRefused", why: "noPrivilege" },
      { kind: "clockRefused", why: "noPrivilege" },
    ]);
    expect(m.error).toBeCloseTo(0.01, 12);
  });

  it("say when somebody else stepped them, at once, later or not at all", () => {
    const { machine: m, heard } = machine();
    for (const notice of [0, 2, null]) m.stepClock(1, notice);
    world.run(10);
    expect(heard.map(({ at, event }) => [at, event])).toEqual([
      [0, { kind: "stepped", by: 1, whose: "another" }],
      [2, { kind: "stepped", by: 1, whose: "another" }],
    ]);
    expect(m.error).toBe(3);
  });
});

describe("its stamps", () => {
  it("by the kernel are exact", () => {
    const { machine: m, heard } = machine({ clockError: 0.5 });
    echo(m);
    world.run(1);
    const [sent, reply] = heard.map(({ event }) => event);
    if (sent?.kind !== "sent" || reply?.kind !== "datagram") throw new Error("no exchange");
    expect(sent.stamp).toBe("kernel");
    expect(difference(sent.at, world.beginning)).toBe(0.5);
    expect(difference(reply.at, world.beginning)).toBeCloseTo(0.52, 9);
  });

  it("by the process are early and late", () => {
    const { machine: m, heard } = machine({ stamps: { source: "user", noise: 1e-3 } });
    echo(m);
    world.run(1);
    const [sent, reply] = heard.map(({ event }) => event);
    if (sent?.kind !== "sent" || reply?.kind !== "datagram") throw new Error("no exchange");
    expect([sent.stamp, reply.stamp]).toEqual(["user", "user"]);
    expect(difference(sent.at, world.beginning)).toBeLessThan(0);
    expect(difference(reply.at, world.beginning)).toBeGreaterThan(0.02);
  });

  it("by the kernel are of the moment a packet left, however long it waited; a process knows only when it handed it over", () => {
    for (const [source, expected] of [
      ["kernel", 0.2],
      ["user", 0],
    ] as const) {
      world = createWorld({ seed: source });
      const { machine: m, heard } = machine({ stamps: { source, noise: 0, queueing: 0.2 } });
      echo(m);
      world.run(1);
      const [sent, reply] = heard.map(({ event }) => event);
      expect(sent?.kind === "sent" && difference(sent.at, world.beginning)).toBeCloseTo(expected, 9);
      expect(reply?.kind === "datagram" && difference(reply.at, world.beginning)).toBeCloseTo(0.22, 9);
    }
  });

  it("may be told after the reply, and are of the departure all the same", () => {
    const { machine: m, heard } = machine({ stamps: { late: 0.3 } });
    echo(m);
    world.run(1);
    expect(kinds(heard)).toEqual(["datagram", "sent"]);
    const sent = heard[1]!.event;
    expect(sent.kind === "sent" && difference(sent.at, world.beginning)).toBe(0);
  });
});

describe("asleep", () => {
  it("hears nothing, and its steady clock stands while its clock goes on", () => {
    const { machine: m, heard } = machine();
    const before = m.now();
    echo(m);
    m.perform({ kind: "resolve", name: "nothing.example", family: null });
    m.sleep(100);
    world.run(50);
    expect(heard).toEqual([]);
    expect(m.now().mono).toBe(before.mono);
    world.run(60);
    expect(m.now().mono - before.mono).toBeCloseTo(10, 6);
    expect(difference(m.now().clock, before.clock)).toBe(110);
    // The reply was lost; what the machine itself had to say was kept; the clock has run away from the steady one.
    expect(heard.map(({ at, event }) => [at, event.kind])).toEqual([
      [100, "stepped"],
      [100, "sent"],
      [100, "unresolved"],
    ]);
  });
});

describe("a program loaded", () => {
  it("in place of another hears nothing of what that one began", () => {
    const { machine: m, heard } = machine();
    echo(m);
    const other: Event[] = [];
    m.load({ handle: (event) => other.push(event) });
    world.run(1);
    expect([heard, other]).toEqual([[], []]);
  });
});

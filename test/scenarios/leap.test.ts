/** Leap seconds: told to the kernel on the last day, by whoever is to be believed, and taken back when they are over. */
import { describe, expect } from "vitest";
import { UNIX_EPOCH } from "../../src/time/timestamp.ts";
import type { LeapKnowledge } from "../../src/time/leap.ts";
import type { Runner } from "../../src/sim/runner.ts";
import type { ScriptedServer } from "../../src/sim/server.ts";
import type { SimWorld } from "../../src/sim/world.ts";
import type { Leap } from "../../src/wire/header.ts";
import { daemon } from "../support/daemon.ts";
import type { DaemonOptions } from "../support/daemon.ts";
import { scenario } from "../support/world.ts";
import { notesOf, serversOf } from "./oneshot.ts";

const HOUR = 3600;
/** Eight hours before the last day of the year begins, and how long it is until it ends. */
const BEGINNING = { seeds: 3, beginning: "2026-12-30T16:00:00Z" } as const;
const LAST_DAY = 8 * HOUR;
const MIDNIGHT = LAST_DAY + 24 * HOUR;

/** A daemon of servers that announce leaps, which they see through with true time. */
function begun(world: SimWorld, leaps: readonly Leap[], options: Partial<DaemonOptions> = {}): { client: Runner; servers: readonly ScriptedServer[] } {
  const servers = serversOf(world, ...leaps.map((leap) => ({ leap, oscillator: {} })));
  return { servers, client: daemon(world, { servers, clockError: 0.01, oscillator: { frequency: 20e-6, wander: 1e-9 }, ...options }) };
}

/** At the end of the day the servers' clocks leap; some minutes later they announce nothing any more. */
function leaping(world: SimWorld, servers: readonly ScriptedServer[], by: number): void {
  world.at(MIDNIGHT - (by > 0 ? 1 : 0), () => servers.forEach(({ machine }) => machine.stepClock(by, null)));
  world.at(MIDNIGHT + 300, () => servers.forEach((server) => (server.script = { ...server.script, leap: "none" })));
}

const listOf = (date: string, leap: "insert" | "delete"): LeapKnowledge => ({ next: { at: BigInt(Date.parse(date) / 1000) + UNIX_EPOCH, leap, tai: 38 } });
const steps = (client: Runner): number => notesOf(client, "clockStepped").length;

describe("a leap second", () => {
  for (const [leap, by] of [["insert", -1], ["delete", 1]] as const)
    scenario(`that servers announce (${leap}) is told to the kernel on the last day, happens there, and is taken back`, BEGINNING, (world) => {
      const { client, servers } = begun(world, [leap, leap, leap]);
      leaping(world, servers, by);
      world.run(LAST_DAY - 5);
      expect(client.snapshot().system.leap).toBe(leap);
      expect(client.machine.kernel).toMatchObject({ synchronized: true, leap: "none" });
      world.run(HOUR);
      expect(client.machine.kernel).toMatchObject({ synchronized: true, leap });
      world.run(MIDNIGHT - world.now - 2);
      expect(client.machine.kernel.leap).toBe(leap);
      expect(Math.abs(client.machine.error)).toBeLessThan(0.002);
      world.run(5);
      expect(client.machine.kernel).toMatchObject({ synchronized: true, leap: "none" });
      expect(notesOf(client, "leapSecond")).toEqual([{ what: "leapSecond", leap }]);
      let worst = 0;
      world.every(10, () => (worst = Math.max(worst, Math.abs(client.machine.error - by))));
      world.run(6 * HOUR);
      expect(worst, "against servers that leapt").toBeLessThan(0.002);
      expect(client.machine.kernel.leap).toBe("none");
      expect(client.snapshot().system.leap).toBe("none");
      expect(notesOf(client, "leapSecond")).toHaveLength(1);
      expect(steps(client)).toBe(0);
    });

  scenario("that only one of three announces is none", BEGINNING, (world) => {
    const { client } = begun(world, ["insert", "none", "none"]);
    world.run(MIDNIGHT - 60);
    expect(client.machine.kernel.leap).toBe("none");
    expect(client.snapshot().system.leap).toBe("none");
  });

  scenario("of a list comes though no server knows of it", BEGINNING, (world) => {
    const { client, servers } = begun(world, ["none", "none", "none"], { leaps: listOf("2027-01-01T00:00:00Z", "insert") });
    leaping(world, servers, -1);
    world.run(LAST_DAY - 5);
    expect(client.machine.kernel.leap).toBe("none");
    expect(client.snapshot().system.leap).toBe("insert");
    world.run(HOUR);
    expect(client.machine.kernel.leap).toBe("insert");
    world.run(MIDNIGHT + 60 - world.now);
    expect(client.machine.kernel.leap).toBe("none");
    expect(Math.abs(client.machine.error + 1)).toBeLessThan(0.002);
    expect(steps(client)).toBe(0);
  });

  scenario("that all servers announce is none where a list says otherwise", BEGINNING, (world) => {
    const { client } = begun(world, ["insert", "insert", "insert"], { leaps: listOf("2027-07-01T00:00:00Z", "insert") });
    world.run(MIDNIGHT - 60);
    expect(client.machine.kernel.leap).toBe("none");
    expect(client.snapshot().system.leap).toBe("none");
  });

  scenario("that is announced in the middle of a month waits for its end", { ...BEGINNING, beginning: "2026-12-10T16:00:00Z" }, (world) => {
    const { client } = begun(world, ["insert", "insert", "insert"]);
    world.run(MIDNIGHT + HOUR);
    expect(client.snapshot().system.leap).toBe("insert");
    expect(client.machine.kernel.leap).toBe("none");
    expect(Math.abs(client.machine.error)).toBeLessThan(0.002);
  });

  scenario("comes though the last hour's servers are silent", { ...BEGINNING, seeds: 2 }, (world) => {
    const { client, servers } = begun(world, ["insert", "insert", "insert"]);
    world.at(MIDNIGHT - 6 * HOUR, () => servers.forEach((server) => (server.script = { ...server.script, oddities: [() => []] })));
    world.run(MIDNIGHT + 60);
    expect(client.snapshot().system.systemPeer).toBeNull();
    expect(client.machine.error).toBeCloseTo(-1, 1);
    expect(client.machine.kernel.leap).toBe("none");
  });

  scenario("is not told of by a daemon that only reports", { ...BEGINNING, seeds: 1 }, (world) => {
    const { client } = begun(world, ["insert", "insert", "insert"], { loop: { dryRun: true } });
    world.run(MIDNIGHT - 60);
    expect(client.machine.kernel.leap).toBe("none");
  });
});

/** What the kernel says of its clock is true at every moment, whatever happens to servers and clocks. */
import { describe, expect } from "vitest";
import type { Runner } from "../../src/sim/runner.ts";
import type { SimWorld } from "../../src/sim/world.ts";
import { daemon } from "../support/daemon.ts";
import { scenario } from "../support/world.ts";
import { finish, serversOf, start } from "./oneshot.ts";

const HOUR = 3600;
const CRYSTAL = { frequency: 30e-6, wander: 1e-9 };

/** Runs on, and compares now and then what is claimed with what is true. */
function truthful(world: SimWorld, client: Runner, seconds: number): void {
  const until = world.now + seconds;
  world.every(7, () => {
    if (world.now <= until)
      expect(Math.abs(client.machine.error), `at ${world.now} s`).toBeLessThanOrEqual(
        client.machine.kernel.maximumError,
      );
  });
  world.run(seconds);
}

describe("a daemon", () => {
  for (const discipline of ["rfc5905", "adaptive"] as const) {
    scenario(`with ${discipline} claims no more than is true, and not before it knows`, { seeds: 2 }, (world) => {
      const servers = serversOf(world, {}, {}, {});
      const client = daemon(world, {
        servers,
        clockError: Number(world.seed) % 2 === 0 ? -5 : 0.1,
        oscillator: CRYSTAL,
        loop: { discipline },
        steerRate: 500e-6,
      });
      expect(client.machine.kernel).toMatchObject({ synchronized: false, maximumError: 16 });
      truthful(world, client, 3 * HOUR);
      expect(client.machine.kernel).toMatchObject({ synchronized: true, leap: "none" });
      expect(client.machine.kernel.maximumError).toBeLessThan(2);
      expect(client.machine.kernel.estimatedError).toBeLessThan(0.1);
    });
  }

  scenario("whose clock somebody steps is not relied on until it is right again", { seeds: 2 }, (world) => {
    const client = daemon(world, { servers: serversOf(world, {}, {}, {}), clockError: 0.01, oscillator: CRYSTAL });
    world.run(2 * HOUR);
    client.machine.stepClock(-5);
    expect(client.machine.kernel.synchronized).toBe(false);
    truthful(world, client, HOUR);
    expect(client.machine.kernel.synchronized).toBe(true);
  });

  scenario(
    "whose servers fall silent lets the kernel's own bound grow until it says so itself",
    { seeds: 2 },
    (world) => {
      const servers = serversOf(world, {}, {}, {});
      const client = daemon(world, { servers, clockError: 0.01, oscillator: CRYSTAL });
      world.run(2 * HOUR);
      for (const server of servers) server.script = { ...server.script, oddities: [() => []] };
      truthful(world, client, 4 * HOUR);
      expect(client.machine.kernel).toMatchObject({ synchronized: true });
      expect(client.machine.kernel.maximumError).toBeGreaterThan(3);
      truthful(world, client, 9 * HOUR);
      expect(client.machine.kernel).toMatchObject({ synchronized: false, maximumError: 16 });
    },
  );

  scenario("that only reports tells the kernel nothing", { seeds: 1 }, (world) => {
    const client = daemon(world, { servers: serversOf(world, {}, {}, {}), loop: { of: "shadow" } });
    world.run(HOUR);
    expect(client.snapshot().system.systemPeer).not.toBeNull();
    expect(client.machine.kernel).toMatchObject({ synchronized: false, maximumError: 16 });
  });

  scenario("that gives up takes back what it said", { seeds: 1 }, (world) => {
    const servers = serversOf(world, {}, {}, {});
    const client = daemon(world, { servers, oscillator: CRYSTAL });
    world.run(2 * HOUR);
    expect(client.machine.kernel.synchronized).toBe(true);
    for (const { machine } of servers) machine.stepClock(5000, null);
    world.run(12 * HOUR, () => client.outcome !== null);
    expect(client.outcome).toBe("limit");
    expect(client.machine.kernel).toMatchObject({ synchronized: false, maximumError: 16 });
  });
});

describe("a sync", () => {
  for (const clockError of [0.09, 3])
    scenario(
      `of a clock that is ${clockError} s off leaves errors that are true, and nobody who looks after them`,
      { seeds: 2 },
      (world) => {
        const client = start(world, { servers: serversOf(world, {}, {}, {}), clockError });
        expect(finish(world, client)).toBe("ok");
        expect(client.machine.kernel.synchronized).toBe(false);
        expect(client.machine.kernel.maximumError).toBeLessThan(1);
        truthful(world, client, 2 * HOUR);
      },
    );

  scenario("in a dry run tells the kernel nothing", { seeds: 1 }, (world) => {
    const client = start(world, { servers: serversOf(world, {}, {}, {}), clockError: 0.09, options: { dryRun: true } });
    expect(finish(world, client)).toBe("ok");
    expect(client.machine.kernel.maximumError).toBe(16);
  });
});

/** Clocks that are set meanwhile, may not be set, are decades wrong, or stand at the edge of an era. */
import { describe, expect } from "vitest";
import { toIso } from "../../src/time/timestamp.ts";
import { scenario } from "../support/world.ts";
import { expectSynchronized, expectTrue, finish, notesOf, serversOf, start } from "./oneshot.ts";

/** From the world's usual beginning back to 1970. */
const SINCE_1970 = Date.parse("2026-11-21T00:00:00Z") / 1000;

describe("the clock", () => {
  scenario(
    "stepped by another in the middle of a burst: what was measured before is worth nothing",
    { seeds: 20 },
    (world) => {
      const chance = world.chance("step");
      const client = start(world, { servers: serversOf(world, {}, {}, {}), command: "query", options: { samples: 4 } });
      world.at(0.1 + 3.9 * chance.uniform(), () =>
        client.machine.stepClock(chance.uniform() < 0.5 ? 3600 : -90, chance.uniform() < 0.5 ? 0 : 0.3),
      );
      expect(finish(world, client)).toBe("ok");
      expectTrue(client, client.machine.error);
      expect(notesOf(client, "clockStepped").length).toBeGreaterThan(0);
    },
  );

  scenario("stepped by another while an answer is on its way, and nobody says so", { seeds: 10 }, (world) => {
    const client = start(world, { servers: serversOf(world, {}), command: "query", options: { samples: 1 } });
    world.at(0.01, () => client.machine.stepClock(500, null));
    expect(finish(world, client)).toBe("ok");
    expectTrue(client, client.machine.error);
  });

  scenario("a machine that sleeps in the middle of a burst measures anew", {}, (world) => {
    const client = start(world, { servers: serversOf(world, {}, {}, {}), command: "query", options: { samples: 4 } });
    world.at(2.005, () => client.machine.sleep(300));
    expect(finish(world, client, 400)).toBe("ok");
    expectTrue(client, client.machine.error);
    expect(world.now).toBeGreaterThan(302);
    expect(client.snapshot().elapsed).toBeLessThan(15);
  });

  scenario("may not be touched: the measurement is told all the same", {}, (world) => {
    const client = start(world, { servers: serversOf(world, {}, {}, {}), clockFault: "noPrivilege", clockError: 4 });
    expect(finish(world, client)).toBe("permission");
    expect(client.snapshot().clock).toMatchObject({ action: "step", applied: false, reason: "noPrivilege" });
    expect(client.snapshot().clock.offset).toBeCloseTo(-4, 2);
    expect(client.machine.error).toBeCloseTo(4, 2);
  });

  scenario("is not touched by a dry run nor by a query", {}, (world) => {
    const dry = start(world, {
      servers: serversOf(world, {}, {}),
      clockError: 4,
      options: { dryRun: true },
      oscillator: {},
    });
    expect(finish(world, dry)).toBe("ok");
    expect(dry.snapshot().clock).toMatchObject({ action: "step", applied: false, reason: "dry-run" });
    const query = start(world, { servers: ["192.0.2.1"], command: "query", on: dry.machine });
    expect(finish(world, query)).toBe("ok");
    expect(dry.machine.error).toBe(4);
  });

  scenario("off by more than the panic threshold is left alone", {}, (world) => {
    const client = start(world, { servers: serversOf(world, {}, {}), clockError: 1001 });
    expect(finish(world, client)).toBe("limit");
    expect(client.snapshot().clock).toMatchObject({ action: "refused", applied: false, reason: "panic" });
    expect(client.machine.error).toBeCloseTo(1001, 1);
  });

  scenario("is stepped within --max-step only, each way by its own", {}, (world) => {
    const servers = serversOf(world, {}, {});
    const options = { maxStep: { forward: 10, backward: 0.5 } };
    const back = start(world, { servers, clockError: 1, options });
    expect(finish(world, back)).toBe("limit");
    expect(back.snapshot().clock.reason).toBe("max-step");
    back.machine.stepClock(-5);
    world.run(1);
    const forward = start(world, { servers, on: back.machine, options });
    finish(world, forward);
    expectSynchronized(forward);
  });

  scenario("glides however much it is off when told to, and steps however little", {}, (world) => {
    const servers = serversOf(world, {}, {});
    const slewed = start(world, { servers, clockError: -0.5, options: { method: "slew" }, oscillator: {} });
    finish(world, slewed);
    expect(slewed.snapshot().clock).toMatchObject({ action: "slew", applied: true });
    world.run(1010);
    expectSynchronized(slewed);
    slewed.machine.stepClock(0.05);
    world.run(1);
    const stepped = start(world, { servers, on: slewed.machine, options: { method: "step" } });
    finish(world, stepped);
    expect(stepped.snapshot().clock.action).toBe("step");
    expectSynchronized(stepped);
  });

  scenario("that begins in 1970 is refused by default, and set when told to", { seeds: 10 }, (world) => {
    const servers = serversOf(world, {}, {}, {});
    const cautious = start(world, { servers, clockError: -SINCE_1970 });
    expect(finish(world, cautious)).toBe("limit");
    const bold = start(world, { servers, on: cautious.machine, options: { panic: Infinity } });
    finish(world, bold);
    // A double holds 56 years to a quarter of a microsecond.
    expectSynchronized(bold);
    expect(bold.snapshot().clock.offset).toBeCloseTo(SINCE_1970, 1);
  });

  scenario(
    "is set across the end of era 0, from either side of it",
    { seeds: 10, beginning: "2036-02-07T06:28:12Z" },
    (world) => {
      const ahead = Number(world.seed) % 2 === 0;
      const client = start(world, { servers: serversOf(world, {}, {}, {}), clockError: ahead ? 30 : -30 });
      finish(world, client);
      expectSynchronized(client);
      world.run(60);
      expect(toIso(client.machine.now().clock, 2_085_978_496n * 1_000_000_000n)).toMatch(/^2036-02-07T06:29:1/);
    },
  );

  scenario("is right in the second era, long after", { beginning: "2040-01-01T00:00:00Z" }, (world) => {
    const client = start(world, { servers: serversOf(world, {}, {}, {}) });
    finish(world, client);
    expectSynchronized(client);
  });

  scenario("that runs fast by 500 ppm is measured truly", {}, (world) => {
    const client = start(world, {
      servers: serversOf(world, {}, {}, {}),
      oscillator: { frequency: 500e-6 },
      command: "query",
      options: { samples: 4 },
    });
    expect(finish(world, client)).toBe("ok");
    expectTrue(client, client.machine.error, 500e-6 * 5);
  });
});

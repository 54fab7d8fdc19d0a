/** A sync that remembers: what one run learned the next one knows, and no more than that. */
import { describe, expect } from "vitest";
import { scenario } from "../support/world.ts";
import { Cron } from "./cron.ts";
import { about, expectSynchronized, serversOf, verdicts } from "./oneshot.ts";

const HOUR = 3600;

/** A server whose clock stays right for weeks. */
const EXACT = { oscillator: {} } as const;

describe("a sync that remembers", () => {
  scenario("asks servers it knows for one packet each", {}, (world) => {
    const servers = serversOf(world, EXACT, EXACT, EXACT, EXACT);
    const cron = new Cron(world, { servers, slewRate: Infinity });
    cron.once();
    expect(servers.map(({ count }) => count)).toEqual([3, 3, 3, 3]);
    world.run(HOUR);
    for (let run = 1; run <= 24; run += 1) {
      const { runner } = cron.once();
      expectSynchronized(runner, 0.003);
      expect(servers.map(({ count }) => count - 3)).toEqual([run, run, run, run]);
      world.run(HOUR);
    }
    expect(cron.remembered.associations.map(({ reach, samples }) => [reach, samples.length])).toEqual([[255, 8], [255, 8], [255, 8], [255, 8]]);
    expect(about(cron.runs.at(-1)!.runner, servers[0]!).reach).toBe(255);
  });

  scenario("knows no more than a fresh one after a restart of the machine, and asks as often", {}, (world) => {
    const servers = serversOf(world, {}, {}, {});
    const cron = new Cron(world, { servers, slewRate: Infinity });
    cron.repeat(3);
    cron.boot = "second";
    cron.machine!.stepClock(-7.5, null);
    const before = servers.map(({ count }) => count);
    const { runner, lapse } = cron.once();
    expect(lapse?.broken).toBe("restart");
    expectSynchronized(runner);
    expect(servers.map(({ count }, place) => count - before[place]!)).toEqual([3, 3, 3]);
  });

  scenario("does the same where somebody has set the clock meanwhile", {}, (world) => {
    const servers = serversOf(world, {}, {}, {});
    const cron = new Cron(world, { servers, slewRate: Infinity });
    for (const by of [3600, -3600, 0.2, -20 * 365 * 86_400]) {
      cron.repeat(2);
      cron.machine!.stepClock(by, null);
      const before = servers.map(({ count }) => count);
      const { runner, lapse } = cron.once();
      expect(lapse?.broken).toBe("step");
      expect(lapse!.elapsed).toBeGreaterThan(0);
      expect(servers.map(({ count }, place) => count - before[place]!)).toEqual([3, 3, 3]);
      if (Math.abs(by) < 1000) expectSynchronized(runner);
      else {
        // Beyond the panic threshold nothing is done; somebody sets it right.
        expect(runner.outcome).toBe("limit");
        cron.machine!.stepClock(-by, null);
      }
      world.run(HOUR);
    }
  });

  scenario("a falseticker of yesterday has no vote today, until it has agreed", {}, (world) => {
    const servers = serversOf(world, {}, {}, { clockError: 0.4 }, {});
    const cron = new Cron(world, { servers, slewRate: Infinity });
    expect(verdicts(cron.once().runner)[2]).toBe("falseticker: outsideIntersection");
    world.run(HOUR);
    expect(verdicts(cron.once().runner)[2]).toBe("falseticker: outsideIntersection");
    expect(cron.remembered.associations[2]!.probation).toBeCloseTo(0, 3);
    servers[2]!.machine.stepClock(-0.4, null);
    world.run(HOUR);
    const { runner } = cron.once();
    expect(verdicts(runner)[2]).toBe("rejected: probation");
    expect(runner.snapshot().system).toMatchObject({ truechimers: 3, falsetickers: 0 });
    world.run(HOUR);
    expect(cron.once().runner.snapshot().system.truechimers).toBe(4);
  });
});

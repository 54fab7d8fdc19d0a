/** The daemon keeps its clock: what happens to servers, oscillators, networks and machines, and how far the clock goes astray. */
import { describe, expect } from "vitest";
import { DISCIPLINES } from "../../src/discipline/disciplines.ts";
import type { DisciplineName } from "../../src/discipline/disciplines.ts";
import { DEFAULT_STEP_LIMITS } from "../../src/discipline/limits.ts";
import type { ServingConfig } from "../../src/engine/port/config.ts";
import { defaultRules } from "../../src/server/access.ts";
import type { Runner } from "../../src/sim/runner.ts";
import type { ScriptedServer } from "../../src/sim/server.ts";
import type { SimWorld } from "../../src/sim/world.ts";
import { daemon } from "../support/daemon.ts";
import type { DaemonOptions } from "../support/daemon.ts";
import { scenario } from "../support/world.ts";
import { notesOf } from "./oneshot.ts";
import { BASE_SERVING } from "../../src/config/base.ts";

const WAN = { delay: 0.01, jitter: { shape: "exponential", mean: 0.001 } } as const;
/** An ordinary crystal; what the worlds of this file do without being told otherwise. */
const CRYSTAL = { frequency: 30e-6, wander: 1e-9 };
const HOUR = 3600;
/** By then everything is learned. */
const SETTLED = 5 * HOUR;

/** A daemon that has been running until it knows its oscillator. */
function settled(
  world: SimWorld,
  servers: number,
  options: Partial<DaemonOptions> = {},
): { client: Runner; servers: readonly ScriptedServer[] } {
  const { client, servers: all } = begun(world, servers, options);
  world.run(SETTLED);
  expect(Math.abs(client.machine.error), "settled").toBeLessThan(0.0015);
  return { client, servers: all };
}

function begun(
  world: SimWorld,
  servers: number,
  options: Partial<DaemonOptions> = {},
): { client: Runner; servers: readonly ScriptedServer[] } {
  const all = Array.from({ length: servers }, (_, index) =>
    world.server(`ntp${index + 1}`, { link: { delay: 0.002 * index } }),
  );
  return {
    client: daemon(world, { servers: all, link: WAN, clockError: 0.01, oscillator: CRYSTAL, ...options }),
    servers: all,
  };
}

/** Runs on, and says how wrong the clock was at worst against a reference; by default true time. */
function worstOf(world: SimWorld, client: Runner, seconds: number, reference: () => number = () => 0): number {
  let worst = 0;
  const until = world.now + seconds;
  world.every(1, () => {
    if (world.now <= until) worst = Math.max(worst, Math.abs(client.machine.error - reference()));
  });
  world.run(seconds);
  return worst;
}

const SERVING: ServingConfig = { ...BASE_SERVING, access: defaultRules([], null, false) };
const ours = (client: Runner): number => notesOf(client, "clockStepped").filter(({ whose }) => whose === "ours").length;

describe("servers", () => {
  scenario("that step by 50 ms are followed once that is sure, without a step", {}, (world) => {
    const { client, servers } = settled(world, 1);
    servers[0]!.machine.stepClock(0.05, null);
    expect(worstOf(world, client, HOUR, () => 0.05)).toBeLessThan(0.052);
    expect(worstOf(world, client, 3 * HOUR, () => 0.05)).toBeLessThan(0.002);
    expect(ours(client)).toBe(0);
  });

  scenario("that step by half a second are followed by one step, when it has lasted", {}, (world) => {
    const { client, servers } = settled(world, 1);
    servers[0]!.machine.stepClock(0.5, null);
    world.run(290);
    expect(ours(client)).toBe(0);
    world.run(HOUR);
    expect(ours(client)).toBe(1);
    expect(worstOf(world, client, 3 * HOUR, () => 0.5)).toBeLessThan(0.002);
    expect(ours(client)).toBe(1);
  });

  scenario("that are wrong once are not believed", {}, (world) => {
    const { client, servers } = settled(world, 1);
    servers[0]!.machine.stepClock(0.3, null);
    const count = servers[0]!.count;
    world.run(HOUR, () => servers[0]!.count > count);
    world.run(1);
    servers[0]!.machine.stepClock(-0.3, null);
    expect(servers[0]!.count).toBe(count + 1);
    expect(worstOf(world, client, 3 * HOUR)).toBeLessThan(0.0015);
    expect(ours(client)).toBe(0);
  });

  scenario("one of four that drifts away by 1 ms a minute takes nobody along", {}, (world) => {
    const { client, servers } = settled(world, 4);
    servers[Number(world.seed) % 4]!.machine.oscillator.jump(world.now, 1e-3 / 60);
    expect(worstOf(world, client, 6 * HOUR)).toBeLessThan(0.004);
    const verdicts = client.snapshot().associations.map(({ verdict }) => verdict);
    expect(verdicts[Number(world.seed) % 4]).toBe("falseticker");
    expect(verdicts.filter((verdict) => verdict === "falseticker")).toHaveLength(1);
    expect(ours(client)).toBe(0);
  });

  scenario(
    "on a path that becomes longer are believed again, and what of it is asymmetry is known from before",
    {},
    (world) => {
      const { client } = settled(world, 1);
      // 20 ms more on the way out look like a server that is 10 ms ahead.
      client.machine.interfaces[0]!.out.delay = 0.03;
      expect(worstOf(world, client, 24 * HOUR)).toBeLessThan(0.002);
    },
  );
});

describe("the oscillator", () => {
  scenario("that jumps by 20 ppm is learned anew, without a step", {}, (world) => {
    const { client } = settled(world, 1);
    client.machine.oscillator.jump(world.now, Number(world.seed) % 2 === 0 ? 20e-6 : -20e-6);
    // Until the next poll nobody can know, and some more at the shortest interval have to agree.
    expect(worstOf(world, client, HOUR)).toBeLessThan(20e-6 * (1.07 * 1024 + 8 * 64));
    expect(worstOf(world, client, 4 * HOUR)).toBeLessThan(0.003);
    expect(ours(client)).toBe(0);
  });

  scenario("that is 300 ppm off is learned all the same", {}, (world) => {
    const { client } = begun(world, 1, {
      oscillator: { ...CRYSTAL, frequency: Number(world.seed) % 2 === 0 ? 300e-6 : -300e-6 },
    });
    world.run(HOUR);
    expect(worstOf(world, client, 4 * HOUR)).toBeLessThan(0.003);
    expect(ours(client)).toBe(0);
  });

  scenario("whose frequency an earlier run left is right from the first minute", {}, (world) => {
    const { client } = begun(world, 1, { loop: { frequency: -30e-6 } });
    world.run(20);
    expect(worstOf(world, client, HOUR)).toBeLessThan(0.003);
  });
});

describe("the network", () => {
  scenario("that is gone for six hours comes back to a clock that was kept by its frequency", {}, (world) => {
    const { client } = settled(world, 2, { link: { ...WAN, dead: [{ from: SETTLED, until: SETTLED + 6 * HOUR }] } });
    const alone = worstOf(world, client, 6 * HOUR);
    expect(alone).toBeLessThan(0.01);
    expect(client.snapshot().system.systemPeer).toBeNull();
    // Polls are far apart by now.
    world.run(1100);
    expect(worstOf(world, client, 3 * HOUR)).toBeLessThan(0.0015);
    expect(ours(client)).toBe(0);
  });

  scenario("that loses a third of all packets does little harm", {}, (world) => {
    const { client } = settled(world, 1, { link: { ...WAN, loss: 0.18 } });
    expect(worstOf(world, client, 6 * HOUR)).toBeLessThan(0.003);
  });

  scenario("that holds answers up while the clock is corrected at once spoils none of them", {}, (world) => {
    const { client } = begun(world, 4, { link: { ...WAN, delay: 0.05 }, clockError: 0.1, steerRate: Infinity });
    world.run(10, () => Math.abs(client.machine.error) < 0.01);
    expect(Math.abs(client.machine.error)).toBeLessThan(0.01);
    const before = client.notes.length;
    world.run(1);
    const offsets = client.notes.slice(before).flatMap(({ note }) => (note.what === "sample" ? [note.offset] : []));
    expect(offsets.length).toBeGreaterThan(0);
    for (const offset of offsets) expect(Math.abs(offset)).toBeLessThan(0.01);
    // What had been measured before has moved along.
    for (const { offset, jitter } of client.snapshot().associations)
      expect(Math.abs(offset!) + jitter!).toBeLessThan(0.015);
  });

  for (const steerRate of [500e-6, "hurried"] as const)
    scenario(`is as far off as is told at each moment of a correction (${steerRate})`, {}, (world) => {
      const { client } = begun(world, 4, { link: { delay: 0.01 }, clockError: 0.1, steerRate });
      world.run(5);
      for (let second = 0; second < 30; second += 1) {
        world.run(1);
        for (const { offset } of client.snapshot().associations)
          expect(Math.abs(offset! + client.machine.error)).toBeLessThan(0.002);
      }
    });
});

describe("the machine", () => {
  scenario("that slept for an hour measures anew, and has not forgotten its oscillator", {}, (world) => {
    const { client } = settled(world, 1);
    client.machine.sleep(HOUR);
    world.run(HOUR + 15);
    expect(worstOf(world, client, 4 * HOUR)).toBeLessThan(0.002);
  });

  const BY: readonly number[] = [3600, -3600, 20 * 365.25 * 86_400, -20 * 365.25 * 86_400];
  for (const [index, discipline] of (Object.keys(DISCIPLINES) as DisciplineName[]).entries())
    scenario(
      `whose clock somebody sets by hours or decades sets it right at once (${discipline})`,
      { seeds: 4 },
      (world) => {
        const { client } = begun(world, 1, { loop: { discipline, frequency: -30e-6 } });
        world.run(HOUR);
        client.machine.stepClock(BY[(Number(world.seed) + index) % 4]!, 0.1);
        world.run(30);
        // A double holds 20 years to a tenth of a microsecond.
        expect(Math.abs(client.machine.error)).toBeLessThan(0.005);
        expect(client.outcome).toBeNull();
        expect(ours(client)).toBe(1);
        expect(worstOf(world, client, HOUR)).toBeLessThan(0.01);
      },
    );

  for (const clockError of [0.03, -0.03, 0.0007])
    scenario(
      `that glides ${clockError * 1000} ms is no further off when it is there than where it is at rest`,
      { seeds: 5 },
      (world) => {
        const servers = [world.server("ntp1", { stratum: 1, oscillator: {} })];
        const client = daemon(world, { servers, link: { delay: 100e-6 }, clockError, steerRate: 500e-6 });
        // What was measured while it glided says where it will be.
        world.run(Math.abs(clockError) / 500e-6 + 10);
        expect(worstOf(world, client, 60)).toBeLessThan(10e-6);
      },
    );

  for (const clockError of [0.01, -0.01, 0.1, -0.1])
    scenario(
      `whose kernel has a tick corrects ${clockError * 1000} ms in seconds, and is right from then on`,
      { seeds: 5 },
      (world) => {
        const servers = [world.server("ntp1", { stratum: 1, oscillator: {} })];
        const client = daemon(world, { servers, link: { delay: 20e-3 }, clockError, steerRate: "hurried" });
        // A burst of eight ends after 14 s, and the first samples of it decide.
        world.run(20 + Math.abs(clockError) / 0.0099);
        expect(worstOf(world, client, 60)).toBeLessThan(100e-6);
        expect(client.machine.clock.frequency(world.now)).toBeCloseTo(0, 4);
      },
    );

  scenario(
    "whose clock somebody steps while it hurries has its tick set back, and is right soon",
    { seeds: 5 },
    (world) => {
      const servers = [world.server("ntp1", { stratum: 1, oscillator: {} })];
      const client = daemon(world, { servers, link: { delay: 20e-3 }, clockError: -0.12, steerRate: "hurried" });
      let hurries = 0;
      world.every(1, () => {
        if (Math.abs(client.machine.clock.frequency(world.now)) < 5e-3) return;
        hurries += 1;
        if (hurries === 3) client.machine.stepClock(0.05, 0.1);
      });
      world.run(120);
      // 30 ms, and what is measured anew then, 40 ms; not the 120 it was to correct at first.
      expect(hurries).toBeLessThan(10);
      expect(worstOf(world, client, 60)).toBeLessThan(0.001);
    },
  );

  scenario("that lets its clock glide at 500 ppm is kept as well", {}, (world) => {
    const { client } = begun(world, 1, { steerRate: 500e-6 });
    world.run(SETTLED);
    expect(worstOf(world, client, 4 * HOUR)).toBeLessThan(0.0015);
    expect(ours(client)).toBe(0);
  });
});

describe("limits", () => {
  const limits = { ...DEFAULT_STEP_LIMITS };

  scenario("a first offset beyond the panic threshold ends the run, and nothing is changed", { seeds: 2 }, (world) => {
    const { client } = begun(world, 1, { clockError: -1500 });
    world.run(20);
    expect(client.outcome).toBe("limit");
    expect(client.snapshot().clock).toMatchObject({ action: "refused", reason: "panic" });
    expect(client.machine.error).toBeCloseTo(-1500, 1);
  });

  scenario("is stepped where that is allowed", { seeds: 2 }, (world) => {
    const { client } = begun(world, 1, { clockError: -1500, loop: { anyFirst: true } });
    world.run(60);
    expect(client.outcome).toBeNull();
    expect(Math.abs(client.machine.error)).toBeLessThan(0.01);
    expect(ours(client)).toBe(1);
  });

  scenario("a step further than --max-step ends the run", { seeds: 2 }, (world) => {
    const { client } = begun(world, 1, {
      clockError: 5,
      loop: { limits: { ...limits, maxStep: { forward: 10, backward: 1 } } },
    });
    world.run(20);
    expect(client.outcome).toBe("limit");
    expect(client.snapshot().clock.reason).toBe("max-step");
  });

  scenario("a clock that is only to be slewed is never stepped", { seeds: 2 }, (world) => {
    const { client } = begun(world, 1, { clockError: 5, loop: { limits: { ...limits, method: "slew" } } });
    // A hundredth of what is left in each second, and then a hundredth of a second.
    world.run(400);
    expect(ours(client)).toBe(0);
    expect(Math.abs(client.machine.error)).toBeLessThan(0.005);
  });

  scenario("a report only: everything is reckoned, and nothing done", { seeds: 2 }, (world) => {
    const { client } = begun(world, 1, { clockError: 2, loop: { of: "shadow" } });
    world.run(2 * HOUR);
    const { discipline } = client.snapshot();
    expect(client.machine.error).toBeCloseTo(2 + 2 * HOUR * 30e-6, 2);
    expect(discipline).toMatchObject({ state: "SYNC", frequency: expect.closeTo(-30e-6, 5) });
    expect(discipline!.poll).toBeGreaterThan(6);
  });

  for (const discipline of Object.keys(DISCIPLINES) as DisciplineName[])
    scenario(
      `a report only says what would be done, and serves the time as it is known (${discipline})`,
      { seeds: 2 },
      (world) => {
        const { client } = begun(world, 3, {
          clockError: 2,
          loop: { of: "shadow", discipline, frequency: -30e-6 },
          more: { serving: SERVING },
        });
        const served = (): number => {
          const { responder } = client.engine;
          responder!.refresh(client.machine.mono());
          return client.machine.error + responder!.shiftSeconds + (responder!.shiftFraction >>> 0) / 2 ** 32;
        };
        world.run(2 * HOUR);
        expect(notesOf(client, "wouldStep")).toEqual([{ what: "wouldStep", by: expect.closeTo(-2, 1) }]);
        let worst = 0;
        world.every(60, () => (worst = Math.max(worst, Math.abs(served()))));
        world.run(6 * HOUR);
        // The standard's combines samples of a clock that drifted on meanwhile.
        expect(worst).toBeLessThan(discipline === "adaptive" ? 0.003 : 0.06);
        expect(client.machine.error).toBeCloseTo(2 + 8 * HOUR * 30e-6, 1);
      },
    );

  scenario("a report only does not end where a daemon that steers would, and says so once", { seeds: 2 }, (world) => {
    const { client } = begun(world, 1, { clockError: -1500, loop: { of: "shadow" } });
    world.run(4 * HOUR);
    expect(client.outcome).toBeNull();
    expect(notesOf(client, "wouldRefuse")).toEqual([
      { what: "wouldRefuse", by: expect.closeTo(1500, 0), why: "panic" },
    ]);
    expect(client.machine.error).toBeCloseTo(-1500 + 4 * HOUR * 30e-6, 1);
    expect(client.snapshot().discipline).toMatchObject({ state: "SYNC", frequency: expect.closeTo(-30e-6, 5) });
  });

  scenario("a clock that may not be touched ends the run", { seeds: 1 }, (world) => {
    const { client } = begun(world, 1, { clockFault: "noPrivilege" });
    world.run(20);
    expect(client.outcome).toBe("permission");
  });
});

describe("the standard's discipline", () => {
  scenario("measures its frequency, holds the clock, and never steps it", { seeds: 3 }, (world) => {
    const { client } = begun(world, 1, { loop: { discipline: "rfc5905", stepout: 900 } });
    world.run(1100);
    expect(client.snapshot().discipline).toMatchObject({
      name: "rfc5905",
      state: "SYNC",
      frequency: expect.closeTo(-30e-6, 5),
    });
    world.run(8 * HOUR);
    expect(worstOf(world, client, 8 * HOUR)).toBeLessThan(0.01);
    expect(ours(client)).toBe(0);
  });

  scenario("steps the clock after a server that stepped, when it has lasted", { seeds: 3 }, (world) => {
    const { client, servers } = begun(world, 1, { loop: { discipline: "rfc5905", frequency: -30e-6 } });
    world.run(4 * HOUR);
    servers[0]!.machine.stepClock(0.5, null);
    world.run(290);
    expect(ours(client)).toBe(0);
    world.run(4 * HOUR);
    expect(ours(client)).toBe(1);
    expect(Math.abs(client.machine.error - 0.5)).toBeLessThan(0.02);
  });
});

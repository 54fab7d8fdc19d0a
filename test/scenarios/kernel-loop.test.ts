/** The standard's discipline with the kernel's own loop (`enable kernel`), and a clock that another daemon has left as it was. */
import { describe, expect } from "vitest";
import { DISCIPLINES } from "../../src/discipline/disciplines.ts";
import type { DisciplineName } from "../../src/discipline/disciplines.ts";
import type { Runner } from "../../src/sim/runner.ts";
import type { ScriptedServer } from "../../src/sim/server.ts";
import type { SimWorld } from "../../src/sim/world.ts";
import { daemon } from "../support/daemon.ts";
import type { DaemonOptions } from "../support/daemon.ts";
import { scenario } from "../support/world.ts";
import { notesOf } from "./oneshot.ts";

const WAN = { delay: 0.01, jitter: { shape: "exponential", mean: 0.001 } } as const;
const CRYSTAL = { frequency: 30e-6, wander: 1e-9 };
const HOUR = 3600;
const LOOP = { discipline: "rfc5905", kernel: true, stepout: 900 } as const;

function begun(
  world: SimWorld,
  options: Partial<DaemonOptions> = {},
): { readonly client: Runner; readonly servers: readonly ScriptedServer[] } {
  const servers = [world.server("ntp1", { stratum: 1 })];
  return {
    servers,
    client: daemon(world, { servers, link: WAN, clockError: 0.01, oscillator: CRYSTAL, loop: LOOP, ...options }),
  };
}

function worstOf(world: SimWorld, client: Runner, seconds: number, reference = 0): number {
  let worst = 0;
  const until = world.now + seconds;
  world.every(1, () => {
    if (world.now <= until) worst = Math.max(worst, Math.abs(client.machine.error - reference));
  });
  world.run(seconds);
  return worst;
}

const steps = (client: Runner): number => notesOf(client, "clockStepped").length;

describe("the kernel's loop", () => {
  scenario("is given the clock once its frequency is measured, and keeps it", {}, (world) => {
    const { client } = begun(world);
    world.run(600);
    expect(client.snapshot().discipline!.state).toBe("FREQ");
    // What the clock was off by has been slewed meanwhile.
    expect(Math.abs(client.machine.error)).toBeLessThan(0.03);
    world.run(1500);
    expect(client.snapshot().discipline).toMatchObject({ state: "SYNC", frequency: expect.closeTo(-30e-6, 5) });
    world.run(6 * HOUR);
    expect(client.machine.kernel).toMatchObject({ synchronized: true, loop: true });
    expect(worstOf(world, client, 12 * HOUR)).toBeLessThan(0.003);
    expect(client.snapshot().discipline!.frequency).toBeCloseTo(-30e-6, 6);
    expect(steps(client)).toBe(0);
  });

  scenario(
    "keeps it better than the clock-adjust process of each second does, with fewer wakes",
    { seeds: 3 },
    (world) => {
      const { client } = begun(world);
      const plain = daemon(world, {
        name: "plain",
        servers: [world.server("ntp2", { stratum: 1 })],
        link: WAN,
        clockError: 0.01,
        oscillator: CRYSTAL,
        loop: { ...LOOP, kernel: false },
      });
      world.run(6 * HOUR);
      let [squares, others] = [0, 0];
      world.every(1, () => {
        squares += client.machine.error ** 2;
        others += plain.machine.error ** 2;
      });
      const woken = client.count;
      const plainlyWoken = plain.count;
      world.run(12 * HOUR);
      expect(squares).toBeLessThan(others);
      expect(client.count - woken).toBeLessThan((plain.count - plainlyWoken) / 10);
    },
  );

  scenario("begins with a frequency that is known, at once", { seeds: 3 }, (world) => {
    const { client } = begun(world, { loop: { ...LOOP, frequency: -30e-6 } });
    world.run(30);
    expect(client.snapshot().discipline!.state).toBe("SYNC");
    expect(worstOf(world, client, 4 * HOUR)).toBeLessThan(0.012);
    expect(Math.abs(client.machine.error)).toBeLessThan(0.003);
  });

  scenario("loses what it had left with a step, and goes on with its frequency", { seeds: 3 }, (world) => {
    const { client, servers } = begun(world, { loop: { ...LOOP, stepout: 300 } });
    world.run(4 * HOUR);
    servers[0]!.machine.stepClock(0.5, null);
    world.run(2 * HOUR);
    expect(notesOf(client, "clockStepped").filter(({ whose }) => whose === "ours")).toHaveLength(1);
    expect(worstOf(world, client, 4 * HOUR, 0.5)).toBeLessThan(0.005);
  });

  scenario("has no part in an offset that is too large for it", { seeds: 2 }, (world) => {
    const { client } = begun(world, {
      clockError: 3,
      loop: {
        ...LOOP,
        frequency: -30e-6,
        limits: {
          stepThreshold: Infinity,
          panic: 1000,
          maxStep: { forward: Infinity, backward: Infinity },
          method: "slew",
        },
      },
      steerRate: 500e-6,
    });
    world.run(12 * HOUR);
    expect(steps(client)).toBe(0);
    expect(Math.abs(client.machine.error)).toBeLessThan(0.005);
  });

  scenario("moves what was measured along with the clock", { seeds: 3 }, (world) => {
    const { client, servers } = begun(world, { line: { maxpoll: 6 }, loop: { ...LOOP, frequency: -30e-6 } });
    world.run(2 * HOUR);
    servers[0]!.machine.stepClock(0.1, null);
    world.run(HOUR, () => client.machine.error > 0.015);
    // Else what the filter knows would show an offset that is corrected already, and it would be corrected once more.
    const [association] = client.snapshot().associations;
    expect(association!.offset! + client.machine.error).toBeGreaterThan(0.095);
    expect(association!.offset! + client.machine.error).toBeLessThan(0.107);
  });
});

describe("a clock that another daemon steered before", () => {
  for (const discipline of Object.keys(DISCIPLINES) as DisciplineName[])
    scenario(
      `is taken over as it is: nothing of the frequency it left is taken for the oscillator's (${discipline})`,
      { seeds: 3 },
      (world) => {
        const { client } = begun(world, {
          clockError: 0.0005,
          loop: { discipline, frequency: -30e-6 },
          before: { frequency: -30e-6, phase: 0.05 },
        });
        expect(worstOf(world, client, HOUR)).toBeLessThan(0.003);
        expect(client.snapshot().discipline!.frequency).toBeCloseTo(-30e-6, 5);
      },
    );

  scenario("and whose frequency nobody wrote down is measured without it", { seeds: 3 }, (world) => {
    const { client } = begun(world, {
      loop: { discipline: "rfc5905", stepout: 900 },
      before: { frequency: -80e-6, phase: 0 },
    });
    world.run(1500);
    expect(client.snapshot().discipline).toMatchObject({ state: "SYNC", frequency: expect.closeTo(-30e-6, 5) });
  });

  scenario("is left as it is by one that only reports", { seeds: 1 }, (world) => {
    const { client } = begun(world, { loop: { of: "shadow" }, before: { frequency: -80e-6, phase: 0 } });
    world.run(2 * HOUR);
    expect(client.machine.error).toBeCloseTo(0.01 + (30e-6 - 80e-6) * 2 * HOUR, 3);
  });
});

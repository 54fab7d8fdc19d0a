/** A line that is full in one direction for hours, as a slow one is during a long transfer: `tinker huffpuff`. */
import { describe, expect } from "vitest";
import { DISCIPLINES } from "../../src/discipline/disciplines.ts";
import type { DisciplineName } from "../../src/discipline/disciplines.ts";
import type { LoopConfig } from "../../src/engine/port/config.ts";
import type { SimWorld } from "../../src/sim/world.ts";
import { daemon } from "../support/daemon.ts";
import { scenario } from "../support/world.ts";

const HOUR = 3600;
const CALM = 6 * HOUR;
const TRANSFER = 2 * HOUR;

/** The worst error during a transfer, and in the two hours after it, of a clock that was well before. */
function worstDuring(
  world: SimWorld,
  loop: Partial<LoopConfig>,
): { readonly transfer: number; readonly after: number } {
  const servers = [world.server("ntp1", { stratum: 1, processing: 0 })];
  const line = { delay: 0.02, jitter: { shape: "exponential", mean: 0.0005 } } as const;
  const client = daemon(world, {
    servers,
    link: line,
    line: { maxpoll: 7 },
    clockError: 0.001,
    oscillator: { frequency: 20e-6, wander: 1e-9 },
    loop: { frequency: -20e-6, ...loop },
  });
  const { in: inwards } = client.machine.interfaces[0]!;
  let worst = 0;
  const look = (until: number): number => {
    worst = 0;
    world.run(until - world.now);
    return worst;
  };
  world.every(1, () => (worst = Math.max(worst, Math.abs(client.machine.error))));
  world.run(CALM);
  expect(Math.abs(client.machine.error)).toBeLessThan(0.003);
  // The queue is never empty, and now and then nearly full.
  inwards.delay += 0.06;
  inwards.jitter = { shape: "exponential", mean: 0.05 };
  const transfer = look(CALM + TRANSFER);
  inwards.delay -= 0.06;
  inwards.jitter = line.jitter;
  return { transfer, after: look(CALM + TRANSFER + 2 * HOUR) };
}

describe("a transfer of two hours", () => {
  for (const discipline of Object.keys(DISCIPLINES) as DisciplineName[]) {
    scenario(`hardly moves the clock where tinker huffpuff is given (${discipline})`, { seeds: 3 }, (world) => {
      const { transfer, after } = worstDuring(world, { discipline, huffpuff: 4 * HOUR });
      expect(transfer).toBeLessThan(0.002);
      expect(after).toBeLessThan(0.002);
    });
  }

  scenario("hardly moves it where it is not, either, with the default discipline", { seeds: 4 }, (world) => {
    const { transfer, after } = worstDuring(world, {});
    expect(transfer).toBeLessThan(0.006);
    expect(after).toBeLessThan(0.006);
  });

  scenario(
    "moves it by about half of what packets wait with the standard's, as the standard has it",
    { seeds: 2 },
    (world) => {
      const { transfer } = worstDuring(world, { discipline: "rfc5905" });
      expect(transfer).toBeGreaterThan(0.02);
      expect(transfer).toBeLessThan(0.1);
    },
  );
});

describe("a line that is full one way for ten minutes of each hour", () => {
  for (const [servers, polls] of [
    [1, [4, 6]],
    [1, [6, 10]],
    [4, [6, 6]],
  ] as const)
    scenario(
      `does not move the clock: ${servers} behind it, poll ${polls.join("/")}`,
      { seeds: 1, trace: false },
      (world) => {
        const [minpoll, maxpoll] = polls;
        const line = { delay: 0.01, jitter: { shape: "exponential", mean: 0.001 } } as const;
        const client = daemon(world, {
          servers: Array.from({ length: servers }, (_, index) => world.server(`ntp${index + 1}`, { stratum: 1 })),
          link: { ...line, in: { ...line, busy: { every: HOUR, lasting: 600, queue: 0.1 } } },
          line: { minpoll, maxpoll },
          clockError: 0.01,
          oscillator: { frequency: 30e-6, wander: 1e-9 },
        });
        world.run(CALM);
        let worst = 0;
        let beyond = 0;
        world.every(1, () => {
          const error = Math.abs(client.machine.error);
          worst = Math.max(worst, error);
          if (error > client.machine.kernel.maximumError) beyond += 1;
        });
        world.run(3 * HOUR);
        expect(worst).toBeLessThan(0.002);
        expect(beyond).toBe(0);
      },
    );
});

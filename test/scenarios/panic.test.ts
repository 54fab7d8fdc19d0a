/** Beyond the panic threshold nothing moves the clock: not after a nudge by somebody else, and not after a sleep. */
import { describe, expect } from "vitest";
import { DISCIPLINES } from "../../src/discipline/disciplines.ts";
import type { DisciplineName } from "../../src/discipline/disciplines.ts";
import type { SimWorld } from "../../src/sim/world.ts";
import { daemon } from "../support/daemon.ts";
import { scenario } from "../support/world.ts";
import { notesOf } from "./oneshot.ts";

const HOUR = 3600;
const PANIC = 1000;

function synced(world: SimWorld, discipline: DisciplineName) {
  const servers = [1, 2, 3].map((number) => world.server(`ntp${number}`, { stratum: 1 }));
  const client = daemon(world, {
    servers,
    link: { delay: 0.01, jitter: { shape: "exponential", mean: 0.001 } },
    clockError: 0.01,
    loop: { discipline, frequency: -30e-6 },
  });
  world.run(HOUR);
  expect(Math.abs(client.machine.error)).toBeLessThan(0.05);
  const lie = (by: number): void => {
    for (const { machine } of servers) machine.stepClock(by, null);
  };
  return { client, lie };
}

describe.each(Object.keys(DISCIPLINES) as DisciplineName[])("%s", (discipline) => {
  const LIES = [5000, -5000, 600_000_000, -600_000_000];

  scenario("a nudge of some milliseconds does not open the way for a lie", { seeds: 4 }, (world) => {
    const { client, lie } = synced(world, discipline);
    client.machine.stepClock(0.006 + 0.004 * world.chance("nudge").uniform());
    lie(LIES[Number(world.seed) % 4]!);
    world.run(2 * HOUR);
    expect(client.outcome).toBe("limit");
    expect(Math.abs(client.machine.error)).toBeLessThan(1);
    // What is said is what was judged.
    expect(client.snapshot().clock.offset! / LIES[Number(world.seed) % 4]!).toBeCloseTo(1, 2);
  });

  scenario("nor does a sleep", { seeds: 4 }, (world) => {
    const { client, lie } = synced(world, discipline);
    client.machine.sleep(HOUR);
    lie(LIES[Number(world.seed) % 4]!);
    world.run(3 * HOUR);
    expect(client.outcome).toBe("limit");
    expect(Math.abs(client.machine.error)).toBeLessThan(1);
  });

  scenario("what is said at the end is the figure that was judged", { seeds: 2 }, (world) => {
    const { client, lie } = synced(world, discipline);
    lie(5000);
    world.run(2 * HOUR);
    expect(client.outcome).toBe("limit");
    expect(client.snapshot().clock).toMatchObject({ action: "refused", reason: "panic", direction: "behind" });
    expect(client.snapshot().clock.offset).toBeCloseTo(5000, 0);
  });

  scenario("a sleep alone does no harm, however long", { seeds: 2 }, (world) => {
    const { client } = synced(world, discipline);
    client.machine.sleep(10 * HOUR);
    world.run(12 * HOUR);
    expect(client.outcome).toBeNull();
    expect(Math.abs(client.machine.error)).toBeLessThan(0.05);
  });

  scenario(
    "law: no sequence of nudges, sleeps and lies moves it by more than the nudges and the threshold",
    { seeds: 10 },
    (world) => {
      const { client, lie } = synced(world, discipline);
      const chance = world.chance("happenings");
      const one = <T>(of: readonly T[]): T => of[Math.floor(chance.uniform() * of.length)]!;
      let nudged = 0;
      for (let happening = 0; happening < 8 && client.outcome === null; happening += 1) {
        const what = one(["nudge", "sleep", "lie", "truth"] as const);
        if (what === "sleep") client.machine.sleep(one([60, 1800, HOUR]));
        else if (what === "nudge") {
          const by = one([0.007, -0.009, 0.3, -700, 5000, -600_000_000]);
          nudged += Math.abs(by);
          client.machine.stepClock(by, one([0, 0.3]));
        } else if (what === "lie") lie(one([0.2, 300, -900, 900, 5000, 600_000_000]));
        world.run(one([5, 400, 2 * HOUR]));
        expect(Math.abs(client.machine.error)).toBeLessThanOrEqual(nudged + PANIC + 60);
        const byUs = notesOf(client, "clockStepped").filter(({ whose }) => whose === "ours");
        const total = byUs.reduce((sum, { by }) => sum + by, 0);
        expect(Math.abs(total)).toBeLessThanOrEqual(nudged + PANIC + 1);
      }
    },
  );
});

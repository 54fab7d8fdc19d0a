/** An offset beyond the step threshold is stepped when it has lasted, whatever those say who are not believed. */
import { describe, expect } from "vitest";
import { DISCIPLINE } from "../../src/discipline/constants.ts";
import { DISCIPLINES } from "../../src/discipline/disciplines.ts";
import type { DisciplineName } from "../../src/discipline/disciplines.ts";
import type { SimWorld } from "../../src/sim/world.ts";
import { template } from "../support/association.ts";
import { daemon } from "../support/daemon.ts";
import type { DaemonOptions } from "../support/daemon.ts";
import { scenario } from "../support/world.ts";
import { notesOf } from "./oneshot.ts";

const HOUR = 3600;
const WARM = 6 * HOUR;
/** The stepout time, and two of the longest polls; the standard's clock filter may offer a sample from before for eight. */
/** How well each keeps a clock in such a world. */
const NEAR = { adaptive: 0.005, rfc5905: 0.03 } as const;
const ENOUGH = { adaptive: DISCIPLINE.stepout + 2 * 1024, rfc5905: DISCIPLINE.stepout + 8 * 1024 } as const;

/** The clock and some of its servers lose time at hour 6, as where host and neighbour pause together; nobody is told. */
function paused(
  world: SimWorld,
  { good, bad, by, noselect = 0 }: { good: number; bad: number; by: number; noselect?: number },
  options: Partial<DaemonOptions> = {},
) {
  const servers = Array.from({ length: good + bad + noselect }, (_, index) =>
    world.server(`ntp${index + 1}`, { stratum: 1, link: { delay: 0.001 * index } }),
  );
  const client = daemon(world, {
    servers,
    link: { delay: 0.01, jitter: { shape: "exponential", mean: 0.001 } },
    clockError: 0.01,
    oscillator: { frequency: 30e-6, wander: 1e-9 },
    ...(noselect === 0
      ? {}
      : {
          more: {
            associations: servers.map((server, index) => ({
              ...lineOf(server.machine.address()),
              noselect: index >= good + bad,
            })),
          },
        }),
    ...options,
    loop: { stepout: DISCIPLINE.stepout, frequency: -30e-6, ...options.loop },
  });
  world.at(WARM + 1, () => {
    client.machine.stepClock(-by, null);
    for (const { machine } of servers.slice(good)) machine.stepClock(-by, null);
  });
  world.run(WARM);
  expect(Math.abs(client.machine.error)).toBeLessThan(0.003);
  return client;
}

function lineOf(name: string) {
  return template({ name, iburst: true, minpoll: 6, maxpoll: 10 });
}

describe.each(Object.keys(DISCIPLINES) as DisciplineName[])("%s: a clock that lost half a second", (discipline) => {
  const loop = { discipline };
  const CASES = {
    "with one of four servers": { good: 3, bad: 1, by: 0.5 },
    "with two of five": { good: 3, bad: 2, by: 0.5 },
    "with one that is only looked at (noselect)": { good: 3, bad: 0, noselect: 1, by: 0.5 },
    alone: { good: 1, bad: 0, by: 0.5 },
    "or rather two tenths": { good: 3, bad: 1, by: 0.2 },
    "or gained it": { good: 3, bad: 1, by: -0.5 },
  };
  for (const [name, lost] of Object.entries(CASES))
    scenario(`${name} is right after the stepout time and two polls`, { seeds: 2 }, (world) => {
      const client = paused(world, lost, { loop });
      world.run(ENOUGH[discipline]);
      expect(Math.abs(client.machine.error)).toBeLessThan(NEAR[discipline]);
      expect(notesOf(client, "clockStepped").filter(({ whose }) => whose === "ours")).toHaveLength(1);
      // The log says that it waited, and for how long.
      const waits = notesOf(client, "stepWaits");
      expect(waits.length).toBeGreaterThan(0);
      expect(waits[0]!.offset).toBeCloseTo(lost.by, 1);
      expect(waits[0]!.left).toBeLessThanOrEqual(DISCIPLINE.stepout);
      expect(client.snapshot().discipline).toMatchObject({ state: "SYNC" });
      world.run(2 * HOUR);
      expect(Math.abs(client.machine.error)).toBeLessThan(NEAR[discipline]);
    });
});

/** Whoever is off the path can guess no timestamp and no key: generated worlds end as they would without him, but for what is counted. */
import { beforeAll, describe, expect, it } from "vitest";
import type { Runner } from "../../src/sim/runner.ts";
import { build, worldKeys, type WorldKeys } from "./build.ts";
import { draw } from "./draw.ts";
import type { Plan, PlannedAttacker } from "./plan.ts";

/** Seeds 2, 6 and 11 each show one way by which a forged packet once changed something: `engine/clock/move.ts`, `judging.ts`, `client.ts`. */
const SEEDS =
  process.env["CI"] === undefined
    ? ["2", "6", "11"]
    : ["2", "6", "11", "12", ...Array.from({ length: 12 }, (_, index) => `${100 + index}`)];

const HOURS = 2;

/** In all modes that he can forge, one packet every other second. */
const ATTACKER: PlannedAttacker = { interval: 2, modes: [1, 2, 3, 4, 5], replays: false };

/** What a double's last digits come to after two hours, seconds. */
const EQUAL = 1e-12;

let keys: WorldKeys;

beforeAll(async () => {
  keys = await worldKeys();
});

/** The same world without noise, and every host asks for keys: no packet changes what becomes of another. */
function still(plan: Plan): Plan {
  const quiet = { jitter: 0, loss: 0, duplication: 0, reordering: 0 };
  return {
    ...plan,
    casters: [],
    crowd: 0,
    sources: plan.sources.map((source) => ({ ...source, link: { ...source.link, ...quiet } })),
    hosts: plan.hosts.map((host) => ({ ...host, keyed: true, wander: 0, link: { ...host.link, ...quiet } })),
    events: plan.events.filter(({ what }) => what !== "flood"),
  };
}

/** What a host knows, and what it knows in seconds. */
interface Knowledge {
  readonly facts: unknown;
  readonly seconds: readonly number[];
}

function knowledgeOf(host: Runner): Knowledge {
  const { associations, system } = host.snapshot();
  return {
    facts: [
      system.stratum,
      system.systemPeer,
      system.survivors,
      associations.map(({ id, address, mode, verdict, reach, unreach, poll, stratum, refid }) => {
        return { id, address, mode, verdict, reach, unreach, poll, stratum, refid };
      }),
    ],
    seconds: [
      host.machine.error,
      ...associations.flatMap(({ offset, delay, jitter }) => [offset ?? 0, delay ?? 0, jitter ?? 0]),
    ],
  };
}

function endOf(plan: Plan): readonly Knowledge[] {
  const { world, hosts } = build(plan, keys);
  world.run(plan.hours * 3600);
  return Array.from(hosts.values(), knowledgeOf);
}

describe("an attacker off the path, who asks, answers, broadcasts and peers in others' names,", () => {
  it.each(SEEDS)(
    "changes nothing but counters where keys are asked for: seed %s",
    (seed) => {
      const plan = still(draw(seed, HOURS));
      const [attacked, left] = [ATTACKER, null].map((attacker) => endOf({ ...plan, attacker }));
      expect(attacked!.map(({ facts }) => facts)).toEqual(left!.map(({ facts }) => facts));
      for (const [host, { seconds }] of attacked!.entries())
        for (const [place, value] of seconds.entries())
          expect(Math.abs(value - left![host]!.seconds[place]!), `host${host + 1}, ${place}`).toBeLessThan(EQUAL);
    },
    600_000,
  );
});

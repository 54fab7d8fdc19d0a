/** Generated worlds keep what is promised; the promises can be broken, and what breaks one is shrunk and printed. */
import { beforeAll, describe, expect, it } from "vitest";
import { noCounts } from "../../src/server/disposition.ts";
import { association, snapshotOf } from "../support/snapshot.ts";
import { build, worldKeys, type WorldKeys } from "./build.ts";
import { draw } from "./draw.ts";
import type { Plan } from "./plan.ts";
import { printed } from "./print.ts";
import { PROMISES, type Look } from "./promises.ts";
import { brokenBy, campaign, seedsFrom } from "./run.ts";
import { shrunk } from "./shrink.ts";

/**
 * Counted in worlds and not in time, so that a slow machine runs the same ones: about a minute where CI is set, a few seconds on a
 * developer's machine; open end by `npm run worlds`.
 */
const WORLDS = process.env["CI"] === undefined ? 2 : 10;

let keys: WorldKeys;

beforeAll(async () => {
  keys = await worldKeys();
});

describe("generated worlds", () => {
  it("keep what is promised", () => {
    const seeds = [...seedsFrom(1, WORLDS)];
    const { seeds: run, broken } = campaign(seeds, Infinity, undefined, keys);
    expect(broken.map(({ plan, broken: found }) => printed(plan, found))).toEqual([]);
    expect(run).toEqual(seeds);
  }, 1_800_000);

  it("are the same for the same seed", () => {
    const end = (): unknown => {
      const { world, hosts } = build(draw("7", 1), keys);
      world.run(3600);
      return [...hosts.values()].map((host) => [host.count, host.machine.error, host.snapshot()]);
    };
    expect(end()).toEqual(end());
  });
});

/** A look at a host to which nothing is wrong. */
function look(change: Partial<Look> = {}): Look {
  const host = draw("1").hosts[0]!;
  const servers = [1, 2, 3].map((id) =>
    association(id, {
      address: `10.1.0.${id}`,
      verdict: id === 1 ? "systemPeer" : "survivor",
      reach: 0o377,
      packets: { sent: 10, received: 10, rejected: 0 },
    }),
  );
  const snapshot = snapshotOf(servers);
  return {
    host: { ...host, maxclock: 3, keyed: true },
    runner: undefined as never,
    snapshot: {
      ...snapshot,
      system: { ...snapshot.system, rootDistance: 0.1, systemPeer: servers[0]!.id },
    },
    before: snapshot,
    since: 300,
    at: 40_000,
    calm: 40_000,
    error: 0.001,
    nudged: 0,
    configured: 10,
    crowded: 0,
    honest: 3,
    sources: 3,
    leastSearching: 2,
    highest: 3,
    together: 1,
    askedThoughDenied: [],
    askedInClear: [],
    actions: 20,
    remembered: 2000,
    characterOf: ({ id }) => (id > 3 ? "liar" : "honest"),
    ...change,
  };
}

/** The same with other associations. */
function among(...associations: readonly ReturnType<typeof association>[]): Partial<Look> {
  const { snapshot } = look();
  return { snapshot: { ...snapshot, associations: [...snapshot.associations, ...associations] } };
}

const lying = association(4, {
  address: "10.1.0.4",
  verdict: "survivor",
  reach: 0o377,
  lifetime: "persistent",
});

/** What breaks each promise. */
const BROKEN: Readonly<Record<string, Partial<Look>>> = {
  "no honest server is called a falseticker by a majority of them": {
    ...among({ ...lying, verdict: "falseticker" }),
    characterOf: () => "honest",
  },
  "no liar is followed where most are honest": among(lying),
  "nobody is followed where no majority agrees": {
    snapshot: {
      ...look().snapshot,
      associations: look().snapshot.associations.map((one, index) => ({ ...one, offset: 10 * index })),
    },
  },
  "true time lies within the uncertainty that is stated": { error: 0.11 },
  "three reachable honest servers synchronize it": {
    snapshot: { ...look().snapshot, system: { ...look().snapshot.system, systemPeer: null } },
  },
  "a name's silent address is replaced by one that answers": {
    host: { ...look().host, mode: "named" },
    ...among({ ...lying, packets: { sent: 90, received: 0, rejected: 0 } }),
  },
  "a search from no lower a stratum is answered": {
    highest: 2,
    snapshot: { ...look().snapshot, served: { ...noCounts(), stratum: 1 } },
  },
  "no address is asked twice": among({ ...lying, address: "10.1.0.3", verdict: "outlier" }),
  "never more than a crowd is found beyond the configured, and maxclock once it had its trial": {
    crowded: 10 * 2 ** 17 + 1,
  },
  "no survivor is dismissed": { before: snapshotOf([{ ...lying, lifetime: "preemptable" }]) },
  "the set never falls below minclock by dismissing the healthy": {
    before: look().snapshot,
    snapshot: { ...look().snapshot, associations: look().snapshot.associations.slice(1) },
  },
  "whoever denied it is not asked again": { askedThoughDenied: ["10.1.0.1, 3 times"] },
  "no answers implode": { together: 30 },
  "every volley ends": among({
    ...lying,
    lifetime: "ephemeral",
    mode: "broadcast",
    verdict: "outlier",
    security: "key",
    packets: { sent: 178, received: 0, rejected: 178 },
  }),
  "what is found is authentic where that is asked for": among({
    ...lying,
    mode: "symmetricPassive",
    lifetime: "ephemeral",
    verdict: "outlier",
    security: "none",
  }),
  "no source is asked in clear, nor followed unproved, by whoever asks for NTS": {
    host: { ...look().host, nts: true },
    askedInClear: ["10.1.0.1"],
  },
  "nobody is asked more often than the etiquette allows": among({
    ...lying,
    verdict: "outlier",
    packets: { sent: 200, received: 0, rejected: 0 },
  }),
  "the clock moves by no more than was nudged, and the panic threshold": { error: 1041, calm: 0 },
  "an event makes a bounded number of actions": { actions: 1000 },
  "memory is bounded": { remembered: 10_000_000 },
};

describe("a promise", () => {
  it.each(Object.keys(PROMISES))("holds where nothing is wrong, and can be broken: %s", (name) => {
    expect(PROMISES[name]!(look())).toBeNull();
    expect(PROMISES[name]!(look(BROKEN[name]))).not.toBeNull();
  });

  it("that is broken by an exception is told with the world's seed", () => {
    const found = brokenBy(draw("3", 1), keys, {
      thrown: () => {
        throw new Error("out of order");
      },
    });
    expect(found).toMatchObject({
      promise: "no exception",
      how: expect.stringContaining("out of order"),
    });
  });
});

describe("a world that breaks a promise", () => {
  it("shrinks to what matters, and is printed so that it can be read again", () => {
    const plan = draw("2");
    // As if one source alone, and two hours, were to blame.
    const [culprit] = plan.sources;
    const breaks = ({ sources, hours }: Plan): boolean =>
      hours >= 2 && sources.some(({ name }) => name === culprit!.name);
    const least = shrunk(plan, breaks);
    expect([least.hours, least.hosts.length, least.events.length, least.attacker]).toEqual([2, 1, 0, null]);
    expect(least.sources.map(({ name }) => name)).toEqual([culprit!.name]);
    const text = printed(least, { promise: "no exception", how: "host1: x */ y" });
    expect(JSON.parse(/const PLAN: Plan = (\{[^]*?\n\});/.exec(text)![1]!)).toEqual(least);
    expect(text.indexOf("*/")).toBe(text.lastIndexOf("*/"));
  });
});

/** A clock of the engine's own, `openClock`: with a majority of honest sources true time lies within what it tells, and its best never runs back. */
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { ownClockConfig } from "../../src/config/own.ts";
import { onceConfig } from "../../src/config/options.ts";
import { parseServer } from "../../src/config/servers.ts";
import { createEngine } from "../../src/engine/engine.ts";
import type { Engine } from "../../src/engine/port/engine.ts";
import { drive } from "../../src/host/drive.ts";
import { keepTime } from "../../src/library/keeping.ts";
import type { ClockChange, Timekeeper } from "../../src/library/timekeeper.ts";
import { securityProvider } from "../../src/security/symmetric.ts";
import type { Machine } from "../../src/sim/machine.ts";
import { lies } from "../../src/sim/oddities.ts";
import { createWorld, type SimWorld } from "../../src/sim/world.ts";
import { OwnWorld } from "../../src/world/own.ts";
import { ipv4Word } from "../../src/wire/refid.ts";
import { seedsOf } from "../support/world.ts";
import { serversOf } from "./oneshot.ts";

/** What a true clock shows when the world begins. */
const BEGINNING = BigInt(Date.parse("2026-11-21T00:00:00Z")) * 1_000_000n;

/** A clock at work in a world. */
interface Kept {
  readonly machine: Machine;
  readonly keeper: Timekeeper;
  readonly changes: readonly ClockChange[];
  /** Ends it. */
  readonly stop: () => void;
  /** Lets the world go on until then. */
  readonly run: () => Promise<void>;
}

/** Whatever a machine's clock and the way to its servers may be like. */
interface Surroundings {
  readonly clockError: number;
  readonly frequency: number;
  readonly wander: number;
  readonly delay: number;
  readonly jitter: number;
  readonly liars: number;
}

const ORDINARY: Surroundings = {
  clockError: 2,
  frequency: 40e-6,
  wander: 1e-9,
  delay: 0.05,
  jitter: 0.005,
  liars: 3,
};

/** Four honest servers at odd distances, some of them with others that lie by seconds. */
function open(world: SimWorld, { clockError, frequency, wander, delay, jitter, liars }: Surroundings): Kept {
  const chance = world.chance("servers");
  const honest = Array.from({ length: 4 }, () => ({
    clockError: Math.min(0.002, delay / 20) * (chance.uniform() - 0.5),
    link: {
      out: { delay: delay * chance.uniform() },
      in: { delay: delay * chance.uniform() },
      jitter: { shape: "exponential", mean: jitter },
    },
  })) satisfies Parameters<typeof serversOf>[1][];
  const lying = Array.from({ length: liars }, () => ({
    oddities: [lies((chance.happens(0.5) ? 1 : -1) * (0.3 + 3 * chance.uniform()))],
  }));
  const servers = serversOf(world, ...chance.shuffled([...honest, ...lying]));
  const specs = servers.map(({ machine }) => parseServer(machine.address()));
  const facts = { precision: -24, ownReferenceIds: [] };
  const config = ownClockConfig(onceConfig("query", specs, {}, null, facts));
  const machine = world.machine("client", { clockError, oscillator: { frequency, wander } });
  const own = new OwnWorld(world.port(machine));
  const engine: Engine = createEngine(config, {
    chance: world.chance("engine"),
    security: securityProvider(null),
    referenceIdOf: (ip) => ipv4Word(ip) ?? 0,
    era: BEGINNING,
  });
  const changes: ClockChange[] = [];
  const { keeper, watch } = keepTime(engine, own, BEGINNING, (change) => changes.push(change));
  return {
    machine,
    keeper,
    changes,
    stop: () => own.put({ kind: "stop" }),
    run: () => drive(engine, own, watch),
  };
}

/** Nanoseconds by which true time lies outside what is told now; and whether `best` is where it should be. */
function look(world: SimWorld, { machine, keeper }: Kept): { readonly beyond: number; readonly best: bigint } {
  const { earliest, latest, best } = keeper.now(machine.mono());
  const truth = BEGINNING + BigInt(Math.round(world.now * 1e9));
  expect(earliest <= best && best <= latest).toBe(true);
  return { beyond: Math.max(0, Number(earliest - truth), Number(truth - latest)), best };
}

/** Looks so often while so long passes, the sooner the more often, and sees that the law holds. */
async function expectLaw(
  seed: string,
  surroundings: Surroundings,
  seconds: number,
  happens: (world: SimWorld, kept: Kept) => void = () => undefined,
): Promise<Kept> {
  const world = createWorld({ seed });
  const kept = open(world, surroundings);
  const seen: { readonly at: number; readonly beyond: number; readonly best: bigint }[] = [];
  for (let at = 0.05; at < seconds; at *= 1.02)
    world.at(at, () => {
      if (kept.keeper.isSet && !kept.machine.asleep) seen.push({ at, ...look(world, kept) });
    });
  happens(world, kept);
  world.at(seconds, kept.stop);
  await kept.run();
  expect(seen.length).toBeGreaterThan(100);
  expect(seen.filter(({ beyond }) => beyond > 0)).toEqual([]);
  expect(seen.filter(({ best }, index) => index > 0 && best < seen[index - 1]!.best)).toEqual([]);
  return kept;
}

it.each(seedsOf(3))(
  "true time lies within the bound from the first majority on, for half a day (seed %s)",
  async (seed) => {
    const kept = await expectLaw(seed, ORDINARY, 12 * 3600);
    expect(kept.changes[0]).toMatchObject({ kind: "synchronized" });
  },
);

it("so it does on any network, with any oscillator, and whoever sets the machine's clock meanwhile", async () => {
  const surroundings = fc.record({
    clockError: fc.double({ min: -1e4, max: 1e4, noNaN: true }),
    frequency: fc.double({ min: -200e-6, max: 200e-6, noNaN: true }),
    wander: fc.double({ min: 0, max: 1e-8, noNaN: true }),
    delay: fc.double({ min: 1e-4, max: 0.2, noNaN: true }),
    jitter: fc.double({ min: 1e-6, max: 0.02, noNaN: true }),
    liars: fc.nat(3),
  });
  const step = fc.record({
    at: fc.double({ min: 0.1, max: 1200, noNaN: true }),
    by: fc.double({ min: -3600, max: 3600, noNaN: true }),
  });
  await fc.assert(
    fc.asyncProperty(fc.nat(), surroundings, fc.array(step, { maxLength: 3 }), async (seed, given, steps) => {
      await expectLaw(`${seed}`, given, 1500, (world, { machine }) => {
        for (const { at, by } of steps) world.at(at, () => machine.stepClock(by));
      });
    }),
    { numRuns: Number(process.env["NTPKIT_SEEDS"] ?? 12) },
  );
}, 120_000);

it("what becomes of it is told: synchronized, lost when nobody answers any more, synchronized again", async () => {
  const world = createWorld({ seed: "1" });
  const kept = open(world, { ...ORDINARY, liars: 0 });
  const lost = [20_000, 40_000].map((at) => {
    const told: unknown[] = [];
    world.at(at, () => told.push(...kept.changes.map(({ kind }) => kind).filter((kind) => kind !== "source")));
    return told;
  });
  world.network.partitions.push({ from: 3600, until: 20_001, stations: ["client"] });
  world.at(40_001, kept.stop);
  await kept.run();
  expect(lost).toEqual([
    ["synchronized", "lost"],
    ["synchronized", "lost", "synchronized"],
  ]);
});

it("a machine that has slept tells a bound that holds true time at once", async () => {
  const kept = await expectLaw("1", ORDINARY, 8000, (world, { machine }) => {
    world.at(3600, () => machine.sleep(1800.75));
  });
  expect(kept.changes).toContainEqual({ kind: "stepped", by: expect.closeTo(1800.75, 1) as number });
});

it("before the first majority it tells no time, and says so by name", () => {
  const world = createWorld({ seed: "1" });
  const { keeper, machine } = open(world, ORDINARY);
  expect(() => keeper.now(machine.mono())).toThrow(
    expect.objectContaining({ name: "ClockError", code: "unsynchronized" }),
  );
});

/**
 * Five trials of a clock that was well, for each discipline: the server steps, the temperature changes, the network is gone for six
 * hours, one of four servers drifts away, the machine sleeps. How far the clock goes astray at worst, that it comes back and stays,
 * and what is said of it.
 */
import { describe, expect } from "vitest";
import type { LoopConfig } from "../../src/engine/port/config.ts";
import type { Note } from "../../src/engine/port/note.ts";
import type { Runner } from "../../src/sim/runner.ts";
import type { ScriptedServer } from "../../src/sim/server.ts";
import type { SimWorld } from "../../src/sim/world.ts";
import { daemon } from "../support/daemon.ts";
import type { DaemonOptions } from "../support/daemon.ts";
import { scenario } from "../support/world.ts";

const HOUR = 3600;
const WAN = { delay: 0.01, jitter: { shape: "exponential", mean: 0.001 } } as const;
const CRYSTAL = { frequency: 30e-6, wander: 1e-9 };
const SETTLED = 8 * HOUR;

/** A discipline, and what may be asked of it, seconds. */
interface Contender {
  readonly name: string;
  readonly loop: Partial<LoopConfig>;
  /** The worst error of a clock that is well. */
  readonly well: number;
  /** The worst while 20 ppm more are learned, and from sixteen hours on. */
  readonly warm: readonly [learning: number, learned: number];
  /** The worst after six hours alone. */
  readonly alone: number;
  /** The worst while one of four servers drifts away. */
  readonly astray: number;
}

const CONTENDERS: readonly Contender[] = [
  {
    name: "adaptive",
    loop: { discipline: "adaptive" },
    well: 0.0015,
    warm: [0.042, 0.0015],
    alone: 0.008,
    astray: 0.0015,
  },
  {
    name: "rfc5905",
    loop: { discipline: "rfc5905", frequency: -30e-6 },
    well: 0.004,
    warm: [0.15, 0.03],
    alone: 0.02,
    astray: 0.004,
  },
  {
    name: "rfc5905 with the kernel's loop",
    loop: { discipline: "rfc5905", kernel: true, frequency: -30e-6 },
    well: 0.002,
    warm: [0.11, 0.003],
    alone: 0.01,
    astray: 0.002,
  },
];

function settled(
  world: SimWorld,
  { loop, well }: Contender,
  count: number,
  options: Partial<DaemonOptions> = {},
): { readonly client: Runner; readonly servers: readonly ScriptedServer[] } {
  const servers = Array.from({ length: count }, (_, index) =>
    world.server(`ntp${index + 1}`, { link: { delay: 0.002 * index } }),
  );
  const client = daemon(world, { servers, link: WAN, clockError: 0.005, oscillator: CRYSTAL, loop, ...options });
  world.run(SETTLED);
  expect(Math.abs(client.machine.error), "settled").toBeLessThan(well);
  return { client, servers };
}

/** Runs on; how wrong the clock was at worst. */
function worst(world: SimWorld, client: Runner, seconds: number, reference = 0): number {
  let most = 0;
  const until = world.now + seconds;
  world.every(1, () => {
    if (world.now <= until) most = Math.max(most, Math.abs(client.machine.error - reference));
  });
  world.run(seconds);
  return most;
}

/** What is said from a moment on. */
const said = (client: Runner, from: number): readonly Note[] =>
  client.notes.filter(({ at }) => at >= from).map(({ note }) => note);
const steps = (client: Runner, from: number): readonly Note[] =>
  said(client, from).filter(({ what }) => what === "clockStepped");
/** Whom it follows, one after the other; `null`: nobody. */
const followed = (client: Runner, from: number): readonly (number | null)[] =>
  said(client, from).flatMap((note) => (note.what === "systemPeer" ? [note.id] : []));

describe.each(CONTENDERS)("$name", (contender) => {
  const { well, warm, alone, astray } = contender;

  scenario(
    "follows a server that steps by half a second with one step, once that has lasted",
    { seeds: 3 },
    (world) => {
      const { client, servers } = settled(world, contender, 1);
      expect(worst(world, client, HOUR)).toBeLessThan(well);
      servers[0]!.machine.stepClock(0.5, null);
      const from = world.now;
      expect(worst(world, client, 2 * HOUR)).toBeLessThan(0.505);
      expect(steps(client, from)).toMatchObject([{ whose: "ours", by: expect.closeTo(0.5, 1) }]);
      expect(worst(world, client, 4 * HOUR, 0.5)).toBeLessThan(2 * well);
      expect(steps(client, from)).toHaveLength(1);
    },
  );

  scenario("learns 20 ppm more without a step, and does not swing up", { seeds: 3 }, (world) => {
    const { client } = settled(world, contender, 1);
    client.machine.oscillator.jump(world.now, Number(world.seed) % 2 === 0 ? 20e-6 : -20e-6);
    const from = world.now;
    expect(worst(world, client, 16 * HOUR)).toBeLessThan(warm[0]);
    expect(worst(world, client, 8 * HOUR)).toBeLessThan(warm[1]);
    expect(steps(client, from)).toEqual([]);
    expect(followed(client, from)).not.toContain(null);
    expect(client.snapshot().discipline!.frequency).toBeCloseTo(Number(world.seed) % 2 === 0 ? -50e-6 : -10e-6, 5);
  });

  scenario(
    "keeps time by its frequency for six hours without a network, and says once that nobody is left",
    { seeds: 3 },
    (world) => {
      const { client } = settled(world, contender, 2, {
        link: { ...WAN, dead: [{ from: SETTLED, until: SETTLED + 6 * HOUR }] },
      });
      const from = world.now;
      expect(worst(world, client, 6 * HOUR)).toBeLessThan(alone);
      expect(followed(client, from).filter((id) => id === null)).toHaveLength(1);
      expect(client.snapshot().system.systemPeer).toBeNull();
      expect(client.machine.kernel.maximumError).toBeGreaterThan(alone);
      // Polls are far apart by now.
      world.run(1200);
      expect(worst(world, client, 6 * HOUR)).toBeLessThan(alone);
      expect(client.snapshot().system.systemPeer).not.toBeNull();
      expect(steps(client, from)).toEqual([]);
    },
  );

  scenario("does not go along with one of four servers that drifts away by 1 ms a minute", { seeds: 3 }, (world) => {
    const { client, servers } = settled(world, contender, 4);
    const liar = Number(world.seed) % 4;
    servers[liar]!.machine.oscillator.jump(world.now, 1e-3 / 60);
    const from = world.now;
    expect(worst(world, client, 12 * HOUR)).toBeLessThan(astray);
    expect(client.snapshot().associations.map(({ verdict }) => verdict === "falseticker")).toEqual(
      [0, 1, 2, 3].map((place) => place === liar),
    );
    expect(followed(client, from)).not.toContain(null);
    expect(steps(client, from)).toEqual([]);
  });

  scenario(
    "sets a clock right at once that has slept for an hour, and knows its oscillator still",
    { seeds: 3 },
    (world) => {
      const { client } = settled(world, contender, 2);
      const { frequency } = client.snapshot().discipline!;
      const from = world.now;
      client.machine.sleep(HOUR);
      world.run(HOUR + 20);
      expect(said(client, from).filter(({ what }) => what === "resumed")).toMatchObject([
        { slept: expect.closeTo(HOUR, 0) },
      ]);
      expect(client.snapshot().discipline!.frequency).toBeCloseTo(frequency!, 6);
      expect(worst(world, client, 4 * HOUR)).toBeLessThan(2 * well);
      expect(steps(client, from)).toEqual([]);
    },
  );
});

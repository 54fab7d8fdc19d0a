/** Whole worlds: the same seed is the same world; engines run, sleep and are replaced; errors are measured. */
import { describe, expect, it } from "vitest";
import type { Action } from "../../src/engine/port/action.ts";
import type { Engine } from "../../src/engine/port/engine.ts";
import { after, type Mono } from "../../src/time/mono.ts";
import { createWorld, type SimWorld } from "../../src/sim/world.ts";
import { Poller, type PollerOptions } from "../support/poller.ts";
import { runOnce, scenario, seedsOf } from "../support/world.ts";

/** Three noisy servers and two clients that follow them for ten minutes. */
function busy(seed: string | number, extra = 0): SimWorld {
  const world = createWorld({ seed });
  const link = { delay: 0.01, jitter: { shape: "exponential", mean: 0.003 }, loss: 0.05, duplication: 0.02 } as const;
  const servers = [1, 2, 3].map(
    (n) => world.server(`ntp${n}`, { addresses: [`192.0.2.${n}`], link, oscillator: { wander: 1e-9 } }).address,
  );
  const options: PollerOptions = { servers, interval: 16, set: true };
  for (let n = 0; n < 2 + extra; n++) {
    const oscillator = { frequency: 20e-6, wander: 1e-9 };
    world.client(`client${n}`, (chance) => new Poller(options, chance), {
      addresses: [`198.51.100.${n + 1}`],
      link,
      oscillator,
      clockError: 1,
    });
  }
  world.run(600);
  return world;
}

/** One client and one server, with or without somebody who measures. */
function lone(measured: boolean): string {
  const world = createWorld({ seed: 5 });
  const server = world.server("ntp");
  const options = { servers: [server.address], interval: 16, set: true };
  const client = world.client("client", (chance) => new Poller(options, chance), {
    oscillator: { frequency: 1e-5, wander: 1e-8 },
  });
  if (measured) world.measure(client.machine, 0.7);
  world.run(300);
  return world.trace.toString();
}

/** What one machine saw. */
const seenBy = (world: SimWorld, who: string): string =>
  world.trace.entries
    .flatMap((entry) => (entry.who === who ? [`${entry.at} ${entry.what} ${entry.detail}`] : []))
    .join("\n");

describe("determinism", () => {
  it("the same seed gives the identical trace, another seed another", () => {
    const trace = busy(1).trace.toString();
    expect(trace.length).toBeGreaterThan(10_000);
    expect(busy(1).trace.toString()).toBe(trace);
    expect(busy(2).trace.toString()).not.toBe(trace);
  });

  it("adding a host changes nothing for the others", () => {
    expect(seenBy(busy(1, 3), "client1")).toBe(seenBy(busy(1), "client1"));
  });

  it("measuring changes nothing", () => {
    expect(lone(true)).toBe(lone(false));
  });
});

describe("an engine in a world", () => {
  scenario("measures the offset to within the asymmetry of its path", {}, (world) => {
    const server = world.server("ntp", { link: { out: { delay: 0.03 }, in: { delay: 0.01 } } });
    const poller = new Poller({ servers: [server.address], interval: 8 }, world.chance("poller"));
    world.client("client", () => poller, { clockError: -0.25 });
    world.run(60);
    expect(poller.offsets.length).toBeGreaterThan(5);
    // (t2 − t1 + t3 − t4) / 2 is off by half the difference of the two ways.
    for (const { offset, delay } of poller.offsets) {
      expect(offset).toBeCloseTo(0.25 + (0.01 - 0.03) / 2, 6);
      expect(delay).toBeCloseTo(0.04, 6);
    }
  });

  scenario("sets a clock, and its true error is seen to settle", { seeds: 3 }, (world) => {
    const server = world.server("ntp", { link: { delay: 0.005, jitter: { shape: "exponential", mean: 0.0005 } } });
    const options = { servers: [server.address], interval: 16, set: true };
    const client = world.client("client", (chance) => new Poller(options, chance), {
      clockError: 3,
      oscillator: { frequency: 30e-6 },
    });
    const record = world.measure(client.machine);
    world.run(1800);
    expect(record.worst()).toBeGreaterThan(2.9);
    expect(record.settled(0.01)).toBeLessThan(20);
    expect(record.worst(60)).toBeLessThan(0.01);
    expect(record.rms(60)).toBeLessThan(0.003);
    expect(record.settled(1e-9)).toBeNull();
  });

  it("is woken when it asks, never early, and the wish may move", () => {
    const world = createWorld({ seed: 1 });
    const woken: number[] = [];
    const wishes = [10, 3, 5];
    let start = 0;
    const engine: Pick<Engine, "handle"> & { wakeAt: Mono | undefined } = {
      wakeAt: undefined,
      handle(event, now): readonly Action[] {
        if (event.kind === "start") start = now.mono;
        if (event.kind === "wake") woken.push(now.mono - start);
        const wish = wishes.shift();
        this.wakeAt = wish === undefined ? undefined : after(now.mono, wish);
        return [];
      },
    };
    const runner = world.client(
      "client",
      () => Object.assign(engine, { outcome: null, memory: () => unused(), snapshot: () => unused() }),
      {
        oscillator: { frequency: 200e-6, wander: 1e-8 },
      },
    );
    // Something else happens after 1 s, and the wish for 10 s becomes one for 3 s from then.
    world.at(1, () => runner.handle({ kind: "stop" }));
    world.run(100);
    expect(woken.map((at) => Math.round(at * 1e4) / 1e4)).toEqual([4.0002, 9.0002]);
    expect(woken[0]).toBeGreaterThanOrEqual(4);
  });

  it("that wants the same past moment for ever is stopped", () => {
    const world = createWorld({ seed: 1 });
    world.client("stuck", () => ({
      wakeAt: 0 as Mono,
      outcome: null,
      handle: () => [],
      memory: () => unused(),
      snapshot: () => unused(),
    }));
    expect(() => world.run(1)).toThrow("stuck was woken 100 times");
  });

  it("sleeps with its machine, and is woken after it", () => {
    const world = createWorld({ seed: 1 });
    const server = world.server("ntp");
    const poller = new Poller({ servers: [server.address], interval: 10 }, world.chance("poller"));
    const client = world.client("client", () => poller);
    world.at(31, () => client.machine.sleep(1000));
    world.run(1025);
    expect(server.requests.filter(({ at }) => at > 31 && at < 1031)).toEqual([]);
    world.run(100);
    expect(server.requests.filter(({ at }) => at > 1031).length).toBeGreaterThan(5);
    expect(poller.heard).toContain("stepped");
  });
});

describe("scenarios", () => {
  it("run the seeds they are told, or those of the environment", () => {
    expect(seedsOf(3, {})).toEqual(["1", "2", "3"]);
    expect(seedsOf(3, { NTPKIT_SEEDS: "5" })).toEqual(["1", "2", "3", "4", "5"]);
    expect(seedsOf(3, { NTPKIT_SEED: "77" })).toEqual(["77"]);
  });

  it("say the seed and how to replay it when they fail", async () => {
    const failing = runOnce("the name", "42", {}, (world) => {
      world.run(2);
      throw new Error("it went wrong");
    });
    await expect(failing).rejects.toThrow(
      /^seed 42, 2\.000 s into the world: it went wrong\nreplay: NTPKIT_SEED=42 .* -t "the name"/,
    );
  });
});

function unused(): never {
  throw new Error("nobody asks for a snapshot");
}

/** A sync that remembers: what one run learned the next one knows, and no more than that. */
import { describe, expect, it } from "vitest";
import { during, kiss, silent } from "../../src/sim/oddities.ts";
import type { ScriptedServer } from "../../src/sim/server.ts";
import { createWorld, type SimWorld } from "../../src/sim/world.ts";
import { daemon } from "../support/daemon.ts";
import { scenario } from "../support/world.ts";
import { Cron, type CronOptions } from "./cron.ts";
import { about, expectSynchronized, finish, notesOf, QUIET, serversOf, start, verdicts } from "./oneshot.ts";

const HOUR = 3600;

/** A server whose clock stays right for weeks. */
const EXACT = { oscillator: {} } as const;

describe("a sync that remembers", () => {
  scenario("asks servers it knows for one packet each", {}, (world) => {
    const servers = serversOf(world, EXACT, EXACT, EXACT, EXACT);
    const cron = new Cron(world, { servers, slewRate: Infinity });
    cron.once();
    expect(servers.map(({ count }) => count)).toEqual([3, 3, 3, 3]);
    world.run(HOUR);
    for (let run = 1; run <= 24; run += 1) {
      const { runner } = cron.once();
      expectSynchronized(runner, 0.003);
      expect(servers.map(({ count }) => count - 3)).toEqual([run, run, run, run]);
      world.run(HOUR);
    }
    expect(cron.remembered.associations.map(({ reach, samples }) => [reach, samples.length])).toEqual([
      [255, 8],
      [255, 8],
      [255, 8],
      [255, 8],
    ]);
    expect(about(cron.runs.at(-1)!.runner, servers[0]!).reach).toBe(255);
  });

  scenario("knows no more than a fresh one after a restart of the machine, and asks as often", {}, (world) => {
    const servers = serversOf(world, {}, {}, {});
    const cron = new Cron(world, { servers, slewRate: Infinity });
    cron.repeat(3);
    cron.boot = "second";
    cron.machine!.stepClock(-7.5, null);
    const before = servers.map(({ count }) => count);
    const { runner, lapse } = cron.once();
    expect(lapse?.broken).toBe("restart");
    expectSynchronized(runner);
    expect(servers.map(({ count }, place) => count - before[place]!)).toEqual([3, 3, 3]);
  });

  scenario("does the same where somebody has set the clock meanwhile", {}, (world) => {
    const servers = serversOf(world, {}, {}, {});
    const cron = new Cron(world, { servers, slewRate: Infinity });
    for (const by of [3600, -3600, 0.2, -20 * 365 * 86_400]) {
      cron.repeat(2);
      cron.machine!.stepClock(by, null);
      const before = servers.map(({ count }) => count);
      const { runner, lapse } = cron.once();
      expect(lapse?.broken).toBe("step");
      expect(lapse!.elapsed).toBeGreaterThan(0);
      expect(servers.map(({ count }, place) => count - before[place]!)).toEqual([3, 3, 3]);
      if (Math.abs(by) < 1000) expectSynchronized(runner);
      else {
        // Beyond the panic threshold nothing is done; somebody sets it right.
        expect(runner.outcome).toBe("limit");
        cron.machine!.stepClock(-by, null);
      }
      world.run(HOUR);
    }
  });

  scenario("a falseticker of yesterday has no vote today, until it has agreed", {}, (world) => {
    const servers = serversOf(world, {}, {}, { clockError: 0.4 }, {});
    const cron = new Cron(world, { servers, slewRate: Infinity });
    expect(verdicts(cron.once().runner)[2]).toBe("falseticker: outsideIntersection");
    world.run(HOUR);
    expect(verdicts(cron.once().runner)[2]).toBe("falseticker: outsideIntersection");
    expect(cron.remembered.associations[2]!.probation).toBeCloseTo(0, 3);
    servers[2]!.machine.stepClock(-0.4, null);
    world.run(HOUR);
    const { runner } = cron.once();
    expect(verdicts(runner)[2]).toBe("rejected: probation");
    expect(runner.snapshot().system).toMatchObject({ truechimers: 3, falsetickers: 0 });
    world.run(HOUR);
    expect(cron.once().runner.snapshot().system.truechimers).toBe(4);
  });

  scenario("leaves a server alone that asked for it, longer each time, and asks it again then", {}, (world) => {
    const servers = serversOf(world, EXACT, { ...EXACT, oddities: [during(0, 4 * HOUR, kiss("RATE"))] }, EXACT, EXACT);
    const cron = new Cron(world, { servers, slewRate: Infinity });
    const counts = cron.repeat(8, 30 * 60).map(() => servers[1]!.count);
    expect(counts.at(-1)).toBeLessThan(4);
    cron.repeat(20);
    expect(about(cron.runs.at(-1)!.runner, servers[1]!)).toMatchObject({
      verdict: expect.stringMatching(/systemPeer|survivor|outlier/) as string,
      kiss: null,
    });
  });

  scenario("says that all want to be left alone, and asks nobody", {}, (world) => {
    const servers = serversOf(world, { oddities: [kiss("RATE")] }, { oddities: [kiss("RATE")] });
    const cron = new Cron(world, { servers });
    expect(cron.once().runner.outcome).toBe("kiss");
    world.run(600);
    expect(cron.once().runner.outcome).toBe("kiss");
    expect(servers.map(({ count }) => count)).toEqual([1, 1]);
    expect(verdicts(cron.runs[1]!.runner)).toEqual(["rejected: kiss", "rejected: kiss"]);
  });

  scenario("knows what its slew has yet to add when it comes back early", {}, (world) => {
    const servers = serversOf(world, EXACT, EXACT, EXACT);
    const cron = new Cron(world, { servers, clockError: -0.1, oscillator: { frequency: 5e-6 } });
    cron.once();
    world.run(100); // half of it is done
    const { runner, lapse } = cron.once();
    expect(lapse?.broken).toBeNull();
    expect(runner.snapshot().clock.offset!).toBeCloseTo(0.05, 2);
    // The old samples stand where the new ones do: a server is not doubted for what the clock did.
    for (const { verdict, jitter } of runner.snapshot().associations)
      expect([verdict, jitter! < 0.005]).toEqual([expect.stringMatching(/systemPeer|survivor/), true]);
    world.run(HOUR);
    expect(Math.abs(cron.once().before)).toBeLessThan(0.03);
  });
});

describe("a pool of yesterday", () => {
  const POOL = "pool.example";
  const members = (world: SimWorld, count: number): readonly ScriptedServer[] =>
    Array.from({ length: count }, (_, place) =>
      world.server(`member${place}`, { addresses: [`10.5.0.${place + 1}`], link: QUIET, oscillator: {} }),
    );
  const asked = (all: readonly ScriptedServer[]): readonly number[] =>
    all.flatMap(({ count }, place) => (count > 0 ? [place] : []));

  scenario("is asked by its members that proved good, and those that die are replaced", { trace: false }, (world) => {
    const all = members(world, 40);
    world.names.set(POOL, { addresses: all.map(({ machine }) => machine.address()), pick: 4 });
    const cron = new Cron(world, { servers: [POOL], slewRate: Infinity });
    cron.repeat(24);
    const first = asked(all);
    expect(first).toHaveLength(4);
    for (const place of first.slice(0, 2)) all[place]!.script = { ...all[place]!.script, oddities: [silent()] };
    cron.repeat(1);
    cron.repeat(24);
    const used = cron.runs
      .at(-1)!
      .runner.snapshot()
      .associations.map(({ address }) => address);
    for (const place of first.slice(0, 2)) expect(used).not.toContain(all[place]!.machine.address());
    for (const place of first.slice(2)) expect(used).toContain(all[place]!.machine.address());
    expect(asked(all).length).toBe(6);
    expect(Math.abs(cron.runs.at(-1)!.after)).toBeLessThan(0.003);
  });

  scenario("serves where names cannot be looked up", { trace: false }, (world) => {
    const all = members(world, 12);
    world.names.set(
      POOL,
      { addresses: all.map(({ machine }) => machine.address()), pick: 4 },
      { from: HOUR / 2, fault: "again" },
    );
    const cron = new Cron(world, { servers: [POOL], slewRate: Infinity });
    cron.repeat(1);
    const { runner } = cron.once();
    expectSynchronized(runner, 0.003);
    expect(asked(all)).toHaveLength(4);
  });
});

/** Four servers over the Internet: 10 ms each way and exponential 1 ms; a clock 0.5 s off that runs 30 ppm fast and wanders. */
const WORLD = { link: { delay: 0.01, jitter: { shape: "exponential", mean: 0.001 } }, oscillator: {} } as const;
const CLOCK: CronOptions = {
  servers: [],
  slewRate: Infinity,
  link: {},
  clockError: 0.5,
  oscillator: { frequency: 30e-6, wander: 1e-9 },
};

/** RMS of some errors, seconds. */
function rms(errors: readonly number[]): number {
  return Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length);
}

describe("two weeks of cron, a run an hour", () => {
  scenario(
    "take a third of the packets, and with --frequency keep the clock right in between",
    { trace: false, seeds: 3 },
    (world) => {
      const figures = (["stateless", "state", "frequency"] as const).map((mode) => {
        const own = createWorld({ seed: world.seed, trace: false });
        const servers = serversOf(own, WORLD, WORLD, WORLD, WORLD);
        const cron = new Cron(own, {
          ...CLOCK,
          servers,
          remembers: mode !== "stateless",
          options: { frequency: mode === "frequency" },
        });
        const runs = cron.repeat(14 * 24);
        // After two days everything is learned that ever will be.
        const settled = runs.slice(48);
        const packets = servers.reduce((sum, { count }) => sum + count, 0) / runs.length;
        return {
          mode,
          packets,
          before: rms(settled.map((run) => run.before)),
          after: rms(settled.map((run) => run.after)),
          cron,
          own,
        };
      });
      for (const { mode, packets, before, after } of figures)
        process.stdout.write(
          `seed ${world.seed}, ${mode}: ${packets.toFixed(2)} packets a run; the clock is off by ${(before * 1e3).toFixed(2)} ms before a run, ${(after * 1e3).toFixed(2)} ms after\n`,
        );
      const [stateless, state, frequency] = figures as [(typeof figures)[0], (typeof figures)[0], (typeof figures)[0]];
      expect(stateless.packets).toBe(12);
      expect(state.packets).toBeLessThan(4.1);
      expect(frequency.packets).toBeLessThan(4.1);
      expect(state.after).toBeLessThan(2 * stateless.after);
      expect(frequency.after).toBeLessThan(2 * stateless.after);
      expect(frequency.before).toBeLessThan(stateless.before / 50);
      const { clock } = frequency.cron.remembered;
      const truth = -frequency.cron.machine!.oscillator.frequency(frequency.own.now);
      expect(Math.abs(clock!.oscillator.frequency - truth)).toBeLessThan(4 * Math.sqrt(clock!.oscillator.variance));
      expect(Math.abs(clock!.oscillator.frequency - truth)).toBeLessThan(0.3e-6);
    },
  );

  scenario(
    "know the rate after a day, keep it over a restart, and find a new one when the room gets warm",
    { trace: false, seeds: 3 },
    (world) => {
      const servers = serversOf(world, WORLD, WORLD, WORLD, WORLD);
      const cron = new Cron(world, {
        ...CLOCK,
        servers,
        oscillator: { frequency: 30e-6, wander: 1e-9, jumps: [{ at: 5 * 86_400, by: 10e-6 }] },
        options: { frequency: true },
      });
      const error = (): number =>
        Math.abs(cron.remembered.clock!.oscillator.frequency + cron.machine!.oscillator.frequency(world.now));
      cron.repeat(24);
      expect(error()).toBeLessThan(0.3e-6);
      // The kernel forgets its rate, and the clock comes back from the hardware's.
      cron.boot = "second";
      cron.machine!.clock.trim(world.now, 0);
      cron.machine!.stepClock(-3, null);
      cron.once();
      expect(error()).toBeLessThan(0.3e-6);
      expect(cron.machine!.frequency).toBeCloseTo(-30e-6, 6);
      world.run(HOUR);
      expect(Math.abs(cron.once().before)).toBeLessThan(0.003);
      world.run(5 * 86_400 - world.now - HOUR / 2);
      cron.repeat(24);
      expect(error()).toBeLessThan(0.5e-6);
      expect(Math.abs(cron.runs.at(-1)!.before)).toBeLessThan(0.003);
    },
  );

  scenario("never touch the clock in a dry run, and learn all the same", { trace: false, seeds: 3 }, (world) => {
    const servers = serversOf(world, WORLD, WORLD, WORLD, WORLD);
    const cron = new Cron(world, { ...CLOCK, servers, options: { frequency: true, dryRun: true } });
    cron.repeat(24);
    expect(cron.machine!.frequency).toBe(0);
    expect(cron.runs.at(-1)!.after - cron.runs.at(-1)!.before).toBeLessThan(1e-3);
    expect(
      Math.abs(cron.remembered.clock!.oscillator.frequency + cron.machine!.oscillator.frequency(world.now)),
    ).toBeLessThan(0.5e-6);
  });

  scenario("go on where a step is made by hand, or an hour is missed", { trace: false, seeds: 3 }, (world) => {
    const servers = serversOf(world, WORLD, WORLD, WORLD, WORLD);
    const cron = new Cron(world, { ...CLOCK, servers, options: { frequency: true } });
    cron.repeat(24);
    const known = cron.remembered.clock!.oscillator;
    cron.machine!.stepClock(0.4, null);
    expect(cron.once().lapse?.broken).toBe("step");
    // Three packets a server within seconds tell next to nothing of a rate that is known.
    expect(Math.abs(cron.remembered.clock!.oscillator.frequency - known.frequency)).toBeLessThan(
      Math.sqrt(known.variance) / 100,
    );
    expectSynchronized(cron.runs.at(-1)!.runner, 0.003);
    world.run(5 * HOUR);
    expectSynchronized(cron.once().runner, 0.005);
    expect(Math.abs(cron.runs.at(-1)!.before)).toBeLessThan(0.02);
  });
});

describe("a run after a daemon", () => {
  scenario("goes on with all that it has learned, and asks each server once", { trace: false, seeds: 3 }, (world) => {
    const servers = serversOf(world, WORLD, WORLD, WORLD, WORLD);
    const first = daemon(world, { ...CLOCK, servers });
    world.run(12 * HOUR);
    first.stop();
    const cron = new Cron(world, { ...CLOCK, servers, options: { frequency: true } });
    cron.takeOver(first);
    const kept = cron.remembered.associations.map(({ history }) => history!.samples.length);
    for (const count of kept) expect(count).toBeGreaterThan(20);
    world.run(HOUR);
    const counts = servers.map(({ count }) => count);
    const { before, after, runner } = cron.once();
    expectSynchronized(runner, 0.001);
    expect(servers.map(({ count }, place) => count - counts[place]!)).toEqual([1, 1, 1, 1]);
    expect(Math.abs(before)).toBeLessThan(0.002);
    expect(Math.abs(after)).toBeLessThan(0.001);
    const { frequency } = cron.remembered.clock!.oscillator;
    expect(Math.abs(frequency + first.machine.oscillator.frequency(world.now))).toBeLessThan(0.2e-6);
    expect(cron.remembered.associations.map(({ history }) => history!.samples.length)).toEqual(
      kept.map((count) => Math.min(count + 1, 64)),
    );
  });
});

describe("--spread", () => {
  it("waits a random part of it before strangers are asked, and counts the deadline from then on", () => {
    const pauses = [1, 2, 3, 4, 5].map((seed) => {
      const world = createWorld({ seed });
      const servers = serversOf(world, {}, {}, {});
      const run = start(world, { servers, options: { spread: 60 } });
      expect(finish(world, run)).toBe("ok");
      const pause = notesOf(run, "spread")[0]!.pause;
      expect(servers[0]!.requests[0]!.at).toBeGreaterThanOrEqual(pause);
      expect(world.now - pause).toBeLessThan(15);
      return pause;
    });
    expect(new Set(pauses).size).toBe(5);
    for (const pause of pauses) expect(pause >= 0 && pause < 60).toBe(true);
  });

  it("does not wait for servers that are surely nearby", () => {
    const world = createWorld({ seed: 1 });
    const server = world.server("near", { addresses: ["192.168.7.1"], link: QUIET });
    const run = start(world, { servers: [server], options: { spread: 60 } });
    expect(finish(world, run)).toBe("ok");
    expect(notesOf(run, "spread")).toEqual([]);
    expect(world.now).toBeLessThan(10);
  });

  it("can be interrupted", () => {
    const world = createWorld({ seed: 1 });
    const run = start(world, { servers: serversOf(world, {}), options: { spread: 60 } });
    world.run(0.01);
    run.stop();
    expect(run.outcome).toBe("interrupted");
  });
});

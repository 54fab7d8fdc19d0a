/** A shadow of the clock: it can be set and steered like the clock itself, which is never touched, and everything told is told of that. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BASE, BASE_LOOP, BASE_ONCE, BASE_SERVICE, BASE_SERVING, FOLLOW } from "../../src/config/base.ts";
import { DEFAULT_STEP_LIMITS } from "../../src/discipline/limits.ts";
import { offsetOf } from "../../src/discipline/unattended.ts";
import { createEngine } from "../../src/engine/engine.ts";
import type { EngineConfig } from "../../src/engine/port/config.ts";
import type { Event } from "../../src/engine/port/event.ts";
import type { World, WorldAction } from "../../src/engine/port/world.ts";
import { drive } from "../../src/host/drive.ts";
import { securityProvider } from "../../src/security/symmetric.ts";
import type { ServerOptions } from "../../src/sim/server.ts";
import { createWorld, type SimWorld } from "../../src/sim/world.ts";
import { after, type Mono } from "../../src/time/mono.ts";
import type { Now } from "../../src/time/now.ts";
import { difference, shift, type NtpTimestamp } from "../../src/time/timestamp.ts";
import { ipv4Word } from "../../src/wire/refid.ts";
import { isOfClock, ShadowClock, type ClockAction } from "../../src/world/shadow-clock.ts";
import { withShadow } from "../../src/world/shadow.ts";
import { template } from "../support/association.ts";

const at = (seconds: number): Now => ({
  mono: seconds as Mono,
  clock: shift(0xee00_0000_0000_0000n as NtpTimestamp, seconds),
});
const ahead = (shadow: ShadowClock, seconds: number): number =>
  difference(shadow.read(at(seconds)).clock, at(seconds).clock);

describe("a shadow clock", () => {
  it("is the clock until something is done to it", () => {
    expect(new ShadowClock(at(0).mono).read(at(100))).toEqual(at(100));
  });

  it("steps, slews and steers at once, and goes on at the rate it was given", () => {
    const shadow = new ShadowClock(at(0).mono);
    expect(shadow.perform({ kind: "step", offset: -2 }, at(10).mono)).toEqual({
      kind: "stepped",
      by: -2,
      whose: "ours",
    });
    expect(ahead(shadow, 10)).toBeCloseTo(-2, 9);
    expect(shadow.perform({ kind: "slew", offset: 0.5 }, at(20).mono)).toEqual({
      kind: "slewing",
      by: 0.5,
      lasting: 0,
    });
    expect(ahead(shadow, 20)).toBeCloseTo(-1.5, 9);
    shadow.perform({ kind: "steer", phase: 0.25, frequency: 1e-4 }, at(30).mono);
    expect(ahead(shadow, 1030)).toBeCloseTo(-1.25 + 0.1, 9);
  });

  it("trickles a phase out as the kernel's loop does", () => {
    const shadow = new ShadowClock(at(0).mono);
    shadow.perform({ kind: "lock", phase: 0.1, timeConstant: 2 }, at(0).mono);
    expect(ahead(shadow, 1)).toBeCloseTo(0.1 / 16, 9);
    expect(ahead(shadow, 10_000)).toBeCloseTo(0.1, 9);
  });

  it("gives a stamp of before a change as it read then, and one of after it as it reads since", () => {
    const shadow = new ShadowClock(at(0).mono);
    shadow.perform({ kind: "step", offset: 5 }, at(10).mono);
    const sent = (stamp: number): number => {
      const event = { kind: "sent", token: 1 as never, at: at(stamp).clock, stamp: "kernel" } as const;
      const heard = shadow.hear(event, at(11)) as Event & { readonly kind: "sent" };
      return difference(heard.at, at(stamp).clock);
    };
    expect([sent(9.999), sent(10.001)]).toEqual([0, 5]);
  });

  it("is ahead by the sum of what was done to it, whatever that was", () => {
    const amount = fc.double({ min: -100, max: 100, noNaN: true });
    const action = fc.oneof<fc.Arbitrary<ClockAction>[]>(
      fc.record({ kind: fc.constant("step" as const), offset: amount }),
      fc.record({ kind: fc.constant("slew" as const), offset: amount }),
      fc.record({ kind: fc.constant("steer" as const), phase: amount, frequency: fc.constant(0) }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 20 }), (actions) => {
        const shadow = new ShadowClock(at(0).mono);
        let sum = 0;
        for (const [second, one] of actions.entries()) {
          shadow.perform(one, at(second).mono);
          sum += one.kind === "steer" ? one.phase : (one as { readonly offset: number }).offset;
          expect(ahead(shadow, second)).toBeCloseTo(sum, 6);
        }
      }),
    );
  });
});

/** A world in which whoever asks for anything of the clock has failed. */
function guarded(world: World): World {
  return {
    now: () => world.now(),
    put: (event) => world.put(event),
    next: (until) => world.next(until),
    close: () => world.close(),
    perform(action: WorldAction) {
      if (isOfClock(action)) throw new Error(`the clock was to be touched: ${action.kind}`);
      world.perform(action);
    },
  };
}

/** A run against three servers, in such a world, and what the machine's clock was off by at its beginning and its end. */
async function run(
  config: Partial<EngineConfig>,
  {
    clockError = 2,
    seconds = 2000,
    servers = {},
  }: { clockError?: number; seconds?: number; servers?: ServerOptions } = {},
) {
  const world: SimWorld = createWorld({ seed: "shadow", trace: false });
  const link = { delay: 0.005 };
  const associations = [1, 2, 3].map((number) => {
    const server = world.server(`ntp${number}`, { link, ...servers });
    return template({ name: server.machine.address(), iburst: true, minpoll: 4, maxpoll: 6 });
  });
  const machine = world.machine("subject", { link, clockError });
  const told: EngineConfig = { ...BASE, associations, ...config };
  const surroundings = {
    chance: world.chance("engine"),
    security: securityProvider(null),
    referenceIdOf: (ip: string) => ipv4Word(ip) ?? 0,
    era: 1_795_219_200n * 1_000_000_000n,
  };
  const engine = withShadow(told, (own) => createEngine(own, surroundings));
  const notes: unknown[] = [];
  const stop = new AbortController();
  world.at(seconds, () => stop.abort());
  let at: Now | null = null;
  const port = guarded(world.port(machine));
  await drive(engine, port, { signal: stop.signal, onNotes: (all) => notes.push(...all) });
  at = port.now();
  return { engine, snapshot: engine.snapshot(at), memory: engine.memory(at), notes, error: machine.error, now: at };
}

const ONCE = { ...BASE_ONCE, samples: 4, enough: 3, known: 1, deadline: 30 };

describe("in the shadow of a clock that nobody may touch", () => {
  it.each([
    ["step", 2],
    ["slew", 0.05],
  ] as const)("a one-shot says that it would %s it, by how much, and that nothing was done", async (action, off) => {
    const clock = { kind: "once", of: "shadow", frequency: true, limits: DEFAULT_STEP_LIMITS } as const;
    const { snapshot, error, memory } = await run({ once: ONCE, clock, emptyStages: "brief" }, { clockError: off });
    expect(snapshot).toMatchObject({
      outcome: "ok",
      clock: { action, applied: false, reason: "dry-run", lasting: null, offset: expect.closeTo(-off, 3) },
    });
    expect(error).toBe(off);
    // What the next run starts from is the clock as it was left.
    expect(offsetOf(memory.remembered!.clock!)).toBeCloseTo(-off, 3);
    for (const { samples } of memory.remembered!.associations) expect(samples[0]!.offset).toBeCloseTo(-off, 3);
  });

  it("a one-shot refuses what is beyond its limits as it would otherwise", async () => {
    const clock = { kind: "once", of: "shadow", frequency: false, limits: DEFAULT_STEP_LIMITS } as const;
    const { snapshot } = await run({ once: ONCE, clock, emptyStages: "brief" }, { clockError: 5000 });
    expect(snapshot).toMatchObject({ outcome: "limit", clock: { action: "refused", reason: "panic" } });
  });

  it("a daemon goes on at what would end it, says so, and measures the clock as it is", async () => {
    const { snapshot, notes, memory, error } = await run(
      { clock: { ...BASE_LOOP, of: "shadow" } },
      { clockError: 1500 },
    );
    expect(notes).toContainEqual({ what: "wouldRefuse", by: expect.closeTo(-1500, 1), why: "panic" });
    expect(notes).not.toContainEqual(expect.objectContaining({ what: "clockStepped" }));
    expect(snapshot).toMatchObject({
      outcome: "interrupted",
      clock: { offset: expect.closeTo(-1500, 2), direction: "ahead" },
      discipline: { state: "SYNC" },
    });
    for (const { offset } of snapshot.associations) expect(offset).toBeCloseTo(-1500, 2);
    expect(offsetOf(memory.remembered!.clock!)).toBeCloseTo(-1500, 2);
    expect(error).toBe(1500);
  });

  it("a server hands on the time of those it follows, by events and at once alike", async () => {
    const { engine, now, error, snapshot } = await run({
      clock: FOLLOW,
      serving: BASE_SERVING,
      service: BASE_SERVICE,
    });
    const responder = engine.responder!;
    responder.refresh(after(now.mono, 0));
    expect(error).toBe(2);
    expect(responder.shiftSeconds + (responder.shiftFraction >>> 0) / 2 ** 32).toBeCloseTo(-2, 3);
    expect(snapshot).toMatchObject({ clock: { offset: expect.closeTo(-2, 3) }, discipline: null });
  });

  it("a clock that is given back is set by who had its shadow", async () => {
    const world = createWorld({ seed: "given back", trace: false });
    const server = world.server("ntp", { link: { delay: 0.005 } });
    const associations = [template({ name: server.machine.address(), iburst: true, minpoll: 4, maxpoll: 4 })];
    const config: EngineConfig = { ...BASE, associations, clock: { ...BASE_LOOP, of: "shadow", anyFirst: true } };
    const surroundings = {
      security: securityProvider(null),
      referenceIdOf: (ip: string) => ipv4Word(ip) ?? 0,
      era: 1_795_219_200n * 1_000_000_000n,
    };
    const client = world.client(
      "client",
      (chance) => withShadow(config, (told) => createEngine(told, { ...surroundings, chance })),
      { clockError: 2 },
    );
    world.run(600);
    expect(client.machine.error).toBe(2);
    client.handle({ kind: "reconfigure", config: { ...config, clock: { ...BASE_LOOP, anyFirst: true } } });
    world.run(600);
    expect(Math.abs(client.machine.error)).toBeLessThan(0.001);
    client.handle({ kind: "reconfigure", config });
    const { error } = client.machine;
    world.run(600);
    expect(Math.abs(client.machine.error - error)).toBeLessThan(0.001);
    expect(client.snapshot()).toMatchObject({ outcome: null, discipline: { state: "SYNC" } });
  });
});

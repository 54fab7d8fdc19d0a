/** The bound of `now`: with a majority of honest sources, and liars beyond their intervals, true time lies within it. */
import { expect } from "vitest";
import { BASE_SERVICE, BASE_SERVING } from "../../src/config/base.ts";
import { daemonBound, measuredBound, uncertaintyOf, widened, type Bound } from "../../src/control/bound.ts";
import { isFollowing } from "../../src/control/daemon.ts";
import { mode6Report } from "../../src/control/daemonmode6.ts";
import { readDaemon } from "../../src/control/operations.ts";
import { ControlResponder } from "../../src/control/responder/responder.ts";
import { createEngine } from "../../src/engine/engine.ts";
import type { Engine } from "../../src/engine/port/engine.ts";
import type { EngineConfig, LoopConfig } from "../../src/engine/port/config.ts";
import { securityProvider } from "../../src/security/symmetric.ts";
import { defaultRules } from "../../src/server/access.ts";
import { lies } from "../../src/sim/oddities.ts";
import type { Runner } from "../../src/sim/runner.ts";
import type { ScriptedServer } from "../../src/sim/server.ts";
import type { SimWorld } from "../../src/sim/world.ts";
import type { SocketToken } from "../../src/engine/port/action.ts";
import { unfold } from "../../src/time/timestamp.ts";
import { withShadow } from "../../src/world/shadow.ts";
import { ipv4Word } from "../../src/wire/refid.ts";
import { ask } from "../control/replay.ts";
import { facts } from "../control/responder/view.ts";
import { template } from "../support/association.ts";
import { BASE, BASE_LOOP } from "../../src/config/base.ts";
import { scenario } from "../support/world.ts";
import { finish, serversOf, start } from "./oneshot.ts";

/** So often in half a day. */
const LOOKS = 200;
const ERA = 1_795_219_200n * 1_000_000_000n;

/** Four honest servers at odd distances, more by an odd way than an even one, and three that lie by seconds in either direction. */
function mixedServers(world: SimWorld): readonly ScriptedServer[] {
  const chance = world.chance("servers");
  const honest = Array.from({ length: 4 }, () => ({
    clockError: 0.002 * (chance.uniform() - 0.5),
    link: {
      out: { delay: 0.05 * chance.uniform() },
      in: { delay: 0.05 * chance.uniform() },
      jitter: { shape: "exponential", mean: 0.005 },
    },
  })) satisfies Parameters<typeof serversOf>[1][];
  const liars = Array.from({ length: 3 }, () => ({
    oddities: [lies((chance.happens(0.5) ? 1 : -1) * (0.3 + 3 * chance.uniform()))],
  }));
  return serversOf(world, ...chance.shuffled([...honest, ...liars]));
}

/** True time less what a machine's clock reads lies within what the bound says at this moment. */
function expectTruth(bound: Bound | null, { machine }: Runner): void {
  if (bound === null) throw new Error("nothing is known");
  const { low, best, high } = widened(bound, machine.mono());
  expect(low).toBeLessThanOrEqual(best);
  expect(best).toBeLessThanOrEqual(high);
  expect([-machine.error, low, high]).toEqual([Math.min(Math.max(-machine.error, low), high), low, high]);
}

scenario("servers asked now: true time lies within their bound", { seeds: 30 }, (world) => {
  const run = start(world, { command: "query", servers: mixedServers(world) });
  finish(world, run);
  const bound = measuredBound(run.snapshot());
  expectTruth(bound, run);
  expect(uncertaintyOf(bound!)).toBeLessThan(0.2);
});

scenario("a clock that drifts by less than 15 ppm stays within a bound of an hour ago", { seeds: 5 }, (world) => {
  const run = start(world, {
    command: "query",
    servers: mixedServers(world),
    oscillator: { frequency: (world.chance("drift").uniform() - 0.5) * 29e-6 },
  });
  finish(world, run);
  const bound = measuredBound(run.snapshot());
  world.run(3600);
  expectTruth(bound, run);
});

/** A daemon with a port for clients, and a way to ask it there what `now` asks. */
function answeringDaemon(world: SimWorld, of: LoopConfig["of"]): { runner: Runner; asked: () => Bound | null } {
  const config: EngineConfig = {
    ...BASE,
    associations: mixedServers(world).map((server) =>
      template({ name: server.machine.address(), iburst: true, minpoll: 6, maxpoll: 10 }),
    ),
    clock: { ...BASE_LOOP, of },
    serving: { ...BASE_SERVING, access: defaultRules([]) },
    service: BASE_SERVICE,
  };
  let listening: SocketToken | null = null;
  const heeded = (engine: Engine): Engine => ({
    handle(event, now) {
      const actions = engine.handle(event, now);
      for (const action of actions) if (action.kind === "listen") listening ??= action.socket;
      return actions;
    },
    get wakeAt() {
      return engine.wakeAt;
    },
    get outcome() {
      return engine.outcome;
    },
    snapshot: (now) => engine.snapshot(now),
    memory: (now) => engine.memory(now),
  });
  const surroundings = {
    security: securityProvider(null),
    referenceIdOf: (ip: string) => ipv4Word(ip) ?? 0,
    era: ERA,
    control: new ControlResponder(facts()),
  };
  const runner = world.client(
    "client",
    (chance) => heeded(withShadow(config, (told) => createEngine(told, { ...surroundings, chance }))),
    {
      clockError: 4 * (world.chance("clock").uniform() - 0.5),
      oscillator: { frequency: 60e-6 * (world.chance("drift").uniform() - 0.5), wander: 1e-9 },
    },
  );
  return { runner, asked: () => askedNow(runner, listening!, of === "machine") };
}

/** What `now` makes of the daemon at this moment; `null`: it follows nobody. */
function askedNow({ engine, machine }: Runner, socket: SocketToken, disciplined: boolean): Bound | null {
  const from = machine.now();
  const [asker, port] = [
    { ip: "127.0.0.1", port: 40_000 },
    { ip: "127.0.0.1", port: 123 },
  ];
  const answered = (bytes: Uint8Array): readonly Uint8Array[] =>
    engine
      .handle(
        { kind: "datagram", socket, from: asker, to: port, cast: "unicast", at: from.clock, stamp: "kernel", bytes },
        machine.now(),
      )
      .flatMap((action) => (action.kind === "send" ? [action.bytes] : []));
  const read = ask(readDaemon(), answered);
  if (read.kind === "fault") throw new Error(read.fault);
  const report = mode6Report("localhost", read, from.clock, unfold(from.clock, ERA));
  return isFollowing(report) ? daemonBound(report, { from, until: machine.now(), disciplined }) : null;
}

/** All along half a day true time lies within what the daemon says; how often it was asked while it followed somebody. */
function expectTruthAlong(world: SimWorld, of: LoopConfig["of"]): number {
  const { runner, asked } = answeringDaemon(world, of);
  let count = 0;
  for (let look = 0; look < LOOKS; look += 1) {
    world.run((12 * 3600) / LOOKS);
    const bound = asked();
    if (bound === null) continue;
    count += 1;
    expectTruth(bound, runner);
  }
  return count;
}

scenario("a daemon that steers the clock: true time lies within what it tells by mode 6", { seeds: 3 }, (world) => {
  expect(expectTruthAlong(world, "machine")).toBeGreaterThan(0.95 * LOOKS);
});

scenario(
  "a daemon that leaves the clock alone tells of its own, and true time lies within that",
  { seeds: 3 },
  (world) => {
    expect(expectTruthAlong(world, "shadow")).toBeGreaterThan(0.95 * LOOKS);
  },
);

/** What every command tells its engine is plain data: printed as JSON and read back it drives another engine to the same actions. */
import { describe, expect } from "vitest";
import { daemonConfig } from "../../src/config/daemon.ts";
import { discoveryConfig } from "../../src/config/discovery.ts";
import { loadConfiguration } from "../../src/config/files.ts";
import { parseGroup } from "../../src/config/groups.ts";
import { onceConfig } from "../../src/config/options.ts";
import { serveConfig } from "../../src/config/serve.ts";
import { parseServer } from "../../src/config/servers.ts";
import { createEngine } from "../../src/engine/engine.ts";
import type { Action } from "../../src/engine/port/action.ts";
import type { SmearConfig } from "../../src/server/smear.ts";
import type { EngineConfig } from "../../src/engine/port/config.ts";
import type { Chance, Engine } from "../../src/engine/port/engine.ts";
import type { Event } from "../../src/engine/port/event.ts";
import { securityProvider } from "../../src/security/symmetric.ts";
import type { LeapKnowledge } from "../../src/time/leap.ts";
import type { Now } from "../../src/time/now.ts";
import { UNIX_EPOCH } from "../../src/time/timestamp.ts";
import { ipv4Word } from "../../src/wire/refid.ts";
import { scenario } from "../support/world.ts";
import { serversOf, start } from "./oneshot.ts";

const FACTS = { precision: -24, ownReferenceIds: [0x0a00_0001] };
const INTERFACES = { eth0: ["192.0.2.200"], eth1: ["192.0.2.201"] };
const LEAP = Date.parse("2027-01-01T00:00:00Z") / 1000 + Number(UNIX_EPOCH);
const SMEAR: SmearConfig = { at: LEAP, leap: "insert", interval: 86_400, placement: "centred", shape: "linear" };
const LEAPS: LeapKnowledge = {
  next: { at: LEAP, leap: "insert", tai: 38 },
  tai: 37,
  latest: LEAP,
  expires: LEAP + 86_400,
};

const conf = (text: string) => loadConfiguration("/c", true, { exists: () => true, read: () => text }).configuration;
const daemon = (text: string): EngineConfig =>
  daemonConfig(
    conf(text),
    { noClock: false, discipline: "adaptive", anyFirst: true, port: 123 },
    { ...FACTS, interfaces: INTERFACES, frequency: null, smear: SMEAR, leaps: LEAPS },
  );
const SERVERS = ["192.0.2.1", "192.0.2.2", "192.0.2.3"];
const LINES = SERVERS.map((ip) => `server ${ip} iburst minpoll 4`).join("\n");
const serve = (options: Parameters<typeof serveConfig>[1]): EngineConfig =>
  serveConfig(SERVERS.map(parseServer), options, null, {
    ...FACTS,
    addresses: ["192.0.2.200"],
    broadcasts: [],
    smear: SMEAR,
    broadcastKey: null,
  }).config;

/** By command and what is special about it. */
const CONFIGURATIONS: Readonly<Record<string, EngineConfig>> = {
  query: onceConfig("query", SERVERS.map(parseServer), {}, null, FACTS),
  "sync without limits": onceConfig(
    "sync",
    SERVERS.map(parseServer),
    {
      panic: Infinity,
      deadline: Infinity,
      maxStep: { forward: Infinity, backward: 0.5 },
      remember: true,
      frequency: true,
      spread: 3,
    },
    null,
    FACTS,
  ),
  pool: discoveryConfig("pool", [parseServer("pool.example")], {}, null, FACTS),
  "pool --follow": discoveryConfig("pool", [parseServer("pool.example")], { follow: true }, null, FACTS),
  manycast: discoveryConfig("manycast", [parseGroup("239.1.1.1")], { auth: false }, null, FACTS),
  broadcast: discoveryConfig("broadcast", [], { multicast: true, auth: false }, null, FACTS),
  "serve to some": serve({ allow: ["192.0.2.0/24"], deny: ["192.0.2.210/32"], rateLimit: { average: 3, minimum: 2 } }),
  "serve to all": serve({ orphan: 6, localStratum: 5, manycast: ["239.1.1.1"] }),
  run: daemon(LINES),
  "run with everything": daemon(`${LINES}
    pool pool.example preempt
    restrict default ignore
    restrict source nomodify
    restrict 192.0.2.210 mask 255.255.255.255 kod limited
    restrict localhost
    tinker step 0 stepback 0 panic 0 huffpuff 7200 allan 11
    interface ignore eth1
    mru maxdepth 100
    tos beacon 600
    disable monitor
    leapsmearinterval 7200`),
};

/** What an engine was handed, and what it asked for in return. */
interface Recorded {
  readonly event: Event;
  readonly now: Now;
  readonly actions: readonly Action[];
}

const surroundings = (chance: Chance) => ({
  chance,
  security: securityProvider(null),
  referenceIdOf: (ip: string) => ipv4Word(ip) ?? 0,
  era: 1_795_219_200n * 1_000_000_000n,
});

/** An engine whose events, actions and luck are written down. */
function recording(config: EngineConfig, chance: Chance): { engine: Engine; trace: Recorded[]; luck: unknown[] } {
  const luck: unknown[] = [];
  const drawn = <Value>(value: Value): Value => {
    luck.push(value);
    return value;
  };
  const written: Chance = {
    uniform: () => drawn(chance.uniform()),
    bits64: () => drawn(chance.bits64()),
    split: () => written,
  };
  const inner = createEngine(config, surroundings(written));
  const trace: Recorded[] = [];
  const engine: Engine = {
    handle(event, now) {
      const actions = inner.handle(event, now);
      trace.push({ event, now: { ...now }, actions });
      return actions;
    },
    get wakeAt() {
      return inner.wakeAt;
    },
    get outcome() {
      return inner.outcome;
    },
    get responder() {
      return inner.responder ?? null;
    },
    memory: (now) => inner.memory(now),
    snapshot: (now) => inner.snapshot(now),
  };
  return { engine, trace, luck };
}

describe("the configuration of", () => {
  for (const [name, config] of Object.entries(CONFIGURATIONS))
    scenario(`${name} is the same to an engine once it was printed and read`, { trace: false, seeds: 1 }, (world) => {
      const printed: EngineConfig = JSON.parse(JSON.stringify(config)) as EngineConfig;
      expect(printed).toEqual(config);

      serversOf(world, {}, {}, {});
      world.names.set("pool.example", { addresses: SERVERS });
      let recorded: ReturnType<typeof recording> | undefined;
      world.client(
        "subject",
        (chance) => {
          recorded = recording(config, chance);
          return recorded.engine;
        },
        { addresses: ["192.0.2.200"], clockError: 0.3 },
      );
      // Two clients ask it, one of which some of the configurations keep away or slow down.
      for (const [index, addresses] of [["192.0.2.209"], ["192.0.2.210"]].entries())
        world.at(250 + index, () =>
          start(world, {
            command: "query",
            servers: ["192.0.2.200"],
            on: world.machine(`client${index}`, { addresses, link: { delay: 0.001 } }),
            options: { samples: 4 },
          }),
        );
      world.run(400);

      const { trace, luck } = recorded!;
      expect(trace.length).toBeGreaterThan(3);
      const again = [...luck];
      const read: Chance = {
        uniform: () => again.shift() as number,
        bits64: () => again.shift() as bigint,
        split: () => read,
      };
      const replay = createEngine(printed, surroundings(read));
      for (const { event, now, actions } of trace) expect(replay.handle(event, now)).toEqual(actions);
    });
});

/**
 * How fast simulated worlds run: `npx tsx test/sim/speed.ts`. One line of JSON a world. Not a test: nothing is asserted
 * about times.
 */
import { onceConfig } from "../../src/config/options.ts";
import { parseServer } from "../../src/config/servers.ts";
import type { EngineConfig } from "../../src/engine/port/config.ts";
import { createEngine } from "../../src/engine/engine.ts";
import type { Chance, Engine } from "../../src/engine/port/engine.ts";
import { securityProvider } from "../../src/security/symmetric.ts";
import { createWorld } from "../../src/sim/world.ts";
import type { Address } from "../../src/wire/address.ts";
import { Poller } from "../support/poller.ts";

const LINK = { delay: 0.005, jitter: { shape: "exponential", mean: 0.001 } } as const;
const HOUR = 3600;

/** Makes a client's engine. @param exponent its poll exponent, 6 … 10 */
type Make = (servers: readonly Address[], exponent: number, chance: Chance) => Engine;

/** The engine itself, watching; each at a poll interval of its own. */
const real: Make = (servers, exponent, chance) => {
  const specs = servers.map(({ ip }) => parseServer(ip));
  const once = onceConfig("query", specs, {}, null, { precision: -24, ownReferenceIds: [] });
  const associations = once.associations.map((association) => ({ ...association, minpoll: exponent }));
  const config: EngineConfig = { ...once, once: null, emptyStages: "rfc5905", associations };
  return createEngine(config, {
    chance,
    security: securityProvider(null),
    referenceIdOf: () => 1,
    era: 1_795_219_200n * 1_000_000_000n,
  });
};

/** The smallest engine there is: what remains is the simulator's own time. */
const smallest: Make = (servers, exponent, chance) =>
  new Poller({ servers, interval: 2 ** exponent, set: true, keep: false }, chance);

function measure(
  what: string,
  make: Make,
  clients: number,
  hours: number,
  exponentOf: (index: number) => number,
): void {
  const world = createWorld({ seed: 1, trace: false });
  const servers = Array.from({ length: 10 }, (_, index) =>
    world.server(`ntp${index}`, { oscillator: { wander: 1e-10 }, link: LINK }),
  );
  const addresses = servers.map(({ address }) => address);
  for (let index = 0; index < clients; index++) {
    world.client(`client${index}`, (chance) => make(addresses, exponentOf(index), chance), {
      oscillator: { frequency: 20e-6, wander: 1e-9 },
      link: LINK,
    });
  }
  const start = performance.now();
  const before = process.cpuUsage();
  world.run(hours * HOUR);
  const seconds = Number(((performance.now() - start) / 1000).toFixed(1));
  // On a busy machine the processor's own time says more.
  const used = process.cpuUsage(before);
  const processor = Number(((used.user + used.system) / 1e6).toFixed(1));
  const exchanges = servers.reduce((sum, { count }) => sum + count, 0);
  const memory = Math.round(process.memoryUsage().rss / 1e6);
  process.stdout.write(
    `${JSON.stringify({ what, clients, servers: 10, hours, seconds, processor, exchanges, happened: world.timeline.happened, memoryMB: memory })}\n`,
  );
}

const spread = (index: number): number => 6 + (index % 5);

measure("the engine, polls of 64 to 1024 s", real, 100, 24, spread);
measure("the engine, polls of 1024 s", real, 100, 24, () => 10);
measure("the simulator alone, polls of 64 to 1024 s", smallest, 100, 24, spread);
measure("the simulator alone, polls of 64 s", smallest, 100, 24, () => 6);
measure("the simulator alone, polls of 64 s", smallest, 5000, 0.25, () => 6);

/** A plan → a simulated world that runs it. */
import type { AssociationConfig } from "../../src/engine/port/config.ts";
import { BASE_LOOP } from "../../src/config/base.ts";
import { securityProvider } from "../../src/security/symmetric.ts";
import type { SecurityProvider } from "../../src/security/security.ts";
import type { LinkOptions } from "../../src/sim/link.ts";
import { lies, silent, unsynchronized } from "../../src/sim/oddities.ts";
import type { Runner } from "../../src/sim/runner.ts";
import type { Oddity, ScriptedServer } from "../../src/sim/server.ts";
import { createWorld, type SimWorld } from "../../src/sim/world.ts";
import { MODES } from "../../src/wire/header.ts";
import { broadcastHeader, keysOf, sealedHeader, Site } from "../support/site.ts";
import type { Character, Plan, PlannedEvent, PlannedHost, PlannedLink, PlannedSource } from "./plan.ts";

/** A world at work. */
export interface Built {
  readonly world: SimWorld;
  readonly site: Site;
  /** By name. */
  readonly sources: ReadonlyMap<string, ScriptedServer>;
  readonly hosts: ReadonlyMap<string, Runner>;
  /** What each source is now. */
  readonly characters: Map<string, Character>;
}

const POOL = "pool.test";
const GROUP = "239.1.1.1";
const KEY = 1;

/** The keys of every world that has any. */
export async function worldKeys(): Promise<SecurityProvider> {
  return securityProvider(await keysOf(`${KEY} SHA1 a-secret-of-ours`));
}

/** Builds a world, and lets happen in it what is planned. */
export function build(plan: Plan, keys: SecurityProvider): Built {
  const world = createWorld({ seed: plan.seed, trace: false });
  const site = new Site(world);
  const sources = new Map(plan.sources.map((source) => [source.name, addSource(site, source)]));
  world.names.set(POOL, { addresses: [...sources.values()].map(({ address }) => address.ip) });
  const addresses = new Map(plan.hosts.map(({ name }, index) => [name, `10.2.0.${index + 1}`]));
  const hosts = new Map(
    plan.hosts.map((host) => [host.name, addHost(site, host, addresses, [...sources.values()], keys)]),
  );
  const characters = new Map(plan.sources.map(({ name, character }) => [name, character]));
  const built: Built = { world, site, sources, hosts, characters };
  for (const event of plan.events) world.at(event.at, () => happen(built, event));
  if (plan.attacker !== null) {
    const { interval, modes } = plan.attacker;
    world.every(interval, () => forge(built, modes, [...addresses.values()]));
  }
  return built;
}

function linkOf({ out, in: inwards, jitter, loss, duplication, reordering }: PlannedLink): LinkOptions {
  return {
    out: { delay: out },
    in: { delay: inwards },
    jitter: jitter > 0 ? { shape: "exponential", mean: jitter } : null,
    loss,
    duplication,
    reordering: reordering > 0 ? { probability: reordering, by: 0.05 } : null,
  };
}

const ODDITIES: Readonly<Record<Character, (error: number) => readonly Oddity[]>> = {
  honest: () => [],
  liar: (error) => [lies(error)],
  silent: () => [silent()],
  unsynchronized: () => [unsynchronized()],
};

function addSource(
  site: Site,
  { name, character, stratum, error, rootDispersion, link }: PlannedSource,
): ScriptedServer {
  return site.reference(name, {
    stratum,
    rootDispersion,
    link: linkOf(link),
    clockError: character === "liar" ? 0 : error,
    oddities: ODDITIES[character](error),
  });
}

function addHost(
  site: Site,
  host: PlannedHost,
  addresses: ReadonlyMap<string, string>,
  sources: readonly ScriptedServer[],
  keys: SecurityProvider,
): Runner {
  const { iburst, burst, minpoll, maxpoll, maxclock, keyed } = host;
  const polls = { iburst, burst, minpoll, maxpoll };
  const own = addresses.get(host.name)!;
  const servers = sources.map(({ address }): Partial<AssociationConfig> => ({ name: address.ip, ...polls }));
  const others = [...addresses.values()].filter((ip) => ip !== own);
  const lines: Readonly<Record<PlannedHost["mode"], readonly Partial<AssociationConfig>[]>> = {
    client: servers,
    pool: [{ kind: "pool", name: POOL, ...polls }],
    // Whoever searches has sources, too: a world of searchers alone has no time.
    manycast: [...servers.slice(0, 3), { kind: "manycast", name: GROUP, key: keyed ? KEY : null, ...polls }],
    peers: [
      ...servers,
      ...others.map((name) => ({ kind: "peer", name, key: keyed ? KEY : null, ...polls, iburst: false }) as const),
    ],
  };
  return site.host(host.name, {
    addresses: [own],
    lines: lines[host.mode],
    limits: { maxclock },
    discovery: { authenticate: keyed },
    manycastServer: [GROUP],
    keys,
    clock: BASE_LOOP,
    steerRate: 500e-6,
    clockError: host.clockError,
    oscillator: { frequency: host.frequency, wander: host.wander },
    link: linkOf(host.link),
  });
}

function happen({ world, sources, hosts, characters }: Built, event: PlannedEvent): void {
  switch (event.what) {
    case "nudge":
      hosts.get(event.who)?.machine.stepClock(event.by);
      break;
    case "sleep":
      if (hosts.get(event.who)?.machine.asleep === false) hosts.get(event.who)!.machine.sleep(event.lasting);
      break;
    case "parting":
      world.network.partitions.push({ from: world.now, until: world.now + event.lasting, stations: [...event.who] });
      break;
    case "turn": {
      const source = sources.get(event.who);
      if (source === undefined) break;
      source.script = { ...source.script, oddities: [...ODDITIES[event.to](event.error)] };
      characters.set(event.who, event.to);
    }
  }
}

/** Sends a packet in somebody's name, with timestamps that whoever is off the path can only guess. */
function forge({ world, sources }: Built, modes: readonly number[], hosts: readonly string[]): void {
  const chance = world.chance(`attacker ${world.now}`);
  const names = [...[...sources.values()].map(({ address }) => address.ip), ...hosts];
  const pick = <Item>(items: readonly Item[]): Item => items[chance.below(items.length)]!;
  const to = pick(hosts);
  const ahead = chance.happens(0.5) ? 3600 : 0.5;
  const header = broadcastHeader(world, { mode: MODES[pick(modes)]!, stratum: 1 + chance.below(3) }, ahead);
  world.network.inject({
    from: { ip: pick(names), port: 123 },
    to: { ip: to, port: 123 },
    ttl: 64,
    bytes: sealedHeader(header),
  });
}

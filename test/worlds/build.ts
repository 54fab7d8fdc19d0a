/** A plan → a simulated world that runs it. */
import type { AssociationConfig } from "../../src/engine/port/config.ts";
import { BASE_LOOP } from "../../src/config/base.ts";
import { loadAeads, type MakeAead } from "../../src/security/nts/aead.ts";
import { ntsSecurity } from "../../src/security/nts/client.ts";
import { KE_PORT } from "../../src/wire/ntske.ts";
import { securityProvider } from "../../src/security/symmetric.ts";
import type { Security, SecurityProvider } from "../../src/security/security.ts";
import type { SocketToken } from "../../src/engine/port/action.ts";
import { ORPHAN_WAIT } from "../../src/server/local.ts";
import { createChance } from "../../src/sim/chance.ts";
import type { LinkOptions } from "../../src/sim/link.ts";
import type { Machine } from "../../src/sim/machine.ts";
import { SimNts, randomOctets } from "../../src/sim/nts.ts";
import { kiss, lies, silent, unsynchronized } from "../../src/sim/oddities.ts";
import type { Runner } from "../../src/sim/runner.ts";
import type { Oddity, ScriptedServer } from "../../src/sim/server.ts";
import { createWorld, type SimWorld } from "../../src/sim/world.ts";
import { MODES } from "../../src/wire/header.ts";
import { broadcastHeader, CABLE, keysOf, sealedHeader, Site } from "../support/site.ts";
import type {
  Beginning,
  Character,
  Plan,
  PlannedAttacker,
  PlannedCaster,
  PlannedEvent,
  PlannedHost,
  PlannedLink,
  PlannedSource,
} from "./plan.ts";

/** A world at work. */
export interface Built {
  readonly world: SimWorld;
  readonly site: Site;
  /** By name. */
  readonly sources: ReadonlyMap<string, ScriptedServer>;
  readonly hosts: Map<string, Runner>;
  /** What each source is now. */
  readonly characters: Map<string, Character>;
  /** What UTC has leapt by since the world began, seconds. */
  leapt: number;
  readonly keys: WorldKeys;
  /** Who establishes keys, by the source's name. */
  readonly nts: ReadonlyMap<string, SimNts>;
}

/** The key of all, and another secret under its number. */
export interface WorldKeys {
  readonly old: SecurityProvider;
  readonly new: SecurityProvider;
  readonly makeAead: MakeAead;
}

const POOL = "pool.test";
const OTHER_POOL = "other.pool.test";
/** Where searches go. */
export const GROUP = "239.1.1.1";
const KEY = 1;

/** The keys of every world that has any. */
export async function worldKeys(): Promise<WorldKeys> {
  const makeAead = await loadAeads();
  const random = randomOctets(createChance("the octets of all under NTS"));
  const nts = (): Security => ntsSecurity(makeAead, random);
  return {
    old: securityProvider(await keysOf(`${KEY} SHA1 a-secret-of-ours`), nts),
    new: securityProvider(await keysOf(`${KEY} SHA1 another-secret-of-ours`), nts),
    makeAead,
  };
}

const BEGINNINGS: Readonly<Record<Beginning, string>> = {
  someday: "2026-11-21T00:00:00Z",
  era: "2036-02-07T03:00:00Z",
  leap: "2026-12-31T19:00:00Z",
};
/** Until the leap second of the world that begins before one, seconds. */
export const LEAP_AT = 5 * 3600;
const EVERYBODY = "10.255.255.255";

/** Builds a world, and lets happen in it what is planned. */
export function build(plan: Plan, keys: WorldKeys): Built {
  const world = createWorld({
    seed: plan.seed,
    trace: false,
    beginning: BEGINNINGS[plan.beginning],
  });
  const site = new Site(world);
  const isSecure = plan.hosts.some((host) => host.nts);
  const nts = new Map(
    isSecure
      ? plan.sources.map(({ name }) => [name, new SimNts(keys.makeAead, world.chance(`nts of ${name}`))] as const)
      : [],
  );
  const sources = new Map(plan.sources.map((source) => [source.name, addSource(site, source, nts.get(source.name))]));
  const addresses = new Map(plan.hosts.map(({ name }, index) => [name, `10.2.0.${index + 1}`]));
  const hosts = new Map(
    plan.hosts.map((host) => [host.name, addHost(site, host, addresses, [...sources.values()], keys.old)]),
  );
  const characters = new Map(plan.sources.map(({ name, character }) => [name, character]));
  const built: Built = { world, site, sources, hosts, characters, leapt: 0, keys, nts };
  nameAll(built);
  for (let count = 1; count <= plan.crowd; count += 1) addBystander(site, count, [...sources.values()], keys.old);
  for (const caster of plan.casters) cast(world, caster, keys.old);
  for (const event of plan.events) world.at(event.at, () => happen(built, event));
  if (plan.beginning === "leap") leap(built);
  if (plan.attacker !== null) attack(built, plan.attacker);
  return built;
}

/** What the pools' names say: every source, where it is now; and most of them the other way round. */
function nameAll({ world, sources }: Built): void {
  const addresses = [...sources.values()].map(({ machine }) => machine.address());
  world.names.set(POOL, { addresses });
  world.names.set(OTHER_POOL, { addresses: addresses.slice(1).toReversed() });
}

/** All sources announce a leap second, and carry it out. */
function leap(built: Built): void {
  const announce = (announced: "insert" | "none"): void => {
    for (const source of built.sources.values()) source.script = { ...source.script, leap: announced };
  };
  announce("insert");
  built.world.at(LEAP_AT, () => {
    for (const { machine } of built.sources.values()) machine.stepClock(-1, null);
    built.leapt = -1;
  });
  built.world.at(LEAP_AT + 300, () => announce("none"));
}

/** Speaks to all from a machine whose port answers nobody. */
function cast(world: SimWorld, { name, to, interval }: PlannedCaster, keys: SecurityProvider): void {
  const from = { ip: "10.3.0.1", port: 123 };
  const machine: Machine = world.machine(name, {
    addresses: [from.ip],
    broadcast: EVERYBODY,
    link: CABLE,
  });
  machine.perform({
    kind: "listen",
    socket: 1 as SocketToken,
    port: 4000,
    address: null,
    interface: null,
  });
  const ip = to === "broadcast" ? EVERYBODY : GROUP;
  world.every(interval, () => {
    const bytes = sealedHeader(broadcastHeader(world), keys);
    world.network.send({ from, to: { ip, port: 123 }, ttl: 64, bytes }, machine.interfaces[0]!);
  });
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
  denying: () => [kiss("DENY")],
};

function addSource(
  site: Site,
  { name, character, stratum, error, rootDispersion, link }: PlannedSource,
  nts: SimNts | undefined,
): ScriptedServer {
  const server = site.reference(name, {
    ...(nts === undefined ? {} : { nts }),
    stratum,
    rootDispersion,
    link: linkOf(link),
    clockError: character === "liar" ? 0 : error,
    oddities: ODDITIES[character](error),
  });
  if (nts !== undefined) site.world.establishes(server.machine, nts);
  return server;
}

function addHost(
  site: Site,
  host: PlannedHost,
  addresses: ReadonlyMap<string, string>,
  sources: readonly ScriptedServer[],
  keys: SecurityProvider,
): Runner {
  const { mode, iburst, burst, minpoll, maxpoll, maxclock, keyed } = host;
  const key = keyed ? KEY : null;
  const polls = { iburst, burst, minpoll, maxpoll };
  const under = host.nts ? { nts: true, port: KE_PORT } : {};
  const own = addresses.get(host.name)!;
  const servers = sources.map(({ address }): Partial<AssociationConfig> => ({
    name: address.ip,
    ...polls,
    ...under,
  }));
  const others = [...addresses.values()].filter((ip) => ip !== own);
  const peers = others.map((name) => ({ kind: "peer", name, key, ...polls, iburst: false }) as const);
  const lines: Readonly<Record<PlannedHost["mode"], readonly Partial<AssociationConfig>[]>> = {
    client: servers,
    pool: [{ kind: "pool", name: POOL, ...polls, ...under }],
    pools: [POOL, OTHER_POOL].map((name) => ({ kind: "pool", name, ...polls, ...under })),
    named: [{ name: POOL, ...polls, ...under }],
    // Whoever searches has sources, too: a world of searchers alone has no time.
    manycast: [...servers.slice(0, 3), { kind: "manycast", name: GROUP, key, ...polls }],
    peers: [...servers, ...peers],
    broadcast: [...servers, { kind: "broadcast", name: EVERYBODY, key, minpoll, maxpoll }],
    multicast: [...servers, { kind: "broadcast", name: GROUP, key, minpoll, maxpoll }],
    listener: [...servers.slice(0, 1), { kind: "broadcastClient", name: "broadcast" }],
    orphan: [...servers, ...peers],
  };
  return site.host(host.name, {
    addresses: [own],
    broadcast: EVERYBODY,
    lines: lines[mode],
    serving: mode === "orphan" ? { fallbacks: { local: null, orphan: { stratum: 6, wait: ORPHAN_WAIT } } } : {},
    limits: { maxclock },
    discovery: { authenticate: keyed },
    manycastServer: [GROUP],
    keys,
    clock: BASE_LOOP,
    steerRate: "hurried",
    clockError: host.clockError,
    oscillator: { frequency: host.frequency, wander: host.wander },
    link: linkOf(host.link),
  });
}

/** One of a crowd: it follows the first sources, and answers whoever searches. */
function addBystander(site: Site, count: number, sources: readonly ScriptedServer[], keys: SecurityProvider): void {
  site.host(`bystander${count}`, {
    addresses: [`10.5.0.${count}`],
    lines: sources.slice(0, 3).map(({ address }) => ({ name: address.ip, minpoll: 10, maxpoll: 10 })),
    manycastServer: [GROUP],
    keys,
  });
}

/** What each kind of event does. */
const HAPPENINGS: {
  readonly [What in PlannedEvent["what"]]: (built: Built, event: Extract<PlannedEvent, { what: What }>) => void;
} = {
  nudge: ({ hosts }, { who, by }) => hosts.get(who)?.machine.stepClock(by),
  sleep: ({ hosts }, { who, lasting }) => {
    if (hosts.get(who)?.machine.asleep === false) hosts.get(who)!.machine.sleep(lasting);
  },
  parting: ({ world }, { who, lasting }) =>
    void world.network.partitions.push({
      from: world.now,
      until: world.now + lasting,
      stations: [...who],
    }),
  turn: ({ sources, characters }, { who, to, error }) => {
    const source = sources.get(who);
    if (source === undefined) return;
    source.script = { ...source.script, oddities: [...ODDITIES[to](error)] };
    characters.set(who, to);
  },
  conspiracy: ({ sources, characters }, { error }) => {
    for (const [name, source] of sources) {
      source.script = { ...source.script, oddities: [...ODDITIES.liar(error)] };
      characters.set(name, "liar");
    }
  },
  restart: (built, { who }) => restart(built, who, {}),
  rekey: (built, { who }) => restart(built, who, { keys: built.keys.new }),
  renumber: (built, { who, at }) => {
    const station = built.sources.get(who) ?? built.hosts.get(who);
    if (station === undefined) return;
    built.site.renumber(who, station.machine, `10.${4 + (at >> 16)}.${(at >> 8) & 255}.${at & 255}`);
    const nts = built.nts.get(who);
    if (nts !== undefined) built.world.establishes(station.machine, nts);
    nameAll(built);
  },
  outage: (built, { lasting, how }) => {
    for (const name of [POOL, OTHER_POOL]) built.world.names.set(name, { fault: how });
    built.world.timeline.in(lasting, () => nameAll(built));
  },
  newKey: ({ nts }, { who }) => nts.get(who)?.rotate(),
  forget: ({ nts }, { who }) => nts.get(who)?.rotate(0),
  keyless: ({ nts, world }, { who, lasting, why }) => {
    const one = nts.get(who);
    if (one === undefined) return;
    one.script = { ...one.script, fault: why };
    world.timeline.in(lasting, () => (one.script = { ...one.script, fault: null }));
  },
  flood: (built, { who, packets }) => {
    const host = built.hosts.get(who);
    if (host === undefined) return;
    for (let count = 0; count < packets; count += 1)
      built.world.timeline.in(count / packets, () => forge(built, [1, 2, 3, 4, 5], [host.machine.address()]));
  },
};

function happen<What extends PlannedEvent["what"]>(
  built: Built,
  event: Extract<PlannedEvent, { what: What }> & { readonly what: What },
): void {
  HAPPENINGS[event.what](built, event);
}

/** A daemon ends, and another begins where it was, with what it left. */
function restart({ hosts, site }: Built, who: string, change: { readonly keys?: SecurityProvider }): void {
  const old = hosts.get(who);
  if (old === undefined || old.machine.asleep) return;
  old.stop();
  hosts.set(who, site.restart(who, change));
}

/** Lets the attacker loose. */
function attack(built: Built, { interval, modes, replays }: PlannedAttacker): void {
  const { world, hosts } = built;
  const addresses = [...hosts.values()].map(({ machine }) => machine.address());
  world.every(interval, () => forge(built, modes, addresses));
  if (!replays) return;
  const chance = world.chance("replays");
  const flips = world.chance("flips");
  world.network.tap((datagram) => {
    // Of what was sent some comes again, after a millisecond or three hours.
    if (chance.happens(0.02)) world.network.inject(datagram, 1e-3 * 10 ** (7 * chance.uniform()));
    if (datagram.bytes.length > LONGEST_PLAIN && flips.happens(0.05)) {
      const bytes = Uint8Array.from(datagram.bytes);
      bytes[flips.below(bytes.length)]! ^= 1 << flips.below(8);
      world.network.inject({ ...datagram, bytes }, 0);
    }
    return "pass";
  });
}

/** Octets of what is not under NTS: a header and a MAC. */
const LONGEST_PLAIN = 72;

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

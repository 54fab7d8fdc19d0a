/** Found by a group or drawn from a name, proved by a certificate, then followed: discovery under NTS, and everything that can go wrong. */
import { beforeAll, describe, expect } from "vitest";
import { BASE_ONCE } from "../../src/config/base.ts";
import { discoveryConfig, type DiscoveryOptions } from "../../src/config/discovery.ts";
import type { AssociationConfig, EngineConfig } from "../../src/engine/port/config.ts";
import { loadAeads, type MakeAead } from "../../src/security/nts/aead.ts";
import { NtsServer } from "../../src/security/nts/answering.ts";
import { ntsSecurity } from "../../src/security/nts/client.ts";
import { securityProvider } from "../../src/security/symmetric.ts";
import type { SecurityProvider } from "../../src/security/security.ts";
import { SimNts, randomOctets, type KeyScript } from "../../src/sim/nts.ts";
import { during, lies, silent } from "../../src/sim/oddities.ts";
import type { Runner } from "../../src/sim/runner.ts";
import type { ScriptedServer, ServerOptions } from "../../src/sim/server.ts";
import type { HostOptions, SimWorld } from "../../src/sim/world.ts";
import { encodeHeader } from "../../src/wire/header.ts";
import { NTS_FIELDS } from "../../src/wire/nts.ts";
import { decodePacket } from "../../src/wire/packet.ts";
import { associationsOf, broadcastHeader, errorOf, modeOf, notesOf, Site, type SiteHost } from "../support/site.ts";
import { scenario } from "../support/world.ts";

const POOL = "nts.pool.example";
const GROUP = "239.1.1.1";
const EVERYBODY = "10.1.255.255";
const FACTS = { precision: -24, ownReferenceIds: [] };

let makeAead: MakeAead;
beforeAll(async () => {
  makeAead = await loadAeads();
});

/** Client and server under NTS; a host that serves opens its cookies. */
function keysOf(world: SimWorld, name: string, nts: SimNts | null = null): SecurityProvider {
  const random = randomOctets(world.chance(`octets of ${name}`));
  const own = nts === null ? null : answering(nts, random);
  return securityProvider(
    null,
    () => ntsSecurity(makeAead, random),
    () => own,
  );
}

function answering(nts: SimNts, random: ReturnType<typeof randomOctets>): NtsServer {
  const [first, ...others] = nts.masters.map((master) => ({ ...master, madeAt: 0 }));
  return new NtsServer([first!, ...others], makeAead, random);
}

/** A server of a pool. */
function member(site: Site, ip: string, script: KeyScript = {}, options: HostOptions & ServerOptions = {}): Member {
  const nts = new SimNts(makeAead, site.world.chance(`nts of ${ip}`), { certified: [POOL], ...script });
  const server = site.reference(ip, { nts, addresses: [ip], stratum: 2, ...options });
  site.world.establishes(server.machine, nts);
  return { server, nts };
}

interface Member {
  readonly server: ScriptedServer;
  readonly nts: SimNts;
}

/** Every question of a client in clear: none may ever leave for a server. */
function questionsInClear(world: SimWorld, client: () => Runner | null): string[] {
  const asked: string[] = [];
  world.network.tap((datagram) => {
    const packet = decodePacket(datagram.bytes);
    if (packet.kind === "malformed" || modeOf(datagram) !== "client") return "pass";
    if (datagram.from.ip !== client()?.machine.address() || datagram.to.ip === GROUP) return "pass";
    if (!packet.extensions.some(({ type }) => type === NTS_FIELDS.cookie)) asked.push(datagram.to.ip);
    return "pass";
  });
  return asked;
}

const drawn: Partial<AssociationConfig> = { kind: "pool", name: POOL, port: 4460, nts: true };

function poolClient(site: Site, line: Partial<AssociationConfig> = {}, rest: SiteHost = {}): Runner {
  const keys = keysOf(site.world, "client");
  return site.host("client", { clockError: -0.25, serves: false, lines: [{ ...drawn, ...line }], keys, ...rest });
}

describe("a pool under NTS", () => {
  scenario("is drawn from one by one, each by a handshake of its own", { trace: false, seeds: 1 }, (world) => {
    const site = new Site(world);
    const members = Array.from({ length: 12 }, (_, index) => member(site, `10.5.0.${index + 1}`));
    world.names.set(POOL, { addresses: members.map(({ server }) => server.address.ip), pick: 4 });
    let client: Runner | null = null;
    const clear = questionsInClear(world, () => client);
    client = poolClient(site, { minpoll: 6 }, { limits: { maxclock: 5 } });
    world.run(3600);
    const held = associationsOf(client);
    expect(held).toHaveLength(5);
    for (const { authentication, lifetime, port } of held)
      expect([authentication, lifetime, port]).toEqual(["ok", "preemptable", 123]);
    expect(Math.abs(errorOf(client))).toBeLessThan(0.001);
    expect(members.filter(({ nts }) => nts.handshakes > 1)).toEqual([]);
    expect([clear, members.reduce((sum, { nts }) => sum + nts.counts.plain, 0)]).toEqual([[], 0]);
  });

  scenario(
    "replaces who falls silent, and who lies, by others, with keys of their own",
    { trace: false, seeds: 1 },
    (world) => {
      const site = new Site(world);
      const members = Array.from({ length: 8 }, (_, index) =>
        member(
          site,
          `10.5.0.${index + 1}`,
          {},
          {
            oddities:
              index === 0 ? [during(1800, Infinity, silent())] : index === 1 ? [during(1800, Infinity, lies(3))] : [],
          },
        ),
      );
      world.names.set(POOL, { addresses: members.map(({ server }) => server.address.ip) });
      let client: Runner | null = null;
      const clear = questionsInClear(world, () => client);
      client = poolClient(site, { minpoll: 6, maxpoll: 6, iburst: true }, { limits: { maxclock: 4 } });
      world.run(1800);
      expect(site.friendsOf(client)).toEqual(expect.arrayContaining(["10.5.0.1", "10.5.0.2"]));
      world.run(2 * 3600);
      expect(site.friendsOf(client)).toHaveLength(4);
      expect(site.friendsOf(client)).not.toContain("10.5.0.1");
      expect(site.friendsOf(client)).not.toContain("10.5.0.2");
      expect(Math.abs(errorOf(client))).toBeLessThan(0.001);
      expect(clear).toEqual([]);
    },
  );

  scenario("takes none whose certificate is for another name, and says so", { trace: false, seeds: 1 }, (world) => {
    const site = new Site(world);
    const good = member(site, "10.5.0.1");
    const unlike = member(site, "10.5.0.2", { certified: ["other.example"] });
    const deaf = site.reference("10.5.0.3", { addresses: ["10.5.0.3"] });
    world.names.set(POOL, { addresses: ["10.5.0.2", "10.5.0.3", "10.5.0.1"] });
    const client = poolClient(site);
    world.run(1200);
    expect(site.friendsOf(client)).toEqual(["10.5.0.1"]);
    expect(client.snapshot().notDrawn).toEqual(
      expect.arrayContaining([
        { name: POOL, address: "10.5.0.2", port: 4460, why: "wrongName" },
        { name: POOL, address: "10.5.0.3", port: 4460, why: "refused" },
      ]),
    );
    expect([unlike.server.count, deaf.count, good.nts.handshakes]).toEqual([0, 0, 1]);
    // RFC 8915 §4.2: ever more rarely.
    expect(unlike.nts.handshakes).toBeLessThan(12);
  });

  scenario("takes the servers that its one key server names, one by one", { trace: false, seeds: 1 }, (world) => {
    const site = new Site(world);
    const { nts } = member(site, "10.5.0.1");
    const servers = [1, 2, 3].map((number) =>
      site.reference(`10.6.0.${number}`, { nts, addresses: [`10.6.0.${number}`] }),
    );
    world.names.set(POOL, { addresses: ["10.5.0.1"] });
    let next = 0;
    world.every(1, () => {
      nts.script = { ...nts.script, server: `10.6.0.${(next++ % 3) + 1}` };
    });
    const client = poolClient(site, { minpoll: 4 });
    world.run(7200);
    expect(site.friendsOf(client)).toEqual(servers.map(({ address }) => address.ip));
  });

  scenario("asks nobody where nobody gives keys", { trace: false, seeds: 1 }, (world) => {
    const site = new Site(world);
    const members = [1, 2, 3].map((number) => member(site, `10.5.0.${number}`, { fault: "expired" }));
    world.names.set(POOL, { addresses: members.map(({ server }) => server.address.ip) });
    const client = poolClient(site);
    world.run(7200);
    expect(associationsOf(client)).toEqual([]);
    expect(members.map(({ server }) => server.count)).toEqual([0, 0, 0]);
  });
});

/** A host that answers searches, or broadcasts, and clients under NTS. */
function primary(
  site: Site,
  name: string,
  script: KeyScript,
  spec: SiteHost = {},
): { readonly runner: Runner; readonly nts: SimNts } {
  const nts = new SimNts(makeAead, site.world.chance(`nts of ${name}`), script);
  const gps = site.reference(`gps of ${name}`);
  const runner = site.host(name, {
    manycastServer: [GROUP],
    keys: keysOf(site.world, name, nts),
    ...spec,
    lines: [{ name: gps.address.ip }, ...(spec.lines ?? [])],
  });
  site.world.establishes(runner.machine, nts);
  return { runner, nts };
}

function searching(site: Site, spec: SiteHost = {}, line: Partial<AssociationConfig> = {}): Runner {
  const lines = [{ kind: "manycast", name: GROUP, ttl: 7, nts: true, ...line }] as const;
  return site.host("client", { clockError: -0.25, serves: false, lines, keys: keysOf(site.world, "client"), ...spec });
}

/** A run of a command that finds. */
function probe(
  site: Site,
  command: "manycast" | "broadcast",
  names: readonly string[],
  options: DiscoveryOptions,
): Runner {
  const config: EngineConfig = discoveryConfig(
    command,
    names.map((name) => ({
      name,
      port: null,
      prefer: false,
      noselect: false,
      trusted: false,
      nts: false,
      key: null,
      samples: null,
    })),
    { nts: true, ...options },
    null,
    FACTS,
  );
  return site.host("client", {
    clockError: -0.25,
    serves: false,
    keys: keysOf(site.world, "client"),
    rest: { ...config, once: config.once === null ? null : { ...BASE_ONCE, ...config.once } },
  });
}

describe("a search under NTS", () => {
  scenario("follows who has a certificate for his address, and asks nobody in clear", { seeds: 1 }, (world) => {
    const site = new Site(world);
    const proved = [1, 2, 3].map((number) => primary(site, `primary${number}`, {}));
    for (const { runner, nts } of proved) nts.script = { certified: [runner.machine.address()] };
    const unproved = primary(site, "impostor", { certified: ["10.1.0.1"] });
    const plain = primary(site, "plain", { fault: "refused" });
    let client: Runner | null = null;
    const clear = questionsInClear(world, () => client);
    world.run(600);
    client = searching(site, {}, { minpoll: 6 });
    world.run(900);
    expect(site.friendsOf(client)).toEqual(["primary1", "primary2", "primary3"]);
    for (const { address, nts, authentication, lifetime, group } of associationsOf(client))
      expect([authentication, lifetime, group, nts?.certified]).toEqual(["ok", "preemptable", GROUP, address]);
    expect(Math.abs(errorOf(client))).toBeLessThan(0.001);
    expect(clear).toEqual([]);
    expect(unproved.nts.handshakes + plain.nts.handshakes).toBeGreaterThan(1);
    expect(notesOf(client, "notEstablished").map(({ why }) => why)).toEqual(
      expect.arrayContaining(["wrongName", "refused"]),
    );
  });

  scenario(
    "takes a certificate for the name that is configured, in place of addresses",
    { trace: false, seeds: 1 },
    (world) => {
      const site = new Site(world);
      primary(site, "ours", { certified: ["ntp.example"] });
      const theirs = primary(site, "theirs", {});
      theirs.nts.script = { certified: [theirs.runner.machine.address()] };
      world.run(600);
      const client = searching(site, {}, { certified: "ntp.example" });
      world.run(1800);
      expect(site.friendsOf(client)).toEqual(["ours"]);
      expect(associationsOf(client)).toMatchObject([{ nts: { certified: "ntp.example" } }]);
    },
  );

  scenario(
    "as a command lists who could not prove who he is, and why, and ends with 15 where nobody could",
    { seeds: 1 },
    (world) => {
      const site = new Site(world);
      const one = primary(site, "impostor", { certified: ["other.example"] });
      world.run(600);
      const client = probe(site, "manycast", [GROUP], { ttl: 2 });
      world.run(60, () => client.outcome !== null);
      expect(client.outcome).toBe("authentication");
      expect(client.snapshot().associations).toMatchObject([
        { address: one.runner.machine.address(), reason: "authentication", nts: { fault: { name: "wrongName" } } },
      ]);
    },
  );

  scenario("as a command ends with what was proved", { seeds: 1 }, (world) => {
    const site = new Site(world);
    for (const number of [1, 2, 3]) primary(site, `primary${number}`, {});
    world.run(600);
    const client = probe(site, "manycast", [GROUP], {});
    world.run(60, () => client.outcome !== null);
    expect(client.outcome).toBe("ok");
    expect(associationsOf(client).map(({ authentication }) => authentication)).toEqual(["ok", "ok", "ok"]);
  });
});

describe("broadcasts under NTS", () => {
  const announcing = { broadcast: EVERYBODY, lines: [{ kind: "broadcast", name: EVERYBODY, minpoll: 6 }] } as const;
  const heard = [{ kind: "broadcastClient", name: "broadcast", nts: true }] as const;

  scenario(
    "say who is there: he is asked himself, and only once he has proved who he is",
    { trace: false, seeds: 1 },
    (world) => {
      const site = new Site(world);
      const server = primary(site, "server", {}, announcing);
      primary(site, "impostor", { fault: "untrusted" }, announcing);
      let client: Runner | null = null;
      const clear = questionsInClear(world, () => client);
      world.run(600);
      client = site.host("client", { clockError: -0.25, serves: false, lines: heard, keys: keysOf(world, "client") });
      world.run(3600);
      expect(site.friendsOf(client)).toEqual(["server"]);
      expect(associationsOf(client)).toMatchObject([{ mode: "client", authentication: "ok", group: EVERYBODY }]);
      expect(Math.abs(errorOf(client))).toBeLessThan(0.001);
      expect(server.nts.handshakes).toBe(1);
      expect(clear).toEqual([]);
      // It goes with its keys, and when it is gone it is found no more.
      site.reconfigure("client", {});
      expect(site.friendsOf(client)).toEqual(["server"]);
    },
  );

  scenario(
    "of a flood of addresses that nobody has lead to few handshakes, and to no packet in clear",
    { seeds: 1 },
    (world) => {
      const site = new Site(world);
      const server = primary(site, "server", {}, announcing);
      let client: Runner | null = null;
      const clear = questionsInClear(world, () => client);
      client = site.host("client", { clockError: -0.25, serves: false, lines: heard, keys: keysOf(world, "client") });
      let number = 0;
      world.every(0.25, () => {
        number += 1;
        const from = { ip: `10.9.${(number >> 8) & 255}.${number & 255}`, port: 123 };
        const bytes = encodeHeader(broadcastHeader(world, {}, 0));
        world.network.inject({ from, to: { ip: EVERYBODY, port: 123 }, bytes, ttl: 64 }, 0, client.machine.address());
      });
      world.run(600);
      const begun = notesOf(client, "establishing").length;
      expect(begun).toBeGreaterThan(16);
      expect(begun).toBeLessThanOrEqual(16 + 600 / 8 + 1);
      expect([server.nts.counts.plain, clear]).toEqual([0, []]);
    },
  );

  scenario("as a command are counted once their server has proved who it is", { seeds: 1 }, (world) => {
    const site = new Site(world);
    primary(site, "server", {}, { ...announcing, lines: [{ ...announcing.lines[0], minpoll: 4 }] });
    world.run(600);
    const client = probe(site, "broadcast", [], { count: 3 });
    world.run(300, () => client.outcome !== null);
    expect(client.outcome).toBe("ok");
    expect(associationsOf(client)).toMatchObject([{ mode: "client", authentication: "ok" }]);
  });
});

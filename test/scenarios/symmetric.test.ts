/** Symmetric peers: mutual backups, whoever of them still has a source. */
import { beforeAll, describe, expect } from "vitest";
import type { AssociationConfig } from "../../src/association/template.ts";
import type { SecurityProvider } from "../../src/security/security.ts";
import { securityProvider } from "../../src/security/symmetric.ts";
import { silent } from "../../src/sim/oddities.ts";
import type { Runner } from "../../src/sim/runner.ts";
import type { ScriptedServer } from "../../src/sim/server.ts";
import { createWorld, type SimWorld } from "../../src/sim/world.ts";
import { difference, shift } from "../../src/time/timestamp.ts";
import type { NtpTimestamp } from "../../src/time/timestamp.ts";
import { encodeHeader, HEADER_LENGTH, readHeader } from "../../src/wire/header.ts";
import { associationsOf, errorOf, keysOf, modeOf, Site } from "../support/site.ts";
import { scenario } from "../support/world.ts";

let keys: SecurityProvider;
let otherKeys: SecurityProvider;

beforeAll(async () => {
  keys = securityProvider(await keysOf("1 SHA1 a-secret-of-ours"));
  otherKeys = securityProvider(await keysOf("1 SHA1 not-quite-that"));
});

const ADDRESSES = ["10.1.0.11", "10.1.0.12", "10.1.0.13", "10.1.0.14"] as const;

/** Four peers that have a line for each other, under a key, and a reference each. */
function clique(world: SimWorld): { site: Site; references: ScriptedServer[]; peers: Runner[] } {
  const site = new Site(world);
  const references = ADDRESSES.map((_, index) => site.reference(`gps${index + 1}`));
  const peers = ADDRESSES.map((own, index) => {
    const others = ADDRESSES.filter((ip) => ip !== own).map(
      (name) => ({ kind: "peer", name, key: 1, iburst: false }) as const,
    );
    return site.host(`peer${index + 1}`, {
      addresses: [own],
      keys,
      lines: [{ name: references[index]!.address.ip }, ...others],
      // All four stay survivors, so that each has its reference for its system peer whatever jitter the day brings.
      limits: { minclock: ADDRESSES.length },
    });
  });
  return { site, references, peers };
}

function lose(reference: ScriptedServer): void {
  reference.script = { ...reference.script, oddities: [silent()] };
}

describe("a clique of four, keyed", () => {
  scenario(
    "keeps time and authenticity flowing when one and then two lose their sources",
    { trace: false, seeds: 3 },
    (world) => {
      const { site, references, peers } = clique(world);
      world.run(1200);
      for (const [index, peer] of peers.entries()) {
        expect(site.systemPeerOf(peer)).toBe(`gps${index + 1}`);
        expect(peer.snapshot().system.stratum).toBe(2);
      }
      for (const [lost, survivors] of [
        [0, ["peer2", "peer3", "peer4"]],
        [1, ["peer3", "peer4"]],
      ] as const) {
        lose(references[lost]!);
        world.run(3600);
        // Pushed or pulled, the time comes from whoever has it.
        expect(survivors).toContain(site.systemPeerOf(peers[lost]!));
        expect(peers[lost]!.snapshot().system.stratum).toBe(3);
      }
      for (const peer of peers) {
        expect(Math.abs(errorOf(peer))).toBeLessThan(0.001);
        for (const { mode, authentication, reach } of associationsOf(peer))
          if (mode === "symmetricActive") expect([authentication, reach > 0]).toEqual(["ok", true]);
      }
      // All lose theirs: nobody goes on pretending for long, and nobody follows in a circle.
      for (const reference of references) lose(reference);
      world.run(7200);
      for (const peer of peers) expect(peer.snapshot().system.stratum).toBe(16);
      // One comes back, and with it everybody.
      references[2]!.script = { ...references[2]!.script, oddities: [] };
      world.run(7200);
      for (const peer of peers) expect(Math.abs(errorOf(peer))).toBeLessThan(0.001);
      expect(site.systemPeerOf(peers[2]!)).toBe("gps3");
      for (const index of [0, 1, 3]) expect(peers[index]!.snapshot().system.stratum).toBeLessThanOrEqual(4);
    },
  );
});

/** Two peers with the same line for each other; only the first has a reference. */
function pair(
  world: SimWorld,
  second: { keys?: SecurityProvider; active?: boolean; authenticate?: boolean; key?: number | null } = {},
): { site: Site; first: Runner; second: Runner } {
  const site = new Site(world);
  const gps = site.reference("gps");
  const { active = true, authenticate = true, key = 1 } = second;
  const towards = (name: string): { kind: "peer"; name: string; key: number | null; iburst: false } => ({
    kind: "peer",
    name,
    key,
    iburst: false,
  });
  const one = site.host("first", {
    addresses: [ADDRESSES[0]],
    keys,
    lines: [{ name: gps.address.ip }, towards(ADDRESSES[1])],
  });
  const other = site.host("second", {
    addresses: [ADDRESSES[1]],
    keys: second.keys ?? keys,
    discovery: { authenticate },
    lines: active ? [towards(ADDRESSES[0])] : [],
  });
  return { site, first: one, second: other };
}

describe("two peers", () => {
  scenario("that start in the same second still come to believe each other", { trace: false, seeds: 20 }, (world) => {
    const { site, second } = pair(world);
    world.run(300);
    expect(site.systemPeerOf(second)).toBe("first");
    expect(Math.abs(errorOf(second))).toBeLessThan(0.001);
  });

  scenario(
    "of which one is passive: mobilized by the first authentic packet, gone when the other is",
    { trace: false, seeds: 5 },
    (world) => {
      const { site, first, second } = pair(world, { active: false });
      world.run(300);
      expect(associationsOf(second)).toMatchObject([
        { mode: "symmetricPassive", lifetime: "ephemeral", authentication: "ok", verdict: "systemPeer" },
      ]);
      expect(associationsOf(first)).toMatchObject([
        {},
        { mode: "symmetricActive", lifetime: "persistent", authentication: "ok" },
      ]);
      expect(site.systemPeerOf(second)).toBe("first");
      first.stop();
      world.run(600);
      expect(associationsOf(second)).toEqual([]);
    },
  );

  scenario(
    "push as well as pull: the passive one's time reaches the active one",
    { trace: false, seeds: 3 },
    (world) => {
      const site = new Site(world);
      const gps = site.reference("gps");
      const active = site.host("active", {
        addresses: [ADDRESSES[0]],
        keys,
        lines: [{ kind: "peer", name: ADDRESSES[1], key: 1, iburst: false }],
      });
      site.host("passive", { addresses: [ADDRESSES[1]], keys, lines: [{ name: gps.address.ip }] });
      world.run(600);
      expect(site.systemPeerOf(active)).toBe("passive");
      expect(Math.abs(errorOf(active))).toBeLessThan(0.001);
    },
  );

  scenario(
    "with different secrets do not believe each other, and nothing is mobilized",
    { trace: false, seeds: 3 },
    (world) => {
      const { site, second } = pair(world, { keys: otherKeys });
      world.run(600);
      expect(site.systemPeerOf(second)).toBeNull();
      expect(associationsOf(second)[0]!.authentication).toMatch(/failed|nak/);
      const passive = pair(world2(world), { keys: otherKeys, active: false });
      passive.site.world.run(600);
      expect(associationsOf(passive.second)).toEqual([]);
    },
  );

  scenario(
    "without keys: the stranger gets the time and no association, unless all are welcome",
    { trace: false, seeds: 3 },
    (world) => {
      const strict = pair(world, { active: false, key: null });
      world.run(300);
      expect(associationsOf(strict.second)).toEqual([]);
      const open = pair(world2(world), { active: false, key: null, authenticate: false });
      open.site.world.run(300);
      expect(associationsOf(open.second)).toMatchObject([{ mode: "symmetricPassive", authentication: "none" }]);
    },
  );

  scenario("an attacker who replays one's packets to the other moves nothing", { trace: false, seeds: 3 }, (world) => {
    const { site, first, second } = pair(world);
    const own = new Set([first.machine.address(), second.machine.address()]);
    world.network.tap((datagram) => {
      if (own.has(datagram.from.ip) && modeOf(datagram) === "symmetricActive")
        for (const delay of [5, 20, 100]) world.network.inject(datagram, delay);
      return "pass";
    });
    world.run(1200);
    expect(site.systemPeerOf(second)).toBe("first");
    expect(Math.abs(errorOf(second))).toBeLessThan(0.001);
  });
});

/** Packets in the first peer's name, made an hour from now: what somebody can send the second one who sees none of theirs. */
function forge(
  world: SimWorld,
  { first, second }: { first: Runner; second: Runner },
  origins: readonly bigint[],
): void {
  const transmit = shift(world.beginning, world.now + 3600);
  for (const origin of origins) {
    const header = { ...SYSTEM, origin: origin as NtpTimestamp, transmit, receive: transmit, reference: transmit };
    const bytes = encodeHeader({ ...header, mode: "symmetricActive", version: 4, poll: 6 });
    const [from, to] = [first, second].map(({ machine }) => ({ ip: machine.address(), port: 123 }));
    world.network.inject({ from: from!, to: to!, ttl: 64, bytes });
  }
}

const SYSTEM = { leap: "none", stratum: 1, precision: -20, rootDelay: 0, rootDispersion: 0, referenceId: 0 } as const;

describe("two peers without a key", () => {
  scenario("hear each other however many packets a stranger forges", { trace: false, seeds: 5 }, (world) => {
    const chance = world.chance("stranger");
    const same = createWorld({ seed: world.seed, trace: false });
    const [reaches, undisturbed] = [world, same].map((here) => {
      const both = pair(here, { key: null, authenticate: false });
      here.run(700);
      return Array.from({ length: 20 }, () => {
        if (here === world) forge(here, both, [0n, chance.bits64(), 0n]);
        here.run(60);
        expect(associationsOf(both.second)).toMatchObject([{ verdict: "systemPeer" }]);
        return associationsOf(both.second)[0]!.reach;
      });
    });
    expect(reaches).toEqual(undisturbed);
  });

  scenario("come to know each other though a stranger was first", { trace: false, seeds: 5 }, (world) => {
    const both = pair(world, { key: null, authenticate: false });
    world.run(1);
    forge(world, both, [0n]);
    world.run(300);
    expect(both.site.systemPeerOf(both.second)).toBe("first");
  });
});

/**
 * Two peers, of which the first has the reference, and packets that wait 2 ms in it before they leave: what it writes into them
 * is read too early, and only afterwards does its kernel say when they left.
 * @param speaks who interleaves; `null`: the second has no line for the first, and is passive
 */
function late(
  world: SimWorld,
  speaks: readonly [boolean, boolean | null],
): { error: () => number; interleaved: () => number; lost: () => number; run: (seconds: number) => void } {
  const site = new Site(world);
  const gps = site.reference("gps");
  const towards = (name: string, xleave: boolean): Partial<AssociationConfig> => ({
    kind: "peer",
    name,
    key: 1,
    iburst: false,
    xleave,
  });
  const first = site.host("first", {
    addresses: [ADDRESSES[0]],
    keys,
    stamps: { queueing: 0.002 },
    lines: [{ name: gps.address.ip }, towards(ADDRESSES[1], speaks[0])],
  });
  const second = site.host("second", {
    addresses: [ADDRESSES[1]],
    keys,
    lines: speaks[1] === null ? [] : [towards(ADDRESSES[0], speaks[1])],
  });
  let count = 0;
  world.network.tap((datagram, at) => {
    if (!modeOf(datagram).startsWith("symmetric")) return "pass";
    const { transmit } = readHeader(new DataView(datagram.bytes.buffer, datagram.bytes.byteOffset, HEADER_LENGTH));
    // It tells of the packet before.
    if (difference(shift(world.beginning, at), transmit) > 1) count += 1;
    return "pass";
  });
  const lost = (): number =>
    Math.max(
      ...[associationsOf(first)[1]!, associationsOf(second)[0]!].map(
        ({ packets: { received, rejected } }) => rejected / received,
      ),
    );
  return {
    error: () => Math.abs(errorOf(second)),
    interleaved: () => count,
    lost,
    run: (seconds) => world.run(seconds),
  };
}

describe("interleaved peers", () => {
  scenario(
    "know how long packets wait before they leave; basic ones, where all wait alike",
    { trace: false, seeds: 5 },
    (world) => {
      const basic = late(world2(world), [false, false]);
      const interleaved = late(world, [true, true]);
      basic.run(3600);
      interleaved.run(3600);
      expect([basic.interleaved(), interleaved.interleaved() > 20]).toEqual([0, true]);
      // Of two packets in a row that answer the same one, nobody can tell which is meant.
      expect(interleaved.lost()).toBeLessThan(0.25);
      expect(basic.error()).toBeLessThan(0.0002);
      expect(interleaved.error()).toBeLessThan(0.0002);
    },
  );

  scenario("are answered in kind by a passive one", { trace: false, seeds: 3 }, (world) => {
    const pair = late(world, [true, null]);
    pair.run(3600);
    expect(pair.interleaved()).toBeGreaterThan(20);
    expect(pair.lost()).toBeLessThan(0.25);
    expect(pair.error()).toBeLessThan(0.0002);
  });

  scenario(
    "fall back on basic packets where the other does not interleave, and lose few",
    { trace: false, seeds: 8 },
    (world) => {
      for (const speaks of [
        [true, false],
        [false, true],
      ] as const) {
        const pair = late(createWorld({ seed: `${world.seed} ${speaks.join(" ")}`, trace: false }), speaks);
        pair.run(3600);
        expect(pair.interleaved()).toBeLessThanOrEqual(2);
        expect(pair.lost()).toBeLessThan(0.05);
        expect(pair.error()).toBeLessThan(0.0015);
      }
    },
  );
});

/** Another world of the same seed, for a second half of a scenario. */
function world2(world: SimWorld): SimWorld {
  return createWorld({ seed: `${world.seed} again`, trace: false });
}

describe("orphans", () => {
  scenario("without any source agree on one of them, and on its time", { trace: false, seeds: 5 }, (world) => {
    const site = new Site(world);
    const orphan = { stratum: 8, wait: 300 };
    const hosts = ADDRESSES.map((own, index) => {
      const others = ADDRESSES.filter((ip) => ip !== own).map(
        (name) => ({ kind: "peer", name, iburst: false }) as const,
      );
      return site.host(`host${index + 1}`, {
        addresses: [own],
        lines: others,
        serving: { fallbacks: { local: null, orphan } },
        clockError: 0.01 * index,
      });
    });
    const child = site.host("child", { lines: ADDRESSES.map((name) => ({ name })) });
    world.run(3600);
    const strata = hosts.map((host) => host.snapshot().system.stratum);
    // The lowest address is the parent: it follows nobody, and all others follow it.
    expect(strata).toEqual([16, 9, 9, 9]);
    for (const host of hosts.slice(1)) expect(site.systemPeerOf(host)).toBe("host1");
    expect(child.snapshot().system.stratum).toBeLessThanOrEqual(10);
    const parent = hosts[0]!.machine.error;
    for (const host of [...hosts.slice(1), child]) expect(errorOf(host)).toBeCloseTo(parent, 2);
    // The parent dies: the next one takes its place.
    hosts[0]!.stop();
    world.run(7200);
    for (const host of [...hosts.slice(2), child]) expect(site.systemPeerOf(host)).toBe("host2");
  });
});

/** Pools and sites in which servers of several strata are mixed: whoever is healthy and needed is kept, however long it lasts. */
import { describe, expect } from "vitest";
import { during, silent } from "../../src/sim/oddities.ts";
import type { Runner } from "../../src/sim/runner.ts";
import type { ScriptedServer } from "../../src/sim/server.ts";
import type { SimWorld } from "../../src/sim/world.ts";
import { associationsOf, errorOf, modeOf, Site } from "../support/site.ts";
import type { SiteHost } from "../support/site.ts";
import { BASE_LOOP } from "../../src/config/base.ts";
import { scenario } from "../support/world.ts";

const POOL = "pool.example";
const GROUP = "239.1.1.1";
const HOUR = 3600;
const MINCLOCK = 3;
const POLL = { minpoll: 4, maxpoll: 6 } as const;

/** Healthy servers of given strata, at ways of different lengths. */
function membersOf(world: SimWorld, site: Site, strata: readonly number[]): ScriptedServer[] {
  const chance = world.chance("members");
  return strata.map((stratum, index) => {
    const far = 0.002 * (stratum - 1);
    return site.reference(`member${index}`, {
      addresses: [`10.5.${index >> 8}.${index & 255}`],
      stratum,
      rootDelay: far,
      rootDispersion: far + 0.001,
      link: { delay: 0.002 + 0.02 * chance.uniform(), jitter: { shape: "exponential", mean: 0.0005 } },
    });
  });
}

/** Runs for some hours, and looks every ten minutes whether enough are held, nobody twice, and the time is right. */
function watch(world: SimWorld, host: Runner, hours: number): void {
  for (let look = 0; look < hours * 6; look += 1) {
    world.run(HOUR / 6);
    const held = associationsOf(host).flatMap(({ address, reach }) => (reach === 0 ? [] : [address]));
    expect(held.length, `at ${world.now} s: ${held.join(" ")}`).toBeGreaterThanOrEqual(MINCLOCK);
    expect(new Set(held).size).toBe(held.length);
    expect(Math.abs(errorOf(host))).toBeLessThan(0.02);
  }
}

describe("one server of stratum 1 and four of stratum 2", () => {
  scenario("stay in the pool all five, and outvote the one that goes wrong", { trace: false, seeds: 5 }, (world) => {
    const site = new Site(world);
    const members = membersOf(world, site, [1, 2, 2, 2, 2]);
    world.names.set(POOL, { addresses: members.map(({ address: { ip } }) => ip) });
    const client = site.host("client", { lines: [{ kind: "pool", name: POOL, ...POLL }] });
    world.run(600);
    const first = associationsOf(client).map(({ id }) => id);
    watch(world, client, 11);
    expect(first).toHaveLength(5);
    expect(associationsOf(client).map(({ id }) => id)).toEqual(first);
    members[0]!.machine.stepClock(0.4);
    watch(world, client, 2);
  });

  scenario("that answer a search are kept all five, without cohort", { trace: false, seeds: 5 }, (world) => {
    const site = new Site(world);
    const gps = [1, 2, 3, 4, 5].map((number) => site.reference(`gps${number}`));
    const own: SiteHost = { manycastServer: [GROUP] };
    const low = site.host("low", { ...own, serving: { fallbacks: { local: 1, orphan: null } } });
    for (const [index, { address }] of gps.slice(1).entries())
      site.host(`second${index}`, { ...own, lines: [{ name: address.ip, ...POLL }] });
    world.run(120);
    const client = site.host("client", { lines: [{ kind: "manycast", name: GROUP, ttl: 3, ...POLL }] });
    world.run(600);
    expect(site.friendsOf(client)).toEqual(["low", "second0", "second1", "second2", "second3"]);
    watch(world, client, 11);
    low.machine.stepClock(0.4);
    watch(world, client, 2);
    expect(site.friendsOf(client).filter((name) => name.startsWith("second"))).toHaveLength(4);
  });
});

describe("a pool of 200 of strata 1 to 4, a third of which fall silent one by one", () => {
  scenario("never runs short, and a few dozen are asked in twelve hours", { trace: false, seeds: 3 }, (world) => {
    const site = new Site(world);
    const chance = world.chance("strata");
    const strata = Array.from({ length: 200 }, () => 1 + chance.below(4));
    const members = membersOf(world, site, strata);
    for (const [index, member] of members.entries())
      if (index % 3 === 0)
        member.script = {
          ...member.script,
          oddities: [during(12 * HOUR * chance.uniform(), Infinity, silent())],
        };
    world.names.set(POOL, { addresses: members.map(({ address: { ip } }) => ip), pick: 4 });
    const asked = new Set<string>();
    world.network.tap((datagram) => {
      if (modeOf(datagram) === "client" && datagram.to.ip.startsWith("10.5.")) asked.add(datagram.to.ip);
      return "pass";
    });
    const client = site.host("client", { lines: [{ kind: "pool", name: POOL, minpoll: 6, maxpoll: 8 }] });
    world.run(600);
    watch(world, client, 12);
    expect(asked.size).toBeGreaterThan(10);
    expect(asked.size).toBeLessThan(48);
  });
});

describe("seed 000's two primaries and a dozen clients, each manycast client and server, with cohort", () => {
  // Whom they hold is a matter of finding and selection. The default discipline takes five times as long for a world.
  for (const { maxclock, discipline, seeds } of [
    ...[3, 5, 10].map((maxclock) => ({ maxclock, discipline: "rfc5905", seeds: 10 }) as const),
    { maxclock: 5, discipline: BASE_LOOP.discipline, seeds: 2 },
  ])
    scenario(
      `hold both primaries and one of their own, and turn to who is left, at maxclock ${maxclock} (${discipline})`,
      { trace: false, seeds },
      (world) => {
        const site = new Site(world);
        // Who has enough looks for better ones once an hour, as the daemon does unless it is told otherwise (`tos beacon`).
        const discovery = { cohort: true, beacon: HOUR };
        const spec: SiteHost = {
          clock: { ...BASE_LOOP, discipline },
          manycastServer: [GROUP],
          discovery,
          limits: { maxclock },
        };
        const brisk = { maxpoll: 4 };
        const lines = [{ kind: "manycast", name: GROUP, ttl: 7, ...brisk }] as const;
        const gps = [1, 2].map((number) => site.reference(`gps${number}`));
        const primaries = gps.map(({ address }, index) =>
          site.host(`primary${index + 1}`, {
            ...spec,
            lines: [{ name: address.ip, prefer: true, ...brisk }, ...lines],
          }),
        );
        const clients = Array.from({ length: 12 }, (_, index) => site.host(`client${index + 1}`, { ...spec, lines }));
        const isClient = (name: string): boolean => name.startsWith("client");
        world.run(1.25 * HOUR);
        for (const [index, primary] of primaries.entries())
          expect(site.friendsOf(primary)).toEqual([`gps${index + 1}`, `primary${2 - index}`]);
        const settled = clients.map((client) => site.friendsOf(client));
        for (const friends of settled) {
          expect(friends.filter((name) => !isClient(name)).length).toBeGreaterThanOrEqual(1);
          expect(friends.filter(isClient).length).toBeGreaterThanOrEqual(1);
          expect(friends.length).toBeGreaterThanOrEqual(MINCLOCK);
          expect(new Set(friends).size).toBe(friends.length);
        }
        // They follow each other, too, and yet none of them counts to sixteen.
        for (const client of clients) expect(client.snapshot().system.stratum).toBeLessThanOrEqual(4);
        for (const friends of settled) expect(friends).toEqual(expect.arrayContaining(["primary1", "primary2"]));
        gps[0]!.script = { ...gps[0]!.script, oddities: [silent()] };
        world.run(0.75 * HOUR);
        expect(site.systemPeerOf(primaries[1]!)).toBe("gps2");
        expect(primaries[0]!.snapshot().system.stratum).toBeGreaterThan(2);
        for (const client of clients) {
          const friends = site.friendsOf(client);
          expect(friends.length).toBeGreaterThanOrEqual(MINCLOCK);
          expect(new Set(friends).size).toBe(friends.length);
        }
        expect(clients.filter((client) => site.friendsOf(client).includes("primary2"))).toHaveLength(12);
        for (const host of [...primaries, ...clients]) expect(Math.abs(errorOf(host))).toBeLessThan(0.002);
      },
    );
});

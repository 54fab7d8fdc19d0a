/** Interfaces that come, go and change their addresses while a host runs. */
import { describe, expect } from "vitest";
import type { Runner } from "../../src/sim/runner.ts";
import { associationsOf, CABLE, errorOf, notesOf, Site } from "../support/site.ts";
import { scenario } from "../support/world.ts";
import { BASE_SERVICE } from "../../src/config/base.ts";

const GROUP = "239.1.1.1";

/** A host that is plugged in later. */
function nomad(site: Site, spec: Parameters<Site["host"]>[1] = {}): Runner {
  return site.host("nomad", { interfaces: [], ...spec });
}

function plugIn(host: Runner, ip = "10.3.0.1"): void {
  host.machine.plug({ name: "eth1", addresses: [ip], link: CABLE });
}

function broadcaster(site: Site, name: string): Runner {
  const gps = site.reference(`gps of ${name}`);
  return site.host(name, { lines: [{ name: gps.address.ip }, { kind: "broadcast", name: GROUP, minpoll: 4 }] });
}

describe("an interface that comes later", () => {
  scenario("is joined to the groups that are listened to", { trace: false, seeds: 2 }, (world) => {
    const site = new Site(world);
    broadcaster(site, "server");
    const client = nomad(site, { serves: false, groups: [GROUP], lines: [{ kind: "broadcastClient" }] });
    world.run(200);
    expect(associationsOf(client)).toEqual([]);
    plugIn(client);
    world.run(200);
    expect(site.friendsOf(client)).toEqual(["server"]);
    expect(Math.abs(errorOf(client))).toBeLessThan(0.001);
  });

  scenario("lets searches be answered through it", { trace: false, seeds: 2 }, (world) => {
    const site = new Site(world);
    const gps = site.reference("gps");
    const server = nomad(site, { manycastServer: [GROUP], lines: [{ name: gps.address.ip }] });
    const client = site.host("client", { lines: [{ kind: "manycast", name: GROUP, ttl: 3, maxpoll: 4 }] });
    world.run(300);
    expect(associationsOf(client)).toEqual([]);
    plugIn(server);
    world.run(1000);
    expect(associationsOf(client).map(({ address }) => address)).toEqual(["10.3.0.1"]);
  });

  scenario(
    "has servers asked at once that were given up as silent, and searches begun anew",
    { trace: false, seeds: 3 },
    (world) => {
      const site = new Site(world);
      const server = site.reference("server");
      for (const number of [1, 2, 3])
        site.host(`friend${number}`, {
          manycastServer: [GROUP],
          lines: [{ name: site.reference(`gps${number}`).address.ip }],
        });
      const client = nomad(site, {
        lines: [
          { name: server.address.ip, iburst: true },
          { kind: "manycast", name: GROUP, ttl: 3, maxpoll: 10 },
        ],
      });
      world.run(40_000);
      expect(client.snapshot().system.stratum).toBe(16);
      plugIn(client);
      world.run(60);
      expect(site.systemPeerOf(client)).not.toBeNull();
      expect(associationsOf(client)).toHaveLength(4);
    },
  );

  scenario("is listened on where the rules say so, and no more when its address has gone", { seeds: 2 }, (world) => {
    const site = new Site(world);
    const gps = site.reference("gps");
    const rules = [
      { action: "ignore", what: "all" },
      { action: "listen", what: "10.3.0.0/16" },
    ] as const;
    const server = nomad(site, {
      lines: [{ name: gps.address.ip }],
      rest: { service: { ...BASE_SERVICE, addresses: [], rules } },
    });
    const client = site.host("client", { lines: [{ name: "10.3.0.1" }, { name: "10.3.0.2" }] });
    const stratum = (): number => client.snapshot().system.stratum;
    const answered = (): (number | undefined)[] => associationsOf(client).map(({ reach }) => reach);
    world.run(200);
    expect(stratum()).toBe(16);
    plugIn(server);
    world.run(2000);
    expect(answered()).toEqual([255, 0]);
    server.machine.readdress("eth1", ["10.3.0.2"]);
    world.run(4000);
    expect(answered()).toEqual([0, 255]);
    expect(notesOf(server, "interfaces")).toEqual([
      { what: "interfaces", come: ["10.3.0.1"], gone: [] },
      { what: "interfaces", come: ["10.3.0.2"], gone: ["10.3.0.1"] },
    ]);
  });
});

describe("an interface that goes and comes back", () => {
  scenario(
    "under another address: the group is heard again, and nobody follows himself",
    { trace: false, seeds: 2 },
    (world) => {
      const site = new Site(world);
      broadcaster(site, "server");
      const client = site.host("client", {
        interfaces: [{ name: "eth1", addresses: ["10.3.0.1"], link: CABLE }],
        groups: [GROUP],
        lines: [{ kind: "broadcastClient" }, { kind: "broadcast", name: GROUP, minpoll: 4 }],
      });
      world.run(300);
      expect(site.friendsOf(client)).toEqual(["server"]);
      client.machine.unplug("eth1");
      world.run(600);
      expect(associationsOf(client)).toEqual([]);
      plugIn(client, "10.3.0.9");
      world.run(600);
      expect(site.friendsOf(client)).toEqual(["server"]);
      expect(refused(client, "loop")).toBe(0);
      // What names the new address as its source follows us, now; it did not before.
      const follower = site.host("follower", {
        lines: [
          { name: "10.3.0.9", minpoll: 4, iburst: true },
          { kind: "broadcast", name: GROUP, minpoll: 4 },
        ],
      });
      world.run(200);
      expect(site.friendsOf(client)).toEqual(["server"]);
      expect(follower.snapshot().system.stratum).toBe(client.snapshot().system.stratum + 1);
      expect(refused(client, "loop")).toBeGreaterThan(0);
    },
  );
});

function refused(host: Runner, why: string): number {
  return host.snapshot().refused[why] ?? 0;
}

/** Three LANs in a row with multicast routers between them: what TTL reaches which. */
import assert from "node:assert/strict";
import { at, ended, events, only, type Scenario } from "../scenario.ts";
import type { Host } from "../netns.ts";
import type { World } from "../world.ts";

const GROUP = "239.1.1.1";
const GROUP_6 = "ff05::101";
const SECRETS = ["1 SHA1 6ab3c02a4f9be8d1"];

export const rings: readonly Scenario[] = [
  {
    name: "rings: manycast finds a server a ring, as far as the TTL goes",
    needs: ["classic", "smcroute"],
    patient: true,
    run: async (world) => {
      const keys = await world.write("ntp.keys", SECRETS);
      await routers(world);
      const client = await world.host("client");
      const [near, middle, far] = await hosts(world);
      const lines = [`keys ${keys}`, "trustedkey 1", `manycastserver ${GROUP}`];
      await world.ntpd("classic", near, lines);
      await world.ntpkitDaemon(middle, ["serve", "--local-stratum", "6", "--keys", keys, "--manycast", GROUP]);
      await world.ntpd("classic", far, lines);
      for (const ttl of [1, 2, 3]) {
        const args = ["manycast", GROUP, "--ttl", String(ttl), "--keys", keys, "--samples", "2", "--interval", "1s"];
        const report = ended(await world.ntpkit(client, [...args, "--json"]), 0);
        const reached = [near, middle, far].slice(0, ttl);
        assert.equal(report.associations.length, ttl);
        for (const [index, server] of reached.entries()) {
          assert.deepEqual([at(report, server.ipv4).ttl, at(report, server.ipv4).authentication], [index + 1, "ok"]);
        }
        assert.deepEqual(
          report.rings?.map((ring) => ring.ttl),
          [1, 2, 3].slice(0, ttl),
        );
      }
    },
  },
  {
    name: "rings: manycast finds a server a ring over IPv6, as far as the hops go",
    needs: ["classic", "smcroute"],
    patient: true,
    run: async (world) => {
      const keys = await world.write("ntp.keys", SECRETS);
      await routers(world, GROUP_6);
      const client = await world.host("client");
      const servers = await hosts(world);
      const [near, middle, far] = servers;
      const lines = [`keys ${keys}`, "trustedkey 1", `manycastserver ${GROUP_6}`];
      await world.ntpd("classic", near, lines);
      await world.ntpkitDaemon(middle, ["serve", "--local-stratum", "6", "--keys", keys, "--manycast", GROUP_6]);
      await world.ntpd("classic", far, lines);
      for (const ttl of [1, 2, 3]) {
        const args = ["manycast", GROUP_6, "--ttl", String(ttl), "--keys", keys, "--samples", "2", "--interval", "1s"];
        const report = ended(await world.ntpkit(client, [...args, "--json"]), 0);
        const found = report.associations.map((one) => [one.address, one.ttl, one.authentication, one.keyId]);
        assert.deepEqual(
          found.toSorted(byRing),
          servers.slice(0, ttl).map(({ ipv6 }, index) => [ipv6, index + 1, "ok", 1]),
        );
        assert.deepEqual(
          report.rings?.map((ring) => [ring.ttl, ring.replies]),
          [
            [1, 1],
            [2, 1],
            [3, 1],
          ].slice(0, ttl),
        );
      }
    },
  },
  ...(
    [
      ["IPv4", GROUP],
      ["IPv6", GROUP_6],
    ] as const
  ).map(([family, group]): Scenario => ({
    name: `rings: without a key a manycast server beyond a router is found over ${family}, and believed with --no-auth only`,
    needs: ["smcroute"],
    patient: true,
    run: async (world) => {
      await routers(world, group);
      const client = await world.host("client");
      const middle = await world.host("middle", 1);
      await world.ntpkitDaemon(middle, ["serve", "--local-stratum", "6", "--manycast", group]);
      const search = ["manycast", group, "--ttl", "3", "--samples", "2", "--interval", "1s", "--json"];
      for (const [args, exitCode, verdict] of [
        [[], 15, "rejected"],
        [["--no-auth"], 0, "systemPeer"],
      ] as const) {
        const report = ended(await world.ntpkit(client, [...search, ...args]), exitCode);
        const one = only(report);
        assert.deepEqual(
          [one.address, one.ttl, one.keyId, one.verdict],
          [family === "IPv4" ? middle.ipv4 : middle.ipv6, 2, null, verdict],
        );
        assert.equal(report.rings?.[0]?.replies, 0, "the first ring ends at the router");
      }
    },
  })),
  ...[1, 2].map((ttl): Scenario => ({
    name: `rings: ntpd's multicasts of TTL ${ttl} reach ${ttl === 1 ? "their own LAN only" : "the next LAN and no further, by key"}`,
    needs: ["classic", "smcroute"],
    patient: true,
    run: async (world) => {
      await routers(world);
      const server = await world.host("server");
      const listeners = await hosts(world);
      // The daemon's `ttl N` is the place in its list of TTLs.
      const keys = await world.write("ntp.keys", SECRETS);
      const key = ttl === 1 ? "" : "key 1";
      await world.ntpd("classic", server, [
        `keys ${keys}`,
        "trustedkey 1",
        "ttl 1 2",
        `broadcast ${GROUP} ${key} ttl ${ttl - 1} minpoll 3 maxpoll 3`,
      ]);
      const trust = ttl === 1 ? ["--no-auth"] : ["--keys", keys];
      const args = ["broadcast", GROUP, ...trust, "--count", "1", "--interval", "1s", "--deadline", "25s", "--json"];
      const runs = await Promise.all(listeners.map((listener) => world.ntpkit(listener, args)));
      for (const [lan, run] of runs.entries()) {
        const told = events(run, lan < ttl ? 0 : 10);
        if (lan < ttl) assert.equal(told[0]?.address, server.ipv4);
      }
    },
  })),
  {
    name: "rings: ntpd as multicast client follows ntpkit from the next LAN",
    needs: ["classic", "smcroute"],
    patient: true,
    run: async (world) => {
      const keys = await world.write("ntp.keys", SECRETS);
      await routers(world);
      const server = await world.host("server");
      const client = await world.host("client", 1);
      const args = [
        "serve",
        "--local-stratum",
        "5",
        "--keys",
        keys,
        "--broadcast",
        GROUP,
        "--ttl",
        "2",
        "--minpoll",
        "3",
      ];
      await world.ntpkitDaemon(server, args);
      const lines = [`keys ${keys}`, "trustedkey 1", `multicastclient ${GROUP}`];
      await world.ntpd("classic", client, lines, { orphan: false, patience: 60 });
      await world.ntpq(client, ["-nc", "as"], / yes +ok +sys.peer /);
    },
  },
  {
    name: "rings: ntpkit's multicasts over IPv6 reach the next LAN and no further, and ntpd follows them there",
    needs: ["classic", "smcroute"],
    patient: true,
    run: async (world) => {
      const keys = await world.write("ntp.keys", SECRETS);
      await routers(world, GROUP_6);
      const server = await world.host("server");
      const [, middle, far] = await hosts(world);
      const follower = await world.host("follower", 1);
      await world.ntpkitDaemon(server, [
        "serve",
        "--local-stratum",
        "5",
        "--keys",
        keys,
        "--broadcast",
        GROUP_6,
        "--ttl",
        "2",
        "--minpoll",
        "3",
      ]);
      const args = [
        "broadcast",
        GROUP_6,
        "--keys",
        keys,
        "--count",
        "1",
        "--interval",
        "1s",
        "--deadline",
        "25s",
        "--json",
      ];
      const runs = await Promise.all([middle, far].map((listener) => world.ntpkit(listener, args)));
      assert.equal(events(runs[0]!, 0)[0]?.address, server.ipv6);
      assert.equal(runs[1]?.code, 10, "two routers are one too many");
      const lines = [`keys ${keys}`, "trustedkey 1", `multicastclient ${GROUP_6}`];
      await world.ntpd("classic", follower, lines, { orphan: false, patience: 60 });
      await world.ntpq(follower, ["-nc", "as"], / yes +ok +sys.peer /);
    },
  },
  {
    name: "rings: ntpd as manycast client finds ntpkit on three rings, by key",
    needs: ["classic", "smcroute"],
    patient: true,
    run: async (world) => {
      const keys = await world.write("ntp.keys", SECRETS);
      await routers(world);
      const client = await world.host("client");
      const servers = await hosts(world);
      const args = ["serve", "--local-stratum", "5", "--keys", keys, "--manycast", GROUP];
      await Promise.all(servers.map((server) => world.ntpkitDaemon(server, args)));
      const search = `manycastclient ${GROUP} key 1 iburst minpoll 3 maxpoll 3`;
      await world.ntpd("classic", client, [`keys ${keys}`, "trustedkey 1", "ttl 1 2 3", search], {
        orphan: false,
        patience: 90,
      });
      await world.ntpq(
        client,
        ["-np"],
        new RegExp(servers.map(({ ipv4 }) => `(?=[^]*^[*+-]${ipv4} +\\S+ +5 u )`).join(""), "m"),
        90,
      );
    },
  },
];

/** The routers between the three LANs. */
async function routers(world: World, group: string = GROUP): Promise<void> {
  for (const lan of [0, 1]) await world.router(lan, group);
}

/** In the order of the rings, which stand second. */
function byRing(one: readonly unknown[], other: readonly unknown[]): number {
  return Number(one[1]) - Number(other[1]);
}

/** A host on each LAN. */
async function hosts(world: World): Promise<[Host, Host, Host]> {
  return [await world.host("near"), await world.host("middle", 1), await world.host("far", 2)];
}

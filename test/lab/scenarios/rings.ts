/** Three LANs in a row with multicast routers between them: what TTL reaches which. */
import assert from "node:assert/strict";
import { at, ended, events, type Scenario } from "../scenario.ts";
import type { Host } from "../netns.ts";
import type { World } from "../world.ts";

const GROUP = "239.1.1.1";
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
        assert.deepEqual(report.rings?.map((ring) => ring.ttl), [1, 2, 3].slice(0, ttl));
      }
    },
  },
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
      await world.ntpd("classic", server, [`keys ${keys}`, "trustedkey 1", "ttl 1 2", `broadcast ${GROUP} ${key} ttl ${ttl - 1} minpoll 3 maxpoll 3`]);
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
      const args = ["serve", "--local-stratum", "5", "--keys", keys, "--broadcast", GROUP, "--ttl", "2", "--minpoll", "3"];
      await world.ntpkitDaemon(server, args);
      const lines = [`keys ${keys}`, "trustedkey 1", `multicastclient ${GROUP}`];
      await world.ntpd("classic", client, lines, { orphan: false, patience: 60 });
      await world.ntpq(client, ["-nc", "as"], / yes +ok +sys.peer /);
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
      await world.ntpd("classic", client, [`keys ${keys}`, "trustedkey 1", "ttl 1 2 3", search], { orphan: false, patience: 90 });
      await world.ntpq(client, ["-np"], new RegExp(servers.map(({ ipv4 }) => `(?=[^]*^[*+-]${ipv4} +\\S+ +5 u )`).join(""), "m"), 90);
    },
  },
];

/** The routers between the three LANs. */
async function routers(world: World): Promise<void> {
  for (const lan of [0, 1]) await world.router(lan, GROUP);
}

/** A host on each LAN. */
async function hosts(world: World): Promise<[Host, Host, Host]> {
  return [await world.host("near"), await world.host("middle", 1), await world.host("far", 2)];
}

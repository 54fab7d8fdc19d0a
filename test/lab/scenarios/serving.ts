/** `ntpkit serve` as the server of real daemons: plain, with keys, found by manycast and heard by broadcast. */
import assert from "node:assert/strict";
import { byChronyd } from "../clients.ts";
import { must } from "../processes.ts";
import { events, type Scenario, shows } from "../scenario.ts";
import type { Host } from "../netns.ts";
import type { World } from "../world.ts";

const KEYS = ["1 SHA1 6ab3c02a4f9be8d1"];
const SERVE = ["serve", "--local-stratum", "5"];
const GROUP = "239.1.1.1";
const GROUP_6 = "ff05::101";

/** A client of ntpd's that is no orphan, and so has no time of its own. */
const CLIENT = { orphan: false, want: "synchronized", patience: 60 } as const;

export const serving: readonly Scenario[] = [
  {
    name: "serving: ntpd follows a plain and a keyed ntpkit, over IPv4 and IPv6",
    needs: ["classic"],
    run: (world) => followed(world, "classic"),
  },
  {
    name: "serving: NTPsec follows a plain and a keyed ntpkit, over IPv4 and IPv6",
    needs: ["ntpsec"],
    run: (world) => followed(world, "ntpsec"),
  },
  {
    name: "serving: chronyd -Q measures ntpkit, plain, keyed and over IPv6",
    needs: ["chrony"],
    run: async (world) => {
      const { client, server, keys } = await serve(world, []);
      shows(await byChronyd(world, client, [server.ipv4]), 0);
      shows(await byChronyd(world, client, [server.ipv6]), 0);
      shows(await byChronyd(world, client, [server.ipv4, "key", "1"], [`keyfile ${keys}`]), 0);
    },
  },
  {
    name: "serving: OpenNTPD takes ntpkit for valid",
    needs: ["openntpd"],
    patient: true,
    run: async (world) => {
      const { client, server } = await serve(world, []);
      const daemon = await world.openntpd(client, [`server ${server.ipv4}`], { want: "any" });
      await world.until(
        () => daemon.output().includes(`peer ${server.ipv4} now valid`),
        30,
        "OpenNTPD did not take it",
      );
    },
  },
  {
    name: "serving: ntpd as manycast client finds ntpkit and follows it, by key",
    needs: ["classic"],
    patient: true,
    run: async (world) => {
      const { client, server, keys } = await serve(world, ["--manycast", GROUP]);
      const lines = [`keys ${keys}`, "trustedkey 1", `manycastclient ${GROUP} key 1 iburst minpoll 3 maxpoll 3`];
      await world.ntpd("classic", client, lines, CLIENT);
      await world.ntpq(client, ["-np"], new RegExp(`^\\*${server.ipv4} .* 5 u`, "m"));
      await world.ntpq(client, ["-nc", "as"], / yes +ok +sys.peer /);
    },
  },
  {
    name: "serving: ntpd as manycast client finds ntpkit in an IPv6 group",
    needs: ["classic"],
    patient: true,
    run: async (world) => {
      const { client, keys } = await serve(world, ["--manycast", GROUP_6]);
      const lines = [`keys ${keys}`, "trustedkey 1", `manycastclient ${GROUP_6} key 1 iburst minpoll 3 maxpoll 3`];
      await world.ntpd("classic", client, lines, CLIENT);
      await world.ntpq(client, ["-nc", "as"], / yes +ok +sys.peer /);
    },
  },
  {
    name: "serving: ntpd as broadcast client hears ntpkit and follows it, by key",
    needs: ["classic"],
    patient: true,
    run: async (world) => {
      const { client, server, keys } = await serve(world, ["--broadcast", "10.77.0.255", "--minpoll", "3"]);
      await world.ntpd("classic", client, [`keys ${keys}`, "trustedkey 1", "broadcastclient"], CLIENT);
      await world.ntpq(client, ["-np"], new RegExp(`^\\*${server.ipv4} .* 5 [bB]`, "m"));
      await world.ntpq(client, ["-nc", "as"], / yes +ok +sys.peer /);
    },
  },
  {
    name: "serving: ntpd follows ntpkit's interleaved broadcasts, too",
    needs: ["classic"],
    run: async (world) => {
      const { client, server, keys } = await serve(world, ["--broadcast", "10.77.0.255", "--minpoll", "3", "--xleave"]);
      await world.ntpd("classic", client, [`keys ${keys}`, "trustedkey 1", "broadcastclient"], CLIENT);
      await world.ntpq(client, ["-np"], new RegExp(`^\\*${server.ipv4} .* 5 [bB]`, "m"));
      await world.ntpq(client, ["-nc", "as"], / yes +ok +sys.peer /);
    },
  },
  {
    name: "serving: a group is heard by an interface that has its address later",
    needs: [],
    run: async (world) => {
      const { client, server, keys } = await serve(world, ["--broadcast", GROUP, "--ttl", "1", "--minpoll", "3"]);
      const address = async (verb: "add" | "del", host: Host): Promise<void> =>
        void (await must(host.inside(["ip", "address", verb, `${host.ipv4}/24`, "dev", "eth0"])));
      await address("del", client);
      const listening = world.ntpkit(client, [
        "broadcast",
        GROUP,
        "--keys",
        keys,
        "--count",
        "1",
        "--broadcast-delay",
        "1ms",
        "--deadline",
        "40s",
        "--json",
      ]);
      await new Promise((resolve) => setTimeout(resolve, 3000));
      await address("add", client);
      assert.deepEqual(
        events(await listening, 0).map(({ event, address: from }) => [event, from]),
        [
          ["mobilized", server.ipv4],
          ["sample", server.ipv4],
        ],
      );
    },
  },
  {
    name: "serving: ntpd that asks for no keys finds ntpkit by manycast and hears it by broadcast",
    needs: ["classic"],
    patient: true,
    run: async (world) => {
      const [server, finder, listener] = [
        await world.host("server"),
        await world.host("finder"),
        await world.host("listener"),
      ];
      await world.ntpkitDaemon(server, [...SERVE, "--manycast", GROUP, "--broadcast", "10.77.0.255", "--minpoll", "3"]);
      await Promise.all([
        world.ntpd("classic", finder, ["disable auth", `manycastclient ${GROUP} iburst minpoll 3 maxpoll 3`], CLIENT),
        world.ntpd("classic", listener, ["disable auth", "broadcastclient"], CLIENT),
      ]);
      for (const [host, type] of [
        [finder, "u"],
        [listener, "[bB]"],
      ] as const) {
        await world.ntpq(host, ["-np"], new RegExp(`^\\*${server.ipv4} .* 5 ${type} `, "m"));
        await world.ntpq(host, ["-nc", "as"], / yes +none +sys\.peer /);
      }
    },
  },
  {
    name: "serving: ntpd finds three ntpkits, of one and of the other family, behind the name of a pool",
    needs: ["classic", "dnsmasq"],
    patient: true,
    run: async (world) => {
      const client = await world.host("client");
      const addresses: string[] = [];
      for (const family of ["ipv4", "ipv6", "ipv4"] as const) {
        const server = await world.host(`server${addresses.length}`);
        await world.ntpkitDaemon(server, SERVE);
        addresses.push(server[family]);
      }
      const resolver = await world.names(
        await world.host("dns"),
        addresses.map((address) => [address, "pool.lab"]),
      );
      await world.ntpd("classic", client, ["pool pool.lab iburst minpoll 3 maxpoll 3"], { ...CLIENT, resolver });
      const all = new RegExp(addresses.map((address) => `(?=[^]*^[*+-]${address} )`).join(""), "m");
      await world.ntpq(client, ["-np"], all);
    },
  },
];

/** ntpkit on the local clock, with keys and more arguments, and a host that may use the keys. */
async function serve(world: World, args: readonly string[]): Promise<{ client: Host; server: Host; keys: string }> {
  const server = await world.host("server");
  const client = await world.host("client");
  const keys = await world.write("ntp.keys", KEYS);
  await world.ntpkitDaemon(server, [...SERVE, "--keys", keys, ...args]);
  return { client, server, keys };
}

/** A daemon with two servers: one without a key and one that must authenticate. */
async function followed(world: World, which: "classic" | "ntpsec"): Promise<void> {
  const { client, server, keys } = await serve(world, []);
  const options = "iburst minpoll 3 maxpoll 3";
  const servers = [`server ${server.ipv4} ${options}`, `server ${server.ipv6} key 1 ${options}`];
  // NTPsec answers ntpq only where it is told to.
  const questions = ["restrict 127.0.0.1", "restrict ::1"];
  await world.ntpd(which, client, [`keys ${keys}`, "trustedkey 1", ...questions, ...servers], CLIENT);
  const peers = await world.ntpq(client, ["-np"], /^\*/m, 60, which);
  assert.match(peers, new RegExp(`^.${server.ipv4} +\\S+ +5 u`, "m"));
  const associations = await world.ntpq(client, ["-nc", "as"], /sys\.peer/, 60, which);
  assert.match(associations, / yes +none +/);
  assert.match(associations, / yes +ok +/);
}

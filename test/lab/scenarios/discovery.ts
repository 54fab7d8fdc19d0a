/** Servers that nobody named, found by manycast, broadcast and the name of a pool. */
import assert from "node:assert/strict";
import { at, ended, events, only, type Scenario } from "../scenario.ts";
import type { Host } from "../netns.ts";
import type { World } from "../world.ts";

const KEYS = ["1 SHA1 6ab3c02a4f9be8d1"];
const GROUP = "239.1.1.1";
const GROUP_6 = "ff05::101";
const BRISK = ["--interval", "1s", "--json"];

export const discovery: readonly Scenario[] = [
  {
    name: "discovery: ntpd as manycast server is found with a key, on the first ring",
    needs: ["classic"],
    run: async (world) => {
      const { client, server, keys } = await keyedNtpd(world, [`manycastserver ${GROUP}`]);
      const run = await world.ntpkit(client, ["manycast", GROUP, "--ttl", "1", "--keys", keys, ...BRISK]);
      const association = only(ended(run, 0));
      assert.deepEqual([association.address, association.ttl], [server.ipv4, 1]);
      assert.deepEqual([association.authentication, association.security, association.keyId], ["ok", "key", 1]);
      assert.deepEqual([association.mode, association.lifetime, association.stratum], ["client", "preemptable", 6]);
      assert.deepEqual([association.verdict, association.reason], ["systemPeer", null]);
      assert.deepEqual(
        run.report.rings?.map(({ ttl, replies }) => [ttl, replies]),
        [[1, 1]],
      );
    },
  },
  {
    name: "discovery: a manycast server that is not authenticated is shown, not believed, and ends with 15; --no-auth believes it",
    needs: ["classic"],
    run: async (world) => {
      const { client, server } = await keyedNtpd(world, [`manycastserver ${GROUP}`]);
      const refused = only(ended(await world.ntpkit(client, ["manycast", GROUP, "--ttl", "1", ...BRISK]), 15));
      assert.deepEqual([refused.address, refused.ttl, refused.stratum], [server.ipv4, 1, 6]);
      assert.deepEqual([refused.verdict, refused.reason], ["rejected", "authentication"]);
      const run = await world.ntpkit(client, ["manycast", GROUP, "--ttl", "1", "--no-auth", ...BRISK]);
      const believed = only(ended(run, 0));
      assert.deepEqual([believed.verdict, believed.authentication], ["systemPeer", "none"]);
    },
  },
  {
    name: "discovery: ntpd as manycast server in an IPv6 group",
    needs: ["classic"],
    run: async (world) => {
      const { client, server, keys } = await keyedNtpd(world, [`manycastserver ${GROUP_6}`]);
      const run = await world.ntpkit(client, ["manycast", GROUP_6, "--ttl", "1", "--keys", keys, ...BRISK]);
      const association = only(ended(run, 0));
      assert.deepEqual([association.authentication, association.keyId], ["ok", 1]);
      assert.ok([server.ipv6, server.linkLocal].includes(association.address.replace(/%.*/, "")), association.address);
    },
  },
  {
    name: "discovery: ntpd's broadcasts are heard, answered with a volley, and used",
    needs: ["classic"],
    patient: true,
    run: async (world) => {
      const { client, server, keys } = await keyedNtpd(world, ["broadcast 10.77.0.255 key 1 minpoll 3 maxpoll 3"]);
      const run = await world.ntpkit(client, ["broadcast", "--count", "2", "--keys", keys, ...BRISK]);
      heard(events(run, 0), server.ipv4, { authentication: "ok", keyId: 1 });
    },
  },
  {
    name: "discovery: ntpd's interleaved broadcasts, too",
    needs: ["classic"],
    run: async (world) => {
      const { client, server, keys } = await keyedNtpd(world, [
        "broadcast 10.77.0.255 key 1 minpoll 3 maxpoll 3 xleave",
      ]);
      const run = await world.ntpkit(client, ["broadcast", "--count", "3", "--keys", keys, ...BRISK]);
      heard(events(run, 0), server.ipv4, { authentication: "ok", keyId: 1 }, 3);
    },
  },
  {
    name: "discovery: ntpd's broadcasts in an IPv6 group",
    needs: ["classic"],
    patient: true,
    run: async (world) => {
      const { client, server, keys } = await keyedNtpd(world, [`broadcast ${GROUP_6} key 1 ttl 1 minpoll 3 maxpoll 3`]);
      const run = await world.ntpkit(client, ["broadcast", GROUP_6, "--count", "2", "--keys", keys, ...BRISK]);
      heard(events(run, 0), server.ipv6, { authentication: "ok", keyId: 1 });
    },
  },
  {
    name: "discovery: broadcasts that are not authenticated are told and not used",
    needs: ["classic"],
    patient: true,
    run: async (world) => {
      const { client, server } = await keyedNtpd(world, ["broadcast 10.77.0.255 key 1 minpoll 3 maxpoll 3"]);
      const told = events(await world.ntpkit(client, ["broadcast", "--deadline", "12s", "--json"]), 15);
      assert.deepEqual([...new Set(told.map(({ event }) => event))], ["rejected", undefined]);
      assert.deepEqual([told[0]?.address, told[0]?.reason], [server.ipv4, "authentication"]);
    },
  },
  {
    name: "discovery: chronyd's broadcasts, which have no key",
    needs: ["chrony"],
    patient: true,
    run: async (world) => {
      const server = await world.host("server");
      const client = await world.host("client");
      await world.chronyd(server, ["local stratum 3", "broadcast 3 10.77.0.255"]);
      const run = await world.ntpkit(client, ["broadcast", "--count", "2", "--no-auth", ...BRISK]);
      heard(events(run, 0), server.ipv4, { authentication: "none", keyId: null });
    },
  },
  {
    name: "discovery: a pool behind a name of a DNS server",
    needs: ["chrony", "dnsmasq"],
    run: async (world) => {
      const { client, servers, env } = await pool(world);
      const run = await world.ntpkit(client, ["pool", "pool.lab", "--samples", "3", "--json"], env);
      const report = ended(run, 0);
      assert.equal(report.system.survivors, 3);
      assert.deepEqual(report.associations.map(({ address }) => address).toSorted(), servers.toSorted());
      for (const server of servers.slice(0, 3)) {
        assert.deepEqual([at(report, server).name, at(report, server).lifetime], ["pool.lab", "preemptable"]);
      }
      // Its question stays open while the run lasts, so that the host hears in the end that nobody has the address.
      assert.match(at(report, servers[3] ?? "").reason ?? "", /^(unreachable|noRoute)$/);
      assert.deepEqual(report.resolved?.[0]?.addresses.toSorted(), servers.toSorted());
    },
  },
  {
    name: "discovery: a pool by key, of either family",
    needs: ["chrony", "dnsmasq"],
    run: async (world) => {
      const { client, servers, six, keys, env } = await pool(world);
      for (const [name, members] of [
        ["pool.lab", servers.slice(0, 3)],
        ["six.lab", six],
      ] as const) {
        const report = ended(
          await world.ntpkit(client, ["pool", `${name},key=1`, "--keys", keys, "--samples", "2", "--json"], env),
          0,
        );
        for (const server of members)
          assert.deepEqual([at(report, server).authentication, at(report, server).keyId], ["ok", 1]);
        assert.equal(report.system.survivors, 3);
      }
    },
  },
  {
    name: "discovery: a pool whose name does not exist ends with 11",
    needs: ["chrony", "dnsmasq"],
    run: async (world) => {
      const { client, env } = await pool(world);
      ended(await world.ntpkit(client, ["pool", "nobody.lab", "--json"], env), 11);
    },
  },
];

/** ntpd with a key and more lines, and a host that may use the key. */
async function keyedNtpd(
  world: World,
  lines: readonly string[],
): Promise<{ client: Host; server: Host; keys: string }> {
  const server = await world.host("server");
  const client = await world.host("client");
  const keys = await world.write("ntp.keys", KEYS);
  await world.ntpd("classic", server, [`keys ${keys}`, "trustedkey 1", ...lines]);
  return { client, server, keys };
}

/** That a broadcast server was mobilized, calibrated by a volley, and used so many times. */
function heard(
  told: ReturnType<typeof events>,
  address: string,
  security: { readonly authentication: string; readonly keyId: number | null },
  times = 2,
): void {
  assert.deepEqual(
    told.map(({ event }) => event),
    ["mobilized", "volley", ...Array<string>(times).fill("sample")],
  );
  for (const event of told) assert.equal(event.address, address);
  assert.deepEqual([told[0]?.authentication, told[0]?.keyId], [security.authentication, security.keyId]);
  for (const { offset, event } of told.slice(1)) {
    assert.ok(typeof offset === "number" && Math.abs(offset) < 0.005, `${event} has the offset ${offset}`);
  }
}

/** Three servers that have a key, their IPv6 addresses behind another name, and one address where nobody is, behind a name that a DNS server of the network knows. */
async function pool(world: World): Promise<{
  client: Host;
  servers: readonly string[];
  six: readonly string[];
  keys: string;
  env: { beside: string };
}> {
  const dns = await world.host("dns");
  const client = await world.host("client");
  const keys = await world.write("ntp.keys", KEYS);
  const servers: string[] = [];
  const six: string[] = [];
  for (const name of ["one", "two", "three"]) {
    const server = await world.host(name);
    await world.chronyd(server, ["local stratum 3", `keyfile ${keys}`]);
    servers.push(server.ipv4);
    six.push(server.ipv6);
  }
  servers.push("10.77.0.200");
  const resolver = await world.names(dns, [
    ...servers.map((address) => [address, "pool.lab"] as const),
    ...six.map((address) => [address, "six.lab"] as const),
  ]);
  return { client, servers, six, keys, env: { beside: `mount --bind ${resolver} /etc/resolv.conf` } };
}

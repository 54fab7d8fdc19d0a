/** `query` and `sync` against each daemon in good health: they answer, and the offset is the one it was given. */
import assert from "node:assert/strict";
import { at, ended, only, ROUNDING, says, saysInWords, type Scenario, shows } from "../scenario.ts";
import type { Clock } from "../clock.ts";
import type { Host } from "../netns.ts";
import type { World } from "../world.ts";

const SHIFT = 0.25;

export const plain: readonly Scenario[] = [
  {
    name: "plain: chronyd, whose clock is 250 ms ahead",
    needs: ["chrony"],
    run: (world) => measures(world, 3, (server, clock) => world.chronyd(server, ["local stratum 3"], { clock })),
  },
  {
    name: "plain: ntpd, whose clock is 250 ms ahead",
    needs: ["classic"],
    run: (world) => measures(world, 6, (server, clock) => world.ntpd("classic", server, [], { clock })),
  },
  {
    name: "plain: NTPsec, whose clock is 250 ms ahead",
    needs: ["ntpsec"],
    run: (world) => measures(world, 6, (server, clock) => world.ntpd("ntpsec", server, [], { clock })),
  },
  {
    name: "plain: OpenNTPD, synchronized to a chronyd, both 250 ms ahead",
    needs: ["openntpd", "chrony"],
    patient: "long",
    run: (world) =>
      measures(world, 4, async (server, clock) => {
        const upstream = await world.host("upstream");
        await world.chronyd(upstream, ["local stratum 3"], { clock: await world.clock("upstream", SHIFT) });
        await world.openntpd(server, [`server ${upstream.ipv4}`], { clock, patience: 420 });
      }),
  },
  {
    name: "plain: a day ahead, a year behind",
    needs: ["chrony"],
    run: async (world) => {
      const client = await world.host("client");
      for (const shift of [86_400, -86_400 * 365]) {
        const server = await world.host(`shift${shift < 0 ? "back" : "on"}`);
        await world.chronyd(server, ["local stratum 3"], { clock: await world.clock(server.name, shift) });
        const report = ended(await world.ntpkit(client, ["query", server.ipv4, "--json"]), 0);
        says(report, shift);
      }
    },
  },
  {
    name: "plain: four servers, all of them survivors or the system peer",
    needs: ["chrony", "classic", "ntpsec"],
    run: async (world) => {
      const client = await world.host("client");
      const servers = [];
      for (const name of ["one", "two", "three", "four"]) servers.push(await world.host(name));
      const [one, two, three, four] = servers as [Host, Host, Host, Host];
      await world.chronyd(one, ["local stratum 3"]);
      await world.chronyd(two, ["local stratum 3"]);
      await world.ntpd("classic", three);
      await world.ntpd("ntpsec", four);
      const run = await world.ntpkit(client, ["sync", "--dry-run", ...servers.map(({ ipv4 }) => ipv4), "--json"]);
      const report = ended(run, 0);
      says(report, 0);
      assert.equal(report.system.falsetickers, 0);
      assert.equal(report.associations.filter(({ verdict }) => verdict === "systemPeer").length, 1);
      for (const { ipv4 } of servers) assert.equal(at(report, ipv4).reason === "loop", false, `${ipv4} is no loop`);
    },
  },
  {
    name: "plain: IPv6, global and link-local with a zone",
    needs: ["chrony", "classic"],
    run: async (world) => {
      const client = await world.host("client");
      const chronyd = await world.host("chronyd");
      const ntpd = await world.host("ntpd");
      await world.chronyd(chronyd);
      await world.ntpd("classic", ntpd);
      for (const server of [chronyd, ntpd]) {
        for (const name of [server.ipv6, `[${server.ipv6}]:123`, `${server.linkLocal}%eth0`]) {
          const report = ended(await world.ntpkit(client, ["query", name, "--json"]), 0);
          says(report, 0);
        }
      }
    },
  },
  {
    name: "plain: servers from a configuration file",
    needs: ["chrony"],
    run: async (world) => {
      const client = await world.host("client");
      const server = await world.host("server");
      await world.chronyd(server);
      const file = await world.write("client.conf", ["# a comment", `server ${server.ipv4} iburst`]);
      const report = ended(await world.ntpkit(client, ["sync", "--dry-run", "-c", file, "--json"]), 0);
      assert.equal(only(report).address, server.ipv4);
    },
  },
  {
    name: "plain: a thousand servers at once, all answered, the document whole",
    needs: ["chrony"],
    run: async (world) => {
      const host = await world.host("alone");
      await world.chronyd(host);
      const addresses = Array.from({ length: 1000 }, (_, at) => `127.0.${1 + Math.floor(at / 250)}.${1 + (at % 250)}`);
      const report = ended(await world.ntpkit(host, ["query", ...addresses, "--json"]), 0);
      const answered = report.associations.filter(({ packets }) => packets.received > 0);
      assert.deepEqual([report.associations.length, answered.length], [1000, 1000]);
    },
  },
  {
    name: "plain: in words, quietly, and for people",
    needs: ["chrony"],
    run: async (world) => {
      const client = await world.host("client");
      const server = await world.host("server");
      await world.chronyd(server, ["local stratum 3"], { clock: await world.clock("server", SHIFT) });
      const words = await world.ntpkit(client, ["query", server.ipv4]);
      assert.equal(words.code, 0);
      saysInWords(words.stdout, SHIFT);
      const quiet = await world.ntpkit(client, ["query", "-q", server.ipv4]);
      assert.deepEqual([quiet.code, quiet.stdout, quiet.stderr], [0, "", ""]);
    },
  },
];

/** Both commands against one server on a clock of its own, which is `SHIFT` ahead, or what the server has made of that. */
async function measures(
  world: World,
  stratum: number,
  serve: (server: Host, clock: Clock) => Promise<unknown>,
): Promise<void> {
  const server = await world.host("server");
  const client = await world.host("client");
  const clock = await world.clock("server", SHIFT);
  await serve(server, clock);
  for (const command of [["query"], ["sync", "--dry-run"]]) {
    const before = await clock.ahead();
    const report = ended(await world.ntpkit(client, [...command, server.ipv4, "--json"]), 0);
    const after = await clock.ahead();
    const association = only(report);
    shows(association, (before + after) / 2, "offset", Math.abs(after - before) / 2 + ROUNDING);
    assert.equal(report.clock.offset, association.offset);
    assert.equal(report.clock.direction, "behind");
    assert.equal(report.clock.applied, false);
    assert.equal(association.verdict, "systemPeer");
    assert.equal(association.stratum, stratum);
    assert.equal(association.leap, "none");
    assert.equal(association.timestamps, "kernel");
    assert.equal(report.system.stratum, stratum + 1);
  }
}

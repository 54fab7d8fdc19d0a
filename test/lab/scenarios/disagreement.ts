/** Servers that do not agree: the majority wins and the liar is named; without a majority nothing is decided. */
import assert from "node:assert/strict";
import { at, ended, says, type Scenario, shows } from "../scenario.ts";
import type { Host } from "../netns.ts";
import type { World } from "../world.ts";

export const disagreement: readonly Scenario[] = [
  {
    name: "disagreement: one falseticker among four",
    needs: ["chrony"],
    run: async (world) => {
      const { client, servers } = await clocks(world, [0, 0, 0.25, 0]);
      const run = await world.ntpkit(client, ["sync", "--dry-run", ...servers.map(({ ipv4 }) => ipv4), "--json"]);
      const report = ended(run, 0);
      says(report, 0);
      assert.deepEqual([report.system.truechimers, report.system.falsetickers], [3, 1]);
      const liar = at(report, servers[2]?.ipv4 ?? "");
      assert.deepEqual([liar.verdict, liar.reason, liar.tally], ["falseticker", "outsideIntersection", "x"]);
      shows(liar, 0.25, "the falseticker's offset");
    },
  },
  {
    name: "disagreement: two against two is no agreement",
    needs: ["chrony"],
    run: async (world) => {
      const { client, servers } = await clocks(world, [0, 0, 0.25, 0.25]);
      const report = ended(await world.ntpkit(client, ["query", ...servers.map(({ ipv4 }) => ipv4), "--json"]), 12);
      assert.equal(report.clock.offset, null);
      assert.equal(report.system.systemPeer, null);
    },
  },
  {
    name: "disagreement: a server marked noselect is measured and does not count",
    needs: ["chrony"],
    run: async (world) => {
      const { client, servers } = await clocks(world, [0.25, 0]);
      const [first, second] = servers.map(({ ipv4 }) => ipv4);
      const report = ended(await world.ntpkit(client, ["query", `${first},noselect`, `${second}`, "--json"]), 0);
      says(report, 0);
      const left = at(report, first ?? "");
      assert.equal(left.reason, "noselect");
      shows(left, 0.25, "the offset of the one left out");
    },
  },
  {
    name: "disagreement: minsane servers must agree",
    needs: ["chrony"],
    run: async (world) => {
      const { client, servers } = await clocks(world, [0, 0]);
      const addresses = servers.map(({ ipv4 }) => ipv4);
      ended(await world.ntpkit(client, ["query", ...addresses, "--minsane", "2", "--json"]), 0);
      ended(await world.ntpkit(client, ["query", ...addresses, "--minsane", "3", "--json"]), 12);
    },
  },
];

/** A chronyd for each offset. */
async function clocks(world: World, offsets: readonly number[]): Promise<{ client: Host; servers: readonly Host[] }> {
  const client = await world.host("client");
  const servers: Host[] = [];
  for (const [index, offset] of offsets.entries()) {
    const server = await world.host(`server${index}`);
    await world.chronyd(server, ["local stratum 3"], { clock: await world.clock(server.name, offset) });
    servers.push(server);
  }
  return { client, servers };
}

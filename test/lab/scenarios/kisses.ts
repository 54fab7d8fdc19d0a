/** Kiss-o'-death: RATE from the daemons that send it, DENY and RSTR, which none does, from a server by hand. */
import assert from "node:assert/strict";
import { at, ended, only, says, type Scenario } from "../scenario.ts";
import type { Running } from "../processes.ts";

/** Everybody is limited but the lab's own probe, which asks from the server itself. */
const LIMITED = ["restrict default limited kod", "restrict 127.0.0.1"];

export const kisses: readonly Scenario[] = [
  {
    name: "kiss: RATE from ntpd to the first packet ends with 16",
    needs: ["classic"],
    run: async (world) => {
      const server = await world.host("server");
      const client = await world.host("client");
      await world.ntpd("classic", server, [...LIMITED, "discard average 3 minimum 6"]);
      await world.ask(client, server.ipv4);
      const association = only(ended(await world.ntpkit(client, ["sync", "--dry-run", server.ipv4, "--json"]), 16));
      assert.equal(association.kiss, "RATE");
      assert.equal(association.reason, "kiss");
      assert.equal(association.packets.sent, 1);
    },
  },
  {
    name: "kiss: RATE from ntpd in the middle ends the burst and keeps what was measured",
    needs: ["classic"],
    run: async (world) => {
      const server = await world.host("server");
      const client = await world.host("client");
      await world.ntpd("classic", server, [...LIMITED, "discard average 3 minimum 6"]);
      const report = ended(await world.ntpkit(client, ["sync", "--dry-run", server.ipv4, "--json"]), 0);
      says(report, 0);
      assert.equal(only(report).kiss, "RATE");
      assert.equal(only(report).packets.sent, 2);
    },
  },
  {
    name: "kiss: RATE from NTPsec after its burst allowance",
    needs: ["ntpsec"],
    run: async (world) => {
      const server = await world.host("server");
      const client = await world.host("client");
      await world.ntpd("ntpsec", server, [...LIMITED, "limit average 1 burst 3 kod 0.5"]);
      // How many it allows before it kisses depends on how fast they come; that it ends the burst then does not.
      const report = ended(
        await world.ntpkit(client, ["query", server.ipv4, "--samples", "20", "--interval", "100ms", "--json"]),
        0,
      );
      const { kiss, packets } = only(report);
      assert.equal(kiss, "RATE");
      assert.ok(packets.sent >= 3 && packets.sent < 20, `${packets.sent} requests`);
      assert.deepEqual(
        [packets.received, packets.rejected],
        [packets.sent, 1],
        "every request was answered, the last one by the kiss",
      );
      says(report, 0);
    },
  },
  {
    name: "kiss: DENY and RSTR end with 16 and are remembered until told otherwise",
    needs: [],
    run: async (world) => {
      const client = await world.host("client");
      for (const kiss of ["DENY", "RSTR"]) {
        const server = await world.host(kiss.toLowerCase());
        const running = await world.oddServer(server, { kiss });
        const first = only(ended(await world.ntpkit(client, ["query", server.ipv4, "--json"]), 16));
        assert.equal(first.kiss, kiss);
        assert.equal(requests(running), 1);
        ended(await world.ntpkit(client, ["query", server.ipv4, "--json"]), 16);
        assert.equal(requests(running), 1, "nothing was sent to a server that had said DENY");
        ended(await world.ntpkit(client, ["query", server.ipv4, "--forget", "--json"]), 16);
        assert.equal(requests(running), 2);
      }
    },
  },
  {
    name: "kiss: a server that says DENY does not keep another from being used",
    needs: ["chrony"],
    run: async (world) => {
      const client = await world.host("client");
      const odd = await world.host("odd");
      const good = await world.host("good");
      await world.oddServer(odd, { kiss: "DENY" });
      await world.chronyd(good);
      const report = ended(await world.ntpkit(client, ["sync", "--dry-run", odd.ipv4, good.ipv4, "--json"]), 0);
      assert.equal(at(report, odd.ipv4).kiss, "DENY");
      assert.equal(at(report, good.ipv4).verdict, "systemPeer");
    },
  },
  {
    name: "kiss: a forged kiss, which does not answer our packet, changes nothing",
    needs: [],
    run: async (world) => {
      const client = await world.host("client");
      const server = await world.host("server");
      await world.oddServer(server, { kiss: "DENY", forgedKissFirst: true });
      const association = only(ended(await world.ntpkit(client, ["query", server.ipv4, "--json"]), 0));
      assert.equal(association.kiss, null);
      assert.equal(association.packets.rejected, 1);
    },
  },
];

function requests(server: Running): number {
  return server
    .output()
    .split("\n")
    .filter((line) => line.startsWith("request ")).length;
}

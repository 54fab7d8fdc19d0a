/** Garbage, forgeries and floods: counted by reason, believed by nobody, and remembered within bounds. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { at, ended, only, type Scenario } from "../scenario.ts";
import { innermost, type Running, signalInnermost } from "../processes.ts";
import type { World } from "../world.ts";

const GROUP = "239.1.1.1";
const SECRETS = ["1 SHA1 6ab3c02a4f9be8d1"];
const OTHER_SECRETS = ["1 SHA1 ffffffffffffffff"];
const SEARCH = ["manycast", GROUP, "--ttl", "1", "--interval", "1s", "--samples", "2"];
const OF_EACH = 500;
const FLOOD = 2000;

/** More than a process of Node's takes before it collects its garbage, octets; 10,000 packets kept would be more. */
const ROOM = 64 * 2 ** 20;

export const floods: readonly Scenario[] = [
  {
    name: "flood: garbage of ten kinds to serve is counted by reason, answered with nothing longer, and the server goes on",
    needs: [],
    run: async (world) => {
      const server = await world.host("server");
      const client = await world.host("client");
      const keys = await world.write("ntp.keys", SECRETS);
      const itself = ["--manycast", GROUP, "--broadcast", GROUP, "--ttl", "1"];
      const running = await world.ntpkitDaemon(server, [
        "serve",
        "--local-stratum",
        "5",
        "--keys",
        keys,
        ...itself,
        "--json",
      ]);
      const before = await memoryOf(running);
      for (const family of ["ipv4", "ipv6"] as const) {
        const { answers, longest } = await world.garbage(client, server[family], OF_EACH);
        assert.deepEqual([answers, longest], [OF_EACH, 52], "crypto-NAKs, shorter than what they answer");
      }
      assert.equal((await world.ask(client, server.ipv4)).stratum, 5);
      const grown = (await memoryOf(running)) - before;
      assert.ok(grown < ROOM, `it grew by ${grown} octets`);
      const { answered, ownPacket, ...garbage } = await causesOf(world, running);
      const kinds =
        "control extensionLength macLength mode notRequest private refusedKey tooLong tooShort version".split(" ");
      assert.deepEqual(garbage, Object.fromEntries(kinds.map((kind) => [kind, 2 * OF_EACH])));
      assert.ok((answered ?? 0) >= 2 && (ownPacket ?? 0) >= 1, `${answered} answered, ${ownPacket} of its own`);
    },
  },
  {
    name: "flood: garbage and broadcasts to it alone mobilize nothing with a listener that asks for no keys",
    needs: [],
    run: async (world) => {
      const [listener, client] = [await world.host("listener"), await world.host("client")];
      const state = { ended: false };
      const listening = world
        .ntpkit(listener, ["broadcast", "--no-auth", "--deadline", "6s", "-v"])
        .finally(() => (state.ended = true));
      while (!state.ended) await world.garbage(client, listener.ipv4, 20);
      const run = await listening;
      assert.deepEqual([run.code, run.stdout], [10, ""]);
      assert.match(run.stderr, /a packet was not used: /);
      assert.doesNotMatch(run.stderr, /mobilized/);
    },
  },
  {
    name: "flood: a search by a wrong key is answered by neither ntpd nor serve, which counts it, and nothing is mobilized",
    needs: ["classic"],
    run: async (world) => {
      const [theirs, ours, client] = [await world.host("theirs"), await world.host("ours"), await world.host("client")];
      const keys = await world.write("ntp.keys", SECRETS);
      const wrong = await world.write("wrong.keys", OTHER_SECRETS);
      await world.ntpd("classic", theirs, [`keys ${keys}`, "trustedkey 1", `manycastserver ${GROUP}`]);
      const running = await world.ntpkitDaemon(ours, [
        "serve",
        "--local-stratum",
        "5",
        "--keys",
        keys,
        "--manycast",
        GROUP,
        "--json",
      ]);
      const run = await world.ntpkit(client, [...SEARCH, "--keys", wrong, "--json"]);
      assert.deepEqual(ended(run, 10).associations, []);
      assert.match(run.report.error?.hint ?? "", /that know key 1/);
      assert.equal((await causesOf(world, running))["authentication"], 1);
    },
  },
  {
    name: "flood: replies with a forged MAC are told and not believed, and end with 15",
    needs: [],
    run: async (world) => {
      const [server, client] = [await world.host("server"), await world.host("client")];
      const keys = await world.write("ntp.keys", SECRETS);
      await world.oddServer(server, { groups: [GROUP], forgedMac: 1 });
      const forged = only(ended(await world.ntpkit(client, [...SEARCH, "--keys", keys, "--json"]), 15));
      assert.deepEqual(
        [forged.address, forged.verdict, forged.reason, forged.packets.sent],
        [server.ipv4, "rejected", "authentication", 0],
      );
    },
  },
  {
    name: "flood: thousands of forged replies to a search hide no server that is there, and mobilize nothing",
    needs: ["classic"],
    run: async (world) => {
      const [flooder, server, client] = [
        await world.host("flooder"),
        await world.host("server"),
        await world.host("client"),
      ];
      const keys = await world.write("ntp.keys", SECRETS);
      await world.oddServer(flooder, { groups: [GROUP], flood: FLOOD });
      await world.ntpd("classic", server, [`keys ${keys}`, "trustedkey 1", `manycastserver ${GROUP}`]);
      const run = await world.ntpkit(client, [...SEARCH, "--keys", keys, "-v", "--json"]);
      const report = ended(run, 0);
      assert.equal(at(report, server.ipv4).verdict, "systemPeer");
      // The one reply of the flooder's that is to this search is not authentic; the others are to none.
      const { verdict, reason, packets } = at(report, flooder.ipv4);
      assert.deepEqual(
        [report.associations.length, verdict, reason, packets.sent],
        [2, "rejected", "authentication", 0],
      );
      assert.deepEqual(report.refused, { bogus: FLOOD, authentication: 1 });
      assert.match(
        run.stderr,
        new RegExp(`^ntpkit manycast: ${FLOOD + 1} packets refused: ${FLOOD} bogus, 1 authentication$`, "m"),
      );
    },
  },
];

/** Memory that a program has, octets. */
async function memoryOf({ pid }: Running): Promise<number> {
  const status = await readFile(`/proc/${await innermost(pid)}/status`, "utf8");
  return 1024 * Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]);
}

/** What became of all that came to a `serve --json`, which ends by this. */
async function causesOf(world: World, running: Running): Promise<Readonly<Record<string, number>>> {
  await signalInnermost(running.pid, "SIGTERM");
  await world.until(
    () => running.ended() !== undefined && /"event":"stopped"/.test(running.output()),
    10,
    "serve did not end",
  );
  const last =
    running
      .output()
      .split("\n")
      .findLast((line) => line.startsWith("{")) ?? "{}";
  return (JSON.parse(last) as { readonly causes: Record<string, number> }).causes;
}

/** `ntpkit run` as a symmetric peer of real daemons: active or passive, keyed. */
import assert from "node:assert/strict";
import type { Scenario } from "../scenario.ts";
import type { Host } from "../netns.ts";
import type { Running } from "../processes.ts";
import type { World } from "../world.ts";

const SECRETS = ["1 SHA1 6ab3c02a4f9be8d1"];
const POLL = "minpoll 3 maxpoll 3";
const BRISK = "minpoll 4 maxpoll 4";

export const symmetric: readonly Scenario[] = [
  {
    name: "symmetric: ntpkit follows ntpd, both active, by key",
    needs: ["classic"],
    patient: true,
    run: async (world) => {
      const { one, two, keys } = await pair(world);
      await world.ntpd("classic", one, [`keys ${keys}`, "trustedkey 1", `peer ${two.ipv4} key 1 ${POLL}`]);
      await daemon(world, two, [`keys ${keys}`, "trustedkey 1", `peer ${one.ipv4} key 1 ${BRISK}`]);
      await world.ask(two, "127.0.0.1", "synchronized", 90);
      const reply = await world.ask(two, "127.0.0.1");
      assert.equal(reply.stratum, 7);
      await world.ntpq(two, ["-nc", "as"], / yes +ok +sys.peer /);
    },
  },
  {
    name: "symmetric: ntpd follows ntpkit, which is passive, by key",
    needs: ["classic"],
    patient: true,
    run: async (world) => {
      const { one, two, keys } = await pair(world);
      await daemon(world, two, [`keys ${keys}`, "trustedkey 1", "tos orphan 5 orphanwait 1"]);
      await world.ask(two, "127.0.0.1", "synchronized", 60);
      const lines = [`keys ${keys}`, "trustedkey 1", `peer ${two.ipv4} key 1 ${BRISK}`];
      await world.ntpd("classic", one, lines, { orphan: false, patience: 100 });
      assert.match(await world.ntpq(one, ["-np"], /^\*/m), new RegExp(`^\\*${two.ipv4} +\\S+ +5 s`, "m"));
      await world.ntpq(one, ["-nc", "as"], / yes +ok +sys.peer /);
      await world.ntpq(two, ["-nc", "as"], / ok +/);
    },
  },
  {
    name: "symmetric: ntpkit follows ntpd, which is passive, by key",
    needs: ["classic"],
    patient: true,
    run: async (world) => {
      const { one, two, keys } = await pair(world);
      await world.ntpd("classic", one, [`keys ${keys}`, "trustedkey 1"]);
      await daemon(world, two, [`keys ${keys}`, "trustedkey 1", `peer ${one.ipv4} key 1 ${BRISK}`]);
      await world.ask(two, "127.0.0.1", "synchronized", 100);
      await world.ntpq(two, ["-nc", "as"], / yes +ok +sys.peer /);
    },
  },
  {
    name: "symmetric: ntpkit and chronyd as peers, by key",
    needs: ["chrony", "classic"],
    patient: true,
    run: async (world) => {
      const { one, two, keys } = await pair(world);
      await world.chronyd(one, ["local stratum 3", `keyfile ${keys}`, `peer ${two.ipv4} key 1 ${BRISK}`]);
      await daemon(world, two, [`keys ${keys}`, "trustedkey 1", `peer ${one.ipv4} key 1 ${BRISK}`]);
      await world.ask(two, "127.0.0.1", "synchronized", 100);
      assert.equal((await world.ask(two, "127.0.0.1")).stratum, 4);
      await world.ntpq(two, ["-nc", "as"], / yes +ok +sys.peer /);
    },
  },
  {
    name: "symmetric: ntpkit follows ntpd, both active, by key, over IPv6",
    needs: ["classic"],
    patient: true,
    run: async (world) => {
      const { one, two, keys } = await pair(world);
      await world.ntpd("classic", one, [`keys ${keys}`, "trustedkey 1", `peer ${two.ipv6} key 1 ${POLL}`]);
      await daemon(world, two, [`keys ${keys}`, "trustedkey 1", `peer ${one.ipv6} key 1 ${BRISK}`]);
      await world.ask(two, "127.0.0.1", "synchronized", 90);
      assert.equal((await world.ask(two, "127.0.0.1")).stratum, 7);
      await world.ntpq(two, ["-nc", "as"], / yes +ok +sys.peer /);
    },
  },
  {
    name: "symmetric: ntpkit follows ntpd without a key, which answers, but mobilizes nobody",
    needs: ["classic"],
    patient: true,
    run: async (world) => {
      const { one, two } = await pair(world);
      await world.ntpd("classic", one);
      await daemon(world, two, [`peer ${one.ipv4} ${BRISK}`]);
      await world.ask(two, "127.0.0.1", "synchronized", 100);
      assert.equal((await world.ask(two, "127.0.0.1")).stratum, 7);
      await world.ntpq(two, ["-nc", "as"], / yes +none +sys.peer /);
      await world.ntpq(one, ["-nc", "as"], /^No association ID's returned$/m, 5);
    },
  },
  {
    name: "symmetric: ntpd follows ntpkit without a key, both active, and passive where no key is asked for",
    needs: ["classic"],
    patient: true,
    run: async (world) => {
      const [one, other, two] = [await world.host("one"), await world.host("other"), await world.host("two")];
      await daemon(world, two, ["disable auth", "tos orphan 5 orphanwait 1", `peer ${one.ipv6} ${POLL}`]);
      await world.ask(two, "127.0.0.1", "synchronized", 60);
      await Promise.all(
        (
          [
            [one, two.ipv6],
            [other, two.ipv4],
          ] as const
        ).map(async ([host, address]) => {
          await world.ntpd("classic", host, [`peer ${address} ${BRISK}`], { orphan: false, patience: 120 });
          assert.match(await world.ntpq(host, ["-np"], /^\*/m), /^\*\S+ +\S+ +5 s/m);
        }),
      );
      // One that it was told of, and one that came.
      await world.ntpq(two, ["-nc", "as"], / yes +yes +none (.*\n)+.* no +yes +none /);
    },
  },
  {
    name: "symmetric: chronyd follows ntpkit, both active, without a key, over IPv6",
    needs: ["chrony"],
    patient: true,
    run: async (world) => {
      const { one, two } = await pair(world);
      await daemon(world, two, ["tos orphan 5 orphanwait 1", `peer ${one.ipv6} ${POLL}`]);
      await world.ask(two, "127.0.0.1", "synchronized", 60);
      await world.chronyd(one, [`peer ${two.ipv6} minpoll 2 maxpoll 3`], { patience: 100 });
      assert.equal((await world.ask(one, "127.0.0.1")).stratum, 6);
      await world.chronyc(one, ["ntpdata"], /^Mode +: Symmetric active$/m);
    },
  },
  ...(["ipv4", "ipv6"] as const).map((family): Scenario => ({
    name: `symmetric: ntpkit and chronyd interleave both ways, by key, over ${family === "ipv4" ? "IPv4" : "IPv6"}`,
    needs: ["chrony", "classic"],
    patient: true,
    run: async (world) => {
      const { one, two, keys } = await pair(world);
      const between = await world.host("between");
      const relay = await world.relay(between, { to: one[family], shown: true });
      // By the relay's address it would not know a loop, and follow us who follow it.
      await world.chronyd(one, [
        "local stratum 3",
        `keyfile ${keys}`,
        `peer ${between[family]} key 1 xleave minpoll 3 maxpoll 3 noselect`,
      ]);
      await daemon(world, two, [
        `keys ${keys}`,
        "trustedkey 1",
        `peer ${between[family]} key 1 xleave minpoll 3 maxpoll 3`,
      ]);
      await world.chronyc(one, ["ntpdata"], /^Interleaved +: Yes\nAuthenticated +: Yes$/m, 120);
      await world.until(
        () => interleaved(relay.output(), "there") >= ENOUGH && interleaved(relay.output(), "back") >= ENOUGH,
        120,
        "they do not interleave",
      );
      await world.ask(two, "127.0.0.1", "synchronized", 100);
      assert.equal((await world.ask(two, "127.0.0.1")).stratum, 4);
      await world.ntpq(two, ["-nc", "as"], / yes +ok +sys.peer /);
    },
  })),
];

/** So many interleaved packets one way are no accident. */
const ENOUGH = 3;

/**
 * How many packets one way are interleaved, by what a relay shows of all: their origin is when the last one the other way came,
 * its receive timestamp, and not the transmit timestamp that it carried (RFC 9769 §3).
 */
function interleaved(shown: string, direction: "there" | "back"): number {
  const packets = shown
    .split("\n")
    .map((line) => /^(there|back) passed ([0-9a-f]+)$/.exec(line))
    .filter((found) => found !== null);
  const field = (hex: string, octet: number): string => hex.slice(2 * octet, 2 * octet + 16);
  return packets.filter(([, way, hex = ""], place) => {
    const others = packets
      .slice(0, place)
      .filter(([, other]) => other !== way)
      .map(([, , other = ""]) => other);
    return (
      way === direction &&
      others.some((other) => field(other, 32) === field(hex, 24)) &&
      !others.some((other) => field(other, 40) === field(hex, 24))
    );
  }).length;
}

async function pair(world: World): Promise<{ one: Host; two: Host; keys: string }> {
  return { one: await world.host("one"), two: await world.host("two"), keys: await world.write("ntp.keys", SECRETS) };
}

/** `ntpkit run` with a configuration of these lines, from the moment it answers at all. */
async function daemon(world: World, host: Host, lines: readonly string[]): Promise<Running> {
  const file = await world.write(`run-${host.name}.conf`, lines);
  return world.ntpkitDaemon(host, ["run", "--no-clock", "-c", file], { want: "any" });
}

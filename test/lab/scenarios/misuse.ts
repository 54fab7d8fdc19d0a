/** What users get wrong and hosts cannot do, against the real kernel: one clear line, and the exit code of the contract. */
import assert from "node:assert/strict";
import type { Scenario } from "../scenario.ts";
import type { Host } from "../netns.ts";
import type { NtpkitOptions } from "../ntpkit.ts";
import type { World } from "../world.ts";

const GROUP = "239.1.1.1";
const QUICK = ["--ttl", "1", "--interval", "200ms", "--no-auth"];
const BRIEF = ["--no-auth", "--deadline", "1s"];

/** Words of a command line, its exit code, and what the one line says. */
type Case = readonly [words: readonly string[], code: number, line: RegExp];

const USAGE: readonly Case[] = [
  [["manycast", "10.1.2.3"], 64, /"10\.1\.2\.3" is not a multicast group/],
  [["manycast", "fd77::1"], 64, /"fd77::1" is not a multicast group/],
  [
    ["broadcast", "192.0.2.1"],
    64,
    /"192\.0\.2\.1" is neither a multicast group nor a broadcast address of this host; .*10\.77\.0\.255/,
  ],
  [["serve", "--broadcast", "10.77.1.255"], 64, /"10\.77\.1\.255" is neither/],
  [["serve", "--manycast", "10.0.0.1"], 64, /"10\.0\.0\.1" is not a multicast group/],
  ...["manycast 239.1.1.1", "serve --broadcast 239.1.1.1"].flatMap((words): Case[] => [
    [[...words.split(" "), "--ttl", "0"], 64, /--ttl: 0 is out of range; from 1 to 255/],
    [[...words.split(" "), "--ttl", "256"], 64, /--ttl: 256 is out of range; from 1 to 255/],
  ]),
  [["manycast", GROUP, "--interface", "eth7"], 64, /there is no interface "eth7"/],
  [["broadcast", "--interface", "eth7"], 64, /there is no interface "eth7"/],
  [["serve", "--local-stratum", "5", "--address", "10.77.0.99"], 64, /10\.77\.0\.99 is not an address of this host/],
];

export const misuse: readonly Scenario[] = [
  {
    name: "misuse: groups that are none, TTLs and interfaces that cannot be",
    needs: [],
    run: async (world) => {
      const host = await world.host("alone");
      for (const one of USAGE) await told(world, host, one);
    },
  },
  {
    name: "misuse: a network that is down, an interface that passes no multicasts",
    needs: [],
    run: async (world) => {
      const mute = await world.host("mute");
      await world.configure(mute, "link set eth0 multicast off");
      for (const group of [GROUP, "ff05::101"]) {
        await told(world, mute, [
          ["manycast", group, ...QUICK],
          10,
          new RegExp(`${group} cannot be asked: the interface passes no multicasts; name the interface`),
        ]);
        await told(world, mute, [
          ["broadcast", group, "--interface", "eth0", ...BRIEF],
          10,
          new RegExp(`${group} cannot be received on eth0: the interface passes no multicasts`),
        ]);
      }
      const down = await world.host("down");
      await world.configure(down, "link set eth0 down");
      await told(world, down, [
        ["manycast", GROUP, ...QUICK],
        10,
        /no server answered on this host in 239\.1\.1\.1; this host has no network but loopback/,
      ]);
      await told(world, down, [
        ["manycast", "ff05::101", ...QUICK],
        10,
        /ff05::101 cannot be asked: there is no route to it/,
      ]);
      await told(world, down, [
        ["broadcast", ...BRIEF],
        10,
        /no broadcast was heard .* this host has no network but loopback/,
      ]);
    },
  },
  {
    name: "misuse: a port that another daemon has, or that this process may not have",
    needs: ["chrony", "classic"],
    run: async (world) => {
      const [sharing, jealous] = [await world.host("sharing"), await world.host("jealous")];
      await Promise.all([world.chronyd(sharing), world.ntpd("classic", jealous)]);
      for (const host of [sharing, jealous]) {
        await told(world, host, [
          ["serve", "--local-stratum", "5"],
          14,
          /UDP port 123 is in use by another program; stop the time daemon there/,
        ]);
      }
      // A listener shares the port with whoever shares it: chronyd does.
      await told(world, sharing, [["broadcast", ...BRIEF], 10, /no broadcast was heard/]);
      await told(world, jealous, [["broadcast", ...BRIEF], 14, /UDP port 123 is in use by another program/]);
      const low = await world.host("low");
      const without = ["net_bind_service"];
      for (const words of [
        ["serve", "--local-stratum", "5"],
        ["broadcast", ...BRIEF],
        ["query", "10.77.0.1", "--source-port", "123"],
      ]) {
        await told(world, low, [words, 14, /root lacks CAP_NET_BIND_SERVICE here/], { without });
      }
    },
  },
];

/** Runs a command that must fail so. */
async function told(world: World, host: Host, [words, code, line]: Case, options: NtpkitOptions = {}): Promise<void> {
  const run = await world.ntpkit(host, words, options);
  const lines = run.stderr.split("\n").filter((one) => !/: warning: /.test(one) && one !== "");
  assert.deepEqual([run.code, lines.length], [code, 1], `${words.join(" ")} ended with ${run.code}: ${run.stderr}`);
  assert.match(lines[0] ?? "", line, words.join(" "));
}

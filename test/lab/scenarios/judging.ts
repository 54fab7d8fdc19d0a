/** Judging a clock: `trace`, `check`, `wait` and `watch` on real daemons. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { NOBODY, threeServers } from "../looks.ts";
import type { Host } from "../netns.ts";
import { near, ROUNDING, type Scenario } from "../scenario.ts";
import type { World } from "../world.ts";

/** How finely `trace` reads the time by NTP, seconds. */
const MILLISECOND = 0.001;

/** A hop of `ntpkit trace --json`, as far as it is looked at. */
interface TracedHop {
  readonly address: string;
  readonly protocol: "mode6" | "ntp";
  readonly offset: number | null;
  readonly delay: number | null;
  readonly distance: number;
}

export const judging: readonly Scenario[] = [
  {
    name: "seeing: trace follows a chain of ntpd, chronyd and NTPsec",
    needs: ["chrony", "classic", "ntpsec"],
    run: async (world) => {
      const [first, second, third, client] = [
        await world.host("first"),
        await world.host("second"),
        await world.host("third"),
        await world.host("client"),
      ];
      await world.ntpd("ntpsec", first);
      await world.chronyd(second, [`server ${first.ipv4} iburst minpoll 0 maxpoll 0`]);
      await world.ntpd("classic", third, [`server ${second.ipv4} iburst`], {
        clock: await world.clock("third", 0),
        orphan: false,
      });
      const run = await world.ntpkit(client, ["trace", "-n", third.ipv4]);
      assert.equal(run.code, 0);
      const hops = run.stdout
        .trimEnd()
        .split("\n")
        .map((line) => /^(\S+): stratum (\d+), offset -?\d\.\d{6}, /.exec(line)?.slice(1));
      assert.deepEqual(hops, [
        [third.ipv4, "8"],
        [second.ipv4, "7"],
        [first.ipv4, "6"],
      ]);
      const told = JSON.parse((await world.ntpkit(client, ["trace", "-n", third.ipv4, "--json"])).stdout) as {
        hops: readonly TracedHop[];
      };
      assert.deepEqual(
        told.hops.map(({ protocol }) => protocol),
        ["mode6", "ntp", told.hops[2]?.protocol],
      );
      // All have one time: what a daemon says of itself is within its distance, what we measure within half of the delay.
      for (const { address, offset, delay, distance } of told.hops) {
        near(offset, 0, delay === null ? distance + ROUNDING : delay / 2 + MILLISECOND, `offset of ${address}`);
      }
    },
  },
  {
    name: "seeing: check judges servers and what ntpd and chronyd say, in a plugin's words and codes",
    needs: ["chrony", "classic"],
    run: async (world) => {
      const [right, ahead, chrony, ntp] = [
        await world.host("right"),
        await world.host("ahead"),
        await world.host("chrony"),
        await world.host("ntp"),
      ];
      await world.chronyd(right);
      await world.chronyd(ahead, ["local stratum 3"], { clock: await world.clock("ahead", 0.25) });
      const follow = `server ${right.ipv4} iburst`;
      await Promise.all([
        world.chronyd(chrony, [follow, "cmdport 323"]),
        world.ntpd("classic", ntp, [follow], { clock: await world.clock("ntp", 0), orphan: false }),
      ]);
      const strict = ["-w", "100ms", "-c", "1s"];
      await checked(world, chrony, [right.ipv4], 0, /^NTP OK: .*\|offset=-?0\.00\d+s/);
      await checked(world, chrony, [...strict, ahead.ipv4], 1, /^NTP WARNING: /);
      await checked(
        world,
        chrony,
        ["-w", "100ms", "-c", "200ms", ahead.ipv4],
        2,
        /^NTP CRITICAL: .*\|offset=0\.2[45]\d+s/,
      );
      await checked(world, chrony, [NOBODY], 2, /^NTP CRITICAL: No response/);
      await checked(world, chrony, ["--stratum", "2,5", right.ipv4], 1, /^NTP WARNING: /);
      await checked(world, chrony, ["--daemon", "127.0.0.1", ...strict], 0, /^NTP OK: /);
      await checked(world, ntp, ["--daemon", "127.0.0.1", ...strict], 0, /^NTP OK: /);
      await checked(world, right, ["--daemon", NOBODY], 2, /^NTP /);
    },
  },
  {
    name: "seeing: wait ends when chronyd or ntpd is synchronized, and not before",
    needs: ["chrony", "classic"],
    run: async (world) => {
      const [server, chrony, ntp] = [await world.host("server"), await world.host("chrony"), await world.host("ntp")];
      const follow = `server ${server.ipv4} iburst minpoll 3`;
      await world.chronyd(chrony, [follow, "cmdport 323"], { want: "unsynchronized" });
      await world.ntpd("classic", ntp, [follow], {
        clock: await world.clock("ntp", 0),
        orphan: false,
        want: "unsynchronized",
      });
      for (const host of [chrony, ntp]) {
        const run = await world.ntpkit(host, ["wait", "--daemon", "127.0.0.1", "--timeout", "2s", "--json"]);
        assert.notEqual(run.code, 0, "nobody is there to be synchronized to");
      }
      await world.chronyd(server);
      for (const host of [chrony, ntp]) {
        assert.equal(
          (await world.ntpkit(host, ["wait", "--daemon", "127.0.0.1", "--timeout", "2m"], { timeout: 150 })).code,
          0,
        );
        await world.ask(host, "127.0.0.1", "synchronized", 1);
      }
    },
  },
  {
    name: "seeing: trace goes on by NTP where mode 6 is refused, and says where it ends",
    needs: ["chrony", "classic"],
    run: async (world) => {
      const [first, second, client] = [
        await world.host("first"),
        await world.host("second"),
        await world.host("client"),
      ];
      await world.ntpd("classic", first, ["restrict default noquery"]);
      await world.ntpd(
        "classic",
        second,
        [`server ${first.ipv4} iburst`, `restrict ${client.ipv4} noquery`, "restrict 127.0.0.1"],
        { clock: await world.clock("second", 0), orphan: false },
      );
      for (const [host, named, protocols] of [
        [client, second.ipv4, ["ntp", "ntp"]],
        [second, "127.0.0.1", ["mode6", "ntp"]],
      ] as const) {
        const run = await world.ntpkit(host, ["trace", "-n", "--json", named]);
        const { hops, end } = JSON.parse(run.stdout) as {
          hops: readonly { protocol: string; stratum: number }[];
          end: string | null;
        };
        assert.equal(run.code, 0);
        assert.deepEqual(
          [hops.slice(0, 2).map(({ protocol }) => protocol), hops.slice(0, 2).map(({ stratum }) => stratum)],
          [protocols, [7, 6]],
        );
        assert.ok(hops.length === 2 || end !== null, "an orphan parent follows nobody");
      }
    },
  },
  {
    name: "seeing: check judges every figure by its range, of servers and of each kind of daemon",
    needs: ["chrony", "classic"],
    run: async (world) => {
      const servers = await threeServers(world, 3);
      const [chrony, ntp, own] = [await world.host("chrony"), await world.host("ntp"), await world.host("own")];
      const lines = servers.map(({ ipv4 }) => `server ${ipv4} iburst minpoll 3`);
      const config = await world.write("run.conf", lines);
      await Promise.all([
        world.chronyd(chrony, [...lines, "cmdport 323", "combinelimit 1000000"]),
        world.ntpd("classic", ntp, lines, { clock: await world.clock("ntp", 0), orphan: false, patience: 40 }),
        world.ntpkitDaemon(own, ["run", "--no-clock", "-c", config]),
      ]);
      // Both that are right are to be used by then.
      for (const host of [ntp, own]) await world.ntpq(host, ["-pn"], /^\*.*\n(.*\n)*\+|^\+.*\n(.*\n)*\*/m, 60);
      const addresses = servers.map(({ ipv4 }) => ipv4);
      for (const [host, whom, stratum] of [
        [chrony, addresses, 3],
        [chrony, ["--daemon", "127.0.0.1"], 4],
        [ntp, ["--daemon", "127.0.0.1"], 4],
        [own, ["--daemon", "127.0.0.1"], 4],
      ] as const) {
        const figures = [
          "--truechimers",
          "2:,1:",
          "--stratum",
          `${stratum},5`,
          "--jitter",
          "100ms,1s",
          "--rootdistance",
          "10,20",
        ];
        const data = new RegExp(
          `\\|offset=-?0\\.\\d{6}s;0\\.100000;1\\.000000; jitter=\\d\\.\\d{6}s;0\\.100000;1\\.000000;0 stratum=${stratum};${stratum};5;0 truechimers=2;2:;1:;0 falsetickers=\\d;;;0 rootdistance=\\d\\.\\d{6}s;10\\.000000;20\\.000000;0\n$`,
        );
        await checked(world, host, ["-w", "100ms", "-c", "1s", ...figures, ...whom], 0, data);
        await checked(world, host, ["--truechimers", "3:,1:", ...whom], 1, /^NTP WARNING: /);
        await checked(world, host, ["--truechimers", "4:,3:", ...whom], 2, /^NTP CRITICAL: /);
        await checked(world, host, ["--stratum", `@${stratum}:${stratum},9`, ...whom], 1, /^NTP WARNING: /);
        await checked(world, host, ["-w", "-10:-5", "-c", "~:10", ...whom], 1, /^NTP WARNING: /);
      }
    },
  },
  {
    name: "seeing: wait says that ntpd is not synchronized, and goes by the kernel where nobody answers",
    needs: ["classic"],
    run: async (world) => {
      const [daemon, lonely] = [await world.host("daemon"), await world.host("lonely")];
      await world.ntpd("classic", daemon, [`server ${NOBODY} iburst`], {
        clock: await world.clock("daemon", 0),
        orphan: false,
        want: "unsynchronized",
      });
      const run = await world.ntpkit(daemon, ["wait", "--daemon", "127.0.0.1", "--timeout", "2s"]);
      assert.equal(run.code, 17);
      assert.match(run.stderr, /not yet: ntpd 4\.2\.8.* says: not synchronized;/);
      const [unset, set] = [await world.clock("unset", 0), await world.ntpkit(lonely, ["wait", "--timeout", "1s"])];
      assert.ok([0, 17].includes(set.code ?? -1), "whatever the machine's kernel says");
      const kernel = await world.ntpkit(lonely, ["wait", "--timeout", "1s", "--json"], { clock: unset });
      assert.equal(kernel.code, 17);
      assert.match(kernel.stdout, /"source":"kernel".*"synchronized":false/);
    },
  },
  {
    name: "seeing: watch writes a line a server where there is no terminal, and draws on one",
    needs: ["chrony"],
    run: async (world) => {
      const client = await world.host("client");
      const addresses = (await threeServers(world, 3)).map(({ ipv4 }) => ipv4);
      const plain = await world.ntpkit(client, ["watch", "--every", "4s", "--count", "3", ...addresses]);
      assert.equal(plain.code, 0, plain.stderr);
      assert.match(plain.stdout, /^\S+Z [*+] 10\.77\.0\.\d offset [-+]?\d[\d.]* [nµm]?s ± .* delay .* reach \d+$/m);
      assert.match(plain.stdout, /^\S+Z x 10\.77\.0\.\d offset \+[23]\.\d+ s .* outsideIntersection$/m);
      // One comes only while it is watched.
      const late = await world.host("late");
      const drawing = world.ntpkit(client, ["watch", "--count", "25", late.ipv4], { terminal: 100 });
      await sleep(4000);
      await world.chronyd(late, ["local stratum 2"]);
      assert.match((await drawing).stdout.split("\u001b[H").at(-1) ?? "", /└ *\*[^]*\* another is followed/);
      const drawn = await world.ntpkit(client, ["watch", "--count", "5", ...addresses], { terminal: 100 });
      const last = drawn.stdout.split("\u001b[H").at(-1) ?? "";
      assert.match(last, /│.*░/);
      assert.match(last, /│.*·/);
      assert.match(last, /▲|▼/);
    },
  },
];

/** Runs `ntpkit check`, which must end with this code and print this line. */
async function checked(world: World, host: Host, words: readonly string[], code: number, line: RegExp): Promise<void> {
  const run = await world.ntpkit(host, ["check", ...words]);
  assert.equal(run.code, code, run.stdout);
  assert.match(run.stdout, line);
}

/** Looking at daemons: what ntpkit shows of them against what their own tools show at the same moment. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { near, type Scenario } from "../scenario.ts";
import type { Host } from "../netns.ts";
import type { World } from "../world.ts";

/** Nobody has this address. */
const NOBODY = "10.77.0.250";
const NTPQ = "usr/bin/ntpq";

export const seeing: readonly Scenario[] = [
  {
    name: "seeing: peers is what ntpq of ntpd prints at the same moment, a falseticker and a lost server among them",
    needs: ["chrony", "classic"],
    run: async (world) => {
      const daemon = await follower(world, "classic");
      for (const [ours, theirs] of PEERS) await same(world, daemon, "classic", ["peers", ...ours], theirs, masked);
    },
  },
  {
    name: "seeing: peers is what ntpq of NTPsec prints of ntpd, but for how it writes numbers and reference ids",
    needs: ["chrony", "classic", "ntpsec"],
    run: async (world) => {
      const daemon = await follower(world, "classic");
      await same(world, daemon, "ntpsec", ["peers", "-n"], ["-pn"], rounded);
    },
  },
  {
    name: "seeing: peers is what ntpq of ntpd prints of NTPsec at the same moment",
    needs: ["chrony", "classic", "ntpsec"],
    run: async (world) => {
      const daemon = await follower(world, "ntpsec");
      for (const [ours, theirs] of PEERS) await same(world, daemon, "classic", ["peers", ...ours], theirs, masked);
    },
  },
  {
    name: "seeing: associations, readvar and mru are what ntpq prints",
    needs: ["chrony", "classic"],
    run: async (world) => {
      const daemon = await follower(world, "classic");
      await same(world, daemon, "classic", ["associations"], ["-c", "as"], (text) => text);
      await same(world, daemon, "classic", ["readvar"], ["-c", "rv"], (text) => text.replace(/\s+/g, " ").replace(MOVING, "$1"));
      const id = /^ *1 +(\d+) /m.exec((await world.ntpkit(daemon, ["associations"])).stdout)?.[1] ?? "";
      for (const names of [[], ["srcadr", "stratum", "refid"]]) {
        const theirs = ["-n", "-c", ["rv", id, ...names].join(" ")];
        await same(world, daemon, "classic", ["readvar", "-n", "--association", id, "localhost", ...names], theirs, (text) => text);
      }
      // Every question is a packet more from this host: its own row moves.
      const others = (text: string): string => text.replace(/^(.* (127\.0\.0\.1|::1)|Ctrl-C.*|\r.*)\n?/gm, "").replace(/^ +\d+ +\d+ /gm, "");
      await same(world, daemon, "classic", ["mru", "-n", "--sort", "addr"], ["-n", "-c", "mrulist sort=addr"], others);
    },
  },
  {
    name: "seeing: peers shows chronyd's sources, a server that is ahead as ahead",
    needs: ["chrony"],
    run: async (world) => {
      const daemon = await world.host("daemon");
      const client = await world.host("client");
      const servers = await threeServers(world, 0.25);
      const sources = servers.map(({ ipv4 }) => `server ${ipv4} iburst minpoll 0 maxpoll 0`);
      // However the two good ones' distances fall in a busy moment, chronyd is to combine them.
      await world.chronyd(daemon, [...sources, "combinelimit 1000000", "cmdport 323", "bindcmdaddress 0.0.0.0", `cmdallow ${client.ipv4}`]);
      for (const [host, named] of [[daemon, []], [client, [daemon.ipv4]]] as const) {
        const run = await world.ntpkit(host, ["peers", "-n", ...named, "--json"]);
        const [told] = (JSON.parse(run.stdout) as PeersDocument).hosts;
        assert.deepEqual([run.code, told?.protocol, told?.daemon], [0, "cmdmon", "chronyd"]);
        const tallies = told?.associations.map(({ address, tally, stratum, type }) => [address, tally, stratum, type]);
        const good = tallies?.slice(0, 2).map(([, tally]) => tally).toSorted();
        assert.deepEqual(good, ["*", "+"]);
        assert.deepEqual(tallies?.[2], [servers[2]?.ipv4, "x", 3, "u"]);
        near(told?.associations[2]?.offset ?? null, 0.25, 0.005, "the offset");
        assert.match((await world.ntpkit(host, ["peers", "-n", ...named])).stdout, /^x10\.77\.0\.5 .* \+2[45]\d\.\d+ /m);
      }
    },
  },
  {
    name: "seeing: a daemon that tells nothing is 69, a host where none answers 10",
    needs: ["openntpd"],
    run: async (world) => {
      const daemon = await world.host("daemon");
      const client = await world.host("client");
      await world.openntpd(daemon, [], { want: "any" });
      for (const [host, named] of [[daemon, "127.0.0.1"], [client, daemon.ipv4]] as const) {
        const mute = await world.ntpkit(host, ["peers", named]);
        assert.equal(mute.code, 69);
        assert.match(mute.stderr, /NTP is answered there, but no control protocol/);
      }
      for (const command of ["peers", "associations", "readvar", "mru", "trace"]) {
        assert.equal((await world.ntpkit(client, [command, "127.0.0.1"])).code, 10, `${command} of nobody`);
      }
      assert.equal((await world.ntpkit(client, ["peers", NOBODY])).code, 10);
    },
  },
  {
    name: "seeing: trace follows a chain of ntpd, chronyd and NTPsec",
    needs: ["chrony", "classic", "ntpsec"],
    run: async (world) => {
      const [first, second, third, client] = [await world.host("first"), await world.host("second"), await world.host("third"), await world.host("client")];
      await world.ntpd("ntpsec", first);
      await world.chronyd(second, [`server ${first.ipv4} iburst minpoll 0 maxpoll 0`]);
      await world.ntpd("classic", third, [`server ${second.ipv4} iburst`], { clock: await world.clock("third", 0), orphan: false });
      const run = await world.ntpkit(client, ["trace", "-n", third.ipv4]);
      assert.equal(run.code, 0);
      const hops = run.stdout.trimEnd().split("\n").map((line) => /^(\S+): stratum (\d+), offset -?0\.00\d+, /.exec(line)?.slice(1));
      assert.deepEqual(hops, [[third.ipv4, "8"], [second.ipv4, "7"], [first.ipv4, "6"]]);
    },
  },
  {
    name: "seeing: ntpq of ntpd and of NTPsec and peers are answered by run and by serve",
    needs: ["chrony", "classic", "ntpsec"],
    run: async (world) => {
      const server = await world.host("server");
      await world.chronyd(server);
      const config = await world.write("run.conf", [`server ${server.ipv4} iburst`]);
      for (const args of [["run", "--no-clock", "-c", config], ["serve", server.ipv4, "--user", "root"]]) {
        const daemon = await world.host(args[0] ?? "");
        await world.ntpkitDaemon(daemon, args);
        await world.ask(server, daemon.ipv4);
        await same(world, daemon, "classic", ["peers", "-n"], ["-pn"], masked);
        await same(world, daemon, "ntpsec", ["peers", "-n"], ["-pn"], rounded);
        for (const which of ["classic", "ntpsec"] as const) {
          for (const [words, seen] of ANSWERS) assert.match((await world.tool(which, daemon, [NTPQ, ...words])).stdout, seen);
        }
        assert.equal((await world.ntpkit(server, ["peers", daemon.ipv4])).code, 69, "no questions of other hosts");
      }
    },
  },
  {
    name: "seeing: check judges servers and what ntpd and chronyd say, in a plugin's words and codes",
    needs: ["chrony", "classic"],
    run: async (world) => {
      const [right, ahead, chrony, ntp] = [await world.host("right"), await world.host("ahead"), await world.host("chrony"), await world.host("ntp")];
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
      await checked(world, chrony, ["-w", "100ms", "-c", "200ms", ahead.ipv4], 2, /^NTP CRITICAL: .*\|offset=0\.2[45]\d+s/);
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
      await world.ntpd("classic", ntp, [follow], { clock: await world.clock("ntp", 0), orphan: false, want: "unsynchronized" });
      for (const host of [chrony, ntp]) {
        const run = await world.ntpkit(host, ["wait", "--daemon", "127.0.0.1", "--timeout", "2s", "--json"]);
        assert.notEqual(run.code, 0, "nobody is there to be synchronized to");
      }
      await world.chronyd(server);
      for (const host of [chrony, ntp]) {
        assert.equal((await world.ntpkit(host, ["wait", "--daemon", "127.0.0.1", "--timeout", "2m"], { timeout: 150 })).code, 0);
        await world.ask(host, "127.0.0.1", "synchronized", 1);
      }
    },
  },
];

/** Questions to a daemon of ours that follows 10.77.0.1, and what every ntpq prints of the answers. */
const ANSWERS: readonly (readonly [words: readonly string[], seen: RegExp])[] = [
  [["-pn"], /^\*10\.77\.0\.1 +\S+ +3 u .* \d+\.\d+ +[-+]?0\.\d+ +0\.\d+$/m],
  [["-c", "as"], /^ +1 +\d+ +96[0-9a-f]{2} +yes +yes +none +sys\.peer +sys_peer/m],
  [["-c", "rv"], /leap_none, sync_ntp, (.*\n)*version="ntpkit .*(.*\n)*.*\bstratum=4,(.*\n)*.*refid=10\.77\.0\.1,/],
  [["-c", "sysinfo"], /^system peer: +10\.77\.0\.1:123\n(.*\n)*stratum: +4\n/m],
  [["-n", "-c", "mrulist"], / 3 4 +\d+ .* 10\.77\.0\.1$/m],
];

/** What scenarios look at in a document of `peers`. */
interface PeersDocument {
  readonly hosts: readonly {
    readonly protocol: string;
    readonly daemon: string;
    readonly associations: readonly { readonly address: string; readonly tally: string; readonly stratum: number; readonly type: string; readonly offset: number }[];
  }[];
}

/** System variables that are other each time they are read. */
const MOVING = /\b(clock|rootdisp)=[^,]*(, [A-Z][^,]*,? ?[^,]*)?(?=,)/g;

/** Words of ntpkit's beside the words of ntpq's for the same. */
const PEERS: readonly (readonly [ours: readonly string[], theirs: readonly string[]])[] = [
  [["-n"], ["-pn"]],
  [["-nw"], ["-wpn"]],
  [["-n", "--all"], ["-n", "-c", "lpeers"]],
  [["-n", "--associations"], ["-n", "-c", "apeers"]],
];

/** Runs `ntpkit check`, which must end with this code and print this line. */
async function checked(world: World, host: Host, words: readonly string[], code: number, line: RegExp): Promise<void> {
  const run = await world.ntpkit(host, ["check", ...words]);
  assert.equal(run.code, code, run.stdout);
  assert.match(run.stdout, line);
}

/** A daemon with two good servers, one that is 3 s wrong and one that is not there, when it has chosen among them. */
async function follower(world: World, which: "classic" | "ntpsec"): Promise<Host> {
  const daemon = await world.host("daemon");
  const servers = await threeServers(world, 3);
  const lines = [...servers.map(({ ipv4 }) => ipv4), NOBODY].map((address) => `server ${address} iburst`);
  // NTPsec answers no questions unless told to.
  await world.ntpd(which, daemon, [...lines, "restrict 127.0.0.1", "restrict ::1"], { clock: await world.clock("daemon", 0), want: "any", orphan: false });
  // NTPsec mobilizes nobody while it is asked more often than once a second.
  if (which === "ntpsec") await sleep(QUIET * 1000);
  await world.ntpq(daemon, ["-pn"], /^\*.*\n(.*\n)*x|^x.*\n(.*\n)*\*/m, 30);
  return daemon;
}

/** NTPsec has polled its servers often enough by then, seconds. */
const QUIET = 14;

/** Two servers that are right and a third that is `wrong` seconds ahead. */
async function threeServers(world: World, wrong: number): Promise<readonly Host[]> {
  const servers: Host[] = [];
  for (const [name, offset] of [["good", 0], ["fair", 0], ["liar", wrong]] as const) {
    const server = await world.host(name);
    await world.chronyd(server, ["local stratum 3"], { clock: await world.clock(name, offset) });
    servers.push(server);
  }
  return servers;
}

/** How long a daemon may go on changing what it says before the two tools have seen the same, seconds. */
const CALM = 10;

/**
 * That ntpkit and ntpq print the same. What the daemon says moves: only a look of ntpkit's between two of ntpq's that agree
 * is judged.
 * @param still takes out what moves all the time
 */
async function same(
  world: World,
  host: Host,
  ntpq: "classic" | "ntpsec",
  ours: readonly string[],
  theirs: readonly string[],
  still: (text: string) => string,
): Promise<void> {
  const look = async (): Promise<string> => still((await world.tool(ntpq, host, [NTPQ, ...theirs])).stdout);
  const end = performance.now() + CALM * 1000;
  for (let before = await look(); ; ) {
    const seen = await world.ntpkit(host, ours);
    const after = await look();
    if (before === after) {
      assert.equal(seen.code, 0);
      assert.equal(still(seen.stdout), after);
      return;
    }
    assert.ok(performance.now() < end, `ntpq ${theirs.join(" ")} does not print the same twice`);
    before = after;
  }
}

/** The table of peers without the column `when`. */
function masked(text: string): string {
  return text.replace(/^(.* [lubmsMBpo-] +)( *\d+[mhdy]?|-)(?= +\d+[mhdy]? +\d+ )/gm, "$1when");
}

/** Rows of the table with numbers as they are when rounded, and without the reference id, which NTPsec writes otherwise. */
function rounded(text: string): string {
  const rows = masked(text).split("\n").slice(2).map((line) => line.trim().split(/\s+/));
  return rows.map(([remote, , ...rest]) => [remote, ...rest.map((word) => (/\./.test(word) ? Math.round(Number(word)) : word))].join(" ")).join("\n");
}

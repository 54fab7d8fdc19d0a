/** Looking at daemons: the table of peers, of whatever daemon, beside what its own tools show at the same moment. */
import assert from "node:assert/strict";
import { telegrafRows } from "../../support/telegraf.ts";
import { follower, masked, NOBODY, rounded, same, threeServers } from "../looks.ts";
import { near, type Scenario } from "../scenario.ts";

export const seeing: readonly Scenario[] = [
  {
    name: "seeing: peers is what ntpq of ntpd prints at the same moment, a falseticker and a lost server among them",
    needs: ["chrony", "classic"],
    run: async (world) => {
      const daemon = await follower(world, "classic");
      for (const [ours, theirs] of PEERS) await same(world, daemon, "classic", ["peers", ...ours], theirs, masked);
      await same(
        world,
        daemon,
        "classic",
        ["peers", "-n", "127.0.0.1", daemon.ipv4],
        ["-pn", "127.0.0.1", daemon.ipv4],
        masked,
      );
    },
  },
  {
    name: "seeing: peers is read by Telegraf's rules as ntpq's is, of ntpd and of chronyd",
    needs: ["chrony", "classic"],
    run: async (world) => {
      const daemon = await follower(world, "classic");
      await same(world, daemon, "classic", ["peers", "-n"], ["-pn"], (text) => {
        const { rows, errors } = telegrafRows(text);
        assert.deepEqual([rows.length, errors], [4, []]);
        return JSON.stringify(rows.map(({ fields, ...tags }) => ({ ...tags, ...fields, when: null })));
      });
      const other = await world.host("other");
      await world.chronyd(other, [`server ${daemon.ipv4} iburst`, `server ${NOBODY}`, "cmdport 323"], { want: "any" });
      const { rows, errors } = telegrafRows((await world.ntpkit(other, ["peers", "-n", "--compat", "ntpq"])).stdout);
      assert.deepEqual([rows.map(({ remote }) => remote), errors], [[daemon.ipv4, NOBODY], []]);
    },
  },
  {
    name: "seeing: peers is what ntpq of NTPsec prints of ntpd, but for how it writes numbers and reference ids",
    needs: ["chrony", "classic", "ntpsec"],
    run: async (world) => {
      const daemon = await follower(world, "classic");
      await same(world, daemon, "ntpsec", ["peers", "-n"], ["-pn"], rounded);
      // Nothing is long here: `-w` changes nothing for either.
      await same(world, daemon, "ntpsec", ["peers", "-nw"], ["-wpn"], rounded);
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
    name: "seeing: peers shows chronyd's sources, a server that is ahead as ahead",
    needs: ["chrony"],
    run: async (world) => {
      const daemon = await world.host("daemon");
      const client = await world.host("client");
      const servers = await threeServers(world, 0.25);
      const sources = servers.map(({ ipv4 }) => `server ${ipv4} iburst minpoll 0 maxpoll 0`);
      // However the two good ones' distances fall in a busy moment, chronyd is to combine them.
      await world.chronyd(daemon, [
        ...sources,
        "combinelimit 1000000",
        "cmdport 323",
        "bindcmdaddress 0.0.0.0",
        `cmdallow ${client.ipv4}`,
      ]);
      for (const [host, named] of [
        [daemon, []],
        [client, [daemon.ipv4]],
      ] as const) {
        const run = await world.ntpkit(host, ["peers", "-n", ...named, "--json"]);
        const [told] = (JSON.parse(run.stdout) as PeersDocument).hosts;
        assert.deepEqual([run.code, told?.protocol, told?.daemon], [0, "cmdmon", "chronyd"]);
        const tallies = told?.associations.map(({ address, tally, stratum, type }) => [address, tally, stratum, type]);
        const good = tallies
          ?.slice(0, 2)
          .map(([, tally]) => tally)
          .toSorted();
        assert.deepEqual(good, ["*", "+"]);
        assert.deepEqual(tallies?.[2], [servers[2]?.ipv4, "x", 3, "u"]);
        near(told?.associations[2]?.offset ?? null, 0.25, 0.005, "the offset");
        assert.match(
          (await world.ntpkit(host, ["peers", "-n", ...named])).stdout,
          /^x10\.77\.0\.5 .* \+2[45]\d\.\d+ /m,
        );
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
      for (const [host, named] of [
        [daemon, "127.0.0.1"],
        [client, daemon.ipv4],
      ] as const) {
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
    name: "seeing: peers learns more of chronyd by its Unix socket, wherever that is",
    needs: ["chrony"],
    run: async (world) => {
      const daemon = await world.host("daemon");
      const servers = await threeServers(world, 0.25);
      const sources = servers.map(({ ipv4 }) => `server ${ipv4} iburst minpoll 0 maxpoll 0`);
      await world.chronyd(daemon, [...sources, "combinelimit 1000000", "cmdport 323"]);
      const socket = world.chronySocket(daemon);
      const run = await world.ntpkit(daemon, ["peers", "-n", socket, "127.0.0.1", "--json"]);
      const [whole, part] = (JSON.parse(run.stdout) as PeersDocument).hosts;
      assert.deepEqual(
        [whole?.protocol, whole?.withheld, part?.protocol, part?.withheld],
        ["cmdmon", false, "cmdmon", true],
      );
      assert.ok(
        whole?.associations.every(({ delay }) => delay !== null),
        "the delays are told there",
      );
      assert.ok(
        part?.associations.every(({ delay }) => delay === null),
        "and here not",
      );
      assert.deepEqual(
        whole?.associations.map(({ reason }) => reason),
        [null, null, "outsideIntersection"],
      );
      const mute = await world.ntpkit(daemon, ["peers", "-v", "127.0.0.1"]);
      assert.match(mute.stderr, /over its Unix socket only/);
    },
  },
  {
    name: "seeing: peers --explain says of ntpd and of chronyd why each loser lost, by our own selection",
    needs: ["chrony", "classic"],
    run: async (world) => {
      const ntp = await follower(world, "classic");
      const other = await world.host("other");
      // The same three, after the daemon's own host.
      const servers = ["10.77.0.2", "10.77.0.3", "10.77.0.4"];
      await world.chronyd(other, [
        ...servers.map((address) => `server ${address} iburst minpoll 0 maxpoll 0`),
        "combinelimit 1000000",
        "cmdport 323",
      ]);
      for (const daemon of [ntp, other]) {
        const run = await world.ntpkit(daemon, ["peers", "-n", "--explain", "--json"]);
        const [told] = (JSON.parse(run.stdout) as PeersDocument).hosts;
        const judged = told?.explanation?.judgements.map(({ verdict, reason }) =>
          verdict === "falseticker" ? reason : verdict === "rejected" ? reason : null,
        );
        assert.equal(judged?.filter((reason) => reason === "outsideIntersection").length, 1);
        assert.ok(told?.explanation?.intersection, "a majority agrees");
        const { stdout } = await world.ntpkit(daemon, ["peers", "-n", "--explain"]);
        assert.match(stdout, /: its time disagrees with the majority: its offset is \+[23]\.\d+ s within /);
        assert.match(stdout, /├.*●.*┤/);
      }
      assert.match((await world.ntpkit(ntp, ["peers", "-n", "--explain"])).stdout, /10\.77\.0\.250: it did not answer/);
    },
  },
  {
    name: "seeing: where no daemon answers peers polls the configured servers, and says so",
    needs: ["chrony"],
    run: async (world) => {
      const client = await world.host("client");
      const servers = await threeServers(world, 3);
      const config = await world.write(
        "servers.conf",
        servers.map(({ ipv4 }) => `server ${ipv4} iburst`),
      );
      const run = await world.ntpkit(client, ["peers", "-n", "-c", config]);
      assert.equal(run.code, 0, run.stderr);
      assert.match(run.stderr, /no time daemon answers here: these are the servers of .*servers\.conf, polled now/);
      assert.deepEqual(
        run.stdout
          .split("\n")
          .slice(2, 5)
          .map((line) => line[0])
          .toSorted(),
        ["*", "+", "x"],
      );
      const wide = await world.ntpkit(client, ["peers", "-n", "--wide", "-c", config]);
      assert.match(wide.stdout, /measured now, no daemon.*\n(.*\n)*.*█.*outside intersection/);
      assert.equal((await world.ntpkit(client, ["peers"])).code, 10, "and without servers there is nobody");
    },
  },
  {
    name: "seeing: peers --watch asks again, and a reader that goes away ends it in silence",
    needs: ["chrony", "classic"],
    run: async (world) => {
      const daemon = await follower(world, "classic");
      const run = await world.ntpkit(daemon, ["peers", "-n", "--watch", "500ms", "--deadline", "3s"]);
      assert.equal(run.code, 0);
      assert.ok((run.stdout.match(/^ {5}remote/gm)?.length ?? 0) >= 2, "drawn more than once");
      for (const args of [["peers", "-n"], ["peers", "-n", "--watch", "200ms"], ["readvar"], ["mru", "-n"]]) {
        const cut = await world.ntpkit(daemon, args, { into: "head -n 1" });
        assert.deepEqual([cut.code, cut.stderr, cut.stdout.split("\n").length], [0, "", 2], args.join(" "));
      }
    },
  },
];

/** What scenarios look at in a document of `peers`. */
interface PeersDocument {
  readonly hosts: readonly {
    readonly protocol: string;
    readonly daemon: string;
    readonly withheld: boolean;
    readonly explanation?: {
      readonly intersection: object | null;
      readonly judgements: readonly { readonly verdict: string; readonly reason: string | null }[];
    };
    readonly associations: readonly {
      readonly address: string;
      readonly tally: string;
      readonly stratum: number;
      readonly type: string;
      readonly offset: number;
      readonly delay: number | null;
      readonly reason: string | null;
    }[];
  }[];
}

/** Words of ntpkit's beside the words of ntpq's for the same. */
const PEERS: readonly (readonly [ours: readonly string[], theirs: readonly string[]])[] = [
  [["-n"], ["-pn"]],
  [["-nw"], ["-wpn"]],
  [
    ["-n", "--all"],
    ["-n", "-c", "lpeers"],
  ],
  [
    ["-n", "--associations"],
    ["-n", "-c", "apeers"],
  ],
];

/** The questions of mode 6: what ntpkit asks of real daemons beside ntpq, and what real ntpqs ask of ntpkit. */
import assert from "node:assert/strict";
import { chmod } from "node:fs/promises";
import { follower, masked, NTPQ, rounded, same } from "../looks.ts";
import type { Scenario } from "../scenario.ts";

export const questions: readonly Scenario[] = [
  {
    name: "seeing: associations, readvar and mru are what ntpq prints",
    needs: ["chrony", "classic"],
    run: async (world) => {
      const daemon = await follower(world, "classic");
      await same(world, daemon, "classic", ["associations"], ["-c", "as"], (text) => text);
      await same(world, daemon, "classic", ["readvar"], ["-c", "rv"], (text) =>
        text.replace(/\s+/g, " ").replace(MOVING, "$1"),
      );
      const id = /^ *1 +(\d+) /m.exec((await world.ntpkit(daemon, ["associations"])).stdout)?.[1] ?? "";
      for (const names of [[], ["srcadr", "stratum", "refid"]]) {
        const theirs = ["-n", "-c", ["rv", id, ...names].join(" ")];
        await same(
          world,
          daemon,
          "classic",
          ["readvar", "-n", "--association", id, "localhost", ...names],
          theirs,
          (text) => text.replace(/headway=\d+/, "headway"),
        );
      }
      // Every question is a packet more from this host: its own row moves.
      const others = (text: string): string =>
        text.replace(/^(.* (127\.0\.0\.1|::1)|Ctrl-C.*|\r.*)\n?/gm, "").replace(/^ +\d+ +\d+ /gm, "");
      await same(world, daemon, "classic", ["mru", "-n", "--sort", "addr"], ["-n", "-c", "mrulist sort=addr"], others);
    },
  },
  {
    name: "seeing: ntpq of ntpd and of NTPsec and peers are answered by run and by serve",
    needs: ["chrony", "classic", "ntpsec"],
    run: async (world) => {
      const server = await world.host("server");
      await world.chronyd(server);
      const config = await world.write("run.conf", [`server ${server.ipv4} iburst`]);
      for (const args of [
        ["run", "--no-clock", "-c", config],
        ["serve", server.ipv4, "--user", "root"],
      ]) {
        const daemon = await world.host(args[0] ?? "");
        await world.ntpkitDaemon(daemon, args);
        await world.ask(server, daemon.ipv4);
        await same(world, daemon, "classic", ["peers", "-n"], ["-pn"], masked);
        await same(world, daemon, "ntpsec", ["peers", "-n"], ["-pn"], rounded);
        for (const which of ["classic", "ntpsec"] as const) {
          for (const [words, seen] of ANSWERS)
            assert.match((await world.tool(which, daemon, [NTPQ, ...words])).stdout, seen);
        }
        assert.equal((await world.ntpkit(server, ["peers", daemon.ipv4])).code, 69, "no questions of other hosts");
      }
    },
  },
  {
    name: "seeing: sysinfo, kerninfo and their like, clockvar and pstats are what ntpq prints",
    needs: ["chrony", "classic"],
    run: async (world) => {
      const daemon = await follower(world, "classic", ["server 127.127.1.0", "fudge 127.127.1.0 stratum 12"]);
      const list = (await world.ntpkit(daemon, ["associations"])).stdout;
      const [first = "", last = ""] = [/^ +1 +(\d+) /m.exec(list)?.[1], /(?:^ +\d+ +(\d+) .*\n)+/m.exec(list)?.[1]];
      for (const name of ["sysinfo", "kerninfo", "sysstats", "iostats", "timerstats", "authinfo", "monstats"]) {
        await same(world, daemon, "classic", [name, "-n"], ["-n", "-c", name], counted);
      }
      await same(
        world,
        daemon,
        "classic",
        ["pstats", "-n", "--association", first],
        ["-n", "-c", `pstats ${first}`],
        counted,
      );
      await same(
        world,
        daemon,
        "classic",
        ["readvar", "--clock", "--association", last],
        ["-n", "-c", `clockvar ${last}`],
        (text) => text.replace(/poll=\d+/, "poll"),
      );
    },
  },
  {
    name: "seeing: ifstats and reslist are what ntpq prints, with the control key and with no other",
    needs: ["chrony", "classic"],
    run: async (world) => {
      const keys = await world.write("ntp.keys", ["7 SHA1 shortsha1key", "8 MD5 another", "9 SHA256 0123456789abcdef"]);
      const daemon = await follower(world, "classic", [
        `keys ${keys}`,
        "trustedkey 7 8",
        "controlkey 7",
        "restrict 192.0.2.0 mask 255.255.255.0 noquery limited kod",
      ]);
      await chmod(keys, 0o600);
      const keyed = ["-c", "keyid 7", "-c", "keytype SHA1", "-c", "passwd shortsha1key"];
      const withKey = ["--keys", keys, "--key", "7"];
      const heads = (text: string): string => text.replace(/^\n+/, "");
      await same(
        world,
        daemon,
        "classic",
        ["ifstats", ...withKey, "127.0.0.1"],
        ["-n", ...keyed, "-c", "ifstats", "127.0.0.1"],
        (text) =>
          heads(text)
            .replaceAll(/(?<= ) *\d+ +\d+(?= +\d+ +\d+ +\d+$)/gm, "n")
            .replaceAll(/ +\d+$/gm, ""),
      );
      await same(
        world,
        daemon,
        "classic",
        ["reslist", ...withKey, "127.0.0.1"],
        ["-n", ...keyed, "-c", "reslist", "127.0.0.1"],
        (text) => heads(text).replaceAll(/^ +\d+ (?=\S)/gm, "n "),
      );
      const refused = await world.ntpkit(daemon, ["ifstats", "--keys", keys, "--key", "8", "127.0.0.1"]);
      assert.equal(refused.code, 15, refused.stderr);
      assert.match(refused.stderr, /the key or its code is wrong, or it is not the daemon's control key/);
      assert.equal((await world.ntpkit(daemon, ["reslist", "127.0.0.1"])).code, 64);
    },
  },
  {
    name: "seeing: what ntpd refuses is told by name",
    needs: ["classic"],
    run: async (world) => {
      const [daemon, client] = [await world.host("daemon"), await world.host("client")];
      await world.ntpd("classic", daemon, [`restrict ${client.ipv4} noquery`]);
      const refusals: readonly (readonly [words: readonly string[], told: RegExp])[] = [
        [["readvar", "127.0.0.1", "nosuchvariable"], /the daemon refused: it does not know the variable/],
        [["readvar", "--association", "1", "127.0.0.1"], /the daemon refused: it has no such association/],
        [["pstats", "--association", "1", "127.0.0.1"], /the daemon refused: it has no such association/],
      ];
      for (const [words, told] of refusals) {
        const run = await world.ntpkit(daemon, words);
        assert.deepEqual([run.code, run.stdout], [69, ""], words.join(" "));
        assert.match(run.stderr, told);
      }
      const closed = await world.ntpkit(client, ["readvar", daemon.ipv4]);
      assert.equal(closed.code, 69);
      assert.match(closed.stderr, /NTP is answered there, but no control protocol is/);
    },
  },
  {
    name: "seeing: mru lists some thousand addresses as ntpq does, in many slices",
    needs: ["classic"],
    run: async (world) => {
      const daemon = await world.host("daemon");
      await world.ntpd("classic", daemon, ["mru maxdepth 20000 maxmem 20000"]);
      await world.run(daemon, ["python3", "-c", HEARD, "4000"]);
      // Every question is a packet more from this host: its own row moves.
      const others = (text: string): string =>
        text.replace(/^(.* (127\.0\.0\.1|::1)|Ctrl-C.*|\r.*)\n?/gm, "").replace(/^ +\d+ +\d+ /gm, "");
      await same(
        world,
        daemon,
        "classic",
        ["mru", "-n", "--sort", "addr", "127.0.0.1"],
        ["-n", "-c", "mrulist sort=addr", "127.0.0.1"],
        others,
      );
      const run = await world.ntpkit(daemon, ["mru", "-n", "--json", "127.0.0.1"]);
      const { entries, complete } = JSON.parse(run.stdout) as {
        entries: readonly { address: string }[];
        complete: boolean;
      };
      assert.deepEqual([new Set(entries.map(({ address }) => address)).size, complete], [entries.length, true]);
      assert.ok(entries.length > 3500, `${entries.length} addresses`);
    },
  },
  {
    name: "seeing: our daemon answers other hosts' ntpq only where restrict lines let it",
    needs: ["chrony", "classic", "ntpsec"],
    run: async (world) => {
      const [server, client, stranger] = [
        await world.host("server"),
        await world.host("client"),
        await world.host("stranger"),
      ];
      await world.chronyd(server);
      const daemon = await world.host("daemon");
      const config = await world.write("run.conf", [
        `server ${server.ipv4} iburst`,
        "restrict default noquery",
        `restrict ${client.ipv4}`,
        "restrict 127.0.0.1",
      ]);
      await world.ntpkitDaemon(daemon, ["run", "--no-clock", "-c", config]);
      await world.ask(server, daemon.ipv4);
      for (const which of ["classic", "ntpsec"] as const) {
        assert.match((await world.tool(which, client, [NTPQ, "-pn", daemon.ipv4])).stdout, /^\*10\.77\.0\.1 /m);
        assert.doesNotMatch((await world.tool(which, stranger, [NTPQ, "-pn", daemon.ipv4])).stdout, /10\.77\.0\.1 /);
      }
      assert.equal((await world.ntpkit(client, ["peers", daemon.ipv4])).code, 0);
      assert.equal((await world.ntpkit(stranger, ["peers", daemon.ipv4])).code, 69);
    },
  },
];

/** Has the daemon on 127.0.0.1 hear so many addresses of 127.1.0.0/16, at a pace it can follow. */
const HEARD = `
import socket, sys, time
for i in range(int(sys.argv[1])):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("127.1.%d.%d" % (i >> 8, i & 255), 0))
    s.sendto(bytes([0x23]) + bytes(39) + bytes([0xe0, 1, 2, 3, 4, 5, 6, 7]), ("127.0.0.1", 123))
    s.close()
    if i % 50 == 49: time.sleep(0.005)
`;

/** Reports whose numbers and times move from question to question: what stays is the lines, their labels and the kinds of their values. */
function counted(text: string): string {
  return text.replaceAll(/ +[0-9a-f]{8}\.[0-9a-f]{8} .*$/gm, " time").replaceAll(/: +-?\d+(\.\d+)?$/gm, ": n");
}

/** Questions to a daemon of ours that follows 10.77.0.1, and what every ntpq prints of the answers. */
const ANSWERS: readonly (readonly [words: readonly string[], seen: RegExp])[] = [
  [["-pn"], /^\*10\.77\.0\.1 +\S+ +3 u .* \d+\.\d+ +[-+]?0\.\d+ +0\.\d+$/m],
  [["-c", "as"], /^ +1 +\d+ +96[0-9a-f]{2} +yes +yes +none +sys\.peer +sys_peer/m],
  [["-c", "rv"], /leap_none, sync_ntp, (.*\n)*version="ntpkit .*(.*\n)*.*\bstratum=4,(.*\n)*.*refid=10\.77\.0\.1,/],
  [["-c", "sysinfo"], /^system peer: +10\.77\.0\.1:123\n(.*\n)*stratum: +4\n/m],
  [["-n", "-c", "mrulist"], / 3 4 +\d+ .* 10\.77\.0\.1$/m],
];

/** System variables that are other each time they are read. */
const MOVING = /\b(clock|rootdisp)=[^,]*(, [A-Z][^,]*,? ?[^,]*)?(?=,)/g;

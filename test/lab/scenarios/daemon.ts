/** `ntpkit run` among other daemons: it follows them, they follow it, and a liar does not lead it astray. */
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { near, type Scenario } from "../scenario.ts";
import type { Host } from "../netns.ts";
import type { PeerName } from "../peers.ts";
import type { Running } from "../processes.ts";
import type { World } from "../world.ts";

export const daemon: readonly Scenario[] = [
  {
    name: "daemon: run follows two chronyds, rereads its file on SIGHUP and leaves on SIGTERM with 0",
    needs: ["chrony"],
    run: async (world) => {
      const [first = "", second = ""] = await servers(world, ["first", "second"]);
      const host = await world.host("daemon");
      const config = await world.write("run.conf", [`server ${first} iburst`]);
      const running = await world.ntpkitDaemon(host, ["run", "--no-clock", "-c", config]);
      assert.deepEqual(tallies(await peers(world, host)), { [first]: "*" });
      await world.write("run.conf", [`server ${first} iburst`, `server ${second} iburst`]);
      await signal(running, "SIGHUP");
      await seen(world, host, (rows) => rows.length === 2 && rows.every(({ tally }) => "*+".includes(tally)));
      await signal(running, "SIGTERM");
      await patiently(() => running.ended() !== undefined, 5, "it did not end on SIGTERM");
      assert.equal(running.ended(), 0);
    },
  },
  {
    name: "daemon: ntpq with the control key adds a server and takes it away, and nobody without it does",
    needs: ["chrony", "classic"],
    run: async (world) => {
      const [first = "", second = ""] = await servers(world, ["first", "second"]);
      const host = await world.host("daemon");
      const keys = await world.write("run.keys", ["5 SHA1 6ab3c02a4f9be8d1"]);
      const config = await world.write("run.conf", [
        `server ${first} iburst`,
        `keys ${keys}`,
        "trustedkey 5",
        "controlkey 5",
      ]);
      await world.ntpkitDaemon(host, ["run", "--no-clock", "-c", config]);
      const ask = (secret: string, line: string): readonly string[] => [
        "-c",
        "keytype SHA1",
        "-c",
        "keyid 5",
        "-c",
        `passwd ${secret}`,
        "-c",
        `:config ${line}`,
      ];
      await world.ntpq(host, ask("6ab3c02a4f9be8d1", `server ${second} iburst`), /Config Succeeded/, 10);
      await seen(world, host, (rows) => rows.length === 2 && rows.every(({ tally }) => "*+".includes(tally)));
      await world.ntpq(
        host,
        ask("6ab3c02a4f9be8d1", `keys /dev/null`),
        /config:1:1: "keys" cannot be said from afar/,
        10,
      );
      await world.ntpq(host, ask("6ab3c02a4f9be8d1", `unpeer ${first}`), /Config Succeeded/, 10);
      assert.deepEqual(Object.keys(tallies(await peers(world, host))), [second]);
      const wrong = await world.tool("classic", host, ["usr/bin/ntpq", ...ask("another-secret", `unpeer ${second}`)]);
      assert.doesNotMatch(wrong.stdout, /Succeeded/);
      assert.deepEqual(Object.keys(tallies(await peers(world, host))), [second]);
    },
  },
  {
    name: "daemon: run that listens on one address only answers there, and searches of its groups",
    needs: [],
    run: async (world) => {
      const [client, host] = [await world.host("client"), await world.host("daemon")];
      await host.addAddresses(["10.77.0.101/24"]);
      const config = await world.write("run.conf", [
        "server 127.127.1.0",
        "interface ignore all",
        "interface listen lo",
        `interface listen ${host.ipv4}`,
        "manycastserver 239.1.1.1",
      ]);
      await world.ntpkitDaemon(host, ["run", "--no-clock", "-c", config]);
      const search = await world.ntpkit(client, [
        "manycast",
        "239.1.1.1",
        "--ttl",
        "1",
        "--no-auth",
        "--samples",
        "1",
        "--json",
      ]);
      assert.deepEqual(
        search.report.associations?.map(({ address, verdict }) => [address, verdict]),
        [[host.ipv4, "systemPeer"]],
      );
      const asked = await world.ntpkit(client, ["query", host.ipv4, "10.77.0.101", "--json"]);
      assert.deepEqual(
        asked.report.associations?.map(({ address, reason }) => [address, reason]),
        [
          [host.ipv4, null],
          ["10.77.0.101", "portUnreachable"],
        ],
      );
    },
  },
  {
    name: "daemon: a configuration that became wrong is told of on SIGHUP, and the daemon goes on",
    needs: ["chrony"],
    run: async (world) => {
      const [server = ""] = await servers(world, ["server"]);
      const host = await world.host("daemon");
      const config = await world.write("run.conf", [`server ${server} iburst`]);
      const running = await world.ntpkitDaemon(host, ["run", "--no-clock", "-c", config]);
      await world.write("run.conf", [`servr ${server} iburst`]);
      await signal(running, "SIGHUP");
      await patiently(() => /run\.conf:1:1.*servr/.test(running.output()), 5, "the mistake was not told");
      assert.deepEqual(tallies(await peers(world, host)), { [server]: "*" });
      assert.equal(running.ended(), undefined);
    },
  },
  {
    name: "daemon: run steps a clock that is 250 ms behind and then serves the right time",
    needs: ["chrony"],
    run: async (world) => {
      const addresses = await servers(world, ["first", "second"]);
      const host = await world.host("daemon");
      const client = await world.host("client");
      const clock = await world.clock("daemon", -0.25);
      const config = await world.write(
        "run.conf",
        addresses.map((address) => `server ${address} iburst`),
      );
      await world.ntpkitDaemon(host, ["run", "-c", config], { clock });
      const state = await clock.read();
      assert.ok(state.steps >= 1, "it was stepped");
      near(state.offset + state.slew, 0, 0.005, "the clock afterwards");
      await patiently(
        async () => ((await clock.read()).status & STA_UNSYNC) === 0,
        20,
        "the kernel was not told that its clock is right",
      );
      const told = await clock.read();
      assert.ok(told.maximumError > 0 && told.maximumError < 1, `a maximum error of ${told.maximumError} s`);
      assert.ok(
        told.estimatedError < 0.1 && told.estimatedError <= told.maximumError,
        `an estimated error of ${told.estimatedError} s`,
      );
      assert.ok(told.timeConstant >= 3 && told.timeConstant <= 10, `a time constant of ${told.timeConstant}`);
      near(await offsetByChronyd(world, client, host.ipv4), 0, 0.005, "what it tells chronyd");
    },
  },
  {
    name: "daemon: chronyd and ntpd follow a run",
    needs: ["chrony", "classic"],
    run: async (world) => {
      const [server = ""] = await servers(world, ["server"]);
      const host = await world.host("daemon");
      const config = await world.write("run.conf", [`server ${server} iburst`]);
      await world.ntpkitDaemon(host, ["run", "--no-clock", "-c", config]);
      const [chrony, ntp] = [await world.host("chrony"), await world.host("ntp")];
      await Promise.all([
        world.chronyd(chrony, [`server ${host.ipv4} iburst`], { want: "synchronized" }),
        world.ntpd("classic", ntp, [`server ${host.ipv4} iburst`], {
          clock: await world.clock("ntp", 0),
          orphan: false,
        }),
      ]);
      for (const { ipv4 } of [chrony, ntp]) assert.equal((await world.ask(host, ipv4)).stratum, 5);
      assert.match(await world.ntpq(ntp, ["-pn"], /^\*/m), new RegExp(`^\\*${host.ipv4} +${server} +4 u`, "m"));
    },
  },
  {
    name: "daemon: of four servers one that begins to lie by 1 s is dropped as a falseticker",
    needs: ["chrony"],
    patient: true,
    run: async (world) => {
      const host = await world.host("daemon");
      const addresses = await servers(world, ["a", "b", "c", "turncoat"]);
      const liar = addresses[3] ?? "";
      const config = await world.write(
        "run.conf",
        addresses.map((address) => `server ${address} iburst minpoll 3 maxpoll 3`),
      );
      await world.ntpkitDaemon(host, ["run", "--no-clock", "-c", config]);
      await seen(world, host, (rows) => rows.length === 4 && rows.every(({ tally }) => "*+-".includes(tally)));
      await shift(world.file("turncoat.clock"), 1);
      const rows = await seen(
        world,
        host,
        (told) => told.some(({ address, tally }) => address === liar && tally === "x"),
        LIE_SEEN,
      );
      assert.ok(rows.some(({ address, tally }) => address !== liar && tally === "*"));
      // A busy machine makes the probe late: that shows in the delay, half of which the offset can be wrong.
      const { offset, delay } = await world.ask(host, host.ipv4);
      near(offset, 0, 0.002 + delay / 2, "what it serves");
    },
  },
  {
    name: "daemon: run starts on a file of one line, a pool, as the association pages have it",
    needs: ["chrony", "dnsmasq", "classic"],
    patient: true,
    run: async (world) =>
      follows(world, await world.write("one-line.conf", ["pool pool.ntp.org iburst"]), ["pool.ntp.org"]),
  },
  {
    name: "daemon: run starts on a file with every way of making friends as it is, and ntpq shows it synchronized by servers, pool and search",
    needs: ["chrony", "dnsmasq", "classic"],
    patient: true,
    run: everyWay,
  },
  ...samples("classic", "ntp.org's ntpd", "etc/ntp.conf"),
  ...samples("ntpsec", "NTPsec", "etc/ntpsec/ntp.conf"),
];

/** What `adjtimex` says of a clock that nobody looks after. */
const STA_UNSYNC = 0x40;

/** The best of eight samples counts: by then, polled each 8 s, no true one can be among them any more. */
const LIE_SEEN = 120;

/** That the configuration file a package brings is accepted as it is, its pools are drawn from, and the clock is set by them. */
function samples(peer: PeerName, words: string, file: string): readonly Scenario[] {
  const pools = [0, 1, 2, 3].map((number) => `${number}.debian.pool.ntp.org`);
  return [
    {
      name: `daemon: run --check accepts the configuration of Debian's package of ${words}`,
      needs: [peer],
      run: async (world) => {
        const host = await world.host("alone");
        const run = await world.ntpkit(host, ["run", "--check", "--json", "-c", world.peer(peer).path(file)]);
        assert.equal(run.code, 0, run.stderr);
        for (const pool of pools) assert.ok(run.stdout.includes(pool));
      },
    },
    {
      name: `daemon: run starts on the configuration of Debian's package of ${words} as it is, and ntpq shows it synchronized`,
      needs: [...new Set<PeerName>([peer, "chrony", "dnsmasq", "classic"])],
      patient: true,
      run: (world) => follows(world, world.peer(peer).path(file), pools),
    },
  ];
}

/** The file's keys, of those whom this lab has. */
const KEYS = [1, 11].map((id) => `${id} SHA1 6ab3c02a4f9be8d1a${id.toString(16).padStart(3, "0")}`);

/** The names and addresses of `association-modes.conf`, and who listens to the groups there, are made here. */
async function everyWay(world: World): Promise<void> {
  const file = fileURLToPath(new URL("../../fixtures/ntpconf/association-modes.conf", import.meta.url));
  const [host, first, second, keyed, dns] = [
    await world.host("daemon"),
    await world.host("ntp1"),
    await world.host("ntp2"),
    await world.host("keyed"),
    await world.host("dns"),
  ];
  const [pooled = ""] = await servers(world, ["pool"]);
  for (const one of [first, second])
    await world.chronyd(one, ["local stratum 3"], { clock: await world.clock(one.name, 0) });
  await host.addAddresses(["192.0.2.10/24"]);
  await keyed.addAddresses(["192.0.2.1/24"]);
  await mkdir(world.file("etc/ntp"), { recursive: true });
  const keys = await world.write("etc/ntp/keys", KEYS);
  await world.ntpd("classic", keyed, [`keys ${keys}`, "trustedkey 1 11", "manycastserver 239.1.1.1"], {
    clock: await world.clock("keyed", 0),
  });
  const resolver = await nameServer(
    world,
    dns,
    [`${first.ipv4} ntp1.example.net`, `${second.ipv6} ntp2.example.net`, `${pooled} pool.example.net`],
    "net",
  );
  const clock = await world.clock("daemon", 0.2);
  const beside = `mount -t overlay overlay -o lowerdir=${world.file("etc")}:/etc /etc && mount --bind ${resolver} /etc/resolv.conf && mount -t tmpfs tmpfs /var`;
  await world.ntpkitDaemon(host, ["run", "-c", file], { clock, beside, patience: 90 });
  const used = [first.ipv4, second.ipv6, pooled];
  await seen(
    world,
    host,
    (rows) => used.every((address) => rows.some((row) => row.address === address && row.reach > 0)),
    90,
  );
  // By key: the server that is named, and the one who answers the search.
  const told = await seen(
    world,
    host,
    (rows) => rows.filter(({ authentication, reach }) => authentication === "ok" && reach > 0).length >= 2,
    90,
  );
  assert.deepEqual(
    told
      .filter(({ authentication }) => authentication === "ok")
      .map(({ address }) => address)
      .toSorted(),
    [keyed.ipv4, "192.0.2.1"].toSorted(),
  );
  const shown = await world.ntpq(host, ["-pn"], /^\*/m);
  for (const address of [first.ipv4, pooled, "192.0.2.1", "192.0.2.2"])
    assert.match(shown, new RegExp(`^[*+# -]${address.replaceAll(".", "\\.")} `, "m"));
  const { offset, slew, steps } = await clock.read();
  assert.ok(steps >= 1, "the clock was stepped");
  near(offset + slew, 0, 0.005, "the clock afterwards");
}

/** Starts a name server that knows a domain's names; returns the resolv.conf of those who are to ask it. */
async function nameServer(world: World, host: Host, entries: readonly string[], domain: string): Promise<string> {
  const hosts = await world.write("names.hosts", entries);
  const settings = [
    "no-resolv",
    "no-hosts",
    `addn-hosts=${hosts}`,
    `local=/${domain}/`,
    "user=root",
    "pid-file=",
    "log-facility=-",
  ];
  await world.helper(
    "dnsmasq",
    host,
    ["usr/sbin/dnsmasq", "--keep-in-foreground", "-C", await world.write("dnsmasq.conf", settings)],
    /started/,
  );
  return await world.write("resolv.conf", [`nameserver ${host.ipv4}`]);
}

/** Runs the daemon on a file whose pools are of this lab's servers, until ntpq shows a system peer and the clock is right. */
async function follows(world: World, file: string, pools: readonly string[]): Promise<void> {
  const addresses = await servers(world, ["a", "b", "c", "d"]);
  const host = await world.host("daemon");
  const dns = await world.host("dns");
  const entries = pools.flatMap((pool, index) =>
    addresses.flatMap((address, place) => (pools.length === 1 || place === index ? [`${address} ${pool}`] : [])),
  );
  const resolver = await nameServer(world, dns, entries, "org");
  const clock = await world.clock("daemon", 0.2);
  // What such a file names under /var is written in a /var of its own.
  const beside = `mount --bind ${resolver} /etc/resolv.conf && mount -t tmpfs tmpfs /var`;
  await world.ntpkitDaemon(host, ["run", "-c", file], { clock, beside, patience: 60 });
  const seen = await world.ntpq(host, ["-pn"], /^\*/m);
  for (const address of addresses) assert.match(seen, new RegExp(`^[*+# -]${address.replaceAll(".", "\\.")} `, "m"));
  const { offset, slew, steps } = await clock.read();
  assert.ok(steps >= 1, "the clock was stepped");
  near(offset + slew, 0, 0.005, "the clock afterwards");
}

/** A row of `ntpkit peers --json`. */
interface Row {
  readonly address: string;
  readonly tally: string;
  readonly reach: number;
  readonly authentication: string;
}

/** Chronyds with the right time, each on a clock of its own by its name. */
async function servers(world: World, names: readonly string[]): Promise<readonly string[]> {
  const addresses: string[] = [];
  for (const name of names) {
    const host = await world.host(name);
    await world.chronyd(host, ["local stratum 3"], { clock: await world.clock(name, 0) });
    addresses.push(host.ipv4);
  }
  return addresses;
}

/** What `ntpkit peers` shows of the daemon on a host. */
async function peers(world: World, host: Host): Promise<readonly Row[]> {
  const run = await world.ntpkit(host, ["peers", "-n", "--json"]);
  const document = JSON.parse(run.stdout) as { readonly hosts: readonly { readonly associations: readonly Row[] }[] };
  return document.hosts[0]?.associations ?? [];
}

function tallies(rows: readonly Row[]): Readonly<Record<string, string>> {
  return Object.fromEntries(rows.map(({ address, tally }) => [address, tally]));
}

/** Looks at a daemon's servers until they are as wanted. */
async function seen(
  world: World,
  host: Host,
  wanted: (rows: readonly Row[]) => boolean,
  seconds = 30,
): Promise<readonly Row[]> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const rows = await peers(world, host);
    if (wanted(rows)) return rows;
    assert.ok(performance.now() < end, `after ${seconds} s its servers are ${JSON.stringify(tallies(rows))}`);
    await sleep(1000);
  }
}

/** What chronyd measures of a server, seconds. */
async function offsetByChronyd(world: World, client: Host, address: string): Promise<number> {
  const words = ["-u", "root", "-t", "30", "-f", "/dev/null", "-Q", `server ${address} iburst maxsamples 2`];
  const run = await world.tool("chrony", client, ["usr/sbin/chronyd", ...words]);
  assert.equal(run.code, 0);
  return Number(/wrong by (-?[\d.]+) seconds/.exec(run.stdout + run.stderr)?.[1]);
}

/** Sends a signal to ntpkit itself, the innermost of the processes that give it a namespace each. */
async function signal({ pid }: Pick<Running, "pid">, name: NodeJS.Signals): Promise<void> {
  const [child] = (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).trim().split(" ");
  if (child) await signal({ pid: Number(child) }, name);
  else process.kill(pid, name);
}

async function patiently(
  condition: () => boolean | Promise<boolean>,
  seconds: number,
  otherwise: string,
): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (!(await condition())) {
    assert.ok(performance.now() < end, otherwise);
    await sleep(50);
  }
}

/** Moves a clock of the shim's, seconds: the word `offset` of its state file. */
async function shift(file: string, seconds: number): Promise<void> {
  const state = await readFile(file);
  state.writeBigInt64LE(BigInt(Math.round(seconds * 1e9)), 3 * 8);
  await writeFile(file, state, { flag: "r+" });
}

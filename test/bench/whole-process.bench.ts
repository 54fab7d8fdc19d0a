/**
 * What a person waits for: whole processes, from the start to the end, beside the tools they would use instead, in the same
 * run and by turns. Needs what the lab needs (root, the daemons); the servers are chronyds in a network of its own.
 */
import { mkdir, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { startChronyd } from "../lab/daemons.ts";
import { type Host, Network, removeLeftovers } from "../lab/netns.ts";
import { fetchPeers, type Peer } from "../lab/peers.ts";
import { type Running, stopAll } from "../lab/processes.ts";
import type { Contest } from "./contest.ts";
import { holdContest, printContest } from "./holding.ts";

const NTPKIT = process.env["NTPKIT_BIN"] ?? fileURLToPath(new URL("../../bin/ntpkit.js", import.meta.url));
const FOLDER = fileURLToPath(new URL(`../lab/.work/bench-${process.pid}`, import.meta.url));
const SERVERS = 4;
const CROWD = 1000;

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void stopAll().finally(() => process.exit(1)));
}

const { had, missing } = await fetchPeers(["chrony", "ntpsec"]);
const chrony = had.get("chrony");
const ntpsec = had.get("ntpsec");
if (chrony === undefined || ntpsec === undefined) {
  throw new Error(`no peers to measure against: ${[...missing.values()].join("; ")}`);
}
await removeLeftovers();
await mkdir(FOLDER, { recursive: true });
const network = await Network.create(0);
const daemons: Running[] = [];
try {
  const client = await network.host("client");
  const servers = await serve(client, chrony);
  for (const contest of contests(servers, chrony, ntpsec)) printContest(contest, await holdContest(client, contest));
} finally {
  await Promise.all(daemons.map((daemon) => daemon.stop()));
  await network.remove();
  await rm(FOLDER, { recursive: true, force: true });
}

/** A chronyd on the client's own loopback, for all of 127.0.0.0/8, and four on hosts of their own. */
async function serve(client: Host, peer: Peer): Promise<readonly string[]> {
  const hosts: Host[] = [];
  for (let number = 1; number <= SERVERS; number += 1) hosts.push(await network.host(`server${number}`));
  for (const host of [client, ...hosts]) {
    daemons.push(await startChronyd(peer, host, `${FOLDER}/${host.name}.conf`, ["local stratum 3"]));
  }
  await new Promise((resolve) => setTimeout(resolve, 1000));
  return hosts.map(({ ipv4 }) => ipv4);
}

function contests(servers: readonly string[], chrony: Peer, ntpsec: Peer): readonly Contest[] {
  const [one = ""] = servers;
  const crowd = Array.from(
    { length: CROWD },
    (_, index) => `127.0.${1 + Math.floor(index / 250)}.${1 + (index % 250)}`,
  );
  const ntpkit = (...args: readonly string[]): readonly string[] => [process.execPath, NTPKIT, ...args];
  const daemon = [chrony.path("usr/sbin/chronyd"), "-u", "root", "-f", "/dev/null", "-t", "30", "-Q"];
  const chronyd = (options: string, addresses: readonly string[]): readonly string[] =>
    daemon.concat(addresses.map((address) => `server ${address} ${options}`));
  const environment = Object.entries(ntpsec.env).map(([name, value]) => `${name}=${value}`);
  const ntpdig = (...args: readonly string[]): readonly string[] => [
    "env",
    ...environment,
    ntpsec.path("usr/bin/ntpdig"),
    ...args,
  ];
  const empty = { name: "node -e 0", argv: [process.execPath, "-e", "0"] };
  return [
    {
      title: "one exchange, the whole process",
      rounds: 20,
      memory: true,
      entries: [
        empty,
        { name: "ntpkit query --samples 1 --json", argv: ntpkit("query", "127.0.0.1:123", "--samples", "1", "--json") },
        { name: "ntpdig", argv: ntpdig("127.0.0.1") },
        { name: "chronyd -Q iburst maxsamples 1", argv: chronyd("iburst maxsamples 1", ["127.0.0.1"]) },
      ],
    },
    {
      title: "from the start to the decision, one server, default settings",
      rounds: 5,
      memory: false,
      entries: [
        { name: "chronyd -Q iburst", argv: chronyd("iburst", [one]) },
        { name: "ntpkit sync --dry-run", argv: ntpkit("sync", "--dry-run", one) },
        { name: "ntpkit sync --dry-run --accuracy 10ms", argv: ntpkit("sync", "--dry-run", "--accuracy", "10ms", one) },
      ],
    },
    {
      title: "from the start to the decision, four servers, default settings",
      rounds: 5,
      memory: false,
      entries: [
        { name: "chronyd -Q iburst", argv: chronyd("iburst", servers) },
        { name: "ntpkit sync --dry-run", argv: ntpkit("sync", "--dry-run", ...servers) },
        {
          name: "ntpkit sync --dry-run --accuracy 10ms",
          argv: ntpkit("sync", "--dry-run", "--accuracy", "10ms", ...servers),
        },
      ],
    },
    {
      title: `${CROWD} addresses at once`,
      rounds: 3,
      memory: true,
      entries: [
        { name: "ntpdig", argv: ntpdig(...crowd) },
        { name: "chronyd -Q iburst maxsamples 1", argv: chronyd("iburst maxsamples 1", crowd) },
        { name: "ntpkit query --json", argv: ntpkit("query", ...crowd, "--json"), counts: '"received":1' },
      ],
    },
  ];
}

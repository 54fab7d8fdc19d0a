/**
 * What it takes to look at daemons, whole processes by turns beside ntpq's: one daemon's peers, the list of 100,000 addresses
 * that it has heard, and 500 hosts in one command. Needs what the lab needs (root, the daemons).
 */
import { mkdir, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { command, ORPHAN, startNtpd } from "../lab/daemons.ts";
import { type Host, Network, removeLeftovers } from "../lab/netns.ts";
import { fetchPeers, type Peer } from "../lab/peers.ts";
import { must, type Running, stopAll } from "../lab/processes.ts";
import type { Contest } from "./contest.ts";
import { holdContest, printContest } from "./holding.ts";

const NTPKIT = process.env["NTPKIT_BIN"] ?? fileURLToPath(new URL("../../bin/ntpkit.js", import.meta.url));
const HEARD = fileURLToPath(new URL("heard.ts", import.meta.url));
const FOLDER = fileURLToPath(new URL(`../lab/.work/bench-${process.pid}`, import.meta.url));
const ADDRESSES = 100_000;
const HOSTS = 500;

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void stopAll().finally(() => process.exit(1)));
}

const { had, missing } = await fetchPeers(["classic", "ntpsec"]);
const classic = had.get("classic");
const ntpsec = had.get("ntpsec");
if (classic === undefined || ntpsec === undefined) {
  throw new Error(`no peers to measure against: ${[...missing.values()].join("; ")}`);
}
await removeLeftovers();
await mkdir(FOLDER, { recursive: true });
const network = await Network.create(0);
let daemon: Running | undefined;
try {
  const host = await network.host("host");
  const hosts = Array.from(
    { length: HOSTS },
    (_, index) => `10.79.${1 + Math.floor(index / 250)}.${1 + (index % 250)}`,
  );
  await host.addAddresses(hosts.map((address) => `${address}/32`));
  const lines = [
    ...ORPHAN,
    "mru maxdepth 200000 maxmem 200000",
    "server 127.127.1.0",
    "server 10.79.9.9",
    "server 10.79.9.10",
  ];
  daemon = await startNtpd(classic, host, `${FOLDER}/ntp.conf`, lines);
  await new Promise((resolve) => setTimeout(resolve, 3000));
  const [peers, list, crowd] = contests(classic, ntpsec, hosts);
  for (const contest of [peers, crowd]) printContest(contest, await holdContest(host, contest));
  await beHeard(host, classic);
  printContest(list, await holdContest(host, list));
} finally {
  await daemon?.stop();
  await network.remove();
  await rm(FOLDER, { recursive: true, force: true });
}

/** Until the daemon has heard them all: under load it loses some. */
async function beHeard(host: Host, peer: Peer): Promise<void> {
  for (let round = 1; round <= 5; round += 1) {
    await must(host.inside([process.execPath, "--import", "tsx", HEARD, `${ADDRESSES}`]), { timeout: 120 });
    const told = await must(command(peer, host, ["usr/bin/ntpq", "-n", "-c", "rv 0 mru_depth", "127.0.0.1"]));
    if (Number(/mru_depth=(\d+)/.exec(told)?.[1] ?? 0) >= ADDRESSES) return;
  }
  throw new Error(`the daemon did not hear ${ADDRESSES} addresses`);
}

function contests(classic: Peer, ntpsec: Peer, hosts: readonly string[]): readonly [Contest, Contest, Contest] {
  const ntpkit = (...args: readonly string[]): readonly string[] => [process.execPath, NTPKIT, ...args];
  const ntpq = (peer: Peer, ...args: readonly string[]): readonly string[] => {
    const environment = Object.entries(peer.env).map(([name, value]) => `${name}=${value}`);
    return ["env", ...environment, peer.path("usr/bin/ntpq"), ...args];
  };
  return [
    {
      title: "the peers of one daemon, the whole process",
      rounds: 20,
      memory: true,
      entries: [
        { name: "node -e 0", argv: [process.execPath, "-e", "0"] },
        { name: "ntpkit peers -n", argv: ntpkit("peers", "-n", "127.0.0.1"), counts: " 10.79." },
        { name: "ntpq -pn (NTPsec)", argv: ntpq(ntpsec, "-pn", "127.0.0.1"), counts: " 10.79." },
        { name: "ntpq -pn (ntp.org)", argv: ntpq(classic, "-pn", "127.0.0.1"), counts: " 10.79." },
      ],
    },
    {
      title: `the list of ${ADDRESSES} addresses heard`,
      rounds: 5,
      memory: true,
      entries: [
        {
          name: "ntpq -n -c mrulist (ntp.org)",
          argv: ntpq(classic, "-n", "-c", "mrulist", "127.0.0.1"),
          counts: " 127.",
        },
        { name: "ntpkit mru -n", argv: ntpkit("mru", "-n", "127.0.0.1"), counts: " 127." },
      ],
    },
    {
      title: `${HOSTS} hosts in one command`,
      rounds: 5,
      memory: true,
      entries: [
        // It takes no more than 200 hosts.
        { name: "ntpq -pn (ntp.org), one by one", argv: ntpq(classic, "-pn", ...hosts), counts: "127.127.1.0" },
        { name: "ntpkit peers -n, at once", argv: ntpkit("peers", "-n", ...hosts), counts: "127.127.1.0" },
      ],
    },
  ];
}

/**
 * Replies a second of `ntpkit serve` beside chronyd, NTPsec and OpenNTPD, over loopback, in the same run and by turns. Needs what
 * the lab needs; each server has a host, and so a port 123, of its own. The load is `generator.ts`, which on two processors shares
 * them with the servers: the figures are for comparison.
 */
import { mkdir, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { NO_CLOCK, ORPHAN, startChronyd, startNtpd, startOpenntpd } from "../lab/daemons.ts";
import { type Host, Network, removeLeftovers } from "../lab/netns.ts";
import { fetchPeers } from "../lab/peers.ts";
import { must, type Running, start, stopAll } from "../lab/processes.ts";

const NTPKIT = process.env["NTPKIT_BIN"] ?? fileURLToPath(new URL("../../bin/ntpkit.js", import.meta.url));
const GENERATOR = fileURLToPath(new URL("generator.ts", import.meta.url));
const FOLDER = fileURLToPath(new URL(`../lab/.work/serving-${process.pid}`, import.meta.url));
const ROUNDS = 3;
const SECONDS = 2;
const FLIGHTS = [1, 16, 64];

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void stopAll().finally(() => process.exit(1)));
}

const { had, missing } = await fetchPeers(["chrony", "ntpsec", "openntpd"]);
for (const why of missing.values()) console.log(why);
await removeLeftovers();
await mkdir(FOLDER, { recursive: true });
const network = await Network.create(1);
const running: Running[] = [];
try {
  const hosts = new Map<string, Host>();
  const serve = async (
    name: string,
    begin: (host: Host, file: string) => Running | Promise<Running>,
  ): Promise<void> => {
    const host = await network.host(name);
    running.push(await begin(host, `${FOLDER}/${name}.conf`));
    hosts.set(name, host);
  };
  await serve("ntpkit", (host) =>
    start(host.inside([...NO_CLOCK, process.execPath, NTPKIT, "serve", "--local-stratum", "6"])),
  );
  const [chrony, ntpsec, openntpd] = [had.get("chrony"), had.get("ntpsec"), had.get("openntpd")];
  if (chrony !== undefined)
    await serve("chronyd", (host, file) => startChronyd(chrony, host, file, ["local stratum 6"]));
  // Without a line of its own NTPsec limits everybody.
  if (ntpsec !== undefined)
    await serve("ntpsec", (host, file) => startNtpd(ntpsec, host, file, [...ORPHAN, "restrict 127.0.0.1"]));
  if (openntpd !== undefined) await serve("openntpd", (host, file) => startOpenntpd(openntpd, host, file, []));
  await new Promise((resolve) => setTimeout(resolve, 4000));
  console.log(`replies a second in thousands, least to most of ${ROUNDS} rounds of ${SECONDS} s`);
  console.log(["in flight", ...hosts.keys()].map((name) => name.padStart(14)).join(""));
  for (const flight of FLIGHTS) await hold(hosts, flight);
} finally {
  await Promise.all(running.map((one) => one.stop()));
  await network.remove();
  await rm(FOLDER, { recursive: true, force: true });
}

async function hold(hosts: ReadonlyMap<string, Host>, flight: number): Promise<void> {
  const figures = new Map<string, number[]>([...hosts.keys()].map((name) => [name, []]));
  let lost = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, host] of hosts) {
      const stdout = await must([
        ...host.inside([process.execPath, "--import", "tsx", GENERATOR, "127.0.0.1", "123", `${flight}`, `${SECONDS}`]),
      ]);
      const told = JSON.parse(stdout) as {
        readonly perSecond: number;
        readonly lost: number;
        readonly unusable: number;
      };
      figures.get(name)!.push(told.perSecond / 1000);
      lost += name === "ntpkit" ? told.lost + told.unusable : 0;
    }
  }
  const cells = [...figures.values()].map((all) => `${Math.min(...all).toFixed(1)} - ${Math.max(...all).toFixed(1)}`);
  console.log(
    [`${flight}`, ...cells].map((cell) => cell.padStart(14)).join(""),
    lost === 0 ? "" : ` ntpkit lost ${lost}`,
  );
}

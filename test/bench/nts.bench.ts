/**
 * Network Time Security beside chronyd, in the same run and by turns, over loopback: authenticated replies a second, and how long it
 * takes from the start of a process to its first authenticated offset. Needs what the lab needs.
 */
import { mkdir, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { NO_CLOCK, startChronyd } from "../lab/daemons.ts";
import { type Host, Network, removeLeftovers } from "../lab/netns.ts";
import { fetchPeers, type Peer } from "../lab/peers.ts";
import { must, run, type Running, start, stopAll } from "../lab/processes.ts";
import { Certificates } from "../support/certificates.ts";
import { childrensProcessor, processorOf } from "./processor.ts";

const NTPKIT = process.env["NTPKIT_BIN"] ?? fileURLToPath(new URL("../../bin/ntpkit.js", import.meta.url));
const [GENERATOR, REQUEST] = ["generator.ts", "nts-request.ts"].map((name) =>
  fileURLToPath(new URL(name, import.meta.url)),
);
const FOLDER = fileURLToPath(new URL(`../lab/.work/nts-${process.pid}`, import.meta.url));
const TSX = [process.execPath, "--import", "tsx"];
const ROUNDS = 3;
const SECONDS = 2;
const STARTS = 9;

/** A server, and the host it has to itself. */
interface Server {
  readonly host: Host;
  readonly running: Running;
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void stopAll().finally(() => process.exit(1)));
}

const { had, missing } = await fetchPeers(["chrony"]);
for (const why of missing.values()) console.log(why);
await removeLeftovers();
await mkdir(FOLDER, { recursive: true });
const network = await Network.create(1);
const made = new Certificates();
const running: Running[] = [];
try {
  const authority = made.make([], { authority: true });
  const { file, keyFile } = made.make(["IP:127.0.0.1"], { by: authority });
  const servers = new Map<string, Server>();
  const serve = (name: string, host: Host, one: Running): void => {
    running.push(one);
    servers.set(name, { host, running: one });
  };
  const chrony = had.get("chrony");
  if (chrony !== undefined) {
    const host = await network.host("chronyd");
    const lines = ["local stratum 6", `ntsservercert ${file}`, `ntsserverkey ${keyFile}`];
    serve("chronyd", host, await startChronyd(chrony, host, `${FOLDER}/chronyd.conf`, lines));
  }
  const ours = await network.host("ntpkit");
  const argv = ["serve", "--local-stratum", "6", "--user", "root", "--nts-cookies", `${FOLDER}/nts-keys`];
  const served = [...NO_CLOCK, process.execPath, NTPKIT, ...argv, "--nts-cert", file, "--nts-key", keyFile];
  serve("ntpkit", ours, start(ours.inside(served)));
  await new Promise((resolve) => setTimeout(resolve, 4000));

  console.log(`authenticated replies a second in thousands, least to most of ${ROUNDS} rounds of ${SECONDS} s,`);
  console.log("and the server's processor time for each, microseconds, over all rounds");
  console.log(["in flight", ...servers.keys()].map((name) => name.padStart(24)).join(""));
  for (const flight of [1, 16, 64]) await hold(servers, authority.file, flight);

  if (chrony !== undefined) await firstOffsets(chrony, servers.get("chronyd")!.host, authority.file);
  await inHand(ours, authority.file);
} finally {
  await Promise.all(running.map((one) => one.stop()));
  await network.remove();
  made.end();
  await rm(FOLDER, { recursive: true, force: true });
}

async function hold(servers: ReadonlyMap<string, Server>, authority: string, flight: number): Promise<void> {
  const figures = new Map(
    [...servers.keys()].map((name) => [name, { perSecond: [] as number[], replies: 0, took: 0 }]),
  );
  let lost = 0;
  for (let round = 0; round < ROUNDS; round += 1)
    for (const [name, { host, running: server }] of servers) {
      const request = await must(host.inside([...TSX, REQUEST!, "127.0.0.1", "4460", authority]));
      const load = [...TSX, GENERATOR!, "127.0.0.1", "123", `${flight}`, `${SECONDS}`, request.trim()];
      const before = processorOf(server.pid);
      const told = JSON.parse(await must(host.inside(load))) as {
        readonly perSecond: number;
        readonly replies: number;
        readonly lost: number;
        readonly unusable: number;
      };
      const figure = figures.get(name)!;
      figure.took += processorOf(server.pid) - before;
      figure.replies += told.replies;
      figure.perSecond.push(told.perSecond / 1000);
      lost += told.lost + told.unusable;
    }
  const cells = [...figures.values()].map(({ perSecond, replies, took }) => {
    const range = `${Math.min(...perSecond).toFixed(1)} - ${Math.max(...perSecond).toFixed(1)}`;
    return `${range}, ${((took / replies) * 1e6).toFixed(1)} us`;
  });
  console.log([`${flight}`, ...cells].map((cell) => cell.padStart(24)).join(""), lost === 0 ? "" : ` lost ${lost}`);
}

/** From the start of a process to its first authenticated offset, of chronyd, by turns: `chronyd -Q` and our `query`. */
async function firstOffsets(chrony: Peer, host: Host, authority: string): Promise<void> {
  const lines = [
    "server 127.0.0.1 nts iburst maxsamples 1",
    `ntstrustedcerts ${authority}`,
    "cmdport 0",
    `pidfile ${FOLDER}/chronyd-Q.pid`,
  ];
  const theirs = [...NO_CLOCK, chrony.path("usr/sbin/chronyd"), "-Q", "-t", "10", "-u", "root", ...lines];
  const ours = [
    ...NO_CLOCK,
    process.execPath,
    NTPKIT,
    "query",
    "--nts",
    "--ca",
    authority,
    "--samples",
    "1",
    "127.0.0.1",
  ];
  const taken: Record<"chronyd -Q" | "ntpkit query", number[]> = { "chronyd -Q": [], "ntpkit query": [] };
  for (let turn = 0; turn < STARTS; turn += 1) {
    taken["chronyd -Q"].push(await timed(host.inside(theirs), chrony.env));
    taken["ntpkit query"].push(await timed(host.inside(ours), { STATE_DIRECTORY: `${FOLDER}/none-${turn}` }));
  }
  const [chronyd, ntpkit] = Object.entries(taken).map(([name, all]) => {
    const sorted = all.toSorted((one, other) => one - other);
    console.log(
      `${name.padEnd(16)} first authenticated offset after ${sorted.map((ms) => ms.toFixed(0)).join(" ")} ms`,
    );
    return sorted[Math.floor(sorted.length / 2)]!;
  });
  console.log(`ntpkit / chronyd, medians: ${(ntpkit! / chronyd!).toFixed(2)}`);
}

/** A query with cookies in hand beside one without NTS, by turns: time, and what it takes of the processor. */
async function inHand(host: Host, authority: string): Promise<void> {
  const query = [...NO_CLOCK, process.execPath, NTPKIT, "query", "--samples", "1", "127.0.0.1"];
  const ways = { plain: query, nts: [...query, "--nts", "--ca", authority] };
  const env = { STATE_DIRECTORY: `${FOLDER}/in-hand` };
  await timed(host.inside(ways.nts), env);
  const taken = { plain: [] as [number, number][], nts: [] as [number, number][] };
  for (let turn = 0; turn < STARTS; turn += 1)
    for (const way of ["plain", "nts"] as const) {
      const before = childrensProcessor();
      const ms = await timed(host.inside(ways[way]), env);
      taken[way].push([ms, (childrensProcessor() - before) * 1000]);
    }
  const ratio = (column: 0 | 1): string => {
    const [plain, nts] = [taken.plain, taken.nts].map((all) => {
      const sorted = all.map((one) => one[column]).toSorted((one, other) => one - other);
      return sorted[Math.floor(sorted.length / 2)]!;
    });
    return `${nts!.toFixed(0)} / ${plain!.toFixed(0)} ms: ${(nts! / plain!).toFixed(2)}`;
  };
  console.log(`query, cookies in hand / without NTS, medians: ${ratio(0)}, of the processor ${ratio(1)}`);
}

async function timed(argv: readonly string[], env: Readonly<Record<string, string>>): Promise<number> {
  const began = performance.now();
  const { code, stdout, stderr } = await run(argv, { env });
  if (code !== 0) throw new Error(`${argv.join(" ")}: ${code}\n${stdout}${stderr}`);
  return performance.now() - began;
}

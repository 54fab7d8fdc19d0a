/**
 * What it costs to stay: the daemon idle, over a long time, and with very many associations.
 *
 * - `ntpkit run` itself with 10 associations over real sockets, in a network of its own (needs what the lab needs): its share of a
 *   processor over 60 s once the first bursts are over, and its resident memory beside a Node that does nothing.
 * - A simulated year of an engine with 10 servers: the heap after collection at a twelfth of it and at the end, and the CPU time it took,
 *   the simulator's own included.
 * - 10,000 associations in process: the heap each takes, and the time the engine takes for a poll round, in which each is
 *   polled once and answers. Making the servers' packets is not counted. Once with selection as it is, among all 10,000; and once
 *   with servers too far away to be selected, which is the round alone.
 *
 * `NTPKIT_BENCH_DAYS=30` shortens the year.
 */
import { readdirSync, readFileSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Event } from "../../src/engine/port/event.ts";
import { createWorld } from "../../src/sim/world.ts";
import { DEFAULT_LIMITS } from "../../src/system/limits.ts";
import { Network, removeLeftovers } from "../lab/netns.ts";
import { must, start, stopAll } from "../lab/processes.ts";
import { at } from "../support/association.ts";
import { daemon } from "../support/daemon.ts";
import { Bench, queryConfig, sendsOf } from "../support/engine.ts";
import type { Send } from "../support/engine.ts";
import { DELAY, replyOf, row } from "./answers.ts";
import { crowdAddress } from "./crowd.ts";
import { BASE_LOOP } from "../../src/config/base.ts";

const NTPKIT = process.env["NTPKIT_BIN"] ?? fileURLToPath(new URL("../../bin/ntpkit.js", import.meta.url));
const CROWD = fileURLToPath(new URL("crowd.ts", import.meta.url));
const FOLDER = fileURLToPath(new URL(`../lab/.work/daemon-bench-${process.pid}`, import.meta.url));
const IDLE = 10;
const SETTLING = 30;
const WATCHED = 60;
const DAY = 86_400;
const DAYS = Number(process.env["NTPKIT_BENCH_DAYS"] ?? 365);
const MANY = 10_000;
const POLL = 10;
const ROUND = 2 ** POLL;
const ROUNDS = 3;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void stopAll().finally(() => process.exit(1)));
}

/** The process itself. */
async function idle(): Promise<void> {
  await removeLeftovers();
  await mkdir(FOLDER, { recursive: true });
  const network = await Network.create(3);
  try {
    const client = await network.host("client");
    const site = await network.host("site");
    await must(site.inside(["ip", "route", "add", "local", "10.78.0.0/16", "dev", "lo"]));
    await must(client.inside(["ip", "route", "add", "10.78.0.0/16", "via", site.ipv4]));
    start(site.inside([process.execPath, "--import", "tsx", CROWD, "239.1.1.1", "123", `${IDLE}`]));
    await sleep(4000);
    const file = `${FOLDER}/run.conf`;
    await writeFile(
      file,
      Array.from({ length: IDLE }, (_, member) => `server ${crowdAddress(member)} iburst\n`).join(""),
    );
    const bare = start([process.execPath, "-e", "setInterval(() => {}, 1e9)"]);
    const run = start(client.inside([process.execPath, NTPKIT, "run", "--no-clock", "-c", file]));
    await sleep(SETTLING * 1000);
    const before = onProcessor(run.pid);
    await sleep(WATCHED * 1000);
    row(
      `idle, ${IDLE} associations: CPU over ${WATCHED} s`,
      ((onProcessor(run.pid) - before) / WATCHED) * 100,
      "% of a core",
    );
    row("resident memory", resident(run.pid), "MB");
    row("resident memory of bare Node", resident(bare.pid), "MB");
    row("ratio", resident(run.pid) / resident(bare.pid), "×");
    if (run.ended() !== undefined) throw new Error(run.output());
  } finally {
    await stopAll();
    await network.remove();
    await rm(FOLDER, { recursive: true, force: true });
  }
}

/** CPU time of all threads so far, seconds: the first field of each one's schedstat, ns. The ticks of /proc/PID/stat are too coarse. */
function onProcessor(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.reduce(
    (sum, thread) => sum + Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]) / 1e9,
    0,
  );
}

function resident(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) / 1024;
}

/** Whether anything grows. */
function year(): void {
  const world = createWorld({ seed: 1, trace: false });
  const servers = Array.from({ length: IDLE }, (_, index) =>
    world.server(`ntp${index}`, { link: { delay: 0.01, jitter: { shape: "exponential", mean: 0.001 } } }),
  );
  const client = daemon(world, { servers, clockError: 0.01, oscillator: { frequency: 30e-6, wander: 1e-9 } });
  const began = process.cpuUsage();
  world.run((DAYS / 12) * DAY);
  const early = used();
  world.run((DAYS * 11 * DAY) / 12);
  const { user, system } = process.cpuUsage(began);
  row(`simulated, ${DAYS} days: heap after a twelfth`, early / 1e6, "MB");
  row(`simulated, ${DAYS} days: heap at the end`, used() / 1e6, "MB");
  row("CPU a simulated day, the simulator's included", ((user + system) / 1e6 / DAYS) * 1000, "ms");
  row("as a share of the time", ((user + system) / 1e6 / (DAYS * DAY)) * 100, "% of a core");
  if (client.outcome !== null) throw new Error(`it ended: ${client.outcome}`);
}

/** Very many associations, each polled every 1024 s. */
class Crowd {
  readonly bench: Bench;
  /** CPU time the engine took, ms. */
  taken = 0;
  polls = 0;

  constructor(maxdist: number) {
    const lines = Array.from({ length: MANY }, (_, member) => ({
      name: crowdAddress(member),
      iburst: false,
      minpoll: POLL,
      maxpoll: POLL,
    }));
    const clock = BASE_LOOP;
    this.bench = new Bench(
      queryConfig(lines, {}, { once: null, emptyStages: "rfc5905", clock, limits: { ...DEFAULT_LIMITS, maxdist } }),
    );
    for (const action of this.bench.at(0, { kind: "start" }))
      if (action.kind === "resolve")
        this.bench.at(0, { kind: "resolved", name: action.name, addresses: [action.name] });
  }

  /** Goes on until a moment, answering every request. */
  run(until: number): void {
    let now = 0;
    for (let due = this.bench.engine.wakeAt ?? Infinity; due <= until; due = this.bench.engine.wakeAt ?? Infinity) {
      now = Math.max(now, due);
      let sends: readonly Send[] = [];
      this.#measure(() => (sends = sendsOf(this.bench.at(now, { kind: "wake" }))));
      this.polls += sends.length;
      const sent = sends.map(({ token }): Event => ({ kind: "sent", token, at: at(now).clock, stamp: "kernel" }));
      const replies = sends.map((send) => replyOf(send, now));
      this.#measure(() => sent.forEach((event) => this.bench.at(now, event)));
      now += sends.length > 0 ? DELAY : 0;
      this.#measure(() => replies.forEach((event) => this.bench.at(now, event)));
    }
  }

  #measure(work: () => void): void {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    this.taken += (user + system) / 1000;
  }
}

function many(what: string, maxdist: number): void {
  const before = used();
  const crowd = new Crowd(maxdist);
  // Until each has a full clock filter; the first is for the compiler, too.
  crowd.run(9 * ROUND);
  row(`${what}: heap`, (used() - before) / 1e6, "MB");
  let least = { taken: Infinity, polls: 0 };
  for (let round = 1; round <= ROUNDS; round += 1) {
    crowd.taken = 0;
    crowd.polls = 0;
    crowd.run((9 + round) * ROUND);
    if (crowd.taken < least.taken) least = { taken: crowd.taken, polls: crowd.polls };
  }
  row(`${what}: a round of ${least.polls} polls in ${ROUND} s`, least.taken, `ms (least of ${ROUNDS})`);
  row("of which a poll", (least.taken / least.polls) * 1000, "µs");
}

function used(): number {
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

many(`${MANY.toLocaleString("en")} associations, none selected`, 1e-6);
many(`${MANY.toLocaleString("en")} associations, all selected among`, DEFAULT_LIMITS.maxdist);
year();
await idle();

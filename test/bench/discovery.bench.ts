/**
 * What it costs to find servers.
 *
 * - A probe whose question 1,000 addresses answer at once, over real sockets in a network of its own (needs what the lab needs):
 *   how many of the answers `ntpkit manycast` lists. One program answers for all (`crowd.ts`).
 * - CPU time a server, in process: all that the engine does from a server's answer to the decision, namely mobilization, a
 *   volley of six (six requests, their send stamps, six replies) and the selection after it, notes and actions included. Making
 *   the servers' packets is not counted. For ten servers at a time, as many as a probe keeps; and for 1,000 at once.
 * - Memory an association: the heap after collection, before and after 10,000 were found, each with a full clock filter.
 */
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Action } from "../../src/engine/port/action.ts";
import type { EngineConfig } from "../../src/engine/port/config.ts";
import type { Event } from "../../src/engine/port/event.ts";
import { DEFAULT_LIMITS } from "../../src/system/limits.ts";
import { Network, removeLeftovers } from "../lab/netns.ts";
import { must, run, start, stopAll } from "../lab/processes.ts";
import { at } from "../support/association.ts";
import { Bench, queryConfig, sendsOf } from "../support/engine.ts";
import { DELAY, replyOf, row } from "./answers.ts";
import { crowdAddress } from "./crowd.ts";
import type { Salvo } from "./crowd.ts";

const NTPKIT = process.env["NTPKIT_BIN"] ?? fileURLToPath(new URL("../../bin/ntpkit.js", import.meta.url));
const CROWD = fileURLToPath(new URL("crowd.ts", import.meta.url));
const GROUP = "239.1.1.1";
const PROBED = 1000;
const ROUNDS = 5;
const REPEATS = 20;
const HELD = 10_000;
/** Between two packets of a volley, and from a question to its answer, seconds. */
const SPACING = 2;

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void stopAll().finally(() => process.exit(1)));
}

/** One probe of one ring, answered by everybody. */
async function probe(): Promise<void> {
  await removeLeftovers();
  const network = await Network.create(2);
  try {
    const client = await network.host("client");
    const site = await network.host("site");
    await must(site.inside(["ip", "route", "add", "local", "10.78.0.0/16", "dev", "lo"]));
    await must(client.inside(["ip", "route", "add", "10.78.0.0/16", "via", site.ipv4]));
    const crowd = start(site.inside([process.execPath, "--import", "tsx", CROWD, GROUP, "123", `${PROBED}`]));
    await new Promise((resolve) => setTimeout(resolve, 4000));
    const words = ["manycast", GROUP, "--ttl", "1", "--no-auth", "--samples", "1", "--json"];
    const { stdout } = await run(client.inside([process.execPath, NTPKIT, ...words]), { timeout: 60 });
    await crowd.stop();
    const salvos = JSON.parse(crowd.output()) as readonly Salvo[];
    const addresses = new Set(Array.from({ length: PROBED }, (_, member) => crowdAddress(member)));
    const { associations } = JSON.parse(stdout) as {
      readonly associations: readonly { readonly address: string | null }[];
    };
    const heard = new Set(associations.flatMap(({ address }) => (addresses.has(address ?? "") ? [address] : []))).size;
    const spans = salvos.map(({ answers, within }) => `${answers} sent within ${within.toFixed(1)} ms`).join("; ");
    row(`probe (${spans})`, heard, "listed");
  } finally {
    await stopAll();
    await network.remove();
  }
}

/**
 * Engines at the bench, each with as many servers as it finds. They go in step, since asking for the CPU time takes some: it is
 * asked for around what all of them do.
 */
class Crowd {
  readonly benches: readonly Bench[];
  readonly count: number;
  /** CPU time the engines took, s. */
  taken = 0;

  constructor(count: number, engines: number, config: EngineConfig) {
    this.benches = Array.from({ length: engines }, () => new Bench(config));
    this.count = count;
    for (const bench of this.benches) {
      bench.at(0, { kind: "start" });
      bench.at(0, { kind: "resolved", name: GROUP, addresses: [GROUP] });
    }
  }

  /** All answer the solicitation; what mobilizing them takes counts. */
  discover(): void {
    const answers = this.benches.map((bench) => {
      const [question] = sendsOf(bench.at(0, { kind: "wake" }));
      if (question === undefined) throw new Error("nothing was asked");
      return Array.from({ length: this.count }, (_, member) => replyOf(question, 0, crowdAddress(member)));
    });
    this.#measure(() =>
      answers.forEach((replies, index) => replies.forEach((reply) => this.benches[index]!.at(DELAY, reply))),
    );
  }

  /** Goes on until a moment, answering every request. */
  volley(until: number): void {
    for (let due = this.#due(); due <= until; due = this.#due()) {
      const woken = this.benches.filter(({ engine }) => engine.wakeAt === due);
      let actions: readonly (readonly Action[])[] = [];
      this.#measure(() => (actions = woken.map((bench) => bench.at(due, { kind: "wake" }))));
      const sends = actions.map((each) => sendsOf(each).filter(({ token, socket }) => token === (socket as number)));
      const sent = sends.map((each) =>
        each.map(({ token }): Event => ({ kind: "sent", token, at: at(due).clock, stamp: "kernel" })),
      );
      const replies = sends.map((each) => each.map((send) => replyOf(send, due)));
      this.#measure(() => {
        for (const [index, bench] of woken.entries()) {
          for (const event of sent[index]!) bench.at(due, event);
          for (const event of replies[index]!) bench.at(due + DELAY, event);
        }
      });
    }
  }

  #due(): number {
    return Math.min(...this.benches.map(({ engine }) => engine.wakeAt ?? Infinity));
  }

  #measure(work: () => void): void {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    this.taken += (user + system) / 1e6;
  }
}

function effort(servers: number, engines: number): void {
  let least = Infinity;
  for (let round = 0; round <= REPEATS; round += 1) {
    const crowd = new Crowd(servers, engines, probing(servers));
    crowd.discover();
    crowd.volley(6 * SPACING + 2);
    for (const { snapshot } of crowd.benches) {
      const measured = snapshot.associations.filter(({ packets }) => packets.received === 6).length;
      if (measured !== servers || snapshot.system.systemPeer === null)
        throw new Error(`of ${servers} servers ${measured} were measured`);
    }
    // The first round is for the compiler.
    if (round > 0) least = Math.min(least, crowd.taken);
  }
  row(
    `mobilization, volley, selection: ${servers} servers`,
    (least / engines / servers) * 1e6,
    `µs CPU a server (least of ${REPEATS})`,
  );
}

function memory(): void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const used = (): number => {
    collect();
    collect();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const before = used();
  const config = probing(HELD);
  // Too far for selection, which would choose among 10,000 at each of 80,000 samples; it keeps nothing an association but a verdict.
  const limits = { ...config.limits, maxdist: 1e-6 };
  const burst = { packets: 8, spacing: { least: SPACING, most: SPACING }, strangers: SPACING, callDelay: null };
  const crowd = new Crowd(HELD, 1, { ...config, limits, burst, once: null, emptyStages: "rfc5905" });
  crowd.discover();
  crowd.volley(8 * SPACING + 2);
  const { associations } = crowd.benches[0]!.snapshot;
  if (associations.length !== HELD || associations.some(({ packets }) => packets.received < 8))
    throw new Error("not all were found and measured");
  row(`memory, ${HELD.toLocaleString("en")} associations`, (used() - before) / HELD, "octets an association");
  if (crowd.benches[0]!.engine.wakeAt === undefined) throw new Error("the engine has nothing to do");
}

function probing(servers: number): EngineConfig {
  const discovery = {
    authenticate: false,
    ringInterval: 1000,
    allRings: false,
    broadcastDelay: null,
    longestWait: Infinity,
    count: null,
    cohort: false,
    beacon: null,
  };
  const limits = { ...DEFAULT_LIMITS, minclock: servers, maxclock: servers };
  const line = { kind: "manycast", name: GROUP, ttl: 1, iburst: true, minpoll: 6, maxpoll: 6 } as const;
  return queryConfig([line], { samples: 6, deadline: null }, { discovery, limits });
}

for (let round = 0; round < ROUNDS; round += 1) await probe();
effort(10, 10);
effort(1000, 1);
memory();

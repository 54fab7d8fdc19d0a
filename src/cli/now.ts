/** `ntpkit now`: what time it is, and how wrong that can be, by this host's daemon, by its kernel, or by servers asked now. */
import { UsageError } from "../config/usage.ts";
import {
  daemonBound,
  kernelBound,
  measuredBound,
  uncertaintyOf,
  widened,
  type Asked,
  type Bound,
} from "../control/bound.ts";
import { isFollowing, type DaemonReport } from "../control/daemon.ts";
import { readVariables, type ReadVariables } from "../control/operations.ts";
import type { Outcome } from "../engine/port/outcome.ts";
import { askControl, askDaemon, type AskOptions, type Place } from "../host/ask.ts";
import { steady, type ClockReader } from "../host/clock.ts";
import { ownAddresses } from "../host/interfaces.ts";
import type { Now } from "../time/now.ts";
import { documentText, type FailureDocument } from "../view/document.ts";
import { describeFailure } from "../view/failure.ts";
import { nowDocument, nowText, type Teller } from "../view/now-document.ts";
import { durationText } from "../view/text.ts";
import { isLoopback, parseAddressLiteral } from "../wire/address.ts";
import { askFailure, askOptions, daemonPlaceOf } from "./asking.ts";
import { askingFace } from "./asking-face.ts";
import { exitCode, failureLine } from "./exit.ts";
import { failureContext, runGuarded } from "./guarded.ts";
import { type Io, sayLine } from "./io.ts";
import { thisMachine, unixNow, type Machine } from "./measure.ts";
import { prepareOptions } from "./once.ts";
import { ASKING_DEFAULTS, NOW_DEFAULTS, WAIT_DEFAULTS } from "./options/defaults.ts";
import type { OptionsOf } from "./options/offers.ts";
import { pause } from "./pause.ts";
import { prepare, type Prepared } from "./prepare.ts";
import { session } from "./session.ts";
import { tellPrepared } from "./tell.ts";
import { Until } from "./until.ts";
import { HERE, type Here } from "./wait.ts";

/** What one look comes to. */
interface Look {
  /** `null`: nothing is known. */
  readonly bound: Bound | null;
  readonly teller: Teller;
  /** Why nothing is. */
  readonly failure: FailureDocument | null;
}

type NowOptions = OptionsOf<"now">;

const NOBODY: Teller = { daemon: null, via: null };
/** For the answer of a daemon on this machine, once and then once more; seconds. */
const PATIENCE = 0.25;
/** Of each server, where a bound is waited for: the least of their delays decides it. */
const MOST_SAMPLES = 8;

/**
 * Tells the time.
 * @param servers SERVER arguments; without any, and without a file named, this host is asked
 * @param here whose daemon and whose kernel
 * @returns the exit code
 * @throws UsageError
 */
export async function runNow(
  servers: readonly string[],
  options: NowOptions,
  io: Io,
  here: Here = HERE,
): Promise<number> {
  const asksServers = servers.length > 0 || options.config !== undefined;
  if (asksServers && options.daemon !== undefined)
    throw new UsageError("--daemon and servers exclude each other", "one of both says what time it is");
  const machine = thisMachine();
  const patience = options.deadline ?? (options.wait === undefined ? ASKING_DEFAULTS.deadline : NOW_DEFAULTS.waiting);
  const until = new Until(io, patience);
  try {
    const look = asksServers
      ? await serversLook(servers, options, io, machine, { until, end: steady() + patience })
      : daemonLook(options, here, machine.read, until);
    const pauses = asksServers ? NOW_DEFAULTS.headway : WAIT_DEFAULTS.interval;
    const last = await lookUntilGood(look, pauses, options, io, until);
    return report(last, options, io, machine.read);
  } finally {
    until.release();
  }
}

/** Looks once, or until the bound is as narrow as it is to be. */
async function lookUntilGood(
  look: () => Promise<Look>,
  pauses: number,
  options: NowOptions,
  io: Io,
  until: Until,
): Promise<Look> {
  for (;;) {
    const seen = await look();
    if (options.wait === undefined || isGood(seen, options.wait)) return seen;
    if (seen.failure !== null && FINAL.has(seen.failure.code)) return seen;
    if (options.verbose === true) sayLine(io.err, `ntpkit now: not yet: ${lookText(seen)}`);
    await pause(pauses, until.signal);
    if (until.isOver) return { ...seen, failure: notYet(seen, options.wait, until) };
  }
}

/** What does not become better by waiting. */
const FINAL: ReadonlySet<Outcome> = new Set([
  "usage",
  "internal",
  "interrupted",
  "terminated",
  "permission",
  "kiss",
  "authentication",
]);

function isGood({ bound }: Look, most: number): boolean {
  return bound !== null && uncertaintyOf(widened(bound, steady())) <= most;
}

function notYet(seen: Look, most: number, until: Until): FailureDocument {
  if (until.why !== "deadline") return { code: until.why, message: until.why, hint: null };
  const message = `not yet within ${durationText(most)}: ${lookText(seen)}`;
  return { code: "deadline", message, hint: "--deadline waits longer" };
}

function lookText({ bound, failure }: Look): string {
  if (bound === null) return failure?.message ?? "nothing is known";
  return `the time is known to ± ${durationText(uncertaintyOf(widened(bound, steady())))}`;
}

/** Asks this host's daemon, and where none answers its kernel. */
function daemonLook(
  { keys: _keys, key: _key, ...options }: NowOptions,
  here: Here,
  read: ClockReader,
  until: Until,
): () => Promise<Look> {
  const named = options.daemon;
  const place = named === undefined ? here.place : daemonPlaceOf(named);
  const timeout = options.timeout ?? (named === undefined ? PATIENCE : ASKING_DEFAULTS.timeout);
  const now = (): Now => ({ mono: steady(), clock: read() });
  return async () => {
    const asking = await askOptions({ ...options, timeout }, until);
    const from = now();
    const asked = await askDaemon(place, asking);
    const kernel = here.kernel();
    if (!("kind" in asked)) {
      const disciplined = kernel?.synchronized ?? null;
      const bound = daemonBound(asked, { from, until: now(), disciplined });
      const isDoubtful = asked.protocol === "mode6" && bound !== null && disciplined !== true;
      const told = isDoubtful ? await askedAgain(asked, place, asking, now) : null;
      return daemonSaid(asked, told === null ? bound : daemonBound(told.report, { ...told.asked, disciplined }));
    }
    if (until.isOver && until.why !== "deadline") return unknown({ code: until.why, message: until.why, hint: null });
    if (named !== undefined) return unknown(askFailure(named, asked, until));
    if (kernel === null) return unknown(NOBODY_SAYS);
    const bound = kernelBound(kernel, steady());
    return bound === null
      ? unknown(kernel.synchronized ? UNTOLD_KERNEL : UNSYNCHRONIZED_KERNEL)
      : { bound, teller: NOBODY, failure: null };
  };
}

/**
 * What a daemon's clock reads, asked alone: how long the question takes counts where that may be another clock than this host's, and
 * to ask for everything takes long.
 */
async function askedAgain(
  report: DaemonReport,
  place: Place,
  asking: AskOptions,
  now: () => Now,
): Promise<{ readonly report: DaemonReport; readonly asked: Pick<Asked, "from" | "until"> } | null> {
  const from = now();
  const read = await askControl<ReadVariables>(place, () => readVariables(0, ["clock"]), asking);
  const until = now();
  const clock = read.kind === "variables" ? read.variables.get("clock") : undefined;
  if (clock === undefined) return null;
  const { system } = report;
  return {
    report: { ...report, system: { ...system, variables: { ...system.variables, clock } } },
    asked: { from, until },
  };
}

const ASK_SERVERS = "name servers to ask, as in: ntpkit now ntp.example.net";
const NOBODY_SAYS: FailureDocument = {
  code: "unavailable",
  message: "no time daemon answers here, and the kernel's clock status cannot be read",
  hint: ASK_SERVERS,
};
const UNSYNCHRONIZED_KERNEL: FailureDocument = {
  code: "no-agreement",
  message: "no time daemon answers here, and the kernel's clock is not synchronized",
  hint: ASK_SERVERS,
};
const UNTOLD_KERNEL: FailureDocument = {
  code: "unavailable",
  message: "no time daemon answers here, and whoever sets the kernel's clock has not told it how wrong that may be",
  hint: ASK_SERVERS,
};

function unknown(failure: FailureDocument, teller: Teller = NOBODY): Look {
  return { bound: null, teller, failure };
}

function daemonSaid(report: DaemonReport, bound: Bound | null): Look {
  const { host, protocol, daemon, via = null } = report;
  const teller = { daemon, via };
  if (!isFollowing(report))
    return unknown(
      { code: "no-agreement", message: `${host}: the daemon is not synchronized`, hint: ASK_SERVERS },
      teller,
    );
  // Only mode 6 tells what the daemon's clock reads, so that another host's can be compared with ours.
  if (protocol !== "mode6" && !isOfThisHost(via))
    return unknown(
      { code: "unavailable", message: `${host}: it tells of its own clock, and not of this host's`, hint: ASK_SERVERS },
      teller,
    );
  if (bound === null)
    return unknown(
      {
        code: "unavailable",
        message: `${host}: the daemon does not tell how wrong its clock may be`,
        hint: ASK_SERVERS,
      },
      teller,
    );
  return { bound, teller, failure: null };
}

/** Whether a daemon was asked at an address of this host, or by a socket. */
function isOfThisHost(via: string | null): boolean {
  if (via === null || via.startsWith("/")) return true;
  const ip = /^\[(.+)\]:\d+$/.exec(via)?.[1] ?? via.replace(/:\d+$/, "");
  return parseAddressLiteral(ip) !== null && (isLoopback(ip) || ownAddresses().includes(ip));
}

/** Asks servers by the engine, as `query` does; where a bound is waited for only until it is reached. */
async function serversLook(
  servers: readonly string[],
  { wait, daemon: _daemon, ...given }: NowOptions,
  io: Io,
  machine: Machine,
  { until, end }: { readonly until: Until; readonly end: number },
): Promise<() => Promise<Look>> {
  const samples = given.samples ?? (wait === undefined ? undefined : MOST_SAMPLES);
  const options = { ...given, ...(samples === undefined ? {} : { samples }) };
  const prepared = await prepare("query", servers, prepareOptions(options), io.env, machine.facts, "now");
  tellPrepared("ntpkit now", prepared, options, io);
  const { once } = prepared.config;
  return async () => {
    const deadline = Math.min(once?.deadline ?? Infinity, Math.max(0, end - steady()));
    const config = {
      ...prepared.config,
      once: once && { ...once, deadline: deadline === Infinity ? null : deadline },
    };
    return await measuredLook(
      { ...prepared, config },
      { ...options, ...(wait === undefined ? {} : { wait }) },
      io,
      machine,
      until,
    );
  };
}

async function measuredLook(
  { config, keyring, trust }: Prepared,
  options: NowOptions,
  io: Io,
  machine: Machine,
  until: Until,
): Promise<Look> {
  const face = askingFace("now", config, options);
  const ended = await session(
    {
      ...face,
      noted(notes, run) {
        face.noted?.(notes, run);
        const bound = options.wait === undefined ? null : boundOf(run.snapshot());
        if (bound !== null && isGood({ bound, teller: NOBODY, failure: null }, options.wait!)) run.end("ok");
      },
    },
    options,
    io,
    (watch) => runGuarded({ config, keyring, trust, machine, watch, forget: options.forget ?? false, force: false }),
  );
  const bound = measuredBound(ended.snapshot);
  if (bound !== null && (ended.outcome === "ok" || ended.outcome === "deadline"))
    return { bound, teller: NOBODY, failure: null };
  if (ended.outcome === "interrupted" || ended.outcome === "terminated") until.end(ended.outcome);
  const outcome = ended.outcome === "ok" ? "no-agreement" : ended.outcome;
  return unknown(describeFailure(outcome, ended.snapshot, failureContext("now", config, ended))!);
}

function boundOf(snapshot: Parameters<typeof measuredBound>[0] | null): Bound | null {
  return snapshot === null ? null : measuredBound(snapshot);
}

function report({ bound, teller, failure }: Look, options: NowOptions, io: Io, read: ClockReader): number {
  const pivot = unixNow();
  const document = nowDocument(bound, teller, failure, { mono: steady(), clock: read() }, pivot);
  if (options.json === true) io.out.write(documentText(document, io.out.isTerminal));
  else if (options.quiet !== true || failure !== null) io.out.write(nowText(document));
  if (failure !== null) io.err.write(failureLine("ntpkit now", failure));
  return exitCode(failure?.code ?? "ok");
}

/** `ntpkit now`: what time it is, and how wrong that can be, by this host's daemon, by its kernel, or by servers asked now. */
import { UsageError } from "../config/usage.ts";
import { uncertaintyOf, widened } from "../control/bound.ts";
import type { Outcome } from "../engine/port/outcome.ts";
import { steady, type ClockReader } from "../host/clock.ts";
import { documentText, type FailureDocument } from "../view/document.ts";
import { nowDocument, nowText } from "../view/now-document.ts";
import { durationText } from "../view/text.ts";
import { exitCode, failureLine } from "./exit.ts";
import { type Io, sayLine } from "./io.ts";
import { thisMachine, unixNow } from "./measure.ts";
import { isGood, type Look, type NowOptions } from "./now/look.ts";
import { ASKING_DEFAULTS, NOW_DEFAULTS, WAIT_DEFAULTS } from "./options/defaults.ts";
import { pause } from "./pause.ts";
import { Until } from "./until.ts";
import { HERE, type Here } from "./wait.ts";

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
    const end = steady() + patience;
    const look = asksServers
      ? await (await import("./now/servers.ts")).serversLook(servers, options, io, machine, { until, end })
      : (await import("./now/daemon.ts")).daemonLook(options, here, machine.read, until);
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

function notYet(seen: Look, most: number, until: Until): FailureDocument {
  if (until.why !== "deadline") return { code: until.why, message: until.why, hint: null };
  const message = `not yet within ${durationText(most)}: ${lookText(seen)}`;
  return { code: "deadline", message, hint: "--deadline waits longer" };
}

function lookText({ bound, failure }: Look): string {
  if (bound === null) return failure?.message ?? "nothing is known";
  return `the time is known to ± ${durationText(uncertaintyOf(widened(bound, steady())))}`;
}

function report({ bound, teller, failure }: Look, options: NowOptions, io: Io, read: ClockReader): number {
  const pivot = unixNow();
  const document = nowDocument(bound, teller, failure, { mono: steady(), clock: read() }, pivot);
  if (options.json === true) io.out.write(documentText(document, io.out.isTerminal));
  else if (options.quiet !== true || failure !== null) io.out.write(nowText(document));
  if (failure !== null) io.err.write(failureLine("ntpkit now", failure));
  return exitCode(failure?.code ?? "ok");
}

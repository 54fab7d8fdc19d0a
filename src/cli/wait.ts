/** `ntpkit wait`: until the local clock is synchronized, whatever daemon does it; what boots and jobs put before themselves. */
import { FINAL } from "../engine/port/event.ts";
import { isFollowing, type DaemonReport } from "../control/daemon.ts";
import { askDaemon, LOCAL, type AskFault, type Place } from "../host/ask.ts";
import { kernelStatus, type KernelStatus } from "../host/kernel.ts";
import { head, type Condition, type WaitDocument } from "../view/daemon-document.ts";
import { documentText, type FailureDocument } from "../view/document.ts";
import { durationText, printable, signedText } from "../view/text.ts";
import { askFailure, askOptions, daemonPlaceOf } from "./asking.ts";
import { exitCode, failureLine } from "./exit.ts";
import { type Io, sayLine } from "./io.ts";
import { pause } from "./pause.ts";
import { ASKING_DEFAULTS, WAIT_DEFAULTS } from "./options/defaults.ts";
import type { OptionsOf } from "./options/offers.ts";
import { Until } from "./until.ts";

/** For the answer of a daemon on this machine, once and then once more; seconds. */
const PATIENCE = 0.25;

/** This machine. */
export interface Here {
  readonly place: Place;
  /** The kernel's view of its clock. */
  kernel(): KernelStatus | null;
}

/** The machine that this runs on. */
export const HERE: Here = { place: LOCAL, kernel: kernelStatus };

/**
 * Waits.
 * @param local whose daemon and whose kernel are looked at where none is named
 * @returns the exit code: 0 synchronized, 11 no such name, 17 not yet, 69 nobody can tell
 * @throws UsageError
 */
export async function runWait(options: OptionsOf<"wait">, io: Io, local: Here = HERE): Promise<number> {
  const until = new Until(io, options.deadline ?? options.timeout ?? WAIT_DEFAULTS.timeout);
  const place = options.daemon === undefined ? local.place : daemonPlaceOf(options.daemon);
  const began = process.uptime();
  try {
    const timeout = options.daemon === undefined ? PATIENCE : ASKING_DEFAULTS.timeout;
    const asking = await askOptions({ ...options, timeout }, until);
    let last = NOTHING_KNOWN;
    let nowhere: Unresolved | null = null;
    let unsent: AskFault | null = null;
    let nameless = false;
    for (;;) {
      const asked = await askDaemon(place, asking);
      nameless = "kind" in asked && asked.fault === "stopped" && asked.nameless === true;
      if (!("kind" in asked) || asked.fault !== "stopped") nowhere = unresolvedOf(asked);
      unsent = "kind" in asked && asked.fault === "silent" && asked.undelivered !== undefined ? asked : null;
      const seen =
        "kind" in asked
          ? kernelCondition(options.daemon === undefined ? local.kernel() : null)
          : daemonCondition(asked);
      if (!until.signal.aborted || seen.source === "kernel") last = seen;
      // A name that there is not is a mistake; name servers that cannot be reached yet are waited for.
      if (nowhere !== null && FINAL.has(nowhere.why)) break;
      if (isGood(last, options)) return report(last, null, began, options, io);
      if (options.verbose === true) sayLine(io.err, `ntpkit wait: ${conditionText(last)}`);
      if (until.signal.aborted) break;
      await pause(options.interval ?? WAIT_DEFAULTS.interval, until.signal);
      if (until.signal.aborted) break;
    }
    return report(
      last,
      failureOf(last, nameless ? SILENT_RESOLVER : nowhere, unsent, options, until),
      began,
      options,
      io,
    );
  } finally {
    until.release();
  }
}

/** The name of the daemon's host has no address. */
type Unresolved = Extract<AskFault, { readonly fault: "unresolved" }>;

function unresolvedOf(asked: DaemonReport | AskFault): Unresolved | null {
  return "kind" in asked && asked.fault === "unresolved" ? asked : null;
}

/** Its name was being looked up until the end. */
const SILENT_RESOLVER: Unresolved = { kind: "unasked", fault: "unresolved", why: "silent" };

const NOTHING_KNOWN: Condition = {
  source: null,
  daemon: null,
  via: null,
  synchronized: false,
  offset: null,
  maximumError: null,
};

/** Of a daemon that is not synchronized the figures are what it began with, or what it knew before: they are no bounds. */
function daemonCondition(report: DaemonReport): Condition {
  const {
    daemon,
    via = null,
    system: { offset, rootDistance },
  } = report;
  const synchronized = isFollowing(report);
  return {
    source: "daemon",
    daemon,
    via,
    synchronized,
    offset: synchronized ? offset : null,
    maximumError: synchronized ? rootDistance : null,
  };
}

function kernelCondition(status: KernelStatus | null): Condition {
  if (status === null) return NOTHING_KNOWN;
  const { synchronized, offset, maximumError } = status;
  return { source: "kernel", daemon: null, via: null, synchronized, offset, maximumError };
}

function isGood(last: Condition, options: OptionsOf<"wait">): boolean {
  return last.synchronized && limitsMissed(last, options).length === 0;
}

function failureOf(
  last: Condition,
  nowhere: Unresolved | null,
  unsent: AskFault | null,
  options: OptionsOf<"wait">,
  until: Until,
): FailureDocument {
  const { daemon } = options;
  if (nowhere !== null && daemon !== undefined && (until.why === "deadline" || !until.signal.aborted))
    return askFailure(daemon, nowhere, until);
  if (until.why !== "deadline") return { code: until.why, message: until.why, hint: null };
  if (last.source === null && daemon !== undefined && unsent !== null)
    return { ...askFailure(daemon, unsent, until), code: "unavailable" };
  if (last.source === null && daemon !== undefined)
    return { code: "unavailable", message: `${daemon}: no time daemon answers`, hint: "--timeout waits longer" };
  if (last.source === null)
    return {
      code: "unavailable",
      message: "no time daemon answers, and the kernel's clock status cannot be read",
      hint: "start a daemon, or name one with --daemon HOST",
    };
  const missed = limitsMissed(last, options);
  return {
    code: "deadline",
    message: `not yet: ${conditionText(last)}${missed.length === 0 ? "" : `; ${missed.join(", ")}`}`,
    hint: "--timeout waits longer",
  };
}

/** The limits that keep a clock which is synchronized from being good enough. */
function limitsMissed(
  { synchronized, offset, maximumError }: Condition,
  { offset: most, distance }: OptionsOf<"wait">,
): readonly string[] {
  if (!synchronized) return [];
  return [
    ...(most === undefined || (offset !== null && Math.abs(offset) <= most)
      ? []
      : [`the offset may be ${durationText(most)} (--offset)`]),
    ...(distance === undefined || (maximumError !== null && maximumError <= distance)
      ? []
      : [`the error may be ${durationText(distance)} (--distance)`]),
  ];
}

function conditionText({ source, daemon, via, synchronized, offset, maximumError }: Condition): string {
  if (source === null) return "nobody says anything of the clock";
  const who =
    source === "kernel"
      ? "the kernel"
      : `${printable(daemon ?? "the daemon")}${via?.startsWith("/") !== true ? "" : ` (by ${printable(via)})`}`;
  if (!synchronized && offset === null) return `${who} says: not synchronized`;
  return `${who} says: ${synchronized ? "synchronized" : "not synchronized"}, offset ${signedText(offset)}, error up to ${durationText(maximumError)}`;
}

function report(
  condition: Condition,
  failure: FailureDocument | null,
  began: number,
  options: OptionsOf<"wait">,
  io: Io,
): number {
  const document: WaitDocument = {
    ...head("wait", failure),
    elapsed: process.uptime() - began,
    ...condition,
  };
  if (options.json === true) io.out.write(documentText(document, io.out.isTerminal));
  else if (failure === null && options.quiet !== true) io.out.write(`${conditionText(condition)}\n`);
  if (failure !== null) io.err.write(failureLine("ntpkit wait", failure));
  return exitCode(failure?.code ?? "ok");
}

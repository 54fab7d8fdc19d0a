/** `ntpkit check`: a monitoring plugin. Servers are asked by the engine as `query` asks them, or a daemon is asked what it thinks. */
import { UsageError } from "../config/usage.ts";
import { parseRange, type Thresholds } from "../config/ranges.ts";
import { REASONS, type Reason } from "../association/verdict.ts";
import { isFollowing, isTemplate } from "../control/daemon.ts";
import type { AssociationReport, Snapshot } from "../engine/port/snapshot.ts";
import { askDaemon } from "../host/ask.ts";
import { documentText } from "../view/document.ts";
import { explain } from "../view/explain.ts";
import { describeFailure } from "../view/failure.ts";
import { checkDocument, pluginLine, STATUSES, worst, type Figure, type Finding } from "../view/plugin.ts";
import { counted } from "../view/text.ts";
import type { Leap } from "../wire/header.ts";
import { askFailure, askOptions, daemonPlaceOf } from "./asking.ts";
import { ASKING_DEFAULTS, CHECK_DEFAULTS } from "./options/defaults.ts";
import { failureContext, runGuarded } from "./guarded.ts";
import type { Io } from "./io.ts";
import { thisMachine } from "./measure.ts";
import { prepareOptions } from "./once.ts";
import { wantsMetrics, type OptionsOf } from "./options/offers.ts";
import { prepare } from "./prepare.ts";
import { askingFace } from "./asking-face.ts";
import { session } from "./session.ts";
import { Until } from "./until.ts";

/** What was measured, whoever told it. */
interface Measurement {
  readonly offset: number | null;
  readonly jitter: number | null;
  readonly stratum: number | null;
  readonly truechimers: number | null;
  readonly falsetickers: number | null;
  readonly rootdistance: number | null;
  /** Days until the first certificate expires, of those by which keys were established. */
  readonly certificate: number | null;
  readonly leap: Leap | null;
  /** Whether there are several servers, so that it is of interest how many agree. */
  readonly several: boolean;
  /** What is wrong besides the figures. */
  readonly remarks: Finding["remarks"];
}

/**
 * Checks.
 * @returns 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN; mistakes of whoever typed are UNKNOWN too
 */
export async function runCheck(operands: readonly string[], given: OptionsOf<"check">, io: Io): Promise<number> {
  const servers = [...(given.hostname ?? []), ...operands];
  const deadline = given.deadline ?? given.pluginTimeout;
  const options = deadline === undefined ? given : { ...given, deadline };
  let measured: Measurement;
  try {
    if (options.daemon !== undefined && servers.length > 0)
      throw new UsageError(
        "--daemon and SERVER exclude each other",
        "a daemon is checked by what it says of its servers",
      );
    measured =
      options.daemon === undefined
        ? await measureServers(servers, options, io)
        : await askThe(options.daemon, options, io);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    measured = nothing("UNKNOWN", error.hint === null ? error.message : `${error.message}; ${error.hint}`);
  }
  const finding = findingOf(options.compat === undefined ? measured : inItsWords(measured), options);
  const code = STATUSES.indexOf(worst(finding));
  if (options.json === true) io.out.write(documentText(checkDocument(finding, code), io.out.isTerminal));
  else if (wantsMetrics(options)) {
    const [{ giveMetrics }, { checkMetrics }] = await Promise.all([
      import("./metrics.ts"),
      import("../view/expositions.ts"),
    ]);
    giveMetrics(checkMetrics(finding), options, io);
  } else if (options.quiet !== true || code !== 0) io.out.write(pluginLine(finding));
  return code;
}

/** What only ought to be known, the plugin says nothing of. */
function inItsWords(measured: Measurement): Measurement {
  return { ...measured, remarks: measured.remarks.filter(({ status }) => status !== "OK") };
}

function nothing(status: "UNKNOWN" | "CRITICAL", text: string): Measurement {
  return {
    offset: null,
    jitter: null,
    stratum: null,
    truechimers: null,
    falsetickers: null,
    rootdistance: null,
    certificate: null,
    leap: null,
    several: false,
    remarks: [{ status, text }],
  };
}

/** Nobody answered, in check_ntp_time's words; and why, where it is for more than that nothing came. */
function unanswered(snapshot: Snapshot): Measurement {
  const { remarks, ...none } = nothing("CRITICAL", "No response from NTP server");
  const obstructed = snapshot.associations.filter(({ unreachable }) => unreachable !== null);
  const why = obstructed.map((server) => ({ reason: server.reason, text: explain(server, snapshot) }));
  return { ...none, remarks: [...remarks, ...faultRemarks(why)] };
}

async function measureServers(servers: readonly string[], options: OptionsOf<"check">, io: Io): Promise<Measurement> {
  const machine = thisMachine();
  const prepared = await prepare("query", servers, prepareOptions(options), io.env, machine.facts, "check");
  const { config, keyring, trust } = prepared;
  const ended = await session(askingFace("check", config, options), options, io, (watch) =>
    runGuarded({ config, keyring, trust, machine, watch, forget: options.forget ?? false, force: false }),
  );
  const { snapshot, outcome } = ended;
  if (outcome === "no-reply") return unanswered(snapshot);
  const failure = describeFailure(outcome, snapshot, failureContext("check", config, ended));
  const follower = snapshot.clock.offset === null ? followerOf(snapshot) : undefined;
  if (follower !== undefined) {
    const { offset, jitter, stratum, rootDistance, leap } = follower;
    return { ...company(snapshot), offset, jitter, stratum, rootdistance: rootDistance, leap };
  }
  if (failure?.code === "no-agreement" && snapshot.clock.offset === null)
    return { ...nothing("CRITICAL", failure.message), ...countsOf(snapshot) };
  if (failure !== null && snapshot.clock.offset === null)
    return nothing(
      failure.code === "kiss" || failure.code === "authentication" || failure.code === "deadline"
        ? "CRITICAL"
        : "UNKNOWN",
      // A monitor's line is all that is read: what to do about a server that is not asked any more stands in it.
      failure.code === "kiss" && failure.hint !== null ? `${failure.message}; ${failure.hint}` : failure.message,
    );
  const { clock, system } = snapshot;
  const peer = snapshot.associations.find(({ id }) => id === system.systemPeer);
  const { jitter, offset } = clock;
  const measured = { ...company(snapshot), offset, jitter, stratum: peer?.stratum ?? null, leap: system.leap };
  const rootdistance = peer?.rootDistance ?? null;
  return failure === null
    ? { ...measured, rootdistance }
    : { ...measured, rootdistance, remarks: [{ status: "CRITICAL", text: failure.message }] };
}

/** Who agrees, and what else is to be said of the servers. */
function company(
  snapshot: Snapshot,
): Pick<Measurement, "truechimers" | "falsetickers" | "several" | "remarks" | "certificate"> {
  const remarks = faultRemarks(snapshot.associations.map((server) => ({ ...server, text: explain(server, snapshot) })));
  return { ...countsOf(snapshot), remarks, certificate: daysLeft(snapshot) };
}

const DAY = 86_400_000;

/** By the time that was measured; `null`: nobody was asked under NTS. */
function daysLeft({ associations, clock: { offset } }: Snapshot): number | null {
  const dates = associations.flatMap(({ nts }) => nts?.until ?? []).map((date) => Date.parse(date));
  if (dates.length === 0) return null;
  return Math.floor((Math.min(...dates) - (Date.now() + (offset ?? 0) * 1000)) / DAY);
}

function countsOf({ associations, system }: Snapshot): Pick<Measurement, "truechimers" | "falsetickers" | "several"> {
  const { truechimers, falsetickers } = system;
  return { truechimers, falsetickers, several: associations.length > 1 };
}

/** A server that follows this host: to be followed is refused to it, but what it was measured to be off by is not. */
function followerOf({ associations }: Snapshot): AssociationReport | undefined {
  return associations.find(({ reason, offset }) => reason === "loop" && offset !== null);
}

/** Reasons that are nobody's fault: it was to be so, or there are enough others. */
const FAULTLESS: ReadonlySet<Reason | null> = new Set([
  null,
  "noselect",
  "duplicate",
  "surplus",
  "selectJitter",
  "pending",
  "untold",
]);

/** So many servers are named; more are counted. */
const MOST_REMARKS = 4;

/** Who lies or is dead among the good: the check does not fail for that, but is never silent about it. */
function faultRemarks(
  servers: readonly { readonly reason: Reason | null; readonly text: string | null }[],
): Finding["remarks"] {
  const texts = servers.flatMap(({ reason, text }) => (FAULTLESS.has(reason) || text === null ? [] : [text]));
  const more = texts.length - MOST_REMARKS;
  return [...texts.slice(0, MOST_REMARKS), ...(more > 0 ? [`${counted(more, "other server")} not used`] : [])].map(
    (text) => ({ status: "OK", text }),
  );
}

async function askThe(host: string, options: OptionsOf<"check">, io: Io): Promise<Measurement> {
  const until = new Until(io, options.deadline ?? ASKING_DEFAULTS.deadline);
  try {
    const place = daemonPlaceOf(host);
    const asked = await askDaemon(place, await askOptions(options, until));
    if ("kind" in asked) {
      const { message } = askFailure(host, asked, until);
      return nothing(asked.fault === "unresolved" ? "UNKNOWN" : "CRITICAL", message);
    }
    const { system } = asked;
    const { offset, jitter, stratum, truechimers, falsetickers, rootDistance, leap } = system;
    // A daemon that is not at the address may be that of another host, or container, whose files are shared.
    const elsewhere: Finding["remarks"] =
      asked.via?.startsWith("/") === true && place.socket === undefined
        ? [{ status: "OK", text: `told by ${asked.via}` }]
        : [];
    if (!isFollowing(asked)) {
      const { remarks, ...none } = nothing("CRITICAL", "Server not synchronized");
      return { ...none, stratum, truechimers, remarks: [...remarks, ...elsewhere] };
    }
    // What a daemon never tells cannot be judged, which is not the same as bad.
    const untold = (["truechimers", "falsetickers", "certificate"] as const).filter(
      (name) => (name === "certificate" || system[name] === null) && options[name] !== undefined,
    );
    const servers = asked.associations.filter((peer) => !isTemplate(peer));
    return {
      offset,
      jitter,
      stratum,
      truechimers,
      falsetickers,
      rootdistance: rootDistance,
      certificate: null,
      leap,
      several: servers.length > 1,
      remarks: [
        ...elsewhere,
        ...untold.map((name) => ({ status: "UNKNOWN" as const, text: `the daemon does not tell its ${name}` })),
        ...faultRemarks(servers.map(({ name, reason }) => ({ reason, text: daemonRemark(name, reason) }))),
      ],
    };
  } finally {
    until.release();
  }
}

function daemonRemark(name: string, reason: Reason | null): string | null {
  return reason === null ? null : `${name}: ${REASONS[reason].text}`;
}

const UNDEMANDED: Thresholds = { warning: null, critical: null };

/** The offset always, and who agrees where there are several; the others where something is demanded of them. */
function findingOf(measured: Measurement, options: OptionsOf<"check">): Finding {
  const offset: Figure = {
    name: "offset",
    value: measured.offset,
    thresholds: {
      warning: options.warning ?? parseRange(CHECK_DEFAULTS.warning, ""),
      critical: options.critical ?? parseRange(CHECK_DEFAULTS.critical, ""),
    },
  };
  // Where there is no answer at all, its words are enough, as check_ntp_time's are.
  const isMute = measured.offset === null && measured.stratum === null;
  const isCount = (name: string): boolean => name === "truechimers" || name === "falsetickers";
  const isShown = (name: Exclude<Figure["name"], "offset">): boolean =>
    isCount(name)
      ? measured[name] !== null && (measured.several || options[name] !== undefined)
      : name === "certificate"
        ? measured[name] !== null || (options[name] !== undefined && options.daemon === undefined)
        : options[name] !== undefined;
  const names = ["jitter", "stratum", "truechimers", "falsetickers", "rootdistance", "certificate"] as const;
  const others = names.flatMap((name): Figure[] =>
    !isShown(name) || (isMute && !isCount(name))
      ? []
      : [{ name, value: measured[name], thresholds: options[name] ?? UNDEMANDED }],
  );
  const announced = options.leap === true && (measured.leap === "insert" || measured.leap === "delete");
  const leap = announced
    ? [
        {
          status: "WARNING" as const,
          text: `a leap second will be ${measured.leap === "insert" ? "inserted" : "left out"}`,
        },
      ]
    : [];
  return { figures: isMute ? others : [offset, ...others], remarks: [...measured.remarks, ...leap] };
}

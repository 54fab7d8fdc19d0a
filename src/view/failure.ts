/** Why a run failed, in one line that names what and where, and a hint what to do next. */
import { REASONS, type Reason } from "../association/verdict.ts";
import { OUTCOMES, type Outcome } from "../engine/port/outcome.ts";
import type { AssociationReport, Snapshot } from "../engine/port/snapshot.ts";
import type { StepLimits } from "../discipline/limits.ts";
import type { ClockFault, HostFault } from "../engine/port/event.ts";
import type { Seconds } from "../time/seconds.ts";
import type { FailureDocument } from "./document.ts";
import { DEFAULT_LIMITS } from "../system/limits.ts";
import {
  danceText,
  distanceText,
  HOST_FAULTS,
  hostFaultText,
  isZoneless,
  keysText,
  kissWords,
  RESOLVE_FAULTS,
  resolveText,
  stratumText,
  undeliveredHint,
} from "./explain.ts";
import { fullName } from "./servername.ts";
import { durationText, printable, signedText } from "./text.ts";
import { CLOCK_FAULTS } from "./notes.ts";
import { directionText } from "./verdict.ts";

/**
 * Commands whose runs end in these words, and which of the options that are advised here each has: nobody is told to use an option
 * that is not there.
 */
export const ADVISED: Readonly<Record<FailingCommand, string>> = {
  sync: "-v --ca -4 -6 --wait-network --forget --maxdist --minsane --source-port --state --deadline --timeout --force --panic --max-step --dry-run --key --keys --nts",
  query:
    "-v --ca -4 -6 --wait-network --forget --maxdist --minsane --source-port --deadline --timeout --key --keys --nts",
  check: "-v --ca -4 -6 --wait-network --forget --maxdist --minsane --source-port --deadline --timeout --key --keys",
  now: "-v --ca -4 -6 --wait-network --forget --maxdist --minsane --source-port --deadline --timeout --key --keys",
  demo: "-v",
  pool: "-v --ca -4 -6 --wait-network --forget --maxdist --minsane --source-port --deadline --timeout --key --keys",
  manycast: "-v -4 -6 --maxdist --minsane --deadline --timeout --port",
  broadcast: "-v -4 -6 --maxdist --minsane --deadline --timeout --port",
  watch: "-v --ca -4 -6 --forget --maxdist --minsane --source-port --timeout --key --keys",
  peers: "-v -4 -6 --deadline --timeout",
  run: "-v --ca --force --any-offset --port --no-clock",
};

/** One of them. */
export type FailingCommand =
  | "sync"
  | "query"
  | "check"
  | "now"
  | "demo"
  | "pool"
  | "manycast"
  | "broadcast"
  | "watch"
  | "peers"
  | "run";

/** What the words need to know beside the snapshot. */
export interface FailureContext {
  readonly command: FailingCommand;
  /** The limits in force; `null` where the clock is not touched. */
  readonly limits: StepLimits | null;
  /** `null`: none. */
  readonly deadline: Seconds | null;
  /** The other daemon that disciplines the clock, in words, e.g. `chronyd (process 512)`. */
  readonly otherDaemon?: string;
  /** The capability that this process lacks; `null`: none, so that something else forbids what was refused. */
  readonly lacking?: Lacking | null;
  /** Why the C library, by which a clock is set, cannot be called, and what to do; `null`: it can. */
  readonly withoutLibc?: string | null;
  /** The port that clients were to be answered on, and why it was refused. */
  readonly service?: { readonly port: number; readonly why: HostFault };
}

/**
 * What a failed run has to say.
 * @returns `null` when the outcome is `ok`
 */
export function describeFailure(outcome: Outcome, snapshot: Snapshot, context: FailureContext): FailureDocument | null {
  if (outcome === "ok") return null;
  const { message, hint } = WORDS[outcome]?.(snapshot, context) ?? { message: OUTCOMES[outcome].text, hint: null };
  return { code: outcome, message, hint: hint === null ? null : adviceFor(context.command, hint) };
}

/** Options of other programs, whose names stand beside them. */
const FOREIGN = ["--cap-add"];

/** Of some advice what the command has options for. */
function adviceFor(command: FailingCommand, hint: Advice): string | null {
  const clauses = typeof hint === "string" ? [hint] : hint;
  const has = new Set([...ADVISED[command].split(" "), ...FOREIGN]);
  const possible = clauses.filter((clause) =>
    Array.from(clause.matchAll(/(?<![\w-])-(?:-[a-z][a-z-]+|[v46])(?![\w-])/g), ([option]) => option).every((option) =>
      has.has(option),
    ),
  );
  return possible.length === 0 ? null : possible.join("").replace(/^(?:, or|, and|;|,) /, "");
}

/** A capability, and who lacks it: an ordinary user, or root in a container or service. */
export interface Lacking {
  readonly capability: string;
  readonly who: "user" | "root" | "unseen";
}

/** One clause, or several that each begin with what joins them to those before; what the command has no option for is left out. */
type Advice = string | readonly string[];

interface Words {
  readonly message: string;
  readonly hint: Advice | null;
}

const WORDS: Readonly<Partial<Record<Outcome, (snapshot: Snapshot, context: FailureContext) => Words>>> = {
  "no-reply": (snapshot) => ({
    message: `no server answered${causes(snapshot)}`,
    hint: silenceHint(snapshot.associations),
  }),
  resolve: (snapshot) => {
    const names = new Map(snapshot.unresolved.map(({ name, why }) => [name, RESOLVE_FAULTS[why]] as const));
    const list =
      names.size > 0
        ? `: ${several([...names].map(([name, why]) => `${printable(name)} (${why})`))}`
        : causes(snapshot);
    const later = snapshot.unresolved.some(({ why }) => why === "again");
    const broken = snapshot.unresolved.some(({ why }) => why === "serverFailure" || why === "refused");
    return {
      message: `no name could be resolved${list}`,
      hint: later
        ? ["--wait-network 60s waits for the network", "; an IP address needs no name server"]
        : broken
          ? ["an IP address needs no name server", "; /etc/resolv.conf names those that are asked"]
          : unresolvedHint(snapshot),
    };
  },
  "no-agreement": (snapshot, { command }) => {
    const { associations } = snapshot;
    const doubted = associations.some(({ reason }) => reason === "probation");
    if (doubted)
      return {
        message: `no server is fit whose vote counts${causes(snapshot)}`,
        hint: ["ask more servers", ", or let --forget forgive those on probation"],
      };
    const split = associations.some(({ reason }) => reason === "noMajority" || reason === "outsideIntersection");
    if (split)
      return {
        message: `no majority of the servers agree${causes(snapshot)}`,
        hint: "ask more servers, so that those in the right outvote the others",
      };
    const survivors = associations.filter(({ reason }) => reason === null).length;
    const { minsane } = snapshot.limits ?? DEFAULT_LIMITS;
    if (survivors > 0)
      return {
        message: `too few servers survived the selection: ${survivors}, and ${minsane} must`,
        hint: ["ask more servers", ", or lower --minsane"],
      };
    return { message: `no server is fit${causes(snapshot)}`, hint: unfitHint(snapshot, command) };
  },
  limit: ({ clock }, { command, limits }) => limitWords(clock, command, limits),
  permission: (snapshot, { lacking, service, withoutLibc }) => {
    const { clock, associations } = snapshot;
    if (service !== undefined) return serviceWords(service, lacking);
    const fault = clockFault(clock);
    if (fault !== null) return clockWords(clock, fault, lacking, withoutLibc ?? null);
    // One fault of one port is said once, and not of each server again.
    const faults = new Set(
      associations.map(({ reason, unreachable }) => (reason === "sourcePort" ? unreachable : reason)),
    );
    const others = faults.size === 1 ? "" : causes(snapshot);
    if (faults.has("portInUse"))
      return {
        message: `the source port is in use by another program${others}`,
        hint: ["leave out --source-port, or name a port that is free"],
      };
    return {
      message: `the source port may not be used by this process${others}`,
      hint: portHint(lacking, null, "--source-port"),
    };
  },
  authentication: (snapshot) => ({
    message: `no server could be authenticated${causes(snapshot)}`,
    hint: authenticationHint(snapshot.associations),
  }),
  kiss: (snapshot) => ({
    message: `the servers asked us to go away${causes(snapshot)}`,
    hint: snapshot.associations.some(({ kiss }) => kiss === "DENY" || kiss === "RSTR")
      ? ["ask other servers", "; this one is not asked again unless --forget drops the memory of it"]
      : ["wait some minutes", ", with --state an hour or more", ", or ask other servers"],
  }),
  deadline: (snapshot, { deadline }) => ({
    message: `the deadline${deadline === null ? "" : ` of ${durationText(deadline)}`} passed before an answer was complete${causes(snapshot)}`,
    hint: snapshot.unresolved.some(({ why }) => why === "silent")
      ? "an IP address needs no name server; --deadline allows more time"
      : "--deadline allows more time",
  }),
  "other-daemon": (_snapshot, { otherDaemon }) => ({
    message: `${otherDaemon ?? "another time daemon"} disciplines this clock; nothing was changed`,
    hint: ["stop it", ", or override with --force", "; `ntpkit query` only measures"],
  }),
};

/** `: a (why), b (why) and 3 more` of the servers that are not used. */
function causes(snapshot: Snapshot): string {
  const lost = snapshot.associations.filter(
    (server): server is AssociationReport & { reason: Reason } => server.reason !== null,
  );
  return lost.length === 0
    ? ""
    : `: ${several(lost.map((server) => `${fullName(server)} (${cause(server, server.reason, snapshot)})`))}`;
}

function cause(server: AssociationReport, reason: Reason, { unresolved, limits }: Snapshot): string {
  if (reason === "rootDistance" && server.rootDistance !== null)
    return `its root distance is ${distanceText(server, limits)!}`;
  if (reason === "stratum" && server.stratum !== null) return stratumText(server.stratum, limits)!;
  if (reason === "unresolved") return resolveText(server.name, unresolved) ?? REASONS[reason].text;
  if ((reason === "kiss" || reason === "denied") && server.kiss !== null) return kissWords(server.kiss, server.packets);
  const keys = keysText(server);
  if (keys !== null) return keys;
  if (reason === "authentication" && server.autokey !== undefined)
    return danceText(server.autokey, server.authentication);
  if (reason === "authentication" && server.authentication === "nak")
    return server.security === "nts"
      ? "NTS NAK"
      : server.keyId === null
        ? "crypto-NAK, though no key was used"
        : "crypto-NAK";
  if (reason === "authentication" && server.packets.sent === 0 && server.keyId !== null)
    return `key ${server.keyId} is not in the keyring, or not trusted`;
  if (reason === "noMajority" && server.offset !== null) return signedText(server.offset);
  if (OF_THE_HOST.includes(reason) && server.unreachable !== null)
    return hostFaultText(reason, server.unreachable, server.address);
  return REASONS[reason].text;
}

/** Reasons behind which this host's own fault says more. */
const OF_THE_HOST: readonly Reason[] = ["unreachable", "noRoute", "sourcePort"];

/** As many as fit a line that is still read. */
const SEVERAL = 4;

function several(items: readonly string[]): string {
  const shown = items.slice(0, SEVERAL).join(", ");
  return items.length > SEVERAL ? `${shown} and ${items.length - SEVERAL} more` : shown;
}

/** The greatest root distance that can be allowed, seconds. */
const MOST_DISTANCE = 16;

/** Where all are too far away, how far away they would have to be allowed to be. */
function unfitHint({ associations }: Snapshot, command: FailingCommand): Advice {
  const distances = associations.map(({ reason, rootDistance }) => (reason === "rootDistance" ? rootDistance : null));
  const least = Math.min(...distances.map((distance) => distance ?? Infinity));
  const enough = Math.ceil(least * 1.1);
  if (enough > MOST_DISTANCE) return "ask other servers";
  return command === "run"
    ? `ask other servers, or allow these with \`tos maxdist ${enough}\``
    : ["ask other servers", `, or allow these with --maxdist ${enough}`];
}

function unresolvedHint({ unresolved }: Snapshot): Advice {
  const family = unresolved.length > 0 && unresolved.every(({ why }) => why === "otherFamily");
  return family ? ["leave out -4 or -6", ", or ask other servers"] : "check the spelling, or give an IP address";
}

const KE_PORT_HINT = "is that the port of key establishment? it is 4460 unless said";

/** What is to be done about servers that did not prove who they are: by the first that says why. */
function authenticationHint(associations: readonly AssociationReport[]): Advice {
  const under = associations.filter(({ security }) => security === "nts");
  const failed = associations.filter(({ reason }) => reason === "authentication");
  if (failed.length > 0 && failed.every(({ autokey }) => autokey !== undefined))
    return ["ask other servers", ", or by Network Time Security: --nts"];
  // Who was asked without a key may want one.
  if (
    failed.length > 0 &&
    failed.every(({ security, keyId, packets }) => security !== "nts" && keyId === null && packets.sent > 0)
  )
    return ["ask other servers", ", or name the key that these want with --key and --keys"];
  if (under.length === 0 || under.length < associations.length)
    return "compare the keys at both ends: identifier, algorithm, secret, and that they are trusted";
  const fault = under.flatMap(({ nts }) => nts?.fault?.name ?? [])[0];
  if (fault === "selfSigned" || fault === "untrusted")
    return ["--ca FILE names who is to be trusted besides", "; else ask other servers"];
  if (fault === "expired" || fault === "notYetValid")
    return "certificates have dates: is the local clock right? if it is, the server's operator has to renew it";
  if (fault === "wrongName") return "name the server as its certificate does";
  if (fault === "alpn" || fault === "tlsVersion" || fault === "protocol") return KE_PORT_HINT;
  return ["ask other servers", "; -v says what happened"];
}

function silenceHint(associations: readonly AssociationReport[]): Advice {
  const all = (reason: Reason): boolean => associations.every((server) => server.reason === reason);
  if (all("portUnreachable") && associations.every(({ security }) => security === "nts"))
    return [KE_PORT_HINT, "; `ntpkit nts HOST` examines it step by step"];
  if (all("portUnreachable")) return "is a time server running there, on that port?";
  if (associations.length > 0 && associations.every(({ unreachable }) => unreachable === "noAddress"))
    return "is the name of the interface right? `ip link` lists them";
  if (associations.length > 0 && all("noRoute") && associations.every(({ address }) => address?.includes("%") === true))
    return "is that its interface, and is it up? `ip link` lists the interfaces";
  if (associations.length > 0 && associations.every(({ reason }) => reason === "noRoute" || reason === "unresolved"))
    return ["is the network up?", " --wait-network 60s waits for it"];
  if (associations.some(({ packets }) => packets.rejected > 0))
    return ["packets came that could not be used", "; -v says why"];
  if (associations.length > 0 && associations.every(({ unreachable }) => unreachable !== null))
    return hostHint(associations);
  if (associations.some(({ nts }) => nts?.fault?.step === "tcp"))
    return ["is TCP port 4460, of key establishment, blocked on the way?", " --deadline allows more time"];
  const ports = new Set(associations.map(({ port }) => port));
  const blocked = `is UDP port ${ports.size === 1 ? [...ports][0]! : 123} blocked on the way?`;
  return [blocked, " --timeout and --deadline allow more time"];
}

/** Nothing left this host: what is on the way and how long was waited have no part in it. */
function hostHint(associations: readonly AssociationReport[]): Advice {
  const [zoneless] = associations.flatMap(({ address }) => (isZoneless(address) ? [address] : []));
  return undeliveredHint(zoneless ?? null, zoneless === undefined ? "noPrivilege" : "other")!;
}

/** Why the system would not have its clock set; `null`: it was not asked, or did as it was told. */
export function clockFault({ reason }: Snapshot["clock"]): ClockFault | null {
  return reason !== null && Object.hasOwn(CLOCK_FAULTS, reason) ? (reason as ClockFault) : null;
}

/** The clock was refused: to a daemon before it has measured anything, for it begins by taking the clock over. */
function clockWords(
  { offset }: Snapshot["clock"],
  fault: ClockFault,
  lacking: FailureContext["lacking"],
  withoutLibc: string | null,
): Words {
  const unsupported = fault === "unsupported" && withoutLibc !== null ? [withoutLibc] : [];
  const remedy = fault === "noPrivilege" ? [privilegeHint(lacking, "clock")] : unsupported;
  return {
    message:
      offset === null
        ? `the local clock cannot be steered: ${CLOCK_FAULTS[fault]}`
        : `the local clock is ${directionText(offset)} and was not corrected: ${CLOCK_FAULTS[fault]}`,
    hint: [...remedy, "; --no-clock leaves the clock alone", "; --dry-run only says what would be done"],
  };
}

/** The port that clients were to be answered on was refused. */
function serviceWords(
  { port, why }: NonNullable<FailureContext["service"]>,
  lacking: FailureContext["lacking"],
): Words {
  if (why === "portInUse")
    return {
      message: `UDP port ${port} is in use by another program`,
      hint: ["stop the time daemon there", ", or name another port with --port"],
    };
  if (why !== "noPrivilege")
    return { message: `UDP port ${port} cannot be used: ${HOST_FAULTS[why]}`, hint: portHint(lacking, port, "--port") };
  return { message: `UDP port ${port} may not be used by this process`, hint: portHint(lacking, port, "--port") };
}

/** What is needed for something, and what that is called in words. */
const PRIVILEGED = {
  clock: { capability: "CAP_SYS_TIME", words: "set the clock" },
  port: { capability: "CAP_NET_BIND_SERVICE", words: "bind to that port" },
} as const;

/**
 * What is to be done about a port that may not be used.
 * @param port `null`: it is not known which
 * @param option by which another is named
 */
export function portHint(lacking: Lacking | null | undefined, port: number | null, option: string): string {
  const isOpenToAll = port !== null && port >= FREE_PORTS;
  const needed = privilegeHint(isOpenToAll ? null : lacking, "port");
  return isOpenToAll ? needed : `${needed}; or name a port above ${FREE_PORTS - 1} with ${option}`;
}

/** From here on ports need no privilege (ip_unprivileged_port_start). */
const FREE_PORTS = 1024;

/** Names the capability that is needed, who lacks it, and how it is given. */
function privilegeHint(lacking: Lacking | null | undefined, what: keyof typeof PRIVILEGED): string {
  const { capability, words } = PRIVILEGED[what];
  if (lacking === null)
    return `it is not for want of ${capability}: a seccomp filter or a security module forbids to ${words}`;
  if (lacking?.who === "unseen")
    return `without /proc it cannot be seen whether ${capability} is there: give it to the service; else something forbids to ${words}`;
  if (lacking?.who === "root")
    return `root lacks ${capability} here; give it to the service, or start the container with --cap-add ${capability.replace(/^CAP_/, "")}`;
  return `run it as root, or give it ${capability}`;
}

function limitWords(
  { offset, moved, reason }: Snapshot["clock"],
  command: FailingCommand,
  limits: StepLimits | null,
): Words {
  const wrong = `the local clock is ${directionText(offset ?? 0)}`;
  const right = "if the servers are right, ";
  if (reason === "max-step") {
    const way = (offset ?? 0) > 0 ? "forward" : "backward";
    const most = limits === null ? "" : ` of ${durationText(limits.maxStep[way])}`;
    return {
      message: `${wrong}, beyond the --max-step ${way}${most}; nothing was changed`,
      hint: `${right}allow it with --max-step ${way}=inf`,
    };
  }
  const before = moved === undefined ? "" : `, having been stepped by ${signedText(moved)} today`;
  const most = limits === null ? "" : ` of ${durationText(limits.panic)}`;
  // A daemon has its limits from its configuration.
  const daemon = command === "run";
  return {
    message: `${wrong}${before}, beyond the ${daemon ? "panic threshold" : "--panic limit"}${most}; nothing was changed`,
    hint: daemon
      ? `${right}start it again with --any-offset, or write \`tinker panic 0\``
      : `${right}allow it with --panic inf`,
  };
}

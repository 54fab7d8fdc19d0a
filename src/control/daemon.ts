/**
 * What a time daemon is doing, in one shape whatever protocol told it: what `peers` shows and prints as JSON.
 *
 * A protocol says what it knows to {@link peerReport} and {@link systemReport}, and these make the rest `null`:
 * `daemonmode6.ts` makes it from mode 6, `daemoncmdmon.ts` from chrony's protocol, `daemonobserve.ts` from what ntpd-rs
 * tells, `daemonlive.ts` from an engine of our own, `remembered.ts` from what runs have left.
 */
import type { AssociationMode } from "../association/modes.ts";
import { TALLIES } from "../association/verdict.ts";
import { UNKNOWN_ASSOCIATION } from "../engine/port/association-report.ts";
import type { AssociationReport, SystemReport } from "../engine/port/snapshot.ts";
import type { Frequency, Seconds } from "../time/seconds.ts";
import type { UnixNanoseconds } from "../time/timestamp.ts";
import { MAXSTRAT, type Mode } from "../wire/header.ts";
import type { ReadChrony } from "./chrony.ts";
import { peerStatus } from "./status.ts";

/** How a daemon was asked; `observe`: by ntpd-rs's observation socket; `live`: none was, the engine measured by itself; `state`: nobody was, runs have left it. */
export type DaemonProtocol = "mode6" | "cmdmon" | "observe" | "live" | "state";

/** A daemon at one moment. */
export interface DaemonReport {
  /** As it was asked for. */
  readonly host: string;
  readonly protocol: DaemonProtocol;
  /** Its name and version in its own words, `null` if it does not tell. */
  readonly daemon: string | null;
  readonly system: DaemonSystem;
  readonly associations: readonly PeerReport[];
  /** By which way it told: `ADDRESS:PORT`, or a socket's path; absent: nobody was asked. */
  readonly via?: string;
  /** There is more that it tells only over its Unix socket. */
  readonly withheld: boolean;
  /** chronyd's own words, where it is one. */
  readonly chrony?: ReadChrony;
}

/** The daemon's system variables. */
export interface DaemonSystem extends Omit<SystemReport, "systemPeer" | keyof VerdictCounts> {
  /** The association it follows. */
  readonly systemPeer: number | null;
  /** How many fared how; `null` where it does not tell what it makes of them. */
  readonly survivors: number | null;
  readonly truechimers: number | null;
  readonly falsetickers: number | null;
  /** Server − local, as the daemon estimates it. */
  readonly offset: Seconds | null;
  /** The correction of the clock's rate that is applied. */
  readonly frequency: Frequency | null;
  /** Of the system peer's samples, and of the clock itself. */
  readonly jitter: Seconds | null;
  readonly clockJitter: Seconds | null;
  readonly clockWander: Frequency | null;
  /** log₂ seconds */
  readonly precision: number | null;
  /** When the clock was last set. */
  readonly reference: UnixNanoseconds | null;
  /** Everything as the daemon wrote it; empty where it is not text. */
  readonly variables: Readonly<Record<string, string>>;
}

/**
 * Whether a daemon follows somebody: it says that it is synchronized, and by more than its own clock (chrony's `local`, ntpd's driver
 * 127.127.1.x, orphan mode), which says no more of the time than the clock that it was asked about.
 */
export function isFollowing({ system, associations }: Pick<DaemonReport, "system" | "associations">): boolean {
  const { leap, stratum, refid, systemPeer } = system;
  if (leap === "unsynchronized" || stratum >= MAXSTRAT) return false;
  const peer = associations.find(({ id }) => id === systemPeer);
  const own = [refid, peer?.address ?? null, peer?.name ?? null].some((name) => name !== null && OWN_CLOCK.test(name));
  // At 127.0.0.1 there may be another server, which then is one of the associations.
  const orphan = refid !== null && ORPHAN.test(refid) && peer === undefined;
  return !own && !orphan;
}

/** The drivers of ntpd, and chronyd's `local`, whatever they are written like. */
const OWN_CLOCK = /^\.?(?:LOCL|LOCAL(?:\(\d+\))?)\.?$|^127\.127\.1\.\d{1,3}$/;
/** An orphan parent (ntpd, "Orphan Mode"). */
const ORPHAN = /^(?:\.?LOOP\.?|127\.0\.0\.1)$/;

/** An association of the daemon's: the engine's report as far as it is told, and what ntpq's table has besides. */
export interface PeerReport extends Omit<
  AssociationReport,
  "id" | "mode" | "unreach" | "packets" | "flash" | "reference"
> {
  /** As the daemon numbers it; chronyd's sources from 1. */
  readonly id: number;
  readonly mode: Mode | AssociationMode;
  /** ntpq's letter: `u` unicast, `s` `S` symmetric active and passive, `b` `B` `M` broadcast, `p` pool, `a` manycast, `l` reference clock, `-` or others unknown. */
  readonly type: string;
  /** Configured, or mobilized by the daemon itself. */
  readonly configured: boolean;
  readonly unreach: number | null;
  readonly packets: AssociationReport["packets"] | null;
  readonly flash: number | null;
  readonly reference: UnixNanoseconds | null;
  /** The local address it uses. */
  readonly local: string | null;
  /** The status word, mode 6 only. */
  readonly status: number | null;
  /** Everything as the daemon wrote it, mode 6 only. */
  readonly variables: Readonly<Record<string, string>>;
}

/** What must be told of an association, and what may be. */
export type ToldPeer = Pick<
  PeerReport,
  "id" | "name" | "mode" | "lifetime" | "verdict" | "reason" | "poll" | "reach" | "type"
> &
  Partial<PeerReport>;

/** An association of which a daemon tells nothing. */
const UNKNOWN_PEER: PeerReport = {
  ...UNKNOWN_ASSOCIATION,
  unreach: null,
  packets: null,
  flash: null,
  reference: null,
  type: "u",
  configured: true,
  local: null,
  status: null,
  variables: {},
};

/** The report of an association. */
export function peerReport(known: ToldPeer): PeerReport {
  return { ...UNKNOWN_PEER, tally: TALLIES[known.verdict], ...known };
}

/** Whether it only finds servers, or only sends, and is none itself. */
export function isTemplate({ type, status }: PeerReport): boolean {
  return type === "p" || type === "a" || (status !== null && peerStatus(status).broadcast);
}

/** A daemon of which nothing is known. */
const UNKNOWN_SYSTEM: DaemonSystem = {
  leap: "unsynchronized",
  stratum: 16,
  refid: null,
  rootDelay: null,
  rootDispersion: null,
  rootDistance: null,
  systemPeer: null,
  survivors: null,
  truechimers: null,
  falsetickers: null,
  intersection: null,
  offset: null,
  frequency: null,
  jitter: null,
  clockJitter: null,
  clockWander: null,
  precision: null,
  reference: null,
  variables: {},
};

/**
 * The report of a daemon's system variables.
 * @param associations of which the system peer is one, and which are counted; `null`: what the daemon makes of them is not told
 */
export function systemReport(
  known: Partial<DaemonSystem>,
  associations: readonly PeerReport[] | null = null,
): DaemonSystem {
  const { rootDelay = null, rootDispersion = null } = known;
  return {
    ...UNKNOWN_SYSTEM,
    rootDistance: rootDelay === null || rootDispersion === null ? null : rootDelay / 2 + rootDispersion,
    ...(associations === null ? {} : countedVerdicts(associations)),
    ...known,
  };
}

type VerdictCounts = Pick<SystemReport, "survivors" | "truechimers" | "falsetickers">;

/** Which of the associations is followed, and how many fared how. */
function countedVerdicts(associations: readonly PeerReport[]): VerdictCounts & Pick<DaemonSystem, "systemPeer"> {
  const count = (verdicts: readonly string[]): number =>
    associations.filter(({ verdict }) => verdicts.includes(verdict)).length;
  return {
    systemPeer: associations.find(({ verdict }) => verdict === "systemPeer")?.id ?? null,
    survivors: count(["systemPeer", "survivor"]),
    truechimers: count(["systemPeer", "survivor", "outlier", "excess", "backup"]),
    falsetickers: count(["falseticker"]),
  };
}

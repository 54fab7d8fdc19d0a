/**
 * What a time daemon is doing, in one shape whatever protocol told it: what `peers` shows and prints as JSON.
 *
 * `daemonmode6.ts` makes it from mode 6, `daemoncmdmon.ts` from chrony's protocol, `daemonobserve.ts` from what ntpd-rs
 * tells, `daemonlive.ts` from an engine of our own. What a protocol does not tell is `null`.
 */
import type { AssociationMode } from "../association/modes.ts";
import type { AssociationReport, SystemReport } from "../engine/port/snapshot.ts";
import type { Frequency, Seconds } from "../time/seconds.ts";
import type { UnixNanoseconds } from "../time/timestamp.ts";
import type { Mode } from "../wire/header.ts";
import type { ReadChrony } from "./chrony.ts";

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

type VerdictCounts = Pick<SystemReport, "survivors" | "truechimers" | "falsetickers">;

/** How many of the associations fared how. */
export function countedVerdicts(associations: readonly PeerReport[]): VerdictCounts {
  const count = (verdicts: readonly string[]): number =>
    associations.filter(({ verdict }) => verdicts.includes(verdict)).length;
  return {
    survivors: count(["systemPeer", "survivor"]),
    truechimers: count(["systemPeer", "survivor", "outlier", "excess", "backup"]),
    falsetickers: count(["falseticker"]),
  };
}

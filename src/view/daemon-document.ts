/** The JSON documents of the commands that ask daemons: `peers`, and the single questions of mode 6. */
import type { DaemonProtocol, DaemonReport, DaemonSystem, PeerReport } from "../control/daemon.ts";
import type { Hop } from "../control/hop.ts";
import type { MruEntry } from "../control/mru.ts";
import type { ListedAssociation, ReadVariables } from "../control/operations.ts";
import type { Rejudged, Reselection } from "../control/reselect.ts";
import { clockStatus, peerStatus, systemStatus } from "../control/status.ts";
import { integerOf, numberOf, unquoted, type Row, type Variable } from "../control/variables.ts";
import { OUTCOMES } from "../engine/port/outcome.ts";
import type { Seconds } from "../time/seconds.ts";
import { toIso, unixToIso, type UnixNanoseconds } from "../time/timestamp.ts";
import { schemaName, type FailureDocument } from "./document.ts";
import { endpointOf } from "./peers-rows.ts";
import type { RememberedDocument } from "./recalled.ts";

/** What was learnt of one host. */
export interface HostAnswer {
  readonly host: string;
  readonly report: DaemonReport | null;
  /** Why there is no report. */
  readonly failure: FailureDocument | null;
  /** With `--explain`. */
  readonly reselection: Reselection | null;
}

/** A document: plain data. */
export type Data = { readonly [name: string]: unknown };

/** What every document begins with. */
export interface Head {
  readonly schema: string;
  readonly ok: boolean;
  readonly exitCode: number;
  readonly error?: FailureDocument;
}

/** The document of `peers`. */
export interface PeersDocument extends Head {
  readonly hosts: readonly HostDocument[];
}

/** One server on the way of `trace`. */
export interface HopDocument extends Omit<Hop, "kind"> {
  readonly name: string;
  readonly address: string;
}

/** The document of `trace`. */
export interface TraceDocument extends Head {
  readonly hops: readonly HopDocument[];
  /** The last one is a primary server. */
  readonly primary: boolean;
  /** Why it ended early. */
  readonly end: string | null;
}

/** What is known of the clock at one look. */
export interface Condition {
  /** `null`: neither a daemon nor the kernel says anything. */
  readonly source: "daemon" | "kernel" | null;
  readonly daemon: string | null;
  /** By which way it told: `ADDRESS:PORT`, or a socket's path. */
  readonly via: string | null;
  readonly synchronized: boolean;
  /** What the clock is off by, as far as its daemon knows. */
  readonly offset: Seconds | null;
  /** How far it may be wrong. */
  readonly maximumError: Seconds | null;
}

/** The document of `wait`. */
export interface WaitDocument extends Head, Condition {
  readonly elapsed: Seconds;
}

/** An address heard by a daemon. */
export interface MruRow extends Pick<MruEntry, "count" | "mode" | "version" | "restrictions"> {
  readonly address: string;
  readonly port: number;
  /** ISO 8601 UTC */
  readonly first: string | null;
  readonly last: string | null;
}

/** The document of `peers`. It failed when no host told anything. */
export function peersDocument(answers: readonly HostAnswer[], failure: FailureDocument | null): PeersDocument {
  return { ...head("peers", failure), hosts: answers.map(hostDocument) };
}

/** Why, or that all went well. */
export function head(command: string, failure: FailureDocument | null): Head {
  return {
    schema: schemaName(command),
    ok: failure === null,
    exitCode: OUTCOMES[failure?.code ?? "ok"].exitCode,
    ...(failure === null ? {} : { error: failure }),
  };
}

/** An association of a daemon's. */
export interface PeerDocument extends Omit<PeerReport, "reference"> {
  /** ISO 8601 UTC */
  readonly reference: string | null;
}

/** A daemon's system variables. */
export interface DaemonSystemDocument extends Omit<DaemonSystem, "reference"> {
  /** ISO 8601 UTC */
  readonly reference: string | null;
}

/** What we make of a daemon's associations. */
export interface ExplanationDocument extends Pick<Reselection, "intersection" | "offset"> {
  readonly judgements: readonly ({ readonly id: number } & Pick<
    Rejudged,
    "verdict" | "reason" | "interval" | "differs"
  >)[];
}

/** One host. */
export interface HostDocument {
  readonly host: string;
  readonly ok: boolean;
  readonly error?: FailureDocument;
  readonly protocol: DaemonProtocol | null;
  readonly daemon: string | null;
  readonly withheld?: boolean;
  /** As {@link DaemonReport.via}. */
  readonly via?: string;
  readonly system: DaemonSystemDocument | null;
  readonly associations: readonly PeerDocument[];
  readonly explanation?: ExplanationDocument;
  /** With `--state`. */
  readonly remembered?: RememberedDocument;
}

/** The document of one host. */
export function hostDocument({ host, report, failure, reselection }: HostAnswer): HostDocument {
  if (report === null)
    return {
      host,
      ok: false,
      ...(failure === null ? {} : { error: failure }),
      protocol: null,
      daemon: null,
      system: null,
      associations: [],
    };
  const { protocol, daemon, system, associations, withheld, via } = report;
  const judged = reselection === null ? {} : { explanation: explanationDocument(reselection) };
  return {
    host,
    ok: true,
    protocol,
    daemon,
    ...(via === undefined ? {} : { via }),
    withheld,
    system: systemDocument(system),
    associations: associations.map(peerDocument),
    ...judged,
  };
}

function systemDocument(system: DaemonSystem): DaemonSystemDocument {
  return { ...system, ...plainly(system) };
}

function peerDocument(peer: PeerReport): PeerDocument {
  return { ...peer, ...plainly(peer) };
}

function plainly({
  reference,
  variables,
}: Pick<PeerReport, "reference" | "variables">): Pick<PeerDocument, "reference" | "variables"> {
  return { reference: reference === null ? null : unixToIso(reference), variables: plainVariables(variables) };
}

function explanationDocument({ rejudged, intersection, offset }: Reselection): ExplanationDocument {
  const judgements = rejudged.map(({ peer, verdict, reason, interval, differs }) => ({
    id: peer.id,
    verdict,
    reason,
    interval,
    differs,
  }));
  return { intersection, offset, judgements };
}

function plainVariables(variables: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, unquoted(value)]));
}

/** Variables and the status word that came with them. */
export function variablesData(read: ReadVariables, kind: "system" | "peer" | "clock"): Data {
  const status =
    kind === "system"
      ? systemStatus(read.status)
      : kind === "peer"
        ? peerStatus(read.status)
        : clockStatus(read.status);
  return { association: read.association, status, variables: variablesOf(read.list) };
}

function variablesOf(list: readonly Variable[]): Record<string, string> {
  const plain: Record<string, string> = {};
  for (const { name, value } of list)
    if (!Object.hasOwn(plain, name)) Object.defineProperty(plain, name, { value: unquoted(value), enumerable: true });
  return plain;
}

/** The associations of a status list. */
export function associationsData(associations: readonly ListedAssociation[]): Data {
  return { associations: associations.map(({ id, status }) => ({ id, status: peerStatus(status) })) };
}

/** Addresses heard. */
export function mruData(entries: readonly MruEntry[], pivot: UnixNanoseconds): Data {
  const rows = entries.map(({ address, count, mode, version, restrictions, first, last }): MruRow => {
    const { ip, port } = endpointOf(address);
    return {
      address: ip,
      port,
      count,
      mode,
      version,
      restrictions,
      first: toIso(first, pivot),
      last: toIso(last, pivot),
    };
  });
  return { entries: rows };
}

/** Rows of `ifstats` or `reslist`; what is a number is one. */
export function rowsData(name: string, rows: readonly Row[]): Data {
  const items = rows.map(({ index, fields }) => ({
    index,
    ...Object.fromEntries(
      [...fields].map(([field, value]) => [
        field,
        NUMBERS.has(field) ? (integerOf(value) ?? numberOf(value)) : unquoted(value),
      ]),
    ),
  }));
  return { [name]: items };
}

/** Fields of interfaces and restrictions that are numbers. */
const NUMBERS: ReadonlySet<string> = new Set(["en", "flags_bits", "mc", "pc", "rx", "tl", "tx", "txerr", "up", "hits"]);

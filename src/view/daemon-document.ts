/** The JSON documents of the commands that ask daemons: `peers`, and the single questions of mode 6. */
import type { DaemonReport, DaemonSystem, PeerReport } from "../control/daemon.ts";
import type { MruEntry } from "../control/mru.ts";
import type { ListedAssociation, ReadVariables } from "../control/operations.ts";
import type { Reselection } from "../control/reselect.ts";
import { clockStatus, peerStatus, systemStatus } from "../control/status.ts";
import { integerOf, numberOf, unquoted, type Row, type Variable } from "../control/variables.ts";
import { OUTCOMES } from "../engine/port/outcome.ts";
import { toIso, unixToIso, type UnixNanoseconds } from "../time/timestamp.ts";
import { schemaName, type FailureDocument } from "./document.ts";
import { endpointOf } from "./peers-rows.ts";

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

/** The document of `peers`. It failed when no host told anything. */
export function peersDocument(answers: readonly HostAnswer[], failure: FailureDocument | null): Data {
  return { ...head("peers", failure), hosts: answers.map(hostDocument) };
}

/** Why, or that all went well. */
export function head(command: string, failure: FailureDocument | null): Data {
  return {
    schema: schemaName(command),
    ok: failure === null,
    exitCode: OUTCOMES[failure?.code ?? "ok"].exitCode,
    ...(failure === null ? {} : { error: failure }),
  };
}

/** The document of one host. */
export function hostDocument({ host, report, failure, reselection }: HostAnswer): Data {
  if (report === null)
    return { host, ok: false, error: failure, protocol: null, daemon: null, system: null, associations: [] };
  const { protocol, daemon, system, associations, withheld } = report;
  const judged = reselection === null ? {} : { explanation: explanationDocument(reselection) };
  return {
    host,
    ok: true,
    protocol,
    daemon,
    withheld,
    system: systemDocument(system),
    associations: associations.map(peerDocument),
    ...judged,
  };
}

function systemDocument({ reference, variables, ...system }: DaemonSystem): Data {
  return {
    ...system,
    reference: reference === null ? null : unixToIso(reference),
    variables: plainVariables(variables),
  };
}

function peerDocument({ reference, variables, ...peer }: PeerReport): Data {
  return { ...peer, reference: reference === null ? null : unixToIso(reference), variables: plainVariables(variables) };
}

function explanationDocument({ rejudged, intersection, offset }: Reselection): Data {
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
  const rows = entries.map(({ address, count, mode, version, restrictions, first, last }) => {
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

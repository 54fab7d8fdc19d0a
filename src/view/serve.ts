/** What a server tells of itself while it runs: lines for people, documents a line, and what is drawn on a terminal. */
import type { Snapshot } from "../engine/port/snapshot.ts";
import type { Published } from "../server/published.ts";
import type { Counts, Tally } from "../server/disposition.ts";
import { DISPOSITIONS, tallyOf, type Disposition } from "../server/disposition.ts";
import { refidText } from "../wire/refid.ts";
import { toIso, type UnixNanoseconds } from "../time/timestamp.ts";
import { schemaName } from "./document.ts";
import type { Palette } from "./palette.ts";
import { serverTable } from "./table.ts";
import { counted, durationText, listed, printable, signedText } from "./text.ts";

/** Where a server is to be found. */
export interface Presence {
  readonly port: number;
  /** `null`: all addresses. */
  readonly address: string | null;
  /** Groups in which it answers searches. */
  readonly groups: readonly string[];
  readonly broadcasts: readonly string[];
  /** TCP port of key establishment, for clients under NTS; `null`: none. */
  readonly ntsPort: number | null;
}

/** A server at one moment. */
export interface ServeState {
  readonly snapshot: Snapshot;
  readonly published: Published;
  readonly counts: Readonly<Counts>;
  /** Clients it remembers. */
  readonly clients: number;
}

/** What a document tells of. */
export type ServeEvent = "listening" | "source" | "counts" | "stopped";

/** A document of `ntpkit serve --json`. */
export interface ServeDocument {
  readonly schema: string;
  readonly event: ServeEvent;
  /** ISO 8601 UTC, by the local clock. */
  readonly at: string | null;
  readonly listening: Presence;
  /** What clients are told. */
  readonly served: { readonly synchronized: boolean; readonly stratum: number; readonly refid: string };
  readonly clock: Snapshot["clock"];
  readonly system: Snapshot["system"];
  readonly clients: number;
  /** Datagrams by what became of them, and all together. */
  readonly packets: Tally;
  /** The same by cause; only causes that occurred. */
  readonly causes: Readonly<Partial<Counts>>;
}

/** The document of an event. */
export function serveDocument(
  event: ServeEvent,
  presence: Presence,
  { snapshot, published, counts, clients }: ServeState,
  pivot: UnixNanoseconds,
): ServeDocument {
  return {
    schema: schemaName("serve"),
    event,
    at: toIso(snapshot.at, pivot),
    listening: presence,
    served: { synchronized: published.synchronized, stratum: published.stratum, refid: servedRefid(published) },
    clock: snapshot.clock,
    system: snapshot.system,
    clients,
    packets: tallyOf(counts),
    causes: Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0)),
  };
}

/** Where it is, in words. */
export function presenceText({ port, address, groups, broadcasts, ntsPort }: Presence): string {
  const parts = [
    `answering on UDP port ${port}${address === null ? "" : ` of ${printable(address)}`}`,
    ...(ntsPort === null ? [] : [`establishing keys for NTS on TCP port ${ntsPort}`]),
    ...(groups.length === 0 ? [] : [`searches in ${listed(groups.map(printable))}`]),
    ...(broadcasts.length === 0 ? [] : [`broadcasting to ${listed(broadcasts.map(printable))}`]),
  ];
  return parts.join("; ");
}

/** What clients are told, in words. */
export function servedText({ published, snapshot: { clock, system } }: ServeState): string {
  if (!published.synchronized) return "not synchronized: clients are told so (leap 3)";
  const base = `stratum ${published.stratum}, refid ${printable(servedRefid(published))}`;
  if (system.systemPeer === null || clock.offset === null) return base;
  return `${base}, ${signedText(clock.offset)} from the local clock ± ${durationText(clock.uncertainty)}`;
}

/** What came and what became of it, in words. */
export function countsText({ counts, clients }: ServeState): string {
  const { received, answered } = tallyOf(counts);
  const rest = (Object.keys(counts) as Disposition[]).filter((name) => counts[name] > 0 && name !== "answered");
  const causes = rest.map((name) => `${counts[name]} ${name}`);
  return `${counted(received, "packet")}, ${answered} answered${causes.length === 0 ? "" : ` (${causes.join(", ")})`}, ${counted(clients, "client")}`;
}

/**
 * What a terminal shows.
 * @param rate replies a second, of late
 */
export function serveProgress(
  presence: Presence,
  state: ServeState,
  rate: number,
  width: number,
  palette: Palette,
): readonly string[] {
  const { associations } = state.snapshot;
  const paint = state.published.synchronized ? palette.good : palette.doubtful;
  return [
    palette.strong(presenceText(presence)),
    paint(servedText(state)),
    `${countsText(state)}; ${Math.round(rate)} replies a second`,
    ...(associations.length === 0 ? [] : serverTable(associations, width, palette).split("\n")),
  ];
}

/** The names of causes with their meanings, for the manual. */
export const CAUSES: readonly (readonly [name: Disposition, text: string])[] = (
  Object.keys(DISPOSITIONS) as Disposition[]
).map((name) => [name, DISPOSITIONS[name].text]);

function servedRefid({ referenceId, stratum }: Published): string {
  return refidText(stratum, referenceId >>> 0);
}

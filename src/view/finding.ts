/**
 * Reports of the commands that find servers: what was asked, the table of what was found, a sentence a server that is not
 * used, the verdict. And the same as documents.
 */
import type { Snapshot } from "../engine/port/snapshot.ts";
import { toIso, type UnixNanoseconds } from "../time/timestamp.ts";
import { addressText } from "../wire/address.ts";
import { runDocument, type FailureDocument, type RunDocument } from "./document.ts";
import { explain, RESOLVE_FAULTS } from "./explain.ts";
import { drawFaultText } from "./notes.ts";
import { BROADCAST_COLUMNS, poolColumns, RING_COLUMNS } from "./members.ts";
import { paragraph, type ReportStyle } from "./report.ts";
import { ringLines } from "./rings.ts";
import { columnsWithin, serverTable, WHY_NOT, type Column } from "./table.ts";
import { counted, listed, printable } from "./text.ts";
import { leapLine, verdictLine } from "./verdict.ts";

/** The commands that find servers. */
export type Finding = "pool" | "manycast" | "broadcast";

/** Something about a whole set of servers that whoever relies on it should know. */
export interface SetWarning {
  /** Stable, e.g. `sharedUpstream`. */
  readonly code: string;
  readonly text: string;
}

/** The document of `pool`. */
export interface PoolDocument extends RunDocument, Pick<Snapshot, "resolved" | "unresolved"> {
  readonly notDrawn: NonNullable<Snapshot["notDrawn"]>;
  readonly warnings: readonly SetWarning[];
}

/** The document of `manycast`. */
export interface ManycastDocument extends RunDocument {
  /** A list where there are several. */
  readonly group: readonly string[] | string;
  /** Packets that nobody claims, by the reason they were refused for. */
  readonly refused: Snapshot["refused"];
  readonly rings: readonly {
    readonly group: string;
    readonly ttl: number;
    readonly sentAt: string | null;
    readonly replies: number;
  }[];
}

/** A document of a command that finds servers. */
export type FindingDocument = RunDocument | PoolDocument | ManycastDocument;

/** Sentences about servers that lost; more than these are a wall of text. */
const SENTENCES = 12;

/**
 * The report for people.
 * @returns lines, each with a line feed; empty when there is nothing to tell
 */
export function findingReport(
  kind: Finding,
  snapshot: Snapshot,
  style: ReportStyle,
  warnings: readonly SetWarning[] = [],
): string {
  const { palette, pivot } = style;
  const sentences = snapshot.associations.flatMap((server) => explain(server, snapshot) ?? []);
  const most = saysWhy(kind, snapshot, style) ? SENTENCES : sentences.length;
  const more = sentences.length - most;
  const lines = [
    ...headLines(kind, snapshot),
    ...tableLines(kind, snapshot, style),
    ...paragraph(provedLine(snapshot), style),
    ...paragraph(dancedLine(snapshot), style),
    ...failedLines(snapshot),
    ...sentences.slice(0, most).flatMap((sentence) => paragraph(sentence, style)),
    ...(more > 0 ? [`and ${counted(more, "other")}; the table says why`] : []),
    ...warnings.flatMap(({ text }) => paragraph(`warning: ${printable(text)}`, style, palette.doubtful)),
    ...paragraph(leapLine(snapshot), style, palette.doubtful),
    ...paragraph(verdictLine(snapshot, pivot), style, palette.strong),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

/**
 * What a terminal shows while the run goes on.
 * @param rows the most lines
 */
export function findingProgress(
  kind: Finding,
  snapshot: Snapshot,
  style: ReportStyle,
  rows: number,
): readonly string[] {
  const table = tableLines(kind, snapshot, style);
  const lines = [...headLines(kind, snapshot), ...table, ...failedLines(snapshot)];
  return lines.length <= rows ? lines : [...lines.slice(0, rows - 1), `… and ${lines.length - rows + 1} more`];
}

/** The document of a run. */
export function findingDocument(
  kind: Finding,
  snapshot: Snapshot,
  failure: FailureDocument | null,
  pivot: UnixNanoseconds,
  extra: { readonly groups: readonly string[]; readonly warnings: readonly SetWarning[] },
): FindingDocument {
  const document = runDocument(kind, snapshot, failure, pivot);
  if (kind === "pool")
    return {
      ...document,
      resolved: snapshot.resolved,
      unresolved: snapshot.unresolved,
      notDrawn: snapshot.notDrawn ?? [],
      warnings: extra.warnings,
    };
  if (kind === "broadcast") return document;
  const [only] = extra.groups;
  return {
    ...document,
    group: extra.groups.length === 1 ? only! : extra.groups,
    refused: snapshot.refused,
    rings: snapshot.rings.map(({ group, ttl, sentAt, replies }) => ({
      group,
      ttl,
      sentAt: toIso(sentAt, pivot),
      replies,
    })),
  };
}

function headLines(kind: Finding, snapshot: Snapshot): readonly string[] {
  if (kind === "manycast") return ringLines(snapshot);
  if (kind === "pool")
    return snapshot.resolved
      .filter(({ name, addresses }) => addresses.length > 1 || addresses[0] !== name)
      .map(
        ({ name, addresses }) =>
          `${printable(name)}: ${counted(addresses.length, "address").replace(/addresss$/, "addresses")}`,
      );
  return [];
}

/** By what those who were found have proved who they are; `null`: nobody had to. */
function provedLine({ associations }: Snapshot): string | null {
  const proved = associations.filter(
    ({ nts, authentication }) => nts?.certified !== undefined && authentication === "ok",
  );
  if (proved.length === 0) return null;
  const names = new Set(proved.flatMap(({ nts, address }) => (nts!.certified === address ? [] : nts!.certified!)));
  const shown = proved.map(({ name }) => name);
  const by = names.size === 0 ? "for that address" : `for ${namesText([...names])}`;
  return `${namesText(shown)}: proved by NTS, with a certificate ${by}`;
}

/** The same under Autokey; `null`: nobody is. */
function dancedLine({ associations }: Snapshot): string | null {
  const proved = associations.flatMap(({ name, autokey, authentication }) =>
    autokey !== undefined && authentication === "ok" ? [{ name, host: autokey.host ?? "", ident: autokey.ident }] : [],
  );
  if (proved.length === 0) return null;
  const shown = proved.map(({ name, host }) => `${name} as ${host}`);
  const idents = [...new Set(proved.flatMap(({ ident }) => ident ?? []))];
  const group = idents.length === 0 ? "" : ` of the group ${namesText(idents)}`;
  return `${namesText(shown)}: proved by Autokey${group}, which is weak`;
}

function failedLines(snapshot: Snapshot): readonly string[] {
  return missingLines(snapshot.outcome === null ? snapshot : { ...snapshot, unresolved: [] });
}

/** Who was drawn from a name and gave nothing, and names that give nobody: they have no line in the table. */
export function missingLines({
  notDrawn = [],
  unresolved,
}: Pick<Snapshot, "notDrawn" | "unresolved">): readonly string[] {
  return [
    ...notDrawn
      .slice(-SENTENCES)
      .map(
        ({ name, address, port, why }) =>
          `${addressText({ ip: address, port })}${name === address ? "" : ` (${printable(name)})`}: ${drawFaultText(why)}`,
      ),
    ...unresolved.map(({ name, why }) => `${printable(name)}: ${RESOLVE_FAULTS[why]}`),
  ];
}

function tableLines(kind: Finding, { associations }: Snapshot, { width, palette }: ReportStyle): readonly string[] {
  if (associations.length === 0) return [];
  return serverTable(associations, width, palette, columnsOf(kind, associations)).split("\n");
}

/** Whether there is room for the reasons in the table; else each needs its sentence. */
function saysWhy(kind: Finding, { associations }: Snapshot, { width }: ReportStyle): boolean {
  return columnsWithin(associations, width, columnsOf(kind, associations)).some(({ heading }) => heading === WHY_NOT);
}

function columnsOf(kind: Finding, associations: Snapshot["associations"]): readonly Column[] {
  return kind === "pool" ? poolColumns(associations) : kind === "manycast" ? RING_COLUMNS : BROADCAST_COLUMNS;
}

/** What was refused, in one line; `null`: nothing was. */
export function refusedLine({ refused }: Pick<Snapshot, "refused">): string | null {
  const kinds = Object.entries(refused);
  if (kinds.length === 0) return null;
  const all = kinds.reduce((sum, [, count]) => sum + count, 0);
  return `${counted(all, "packet")} refused: ${kinds.map(([reason, count]) => `${count} ${reason}`).join(", ")}`;
}

/** Names of a set, for a line: `a, b and 3 more`. */
export function namesText(names: readonly string[], most = 4): string {
  const shown = names.slice(0, most).map(printable);
  return names.length > most ? `${shown.join(", ")} and ${names.length - most} more` : listed(shown);
}

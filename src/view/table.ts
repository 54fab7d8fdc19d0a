/** The table of a report: a line a server. */
import type { AssociationReport } from "../engine/port/snapshot.ts";
import type { Verdict } from "../association/verdict.ts";
import type { Palette } from "./palette.ts";
import { fullName, shortName, type Named } from "./servername.ts";
import { durationText, inWords, NOTHING, printable, signedText } from "./text.ts";

/** A column: what stands over it, and what it says of a server. */
export interface Column<Server = AssociationReport> {
  readonly heading: string;
  readonly align: "left" | "right";
  readonly cell: (server: Server) => string;
  /** Where the terminal is too narrow for all columns: the lowest goes first, and those without one stay. */
  readonly goes?: number;
}

/** What the table itself needs of a server. */
export type Tabled = Named & Pick<AssociationReport, "tally" | "verdict">;

/** What stands over the reasons. */
export const WHY_NOT = "why not";

const TALLY: Column<Tabled> = { heading: "", align: "left", cell: ({ tally }) => tally };
/** What stands behind a server's name, unless a report has columns of its own. */
export const FIGURES: readonly Column[] = [
  { heading: "st", align: "right", cell: ({ stratum }) => stratum?.toString() ?? NOTHING },
  { heading: "offset", align: "right", cell: ({ offset }) => signedText(offset) },
  { heading: "delay", align: "right", cell: ({ delay }) => durationText(delay), goes: 3 },
  { heading: "±", align: "right", cell: (server) => durationText(errorBound(server)) },
  { heading: "reach", align: "right", cell: ({ reach }) => reach.toString(8), goes: 2 },
  { heading: WHY_NOT, align: "left", cell: ({ reason }) => inWords(reason ?? ""), goes: 1 },
];

/** Columns narrower than this say nothing of a server's name. */
const LEAST_NAME = 12;
/** Figures give way to names up to this long. */
const FAIR_NAME = 22;

const BETWEEN = "  ";
/** The tally and a blank. */
const TALLY_WIDTH = 2;

/**
 * The table of servers. Where the terminal is too narrow, columns go, and names are cut in their middle.
 * @param width columns of the terminal
 * @param columns what is said of each
 * @returns lines, without a line feed at the end
 */
export function serverTable(
  servers: readonly AssociationReport[],
  width: number,
  palette: Palette,
  columns: readonly Column[] = FIGURES,
): string {
  return tableOf(servers, width, palette, columns);
}

/** The same of anything that has a name, a tally and a verdict. */
export function tableOf<Server extends Tabled>(
  servers: readonly Server[],
  width: number,
  palette: Palette,
  columns: readonly Column<Server>[],
): string {
  const figures = columnsWithin(servers, width, columns);
  const taken = widthOf(figures);
  const room = Math.max(LEAST_NAME, width - taken);
  const names = namesWithin(servers, room);
  const sizes = [
    1,
    1 + Math.max("server".length, ...names.map(({ length }) => length)),
    ...figures.map(({ size }) => BETWEEN.length + size),
  ];
  const aligns = [TALLY.align, "left" as const, ...figures.map(({ align }) => align)];
  const line = (cells: readonly string[], paint: (text: string) => string): string =>
    cells
      .map((cell, column) => aligned(cell, sizes[column]!, aligns[column]!, paint))
      .join("")
      .trimEnd();
  return [
    line(["", " server", ...figures.map(({ heading }) => BETWEEN + heading)], palette.heading),
    ...servers.map((server, index) =>
      line(
        [TALLY.cell(server), ` ${names[index]!}`, ...figures.map(({ cell }) => BETWEEN + cell(server))],
        palette[PAINTS[server.verdict]],
      ),
    ),
  ].join("\n");
}

/** Blanks stand outside the colour, so that a line can be cut behind its last word. */
function aligned(cell: string, size: number, align: "left" | "right", paint: (text: string) => string): string {
  const blanks = " ".repeat(Math.max(0, size - cell.length));
  return align === "right" ? blanks + paint(cell) : paint(cell) + blanks;
}

/** The columns that fit beside the servers' names. */
export function columnsWithin<Server extends Tabled>(
  servers: readonly Server[],
  width: number,
  columns: readonly Column<Server>[],
): readonly (Column<Server> & { readonly size: number })[] {
  let kept = columns.map((column) => ({
    ...column,
    size: Math.max(column.heading.length, ...servers.map((server) => column.cell(server).length)),
  }));
  const longest = stylesOf(servers).map((style) => Math.max(LEAST_NAME, ...style.map((name) => name.length)));
  const wanted = Math.min(...longest, FAIR_NAME);
  const order = kept.filter(({ goes }) => goes !== undefined).toSorted((one, other) => one.goes! - other.goes!);
  for (const next of order) {
    if (widthOf(kept) + wanted <= width) break;
    kept = kept.filter((column) => column !== next);
  }
  return kept;
}

/** Columns of the terminal that all but the names take. */
function widthOf(figures: readonly { readonly size: number }[]): number {
  return figures.reduce((sum, { size }) => sum + BETWEEN.length + size, TALLY_WIDTH);
}

/** How far a server's offset may be from what its clock says, seconds: delay/2 + dispersion + jitter; `null` before the first sample. */
export function errorBound({ delay, dispersion, jitter }: AssociationReport): number | null {
  return delay === null ? null : delay / 2 + (dispersion ?? 0) + (jitter ?? 0);
}

/** All servers named alike: by name and address if that fits, else by name if each has its own, else by address. */
function namesWithin(servers: readonly Named[], room: number): readonly string[] {
  const styles = stylesOf(servers);
  return (
    styles.find((style) => style.every((name) => name.length <= room)) ??
    styles.at(-1)!.map((name) => (name.length <= room ? name : cut(name, room)))
  );
}

/** Servers by the names they were given, where each has its own, else by their addresses. */
export function ownNames(servers: readonly Named[]): readonly string[] {
  const styles = stylesOf(servers);
  return styles.length > 2 ? styles[1]! : styles.at(-1)!;
}

/** The ways to name some servers, the fullest first. */
function stylesOf(servers: readonly Named[]): readonly (readonly string[])[] {
  const names = servers.map(({ name }) => printable(name));
  return [servers.map(fullName), ...(new Set(names).size === names.length ? [names] : []), servers.map(shortName)];
}

/** Takes a name's middle out. */
function cut(name: string, room: number): string {
  const head = Math.ceil((room - 1) / 2);
  return `${name.slice(0, head)}…${name.slice(name.length - (room - 1 - head))}`;
}

const PAINTS: Readonly<Record<Verdict, keyof Palette>> = {
  systemPeer: "good",
  survivor: "good",
  backup: "faint",
  excess: "faint",
  outlier: "doubtful",
  falseticker: "bad",
  rejected: "faint",
};

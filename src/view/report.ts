/** The report for people: the table, a sentence a server that lost, the verdict. */
import type { Snapshot } from "../engine/port/snapshot.ts";
import type { UnixNanoseconds } from "../time/timestamp.ts";
import { explain } from "./explain.ts";
import type { Palette } from "./palette.ts";
import { serverTable } from "./table.ts";
import { leapLine, rateLine, verdictLine } from "./verdict.ts";

/** How a report is drawn. */
export interface ReportStyle {
  /** Columns of the terminal. */
  readonly width: number;
  readonly palette: Palette;
  /** A Unix time near the run, see `toIso`. */
  readonly pivot: UnixNanoseconds;
}

/**
 * The text of a run of `sync` or `query`.
 * @returns lines, each with a line feed; empty when there is nothing to tell
 */
export function report(snapshot: Snapshot, { width, palette, pivot }: ReportStyle): string {
  const { associations } = snapshot;
  const lines: string[] = [];
  if (associations.length > 0) lines.push(serverTable(associations, width, palette));
  for (const server of associations) {
    const sentence = explain(server, snapshot);
    if (sentence !== null) lines.push(sentence);
  }
  const leap = leapLine(snapshot);
  if (leap !== null) lines.push(palette.doubtful(leap));
  const verdict = verdictLine(snapshot, pivot);
  if (verdict !== null) lines.push(palette.strong(verdict));
  const rate = rateLine(snapshot.clock);
  if (rate !== null) lines.push(rate);
  return lines.map((line) => `${line}\n`).join("");
}

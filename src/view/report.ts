/** The report for people: the table, a sentence a server that lost, the verdict. */
import type { Snapshot } from "../engine/port/snapshot.ts";
import type { UnixNanoseconds } from "../time/timestamp.ts";
import { explain } from "./explain.ts";
import type { Palette } from "./palette.ts";
import { serverTable } from "./table.ts";
import { wrapped } from "./text.ts";
import { leapLine, rateLine, verdictLine } from "./verdict.ts";

/** How a report is drawn. */
export interface ReportStyle {
  /** Columns of the terminal. */
  readonly width: number;
  readonly palette: Palette;
  /** A terminal breaks what is longer, and between words is a better place. */
  readonly wraps: boolean;
  /** A Unix time near the run, see `toIso`. */
  readonly pivot: UnixNanoseconds;
}

/**
 * The text of a run of `sync` or `query`.
 * @returns lines, each with a line feed; empty when there is nothing to tell
 */
export function report(snapshot: Snapshot, style: ReportStyle): string {
  const { associations } = snapshot;
  const { width, palette, pivot } = style;
  const lines: string[] = [];
  if (associations.length > 0) lines.push(serverTable(associations, width, palette));
  for (const server of associations) lines.push(...paragraph(explain(server, snapshot), style));
  lines.push(...paragraph(leapLine(snapshot), style, palette.doubtful));
  lines.push(...paragraph(verdictLine(snapshot, pivot), style, palette.strong));
  lines.push(...paragraph(rateLine(snapshot.clock), style));
  return lines.map((line) => `${line}\n`).join("");
}

/** A sentence as it fits the terminal, painted; none for `null`. */
export function paragraph(
  sentence: string | null,
  { width, wraps }: Pick<ReportStyle, "width" | "wraps">,
  paint: (text: string) => string = (text) => text,
): readonly string[] {
  return sentence === null ? [] : wrapped(sentence, wraps ? width : null).map(paint);
}

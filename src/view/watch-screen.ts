/** What `watch` shows on a terminal: the servers as in a report, their offsets over time, and what the marks mean. */
import type { Snapshot } from "../engine/port/snapshot.ts";
import { missingLines } from "./finding.ts";
import { markLegend, plot, type Moment } from "./plot.ts";
import { report, type ReportStyle } from "./report.ts";
import { ownNames } from "./table.ts";
import { wrapped } from "./text.ts";

/** Rows of the plot: as a low terminal has room for, at the most, and what is too few to see anything by. */
const PLOT_ROWS = { most: 11, least: 3 };
/** Lines below the plot's rows: its foot, its times and the last line of the screen. */
const FOOT = 3;
/** How to end it. */
const LEAVE = "Ctrl-C ends";

/** The screen, and how many rows it has. */
export interface WatchStyle extends Pick<ReportStyle, "width" | "palette" | "pivot"> {
  /** Rows; `Infinity`: as many as it takes. */
  readonly height: number;
}

/**
 * Draws the screen.
 * @param moments all there were, the latest last
 * @returns lines, one fewer than the screen has rows at most, without a line feed at the end
 */
export function watchScreen(snapshot: Snapshot, moments: readonly Moment[], style: WatchStyle): string {
  const { width, height, palette } = style;
  const { associations } = snapshot;
  const table = lineList(
    report(snapshot, { ...style, wraps: true }) +
      missingLines(snapshot)
        .map((one) => `${one}\n`)
        .join(""),
  );
  const names = ownNames(associations).map((name, index) => `${(index + 1) % 10} ${name}`);
  const legend = [names.join("   "), markLegend(moments, width), LEAVE]
    .filter((line) => line !== "")
    .flatMap((line) => wrapped(line, width).map(palette.faint));
  const rows = Math.min(PLOT_ROWS.most, height - table.length - 1 - FOOT - legend.length);
  const numbers = new Map(associations.map(({ id }, index) => [Number(id), index + 1]));
  const plotted = rows < PLOT_ROWS.least ? [] : plot(moments, numbers, width, rows);
  // What does not fit would scroll, and be drawn below itself from then on: the servers stay, then the plot.
  return [...table, "", ...plotted, ...legend].slice(0, height - 1).join("\n");
}

function lineList(text: string): readonly string[] {
  return text.trimEnd().split("\n");
}

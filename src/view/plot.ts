/**
 * The plot of `watch`: offsets over time, newest at the right, and under it what happened.
 *
 * ```text
 *   +253 µs │··········   ·    how far a server may be wrong, above and below it
 *           │░░░░░░░░░░   ░    how far the time that is followed may be
 *  +4.12 µs │1111111112   1, 2 the servers' offsets
 *           │░░░░░░░░░░   ▲ ▼  a server is beyond the plot
 *   -244 µs │··········
 *           └    *   k    the marks of events
 *        12:03:10           when: of the column it begins at
 * ```
 */
import type { AssociationReport, Snapshot } from "../engine/port/snapshot.ts";
import { errorBound } from "./table.ts";
import { axisTexts } from "./text.ts";

/** A server at one moment: its offset, and that less and more what the table's `±` says. */
interface Plotted {
  readonly offset: number;
  readonly low: number;
  readonly high: number;
  /** It is no falseticker. */
  readonly agrees: boolean;
}

/** What is kept of one moment. */
export interface Moment {
  /** By association. */
  readonly servers: ReadonlyMap<number, Plotted>;
  /** Of the time that is followed; `null`: none is. */
  readonly band: { readonly low: number; readonly high: number } | null;
  /** One of {@link EVENT_MARKS}, or blank. */
  readonly mark: string;
  /** When, `HH:MM:SS` UTC; empty where it is not known. */
  readonly at: string;
}

/** What can happen between two moments, the gravest first, and how it is marked. */
export const EVENT_MARKS: readonly { readonly mark: string; readonly text: string }[] = [
  { mark: "s", text: "the clock was stepped" },
  { mark: "!", text: "none is followed" },
  { mark: "*", text: "another is followed" },
  { mark: "k", text: "a kiss" },
  { mark: "x", text: "a falseticker" },
  { mark: "?", text: "no answer" },
];

/**
 * What a snapshot adds to the plot.
 * @param stepped somebody stepped the clock since the snapshot before
 * @param at when, `HH:MM:SS`
 */
export function momentOf(snapshot: Snapshot, before: Snapshot | null, stepped = false, at = ""): Moment {
  const { associations, clock } = snapshot;
  const band =
    clock.offset === null
      ? null
      : { low: clock.offset - (clock.uncertainty ?? 0), high: clock.offset + (clock.uncertainty ?? 0) };
  return { servers: new Map(associations.flatMap(plotted)), band, mark: markOf(snapshot, before, stepped), at };
}

function plotted(server: AssociationReport): [number, Plotted][] {
  const { id, offset, verdict } = server;
  if (offset === null) return [];
  const bound = errorBound(server) ?? 0;
  return [[Number(id), { offset, low: offset - bound, high: offset + bound, agrees: verdict !== "falseticker" }]];
}

function markOf({ associations, system }: Snapshot, before: Snapshot | null, stepped: boolean): string {
  if (stepped) return "s";
  if (before === null) return " ";
  if (before.system.systemPeer !== system.systemPeer) return system.systemPeer === null ? "!" : "*";
  const earlier = new Map(before.associations.map((association) => [association.id, association]));
  const happened = (event: (now: AssociationReport, then: AssociationReport) => boolean): boolean =>
    associations.some((now) => event(now, earlier.get(now.id) ?? now));
  if (happened((now, then) => now.kiss !== null && then.kiss !== now.kiss)) return "k";
  if (happened((now, then) => now.verdict === "falseticker" && then.verdict !== "falseticker")) return "x";
  return happened((now, then) => now.reach === 0 && then.reach !== 0) ? "?" : " ";
}

/** Columns for the numbers at the left. */
const SCALE = 11;
/** Columns that the plot itself does not have. */
export const PLOT_MARGIN: number = SCALE + 2;

/** From the top row's offset to the bottom row's. */
interface Range {
  readonly low: number;
  readonly high: number;
}

/**
 * Draws.
 * @param moments oldest first; what does not fit at the left is left out
 * @param numbers which digit each association has
 * @returns `rows` lines, one of marks and one of times where they are known; none while there is nothing to draw
 */
export function plot(
  moments: readonly Moment[],
  numbers: ReadonlyMap<number, number>,
  width: number,
  rows: number,
): string[] {
  const columns = Math.max(8, width - SCALE - 2);
  const shown = moments.slice(-columns);
  const range = rangeOf(shown);
  if (range === null) return [];
  const drawn = shown.map((moment) => columnOf(moment, numbers, range, rows));
  const [top, centre, bottom] = axisTexts([range.high, (range.high + range.low) / 2, range.low]);
  const labels = new Map([
    [0, top],
    [(rows - 1) >> 1, centre],
    [rows - 1, bottom],
  ]);
  const lines = Array.from({ length: rows }, (_, row) =>
    `${(labels.get(row) ?? "").padStart(SCALE)} │${drawn.map((column) => column[row]!).join("")}`.trimEnd(),
  );
  const marks = shown.map(({ mark }) => mark).join("");
  const times = timesOf(shown, columns);
  return [
    ...lines,
    `${" ".repeat(SCALE)} └${marks}`.trimEnd(),
    ...(times === "" ? [] : [" ".repeat(SCALE + 2) + times]),
  ];
}

/** Columns from one time to the next. */
const TIMES_EVERY = 20;

/** When the columns were: each time begins below its own, where there is room for it. */
function timesOf(shown: readonly Moment[], columns: number): string {
  let line = "";
  for (let column = 0; column < shown.length; column += TIMES_EVERY) {
    const { at } = shown[column]!;
    if (at !== "" && column + at.length <= columns) line = line.padEnd(column) + at;
  }
  return line;
}

/** What the marks in view say: `* another is followed   k a kiss`; empty without any. */
export function markLegend(moments: readonly Moment[], width: number): string {
  const seen = new Set(moments.slice(-Math.max(8, width - SCALE - 2)).map(({ mark }) => mark));
  return EVENT_MARKS.filter(({ mark }) => seen.has(mark))
    .map(({ mark, text }) => `${mark} ${text}`)
    .join("   ");
}

/** One moment from the top down: what is drawn later covers what was before. */
function columnOf(
  { servers, band }: Moment,
  numbers: ReadonlyMap<number, number>,
  { low, high }: Range,
  rows: number,
): string[] {
  const cells = Array.from({ length: rows }, () => " ");
  const rowOf = (offset: number): number => Math.round(((high - offset) / (high - low)) * (rows - 1));
  const put = (row: number, mark: string): void => {
    if (row >= 0 && row < rows) cells[row] = mark;
  };
  if (band !== null)
    for (let row = Math.max(0, rowOf(band.high)); row <= Math.min(rows - 1, rowOf(band.low)); row += 1) put(row, "░");
  for (const server of servers.values()) for (const edge of [server.low, server.high]) put(rowOf(edge), "·");
  for (const [id, { offset }] of servers) {
    const row = rowOf(offset);
    if (row < 0) put(0, "▲");
    else if (row >= rows) put(rows - 1, "▼");
    else put(row, `${(numbers.get(id) ?? 0) % 10}`);
  }
  return cells;
}

/** As wide as those that agree are apart, or as the surest of them may be wrong; who is far from the others flattens nobody. */
function rangeOf(moments: readonly Moment[]): Range | null {
  const all = moments.flatMap(({ servers }) => [...servers.values()]);
  const agreeing = all.some(({ agrees }) => agrees) ? all.filter(({ agrees }) => agrees) : all;
  if (agreeing.length === 0) return null;
  const offsets = ascending(agreeing.map(({ offset }) => offset));
  const middle = offsets[offsets.length >> 1]!;
  const spread = ascending(offsets.map((offset) => Math.abs(offset - middle)))[Math.floor((offsets.length - 1) * 0.8)]!;
  const surest = agreeing.reduce((least, { low, high }) => Math.min(least, (high - low) / 2), Infinity);
  const reach = Math.max(spread * 1.5, surest * 1.25, 1e-6);
  return { low: middle - reach, high: middle + reach };
}

function ascending(values: readonly number[]): number[] {
  return values.toSorted((left, right) => left - right);
}

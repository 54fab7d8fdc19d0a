/**
 * The plot of `watch`: offsets over time, newest at the right. A digit is a server's offset, `░` how far the time that
 * is followed may be wrong, and under the plot stands what happened.
 */
import type { Snapshot } from "../engine/snapshot.ts";
import { signedText } from "./text.ts";

/** What is kept of one moment. */
export interface Moment {
  /** By association. */
  readonly offsets: ReadonlyMap<number, number>;
  /** Of the time that is followed; `null`: none is. */
  readonly band: { readonly low: number; readonly high: number } | null;
  /** `*` another server is followed, `!` none is any more, blank otherwise. */
  readonly mark: string;
}

/** What a snapshot adds to the plot. */
export function momentOf({ associations, clock, system }: Snapshot, before: Snapshot | null): Moment {
  const offsets = new Map(associations.flatMap(({ id, offset }) => (offset === null ? [] : [[Number(id), offset] as const])));
  const band = clock.offset === null ? null : { low: clock.offset - (clock.uncertainty ?? 0), high: clock.offset + (clock.uncertainty ?? 0) };
  const changed = before !== null && before.system.systemPeer !== system.systemPeer;
  return { offsets, band, mark: changed ? (system.systemPeer === null ? "!" : "*") : " " };
}

/** Columns for the numbers at the left. */
const SCALE = 11;

/**
 * Draws.
 * @param moments oldest first; what does not fit at the left is left out
 * @param numbers which digit each association has
 * @returns `rows` lines and one of marks; none while there is nothing to draw
 */
export function plot(moments: readonly Moment[], numbers: ReadonlyMap<number, number>, width: number, rows: number): string[] {
  const columns = Math.max(8, width - SCALE - 2);
  const shown = moments.slice(-columns);
  const range = rangeOf(shown);
  if (range === null) return [];
  const cells = Array.from({ length: rows }, () => Array.from({ length: shown.length }, () => " "));
  const rowOf = (offset: number): number => Math.round(((range.high - offset) / (range.high - range.low)) * (rows - 1));
  shown.forEach(({ offsets, band }, column) => {
    if (band !== null) for (let row = Math.max(0, rowOf(band.high)); row <= Math.min(rows - 1, rowOf(band.low)); row += 1) cells[row]![column] = "░";
    for (const [id, offset] of offsets) {
      const row = rowOf(offset);
      if (row >= 0 && row < rows) cells[row]![column] = `${(numbers.get(id) ?? 0) % 10}`;
    }
  });
  const label = (row: number): string => (row === 0 ? signedText(range.high) : row === rows - 1 ? signedText(range.low) : row === (rows - 1) >> 1 ? signedText((range.high + range.low) / 2) : "");
  const lines = cells.map((line, row) => `${label(row).padStart(SCALE)} │${line.join("")}`.trimEnd());
  const marks = shown.map(({ mark }) => mark).join("");
  return [...lines, `${" ".repeat(SCALE)} └${marks}`.trimEnd()];
}

/** From the least to the greatest; who is far from the others does not flatten them. */
function rangeOf(moments: readonly Moment[]): { readonly low: number; readonly high: number } | null {
  const all = moments.flatMap(({ offsets }) => [...offsets.values()]).toSorted((left, right) => left - right);
  if (all.length === 0) return null;
  const middle = all[all.length >> 1]!;
  const spread = all.map((offset) => Math.abs(offset - middle)).toSorted((left, right) => left - right)[Math.floor((all.length - 1) * 0.8)]!;
  const band = Math.max(0, ...moments.map((moment) => (moment.band === null ? 0 : moment.band.high - moment.band.low)));
  const reach = Math.max(spread * 1.5, Math.min(band, spread * 6 + 1e-6), 1e-6);
  return { low: middle - reach, high: middle + reach };
}

/** What charts of a report have in common: their axes, and how figures on them are written. */
import type { Collection } from "./collection.ts";
import type { Axis } from "./svg.ts";

/** As many colours as there are before they begin again. */
export const COLOURS = 8;

/** A range with some air around it. */
export function padded(low: number, high: number, text: (value: number) => string): Axis {
  const margin = high > low ? (high - low) * 0.05 : Math.max(Math.abs(low) * 0.1, 1e-9);
  return { low: low - margin, high: high + margin, text };
}

/** A time that something is drawn of, seconds since 1970. */
export type Span = Pick<Collection, "from" | "until">;

function spanOf({ from, until }: Span): { readonly from: number; readonly until: number } {
  return { from, until: until > from ? until : from + 1 };
}

/** The axis of time. */
export function timeAxis(all: Span): Axis {
  const { from, until } = spanOf(all);
  const days = (until - from) / 86_400;
  const ticks = Array.from({ length: 6 }, (_, index) => from + ((until - from) * (index + 0.5)) / 6);
  return {
    low: from,
    high: until,
    zoom: "time",
    ticks,
    text: (at) => (days > 3 ? iso(at).slice(0, 10) : days > 0.5 ? iso(at).slice(5, 16) : iso(at).slice(11)),
  };
}

export function iso(at: number): string {
  return new Date(at * 1000).toISOString().slice(0, 19).replace("T", " ");
}

export function round(value: number): string {
  return `${Number(value.toPrecision(4))}`;
}

export function shortened(name: string): string {
  return name.length > 34 ? `${name.slice(0, 33)}…` : name;
}

/** A logarithmic axis: of logarithms to ten, a line at each power. */
export function decades(values: readonly number[], text: (power: number) => string): Axis {
  const low = Math.floor(Math.min(...values));
  const high = Math.max(low + 1, Math.ceil(Math.max(...values) + 1e-9));
  return { low, high, text, ticks: Array.from({ length: high - low + 1 }, (_, index) => low + index) };
}

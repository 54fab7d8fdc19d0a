/** The charts of one figure over time, of how it is spread, and of how stable the clock is. */
import { signedText } from "../view/text.ts";
import { COLOURS, decades, iso, padded, timeAxis, type Span } from "./axes.ts";
import type { Collection, ServerFigures } from "./collection.ts";
import { allanDeviation, type Series } from "./series.ts";
import { chart, type Axis, type Mark } from "./svg.ts";

/** A stretch without anything that is this much longer than those with something usually are apart. */
export const GAP = 4;

export function gapsOf({ stretches, width }: Series): number {
  const usual = usualSpacing(stretches, width);
  return stretches.filter(({ at }, index) => index > 0 && at - stretches[index - 1]!.at > GAP * usual).length;
}

/** How far apart stretches with something usually are. */
export function usualSpacing(stretches: Series["stretches"], width: number): number {
  const apart = stretches
    .slice(1)
    .map(({ at }, index) => at - stretches[index]!.at)
    .toSorted((one, other) => one - other);
  return Math.max(width, apart[apart.length >> 1] ?? width);
}

export function clockChart(all: Collection): string {
  const rules = all.steps.map(({ at, by }): Mark => ({ kind: "rule", x: at, title: `${iso(at)}: ${signedText(by)}` }));
  return seriesChart("offset", all, [all.offset], signedText, rules);
}

export function serversChart(all: Collection, servers: readonly ServerFigures[]): string {
  return seriesChart(
    "offsets of the servers",
    all,
    servers.map(({ offset }) => offset),
    signedText,
    [],
    false,
  );
}

/** Figures over time. The axis leaves out the hundredth part that is farthest off, so that one spike does not flatten all else. */
export function seriesChart(
  title: string,
  all: Span,
  series: readonly Series[],
  text: (value: number) => string,
  more: readonly Mark[] = [],
  band = true,
): string {
  const some = series.filter(({ spread }) => spread.count > 0);
  if (some.length === 0) return "";
  const lows = some.map(({ spread }) => spread.percentile(0.005)!);
  const highs = some.map(({ spread }) => spread.percentile(0.995)!);
  const y = padded(Math.min(...lows), Math.max(...highs), text);
  const clip = (value: number): number => Math.min(y.high, Math.max(y.low, value));
  const marks = series.flatMap((one, index): readonly Mark[] => {
    const { stretches, width } = one;
    const usual = usualSpacing(stretches, width);
    const withGaps = stretches.flatMap((stretch, place) =>
      place > 0 && stretch.at - stretches[place - 1]!.at > GAP * usual ? [null, stretch] : [stretch],
    );
    const colour = index % COLOURS;
    const line: Mark = { kind: "line", colour, points: withGaps.map((at) => at && [at.at, clip(at.sum / at.count)]) };
    return band
      ? [{ kind: "band", colour, points: withGaps.map((at) => at && [at.at, clip(at.least), clip(at.most)]) }, line]
      : [line];
  });
  return chart({ title: `${title} over time`, x: timeAxis(all), y, marks: [...marks, ...more] });
}

export function allanChart(offset: Series): string {
  const points = allanDeviation(offset).filter(({ deviation }) => deviation > 0);
  if (points.length < 2) return "";
  const [xs, ys] = [points.map(({ tau }) => Math.log10(tau)), points.map(({ deviation }) => Math.log10(deviation))];
  return chart({
    title: "Allan deviation",
    x: decades(xs, (value) => `${10 ** value} s`),
    y: decades(ys, (value) => `1e${value}`),
    marks: [{ kind: "line", colour: 0, points: xs.map((x, index) => [x, ys[index]!] as const) }],
  });
}

export function histogram(title: string, { spread }: Series): string {
  if (spread.count < 2) return "";
  const axis: Axis = { ...padded(spread.percentile(0.005)!, spread.percentile(0.995)!, signedText), zoom: "seconds" };
  const classes = 60;
  const heights = spread.histogram(axis.low, axis.high, classes);
  return chart({
    title: `spread of offsets of ${title}`,
    x: axis,
    y: { low: 0, high: Math.max(1, ...heights), text: (value) => `${value}` },
    marks: [{ kind: "bars", colour: 0, from: axis.low, width: (axis.high - axis.low) / classes, heights }],
    height: 180,
  });
}

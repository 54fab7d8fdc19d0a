/** The report as one page that stands by itself: no script, no other file; light and dark as whoever reads it likes, and in print. */
import { intersect } from "../system/select.ts";
import { counted, durationText, signedText } from "../view/text.ts";
import type { Collection, ServerFigures } from "./collection.ts";
import { allanDeviation, type Series } from "./series.ts";
import { chart, escaped, roundTicks, type Axis, type Mark } from "./svg.ts";

const COLOURS = 8;

/** Draws the page. */
export function reportPage(all: Collection): string {
  const servers = [...all.servers.values()];
  const parts = [
    leftOut(all),
    section(
      "The clock: offset",
      "How far the clock was from the servers' time. Band: least to greatest of a stretch; line: its mean. Vertical: the clock was stepped.",
      clockChart(all),
    ),
    figuresTable([["clock", all.offset] as const, ...servers.map((server) => [server.name, server.offset] as const)]),
    section("The clock: jitter", "", seriesChart("jitter", all, [all.jitter], durationText)),
    section(
      "The clock: frequency",
      "What corrects the oscillator, in parts per million.",
      seriesChart("frequency", all, [all.frequency], (value) => `${round(value)} ppm`),
    ),
    section(
      "The clock: stability",
      "Allan deviation of the offset, by averaging time; both axes logarithmic.",
      allanChart(all.offset),
    ),
    section("The clock: spread of offsets", "", histogram("clock", all.offset)),
    legend(servers),
    section("Servers: offsets", "", serversChart(all, servers)),
    section(
      "Servers: who was followed",
      "Dark: followed; medium: good enough; light: refused; nothing: not heard.",
      strips(all, servers),
    ),
    section(
      "Servers: delay against offset",
      "Whoever is delayed on one way only is drawn along a slope: the wedge.",
      wedge(servers),
    ),
    section(
      "Servers: correctness intervals at the end",
      "Offset and half of the delay and the dispersion either way; shaded: where most agree.",
      intervals(servers),
    ),
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<title>Time report</title><style>${STYLE}</style></head><body><main>
<h1>Time report</h1><p>${escaped(span(all))}</p>
${parts.join("\n")}
</main></body></html>
`;
}

function span({ rows, from, until, servers }: Collection): string {
  if (rows === 0) return "Nothing that could be read.";
  return `${iso(from)} to ${iso(until)} UTC; ${counted(rows, "row")}, ${counted(servers.size, "server")}.`;
}

/** What is not in it, and why. */
function leftOut({ unread, repeated, surplus, steps, offset }: Collection): string {
  const gaps = gapsOf(offset);
  const words = [
    ...(repeated > 0 ? [`${counted(repeated, "row")} came twice and ${repeated === 1 ? "counts" : "count"} once`] : []),
    ...(unread.foreign > 0 ? [`${counted(unread.foreign, "line")} of another kind`] : []),
    ...(unread.broken > 0 ? [`${counted(unread.broken, "line")} whose figures make no sense`] : []),
    ...(surplus > 0 ? [`${counted(surplus, "row")} of more servers than are shown`] : []),
    ...(gaps > 0 ? [`${counted(gaps, "gap")} in what was written of the clock`] : []),
    ...steps.slice(0, 8).map(({ at, by }) => `at ${iso(at)} the offset changed by ${signedText(by)} at once`),
    ...(steps.length > 8 ? [counted(steps.length - 8, "more such change")] : []),
  ];
  return words.length === 0
    ? ""
    : `<ul class="notes">${words.map((text) => `<li>${escaped(text)}</li>`).join("")}</ul>`;
}

/** A stretch without anything that is this much longer than those with something usually are apart. */
const GAP = 4;

function gapsOf({ stretches, width }: Series): number {
  const usual = usualSpacing(stretches, width);
  return stretches.filter(({ at }, index) => index > 0 && at - stretches[index - 1]!.at > GAP * usual).length;
}

function usualSpacing(stretches: Series["stretches"], width: number): number {
  const apart = stretches
    .slice(1)
    .map(({ at }, index) => at - stretches[index]!.at)
    .toSorted((one, other) => one - other);
  return Math.max(width, apart[apart.length >> 1] ?? width);
}

function section(title: string, text: string, body: string): string {
  return body === "" ? "" : `<section><h2>${title}</h2>${text === "" ? "" : `<p>${text}</p>`}${body}</section>`;
}

function clockChart(all: Collection): string {
  const rules = all.steps.map(({ at, by }): Mark => ({ kind: "rule", x: at, title: `${iso(at)}: ${signedText(by)}` }));
  return seriesChart("offset", all, [all.offset], signedText, rules);
}

function serversChart(all: Collection, servers: readonly ServerFigures[]): string {
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
function seriesChart(
  title: string,
  all: Collection,
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

function allanChart(offset: Series): string {
  const points = allanDeviation(offset).filter(({ deviation }) => deviation > 0);
  if (points.length < 2) return "";
  const [xs, ys] = [points.map(({ tau }) => Math.log10(tau)), points.map(({ deviation }) => Math.log10(deviation))];
  const decades = (values: readonly number[], text: (value: number) => string): Axis => {
    const [low, high] = [Math.floor(Math.min(...values)), Math.ceil(Math.max(...values) + 1e-9)];
    return {
      low,
      high: Math.max(high, low + 1),
      text,
      ticks: Array.from({ length: Math.max(high, low + 1) - low + 1 }, (_, index) => low + index),
    };
  };
  return chart({
    title: "Allan deviation",
    x: decades(xs, (value) => `${10 ** value} s`),
    y: decades(ys, (value) => `1e${value}`),
    marks: [{ kind: "line", colour: 0, points: xs.map((x, index) => [x, ys[index]!] as const) }],
  });
}

function histogram(title: string, { spread }: Series): string {
  if (spread.count < 2) return "";
  const axis = padded(spread.percentile(0.005)!, spread.percentile(0.995)!, signedText);
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

const PERCENTILES = [0.01, 0.05, 0.5, 0.95, 0.99] as const;

function figuresTable(rows: readonly (readonly [name: string, series: Series])[]): string {
  const some = rows.filter(([, { spread }]) => spread.count > 0);
  if (some.length === 0) return "";
  const head = ["", "rows", ...PERCENTILES.map((part) => `${part * 100} %`)].map(
    (word) => `<th scope="col">${word}</th>`,
  );
  const body = some.map(
    ([name, { spread }]) =>
      `<tr><th scope="row">${escaped(name)}</th><td>${spread.count}</td>${PERCENTILES.map((part) => `<td>${escaped(signedText(spread.percentile(part)))}</td>`).join("")}</tr>`,
  );
  return `<section><h2>Offsets: percentiles</h2><table><thead><tr>${head.join("")}</tr></thead><tbody>${body.join("")}</tbody></table></section>`;
}

function legend(servers: readonly ServerFigures[]): string {
  if (servers.length === 0) return "";
  return `<ul class="legend">${servers.map(({ name }, index) => `<li class="c${index % COLOURS}">${escaped(name)}</li>`).join("")}</ul>`;
}

/** A line a server: whom the clock followed, and when. */
function strips(all: Collection, servers: readonly ServerFigures[]): string {
  const told = servers.filter(({ verdict }) => verdict.spread.count > 0);
  if (told.length === 0) return "";
  const [width, left, row] = [960, 240, 18];
  const { from, until } = spanOf(all);
  const across = (at: number): number => left + ((at - from) / (until - from)) * (width - left - 12);
  const lines = told.map(({ name, verdict }, index) => {
    const blocks = verdict.stretches.map(({ at, sum, count }) => {
      const rank = Math.round(sum / count);
      return `<rect class="v${rank}" x="${Math.round(across(at) * 10) / 10}" y="${index * row + 3}" width="${Math.max(1, Math.round((across(at + verdict.width) - across(at)) * 10) / 10)}" height="${row - 6}"/>`;
    });
    return `<text x="${left - 8}" y="${index * row + 13}" text-anchor="end">${escaped(shortened(name))}</text>${blocks.join("")}`;
  });
  return `<svg viewBox="0 0 ${width} ${told.length * row}" role="img" aria-label="who was followed" tabindex="0">${lines.join("")}</svg>`;
}

function wedge(servers: readonly ServerFigures[]): string {
  const some = servers.filter(({ wedge: { points } }) => points.length > 0);
  if (some.length === 0) return "";
  const most = Math.max(...some.map(({ delay }) => delay.spread.percentile(0.99)!));
  const least = Math.min(...some.map(({ offset }) => offset.spread.percentile(0.01)!));
  const greatest = Math.max(...some.map(({ offset }) => offset.spread.percentile(0.99)!));
  const x = padded(0, most, durationText);
  const y = padded(least, greatest, signedText);
  const isIn = ([a, b]: readonly [number, number]): boolean => a >= x.low && a <= x.high && b >= y.low && b <= y.high;
  const marks = servers.map(({ wedge: { points } }, index): Mark => ({
    kind: "dots",
    colour: index % COLOURS,
    points: points.filter(isIn),
  }));
  return chart({ title: "offset by delay", x, y, marks, height: 360 });
}

function intervals(servers: readonly ServerFigures[]): string {
  const told = servers.flatMap(({ name, last }) => (last === null ? [] : [{ name, ...last }]));
  if (told.length === 0) return "";
  const agreed = intersect(told.map(({ offset, distance }) => ({ offset, rootDistance: distance })));
  const axis = padded(
    Math.min(...told.map(({ offset, distance }) => offset - distance)),
    Math.max(...told.map(({ offset, distance }) => offset + distance)),
    signedText,
  );
  const [width, left, row] = [960, 240, 22];
  const across = (value: number): string =>
    (left + ((value - axis.low) / (axis.high - axis.low)) * (width - left - 12)).toFixed(1);
  const height = told.length * row;
  const shade =
    agreed === null
      ? ""
      : `<path class="agreed" d="M${across(agreed.low)} 0H${across(agreed.high)}V${height}H${across(agreed.low)}Z"/>`;
  const lines = told.map(({ name, offset, distance }, index) => {
    const y = index * row + row / 2;
    return `<text x="${left - 8}" y="${y + 4}" text-anchor="end">${escaped(shortened(name))}</text><path class="line c${index % COLOURS}" d="M${across(offset - distance)} ${y}H${across(offset + distance)}M${across(offset)} ${y - 5}V${y + 5}"/>`;
  });
  const ticks = roundTicks(axis.low, axis.high).map(
    (tick) => `<text x="${across(tick)}" y="${height + 16}" text-anchor="middle">${escaped(signedText(tick))}</text>`,
  );
  return `<svg viewBox="0 0 ${width} ${height + 22}" role="img" aria-label="correctness intervals" tabindex="0">${shade}${lines.join("")}${ticks.join("")}</svg>`;
}

function padded(low: number, high: number, text: (value: number) => string): Axis {
  const margin = high > low ? (high - low) * 0.05 : Math.max(Math.abs(low) * 0.1, 1e-9);
  return { low: low - margin, high: high + margin, text };
}

function spanOf({ from, until }: Collection): { readonly from: number; readonly until: number } {
  return { from, until: until > from ? until : from + 1 };
}

function timeAxis(all: Collection): Axis {
  const { from, until } = spanOf(all);
  const days = (until - from) / 86_400;
  const ticks = Array.from({ length: 6 }, (_, index) => from + ((until - from) * (index + 0.5)) / 6);
  return {
    low: from,
    high: until,
    ticks,
    text: (at) => (days > 3 ? iso(at).slice(0, 10) : days > 0.5 ? iso(at).slice(5, 16) : iso(at).slice(11)),
  };
}

function iso(at: number): string {
  return new Date(at * 1000).toISOString().slice(0, 19).replace("T", " ");
}

function round(value: number): string {
  return `${Number(value.toPrecision(4))}`;
}

function shortened(name: string): string {
  return name.length > 34 ? `${name.slice(0, 33)}…` : name;
}

const PALETTE = ["#0b6fb8", "#c4500d", "#2d8a3e", "#8a4fbf", "#a98600", "#c22f6b", "#0e8f8f", "#6b6b6b"];

const STYLE = `:root{color-scheme:light dark;--ink:#1b1f24;--paper:#fff;--faint:#d7dce2}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ed;--paper:#14181d;--faint:#353c45}}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.45 system-ui,sans-serif}main{max-width:62rem;margin:auto;padding:1rem}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin:1.6rem 0 .3rem}p{margin:.2rem 0 .5rem}svg{width:100%;height:auto;display:block}svg:focus-visible{outline:2px solid var(--ink)}
svg text{fill:var(--ink);font:12px system-ui,sans-serif}.grid{stroke:var(--faint);fill:none}.line{fill:none;stroke:var(--c);stroke-width:1.6;stroke-linecap:round}
.band{fill:var(--c);opacity:.2}.dots{fill:none;stroke:var(--c);stroke-width:3;stroke-linecap:round;opacity:.55}.bars{fill:var(--c)}.rule{stroke:#c22;stroke-dasharray:4 3}
.agreed{fill:#2d8a3e;opacity:.18}.v0{fill:var(--ink);opacity:.18}.v1{fill:#0b6fb8;opacity:.55}.v2{fill:#0b6fb8}
table{border-collapse:collapse}th,td{padding:.15rem .7rem;text-align:right;border-bottom:1px solid var(--faint)}th[scope=row]{text-align:left;font-weight:normal;overflow-wrap:anywhere}
.legend{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:.2rem 1.2rem}.legend li{overflow-wrap:anywhere}.legend li::before{content:"";display:inline-block;width:1.1em;height:.25em;margin-right:.4em;vertical-align:middle;background:var(--c)}
${PALETTE.map((colour, index) => `.c${index}{--c:${colour}}`).join("")}
@media print{section{break-inside:avoid}}`;

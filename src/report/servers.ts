/** What is drawn of servers beside each other: whom the clock followed, the wedge, and who agreed in the end. */
import { intersect } from "../system/select.ts";
import { durationText, signedText } from "../view/text.ts";
import { COLOURS, padded, shortened, spanOf } from "./axes.ts";
import type { Collection, ServerFigures } from "./collection.ts";
import { chart, escaped, roundTicks, type Mark } from "./svg.ts";

/** A line a server: whom the clock followed, and when. */
export function strips(all: Collection, servers: readonly ServerFigures[]): string {
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

export function wedge(servers: readonly ServerFigures[]): string {
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

export function intervals(servers: readonly ServerFigures[]): string {
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

/** What is drawn of servers beside each other: whom the clock followed, the wedge, and who agreed in the end. */
import { intersect } from "../system/select.ts";
import { durationText, signedText } from "../view/text.ts";
import { COLOURS, padded, shortened, timeAxis } from "./axes.ts";
import type { Collection, ServerFigures } from "./collection.ts";
import { chart, columns, escaped, picture, plotted, type Axis, type Mark } from "./svg.ts";

/** A line a server: whom the clock followed, and when. */
export function strips(all: Collection, servers: readonly ServerFigures[]): string {
  const told = servers.filter(({ verdict }) => verdict.spread.count > 0);
  if (told.length === 0) return "";
  const [width, left, row] = [960, 240, 18];
  const axis = timeAxis(all);
  const place = { x: left, y: 0, width: width - left - 12, height: told.length * row };
  const across = (at: number): number => left + ((at - axis.low) / (axis.high - axis.low)) * place.width;
  const names = told.map(
    ({ name }, index) =>
      `<text x="${left - 8}" y="${index * row + 13}" text-anchor="end">${escaped(shortened(name))}</text>`,
  );
  const blocks = told.flatMap(({ verdict }, index) =>
    verdict.stretches.map(({ at, sum, count }) => {
      const from = across(at).toFixed(1);
      const wide = Math.max(1, across(at + verdict.width) - across(at)).toFixed(1);
      return `<rect class="v${Math.round(sum / count)}" x="${from}" y="${index * row + 3}" width="${wide}" height="${row - 6}"/>`;
    }),
  );
  return picture(
    "who was followed",
    width,
    place.height + 22,
    `${names.join("")}${columns(axis, place, place.height + 16)}${plotted(axis, place, blocks.join(""))}`,
  );
}

export function wedge(servers: readonly ServerFigures[]): string {
  const some = servers.filter(({ wedge: { points } }) => points.length > 0);
  if (some.length === 0) return "";
  const most = Math.max(...some.map(({ delay }) => delay.spread.percentile(0.99)!));
  const least = Math.min(...some.map(({ offset }) => offset.spread.percentile(0.01)!));
  const greatest = Math.max(...some.map(({ offset }) => offset.spread.percentile(0.99)!));
  const x: Axis = { ...padded(0, most, durationText), zoom: "seconds" };
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
  const axis: Axis = {
    ...padded(
      Math.min(...told.map(({ offset, distance }) => offset - distance)),
      Math.max(...told.map(({ offset, distance }) => offset + distance)),
      signedText,
    ),
    zoom: "seconds",
  };
  const [width, left, row] = [960, 240, 22];
  const height = told.length * row;
  const place = { x: left, y: 0, width: width - left - 12, height };
  const across = (value: number): string =>
    (left + ((value - axis.low) / (axis.high - axis.low)) * place.width).toFixed(1);
  const shade =
    agreed === null
      ? ""
      : `<path class="agreed" d="M${across(agreed.low)} 0H${across(agreed.high)}V${height}H${across(agreed.low)}Z"/>`;
  const names = told.map(
    ({ name }, index) =>
      `<text x="${left - 8}" y="${index * row + row / 2 + 4}" text-anchor="end">${escaped(shortened(name))}</text>`,
  );
  const lines = told.map(({ offset, distance }, index) => {
    const y = index * row + row / 2;
    return `<path class="line c${index % COLOURS}" d="M${across(offset - distance)} ${y}H${across(offset + distance)}M${across(offset)} ${y - 5}V${y + 5}"/>`;
  });
  return picture(
    "correctness intervals",
    width,
    height + 22,
    `${names.join("")}${columns(axis, place, height + 16)}${plotted(axis, place, shade + lines.join(""))}`,
  );
}

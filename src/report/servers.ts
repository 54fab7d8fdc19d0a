/** What is drawn of servers beside each other: whom the clock followed, the wedge, and who agreed in the end. */
import { intersect } from "../system/select.ts";
import { durationText, signedText } from "../view/text.ts";
import { COLOURS, padded, shortened, timeAxis } from "./axes.ts";
import type { Seconds } from "../time/seconds.ts";
import type { Collection, ServerFigures } from "./collection.ts";
import type { Series } from "./series.ts";
import { GAP, usualSpacing } from "./charts.ts";
import { intervalsChart } from "./intervals.ts";
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
    blocksOf(verdict).map(({ rank, from, until }) => {
      const wide = Math.max(1, across(until) - across(from)).toFixed(1);
      return `<rect class="v${rank}" x="${across(from).toFixed(1)}" y="${index * row + 3}" width="${wide}" height="${row - 6}"/>`;
    }),
  );
  return picture(
    "who was followed",
    width,
    place.height + 22,
    `${names.join("")}${columns(axis, place, place.height + 16)}${plotted(axis, place, blocks.join(""))}`,
  );
}

/** For how long a server was what it was: up to when it was something else, or was not heard for a while. */
interface Block {
  readonly rank: number;
  readonly from: Seconds;
  until: Seconds;
}

function blocksOf({ stretches, width }: Series): readonly Block[] {
  const reach = GAP * usualSpacing(stretches, width);
  const blocks: Block[] = [];
  for (const { at, sum, count } of stretches) {
    const rank = Math.round(sum / count);
    const last = blocks.at(-1);
    const goesOn = last !== undefined && at - last.until <= reach;
    if (goesOn) last.until = at;
    if (goesOn && last.rank === rank) last.until = at + width;
    else blocks.push({ rank, from: at, until: at + width });
  }
  return blocks;
}

/** Offsets by delays. */
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

/** Who agreed at the end of it all. */
export function intervals(servers: readonly ServerFigures[]): string {
  const told = servers.flatMap(({ name, last }, index) =>
    last === null
      ? []
      : [
          {
            name,
            offset: last.offset,
            low: last.offset - last.distance,
            high: last.offset + last.distance,
            look: `c${index % COLOURS}`,
          },
        ],
  );
  const agreed = intersect(told.map(({ offset, low, high }) => ({ offset, rootDistance: (high - low) / 2 })));
  return intervalsChart(told, agreed);
}

/** Correctness intervals as a picture: a line each on one axis of offsets, and where most agree shaded. */
import type { Seconds } from "../time/seconds.ts";
import { signedText } from "../view/text.ts";
import { padded, shortened } from "./axes.ts";
import { columns, escaped, picture, plotted, type Axis } from "./svg.ts";

/** The interval of one server. */
export interface Interval {
  readonly name: string;
  readonly offset: Seconds;
  readonly low: Seconds;
  readonly high: Seconds;
  /** A class of the page's style, by which it has its colour. */
  readonly look: string;
}

const [WIDTH, LEFT, RIGHT, ROW, FOOT] = [960, 240, 12, 22, 22];

/**
 * Draws them.
 * @param agreed where most of them agree; `null`: nowhere
 * @returns nothing of none
 */
export function intervalsChart(
  all: readonly Interval[],
  agreed: { readonly low: Seconds; readonly high: Seconds } | null,
): string {
  if (all.length === 0) return "";
  const range = padded(Math.min(...all.map(({ low }) => low)), Math.max(...all.map(({ high }) => high)), signedText);
  const axis: Axis = { ...range, zoom: "seconds" };
  const place = { x: LEFT, y: 0, width: WIDTH - LEFT - RIGHT, height: all.length * ROW };
  const across = (value: number): string =>
    (LEFT + ((value - axis.low) / (axis.high - axis.low)) * place.width).toFixed(1);
  const middle = (index: number): number => index * ROW + ROW / 2;
  const names = all.map(
    ({ name }, index) =>
      `<text x="${LEFT - 8}" y="${middle(index) + 4}" text-anchor="end">${escaped(shortened(name))}</text>`,
  );
  const shade =
    agreed === null
      ? ""
      : `<path class="agreed" d="M${across(agreed.low)} 0H${across(agreed.high)}V${place.height}H${across(agreed.low)}Z"/>`;
  const lines = all.map(({ offset, low, high, look }, index) => {
    const y = middle(index);
    return `<path class="line ${look}" d="M${across(low)} ${y}H${across(high)}M${across(offset)} ${y - 5}V${y + 5}"/>`;
  });
  return picture(
    "correctness intervals",
    WIDTH,
    place.height + FOOT,
    `${names.join("")}${columns(axis, place, place.height + 16)}${plotted(axis, place, shade + lines.join(""))}`,
  );
}

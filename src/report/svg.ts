/** Charts as SVG, readable without a script: colours come from the page's style, and every text is escaped. */

/** A point, in the figures of the axes. */
export type Point = readonly [x: number, y: number];

/** An axis: its range, and how a figure on it is written. */
export interface Axis {
  readonly low: number;
  readonly high: number;
  readonly text: (value: number) => string;
  /** Where there are lines; absent: at round figures. */
  readonly ticks?: readonly number[];
  /** What it is of where it can be zoomed: moments, seconds since 1970, all such axes at once, or seconds. */
  readonly zoom?: "time" | "seconds";
}

/** What is drawn in a chart. */
export type Mark =
  /** A band between two lines, and a line in it; `null` where there is a gap. */
  | { readonly kind: "line"; readonly points: readonly (Point | null)[]; readonly colour: number }
  | {
      readonly kind: "band";
      readonly points: readonly (readonly [x: number, low: number, high: number] | null)[];
      readonly colour: number;
    }
  | { readonly kind: "dots"; readonly points: readonly Point[]; readonly colour: number }
  | {
      readonly kind: "bars";
      readonly from: number;
      readonly width: number;
      readonly heights: readonly number[];
      readonly colour: number;
    }
  | { readonly kind: "rule"; readonly x: number; readonly title: string };

/** A chart. */
export interface Chart {
  /** What it shows, for those who do not see it. */
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly marks: readonly Mark[];
  readonly height?: number;
}

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [960, 260, 92, 40, 10, 28];

/** What XML does not have, and what would turn text round. */
// oxlint-disable-next-line no-control-regex
const UNFIT = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Text that may be anything, as text of a page. */
export function escaped(text: string): string {
  return text.replaceAll(UNFIT, "\ufffd").replaceAll(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** Round figures in a range. */
export function roundTicks(low: number, high: number, about = 5): readonly number[] {
  const rough = (high - low) / about;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, index) => (first + index) * step);
}

/** Draws a chart. */
export function chart({ title, x, y, marks, height = HEIGHT }: Chart): string {
  const across = (value: number): number => LEFT + ((value - x.low) / (x.high - x.low)) * (WIDTH - LEFT - RIGHT);
  const up = (value: number): number =>
    height - BOTTOM - ((value - y.low) / (y.high - y.low)) * (height - TOP - BOTTOM);
  const rows = (y.ticks ?? roundTicks(y.low, y.high)).map(
    (tick) =>
      `<path class="grid" d="M${LEFT} ${fixed(up(tick))}H${WIDTH - RIGHT}"/><text x="${LEFT - 6}" y="${fixed(up(tick) + 4)}" text-anchor="end">${escaped(y.text(tick))}</text>`,
  );
  const drawn = marks.map((mark) => draw(mark, across, up, height)).join("");
  const plot = { x: LEFT, y: TOP, width: WIDTH - LEFT - RIGHT, height: height - TOP - BOTTOM };
  return picture(title, WIDTH, height, `${rows.join("")}${columns(x, plot, height - 8)}${plotted(x, plot, drawn)}`);
}

/** Where in a chart it is plotted. */
export interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A picture with a name, which can have the focus. */
export function picture(title: string, width: number, height: number, body: string): string {
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}" tabindex="0"><title>${escaped(title)}</title>${body}</svg>`;
}

/** The lines and texts of a horizontal axis. Each text says at which part of the axis it stands, for whoever zooms. */
export function columns(axis: Axis, { x, y, width, height }: Place, baseline: number): string {
  const ticks = (axis.ticks ?? roundTicks(axis.low, axis.high, 6)).map((tick) => {
    const part = (tick - axis.low) / (axis.high - axis.low);
    const at = fixed(x + part * width);
    return `<path class="grid" d="M${at} ${y}v${height}"/><text data-at="${Number(part.toFixed(6))}" x="${at}" y="${baseline}" text-anchor="middle">${escaped(axis.text(tick))}</text>`;
  });
  return `<g class="x">${ticks.join("")}</g>`;
}

/** What is plotted, cut off at the plot's edge; as a picture of its own, which can be zoomed, where the axis can. */
export function plotted({ low, high, zoom }: Axis, { x, y, width, height }: Place, body: string): string {
  const place = `x="${x}" y="${y}" width="${width}" height="${height}" viewBox="${x} ${y} ${width} ${height}"`;
  const range =
    zoom === undefined
      ? ""
      : ` class="plot" data-low="${low}" data-high="${high}"${zoom === "time" ? ' data-time=""' : ""}`;
  return `<svg ${place} preserveAspectRatio="none"${range}>${body}</svg>`;
}

type Scale = (value: number) => number;

function draw(mark: Mark, across: Scale, up: Scale, height: number): string {
  switch (mark.kind) {
    case "line":
      return `<path class="line c${mark.colour}" d="${polyline(mark.points, across, up)}"/>`;
    case "band":
      return `<path class="band c${mark.colour}" d="${runsOf(mark.points)
        .map(
          (run) =>
            `M${[...run.map(([at, , high]) => place(across(at), up(high))), ...run.toReversed().map(([at, low]) => place(across(at), up(low)))].join("L")}Z`,
        )
        .join("")}"/>`;
    case "dots":
      return `<path class="dots c${mark.colour}" d="${mark.points.map(([a, b]) => `M${place(across(a), up(b))}h0`).join("")}"/>`;
    case "bars":
      return `<path class="bars c${mark.colour}" d="${mark.heights
        .flatMap((count, index) =>
          count === 0
            ? []
            : [
                `M${place(across(mark.from + index * mark.width), up(0))}V${fixed(up(count))}H${fixed(across(mark.from + (index + 1) * mark.width))}V${fixed(up(0))}Z`,
              ],
        )
        .join("")}"/>`;
    case "rule":
      return `<path class="rule" d="M${fixed(across(mark.x))} ${TOP}V${height - BOTTOM}"><title>${escaped(mark.title)}</title></path>`;
  }
}

function polyline(points: readonly (Point | null)[], across: Scale, up: Scale): string {
  return runsOf(points)
    .map((run) =>
      run.length === 1
        ? `M${place(across(run[0]![0]), up(run[0]![1]))}h0`
        : `M${run.map(([a, b]) => place(across(a), up(b))).join("L")}`,
    )
    .join("");
}

/** What is between gaps. */
function runsOf<Value>(all: readonly (Value | null)[]): readonly (readonly Value[])[] {
  const runs: Value[][] = [[]];
  for (const value of all) {
    if (value !== null) runs.at(-1)!.push(value);
    else if (runs.at(-1)!.length > 0) runs.push([]);
  }
  return runs.filter(({ length }) => length > 0);
}

function place(a: number, b: number): string {
  return `${fixed(a)} ${fixed(b)}`;
}

function fixed(value: number): string {
  return `${Math.round(value * 10) / 10}`;
}

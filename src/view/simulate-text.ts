/** What `simulate` found, for people: a line a host, what happened and when, and of many runs the quantiles. */
import type { HostQuantiles } from "../simulate/quantiles.ts";
import type { HostResult, Simulated, SimulatedEvent } from "../simulate/simulation.ts";
import type { Seconds } from "../time/seconds.ts";
import { plot, PLOT_MARGIN, type Moment } from "./plot.ts";
import { counted, durationText, longText, NOTHING, printable, signedText, wrapped } from "./text.ts";

/** So many of the events are told, and hosts drawn: as there are digits. */
const MOST_EVENTS = 40;
const MOST_DRAWN = 10;
/** Rows of the plot. */
const PLOT_ROWS = 11;

/** One run. */
export function simulatedText(title: string | null, { seed, duration, hosts, events }: Simulated): string {
  const shown = events.slice(0, MOST_EVENTS);
  const more = events.length - shown.length;
  return [
    `${title === null ? "" : `${printable(title)}: `}${counted(hosts.length, "host")}, ${longText(duration) ?? durationText(duration)}, seed ${printable(seed)}`,
    "",
    ...table([HOST_HEADS, ...hosts.map(hostCells)]),
    ...(hosts.some(({ outsideBound }) => outsideBound > 0)
      ? ["", "outside: for how long true time was not within the uncertainty that the host stated"]
      : []),
    ...(shown.length === 0 ? [] : ["", ...table(shown.map(eventCells))]),
    ...(more > 0 ? [`and ${counted(more, "event")} more; --json has all`] : []),
    "",
  ].join("\n");
}

/**
 * How wrong the clocks truly were over time, for a terminal: a digit is a host, since it followed somebody.
 * @returns lines, each with a line feed; nothing where no host followed anybody
 */
export function coursesText({ hosts, duration }: Simulated, width: number): string {
  const drawn = hosts.slice(0, MOST_DRAWN);
  const columns = Math.max(1, width - PLOT_MARGIN);
  const moments = Array.from({ length: columns }, (_, column): Moment => {
    const at = (duration * (column + 0.5)) / columns;
    const servers = new Map(
      drawn.flatMap(({ course, since }, index) => {
        const point = course.findLast((one) => one.at <= at);
        if (point === undefined || since === null || point.at < since) return [];
        return [[index, { offset: point.error, low: point.error, high: point.error, agrees: true }] as const];
      }),
    );
    return { servers, band: null, mark: " ", at: new Date(at * 1000).toISOString().slice(11, 19) };
  });
  const lines = plot(moments, new Map(drawn.map((_, index) => [index, index + 1])), width, PLOT_ROWS);
  if (lines.length === 0) return "";
  const names = drawn.map(({ name }, index) => `${(index + 1) % 10} ${printable(name)}`).join("   ");
  const rest =
    hosts.length > drawn.length ? [`and ${counted(hosts.length - drawn.length, "host")} more; --html draws all`] : [];
  return ["true error of the clocks", ...lines, ...wrapped(names, width), ...rest, ""]
    .map((line) => `${line}\n`)
    .join("");
}

/** What many runs came to. */
export function quantilesText(title: string | null, runs: number, quantiles: readonly HostQuantiles[]): string {
  const heads = ["host", "rms 10 %", "median", "90 %", "most", "worst median", "90 %", "most", "outside most"];
  const rows = quantiles.map(({ name, rms, worst, outsideBound }) => [
    printable(name),
    ...[rms?.low, rms?.median, rms?.high, rms?.most].map((value) => durationText(value ?? null)),
    ...[worst?.median, worst?.high, worst?.most].map((value) => durationText(value ?? null)),
    durationText(outsideBound.most),
  ]);
  return [
    `${title === null ? "" : `${printable(title)}: `}${counted(runs, "run")}`,
    "",
    ...table([heads, ...rows]),
    "",
  ].join("\n");
}

/** What is told of each host. */
export const HOST_HEADS: readonly string[] = [
  "host",
  "stratum",
  "follows",
  "error",
  "rms",
  "worst",
  "outside",
  "sent",
  "received",
];

/** The same of one of them. */
export function hostCells({ name, stratum, systemPeer, error, outsideBound, packets }: HostResult): readonly string[] {
  return [
    printable(name),
    `${stratum}`,
    systemPeer === null ? NOTHING : printable(systemPeer),
    signedText(error?.final ?? null),
    durationText(error?.rms ?? null),
    signedText(error?.worst ?? null),
    outsideBound === 0 ? NOTHING : spanText(outsideBound),
    `${packets.sent}`,
    `${packets.received}`,
  ];
}

/** What each event is, in words; those that need more than one have a function. */
const WORDS: Readonly<Record<string, (event: SimulatedEvent) => string>> = {
  follows: ({ peer }) =>
    peer === null || peer === undefined ? "follows nobody any more" : `follows ${printable(peer)}`,
  stepped: ({ by }) => `steps its clock by ${signedText(by ?? null)}`,
  step: ({ by }) => `somebody steps its clock by ${signedText(by ?? null)}`,
  drift: ({ by }) => `drifts by ${((by ?? 0) * 1e6).toFixed(3)} ppm more`,
  sleep: ({ lasting }) => `sleeps for ${spanText(lasting)}`,
  restart: () => "is restarted",
  lie: ({ by }) => `lies by ${signedText(by ?? null)}`,
  fail: () => "falls silent",
  recover: () => "tells the time again",
  partition: ({ lasting }) => `is cut off for ${spanText(lasting)}`,
  leap: ({ why }) => (why === "delete" ? "a second is left out" : "a second is inserted"),
  leapSecond: ({ why }) => (why === "delete" ? "leaves the second out" : "inserts the leap second"),
  clockRefused: ({ why }) => `its clock is not touched: ${why}`,
  kiss: ({ peer, why }) => `has a kiss from ${printable(peer ?? "")}: ${printable(why ?? "")}`,
};

function spanText(seconds: Seconds = 0): string {
  return longText(seconds) ?? durationText(seconds);
}

/** When it happened, to whom, and what. */
export function eventCells(event: SimulatedEvent): readonly string[] {
  const words = Object.hasOwn(WORDS, event.what) ? WORDS[event.what]!(event) : event.what;
  return [clockOf(event.at), event.host === null ? "" : printable(event.host), words];
}

/** `2d 03:04:05` */
function clockOf(at: Seconds): string {
  const days = Math.floor(at / 86_400);
  const time = new Date((at - days * 86_400) * 1000).toISOString().slice(11, 19);
  return days === 0 ? time : `${days}d ${time}`;
}

/** Columns, the first of which begins at the left; no blanks at the ends of lines. */
function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join("  ")
      .trimEnd(),
  );
}

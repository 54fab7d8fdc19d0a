/** What `simulate` found, for people: a line a host, what happened and when, and of many runs the quantiles. */
import type { HostQuantiles } from "../simulate/quantiles.ts";
import type { HostResult, Simulated, SimulatedEvent } from "../simulate/simulation.ts";
import type { Seconds } from "../time/seconds.ts";
import { counted, durationText, longText, NOTHING, printable, signedText } from "./text.ts";

/** So many of the events are told. */
const MOST_EVENTS = 40;

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

const HOST_HEADS = ["host", "stratum", "follows", "error", "rms", "worst", "outside", "sent", "received"];

function hostCells({ name, stratum, systemPeer, error, outsideBound, packets }: HostResult): readonly string[] {
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

function eventCells(event: SimulatedEvent): readonly string[] {
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

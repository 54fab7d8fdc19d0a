/**
 * The report as one page that stands by itself: no other file, and the same without its script, which zooms; light and dark as whoever
 * reads it likes, and in print.
 */
import type { Seconds } from "../time/seconds.ts";
import { counted, durationText, signedText } from "../view/text.ts";
import { COLOURS, iso, round } from "./axes.ts";
import { allanChart, clockChart, histogram, seriesChart, serversChart } from "./charts.ts";
import type { Collection, ServerFigures } from "./collection.ts";
import { intervals, strips, wedge } from "./servers.ts";
import { leftOut, stepsOf } from "./left-out.ts";
import type { Series } from "./series.ts";
import { htmlPage, section } from "./shell.ts";
import { sheet } from "./sheet.ts";
import { escaped } from "./svg.ts";

/**
 * Draws the page.
 * @param again seconds after which whoever looks at it has it loaded again; `null`: it stays as it is
 */
export function reportPage(all: Collection, again: Seconds | null = null): string {
  const servers = [...all.servers.values()];
  const parts = [
    notes(all),
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
    section(
      "Clients: packets a second",
      "Blue: received; orange: refused; green: more often than is allowed.",
      seriesChart("packets of clients", all, [all.received, all.refused, all.limited], round, [], false),
    ),
  ];
  return htmlPage({ title: "Time report", intro: span(all), parts, again });
}

/** What of the page tells most at one look, as a picture. */
export function reportPicture(all: Collection): string {
  const servers = [...all.servers.values()];
  return sheet("a report: the offsets of servers over time, when each was followed, and where they agree in the end", [
    { heading: "Servers: offsets", chart: serversChart(all, servers), notes: [] },
    { heading: "Servers: who was followed", chart: strips(all, servers), notes: [] },
    { heading: "Servers: correctness intervals at the end", chart: intervals(servers), notes: [] },
  ]);
}

function span({ rows, from, until, servers }: Collection): string {
  if (rows === 0) return "Nothing that could be read.";
  return `${iso(from)} to ${iso(until)} UTC; ${counted(rows, "row")}, ${counted(servers.size, "server")}.`;
}

function notes(all: Collection): string {
  const words = [...leftOut(all), ...stepsOf(all)];
  return words.length === 0
    ? ""
    : `<ul class="notes">${words.map((text) => `<li>${escaped(text)}</li>`).join("")}</ul>`;
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

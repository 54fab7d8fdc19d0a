/** A simulated run as a page: how wrong each clock truly was, beside what it stated, and what happened. */
import type { HostResult, Simulated } from "../simulate/simulation.ts";
import type { Seconds } from "../time/seconds.ts";
import { eventCells, HOST_HEADS, hostCells } from "../view/simulate-text.ts";
import { counted, durationText, longText, printable, signedText } from "../view/text.ts";
import { COLOURS, decades, timeAxis, type Span } from "./axes.ts";
import { seriesChart } from "./charts.ts";
import { Series } from "./series.ts";
import { htmlPage, section, tableOf } from "./shell.ts";
import { chart, escaped, type Mark } from "./svg.ts";

/** So many events are told. */
const MOST_EVENTS = 1000;
/** What is less is drawn as so much, seconds: a logarithm of nothing there is not. */
const LEAST: Seconds = 1e-9;

/**
 * Draws the page.
 * @param title the world's; `null`: it has none
 * @param beginning when it began, ISO 8601
 */
export function simulatedPage(title: string | null, beginning: string, run: Simulated): string {
  const from = Date.parse(beginning) / 1000;
  const span = { from, until: from + run.duration };
  const { hosts, events, seed, duration } = run;
  const parts = [
    section("The hosts", "", tableOf([HOST_HEADS, ...hosts.map(hostCells)])),
    legend(hosts),
    section("True error of the clocks", "Since each followed somebody.", errors(hosts, span)),
    ...hosts.map((host) =>
      section(
        escaped(printable(host.name)),
        "Blue: how wrong its clock truly was; orange: how wrong it said that it might be. Logarithmic. Vertical: something happened to it.",
        stated(host, run, span),
      ),
    ),
    section(
      "What happened",
      "",
      events.length === 0 ? "" : tableOf([["at", "host", "what"], ...events.slice(0, MOST_EVENTS).map(eventCells)]),
    ),
    events.length > MOST_EVENTS ? `<p>And ${counted(events.length - MOST_EVENTS, "event")} more.</p>` : "",
  ];
  const intro = `${counted(hosts.length, "host")}, ${longText(duration) ?? durationText(duration)}, seed ${printable(seed)}; true time is known.`;
  return htmlPage({ title: title === null ? "A simulated network" : printable(title), intro, parts, again: null });
}

function legend(hosts: readonly HostResult[]): string {
  return `<ul class="legend">${hosts.map(({ name }, index) => `<li class="c${index % COLOURS}">${escaped(printable(name))}</li>`).join("")}</ul>`;
}

function errors(hosts: readonly HostResult[], { from, until }: Span): string {
  const series = hosts.map(({ course, since }) => {
    const one = new Series();
    for (const { at, error } of course) if (since !== null && at >= since) one.add(from + at, error);
    return one;
  });
  return seriesChart("true error", { from, until }, series, signedText, [], false);
}

/** One clock: that it is as it says is seen by which line is above. */
function stated({ name, course }: HostResult, { events }: Simulated, { from, until }: Span): string {
  if (course.length === 0) return "";
  const size = (value: Seconds): number => Math.log10(Math.max(LEAST, Math.abs(value)));
  const truly = course.map(({ at, error }) => [from + at, size(error)] as const);
  const said = course.map(({ at, bound }) => (bound === null ? null : ([from + at, size(bound)] as const)));
  const sizes = [...truly, ...said].flatMap((point) => (point === null ? [] : [point[1]]));
  const happened = events
    .filter(({ host, what }) => host === name && what !== "follows")
    .map((event): Mark => ({ kind: "rule", x: from + event.at, title: eventCells(event).join(" ") }));
  return chart({
    title: `true and stated error of ${printable(name)}`,
    x: timeAxis({ from, until }),
    y: decades(sizes, (power) => durationText(10 ** power)),
    marks: [
      { kind: "line", colour: 1, points: said },
      { kind: "line", colour: 0, points: truly },
      ...happened.slice(0, MOST_EVENTS),
    ],
    height: 200,
  });
}

/** Metrics of the commands that end: of daemons (`peers`), of a check, and all of them in the older text format. */
import type { DaemonReport } from "../control/daemon.ts";
import { LEAPS } from "../wire/header.ts";
import type { HostAnswer } from "./daemon-document.ts";
import { ASSOCIATIONS, escaped, exposed, gauge, labels, type Family } from "./metrics.ts";
import { statusOf, STATUSES, worst, type Finding } from "./plugin.ts";
import { own } from "../wire/own.ts";

/** Figures of a daemon's system. */
const SYSTEM: readonly Family<DaemonReport>[] = [
  gauge("synchronized", "1 while the daemon is synchronized.", ({ system }) =>
    system.leap === "unsynchronized" || system.stratum >= 16 ? 0 : 1,
  ),
  gauge("stratum", "The daemon's; 16: unsynchronized.", ({ system }) => system.stratum),
  gauge("leap", "The leap indicator: 0 none, 1 insert, 2 delete, 3 unsynchronized.", ({ system }) =>
    LEAPS.indexOf(system.leap),
  ),
  gauge("offset_seconds", "Server minus local; positive: the local clock is behind.", ({ system }) => system.offset),
  gauge("jitter_seconds", "Of the system.", ({ system }) => system.jitter),
  gauge("root_delay_seconds", "Round trip to the primary source.", ({ system }) => system.rootDelay),
  gauge("root_dispersion_seconds", "Error bound from the primary source.", ({ system }) => system.rootDispersion),
  gauge("root_distance_seconds", "Half the width of the correctness interval.", ({ system }) => system.rootDistance),
  gauge("frequency_ratio", "Correction of the oscillator's frequency.", ({ system }) => system.frequency),
  gauge("survivors", "Servers whose offsets are combined.", ({ system }) => system.survivors),
  gauge("truechimers", "Servers that agree.", ({ system }) => system.truechimers),
  gauge("falsetickers", "Servers that disagree.", ({ system }) => system.falsetickers),
];

/** What daemons told, as OpenMetrics. */
export function peersMetrics(answers: readonly HostAnswer[]): string {
  const reports = answers.flatMap(({ report }) => report ?? []);
  const lines = exposed(
    { name: "up", type: "gauge", unit: null, help: "1 where a daemon told what it does." },
    answers.map(({ host, report }) => [`{host="${escaped(host)}"}`, report === null ? 0 : 1]),
  );
  for (const family of SYSTEM)
    lines.push(
      ...exposed(
        family,
        reports.map((report) => [`{host="${escaped(report.host)}"}`, family.value(report)]),
      ),
    );
  for (const family of ASSOCIATIONS)
    lines.push(
      ...exposed(
        family,
        reports.flatMap(({ host, associations }) =>
          associations.map((peer) => [labels(peer, host), family.value(peer)] as const),
        ),
      ),
    );
  return ended(lines);
}

/** Names of a check's figures. */
const FIGURES: Readonly<
  Record<
    Finding["figures"][number]["name"],
    { readonly name: string; readonly unit: string | null; readonly help: string }
  >
> = {
  offset: {
    name: "check_offset_seconds",
    unit: "seconds",
    help: "Server minus local; positive: the local clock is behind.",
  },
  jitter: { name: "check_jitter_seconds", unit: "seconds", help: "Of the system." },
  stratum: { name: "check_stratum", unit: null, help: "Of the server that is followed." },
  truechimers: { name: "check_truechimers", unit: null, help: "Servers that agree." },
  falsetickers: { name: "check_falsetickers", unit: null, help: "Servers that disagree." },
  rootdistance: {
    name: "check_root_distance_seconds",
    unit: "seconds",
    help: "Half the width of the correctness interval.",
  },
  certificate: {
    name: "check_certificate_days",
    unit: null,
    help: "Days until the first certificate expires by which keys of NTS were established.",
  },
};

/** What a check found, as OpenMetrics. */
export function checkMetrics(finding: Finding): string {
  const lines = exposed(
    { name: "check_status", type: "gauge", unit: null, help: "0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN." },
    [["", STATUSES.indexOf(worst(finding))]],
  );
  for (const { name, value } of finding.figures)
    lines.push(...exposed({ ...FIGURES[name], type: "gauge" }, [["", value]]));
  const statuses = finding.figures.map(
    (figure) => [`{figure="${figure.name}"}`, STATUSES.indexOf(statusOf(figure))] as const,
  );
  lines.push(
    ...exposed({ name: "check_figure_status", type: "gauge", unit: null, help: "The same of each figure." }, statuses),
  );
  return ended(lines);
}

/**
 * OpenMetrics in the text format 0.0.4, which node_exporter's textfile collector reads: no units and no end, counters and
 * infos by the names of their samples.
 */
export function textFormat(openMetrics: string): string {
  const suffixes = new Map<string, string>();
  for (const [, name, type] of openMetrics.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
    const suffix = own(SUFFIXES, type!);
    if (suffix !== undefined) suffixes.set(name!, suffix);
  }
  const lines = openMetrics.split("\n").filter((line) => line !== "# EOF" && !line.startsWith("# UNIT "));
  return lines
    .map((line) =>
      line.replace(
        /^# (TYPE|HELP) (\S+)(.*)$/,
        (_, what: string, name: string, rest: string) =>
          `# ${what} ${name}${suffixes.get(name) ?? ""}${what === "TYPE" && rest === " info" ? " gauge" : rest}`,
      ),
    )
    .join("\n");
}

const SUFFIXES: Readonly<Record<string, string>> = { counter: "_total", info: "_info" };

function ended(lines: readonly string[]): string {
  return `${lines.join("\n")}\n# EOF\n`;
}

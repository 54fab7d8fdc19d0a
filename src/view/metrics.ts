/** OpenMetrics from a snapshot: one table of what is exposed. Names begin with `ntpkit_`; units are in the names. */
import type { AssociationReport, Snapshot } from "../engine/port/snapshot.ts";
import { LEAPS } from "../wire/header.ts";
import { printable } from "./text.ts";

/** The media type of the text. */
export const OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/** One family of figures. */
export interface Family<From> {
  readonly name: string;
  readonly type: "gauge" | "counter";
  readonly unit: string | null;
  readonly help: string;
  /** `null`: not known now, and left out. */
  readonly value: (from: From) => number | null;
}

const SYSTEM: readonly Family<Snapshot>[] = [
  {
    name: "uptime_seconds",
    type: "gauge",
    unit: "seconds",
    help: "Since the daemon or the run began.",
    value: ({ elapsed }) => elapsed,
  },
  {
    name: "synchronized",
    type: "gauge",
    unit: null,
    help: "1 while there is a system peer.",
    value: ({ system }) => (system.systemPeer === null ? 0 : 1),
  },
  {
    name: "stratum",
    type: "gauge",
    unit: null,
    help: "Ours; 16: unsynchronized.",
    value: ({ system }) => system.stratum,
  },
  {
    name: "leap",
    type: "gauge",
    unit: null,
    help: "The leap indicator: 0 none, 1 insert, 2 delete, 3 unsynchronized.",
    value: ({ system }) => LEAPS.indexOf(system.leap),
  },
  {
    name: "offset_seconds",
    type: "gauge",
    unit: "seconds",
    help: "Server minus local; positive: the local clock is behind.",
    value: ({ clock }) => clock.offset,
  },
  {
    name: "uncertainty_seconds",
    type: "gauge",
    unit: "seconds",
    help: "How far the offset may be wrong.",
    value: ({ clock }) => clock.uncertainty,
  },
  {
    name: "jitter_seconds",
    type: "gauge",
    unit: "seconds",
    help: "Of the system.",
    value: ({ clock }) => clock.jitter,
  },
  {
    name: "root_delay_seconds",
    type: "gauge",
    unit: "seconds",
    help: "Round trip to the primary source.",
    value: ({ system }) => system.rootDelay,
  },
  {
    name: "root_dispersion_seconds",
    type: "gauge",
    unit: "seconds",
    help: "Error bound from the primary source.",
    value: ({ system }) => system.rootDispersion,
  },
  {
    name: "root_distance_seconds",
    type: "gauge",
    unit: "seconds",
    help: "Half the width of the correctness interval.",
    value: ({ system }) => system.rootDistance,
  },
  {
    name: "frequency_ratio",
    type: "gauge",
    unit: "ratio",
    help: "Correction of the oscillator's frequency.",
    value: ({ discipline }) => discipline?.frequency ?? null,
  },
  {
    name: "wander_ratio",
    type: "gauge",
    unit: "ratio",
    help: "Changes of the frequency, RMS.",
    value: ({ discipline }) => discipline?.wander ?? null,
  },
  {
    name: "survivors",
    type: "gauge",
    unit: null,
    help: "Servers whose offsets are combined.",
    value: ({ system }) => system.survivors,
  },
  {
    name: "truechimers",
    type: "gauge",
    unit: null,
    help: "Servers that agree.",
    value: ({ system }) => system.truechimers,
  },
  {
    name: "falsetickers",
    type: "gauge",
    unit: null,
    help: "Servers that disagree.",
    value: ({ system }) => system.falsetickers,
  },
];

/** What is exposed of an association; packets may not be told. */
export type ExposedAssociation = Omit<
  AssociationReport,
  "id" | "mode" | "packets" | "reference" | "unreach" | "flash"
> & { readonly id: number; readonly packets: AssociationReport["packets"] | null };

/** Figures of an association. */
export const ASSOCIATIONS: readonly Family<ExposedAssociation>[] = [
  {
    name: "association_offset_seconds",
    type: "gauge",
    unit: "seconds",
    help: "Server minus local.",
    value: ({ offset }) => offset,
  },
  {
    name: "association_delay_seconds",
    type: "gauge",
    unit: "seconds",
    help: "Round trip.",
    value: ({ delay }) => delay,
  },
  {
    name: "association_dispersion_seconds",
    type: "gauge",
    unit: "seconds",
    help: "Error bound.",
    value: ({ dispersion }) => dispersion,
  },
  {
    name: "association_jitter_seconds",
    type: "gauge",
    unit: "seconds",
    help: "RMS of the offset differences.",
    value: ({ jitter }) => jitter,
  },
  {
    name: "association_root_distance_seconds",
    type: "gauge",
    unit: "seconds",
    help: "Half the width of its correctness interval.",
    value: ({ rootDistance }) => rootDistance,
  },
  {
    name: "association_stratum",
    type: "gauge",
    unit: null,
    help: "Of its last packet.",
    value: ({ stratum }) => stratum,
  },
  {
    name: "association_reach_ratio",
    type: "gauge",
    unit: "ratio",
    help: "Of the last eight polls, those answered.",
    value: ({ reach }) => bitsOf(reach) / 8,
  },
  {
    name: "association_poll_interval_seconds",
    type: "gauge",
    unit: "seconds",
    help: "Between two polls.",
    value: ({ poll }) => 2 ** poll,
  },
  {
    name: "association_survivor",
    type: "gauge",
    unit: null,
    help: "1 for the system peer and the other survivors.",
    value: ({ reason }) => (reason === null ? 1 : 0),
  },
  {
    name: "association_sent_packets",
    type: "counter",
    unit: "packets",
    help: "Sent.",
    value: ({ packets }) => packets?.sent ?? null,
  },
  {
    name: "association_received_packets",
    type: "counter",
    unit: "packets",
    help: "Received.",
    value: ({ packets }) => packets?.received ?? null,
  },
  {
    name: "association_rejected_packets",
    type: "counter",
    unit: "packets",
    help: "Received, and not used.",
    value: ({ packets }) => packets?.rejected ?? null,
  },
];

/**
 * The exposition of a snapshot.
 * @param version of the program
 */
export function openMetrics(snapshot: Snapshot, version: string): string {
  const lines = [
    "# TYPE ntpkit_build info",
    "# HELP ntpkit_build The program.",
    `ntpkit_build_info{version="${escaped(version)}"} 1`,
  ];
  for (const family of SYSTEM) lines.push(...exposed(family, [["", family.value(snapshot)]]));
  for (const family of ASSOCIATIONS)
    lines.push(
      ...exposed(
        family,
        snapshot.associations.map((association) => [labels(association), family.value(association)]),
      ),
    );
  const refused = Object.entries(snapshot.refused).map(([reason, count]): [string, number] => [
    `{reason="${escaped(reason)}"}`,
    count,
  ]);
  lines.push(
    ...exposed(
      { name: "refused_packets", type: "counter", unit: "packets", help: "Packets that no association claimed." },
      refused,
    ),
  );
  const served = Object.entries(snapshot.served ?? {}).map(([disposition, count]): [string, number] => [
    `{disposition="${escaped(disposition)}"}`,
    count,
  ]);
  lines.push(
    ...exposed(
      { name: "server_packets", type: "counter", unit: "packets", help: "Clients' datagrams by what became of them." },
      served,
    ),
  );
  return `${lines.join("\n")}\n# EOF\n`;
}

/** The lines of a family; none where nothing is known. */
export function exposed(
  { name, type, unit, help }: Omit<Family<never>, "value">,
  samples: readonly (readonly [string, number | null])[],
): string[] {
  const labelled = new Set<string>();
  const exposable = samples.filter((sample): sample is readonly [string, number] => {
    const [label, value] = sample;
    // Of two lines about one server the first is told: no family has the same labels twice.
    if (value === null || !Number.isFinite(value) || labelled.has(label)) return false;
    labelled.add(label);
    return true;
  });
  if (exposable.length === 0) return [];
  const suffix = type === "counter" ? "_total" : "";
  return [
    `# TYPE ntpkit_${name} ${type}`,
    ...(unit === null ? [] : [`# UNIT ntpkit_${name} ${unit}`]),
    `# HELP ntpkit_${name} ${help}`,
    ...exposable.map(([label, value]) => `ntpkit_${name}${suffix}${label} ${value}`),
  ];
}

/**
 * The labels of an association: what stays the same from one run to the next, whatever order names are resolved in.
 * @param host whose it is, where there may be several
 */
export function labels(
  { name, address, port }: Pick<ExposedAssociation, "name" | "address" | "port">,
  host?: string,
): string {
  return `{${host === undefined ? "" : `host="${escaped(host)}",`}name="${escaped(name)}",address="${escaped(address ?? "")}",port="${port}"}`;
}

/** The value of a label. What steers a terminal is escaped first: an exposition is looked at, too. */
export function escaped(text: string): string {
  const lines = text.split("\n").map((line) => printable(line).replaceAll("\\", "\\\\").replaceAll('"', '\\"'));
  return lines.join("\\n");
}

function bitsOf(reach: number): number {
  let count = 0;
  for (let bits = reach; bits > 0; bits >>= 1) count += bits & 1;
  return count;
}

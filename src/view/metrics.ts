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

/** A figure that rises and falls. Its unit is the last word of its name, where it has one. */
export function gauge<From>(name: string, help: string, value: Family<From>["value"]): Family<From> {
  return { name, type: "gauge", unit: /_(seconds|ratio|packets)$/.exec(name)?.[1] ?? null, help, value };
}

/** One that only rises. */
function counter<From>(name: string, help: string, value: Family<From>["value"]): Family<From> {
  return { ...gauge(name, help, value), type: "counter" };
}

const SYSTEM: readonly Family<Snapshot>[] = [
  gauge("uptime_seconds", "Since the daemon or the run began.", ({ elapsed }) => elapsed),
  gauge("synchronized", "1 while there is a system peer.", ({ system }) => (system.systemPeer === null ? 0 : 1)),
  gauge("stratum", "Ours; 16: unsynchronized.", ({ system }) => system.stratum),
  gauge("leap", "The leap indicator: 0 none, 1 insert, 2 delete, 3 unsynchronized.", ({ system }) =>
    LEAPS.indexOf(system.leap),
  ),
  gauge("offset_seconds", "Server minus local; positive: the local clock is behind.", ({ clock }) => clock.offset),
  gauge("uncertainty_seconds", "How far the offset may be wrong.", ({ clock }) => clock.uncertainty),
  gauge("jitter_seconds", "Of the system.", ({ clock }) => clock.jitter),
  gauge("root_delay_seconds", "Round trip to the primary source.", ({ system }) => system.rootDelay),
  gauge("root_dispersion_seconds", "Error bound from the primary source.", ({ system }) => system.rootDispersion),
  gauge("root_distance_seconds", "Half the width of the correctness interval.", ({ system }) => system.rootDistance),
  gauge(
    "frequency_ratio",
    "Correction of the oscillator's frequency.",
    ({ discipline }) => discipline?.frequency ?? null,
  ),
  gauge("wander_ratio", "Changes of the frequency, RMS.", ({ discipline }) => discipline?.wander ?? null),
  gauge("survivors", "Servers whose offsets are combined.", ({ system }) => system.survivors),
  gauge("truechimers", "Servers that agree.", ({ system }) => system.truechimers),
  gauge("falsetickers", "Servers that disagree.", ({ system }) => system.falsetickers),
];

/** What is exposed of an association; packets may not be told. */
export type ExposedAssociation = Omit<
  AssociationReport,
  "id" | "mode" | "packets" | "reference" | "unreach" | "flash"
> & { readonly id: number; readonly packets: AssociationReport["packets"] | null };

/** Figures of an association. */
export const ASSOCIATIONS: readonly Family<ExposedAssociation>[] = [
  gauge("association_offset_seconds", "Server minus local.", ({ offset }) => offset),
  gauge("association_delay_seconds", "Round trip.", ({ delay }) => delay),
  gauge("association_dispersion_seconds", "Error bound.", ({ dispersion }) => dispersion),
  gauge("association_jitter_seconds", "RMS of the offset differences.", ({ jitter }) => jitter),
  gauge(
    "association_root_distance_seconds",
    "Half the width of its correctness interval.",
    ({ rootDistance }) => rootDistance,
  ),
  gauge("association_stratum", "Of its last packet.", ({ stratum }) => stratum),
  gauge("association_reach_ratio", "Of the last eight polls, those answered.", ({ reach }) => bitsOf(reach) / 8),
  gauge("association_poll_interval_seconds", "Between two polls.", ({ poll }) => 2 ** poll),
  gauge("association_survivor", "1 for the system peer and the other survivors.", ({ reason }) =>
    reason === null ? 1 : 0,
  ),
  counter("association_sent_packets", "Sent.", ({ packets }) => packets?.sent ?? null),
  counter("association_received_packets", "Received.", ({ packets }) => packets?.received ?? null),
  counter("association_rejected_packets", "Received, and not used.", ({ packets }) => packets?.rejected ?? null),
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
  const packets = (name: string, help: string, label: string, counts: Readonly<Record<string, number>>): string[] =>
    exposed(
      { name, type: "counter", unit: "packets", help },
      Object.entries(counts).map(([word, count]) => [`{${label}="${escaped(word)}"}`, count] as const),
    );
  lines.push(
    ...packets("refused_packets", "Packets that no association claimed.", "reason", snapshot.refused),
    ...packets("server_packets", "Clients' datagrams by what became of them.", "disposition", snapshot.served ?? {}),
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

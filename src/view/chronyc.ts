/**
 * The reports of chronyc, for scripts that parse them: `sources`, `sourcestats`, `tracking` and `authdata`, as text and as the comma
 * separated values of `-c`. Of chronyd they are what chronyc prints, byte for byte; of other daemons what they tell of the
 * same, and 0 where they tell nothing.
 *
 * chronyc counts a clock that is ahead as positive, but in `System time`; ours is turned here.
 */
import type { Verdict } from "../association/verdict.ts";
import type { ChronyReadSource } from "../control/chrony.ts";
import type { ChronyAuthData, ChronyTracking, SourceMode, SourceState } from "../control/chronyreport.ts";
import type { DaemonReport, PeerReport } from "../control/daemon.ts";
import type { UnixNanoseconds } from "../time/timestamp.ts";
import type { Leap } from "../wire/header.ts";
import { asciiWord, refidWord } from "../wire/refid.ts";
import { csvLine, csvText } from "./csv.ts";
import { printable } from "./text.ts";

/** The reports, by what `--compat` calls them. */
export const CHRONYC_REPORTS = [
  "chronyc",
  "chronyc-sourcestats",
  "chronyc-tracking",
  "chronyc-authdata",
  "chronyc-csv",
  "chronyc-sourcestats-csv",
  "chronyc-tracking-csv",
  "chronyc-authdata-csv",
] as const;
/** One of {@link CHRONYC_REPORTS}. */
export type ChronycReport = (typeof CHRONYC_REPORTS)[number];

/** The name of an address; `undefined`: addresses stay as they are, as always with `-c`. */
export type Naming = ((address: string) => string) | undefined;

/** What chronyc would have printed of a daemon. */
export function chronycText(which: ChronycReport, report: DaemonReport, named?: Naming): string {
  return PRINTERS[which](report, named);
}

const PRINTERS: Readonly<Record<ChronycReport, (report: DaemonReport, named: Naming) => string>> = {
  chronyc: (report, named) => {
    const head = "MS Name/IP address         Stratum Poll Reach LastRx Last sample               \n";
    return `${head}${"=".repeat(79)}\n${sourcesOf(report, named).map(sourceLine).join("")}`;
  },
  "chronyc-sourcestats": (report, named) => {
    const head = "Name/IP Address            NP  NR  Span  Frequency  Freq Skew  Offset  Std Dev\n";
    return `${head}${"=".repeat(78)}\n${statsOf(report, named).map(statsLine).join("")}`;
  },
  "chronyc-tracking": (report, named) => trackingText(trackingOf(report), named),
  "chronyc-authdata": (report, named) => {
    const head = "Name/IP address             Mode KeyID Type KLen Last Atmp  NAK Cook CLen\n";
    return `${head}${"=".repeat(73)}\n${proofsOf(report, named).map(proofLine).join("")}`;
  },
  "chronyc-csv": (report) => sourcesOf(report, undefined).map(sourceValues).join(""),
  "chronyc-sourcestats-csv": (report) => statsOf(report, undefined).map(statsValues).join(""),
  "chronyc-tracking-csv": (report) => trackingValues(trackingOf(report)),
  "chronyc-authdata-csv": (report) => proofsOf(report, undefined).map(proofValues).join(""),
};

/** A line of `sources`, in chronyc's signs. */
interface SourceRow {
  readonly mode: string;
  readonly state: string;
  readonly name: string;
  readonly stratum: number;
  readonly poll: number;
  readonly reach: number;
  /** Whole seconds, `null`: never. */
  readonly when: number | null;
  readonly offset: number;
  readonly measured: number;
  readonly error: number;
}

const MODES: Readonly<Record<SourceMode, string>> = { server: "^", peer: "=", referenceClock: "#" };
const STATES: Readonly<Record<SourceState, string>> = {
  selected: "*",
  unusable: "?",
  falseticker: "x",
  jittery: "~",
  combined: "+",
  selectable: "-",
};
/** What another daemon makes of a server, in chronyc's marks. */
const MARKS: Readonly<Record<Verdict, string>> = {
  systemPeer: "*",
  survivor: "+",
  outlier: "-",
  excess: "-",
  backup: "-",
  falseticker: "x",
  rejected: "?",
};

function sourcesOf({ chrony, associations }: DaemonReport, named: Naming): readonly SourceRow[] {
  if (chrony === undefined) return associations.map((peer) => peerRow(peer, named));
  return chrony.sources.map((read): SourceRow => {
    const { mode, state, stratum, poll, reach, when, offset, measured, error } = read.source;
    return {
      mode: MODES[mode],
      state: STATES[state],
      name: sourceName(read, named),
      stratum,
      poll,
      reach,
      when,
      offset: turned(offset),
      measured: turned(measured),
      error: error ?? 0,
    };
  });
}

/** By its address's name, or a reference clock's identifier; chronyc itself shows the name it was configured by only with `-N`. */
function sourceName({ source: { address, referenceId } }: ChronyReadSource, named: Naming): string {
  return address === null ? (asciiWord(referenceId ?? 0) ?? "") : cut(printable(named?.(address) ?? address));
}

/** Longer names end in `>`. */
function cut(name: string): string {
  return name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 1)}>` : name;
}

const LONGEST_NAME = 25;

function peerRow(peer: PeerReport, named: Naming): SourceRow {
  const mode = peer.type === "l" ? "#" : peer.type === "s" || peer.type === "S" ? "=" : "^";
  const isJittery = peer.verdict === "outlier" && peer.reason === "selectJitter";
  const offset = peer.when === null ? 0 : turned(peer.offset);
  const error = peer.when === null ? 0 : (peer.rootDistance ?? 0);
  return {
    mode,
    state: isJittery ? "~" : MARKS[peer.verdict],
    name: peerName(peer, named),
    stratum: peer.stratum ?? 0,
    poll: peer.poll,
    reach: peer.reach,
    when: peer.when,
    offset,
    measured: offset,
    error,
  };
}

function peerName({ address, name }: PeerReport, named: Naming): string {
  if (address === null) return printable(name);
  return cut(printable(named === undefined ? address : name === address ? named(address) : name));
}

function sourceLine({ mode, state, name, stratum, poll, reach, when, offset, measured, error }: SourceRow): string {
  const numbers = [`${stratum}`.padStart(2), `${poll}`.padStart(2), reach.toString(8).padStart(4)].join("  ");
  return `${mode}${state} ${name.padEnd(27)}  ${numbers}  ${since(when)}  ${signedUnits(offset)}[${signedUnits(measured)}] +/- ${units(error)}\n`;
}

function sourceValues({ mode, state, name, stratum, poll, reach, when, offset, measured, error }: SourceRow): string {
  return csvLine([
    mode,
    state,
    csvText(name),
    `${stratum}`,
    `${poll}`,
    reach.toString(8),
    `${when ?? NEVER}`,
    offset.toFixed(9),
    measured.toFixed(9),
    error.toFixed(9),
  ]);
}

/** How `-c` writes never. */
const NEVER = 0xffff_ffff;

/** A line of `sourcestats`, in chronyc's signs; frequencies in parts per million. */
interface StatsRow {
  readonly name: string;
  readonly samples: number;
  readonly runs: number;
  readonly span: number;
  readonly frequency: number;
  readonly skew: number;
  readonly offset: number;
  readonly deviation: number;
}

function statsOf({ chrony, associations }: DaemonReport, named: Naming): readonly StatsRow[] {
  if (chrony === undefined) {
    return associations.map((peer) => ({
      name: peerName(peer, named),
      samples: 0,
      runs: 0,
      span: 0,
      frequency: 0,
      skew: 0,
      offset: turned(peer.offset),
      deviation: peer.jitter ?? 0,
    }));
  }
  return chrony.sources.flatMap((read): StatsRow[] => {
    if (read.stats === null) return [];
    const { samples, runs, span, residualFrequency, skew, offset, deviation } = read.stats;
    return [
      {
        name: sourceName(read, named),
        samples,
        runs,
        span,
        frequency: turned(residualFrequency) * MILLION,
        skew: skew * MILLION,
        offset: turned(offset),
        deviation,
      },
    ];
  });
}

function statsLine({ name, samples, runs, span, frequency, skew, offset, deviation }: StatsRow): string {
  const counts = `${`${samples}`.padStart(3)} ${`${runs}`.padStart(3)}  ${since(span)}`;
  return `${name.padEnd(25)} ${counts} ${signedParts(frequency)} ${parts(skew)}  ${signedUnits(offset)}  ${units(deviation)}\n`;
}

function statsValues({ name, samples, runs, span, frequency, skew, offset, deviation }: StatsRow): string {
  return csvLine([
    csvText(name),
    `${samples}`,
    `${runs}`,
    `${span}`,
    frequency.toFixed(3),
    skew.toFixed(3),
    offset.toFixed(9),
    deviation.toFixed(9),
  ]);
}

function trackingOf({ chrony, system, associations }: DaemonReport): ChronyTracking {
  if (chrony !== undefined) return chrony.tracking;
  const peer = associations.find(({ id }) => id === system.systemPeer);
  return {
    referenceId: refidWord(system.refid ?? "") ?? 0,
    address: peer?.address ?? null,
    stratum: system.leap === "unsynchronized" ? 0 : system.stratum,
    leap: system.leap,
    reference: system.reference,
    correction: system.offset ?? 0,
    lastOffset: system.offset ?? 0,
    rmsOffset: system.jitter ?? 0,
    frequency: system.frequency ?? 0,
    residualFrequency: 0,
    skew: system.clockWander ?? 0,
    rootDelay: system.rootDelay ?? 0,
    rootDispersion: system.rootDispersion ?? 0,
    updateInterval: peer === undefined ? 0 : 2 ** peer.poll,
  };
}

const LEAP_STATUS: Readonly<Record<Leap, string>> = {
  none: "Normal",
  insert: "Insert second",
  delete: "Delete second",
  unsynchronized: "Not synchronised",
};

function trackingText(tracking: ChronyTracking, named: Naming): string {
  const {
    stratum,
    reference,
    correction,
    lastOffset,
    rmsOffset,
    frequency,
    residualFrequency,
    skew,
    rootDelay,
    rootDispersion,
    updateInterval,
    leap,
  } = tracking;
  const [hexadecimal, name] = referenceOf(tracking, named);
  const lines: readonly (readonly [string, string])[] = [
    ["Reference ID", `${hexadecimal} (${name})`],
    ["Stratum", `${stratum}`],
    ["Ref time (UTC)", calendarText(reference)],
    ["System time", `${Math.abs(correction).toFixed(9)} seconds ${correction > 0 ? "slow" : "fast"} of NTP time`],
    ["Last offset", `${signed(turned(lastOffset), 9)} seconds`],
    ["RMS offset", `${rmsOffset.toFixed(9)} seconds`],
    ["Frequency", `${Math.abs(frequency * MILLION).toFixed(3)} ppm ${frequency < 0 ? "fast" : "slow"}`],
    ["Residual freq", `${signed(turned(residualFrequency) * MILLION, 3)} ppm`],
    ["Skew", `${(skew * MILLION).toFixed(3)} ppm`],
    ["Root delay", `${rootDelay.toFixed(9)} seconds`],
    ["Root dispersion", `${rootDispersion.toFixed(9)} seconds`],
    ["Update interval", `${updateInterval.toFixed(1)} seconds`],
    ["Leap status", LEAP_STATUS[leap]],
  ];
  return lines.map(([label, text]) => `${label.padEnd(15)} : ${text}\n`).join("");
}

function trackingValues(tracking: ChronyTracking): string {
  const {
    stratum,
    reference,
    correction,
    lastOffset,
    rmsOffset,
    frequency,
    residualFrequency,
    skew,
    rootDelay,
    rootDispersion,
    updateInterval,
    leap,
  } = tracking;
  const nanoseconds = reference ?? 0n;
  const time = `${nanoseconds / 1_000_000_000n}.${(nanoseconds % 1_000_000_000n).toString().padStart(9, "0")}`;
  const [offsets, frequencies] = [
    [correction, turned(lastOffset), rmsOffset],
    [turned(frequency), turned(residualFrequency), skew],
  ];
  const numbers = [
    ...offsets.map((value) => value.toFixed(9)),
    ...frequencies.map((value) => (value * MILLION).toFixed(3)),
    rootDelay.toFixed(9),
    rootDispersion.toFixed(9),
    updateInterval.toFixed(1),
  ];
  const [hexadecimal, name] = referenceOf(tracking, undefined);
  return csvLine([hexadecimal, csvText(name), `${stratum}`, time, ...numbers, LEAP_STATUS[leap]]);
}

/** The reference id in hexadecimal, and whom it names. */
function referenceOf({ referenceId, address }: ChronyTracking, named: Naming): [string, string] {
  const name = address === null ? (asciiWord(referenceId) ?? "") : named === undefined ? address : named(address);
  return [referenceId.toString(16).toUpperCase().padStart(8, "0"), printable(name)];
}

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `Sun Nov 22 01:48:38 2026`; 1970 where there is none. */
function calendarText(reference: UnixNanoseconds | null): string {
  const date = new Date(Number((reference ?? 0n) / 1_000_000n));
  const two = (value: number): string => `${value}`.padStart(2, "0");
  return `${DAYS[date.getUTCDay()]} ${MONTHS[date.getUTCMonth()]} ${two(date.getUTCDate())} ${date.toISOString().slice(11, 19)} ${date.getUTCFullYear()}`;
}

const MILLION = 1e6;

/** chronyc's sign for ours, and the other way round; 0 for what is not known. */
function turned(value: number | null): number {
  return value === null || value === 0 ? 0 : -value;
}

function signed(value: number, digits: number): string {
  return `${value < 0 ? "-" : "+"}${Math.abs(value).toFixed(digits)}`;
}

/** Where each unit ends, how long one is, and digits behind the point. */
const UNITS: readonly (readonly [below: number, each: number, unit: string, digits: number, width: number])[] = [
  [9999.5e-9, 1e-9, "ns", 0, 4],
  [9999.5e-6, 1e-6, "us", 0, 4],
  [9999.5e-3, 1e-3, "ms", 0, 4],
  [999.5, 1, "s", 1, 5],
  [99_999.5, 1, "s", 0, 5],
  [99_999.5 * 60, 60, "m", 0, 5],
  [99_999.5 * 3600, 3600, "h", 0, 5],
  [99_999.5 * 86_400, 86_400, "d", 0, 5],
  [Infinity, 365.25 * 86_400, "y", 0, 5],
];

function units(seconds: number): string {
  const size = Math.abs(seconds);
  const [, each, unit, digits, width] = UNITS.find(([below]) => size < below) ?? UNITS.at(-1)!;
  return `${(size / each).toFixed(digits).padStart(width)}${unit}`;
}

function signedUnits(seconds: number): string {
  const size = Math.abs(seconds);
  const [, each, unit, digits, width] = UNITS.find(([below]) => size < below) ?? UNITS.at(-1)!;
  return `${`${seconds < 0 ? "-" : "+"}${(size / each).toFixed(digits)}`.padStart(width + 1)}${unit}`;
}

/** Parts per million in ten columns. */
function parts(million: number): string {
  return Math.abs(million)
    .toFixed(Math.abs(million) > 99_999.5 ? 0 : 3)
    .padStart(10);
}

function signedParts(million: number): string {
  return signed(million, Math.abs(million) > 99_999.5 ? 0 : 3).padStart(10);
}

/** A line of `authdata`. */
interface ProofRow extends Omit<ChronyAuthData, "mode"> {
  readonly name: string;
  readonly mode: "-" | "SK" | "NTS";
}

const PROOFS = { none: "-", key: "SK", nts: "NTS" } as const;
/** How a source is proved, as far as others tell it. */
const UNTOLD = { keyId: 0, keyType: 0, keyLength: 0, keyAge: null, attempts: 0, naks: 0, cookies: 0, cookieLength: 0 };

/** Of servers alone: a reference clock proves nothing. */
function proofsOf({ chrony, associations }: DaemonReport, named: Naming): readonly ProofRow[] {
  if (chrony !== undefined)
    return chrony.sources
      .filter(({ source: { mode } }) => mode !== "referenceClock")
      .map((read): ProofRow => {
        const auth = read.auth ?? { mode: "none", ...UNTOLD };
        return { ...auth, mode: PROOFS[auth.mode], name: sourceName(read, named) };
      });
  return associations
    .filter(({ type }) => type !== "l")
    .map((peer): ProofRow => {
      const { security, keyId, nts } = peer;
      const mode = security === "key" || security === "nts" ? PROOFS[security] : "-";
      const { cookies = 0, attempts = 0, age = null } = nts ?? {};
      return { ...UNTOLD, mode, name: peerName(peer, named), keyId: keyId ?? 0, cookies, attempts, keyAge: age };
    });
}

function proofLine(row: ProofRow): string {
  const { name, mode, keyId, keyType, keyLength, keyAge, attempts, naks, cookies, cookieLength } = row;
  const four = (number: number): string => `${number}`.padStart(4);
  const counts = [attempts, naks, cookies, cookieLength].map(four).join(" ");
  const key = `${`${keyId}`.padStart(5)} ${four(keyType)} ${four(keyLength)}`;
  return `${name.padEnd(27)} ${mode.padStart(4)} ${key} ${since(keyAge)} ${counts}\n`;
}

function proofValues(row: ProofRow): string {
  const { name, mode, keyId, keyType, keyLength, keyAge, attempts, naks, cookies, cookieLength } = row;
  const numbers = [keyId, keyType, keyLength, keyAge ?? NEVER_SINCE, attempts, naks, cookies, cookieLength];
  return csvLine([csvText(name), mode, ...numbers.map(String)]);
}

/** What chronyc prints of a time that never was. */
const NEVER_SINCE = 0xffff_ffff;

/** Seconds in four columns: since the last sample, or between the first and the last. */
function since(seconds: number | null): string {
  if (seconds === null) return "   -";
  if (seconds < 1200) return `${Math.floor(seconds)}`.padStart(4);
  if (seconds < 36_000) return `${Math.floor(seconds / 60)}m`.padStart(4);
  if (seconds < 345_600) return `${Math.floor(seconds / 3600)}h`.padStart(4);
  return seconds < 86_400 * 1000
    ? `${Math.floor(seconds / 86_400)}d`.padStart(4)
    : `${Math.floor(seconds / 86_400 / 365)}y`.padStart(4);
}

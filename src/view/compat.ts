/**
 * The outputs of older tools, for scripts that parse them: `ntpdate -q`, `sntp`, `ntpdig` and `chronyc sources`.
 *
 * Offsets of the first three are server − local, as ours. chronyc's are the opposite, and are turned here.
 */
import type { Verdict } from "../association/verdict.ts";
import type { DaemonReport, PeerReport } from "../control/daemon.ts";
import type { AssociationReport, Snapshot } from "../engine/snapshot.ts";
import { printable } from "./text.ts";

/** Tools whose output of one query is known. */
export const QUERY_TOOLS = ["ntpdate", "sntp", "ntpdig"] as const;
/** One of {@link QUERY_TOOLS}. */
export type QueryTool = (typeof QUERY_TOOLS)[number];

/** When and by whom it is said. */
export interface Occasion {
  /** By the local clock, milliseconds since 1970. */
  readonly unix: number;
  readonly pid: number;
}

/**
 * What a tool would have printed of a query.
 * @returns lines, each with a line feed
 */
export function queryText(tool: QueryTool, snapshot: Snapshot, occasion: Occasion): string {
  if (tool === "ntpdate") return ntpdateText(snapshot, occasion);
  const { associations, system, elapsed } = snapshot;
  // sntp says what each server says; ntpdig what the one says that it would follow.
  const told = tool === "sntp" ? associations : associations.filter(({ id }) => id === system.systemPeer);
  return told.map((server) => (server.offset === null ? `${printable(server.address ?? server.name)} no UCST response after ${Math.round(elapsed)} seconds\n` : sntpLine(tool, server, occasion))).join("");
}

/** ntpdate's limit between slewing and stepping, seconds. */
const NTPDATE_STEP = 0.5;

function ntpdateText({ associations, clock, system }: Snapshot, { unix, pid }: Occasion): string {
  const lines = associations
    .filter(({ offset }) => offset !== null)
    .map(({ address, stratum, offset, delay }) => `server ${address}, stratum ${stratum ?? 0}, offset ${signed(offset ?? 0, 6)}, delay ${(delay ?? 0).toFixed(5)}\n`);
  const peer = associations.find(({ id }) => id === system.systemPeer);
  const [day, month, time] = dateParts(unix);
  const head = `${day} ${month} ${time} ntpdate[${pid}]:`;
  if (peer === undefined || clock.offset === null) return `${lines.join("")}${head} no server suitable for synchronization found\n`;
  const verb = Math.abs(clock.offset) >= NTPDATE_STEP ? "step" : "adjust";
  return `${lines.join("")}${head} ${verb} time server ${peer.address} offset ${signed(clock.offset, 6)} sec\n`;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Local time, as syslog-like lines have it. */
function dateParts(unix: number): [string, string, string] {
  const date = local(unix);
  return [`${date.getUTCDate()}`.padStart(2), MONTHS[date.getUTCMonth()]!, date.toISOString().slice(11, 19)];
}

const LEAP_WORDS = { none: "no-leap", insert: "add-leap", delete: "del-leap", unsynchronized: "unsync" } as const;

/** `2026-11-22 00:31:51.950626 (+0000) +0.000197 +/- 0.000146 host 192.0.2.1 s5 no-leap` */
function sntpLine(tool: "sntp" | "ntpdig", server: AssociationReport, { unix }: Occasion): string {
  const { name, address, offset, stratum, leap } = server;
  // Both write the server's time, by the offset.
  const date = local(unix + (offset ?? 0) * 1000).toISOString();
  const micros = Math.floor(((((unix + (offset ?? 0) * 1000) % 1000) + 1000) % 1000) * 1000);
  const minutes = -new Date(unix).getTimezoneOffset();
  const zone = `${minutes < 0 ? "-" : "+"}${pad(Math.floor(Math.abs(minutes) / 60))}${pad(Math.abs(minutes) % 60)}`;
  const bound = (server.delay ?? 0) / 2 + (server.dispersion ?? 0) + (server.rootDelay ?? 0) / 2 + (server.rootDispersion ?? 0);
  const host = name === address || address === null ? printable(name) : tool === "sntp" ? `${printable(name)} ${address}` : `${printable(name)} [${address}]`;
  return `${date.slice(0, 10)} ${date.slice(11, 19)}.${`${micros}`.padStart(6, "0")} (${zone}) ${signed(offset ?? 0, 6)} +/- ${bound.toFixed(6)} ${host} s${stratum ?? 0} ${LEAP_WORDS[leap ?? "unsynchronized"]}\n`;
}

/** Moved by the zone's distance from UTC, so that the UTC fields are those of the zone. */
function local(unix: number): Date {
  const date = new Date(unix);
  return new Date(unix - date.getTimezoneOffset() * 60_000);
}

function pad(value: number): string {
  return `${value}`.padStart(2, "0");
}

function signed(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits);
  return `${value < 0 ? "-" : "+"}${text}`;
}

/** chronyc's marks: what a source is, and what chronyd makes of it. */
const MARKS: Readonly<Record<Verdict, string>> = { systemPeer: "*", survivor: "+", outlier: "-", excess: "-", backup: "-", falseticker: "x", rejected: "?" };

/**
 * What `chronyc sources` would have printed of a daemon, whichever it is. Where chronyc shows the last sample as it was
 * measured and as it is after the clock was corrected since, both are the latter.
 */
export function sourcesText(report: DaemonReport, named?: (address: string) => string): string {
  const head = "MS Name/IP address         Stratum Poll Reach LastRx Last sample               \n";
  return `${head}${"=".repeat(79)}\n${report.associations.map((peer) => sourceLine(peer, named)).join("")}`;
}

function sourceLine(peer: PeerReport, named: ((address: string) => string) | undefined): string {
  const kind = peer.type === "l" ? "#" : peer.type === "s" || peer.type === "S" ? "=" : "^";
  const isJittery = peer.verdict === "outlier" && peer.reason === "selectJitter";
  const state = isJittery ? "~" : MARKS[peer.verdict];
  const name = printable(peer.address === null ? peer.name : named === undefined ? peer.address : peer.name === peer.address ? named(peer.address) : peer.name);
  const offset = peer.when === null || peer.offset === null ? 0 : -peer.offset;
  const error = peer.when === null ? 0 : (peer.rootDistance ?? 0);
  const sample = `${signedUnits(offset)}[${signedUnits(offset)}] +/- ${units(error)}`;
  const numbers = [`${peer.stratum ?? 0}`.padStart(2), `${peer.poll}`.padStart(2), peer.reach.toString(8).padStart(4)].join("  ");
  return `${kind}${state} ${name.slice(0, 27).padEnd(27)}  ${numbers}  ${since(peer.when)}  ${sample}\n`;
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

/** Seconds since the last sample, in four columns. */
function since(seconds: number | null): string {
  if (seconds === null) return "   -";
  if (seconds < 1200) return `${Math.floor(seconds)}`.padStart(4);
  if (seconds < 36_000) return `${Math.floor(seconds / 60)}m`.padStart(4);
  if (seconds < 345_600) return `${Math.floor(seconds / 3600)}h`.padStart(4);
  return seconds < 86_400 * 1000 ? `${Math.floor(seconds / 86_400)}d`.padStart(4) : `${Math.floor(seconds / 86_400 / 365)}y`.padStart(4);
}

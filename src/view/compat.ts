/**
 * What older tools write to their standard output, for scripts that parse it: `ntpdate -q`, `sntp`, `ntpdig`, `ntpdig -j`.
 * Their offsets are server − local, as ours.
 */
import type { AssociationReport, Snapshot } from "../engine/port/snapshot.ts";
import { printable } from "./text.ts";

/** Tools whose output of one query is known. */
export const QUERY_TOOLS = ["ntpdate", "sntp", "ntpdig", "ntpdig-json"] as const;
/** One of {@link QUERY_TOOLS}. */
export type QueryTool = (typeof QUERY_TOOLS)[number];

/** When and by whom it is said. */
export interface Occasion {
  /** By the local clock, milliseconds since 1970. */
  readonly unix: number;
  readonly pid: number;
}

/**
 * What a tool would have printed of a query. What it says of failures goes to its standard error, and is not here.
 * @returns lines, each with a line feed
 */
export function queryText(tool: QueryTool, snapshot: Snapshot, occasion: Occasion): string {
  if (tool === "ntpdate") return ntpdateText(snapshot, occasion);
  const { associations, system, elapsed } = snapshot;
  const followed = associations.filter(({ id }) => id === system.systemPeer);
  if (tool !== "sntp")
    return followed
      .map((server) => (tool === "ntpdig" ? sntpLine(server, occasion) : jsonLine(server, occasion)))
      .join("");
  // It is content with the first that answers, and says of the others nothing but that none did.
  const first = associations.find(({ offset }) => offset !== null);
  if (first !== undefined) return sntpLine(first, occasion);
  return associations
    .map(({ address, name }) => `${printable(address ?? name)} no UCST response after ${Math.round(elapsed)} seconds\n`)
    .join("");
}

/** ntpdate's limit between slewing and stepping, seconds. */
const NTPDATE_STEP = 0.5;

function ntpdateText({ associations, clock, system }: Snapshot, { unix, pid }: Occasion): string {
  const lines = associations
    .filter(({ offset }) => offset !== null)
    .map(
      ({ address, stratum, offset, delay }) =>
        `server ${address}, stratum ${stratum ?? 0}, offset ${signed(offset ?? 0, 6)}, delay ${(delay ?? 0).toFixed(5)}\n`,
    );
  const peer = associations.find(({ id }) => id === system.systemPeer);
  const [day, month, time] = dateParts(unix);
  if (peer === undefined || clock.offset === null) return lines.join("");
  const verb = Math.abs(clock.offset) >= NTPDATE_STEP ? "step" : "adjust";
  return `${lines.join("")}${day} ${month} ${time} ntpdate[${pid}]: ${verb} time server ${peer.address} offset ${signed(clock.offset, 6)} sec\n`;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Local time, as syslog-like lines have it. */
function dateParts(unix: number): [string, string, string] {
  const date = local(unix);
  return [`${date.getUTCDate()}`.padStart(2), MONTHS[date.getUTCMonth()]!, date.toISOString().slice(11, 19)];
}

const LEAP_WORDS = { none: "no-leap", insert: "add-leap", delete: "del-leap", unsynchronized: "unsync" } as const;

/** `2026-11-22 00:31:51.950626 (+0000) +0.000197 +/- 0.000146 host 192.0.2.1 s5 no-leap` */
function sntpLine(server: AssociationReport, occasion: Occasion): string {
  const { name, address, offset, stratum, leap } = server;
  const { date, time, zone } = serverTime(server, occasion);
  const host = name === address || address === null ? printable(name) : `${printable(name)} ${address}`;
  return `${date} ${time} (${zone}) ${signed(offset ?? 0, 6)} +/- ${boundOf(server).toFixed(6)} ${host} s${stratum ?? 0} ${LEAP_WORDS[leap ?? "unsynchronized"]}\n`;
}

/** One line of JSON; what it calls precision is how far the offset may be wrong. */
function jsonLine(server: AssociationReport, occasion: Occasion): string {
  const { name, address, offset, stratum, leap } = server;
  const { date, time, zone } = serverTime(server, occasion);
  const fields = [
    ["time", JSON.stringify(`${date}T${time}${zone}`)],
    ["offset", (offset ?? 0).toFixed(6)],
    ["precision", boundOf(server).toFixed(6)],
    ["host", JSON.stringify(printable(name))],
    ["ip", JSON.stringify(address ?? printable(name))],
    ["stratum", `${stratum ?? 0}`],
    ["leap", JSON.stringify(LEAP_WORDS[leap ?? "unsynchronized"])],
    ["adjusted", "false"],
  ];
  return `{${fields.map(([field, value]) => `"${field}":${value}`).join(",")}}\n`;
}

/** The server's time, by its offset, which both write. */
function serverTime(
  { offset }: AssociationReport,
  { unix }: Occasion,
): { readonly date: string; readonly time: string; readonly zone: string } {
  const server = unix + (offset ?? 0) * 1000;
  const text = local(server).toISOString();
  const micros = Math.floor((((server % 1000) + 1000) % 1000) * 1000);
  const minutes = -new Date(unix).getTimezoneOffset();
  const zone = `${minutes < 0 ? "-" : "+"}${pad(Math.floor(Math.abs(minutes) / 60))}${pad(Math.abs(minutes) % 60)}`;
  return { date: text.slice(0, 10), time: `${text.slice(11, 19)}.${`${micros}`.padStart(6, "0")}`, zone };
}

/** How far the offset may be wrong. */
function boundOf({ delay, dispersion, rootDelay, rootDispersion }: AssociationReport): number {
  return (delay ?? 0) / 2 + (dispersion ?? 0) + (rootDelay ?? 0) / 2 + (rootDispersion ?? 0);
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

/**
 * The tables of peers, byte for byte as ntpq 4.2.8 prints them: `peers`, `lpeers`, `apeers`, `opeers`, `associations`.
 *
 * Scripts read these by columns, so what ntpq does is done here too: a remote of more than 15 characters is cut, or with
 * `wide` gets a line of its own; numbers are cut to their columns; refids of a loop read `(loop)`. Whatever text came
 * from the network is made safe as ntpq makes it, `^[` for an escape.
 */
import { FLASH_LOOP, PEER_BITS, peerStatus } from "../control/status.ts";
import type { DaemonProtocol, DaemonReport, PeerReport } from "../control/daemon.ts";
import type { ListedAssociation } from "../control/operations.ts";
import { isReferenceClock, isUnspecified } from "../control/daemonmode6.ts";
import { addressText, parseAddressLiteral } from "../wire/address.ts";
import { MAXSTRAT } from "../wire/header.ts";
import { ipv4Word, refidText } from "../wire/refid.ts";
import { caret, intervalColumn, leftCut, milliseconds } from "./peers-text.ts";
import { own } from "../wire/own.ts";

/** How a table is wanted. */
export interface PeersOptions {
  /** Associations that are neither configured nor reachable too (`lpeers`). */
  readonly all?: boolean;
  /** Remotes in full length (`-w`). */
  readonly wide?: boolean;
  /** The form of the table: the refid's column, association identifiers, or local addresses. */
  readonly form?: "peers" | "apeers" | "opeers";
  /** The name of an address; without it addresses stay as they are (`-n`). */
  readonly name?: (address: string) => string;
  /** What a daemon does not tell is 0, as with ntpq, which knows no `-` there; for programs that want numbers. */
  readonly zeros?: boolean;
  /** Of the `server` column where there are several hosts: their longest name; 0 for one host. */
  readonly serverWidth?: number;
}

/** How wide the `server` column is for these hosts; 0 for a single one. */
export function serverWidth(hosts: readonly string[]): number {
  return hosts.length > 1 ? Math.max(...hosts.map((host) => host.length)) : 0;
}

/**
 * One host's table.
 * @returns with a line feed at the end of every line
 */
export function peersTable(report: DaemonReport, options: PeersOptions = {}): string {
  const { form = "peers", all = false, serverWidth: width = 0 } = options;
  const shown = report.associations.filter((peer) => all || peer.configured || peer.reach !== 0);
  const server = width === 0 ? "" : `${SERVER_HEADINGS[form].slice(0, width).padEnd(width)} `;
  const rule = "=".repeat((width === 0 ? 0 : width + 1) + RULE);
  return `${server}${HEADINGS[form]}\n${rule}\n${shown.map((peer) => row(peer, report, options)).join("")}`;
}

/** The table of `associations`: what the status words say. */
export function associationsTable(associations: readonly ListedAssociation[], all = false): string {
  if (associations.length === 0) return "No association ID's in list\n";
  const lines = associations.map(({ id, status }, index) => associationLine(id, status, index + 1));
  const shown = lines.filter(
    (_, index) => all || (associations[index]!.status >> 8) & (PEER_BITS.configured | PEER_BITS.reachable),
  );
  return `ind assid status  conf reach auth condition  last_event cnt\n${"=".repeat(59)}\n${shown.join("")}`;
}

const HEADINGS = {
  peers: "     remote           refid      st t when poll reach   delay   offset  jitter",
  apeers: "     remote       refid   assid  st t when poll reach   delay   offset  jitter",
  opeers: "     remote           local      st t when poll reach   delay   offset    disp",
} as const;

const SERVER_HEADINGS = { peers: "server (local)", apeers: "server (local)", opeers: "server" } as const;

const RULE = 78;
const REMOTE = 15;
const NTP_PORT = 123;

function row(peer: PeerReport, report: DaemonReport, options: PeersOptions): string {
  const { form = "peers", serverWidth: width = 0, zeros = report.protocol === "mode6" } = options;
  const server = width === 0 ? "" : `${serverCell(peer, report, options).padEnd(width)} `;
  // What ntpd leaves out ntpq takes for zero; what another daemon does not tell is not known.
  const orZero = (value: number | null): number | null => (zeros ? (value ?? 0) : value);
  const last = form === "opeers" || peer.jitter === null ? peer.dispersion : peer.jitter;
  const figures = [
    (peer.stratum ?? (report.protocol === "observe" && !zeros ? "-" : MAXSTRAT)).toString().padStart(2),
    caret(peer.type),
    intervalColumn(peer.when).padStart(4).slice(0, 4),
    intervalColumn(2 ** peer.poll)
      .padStart(4)
      .slice(0, 4),
    ` ${peer.reach.toString(8).padStart(3)}`,
    ` ${milliseconds(orZero(peer.delay), "unsigned").slice(0, 7).padStart(7)}`,
    milliseconds(orZero(peer.offset), "signed").slice(0, 7).padStart(8),
    milliseconds(orZero(last), "unsigned").slice(0, 7).padStart(7),
  ];
  return `${server}${remoteCell(peer, options, report.protocol)}${middleCell(peer, form, report.protocol)} ${figures.join(" ")}\n`;
}

function remoteCell(
  peer: PeerReport,
  { wide = false, serverWidth: width = 0, form = "peers", name }: PeersOptions,
  protocol: DaemonProtocol,
): string {
  const tally = tallyOf(peer);
  // Daemons do not tell ports, and ntpq shows none; what runs remember has them, and only they tell servers of one host apart.
  const isPorted = protocol === "state" && peer.port !== 0 && peer.port !== NTP_PORT;
  const ip = remoteName(peer, form, name);
  const remote = isPorted ? addressText({ ip, port: peer.port }) : ip;
  if ((wide || isPorted) && remote.length > REMOTE)
    return `${tally}${remote}\n${" ".repeat((width === 0 ? 0 : width + 1) + 1 + REMOTE + 1)}`;
  return `${tally}${remote.slice(0, REMOTE).padEnd(REMOTE)} `;
}

/** The name it was configured by where the daemon tells it, else its address, or that address's name. */
function remoteName(
  { name, address, variables }: PeerReport,
  form: NonNullable<PeersOptions["form"]>,
  named: PeersOptions["name"],
): string {
  const source = address ?? variables["srcadr"];
  if (source === undefined || (name !== source && form !== "opeers")) return caret(name);
  return caret(addressName(source, named));
}

/** An address as names are shown: a reference clock's driver, and what the resolver says of others. */
function addressName(address: string, named: PeersOptions["name"]): string {
  if (named === undefined || isUnspecified(address)) return address;
  return isReferenceClock(address) ? refidText(2, ipv4Word(address) ?? 0) : named(address);
}

function middleCell(peer: PeerReport, form: NonNullable<PeersOptions["form"]>, protocol: DaemonProtocol): string {
  if (form === "opeers") return leftCut(caret(peer.local ?? ""), REMOTE).padEnd(REMOTE);
  const refid =
    (peer.flash ?? 0) & FLASH_LOOP
      ? "(loop)"
      : caret(refidCell(peer.refid ?? (protocol === "mode6" ? "" : null), form));
  return form === "apeers" ? `${refid.padEnd(9)}${peer.id.toString().padEnd(6)}` : refid.padEnd(REMOTE);
}

/**
 * A name of at most four characters gets dots round it, as kiss codes and clocks do; `apeers` has addresses in hexadecimal.
 * What is not told is `-`, since whoever counts columns needs one.
 */
function refidCell(refid: string | null, form: "peers" | "apeers"): string {
  if (refid === null) return "-";
  if (refid === "") return "";
  if (refid.length <= 4) return `.${refid}.`;
  const word = form === "apeers" && parseAddressLiteral(refid) !== null ? ipv4Word(refid) : null;
  return word === null || word === 0 ? refid : word.toString(16);
}

function serverCell(
  { local }: PeerReport,
  { host }: DaemonReport,
  { form = "peers", serverWidth: width = 0, name }: PeersOptions,
): string {
  if (local === null || form === "opeers")
    return parseAddressLiteral(host) === null ? caret(host) : leftCut(host, width);
  return name === undefined ? leftCut(caret(local), width) : caret(addressName(local, name)).slice(0, width);
}

/** The status word has more to say than the verdict: a PPS peer is `o`. */
function tallyOf({ status, tally }: PeerReport): string {
  return status === null ? tally : peerStatus(status).tally;
}

/** Of the events only the older ones have words here; the others stay blank in ntpq's table. */
const LAST_EVENTS: Readonly<Record<string, string>> = {
  mobilize: "mobilize",
  demobilize: "demobilize",
  reachable: "reachable",
  unreachable: "unreachable",
  restart: "restart",
  no_reply: "no_reply",
  rate_exceeded: "rate_exceeded",
  access_denied: "access_denied",
  leap_armed: "leap_armed",
  sys_peer: "sys_peer",
  clock_event: "clock_alarm",
};

function associationLine(id: number, word: number, index: number): string {
  const status = peerStatus(word);
  const reach = status.broadcast ? "none" : status.reachable ? "yes" : "no";
  const auth = status.authenticationEnabled ? (status.broadcast ? "yes" : status.authentic ? "ok " : "bad") : "none";
  const cells = [
    index.toString().padStart(3),
    id.toString().padStart(5),
    ` ${word.toString(16).padStart(4, "0")}`,
    `  ${(status.configured ? "yes" : "no").padStart(3)}`,
    ` ${reach.padStart(4)}`,
    ` ${auth.padStart(4)}`,
    status.selection.padStart(9),
    (own(LAST_EVENTS, status.event) ?? "").padStart(11),
    status.count.toString().padStart(2),
  ];
  return `${cells.join(" ").trimEnd()}\n`;
}

/** The modern table of peers: names in full, who vouches for what, and the last eight polls as a bar. */
import type { DaemonReport, PeerReport } from "../control/daemon.ts";
import type { Palette } from "./palette.ts";
import { intervalColumn } from "./peers-text.ts";
import { tableOf, WHY_NOT, type Column } from "./table.ts";
import { durationText, inWords, NOTHING, printable, signedText } from "./text.ts";

/**
 * One host's table.
 * @param name the name of an address; without it addresses stay as they are
 * @returns with a line feed at the end of every line
 */
export function widePeers(
  report: DaemonReport,
  {
    all,
    width,
    palette,
    name,
  }: {
    readonly all: boolean;
    readonly width: number;
    readonly palette: Palette;
    readonly name?: (address: string) => string;
  },
): string {
  const { host, daemon, protocol, system } = report;
  const shown = report.associations.filter((peer) => all || peer.configured || peer.reach !== 0);
  // A pool has no port.
  const ported = shown.map((peer) => (peer.port === 0 ? { ...peer, port: NTP_PORT } : peer));
  const named = ported.map((peer) =>
    name !== undefined && peer.address !== null && peer.name === peer.address
      ? { ...peer, name: name(peer.address) }
      : peer,
  );
  const who = `${printable(host)}: ${daemon === null ? TITLES[protocol] : printable(daemon)}`;
  // Of this host's own clock a file says no more than what it was off by.
  const title =
    protocol === "state"
      ? who
      : `${who}, stratum ${system.stratum}, ${LEAP_TEXTS[system.leap]}, offset ${signedText(system.offset)}`;
  const lines = [
    palette.strong(title),
    ...(named.length === 0 ? ["no associations"] : tableOf(named, width, palette, COLUMNS).split("\n")),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

const NTP_PORT = 123;
const TITLES = {
  mode6: "a daemon that does not tell its name",
  cmdmon: "chronyd",
  observe: "ntpd-rs",
  live: "measured now, no daemon",
  state: "remembered, no daemon",
} as const;
const LEAP_TEXTS = {
  none: "no leap second",
  insert: "a leap second will be inserted",
  delete: "a second will be left out",
  unsynchronized: "unsynchronized",
} as const;

const COLUMNS: readonly Column<PeerReport>[] = [
  { heading: "st", align: "right", cell: ({ stratum }) => stratum?.toString() ?? NOTHING },
  { heading: "t", align: "left", cell: ({ type }) => printable(type), goes: 2 },
  {
    heading: "refid",
    align: "left",
    cell: ({ refid }) => (refid === null || refid === "" ? NOTHING : printable(refid)),
    goes: 8,
  },
  { heading: "auth", align: "left", cell: authentication, goes: 4 },
  { heading: "when", align: "right", cell: ({ when }) => intervalColumn(when), goes: 3 },
  { heading: "poll", align: "right", cell: ({ poll }) => intervalColumn(2 ** poll), goes: 5 },
  { heading: "reach", align: "left", cell: ({ reach }) => reachBar(reach) },
  { heading: "delay", align: "right", cell: ({ delay }) => durationText(delay), goes: 7 },
  { heading: "offset", align: "right", cell: ({ offset }) => signedText(offset) },
  { heading: "jitter", align: "right", cell: ({ jitter }) => durationText(jitter), goes: 6 },
  { heading: WHY_NOT, align: "left", cell: ({ reason }) => inWords(reason ?? ""), goes: 1 },
];

/** The last eight polls, the newest at the right: a block for each that was answered. */
export function reachBar(reach: number): string {
  return Array.from({ length: 8 }, (_, poll) => (reach & (0x80 >> poll) ? "█" : "·")).join("");
}

/** `none`, `key 7`, `nts 8`, which are cookies left, and the age of the keys where that is known; or what was wrong with it. */
function authentication({ authentication: said, security, keyId, nts }: PeerReport): string {
  const age = nts?.age ?? null;
  const keys = nts === undefined ? "" : ` ${nts.cookies}${age === null ? "" : `, ${intervalColumn(age).trim()}`}`;
  const means = security === "key" ? `key ${keyId ?? ""}`.trimEnd() : `${security}${keys}`;
  return said === "failed" || said === "nak" ? `${means} ${said}` : means;
}

/** The tables of `mrulist`, `ifstats` and `reslist`, byte for byte as ntpq 4.2.8 prints them. */
import type { MruEntry, MruList } from "../control/mru.ts";
import { MRU_KOD, MRU_LIMITED } from "../control/mru.ts";
import type { ReadRows } from "../control/operations.ts";
import { integerOf, unquoted, type Variables } from "../control/variables.ts";
import { difference, UNKNOWN_TIME } from "../time/timestamp.ts";
import { addressOctets } from "../wire/address.ts";
import { MODES } from "../wire/header.ts";
import { caret } from "./peers-text.ts";

/** How `mrulist` may be sorted; with `-` the other way round. `lstint`, the newest first, is how it comes. */
export const MRU_ORDERS = ["lstint", "-lstint", "avgint", "-avgint", "addr", "-addr", "count", "-count"] as const;

/** One of {@link MRU_ORDERS}. */
export type MruOrder = (typeof MRU_ORDERS)[number];

/**
 * The table of `mrulist`.
 * @param name the name of an address; without it addresses stay as they are (`-n`)
 * @returns with a line feed at the end of every line
 */
export function mruTable(list: MruList, order: MruOrder = "lstint", name?: (address: string) => string): string {
  const now = list.now ?? UNKNOWN_TIME;
  const lines = sortedMru(list.entries, order).map((entry) => mruLine(entry, difference(now, entry.last), name));
  return `lstint avgint rstr r m v  count rport remote address\n${"=".repeat(78)}\n${lines.join("")}`;
}

/** Entries in an order of ntpq's. */
export function sortedMru(entries: readonly MruEntry[], order: MruOrder): MruEntry[] {
  const compare = COMPARISONS[order.replace("-", "") as keyof typeof COMPARISONS];
  // The list comes with the one heard longest ago first.
  const newestFirst = entries.toReversed();
  if (order === "lstint") return newestFirst;
  if (order === "-lstint") return [...entries];
  return newestFirst.toSorted(order.startsWith("-") ? (left, right) => compare(right, left) : compare);
}

/** The table of `ifstats`: two or three lines an interface. */
export function interfacesTable({ rows }: ReadRows): string {
  const lines = rows.map(({ index, fields }) => interfaceLines(index, fields));
  return `    interface name                                        send\n #  address/broadcast     drop flag ttl mc received sent failed peers   uptime\n${"=".repeat(78)}\n${lines.join("")}`;
}

/** The table of `reslist`: two lines an entry. */
export function restrictionsTable({ rows }: ReadRows): string {
  const lines = rows.map(({ fields }) => {
    const text = (name: string): string => caret(fields.get(name) ?? "");
    return `${text("hits").padStart(10)} ${network(text("addr"), text("mask"))}\n           ${text("flags")}\n`;
  });
  return `   hits    addr/prefix or addr mask\n           restrictions\n${"=".repeat(78)}\n${lines.join("")}`;
}

/** An address and a port apart: `10.1.0.100:34517`, `[2001:db8::7]:123`. */
export function endpointOf(address: string): { readonly ip: string; readonly port: number } {
  const [, bracketed, plain, port = "0"] = /^(?:\[([^\]]*)\]|(.*)):(\d{1,5})$/.exec(address) ?? [];
  return { ip: bracketed ?? plain ?? address, port: Number(port) };
}

const COMPARISONS = {
  lstint: (left: MruEntry, right: MruEntry): number => difference(right.last, left.last),
  avgint: (left: MruEntry, right: MruEntry): number =>
    averageInterval(left) - averageInterval(right) || difference(right.last, left.last),
  addr: (left: MruEntry, right: MruEntry): number => addressOrder(left.address, right.address),
  count: (left: MruEntry, right: MruEntry): number => left.count - right.count,
};

function averageInterval({ first, last, count }: MruEntry): number {
  return difference(last, first) / Math.max(1, count);
}

function mruLine(entry: MruEntry, since: number, name: ((address: string) => string) | undefined): string {
  const { ip, port } = endpointOf(entry.address);
  const cells = [
    rounded(since).padStart(6),
    rounded(averageInterval(entry)).padStart(6),
    (entry.restrictions & 0xffff).toString(16).padStart(4),
    entry.restrictions & MRU_KOD ? "K" : entry.restrictions & MRU_LIMITED ? "L" : ".",
    MODES.indexOf(entry.mode).toString(),
    entry.version.toString(),
    entry.count.toString().padStart(6),
    port.toString().padStart(5),
    caret(name?.(ip) ?? ip),
  ];
  return `${cells.join(" ")}\n`;
}

/** As C converts: half is added, and what is behind the point falls away. */
function rounded(seconds: number): string {
  return (Math.trunc(seconds + 0.5) + 0).toString();
}

function interfaceLines(index: number, fields: Variables): string {
  const number = (name: string): number => integerOf(fields.get(name)) ?? 0;
  const cells = [
    index.toString().padStart(3),
    caret(unquoted(fields.get("name") ?? ""))
      .slice(0, 24)
      .padEnd(24),
    number("en") === 0 ? "D" : ".",
    number("flags").toString(16).padStart(4),
    number("tl").toString().padStart(3),
    number("mc").toString().padStart(2),
    number("rx").toString().padStart(6),
    number("tx").toString().padStart(6),
    number("txerr").toString().padStart(6),
    number("pc").toString().padStart(5),
    number("up").toString().padStart(8),
  ];
  const broadcast = fields.get("bcast") ?? "";
  return `${cells.join(" ")}\n    ${caret(fields.get("addr") ?? "")}\n${broadcast === "" ? "" : `    ${caret(broadcast)}\n`}`;
}

function network(address: string, mask: string): string {
  const bits = prefixLength(mask);
  return bits === null ? `${address} ${mask}` : `${address}/${bits}`;
}

/** How many bits of a mask are set, if no other is. */
function prefixLength(mask: string): number | null {
  const octets = addressOctets(mask);
  if (octets === null) return null;
  const bits = Array.from(octets, (octet) => octet.toString(2).padStart(8, "0")).join("");
  return /^1*0*$/.test(bits) ? bits.lastIndexOf("1") + 1 : null;
}

/** IPv4 before IPv6, each by value. */
function addressOrder(left: string, right: string): number {
  const [one, other] = [addressOctets(endpointOf(left).ip), addressOctets(endpointOf(right).ip)];
  if (one === null || other === null || one.length !== other.length) return (one?.length ?? 17) - (other?.length ?? 17);
  const differing = one.findIndex((octet, index) => octet !== other[index]);
  return differing < 0 ? 0 : one[differing]! - other[differing]!;
}

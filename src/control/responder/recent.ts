/**
 * The list of recent clients, a slice an answer, oldest first (RFC 9327 §4 "Read Most Recently Used").
 *
 * A client that goes on reading names the newest entries it has, newest first. The first of them that is still as it was told
 * says where to go on: whoever was heard again meanwhile stands behind it and comes again.
 *
 * However long the list is and whatever is wanted of it, a question costs little: of most entries only figures are looked
 * at, and of so many entries at once ({@link MOST_LOOKED_AT}). Where these give nothing to go on from, the last of them is
 * told though it was not wanted.
 */
import type { ControlView } from "../../engine/port/control.ts";
import { FLAG, type RestrictFlag } from "../../server/access.ts";
import { NO_ENTRY, type MruEntry, type MruList } from "../../server/mru.ts";
import { sourceOf, type SourceWords } from "../../server/source.ts";
import { elapsed, type Mono } from "../../time/mono.ts";
import type { Now } from "../../time/now.ts";
import { difference, shift, type NtpTimestamp } from "../../time/timestamp.ts";
import { CONTROL_DATA_LIMIT } from "../../wire/control.ts";
import { integerOf, parseVariables, timestampOf, type Variables, variablesByName } from "../variables.ts";
import { hexadecimal, listText, timestampText } from "./text.ts";

/** What became of a question. `nonce`: it shows none that is good, and gets no answer. */
export type RecentAnswer =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "error"; readonly error: "value" | "variable" }
  | { readonly kind: "nonce" };

/** What the list is read with. */
export interface RecentReading {
  readonly view: ControlView;
  readonly times: SteadyTimes;
  readonly isValidNonce: (nonce: string) => boolean;
  readonly makeNonce: () => string;
}

/** Rows and datagrams of an answer at most (ntpd `MRU_ROW_LIMIT`, `MRU_FRAGS_LIMIT`). */
const MOST_ROWS = 256;
const MOST_FRAGMENTS = 128;
/** Entries looked at for an answer at most; a list of ntpd's usual size is shorter. */
export const MOST_LOOKED_AT = 16_384;

/** The restriction bits of ntpd's protocol, which its clients ask by and show. */
export const RESTRICTION_BITS: Readonly<Partial<Record<RestrictFlag, number>>> = {
  ignore: 0x0001,
  noserve: 0x0002,
  notrust: 0x0004,
  version: 0x0008,
  nopeer: 0x0010,
  noepeer: 0x0020,
  limited: 0x0040,
  noquery: 0x0080,
  nomodify: 0x0100,
  notrap: 0x0200,
  lowpriotrap: 0x0400,
  kod: 0x0800,
  mssntp: 0x1000,
};

const RESTRICTIONS = Object.entries(RESTRICTION_BITS) as readonly (readonly [RestrictFlag, number])[];

/** A question's answer. */
export function readRecent(question: string, reading: RecentReading): RecentAnswer {
  const { view, times } = reading;
  const asked = variablesByName(parseVariables(question));
  if (!reading.isValidNonce(asked.get("nonce") ?? "")) return { kind: "nonce" };
  const room = roomFor(asked);
  const wanted = filterOf(asked, view.mru, view.now.mono);
  if (room === null || wanted === null) return { kind: "error", error: "value" };
  const behind = lastKnown(asked, view.mru, times);
  if (behind === "changed") return { kind: "error", error: "variable" };

  const items = [`nonce=${reading.makeNonce()}`];
  let octets = items[0]!.length;
  let rows = 0;
  let looked = 0;
  let newest: MruEntry | null = null;
  for (let place = view.mru.after(behind); place !== NO_ENTRY; place = view.mru.newer(place)) {
    looked += 1;
    if (looked < MOST_LOOKED_AT && !wanted(place)) continue;
    const entry = view.mru.entry(place);
    const row = rowOf(entry, rows, times);
    // A comma, and a blank or a line end, go between items.
    const length = row.reduce((sum, item) => sum + item.length + 3, 0);
    if (rows === room.rows || octets + length + TRAILER > room.octets) return { kind: "text", text: listText(items) };
    items.push(...row);
    octets += length;
    rows += 1;
    newest = entry;
    if (looked === MOST_LOOKED_AT) return { kind: "text", text: listText(items) };
  }
  items.push(`now=${timestampText(times.at(view.now.mono))}`);
  if (newest !== null) items.push(`last.newest=${timestampText(times.at(newest.last))}`);
  return { kind: "text", text: listText(items) };
}

/**
 * Steady moments as timestamps that stay the same from one answer to the next, however the clock is steered meanwhile: a client
 * names entries by them. Only where the clock was stepped do they change.
 */
export class SteadyTimes {
  #anchor: Now | null = null;

  /** Takes note of what the clocks read now. */
  observe(now: Now): void {
    const anchor = this.#anchor;
    if (anchor === null || Math.abs(difference(now.clock, shiftedTo(anchor, now.mono))) > TOLERANCE) this.#anchor = now;
  }

  /** @param moment not further than 68 years from the last one observed */
  at(moment: Mono): NtpTimestamp {
    return shiftedTo(this.#anchor!, moment);
  }
}

/** The clock may be this far from where it would be had nobody steered it; the list's times are as far off. */
const TOLERANCE = 0.5;

/** Octets of `now` and `last.newest`. */
const TRAILER = 70;

function shiftedTo({ mono, clock }: Now, moment: Mono): NtpTimestamp {
  return shift(clock, elapsed(mono, moment));
}

/** How long the answer may get; `null` where that is not said, or is too much. */
function roomFor(asked: Variables): { readonly rows: number; readonly octets: number } | null {
  const fragments = integerOf(asked.get("frags") ?? "0");
  const rows = integerOf(asked.get("limit") ?? "0");
  if (
    fragments === null ||
    rows === null ||
    fragments < 0 ||
    rows < 0 ||
    fragments > MOST_FRAGMENTS ||
    rows > MOST_ROWS
  )
    return null;
  if (fragments === 0 && rows === 0) return null;
  return {
    rows: rows === 0 ? MOST_ROWS : rows,
    octets: (fragments === 0 ? MOST_FRAGMENTS : fragments) * CONTROL_DATA_LIMIT,
  };
}

/** Which entries are wanted, by their number in the list; `null` where a bound is no number. */
function filterOf(asked: Variables, mru: MruList, now: Mono): ((entry: number) => boolean) | null {
  const bounds = ["mincount", "resall", "resany", "maxlstint", "minlstint"].map((name) =>
    integerOf(asked.get(name) ?? "0"),
  );
  if (bounds.includes(null)) return null;
  const [mincount, resall, resany, maxlstint, minlstint] = bounds as [number, number, number, number, number];
  const [all, any] = [flagsOf(resall), flagsOf(resany)];
  // Bits that mean nothing here no entry has.
  if (all.unknown !== 0) return () => false;
  return (entry) => {
    if (mru.count(entry) < mincount) return false;
    const silent = elapsed(mru.last(entry), now);
    if (silent < minlstint || (maxlstint !== 0 && silent > maxlstint)) return false;
    if (resall === 0 && resany === 0) return true;
    const flags = flagsInForce(mru.flags(entry), mru.drops(entry));
    return (flags & all.flags) === all.flags && (resany === 0 || (flags & any.flags) !== 0);
  };
}

/** The restrictions of ntpd's bits as access.ts has them. */
function flagsOf(bits: number): { readonly flags: number; readonly unknown: number } {
  let flags = 0;
  let unknown = bits;
  for (const [flag, bit] of RESTRICTIONS)
    if ((bits & bit) !== 0) {
      flags |= FLAG[flag];
      unknown &= ~bit;
    }
  return { flags, unknown };
}

/** The newest entry the client names that is still as it was; `null` when it names none, `changed` when none is. */
function lastKnown(asked: Variables, mru: MruList, times: SteadyTimes): SourceWords | null | "changed" {
  if (!asked.has("addr.0")) return null;
  for (let index = 0; asked.has(`addr.${index}`); index += 1) {
    const source = sourceOf(
      ENDPOINT.exec(asked.get(`addr.${index}`)!)
        ?.slice(1)
        .find(Boolean) ?? "",
    );
    const entry = source === null ? null : mru.find(source);
    if (entry !== null && times.at(entry.last) === timestampOf(asked.get(`last.${index}`))) return source;
  }
  return "changed";
}

/** `[IPv6]:PORT` or `IPv4:PORT` */
const ENDPOINT = /^(?:\[([^\]]+)\]|([^:]+)):\d+$/;

function rowOf(entry: MruEntry, index: number, times: SteadyTimes): string[] {
  return [
    `addr.${index}=${entry.address.includes(":") ? `[${entry.address}]` : entry.address}:${entry.port}`,
    `last.${index}=${timestampText(times.at(entry.last))}`,
    `first.${index}=${timestampText(times.at(entry.first))}`,
    `ct.${index}=${entry.count}`,
    `mv.${index}=${(entry.version << 3) | entry.mode}`,
    `rs.${index}=${hexadecimal(restrictionBits(entry))}`,
  ];
}

/** `limited` and `kod` say that it came to that, not that it might. */
function flagsInForce(flags: number, drops: number): number {
  return drops > 0 ? flags : flags & ~(FLAG.limited | FLAG.kod);
}

function restrictionBits({ flags, drops }: MruEntry): number {
  const inForce = flagsInForce(flags, drops);
  return RESTRICTIONS.reduce((bits, [flag, bit]) => ((inForce & FLAG[flag]) === 0 ? bits : bits | bit), 0);
}

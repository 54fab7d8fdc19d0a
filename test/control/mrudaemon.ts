/**
 * A daemon that has heard many addresses, and tells of them as ntpd does: oldest first, a slice an answer, rows in random
 * order with tags that mean nothing, cut into fragments of 468 octets, a nonce shown with every question.
 */
import { decodeControl, encodeControl, type Control } from "../../src/wire/control.ts";
import type { Daemon } from "./replay.ts";

/** What a heard address is. */
export interface Heard {
  readonly address: string;
  count: number;
  /** As `0x%08x.%08x` has it. */
  last: string;
  readonly first: string;
}

/** How it behaves. */
export interface MruDaemonOptions {
  /** Counts fragments (`frags`); else it refuses, and wants rows (`limit`) within this. */
  readonly mostRows?: number;
  /** Called before every answer: may hear more, forget, or lose fragments by returning false for their index. */
  readonly before?: (heard: Heard[], answers: number) => ((fragment: number) => boolean) | undefined;
  /** 0 … 1, seeded: the test's own. */
  readonly chance?: () => number;
}

const NEW_NONCE = "eeac80d193aed51b3ef55fd2";

/** So many heard addresses, one packet each. */
export function manyHeard(count: number): Heard[] {
  return Array.from({ length: count }, (_, index) => {
    const time = `0x${(0xeeac_0000 + (index >> 8)).toString(16)}.${(((index & 0xff) << 24) >>> 0).toString(16).padStart(8, "0")}`;
    return {
      address: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}:${1024 + (index % 60_000)}`,
      count: 1 + (index % 9),
      last: time,
      first: time,
    };
  });
}

/** Hears an address again: it goes to the end of the list. */
export function hearAgain(heard: Heard[], index: number, time: string): void {
  const [again] = heard.splice(index, 1);
  heard.push({ ...again!, count: again!.count + 1, last: time });
}

/** The daemon, and how many questions it was asked. */
export function mruDaemon(
  heard: Heard[],
  options: MruDaemonOptions = {},
): { readonly daemon: Daemon; readonly asked: () => number } {
  let asked = 0;
  const { chance = () => 0.5 } = options;
  const daemon: Daemon = (bytes) => {
    const question = decodeControl(bytes) as Control;
    asked += 1;
    if (question.operation === 12) return fragments(question, `nonce=${NEW_NONCE}\r\n`);
    const keep = options.before?.(heard, asked);
    const items = new Map(
      Buffer.from(question.data)
        .toString()
        .split(", ")
        .map((item) => item.split("=") as [string, string]),
    );
    if (!items.has("nonce")) return [];
    const frags = Number(items.get("frags") ?? 0);
    const limit = Number(items.get("limit") ?? 0);
    if (options.mostRows !== undefined && (frags > 0 || limit > options.mostRows)) return [refusal(question, 6)];
    const from = startOf(heard, items);
    if (from === null) return [refusal(question, 5)];
    const { text } = slice(heard, from, frags > 0 ? { octets: (frags - 1) * 468 } : { rows: limit }, chance);
    const all = fragments(question, text);
    return keep === undefined ? all : all.filter((_, index) => keep(index));
  };
  return { daemon, asked: () => asked };
}

/** Behind the first named entry that is still as it was; the beginning when none was named, `null` when all changed. */
function startOf(heard: readonly Heard[], items: ReadonlyMap<string, string>): number | null {
  if (!items.has("addr.0")) return 0;
  for (let index = 0; items.has(`addr.${index}`); index += 1) {
    const at = heard.findLastIndex(
      ({ address, last }) => address === items.get(`addr.${index}`) && last === items.get(`last.${index}`),
    );
    if (at >= 0) return at + 1;
  }
  return null;
}

function slice(
  heard: readonly Heard[],
  from: number,
  { octets = Infinity, rows = Infinity }: { octets?: number; rows?: number },
  chance: () => number,
): { text: string } {
  let text = `nonce=${NEW_NONCE}`;
  let at = from;
  for (; at < heard.length && at - from < rows; at += 1) {
    const row = rowText(heard[at]!, at - from, chance);
    if (text.length + row.length > octets) break;
    text += row;
  }
  if (at === heard.length)
    text += `, now=0xeeadffff.00000000, last.newest=${heard.at(-1)?.last ?? "0x00000000.00000000"}`;
  return { text: `${text}\r\n` };
}

function rowText({ address, count, last, first }: Heard, index: number, chance: () => number): string {
  const items = [
    `addr.${index}=${address}`,
    `last.${index}=${last}`,
    `first.${index}=${first}`,
    `ct.${index}=${count}`,
    `mv.${index}=35`,
    `rs.${index}=0x0`,
  ];
  if (chance() < 0.1) items.push(`^XQ.${index}=18446744073709502844`);
  for (let place = items.length - 1; place > 0; place -= 1) {
    const other = Math.floor(chance() * (place + 1));
    [items[place], items[other]] = [items[other]!, items[place]!];
  }
  return items.map((item) => `, ${item}`).join("");
}

function fragments(question: Control, text: string): Uint8Array[] {
  const data = Buffer.from(text);
  const count = Math.max(1, Math.ceil(data.length / 468));
  return Array.from({ length: count }, (_, index) =>
    encodeControl({
      ...question,
      response: true,
      more: index + 1 < count,
      offset: index * 468,
      data: data.subarray(index * 468, (index + 1) * 468),
    }),
  );
}

function refusal(question: Control, code: number): Uint8Array {
  return encodeControl({ ...question, response: true, error: true, status: code << 8, data: new Uint8Array(0) });
}

/**
 * One answer of many to the question for the list of addresses heard last.
 *
 * ```text
 * nonce=…, ct.0=1, last.0=0x…, first.0=0x…, mv.0=35, rs.0=0x0, addr.0=10.1.0.100:34517, iog.0=8729, last.1=…
 * …, now=0x…, last.newest=0x…                                                     with the last slice only
 * ```
 *
 * Six items make a row; they come in random order, and among them tags that mean nothing.
 */
import { timestamp, type NtpTimestamp } from "../time/timestamp.ts";
import { MODES, type Mode } from "../wire/header.ts";
import { eachVariable, timestampOf } from "./variables.ts";

/** An address a daemon heard. */
export interface MruEntry {
  /** Address and port as the daemon writes them: `10.1.0.100:34517`, `[2001:db8::7]:123`. */
  readonly address: string;
  /** Packets. */
  readonly count: number;
  /** Of the last packet. */
  readonly mode: Mode;
  /** 0 … 7, of the last packet. */
  readonly version: number;
  /** Restriction bits that applied to the last packet. */
  readonly restrictions: number;
  readonly first: NtpTimestamp;
  readonly last: NtpTimestamp;
  /** `last` as the daemon wrote it, to name the entry by. */
  readonly lastText: string;
}

/** A row as it fills. */
interface Row {
  address: string | null;
  count: number | null;
  modeVersion: number | null;
  restrictions: number | null;
  first: NtpTimestamp | null;
  last: NtpTimestamp | null;
  lastText: string;
}

/** What an answer says. */
export class MruSlice {
  /** Complete rows, in the daemon's order. */
  readonly entries: MruEntry[] = [];
  /** To show with the next question. */
  nonce: string | null = null;
  /** That this is the last slice, and the daemon's clock. */
  now: NtpTimestamp | null = null;
  #row: Row = emptyRow();

  /** @param text the answer's data */
  constructor(text: string) {
    for (const { name, value } of eachVariable(text)) {
      const dot = name.indexOf(".");
      if (dot < 0) this.#single(name, value);
      // A row is complete before the next one begins, so only the index that is due counts.
      else if (Number(name.slice(dot + 1)) === this.entries.length) this.#field(name.slice(0, dot), value);
    }
  }

  #single(name: string, value: string): void {
    if (name === "nonce") this.nonce = value;
    else if (name === "now") this.now = timestampOf(value);
  }

  #field(name: string, value: string): void {
    const row = this.#row;
    if (name === "addr") row.address = value;
    else if (name === "last") [row.last, row.lastText] = [hexTimestamp(value), value];
    else if (name === "first") row.first = hexTimestamp(value);
    else if (name === "ct") row.count = natural(value);
    else if (name === "mv") row.modeVersion = natural(value);
    else if (name === "rs") row.restrictions = natural(value);
    else return;
    const entry = entryOf(row);
    if (entry === null) return;
    this.entries.push(entry);
    this.#row = emptyRow();
  }
}

function emptyRow(): Row {
  return { address: null, count: null, modeVersion: null, restrictions: null, first: null, last: null, lastText: "" };
}

function entryOf({ address, count, modeVersion, restrictions, first, last, lastText }: Row): MruEntry | null {
  if (
    address === null ||
    count === null ||
    modeVersion === null ||
    restrictions === null ||
    first === null ||
    last === null
  )
    return null;
  return {
    address,
    count,
    mode: MODES[modeVersion & 7]!,
    version: (modeVersion >> 3) & 7,
    restrictions,
    first,
    last,
    lastText,
  };
}

/** A number without sign, decimal or hexadecimal. There are hundreds of thousands of them. */
function natural(value: string): number | null {
  const number = value === "" ? Number.NaN : Number(value);
  return Number.isSafeInteger(number) && number >= 0 ? number : null;
}

/** `0x` and eight hexadecimal digits on either side of the point, as ntpd writes them; anything else the long way. */
function hexTimestamp(value: string): NtpTimestamp | null {
  if (value.length !== 19 || value.charCodeAt(10) !== 0x2e) return timestampOf(value);
  const seconds = Number(value.slice(0, 10));
  const fraction = Number(`0x${value.slice(11)}`);
  return Number.isNaN(seconds) || Number.isNaN(fraction) ? null : timestamp(seconds, fraction);
}

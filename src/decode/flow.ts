/**
 * What one address and port sent to another: the packets that may still be answered, and those a copy could be of. Thousands of
 * flows are in a few arrays of numbers, {@link FlowRows}, since a capture has one a second request, and each that were an object would
 * outlive what the collector of garbage takes for young; {@link Flow} and {@link Departure} are views of a row, for as long as
 * one packet is looked at.
 */
import { fromParts, parted, type NtpTimestamp, type UnixNanoseconds } from "../time/timestamp.ts";
import type { Seconds } from "../time/seconds.ts";
import type { Address } from "../wire/address.ts";

/** So many packets may be under way at once: as many as a burst has. */
const REMEMBERED = 8;
/** Nobody has looked yet, and: there is none. */
const [UNREAD, NONE] = [-2, -1];
const NANOSECOND: Seconds = 1e-9;

/** What is noted of a packet. */
const [ANSWERED, TO_GROUP, TIMED] = [1, 2, 4];

/** A packet that is to be remembered. */
export interface Departing {
  readonly packet: number;
  readonly at: UnixNanoseconds | null;
  readonly transmit: NtpTimestamp;
  /** When its sender had received what it answers: the origin of an interleaved answer (RFC 9769). */
  readonly receive: NtpTimestamp;
  /** It went to many, and each of them may answer. */
  readonly toGroup: boolean;
}

/** The two ends of a flow. */
export interface Ends {
  readonly from: Address;
  readonly to: Address;
  /** What is remembered apart from each other, 0 … 255. */
  readonly kind: number;
}

/** Rows of flows, filled one after the other. */
export class FlowRows {
  readonly size: number;
  count = 0;
  readonly hashes: Int32Array;
  readonly froms: string[];
  readonly tos: string[];
  readonly ports: Int32Array;
  readonly kinds: Uint8Array;
  readonly refids: Float64Array;
  /** Packets there were; the last {@link REMEMBERED} of them are here. */
  readonly sent: Uint32Array;
  readonly packets: Float64Array;
  readonly seconds: Float64Array;
  readonly nanoseconds: Int32Array;
  readonly transmits: BigUint64Array;
  readonly receives: BigUint64Array;
  readonly notes: Uint8Array;

  constructor(size: number) {
    this.size = size;
    this.hashes = new Int32Array(size);
    this.froms = Array.from({ length: size }, () => "");
    this.tos = Array.from({ length: size }, () => "");
    this.ports = new Int32Array(size);
    this.kinds = new Uint8Array(size);
    this.refids = new Float64Array(size);
    this.sent = new Uint32Array(size);
    const all = size * REMEMBERED;
    this.packets = new Float64Array(all);
    this.seconds = new Float64Array(all);
    this.nanoseconds = new Int32Array(all);
    this.transmits = new BigUint64Array(all);
    this.receives = new BigUint64Array(all);
    this.notes = new Uint8Array(all);
  }

  /** A row for a flow; there is one. */
  add({ from, to, kind }: Ends, hash: number): number {
    const row = this.count;
    this.count += 1;
    this.hashes[row] = hash;
    this.froms[row] = from.ip;
    this.tos[row] = to.ip;
    this.ports[row] = (from.port << 16) | to.port;
    this.kinds[row] = kind;
    this.refids[row] = UNREAD;
    this.sent[row] = 0;
    return row;
  }

  /** A row as another table has it. */
  copy(other: FlowRows, from: number, ends: Ends): number {
    const row = this.add(ends, other.hashes[from]!);
    this.refids[row] = other.refids[from]!;
    this.sent[row] = other.sent[from]!;
    const [start, at] = [from * REMEMBERED, row * REMEMBERED];
    for (const name of ["packets", "seconds", "nanoseconds", "notes"] as const)
      this[name].set(other[name].subarray(start, start + REMEMBERED), at);
    for (const name of ["transmits", "receives"] as const)
      this[name].set(other[name].subarray(start, start + REMEMBERED), at);
    return row;
  }

  is(row: number, { from, to, kind }: Ends): boolean {
    return (
      this.ports[row] === ((from.port << 16) | to.port) &&
      this.kinds[row] === kind &&
      this.froms[row] === from.ip &&
      this.tos[row] === to.ip
    );
  }
}

/** The last packets of one direction. */
export class Flow {
  readonly #rows: FlowRows;
  readonly #row: number;

  constructor(rows: FlowRows, row: number) {
    this.#rows = rows;
    this.#row = row;
  }

  /** The reference identifier of whoever follows the sender; `null`: its address has none; `undefined`: not looked at yet. */
  get refid(): number | null | undefined {
    const refid = this.#rows.refids[this.#row]!;
    return refid === UNREAD ? undefined : refid === NONE ? null : refid;
  }

  set refid(refid: number | null) {
    this.#rows.refids[this.#row] = refid ?? NONE;
  }

  /** The packet with this transmit timestamp, youngest first; `undefined`: none of those remembered. */
  sent(transmit: NtpTimestamp): Departure | undefined {
    return this.#find(this.#rows.transmits, transmit);
  }

  /** The packet that told this receive timestamp, by which an interleaved answer names it. */
  told(receive: NtpTimestamp): Departure | undefined {
    return this.#find(this.#rows.receives, receive);
  }

  #find(stamps: BigUint64Array, stamp: NtpTimestamp): Departure | undefined {
    const sent = this.#rows.sent[this.#row]!;
    const oldest = Math.max(0, sent - REMEMBERED);
    for (let number = sent - 1; number >= oldest; number -= 1) {
      const place = this.#row * REMEMBERED + (number % REMEMBERED);
      if (stamps[place] === stamp) return new Departure(this.#rows, place);
    }
    return undefined;
  }

  add({ packet, at, transmit, receive, toGroup }: Departing): void {
    const rows = this.#rows;
    const number = rows.sent[this.#row]!;
    const place = this.#row * REMEMBERED + (number % REMEMBERED);
    rows.sent[this.#row] = number + 1;
    rows.packets[place] = packet;
    rows.transmits[place] = transmit;
    rows.receives[place] = receive;
    rows.notes[place] = (toGroup ? TO_GROUP : 0) | (at === null ? 0 : TIMED);
    if (at === null) return;
    const { seconds, nanoseconds } = parted(at);
    rows.seconds[place] = seconds;
    rows.nanoseconds[place] = nanoseconds;
  }
}

/** A packet that went by. */
export class Departure {
  readonly #rows: FlowRows;
  readonly #place: number;

  constructor(rows: FlowRows, place: number) {
    this.#rows = rows;
    this.#place = place;
  }

  get packet(): number {
    return this.#rows.packets[this.#place]!;
  }

  get transmit(): NtpTimestamp {
    return this.#rows.transmits[this.#place] as NtpTimestamp;
  }

  get toGroup(): boolean {
    return (this.#rows.notes[this.#place]! & TO_GROUP) !== 0;
  }

  /** When it was captured; `null`: the file does not say. */
  get captured(): NtpTimestamp | null {
    const { notes, seconds, nanoseconds } = this.#rows;
    const place = this.#place;
    return (notes[place]! & TIMED) === 0 ? null : fromParts(seconds[place]!, nanoseconds[place]!);
  }

  /** From its capture to a moment; `null`: one of them is not known. */
  until(at: UnixNanoseconds | null): Seconds | null {
    const { notes, seconds, nanoseconds } = this.#rows;
    const place = this.#place;
    if (at === null || (notes[place]! & TIMED) === 0) return null;
    const to = parted(at);
    return ((to.seconds - seconds[place]!) * 1e9 + (to.nanoseconds - nanoseconds[place]!)) * NANOSECOND;
  }

  get answered(): boolean {
    return (this.#rows.notes[this.#place]! & ANSWERED) !== 0;
  }

  set answered(answered: boolean) {
    this.#rows.notes[this.#place]! &= ~ANSWERED;
    if (answered) this.#rows.notes[this.#place]! |= ANSWERED;
  }
}

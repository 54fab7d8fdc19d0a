/** What one address and port sent to another: the packets that may still be answered, and those a copy could be of. */
import type { NtpTimestamp, UnixNanoseconds } from "../time/timestamp.ts";

/** A packet that went by. */
export interface Departure {
  readonly packet: number;
  readonly at: UnixNanoseconds | null;
  readonly transmit: NtpTimestamp;
  /** When its sender had received what it answers: the origin of an interleaved answer (RFC 9769). */
  readonly receive: NtpTimestamp;
  /** It went to many, and each of them may answer. */
  readonly toGroup: boolean;
  answered: boolean;
  /** The one before it, of those remembered. A list costs most flows, which have one packet, nothing. */
  before: Departure | undefined;
}

/** So many may be under way at once: as many as a burst has. */
const REMEMBERED = 8;

/** The last packets of one direction. */
export class Flow {
  /** What goes this way goes to many. */
  readonly toGroup: boolean;
  /** The reference identifier of whoever follows the sender; `null`: its address has none; absent: not looked at yet. */
  refid: number | null | undefined = undefined;
  #last: Departure | undefined = undefined;

  constructor(toGroup: boolean) {
    this.toGroup = toGroup;
  }

  /** The packet with this transmit timestamp; `undefined`: none of those remembered. */
  sent(transmit: NtpTimestamp): Departure | undefined {
    let departure = this.#last;
    while (departure !== undefined && departure.transmit !== transmit) departure = departure.before;
    return departure;
  }

  /** The packet that told this receive timestamp, by which an interleaved answer names it. */
  told(receive: NtpTimestamp): Departure | undefined {
    let departure = this.#last;
    while (departure !== undefined && departure.receive !== receive) departure = departure.before;
    return departure;
  }

  add(departure: Omit<Departure, "before" | "answered">): void {
    const { packet, at, transmit, receive, toGroup } = departure;
    const last: Departure = { packet, at, transmit, receive, toGroup, answered: false, before: this.#last };
    this.#last = last;
    let oldest: Departure | undefined = last;
    for (let count = 1; count < REMEMBERED && oldest !== undefined; count += 1) oldest = oldest.before;
    if (oldest !== undefined) oldest.before = undefined;
  }
}

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
}

/** So many may be under way at once: as many as a burst has. */
const REMEMBERED = 8;

/** The last packets of one direction. */
export class Flow {
  /** What goes this way goes to many. */
  readonly toGroup: boolean;
  /** The reference identifier of whoever follows the sender; `null`: its address has none; absent: not looked at yet. */
  refid?: number | null;
  /** Youngest first. */
  readonly #departures: Departure[] = [];

  constructor(toGroup: boolean) {
    this.toGroup = toGroup;
  }

  /** The packet with this transmit timestamp; `undefined`: none of those remembered. */
  sent(transmit: NtpTimestamp): Departure | undefined {
    for (const departure of this.#departures) if (departure.transmit === transmit) return departure;
    return undefined;
  }

  /** The packet that told this receive timestamp, by which an interleaved answer names it. */
  told(receive: NtpTimestamp): Departure | undefined {
    for (const departure of this.#departures) if (departure.receive === receive) return departure;
    return undefined;
  }

  add(departure: Departure): void {
    this.#departures.unshift(departure);
    if (this.#departures.length > REMEMBERED) this.#departures.pop();
  }
}

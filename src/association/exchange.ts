/**
 * What a symmetric association remembers of the packets both ways, so that every packet answers the last one
 * (RFC 5905 §8, figures 16 and 17: `org`, `rec`, `xmt`).
 */
import { UNKNOWN_TIME } from "../time/timestamp.ts";
import type { NtpTimestamp } from "../time/timestamp.ts";

/** One packet of ours: what it carried as its transmit timestamp, and when it truly left. */
export interface Departure {
  readonly transmit: NtpTimestamp;
  /** T1 as the host measured it; the reading the packet carried until that is known. */
  left: NtpTimestamp;
}

/** The state of an exchange that has no end. */
export interface SymmetricExchange {
  /** Their last transmit timestamp: the origin of our next packet. */
  origin: NtpTimestamp;
  /** When that packet came: the receive timestamp of our next packet. */
  receive: NtpTimestamp;
  /**
   * Our last two packets, younger first. Two, for packets cross: where both sides start in the same second, what arrives
   * always answers the one before the last, and a peer that remembered only the last would never believe anything.
   */
  readonly departures: Departure[];
}

/** Nothing was sent or heard. */
export function symmetricExchange(): SymmetricExchange {
  return { origin: UNKNOWN_TIME, receive: UNKNOWN_TIME, departures: [] };
}

/**
 * Remembers a packet of ours.
 * @param transmit what it carries
 * @param left when it was handed over, by our clock
 */
export function departed(exchange: SymmetricExchange, transmit: NtpTimestamp, left: NtpTimestamp): Departure {
  const departure = { transmit, left };
  exchange.departures.unshift(departure);
  if (exchange.departures.length > 2) exchange.departures.length = 2;
  return departure;
}

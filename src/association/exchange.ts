/**
 * What a symmetric association remembers of the packets both ways, so that every packet answers the last one
 * (RFC 5905 §8, figures 16 and 17: `org`, `rec`, `xmt`).
 */
import type { Seconds } from "../time/seconds.ts";
import { difference, shift, UNKNOWN_TIME } from "../time/timestamp.ts";
import type { NtpTimestamp } from "../time/timestamp.ts";
import type { Header } from "../wire/header.ts";
import type { Writable } from "./change.ts";
import { isUnsynchronized } from "./tests.ts";

/** When a packet of ours truly left. */
export interface Leaving {
  /** T1 as the host measured it; the reading the packet was made with until that is known; unknown since somebody stepped the clock. */
  readonly left: NtpTimestamp;
  /** The host has measured it. */
  readonly measured: boolean;
  /** How long after that reading it left, seconds; 0 until it is known. */
  readonly lag: Seconds;
}

/** A packet that takes longer from its reading to the line was held up, as the next need not be, seconds. */
const LONGEST_LAG: Seconds = 0.01;

/**
 * By how much the time that the next packet carries is to be ahead of the clock as it is read, so that it is right when it leaves:
 * what the last ones took, the least of it (RFC 5905 §7.3 wants the departure, and what reads the clock must still be made of it).
 */
export function expectedLag(packets: readonly Leaving[]): Seconds {
  const lags = packets.filter(({ measured }) => measured).map(({ lag }) => lag);
  return lags.length === 0 ? 0 : Math.max(0, Math.min(...lags, LONGEST_LAG));
}

/** One packet of ours: what it carried, and when it truly left. */
export interface Departure extends Leaving {
  readonly transmit: NtpTimestamp;
  /** Its receive timestamp: by it an interleaved answer names the packet. */
  readonly receive: NtpTimestamp;
  /** When the packet that it answered came, by our clock. */
  readonly arrived: NtpTimestamp;
  /** It told when the packet before it left. */
  readonly interleaved: boolean;
  /** It told the time: our clock was synchronized. */
  readonly told: boolean;
}

/** So many interleaved packets in a row may go unanswered: a peer that knows only basic ones drops them as bogus. */
const TRIALS = 2;

/**
 * And the first is sent when so many basic ones that told the time were answered. A peer that has not believed us for a while takes
 * over what is bogus to it, too (A.5.1.1), and its answer would then say that an interleaved one came, not that it was understood.
 */
const HEEDED = 2;

/** The state of an exchange that has no end. */
export interface SymmetricExchange {
  /** Their last transmit timestamp: the origin of our next packet. */
  readonly origin: NtpTimestamp;
  /** When that packet came: the receive timestamp of our next packet. */
  readonly receive: NtpTimestamp;
  /**
   * Our last two packets, younger first. Two, for packets cross: where both sides start in the same second, what arrives
   * always answers the one before the last, and a peer that remembered only the last would never believe anything.
   */
  readonly departures: readonly Departure[];
  /** The one that their last packet answers; `null`: none. */
  readonly answered: Departure | null;
  /** When that one came to them, by their clock: their last receive timestamp. */
  readonly theirReceive: NtpTimestamp;
  /** Interleaved packets we may yet send before one is answered. */
  readonly trials: number;
  /** So many packets of ours that told the time were answered. */
  readonly heeded: number;
  /** They have sent an interleaved packet. */
  readonly offered: boolean;
}

/** Nothing was sent or heard. */
export function symmetricExchange(): SymmetricExchange {
  return {
    origin: UNKNOWN_TIME,
    receive: UNKNOWN_TIME,
    departures: [],
    answered: null,
    theirReceive: UNKNOWN_TIME,
    trials: TRIALS,
    heeded: 0,
    offered: false,
  };
}

/**
 * Remembers a packet of ours.
 * @param header what it carries
 * @param left when it was handed over, by our clock
 */
export function departed(
  exchange: Writable<SymmetricExchange>,
  header: Pick<Header, "receive" | "transmit" | "origin" | "leap" | "stratum">,
  left: NtpTimestamp,
): Departure {
  const { receive, transmit, origin } = header;
  const interleaved = origin !== exchange.origin;
  if (interleaved) exchange.trials -= 1;
  const told = !isUnsynchronized(header);
  const departure = { transmit, receive, arrived: exchange.receive, left, measured: false, lag: 0, interleaved, told };
  exchange.departures = [departure, ...exchange.departures.slice(0, 1)];
  return departure;
}

/**
 * Our last packet, if the next may tell when it truly left: it was measured, the peer has answered it, and is not known to
 * understand nothing but basic packets. What was not answered must not be told of, for the peer would take it for another.
 */
export function tellable({
  departures: [last],
  answered,
  trials,
  heeded,
  offered,
}: SymmetricExchange): Departure | null {
  const mayTell = trials > 0 && (offered || heeded >= HEEDED);
  return last !== undefined && last === answered && last.measured && mayTell ? last : null;
}

/**
 * Takes over what a packet of the peer's says of the exchange.
 * @param answered the packet of ours that it answers
 * @param interleaved it is itself interleaved
 */
export function onAnswered(
  exchange: Writable<SymmetricExchange>,
  header: Header,
  arrived: NtpTimestamp,
  answered: Departure | null,
  interleaved: boolean,
): void {
  exchange.origin = header.transmit;
  exchange.receive = arrived;
  exchange.theirReceive = header.receive;
  exchange.answered = answered;
  exchange.offered ||= interleaved;
  if (answered?.told === true) exchange.heeded += 1;
  if (interleaved || answered?.interleaved === true) exchange.trials = TRIALS;
}

/**
 * The clock was corrected: what was read from it moves along.
 * @param by what was added to the clock; `null`: nobody knows when, so what was read from it says nothing any more
 */
export function moveExchange(exchange: Writable<SymmetricExchange>, by: Seconds | null): void {
  const moved = (read: NtpTimestamp): NtpTimestamp =>
    by === null || read === UNKNOWN_TIME ? UNKNOWN_TIME : shift(read, by);
  exchange.receive = moved(exchange.receive);
  for (const departure of exchange.departures) moveDeparture(departure, moved);
}

function moveDeparture(departure: Writable<Departure>, moved: (read: NtpTimestamp) => NtpTimestamp): void {
  departure.left = moved(departure.left);
  departure.arrived = moved(departure.arrived);
}

/** The host has measured when a packet left. */
export function hasLeft(packet: Writable<Leaving>, at: NtpTimestamp): void {
  packet.lag = packet.left === UNKNOWN_TIME ? 0 : difference(at, packet.left);
  packet.left = at;
  packet.measured = true;
}

/** The clock was corrected: so was what was read from it when a packet left. */
export function moveLeaving(packet: Writable<Leaving>, by: Seconds): void {
  packet.left = shift(packet.left, by);
}

/**
 * The broadcast client: hears a server out by a volley, learns how long its packets take to arrive, and from then on only
 * listens (RFC 5905 §3, §9.2, A.5.1.1 "BCLN"; seed 002).
 *
 * ```text
 *  first authentic packet ─► wait, at random within the poll interval ─► volley (client mode, iburst) ─► listen
 *                                                                          └─ no answer: listen, 4 ms assumed
 * ```
 *
 * A server that interleaves (RFC 9769 §4) tells in the origin timestamp when its packet before truly left:
 *
 * ```text
 *  server   t1        t3        t5           origin    0    t1    t3
 *             \         \         \          transmit  t1~  t3~   t5~      ~: read before it left
 *  client      t2        t4        t6
 * ```
 *
 * So a packet completes the sample of the one before, where that has come; after a loss it is a basic one.
 */
import { after, elapsed } from "../time/mono.ts";
import type { Mono } from "../time/mono.ts";
import type { Now } from "../time/now.ts";
import { pollInterval } from "../time/seconds.ts";
import type { Frequency, PollExponent, Seconds } from "../time/seconds.ts";
import { difference, shift, UNKNOWN_TIME } from "../time/timestamp.ts";
import type { NtpTimestamp } from "../time/timestamp.ts";
import type { Header } from "../wire/header.ts";
import type { Association } from "./association.ts";
import { CHANGE, changed, count } from "./change.ts";
import type { Writable } from "./change.ts";
import { accept, refuse } from "./client.ts";
import type { ClientRules, Reception } from "./client.ts";
import type { HeldReply } from "./request.ts";
import { pollAt } from "./poll.ts";
import { reachOnPoll } from "./reach.ts";
import { headerFault } from "./tests.ts";
import type { HeaderFault, PacketTest } from "./tests.ts";

/** The one-way delay assumed of a server that does not answer the volley (ntpd's default broadcastdelay). */
export const DEFAULT_BROADCAST_DELAY: Seconds = 0.004;

/** A calibrated one-way delay beyond this, either way, is no delay: the broadcast tells another time than the volley. */
const IMPLAUSIBLE_DELAY: Seconds = 1;

/** The clocks disagree by more than this about how long ago the packet before came: one of them was stepped. */
const STEP_SUSPICION: Seconds = 0.1;

/** By how much a packet can have left later than it says; an origin further off is of another packet (RFC 9769 §4). */
const LATEST: Seconds = 1;

/** Two clocks that run apart by more are not both clocks (the kernel's bound on a correction, RFC 5905 §11.3). */
const LARGEST_RATE: Frequency = 500e-6;

/** A listening association waits this much longer than its server's interval before it calls a broadcast missed. */
export const GRACE = 1.25;

/** A broadcast that has come. */
interface Arrival {
  /** What it says of when it left. */
  readonly transmit: NtpTimestamp;
  /** When it came, by our clock; moved along as that is corrected. */
  readonly at: NtpTimestamp;
  readonly mono: Mono;
}

/** What a broadcast client keeps besides the rest of its association. */
export interface BroadcastClient {
  /** `wait`: before the volley; `volley`: asking; `calibrate`: the next broadcast tells the delay; `listen`: asks no more. */
  readonly phase: "wait" | "volley" | "calibrate" | "listen";
  /** How long a broadcast takes to arrive; `null` until it is known. */
  readonly delay: Seconds | null;
  /** Whether the delay was measured, not assumed. */
  readonly calibrated: boolean;
  /** Transmit timestamp of the last broadcast: none at or before it is believed again. */
  readonly last: NtpTimestamp;
  /** One that did not go on from the last, of which the next may show that it was the server's; `null`: there is none. */
  readonly stray: Pick<Arrival, "transmit" | "mono"> | null;
  /** The last broadcast, if the next may tell when it truly left; `null`: our clock was stepped since. */
  readonly previous: Arrival | null;
  /** How much later than it says a packet leaves, by the last one that told; 0 where none does, for then the delay contains it. */
  readonly latency: Seconds;
  /** The packet that calibrated the delay, and the latency supposed of it: when the next one tells the true one, so is the delay. */
  readonly calibratedBy: { readonly transmit: NtpTimestamp; readonly latency: Seconds } | null;
  /** When the last broadcast came, for the poll interval to shift the reach register by. */
  readonly heard: Mono;
}

/**
 * A broadcast client at its server's first packet.
 * @param fixedDelay skips the volley (`broadcastdelay`); `null`: measure
 * @param isProved its packet is authentic, as far as that is asked; else a volley shows who it is (Autokey)
 */
export function broadcastClient(
  header: Header,
  fixedDelay: Seconds | null,
  now: Mono,
  isProved: boolean = true,
): BroadcastClient {
  return {
    phase: fixedDelay === null || !isProved ? "wait" : "listen",
    delay: fixedDelay,
    calibrated: false,
    last: isProved ? header.transmit : UNKNOWN_TIME,
    stray: null,
    previous: null,
    latency: 0,
    calibratedBy: null,
    heard: now,
  };
}

/** When the volley starts: at random within the server's poll interval, so that not all clients ask at once (seed 002). */
export function volleyAt(header: Header, now: Mono, uniform: number, atMost: Seconds): Mono {
  return after(now, uniform * Math.min(pollInterval(Math.max(header.poll, 0)), atMost));
}

/**
 * The peer process for a broadcast packet.
 *
 * Nothing dates the packet but itself, so what is not newer than the last one is a replay; and the volley has asked the
 * server itself, so a broadcast that is far from what it said is a recording, however good its MAC.
 */
export function receiveBroadcast(
  association: Writable<Association>,
  own: Writable<BroadcastClient>,
  bytes: Uint8Array,
  packet: HeldReply,
  now: Now,
  rules: ClientRules,
): Reception {
  const { header } = packet.packet;
  count(association, "received");
  if (header.transmit === UNKNOWN_TIME) return refuse(association, "unsynchronized");
  const authentication = association.security.open(bytes, packet.packet);
  if (authentication === "dance") return receiveStep(association, own, header, now, rules);
  if (authentication !== "ok" && authentication !== "none") {
    association.authentication = "failed";
    return refuse(association, "authentication");
  }
  association.authentication = authentication;
  const fault =
    wrongDate(own, header.transmit, now.mono, authentication === "ok", association.hpoll) ?? broadcastFault(header);
  if (fault !== null) return refuse(association, fault);

  const before = named(own, header.origin, packet.at, now);
  if (before !== null) learnLatency(own, before, header.origin);
  const apparent = difference(header.transmit, packet.at) + own.latency;
  if (own.phase === "calibrate" && !calibrate(association, own, apparent, header.transmit))
    return refuse(association, "bogus");
  own.last = header.transmit;
  own.heard = now.mono;
  own.previous = { transmit: header.transmit, at: packet.at, mono: now.mono };
  association.unreach = 0;
  if (own.delay === null) {
    // The volley is not over: the broadcast says only that the server is still there.
    association.heard = now.mono;
    return { kind: "held" };
  }
  const delay = Math.max(2 * own.delay, 2 ** rules.precision);
  const dispersion = 2 ** header.precision + 2 ** rules.precision;
  // The true one of the packet before, or the supposed one of this.
  const folded = own.delay + (before === null ? apparent : difference(header.origin, before.at));
  const offset = rules.unfolded(folded, packet.at);
  const sample = { offset, delay, dispersion, at: before?.mono ?? now.mono };
  return { kind: "sample", sample, fresh: accept(association, header, sample, now, rules) };
}

/**
 * It says who it is, and is not followed (yet): before the volley that says nothing. Where it was followed until now, or the volley came to
 * nothing, it is asked once more (RFC 5906 §12.1 "temporarily reverts to client mode"); but not while its packets come as they ought to,
 * for anybody can send one that leads nowhere.
 */
function receiveStep(
  association: Writable<Association>,
  own: Writable<BroadcastClient>,
  header: Header,
  { mono }: Now,
  { uniform }: ClientRules,
): Reception {
  const isMissed = elapsed(own.heard, mono) > pollInterval(association.hpoll) * GRACE;
  if (own.phase === "wait" || own.phase === "volley" || !isMissed) return { kind: "held" };
  association.security.dancing?.lose();
  own.phase = "wait";
  own.heard = mono;
  pollAt(association, volleyAt(header, mono, uniform(), pollInterval(association.hpoll) / 2));
  return { kind: "held" };
}

/**
 * Nothing dates a broadcast but itself: what is not newer than the last one is a replay. Without a key one that is dated an hour ahead,
 * which anybody could send, would make all that follow old. So there it has to go on from the last; what does not is believed if the
 * server has missed its moment meanwhile, and the next goes on from it: then its clock was stepped.
 */
function wrongDate(
  own: Writable<BroadcastClient>,
  transmit: NtpTimestamp,
  mono: Mono,
  isAuthentic: boolean,
  poll: PollExponent,
): PacketTest | null {
  const isOld = own.last !== UNKNOWN_TIME && difference(transmit, own.last) <= 0;
  if (isAuthentic || goesOn({ transmit: own.last, mono: own.heard }, transmit, mono)) {
    own.stray = null;
    return isOld ? "duplicate" : null;
  }
  const { stray } = own;
  const isMissed = elapsed(own.heard, mono) > pollInterval(poll) * GRACE;
  own.stray = isMissed && stray !== null && goesOn(stray, transmit, mono) ? null : { transmit, mono };
  if (own.stray === null) return null;
  return isOld ? "duplicate" : "bogus";
}

/** Whether a packet left as long after another as it came after it, but for what the two clocks' rates may differ by. */
function goesOn(before: Pick<Arrival, "transmit" | "mono">, transmit: NtpTimestamp, mono: Mono): boolean {
  const between = elapsed(before.mono, mono);
  return Math.abs(difference(transmit, before.transmit) - between) <= LATEST + LARGEST_RATE * between;
}

/** The tests of a broadcast packet's header: as a reply's, but it answers nothing, and what it tells of had left before. */
export function broadcastFault(header: Header): HeaderFault | null {
  const { mode, origin, transmit } = header;
  if (mode === "broadcast" && origin !== UNKNOWN_TIME && difference(transmit, origin) <= 0) return "header";
  return headerFault({ ...header, receive: transmit });
}

/** Our clock was corrected: what was read from it moves along. */
export function moveArrival({ previous }: BroadcastClient, by: Seconds): void {
  if (previous === null) return;
  const arrival: Writable<Arrival> = previous;
  arrival.at = shift(arrival.at, by);
}

/** The packet before this one, if its origin tells when that left; `null`: it does not, that was lost, or a clock was stepped. */
function named({ previous }: BroadcastClient, origin: NtpTimestamp, at: NtpTimestamp, now: Now): Arrival | null {
  if (origin === UNKNOWN_TIME || previous === null || Math.abs(difference(origin, previous.transmit)) > LATEST)
    return null;
  return Math.abs(difference(at, previous.at) - elapsed(previous.mono, now.mono)) > STEP_SUSPICION ? null : previous;
}

function learnLatency(own: Writable<BroadcastClient>, before: Arrival, departure: NtpTimestamp): void {
  own.latency = difference(departure, before.transmit);
  const { calibratedBy } = own;
  if (calibratedBy?.transmit !== before.transmit || own.delay === null) return;
  own.delay -= own.latency - calibratedBy.latency;
  own.calibratedBy = null;
}

/** The wait is over: it asks. */
export function beginVolley(own: Writable<BroadcastClient>): void {
  own.phase = "volley";
}

/** A broadcast was due, and did not come by the next moment it has to have come by. */
export function onMissed(association: Writable<Association>, next: Mono): void {
  association.reach = reachOnPoll(association.reach);
  association.unreach += 1;
  pollAt(association, next);
  if (association.reach === 0) changed(association, CHANGE.fitness);
}

/** Our clock was stepped: when the last broadcast came says nothing any more. */
export function forgetArrival(own: Writable<BroadcastClient>): void {
  own.previous = null;
}

/** The volley is over: with an answer the next broadcast calibrates, without one the default delay has to do. */
export function endVolley(association: Writable<Association>, own: Writable<BroadcastClient>, next: Mono): void {
  const answered = association.filter.estimate !== null;
  own.phase = answered && own.delay === null ? "calibrate" : "listen";
  own.delay ??= answered ? null : DEFAULT_BROADCAST_DELAY;
  association.burst = 0;
  association.ended = null;
  association.unanswered = 0;
  pollAt(association, next);
  changed(association, CHANGE.fitness);
}

/** The delay is what the broadcast seems to be late by. */
function calibrate(
  { filter: { estimate } }: Association,
  own: Writable<BroadcastClient>,
  apparent: Seconds,
  transmit: NtpTimestamp,
): boolean {
  if (estimate === null) return false;
  const delay = estimate.offset - apparent;
  if (Math.abs(delay) > IMPLAUSIBLE_DELAY) return false;
  own.delay = delay;
  own.calibrated = true;
  own.calibratedBy = { transmit, latency: own.latency };
  own.phase = "listen";
  return true;
}

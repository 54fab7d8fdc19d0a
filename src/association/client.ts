/**
 * Client mode: the packet that asks, and the peer process for the packet that answers (RFC 5905 §9.2, A.5.1.1, A.5.7.4).
 *
 * The order of the tests matters: what an off-path attacker can send must be refused before anything changes, so the
 * origin comes first, authenticity second, and only then is the header believed, kisses and crypto-NAKs included.
 */
import type { Mono } from "../time/mono.ts";
import type { Now } from "../time/now.ts";
import { UNKNOWN_TIME } from "../time/timestamp.ts";
import type { NtpTimestamp } from "../time/timestamp.ts";
import { kissAction, kissCode } from "../wire/kiss.ts";
import type { Header } from "../wire/header.ts";
import type { Association } from "./association.ts";
import type { Seconds } from "../time/seconds.ts";
import { pollInterval } from "../time/seconds.ts";
import { CHANGE, changed, count } from "./change.ts";
import type { Writable } from "./change.ts";
import { filterSample } from "./filter.ts";
import type { FilterRules } from "./filter.ts";
import { endAs, onAnswer, onRate, onStep } from "./poll.ts";
import type { PollRules } from "./poll.ts";
import { reachOnReceive } from "./reach.ts";
import type { HeldReply, Request, StampSource } from "./request.ts";
import { holdReply, stepSince } from "./request.ts";
import { sampleOf } from "./sample.ts";
import type { Exchange, Sample } from "./sample.ts";
import type { AssociationConfig } from "./template.ts";
import { headerFault, PACKET_TESTS } from "./tests.ts";
import type { PacketTest } from "./tests.ts";

/** What the peer process needs to know of its surroundings. */
export interface ClientRules extends PollRules, FilterRules {
  /** An offset with its era: what was measured is known but for whole ones (`time/era.ts`). */
  readonly unfolded: (offset: Seconds, clock: NtpTimestamp) => Seconds;
}

/** What became of a reply. */
export type Reception =
  /** A new estimate: selection has something to do. */
  | {
      readonly kind: "sample";
      readonly sample: Sample;
      readonly fresh: boolean;
      /** Where it was made of one. */ readonly exchange?: Exchange;
    }
  /** It is good, but T1 is not known yet; it waits in its request. */
  | { readonly kind: "held" }
  /** It failed a test. `final`: nothing better will come, the request is done with. */
  | { readonly kind: "refused"; readonly test: PacketTest; readonly final: boolean }
  /** A kiss-o'-death, authentic as far as the association asks. */
  | { readonly kind: "kiss"; readonly code: string }
  /** The server cannot check our MAC, or says so. */
  | { readonly kind: "nak" }
  /** It answers, and leads on to another question; what time it says is not to be believed yet (Autokey). */
  | { readonly kind: "dance" }
  /** The clock was stepped during the exchange: the sample would be nonsense. */
  | { readonly kind: "stepped"; readonly by: number };

/**
 * The header of a client's request: nothing but version, mode and a cookie, since the server needs no more and the
 * network should learn no more.
 * @param cookie 64 random bits; the reply must echo them
 */
export function requestHeader({ version }: Pick<AssociationConfig, "version">, cookie: NtpTimestamp): Header {
  return {
    leap: "none",
    version,
    mode: "client",
    stratum: 0,
    poll: 0,
    precision: 0,
    rootDelay: 0,
    rootDispersion: 0,
    referenceId: 0,
    reference: UNKNOWN_TIME,
    origin: UNKNOWN_TIME,
    receive: UNKNOWN_TIME,
    transmit: cookie,
  };
}

/**
 * The peer process: judges a server's packet and takes what it says in.
 * @param request the one the packet came in on, by its socket; `null`: none is open there any more
 * @param bytes the datagram, for its MAC
 * @param reply the packet, T4 and who stamped it
 */
export function receiveReply(
  association: Writable<Association>,
  request: Request | null,
  bytes: Uint8Array,
  reply: HeldReply,
  now: Now,
  rules: ClientRules,
): Reception {
  const { header } = reply.packet;
  count(association, "received");
  if (request === null || request.held !== null) return refuse(association, "duplicate", false);
  if (header.origin !== request.cookie) return refuse(association, "bogus", false);

  const authentication = association.security.open(bytes, reply.packet);
  if (authentication === "kiss") return receiveUnsealedKiss(association, header, now.mono, rules);
  if (authentication === "dance") {
    onStep(association, now.mono, rules);
    return { kind: "dance" };
  }
  if (authentication === "nak") {
    association.authentication = "nak";
    association.flash = PACKET_TESTS.authentication.flash;
    count(association, "rejected");
    changed(association, CHANGE.fitness);
    return { kind: "nak" };
  }
  if (authentication === "failed") {
    association.authentication = "failed";
    return refuse(association, "authentication", false);
  }
  association.authentication = authentication;

  const kiss = kissCode(header);
  if (kiss !== null) return receiveKiss(association, header, kiss, now.mono, rules);

  const fault = headerFault(header);
  if (fault !== null) {
    // Authentic and ours, so what it says of itself is true: remember it, for the report says why. It is no sample.
    if (fault === "stratum") association.header = header;
    onAnswer(association, association.reach !== 0, false, now.mono, rules);
    return refuse(association, fault, true);
  }
  const step = stepSince(request, now);
  if (step !== 0) return { kind: "stepped", by: step };
  // Whose moment of leaving is not known by the time it is overdue will never be.
  if (request.origin === null && !request.overdue) {
    holdReply(request, reply);
    return { kind: "held" };
  }
  return takeSample(association, request, reply, now, rules);
}

/**
 * A reply was held for its T1, which is known now, or never will be: then the moment of handing over serves.
 */
export function releaseHeld(
  association: Writable<Association>,
  request: Request,
  now: Now,
  rules: ClientRules,
): Reception | null {
  const reply = request.held;
  if (reply === null) return null;
  const step = stepSince(request, now);
  if (step !== 0) return { kind: "stepped", by: step };
  return takeSample(association, request, reply, now, rules);
}

/** The exchange is complete. */
function takeSample(
  association: Writable<Association>,
  request: Request,
  reply: HeldReply,
  now: Now,
  rules: ClientRules,
): Reception {
  const { header } = reply.packet;
  const exchange = {
    t1: request.origin ?? request.handedOver.clock,
    t2: header.receive,
    t3: header.transmit,
    t4: reply.at,
  };
  const stamp = request.originStamp === "kernel" && reply.stamp === "kernel" ? "kernel" : "user";
  return takeExchange(association, header, exchange, stamp, now, rules);
}

/**
 * Four timestamps are known and believed: into the filter with them.
 * @param stamp who took T1 and T4
 */
export function takeExchange(
  association: Writable<Association>,
  header: Header,
  exchange: Exchange,
  stamp: StampSource,
  now: Now,
  rules: ClientRules,
): Reception {
  const wasReachable = association.reach !== 0;
  const folded = sampleOf(exchange, header.precision, rules.precision, now.mono);
  if (folded === null) {
    onAnswer(association, wasReachable, false, now.mono, rules);
    return refuse(association, "header", true);
  }
  const sample = { ...folded, offset: rules.unfolded(folded.offset, exchange.t4) };
  association.stamps = stamp;
  const fresh = accept(association, header, sample, now, rules);
  onAnswer(association, wasReachable, true, now.mono, rules);
  return { kind: "sample", sample, fresh, exchange };
}

/**
 * A sample of a good packet, however it was made: into the registers and the filter.
 * @returns whether there is a new estimate to select by
 */
export function accept(
  association: Writable<Association>,
  header: Header,
  sample: Sample,
  now: Now,
  rules: ClientRules,
): boolean {
  association.header = header;
  association.flash = 0;
  association.reach = reachOnReceive(association.reach);
  // A preemptable association has to survive selection, too (seed 002).
  if (association.lifetime !== "preemptable") association.unreach = 0;
  association.heard = now.mono;
  association.samples += 1;
  const fresh = filterSample(association.filter, sample, pollInterval(association.hpoll), rules);
  changed(association, fresh || association.reach === 1 ? CHANGE.fitness : CHANGE.sample);
  return fresh;
}

/** A kiss is obeyed and never measured (RFC 5905 §7.4). */
function receiveKiss(
  association: Writable<Association>,
  header: Header,
  code: string,
  now: Mono,
  rules: ClientRules,
): Reception {
  association.kiss = code;
  association.heard = now;
  count(association, "rejected");
  changed(association, CHANGE.fitness);
  switch (kissAction(code)) {
    case "goAway":
      endAs(association, "denied");
      association.flash = PACKET_TESTS.denied.flash;
      association.unanswered = 0;
      break;
    case "slowDown":
      association.unanswered = 0;
      onRate(association, header.poll, now, rules);
      break;
    case "none":
      // Codes such as INIT and STEP only say that the server is not ready.
      association.header = header;
      association.flash = PACKET_TESTS.stratum.flash;
      onAnswer(association, association.reach !== 0, false, now, rules);
      break;
  }
  return { kind: "kiss", code };
}

/** One that nobody vouches for, but who has seen the question: it is obeyed as far as it sends us away (RFC 8915 §5.7). */
function receiveUnsealedKiss(
  association: Writable<Association>,
  header: Header,
  now: Mono,
  rules: ClientRules,
): Reception {
  const code = kissCode(header);
  if (code === null || kissAction(code) === "none") return refuse(association, "authentication", false);
  return receiveKiss(association, header, code, now, rules);
}

/**
 * Counts a packet that failed a test. It changes nothing that selection goes by: anybody can send one, and is not to say when we judge.
 */
export function refuse(association: Writable<Association>, test: PacketTest, final = true): Reception {
  count(association, "rejected");
  association.flash = PACKET_TESTS[test].flash;
  return { kind: "refused", test, final };
}

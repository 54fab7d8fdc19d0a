/**
 * Symmetric modes: two peers that are each other's client and server at once, so that time flows whichever way it is
 * needed (RFC 5905 §3, §9.2; seed 000 "push-pull").
 */
import type { Now } from "../time/now.ts";
import { difference, shift, UNKNOWN_TIME } from "../time/timestamp.ts";
import type { Header } from "../wire/header.ts";
import type { Association } from "./association.ts";
import type { ClientRules, Reception } from "./client.ts";
import { CHANGE, changed, count } from "./change.ts";
import type { Writable } from "./change.ts";
import { refuse, takeExchange } from "./client.ts";
import { expectedLag, onAnswered, tellable } from "./exchange.ts";
import type { Departure, SymmetricExchange } from "./exchange.ts";
import { kissCode } from "../wire/kiss.ts";
import { hurryStep, UNREACH_LIMIT } from "./poll.ts";
import type { HeldReply } from "./request.ts";
import { headerFault } from "./tests.ts";

/** What a packet says of the clock that sends it. */
export type SystemHeader = Pick<
  Header,
  "leap" | "stratum" | "precision" | "rootDelay" | "rootDispersion" | "referenceId" | "reference"
>;

/**
 * The header of a packet to a peer: the state of our clock, and the answer to the peer's last packet.
 *
 * An interleaved one (RFC 9769 §3) tells when our packet before it truly left, and is known by its origin, which is when that
 * packet came to the peer. It is sent where that is configured; a passive peer does as the active one.
 * @param now when it leaves, by the clock: peers carry the time, not a cookie
 */
export function symmetricHeader(
  association: Association,
  exchange: SymmetricExchange,
  system: SystemHeader,
  now: Now,
): Header {
  const previous = association.config.xleave === true || exchange.offered ? tellable(exchange) : null;
  const departure = previous === null ? UNKNOWN_TIME : previous.left;
  // Who may be told when this one left is not told beforehand; others have it as it will be.
  const lag = association.config.xleave === true || exchange.offered ? 0 : expectedLag(exchange.departures);
  // What is not newer than what the peer has seen it would take for a replay.
  const interleaved = previous !== null && departure !== UNKNOWN_TIME && difference(departure, previous.transmit) > 0;
  return {
    ...system,
    version: association.config.version,
    mode: association.mode === "symmetricPassive" ? "symmetricPassive" : "symmetricActive",
    poll: association.hpoll,
    origin: interleaved ? exchange.theirReceive : exchange.origin,
    receive: exchange.receive,
    transmit: interleaved ? departure : shift(now.clock, lag),
  };
}

/**
 * The peer process for symmetric modes (RFC 5905 A.5.1.1).
 *
 * The peer's timestamps are taken over even where the packet itself gives no sample, or the two would never get to know
 * each other; but nothing is taken over from a packet that is not authentic.
 */
export function receivePeer(
  association: Writable<Association>,
  exchange: SymmetricExchange,
  bytes: Uint8Array,
  packet: HeldReply,
  now: Now,
  rules: ClientRules,
): Reception {
  const { header } = packet.packet;
  count(association, "received");
  if (header.transmit === UNKNOWN_TIME) return refuse(association, "unsynchronized");
  if (header.transmit === exchange.origin) return refuse(association, "duplicate");
  const authentication = association.security.open(bytes, packet.packet);
  const basic = exchange.departures.find(({ transmit }) => transmit === header.origin);
  if (authentication === "dance") return receiveStep(association, exchange, packet, basic, now, rules);
  if (authentication !== "ok" && authentication !== "none") {
    association.authentication = authentication === "nak" ? "nak" : "failed";
    return refuse(association, "authentication");
  }
  association.authentication = authentication;
  hurryStep(association, now.mono, rules);
  const first = header.origin === UNKNOWN_TIME;
  const named =
    basic !== undefined || first || !speaks(association)
      ? []
      : exchange.departures.filter(({ receive }) => receive === header.origin);
  const departure = basic ?? named[0];
  if (isOld(association, exchange, header)) return refuse(association, "duplicate");
  const mayBegin = exchange.origin === UNKNOWN_TIME || mayStartAnew(association);
  // Who begins without a word of us has just been started; but without a key anybody could say so.
  if (departure === undefined && !(first && (mayBegin || authentication === "ok"))) {
    if (mayBegin) onAnswered(exchange, header, packet.at, null, false);
    return refuse(association, "bogus");
  }

  // Two packets of ours that answered the same one of theirs: which of them is meant nobody can tell.
  const ambiguous = named.length > 1;
  onAnswered(exchange, header, packet.at, ambiguous ? null : (departure ?? null), named.length > 0);
  association.heard = now.mono;
  if (association.lifetime === "ephemeral") association.unreach = 0;
  if (departure === undefined || ambiguous || departure.left === UNKNOWN_TIME)
    return refuse(association, "unsynchronized");
  const kiss = kissCode(header);
  if (kiss !== null) association.kiss = kiss;
  const fault = headerFault(header);
  if (fault !== null) {
    if (fault === "stratum") {
      association.header = header;
      changed(association, CHANGE.fitness);
    }
    return refuse(association, fault);
  }
  // An interleaved packet tells when the one left that our departure answered.
  const exchanged = {
    t1: departure.left,
    t2: header.receive,
    t3: header.transmit,
    t4: basic === undefined ? departure.arrived : packet.at,
  };
  return takeExchange(association, header, exchanged, packet.stamp, now, rules);
}

/**
 * A step of a dance (Autokey): the peer has not proved who he is, and his time is not believed. But he may follow us, and who has seen what we
 * sent last has his timestamps taken over, so that our next packet answers his.
 */
function receiveStep(
  association: Writable<Association>,
  exchange: SymmetricExchange,
  { packet: { header }, at }: HeldReply,
  answered: Departure | undefined,
  now: Now,
  rules: ClientRules,
): Reception {
  if (answered !== undefined) {
    onAnswered(exchange, header, at, answered, false);
    if (association.lifetime === "ephemeral") association.unreach = 0;
  }
  hurryStep(association, now.mono, rules);
  return { kind: "dance" };
}

/** Whether interleaved packets are understood: where they are configured, and from whoever came by himself. */
function speaks({ config, lifetime }: Association): boolean {
  return config.xleave === true || lifetime === "ephemeral";
}

/** So many polls without an answer, and a peer may begin anew: more than one that tries whether we interleave leaves us without. */
const LOST = 3;
/** And so many where anybody could say so. */
const LOST_LONG = 8;

/**
 * Where packets were lost both ways neither peer answers what the other sent last, and if nothing were taken over neither ever
 * would (A.5.1.1 takes it over from every packet). What is authentic and newer may begin anew; without a key only what a peer
 * says that is lost altogether, or of whom nothing is known yet, or anybody could part the two.
 */
function mayStartAnew({ authentication, unreach }: Association): boolean {
  return unreach >= (authentication === "ok" ? LOST : LOST_LONG);
}

/**
 * Not newer than the peer's last packet: a replay, which would make our next packet answer an old one. A peer that was lost
 * may come back with its clock set back. What is neither authentic nor answered one of ours may be a stranger's, from whenever he
 * likes: nothing is old beside it.
 */
function isOld(
  { unreach, authentication }: Association,
  { origin, answered }: SymmetricExchange,
  { transmit }: Header,
): boolean {
  if (origin === UNKNOWN_TIME || unreach >= UNREACH_LIMIT) return false;
  return (authentication === "ok" || answered !== null) && difference(transmit, origin) <= 0;
}

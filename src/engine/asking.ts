/**
 * Asking: questions leave when an association's moment has come, some are lost, and what comes back has consequences by the verdict of its
 * peer process.
 */
import type { Association } from "../association/association.ts";
import { count } from "../association/change.ts";
import { releaseHeld, requestHeader } from "../association/client.ts";
import type { Reception } from "../association/client.ts";
import { departed, hasLeft } from "../association/exchange.ts";
import {
  excuse,
  giveUp,
  measureAnew,
  onFailedDance,
  onUndelivered as notDelivered,
  onUnsealed,
} from "../association/life.ts";
import { leastSpacing, onLost, onPoll } from "../association/poll.ts";
import { nextMoment, onAsked, onOverdue, request as newRequest, requestLeft } from "../association/request.ts";
import type { PacketToken, Request, SocketToken } from "../association/request.ts";
import { symmetricHeader } from "../association/symmetric.ts";
import type { Reason } from "../association/verdict.ts";
import { after, elapsed } from "../time/mono.ts";
import type { Now } from "../time/now.ts";
import type { Seconds } from "../time/seconds.ts";
import { family } from "../wire/address.ts";
import type { Address } from "../wire/address.ts";
import { encodeHeader } from "../wire/header.ts";
import { kissAction } from "../wire/kiss.ts";
import { hear, onStepped } from "./clock/steer.ts";
import { endVolleyIfOver, endVolleyInVain, onListenerDue } from "./finding/broadcast.ts";
import type { Event, HostFault } from "./port/event.ts";
import type { Note } from "./port/note.ts";
import { awaitRoute } from "./keys/facing.ts";
import { awaitKeys, onKeysProved } from "./keys/establish.ts";
import { rememberKiss } from "./memory/remembered.ts";
import { loseTrack } from "./memory/unattended.ts";
import { fallBack } from "./finding/mobilize.ts";
import { onDrawUndelivered } from "./finding/pool.ts";
import { isUseless, prune, reward } from "./finding/prune.ts";
import { systemHeader } from "./serving/answering.ts";
import { onUnsent } from "./serving/broadcaster.ts";
import { socketFor } from "./serving/sockets.ts";
import type { State } from "./state.ts";

/** Questions a server may leave unanswered before another address of its name is tried. */
const SILENT_BEFORE_FALLBACK = 2;

/** So many questions of one association are out at most, the overdue ones included; for another the oldest overdue one is given up. */
export const MOST_OPEN = 8;

/** An association's moment has come: requests run out, and the next one leaves. */
export function attend(state: State, association: Association, now: Now): void {
  for (const request of association.requests) {
    const moment = association.requests.includes(request) ? nextMoment(request) : null;
    if (moment !== null && moment <= now.mono) expire(state, association, request, now);
  }
  if (association.nextPoll !== null && association.nextPoll <= now.mono) poll(state, association, now);
  if (state.roster.get(association.id) === undefined) return;
  const useless = isUseless(state, association, now);
  if (useless !== null) prune(state, association, now, useless);
}

/** The poll process of the association's mode. */
function poll(state: State, association: Association, now: Now): void {
  if (association.exchange !== null) return pollPeer(state, association, now);
  if (association.listening !== null && !onListenerDue(state, association, now)) return;
  ask(state, association, now);
}

/** Sends a peer what it needs to know: the state of our clock, and the answer to its last packet. */
function pollPeer(state: State, peer: Association, now: Now): void {
  if (awaitRoute(state, peer, now)) return;
  const exchange = peer.exchange!;
  const address = peer.address!;
  const socket = socketFor(state.serving, family(address.ip));
  const header = symmetricHeader(peer, exchange, systemHeader(state, now), now);
  const sealed = peer.security.seal(encodeHeader(header));
  onPoll(peer, now.mono, state.rules);
  if (sealed.kind === "unsealed") return giveUp(peer, "authentication");
  // Its socket may come with an interface.
  if (socket === undefined) return notDelivered(peer, "noRoute");
  const token = state.send({ socket, association: peer.id, to: address, bytes: sealed.bytes });
  state.awaitDeparture(token, departed(exchange, header, now.clock));
  count(peer, "sent");
  state.note({ what: "polled", id: peer.id, address });
}

/** A packet did not leave. Of a question more is said than that. */
export function onFailed(state: State, { token, why, to }: Event & { readonly kind: "failed" }, now: Now): void {
  state.departures.delete(token);
  if (!onUndelivered(state, token, why, now) && to !== undefined) onUnsent(state, to, why);
}

/**
 * The network, or this host, says that a question was not delivered.
 * @returns false if no question of that name is out
 */
export function onUndelivered(state: State, question: PacketToken | SocketToken, why: HostFault, now: Now): boolean {
  if (onDrawUndelivered(state, question, why, now)) return true;
  const sender = state.roster.asking(question);
  const request = sender?.requests.find(({ token }) => token === question);
  if (sender === undefined || request === undefined) return false;
  state.close(sender, request);
  state.note({ what: "unreachable", id: sender.id, address: sender.address!, why });
  notDelivered(sender, why);
  // To a volley it is an answer like silence: what its server broadcasts is of use all the same.
  if (sender.listening?.phase === "volley") {
    onLost(sender, request.handedOver.mono, state.rulesFor(sender));
    endVolleyIfOver(state, sender, now);
    return true;
  }
  if (sender.answers === 0 && fallBack(state, sender, now, false)) return true;
  const { once } = state.config;
  if (once !== null) {
    // Nothing was sent, so nobody is asked too often; and the last pause ends with the patience.
    const patience = why === "noRoute" ? once.waitNetwork - elapsed(state.begun ?? now.mono, now.mono) : 0;
    if (patience > 0) excuse(sender, after(now.mono, Math.min(patience, state.config.burst.spacing.least)));
    else giveUp(sender, undelivered(why, state.config.sourcePort));
  }
  return true;
}

/** The reason a report gives for a packet that could not be delivered. A port is refused only to those who asked for one. */
function undelivered(why: HostFault, sourcePort: number | null): Reason {
  const isRefused = why === "noPrivilege" || why === "portInUse";
  return isRefused && sourcePort !== null ? "sourcePort" : UNDELIVERED[why];
}

/** What the system says, as a reason. */
const UNDELIVERED: Readonly<Record<HostFault, Reason>> = {
  portUnreachable: "portUnreachable",
  noRoute: "noRoute",
  noAddress: "noRoute",
  noPrivilege: "unreachable",
  portInUse: "unreachable",
  noMulticast: "unreachable",
  tooLarge: "unreachable",
  noResources: "unreachable",
  other: "unreachable",
};

/** A client's question leaves. */
function ask(state: State, association: Association, now: Now): void {
  const { address } = association;
  if (address === null || awaitKeys(state, association, now) || awaitRoute(state, association, now)) return;
  const cookie = state.cookie();
  const sealed = association.security.seal(encodeHeader(requestHeader(association.config, cookie)));
  onPoll(association, now.mono, state.rulesFor(association));
  if (sealed.kind === "unsealed") {
    onUnsealed(association);
    return;
  }
  // One that may still be lost in time is counted on, and its loss ends the run: it stays.
  const given =
    association.requests.length < MOST_OPEN ? undefined : association.requests.find(({ overdue }) => overdue);
  if (given !== undefined) state.close(association, given);
  const token = state.nextToken();
  onAsked(association, newRequest(token, cookie, now, state.config.timeout, state.patience));
  state.roster.occupy(token, association);
  state.act({
    kind: "ask",
    token,
    to: address,
    sourcePort: state.config.sourcePort,
    interface: state.config.interface,
    bytes: sealed.bytes,
  });
  state.note({ what: "polled", id: association.id, address });
}

function expire(state: State, association: Association, request: Request, now: Now): void {
  // Its T1 never came, but its answer did: the moment of handing over is the next best thing.
  const reception = releaseHeld(association, request, now, state.rulesFor(association));
  if (reception !== null || request.overdue) state.close(association, request);
  if (reception !== null) onReception(state, association, reception, now);
  if (reception !== null || request.overdue) return;
  onOverdue(association, request);
  state.note({ what: "timedOut", id: association.id, address: association.address! });
  const mute = association.answers === 0 && association.unanswered >= SILENT_BEFORE_FALLBACK;
  if (mute && fallBack(state, association, now, true)) return;
  onLost(association, request.handedOver.mono, state.rulesFor(association));
  if (association.listening?.phase === "volley") endVolleyIfOver(state, association, now);
}

/** A packet's true moment of leaving is known. */
export function onSent(state: State, event: Event & { readonly kind: "sent" }, now: Now): void {
  const departure = state.departures.get(event.token);
  if (departure !== undefined) {
    hasLeft(departure, event.at);
    state.departures.delete(event.token);
    return;
  }
  const sender = state.roster.asking(event.token);
  const request = sender?.requests.find(({ token }) => token === event.token);
  if (sender === undefined || request === undefined) return;
  requestLeft(request, event.at, event.stamp);
  const reception = releaseHeld(sender, request, now, state.rulesFor(sender));
  if (reception === null) return;
  state.close(sender, request);
  onReception(state, sender, reception, now);
}

/** The peer process has judged a packet: the engine does what follows from it. */
export function onReception(state: State, from: Association, reception: Reception, now: Now): void {
  const { id } = from;
  const address = from.address!;
  if (reception.kind === "sample" || reception.kind === "held") onKeysProved(state, from);
  switch (reception.kind) {
    case "held":
      return;
    case "sample":
      state.note(sampleNote(from, address, reception));
      hear(state, from, reception.sample);
      // Selection will not see it (the prime directive); that it survived still counts.
      if (!reception.fresh && from.reach !== 1) reward(state, from, now);
      break;
    case "refused":
      state.note({ what: "refused", id, from: address, test: reception.test });
      if (reception.test === "authentication") onUnproved(state, from, now);
      break;
    case "kiss":
      state.note({ what: "kiss", id, address, code: reception.code });
      if (kissAction(reception.code) === "goAway") rememberKiss(state, address, reception.code, now);
      break;
    case "nak":
      state.note({ what: "refused", id, from: address, test: "authentication" });
      // Under NTS it is not believed at once, and new keys may mend it.
      if (state.config.once !== null && from.security.keying === undefined) giveUp(from, "authentication");
      break;
    case "dance":
      state.note({ what: "danced", id, address, report: from.security.dancing!.report() });
      return;
    case "stepped":
      onSteppedByAnother(state, reception.by, now);
      break;
  }
  if (from.listening?.phase === "volley") endVolleyIfOver(state, from, now);
}

/** Who answered has not proved who he is: where a dance (Autokey) has come to nothing, it is not begun again without end. */
function onUnproved(state: State, from: Association, now: Now): void {
  if (from.listening?.phase === "volley") return endVolleyInVain(state, from, now);
  const fault = from.security.dancing?.report().fault ?? null;
  if (fault !== null && state.config.once !== null && from.listening === null) onFailedDance(from);
}

function sampleNote(
  { id, header }: Association,
  address: Address,
  { sample: { offset, delay }, exchange }: Reception & { readonly kind: "sample" },
): Note {
  if (header === null || exchange === undefined) return { what: "sample", id, address, offset, delay };
  return { what: "sample", id, address, offset, delay, raw: { exchange, header } };
}

/** Somebody who sets the clock while the machine sleeps sets it by this at least, seconds. */
const APART: Seconds = 0.005;

/** Somebody else stepped the clock, or it went on while the machine slept: everything measured by it is worth nothing now, and is measured again. */
export function onSteppedByAnother(state: State, by: Seconds, now: Now, slept: Seconds = 0): void {
  if (slept > 0) state.note({ what: "resumed", slept });
  if (Math.abs(by - slept) >= APART) state.note({ what: "clockStepped", by: by - slept, whose: "another" });
  for (const association of state.roster) {
    state.closeRequests(association);
    measureAnew(association, after(now.mono, leastSpacing(association, state.config.burst)));
  }
  loseTrack(state, now);
  onStepped(state, by - slept, "another", now);
}

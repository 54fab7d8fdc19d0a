/**
 * The door: every datagram is decoded here, once. Its socket says to whom it came, and the table of modes (`association/modes.ts`) what
 * becomes of it.
 *
 * ```text
 *  socket of      row of the table                        process ─► the association's peer process ─► asking.ts
 *  a question     client                                  solicited, mobilize… ─► finding/admit.ts
 *  a search       solicitor                               answer ─► serving/answering.ts
 *  the service    the association at its source, or none  error, discard ─► counted, by what speaks against it
 * ```
 */
import type { Association } from "../association/association.ts";
import { receiveBroadcast } from "../association/broadcast.ts";
import { count } from "../association/change.ts";
import { receiveReply } from "../association/client.ts";
import { processOf } from "../association/modes.ts";
import type { PoolSolicitor } from "../association/pool.ts";
import type { HeldReply, Request, SocketToken } from "../association/request.ts";
import type { Solicitor } from "../association/solicitor.ts";
import { receivePeer } from "../association/symmetric.ts";
import type { PacketTest } from "../association/tests.ts";
import { FLAG } from "../server/access.ts";
import type { Now } from "../time/now.ts";
import type { NtpTimestamp } from "../time/timestamp.ts";
import { isSameAddress } from "../wire/address.ts";
import type { Address } from "../wire/address.ts";
import { MODES } from "../wire/header.ts";
import { decodePacket } from "../wire/packet.ts";
import type { Malformed, Packet, PacketFault } from "../wire/packet.ts";
import { onReception } from "./asking.ts";
import { tellTime } from "./keys/facing.ts";
import { isOwnAddress, refuseUnasked, restrictions } from "./finding/admit.ts";
import type { Arrival } from "./finding/admit.ts";
import { broadcastTemplate, isToUsAlone, mobilizeBroadcastClient } from "./finding/broadcast.ts";
import { onSolicited, solicitorOn } from "./finding/manycast.ts";
import { mobilizePassive } from "./finding/peer.ts";
import { onDrawn, poolAsking } from "./finding/pool.ts";
import { isUsefulStratum } from "./finding/prune.ts";
import type { Datagram } from "./port/event.ts";
import { onRequest } from "./serving/answering.ts";
import type { State } from "./state.ts";

/** A datagram has arrived. */
export function onDatagram(state: State, datagram: Datagram, now: Now): void {
  const { socket, from } = datagram;
  const packet = decodePacket(datagram.bytes);
  const asker = state.roster.asking(socket);
  if (asker !== undefined) return onReply(state, asker, datagram, packet, now);
  const search = solicitorOn(state.finding, socket) ?? poolAsking(state.finding, socket);
  if (search !== undefined) return onFound(state, search, datagram, packet, now);
  if (state.serving.sockets.has(socket)) return onUnasked(state, datagram, packet, now);
  // Its question is answered or given up, and its socket closed: this was still on its way to us.
  refuseUnasked(state, from, "duplicate");
}

/** By the socket of a question. */
function onReply(
  state: State,
  asker: Association,
  { socket, from, bytes, at, stamp }: Datagram,
  packet: Packet | Malformed,
  now: Now,
): void {
  if (asker.address === null || !isSameAddress(from, asker.address)) return refuse(state, asker, from, "address");
  if (packet.kind === "malformed") return refuse(state, asker, from, packet.fault);
  if (processOf("client", packet.header.mode) !== "process") return refuse(state, asker, from, "mode");
  const request = requestOf(asker, socket, packet.header.origin, state.config.sourcePort !== null);
  tellTime(state, asker, now);
  const reception = receiveReply(asker, request, bytes, { packet, at, stamp }, now, state.rulesFor(asker));
  // Under NTS anybody on the path can say NAK: the answer itself may still come (RFC 8915 §5.7).
  const isDoubtful = reception.kind === "nak" && asker.security.keying !== undefined;
  const stays = reception.kind === "held" || (reception.kind === "refused" && !reception.final) || isDoubtful;
  if (request !== null && !stays) state.close(asker, request);
  onReception(state, asker, reception, now);
}

/**
 * The question that a reply came to: by its socket, each of which asks once. Sockets that share a port and a server are one to
 * the system, which hands a reply that was overtaken to any of them: there its origin says what it answers.
 */
function requestOf(
  { requests }: Association,
  socket: SocketToken,
  origin: NtpTimestamp,
  shared: boolean,
): Request | null {
  const own = requests.find(({ token }) => token === socket) ?? null;
  return shared ? (requests.find(({ cookie }) => cookie === origin) ?? own) : own;
}

/** By the socket of a search. */
function onFound(
  state: State,
  search: Solicitor | PoolSolicitor,
  datagram: Datagram,
  packet: Packet | Malformed,
  now: Now,
): void {
  if (packet.kind === "malformed") return refuseUnasked(state, datagram.from, packet.fault);
  if (processOf("solicitor", packet.header.mode) !== "solicited") return refuseUnasked(state, datagram.from, "mode");
  const arrival: Arrival = { datagram, packet };
  if ("group" in search) onSolicited(state, search, arrival, now);
  else onDrawn(state, search, arrival, now);
}

/** By a socket of the service: what nobody asked for. */
function onUnasked(state: State, datagram: Datagram, packet: Packet | Malformed, now: Now): void {
  const { from, cast } = datagram;
  const claimed = listenerAt(state, from);
  const process = processOf(claimed?.mode ?? "none", MODES[(datagram.bytes[0] ?? 0) & 7]!);
  // The server has its own words for what it may not answer, or cannot read.
  if (process === "answer") return onRequest(state, datagram, packet, now);
  const obstacle = obstacleTo(state, from, cast, packet);
  if (obstacle !== null || packet.kind === "malformed")
    return discard(state, datagram, packet, obstacle ?? "mode", now);
  const arrival: Arrival = { datagram, packet };
  switch (process) {
    case "process":
      return onPeerPacket(state, claimed!, arrival, now);
    case "mobilizeBroadcast": {
      const template = broadcastTemplate(state, datagram);
      if (template === undefined) return discard(state, datagram, packet, "mode", now);
      return mobilizeBroadcastClient(state, template, arrival, now);
    }
    case "mobilizePassive":
      return onStranger(state, arrival, now);
    case "error":
      return refuse(state, claimed!, from, "mode");
    case "solicited": // by no row of the service
    case "discard":
      return discard(state, datagram, packet, "mode", now);
  }
}

/** The association at an address that listens by the service. A client's listens by the sockets of its questions. */
function listenerAt(state: State, from: Address): Association | undefined {
  const there = state.roster.at(from);
  return there === undefined || there.mode === "client" ? undefined : there;
}

/** What speaks against a packet before anybody looks what it says. */
function obstacleTo(
  state: State,
  from: Address,
  cast: Datagram["cast"],
  packet: Packet | Malformed,
): PacketTest | PacketFault | null {
  if ((restrictions(state.serving, from) & FLAG.ignore) !== 0) return "denied";
  if (cast !== "unicast" && isOwnAddress(state, from.ip)) return "own";
  return packet.kind === "malformed" ? packet.fault : null;
}

/** A packet to an association that listens: a peer's, or a broadcast server's. */
function onPeerPacket(state: State, claimed: Association, { datagram, packet }: Arrival, now: Now): void {
  const { bytes, at, stamp } = datagram;
  const held: HeldReply = { packet, at, stamp };
  const { exchange, listening } = claimed;
  tellTime(state, claimed, now);
  if (exchange !== null)
    return onReception(state, claimed, receivePeer(claimed, exchange, bytes, held, now, state.rules), now);
  if (listening === null || isToUsAlone(datagram)) return refuseUnasked(state, datagram.from, "mode");
  // A server that has come down to our own stratum is of no use, and goes when it has not come up again in time.
  if (!isUsefulStratum(state, packet.header, state.opinion.variables.stratum))
    return refuseUnasked(state, datagram.from, "stratum");
  const reception = receiveBroadcast(claimed, listening, bytes, held, now, state.rules);
  if (reception.kind === "sample") {
    state.finding.heardBroadcasts += 1;
    const { offset, delay } = reception.sample;
    state.note({ what: "broadcast", id: claimed.id, address: datagram.from, offset, delay });
  }
  onReception(state, claimed, reception, now);
}

/** A peer that may not become one can still have the time, as classic ntpd gives it: a passive packet, and no state. */
function onStranger(state: State, arrival: Arrival, now: Now): void {
  const admission = mobilizePassive(state, arrival, now);
  if (admission.kind === "added") return;
  if (state.serving.answering !== null) onRequest(state, arrival.datagram, arrival.packet, now);
  else if (admission.kind === "refused") refuseUnasked(state, arrival.datagram.from, admission.test);
}

/** Of no use to any association: the server, where there is one, counts it by its own causes, and has no answer to such. */
function discard(
  state: State,
  datagram: Datagram,
  packet: Packet | Malformed,
  test: PacketTest | PacketFault,
  now: Now,
): void {
  onRequest(state, datagram, packet, now);
  refuseUnasked(state, datagram.from, test);
}

function refuse(state: State, claimed: Association, from: Address, test: PacketTest | PacketFault): void {
  count(claimed, "rejected");
  state.note({ what: "refused", id: claimed.id, from, test });
}

/**
 * What nobody asked for: packets on the service's sockets, sorted by the table of modes into what they mobilize, whom they
 * belong to, or what they are refused for.
 */
import type { Association } from "../../association/association.ts";
import { broadcastFault, receiveBroadcast } from "../../association/broadcast.ts";
import { processOf } from "../../association/modes.ts";
import { receivePeer } from "../../association/symmetric.ts";
import { MIN_BURST_SPACING, pollAt } from "../../association/poll.ts";
import type { HeldReply } from "../../association/request.ts";
import type { PacketTest } from "../../association/tests.ts";
import { symmetricExchange } from "../../association/exchange.ts";
import { after } from "../../time/mono.ts";
import type { Now } from "../../time/now.ts";
import type { Address } from "../../wire/address.ts";
import type { Packet, PacketFault } from "../../wire/packet.ts";
import { MODES } from "../../wire/header.ts";
import { decodePacket } from "../../wire/packet.ts";
import {
  discovery as discovered,
  isOwnAddress,
  isUsefulStratum,
  keyOf,
  list,
  obstacle,
  refuseUnasked,
  restrictions,
  trusts,
} from "../finding/admit.ts";
import { onRequest } from "./answering.ts";
import { add } from "../finding/associate.ts";
import type { Event } from "../port/event.ts";
import { mobilizeBroadcastClient } from "../finding/broadcast.ts";
import { hasRoom } from "../finding/prune.ts";
import { onReception } from "../receive.ts";
import { FLAG } from "../../server/access.ts";
import type { State } from "../state.ts";

type Datagram = Event & { readonly kind: "datagram" };

/** A datagram on a service socket. */
export function onServiceDatagram(state: State, event: Datagram, now: Now): void {
  if (isRequest(event.bytes)) return onRequest(state, event, now);
  if ((restrictions(state, event.from) & FLAG.ignore) !== 0) return refuse(state, event, "denied", now);
  if (event.cast !== "unicast" && isOwnAddress(state, event.from.ip)) return refuse(state, event, "own", now);
  const packet = decodePacket(event.bytes);
  if (packet.kind === "malformed") return refuse(state, event, packet.fault, now);
  const claimed = state.roster.at(event.from);
  const process = processOf(claimed?.mode ?? "none", packet.header.mode);
  const held: HeldReply = { packet, at: event.at, stamp: event.stamp };
  if (process === "process" && claimed !== undefined) return processClaimed(state, claimed, event, held, now);
  if (process === "mobilizePassive") return mobilizePassive(state, event, packet, held, now);
  if (process === "mobilizeBroadcast" && state.config.associations.some(({ kind }) => kind === "broadcastClient"))
    return mobilizeBroadcastClient(state, event, packet, now);
  refuse(state, event, "mode", now);
}

/** Of no use to any association: the server, where there is one, counts it by its own causes, and has no answer to such. */
function refuse(state: State, event: Datagram, test: PacketTest | PacketFault, now: Now): void {
  onRequest(state, event, now);
  refuseUnasked(state, event.from, test);
}

/** Client mode, and whatever else only the server has words for: mode 0, control, private. */
function isRequest(bytes: Uint8Array): boolean {
  const mode = MODES[(bytes[0] ?? 0) & 7]!;
  return mode === "client" || mode === "reserved" || mode === "control" || mode === "private";
}

/** A packet to an association we have: a peer's, or a broadcast server's. */
function processClaimed(state: State, claimed: Association, event: Datagram, held: HeldReply, now: Now): void {
  if (claimed.exchange !== null) {
    onReception(state, claimed, receivePeer(claimed, claimed.exchange, event.bytes, held, now, state.rules), now);
    return;
  }
  if (claimed.listening === null || held.packet.header.mode !== "broadcast")
    return refuseUnasked(state, event.from, "mode");
  // A broadcast packet that was sent to us alone is nobody's broadcast.
  if (event.cast === "unicast" && event.to !== undefined) return refuseUnasked(state, event.from, "mode");
  // A server that has come down to our own stratum is of no use, and goes when it has not come up again in time.
  if (!isUsefulStratum(state, held.packet.header)) return refuseUnasked(state, event.from, "stratum");
  const reception = receiveBroadcast(claimed, claimed.listening, event.bytes, held, now, state.rules);
  if (reception.kind === "sample") {
    state.heardBroadcasts += 1;
    const { offset, delay } = reception.sample;
    state.note({ what: "broadcast", id: claimed.id, address: event.from, offset, delay });
  }
  onReception(state, claimed, reception, now);
}

/** A symmetric active peer we do not know: mobilize a passive association if it may, and answer it after the guard time. */
function mobilizePassive(state: State, event: Datagram, packet: Packet, held: HeldReply, now: Now): void {
  const { discovery } = state.config;
  const against = obstacle(state, event.from, packet.header, "symmetric");
  const welcome =
    against === null && discovery !== undefined && discovery !== null && trusts(state, event.bytes, packet, event.from);
  // A peer that may not become one can still have the time, as classic ntpd gives it: a passive packet, and no state.
  if (!welcome && state.answering !== null) return onRequest(state, event, now);
  if (!welcome) return refuseUnasked(state, event.from, against ?? "authentication");
  if (broadcastFault(packet.header) === "header") return refuseUnasked(state, event.from, "header");
  const config = passiveConfig(event.from, packet);
  const found = discovered(state, null, null, packet);
  if (!hasRoom(state, found.merit, now)) {
    list(state, config, event, packet, found, "surplus", null, now);
    return state.answering === null ? undefined : onRequest(state, event, now);
  }
  const passive = add(state, config, "symmetricPassive", "ephemeral", event.from, {
    exchange: symmetricExchange(),
    found,
  });
  receivePeer(passive, passive.exchange!, event.bytes, held, now, state.rules);
  pollAt(passive, after(now.mono, MIN_BURST_SPACING));
}

function passiveConfig(from: Address, packet: Packet): Association["config"] {
  const { header } = packet;
  const minpoll = Math.min(Math.max(header.poll, 3), 17);
  return {
    kind: "peer",
    name: from.ip,
    port: from.port,
    family: null,
    version: header.version,
    minpoll,
    maxpoll: Math.max(minpoll, 10),
    iburst: false,
    burst: false,
    prefer: false,
    noselect: false,
    trusted: false,
    key: keyOf(packet),
    samples: null,
  };
}

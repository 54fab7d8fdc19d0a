/** From a datagram to whom it belongs to, by its socket: a question of ours, a solicitor, or the service. */
import type { Association } from "../association/association.ts";
import { count } from "../association/change.ts";
import { receiveReply } from "../association/client.ts";
import { processOf } from "../association/modes.ts";
import type { Request, SocketToken } from "../association/request.ts";
import type { PacketTest } from "../association/tests.ts";
import type { Now } from "../time/now.ts";
import type { NtpTimestamp } from "../time/timestamp.ts";
import { isSameAddress } from "../wire/address.ts";
import type { Address } from "../wire/address.ts";
import { decodePacket } from "../wire/packet.ts";
import type { PacketFault } from "../wire/packet.ts";
import { refuseUnasked } from "./finding/admit.ts";
import type { Event } from "./port/event.ts";
import { onSolicited, solicitorOn } from "./finding/manycast.ts";
import { onDrawn, poolAsking } from "./finding/pool.ts";
import { onReception } from "./receive.ts";
import { onServiceDatagram } from "./serving/service.ts";
import type { State } from "./state.ts";

/** A datagram arrived. */
export function onDatagram(state: State, event: Event & { readonly kind: "datagram" }, now: Now): void {
  const claimed = state.roster.asking(event.socket);
  if (claimed === undefined && state.service.has(event.socket)) return onServiceDatagram(state, event, now);
  const asking = claimed === undefined ? solicitorOn(state, event) : undefined;
  if (asking !== undefined) return onSolicited(state, asking, event, now);
  const pool = claimed === undefined ? poolAsking(state, event.socket) : undefined;
  if (pool !== undefined) return onDrawn(state, pool, event, now);
  if (claimed === undefined || claimed.address === null) {
    // Its question is answered or given up, and its socket closed: this was still on its way to us.
    return refuseUnasked(state, event.from, "duplicate");
  }
  if (!isSameAddress(event.from, claimed.address)) return refuse(state, claimed, event.from, "address");
  const packet = decodePacket(event.bytes);
  if (packet.kind === "malformed") return refuse(state, claimed, event.from, packet.fault);
  if (processOf(claimed.mode, packet.header.mode) !== "process") return refuse(state, claimed, event.from, "mode");
  const request = requestOf(claimed, event.socket, packet.header.origin, state.config.sourcePort !== null);
  const reception = receiveReply(
    claimed,
    request,
    event.bytes,
    { packet, at: event.at, stamp: event.stamp },
    now,
    state.rulesFor(claimed),
  );
  const stays = reception.kind === "held" || (reception.kind === "refused" && !reception.final);
  if (request !== null && !stays) state.close(claimed, request);
  onReception(state, claimed, reception, now);
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

function refuse(state: State, claimed: Association, from: Address, test: PacketTest | PacketFault): void {
  count(claimed, "rejected");
  state.note({ what: "refused", id: claimed.id, from, test });
}

/** Symmetric peers: our side of a conversation that goes on. */
import type { Association } from "../association/association.ts";
import { count } from "../association/change.ts";
import { departed } from "../association/exchange.ts";
import { giveUp, onUndelivered } from "../association/life.ts";
import { onPoll } from "../association/poll.ts";
import { symmetricHeader } from "../association/symmetric.ts";
import type { Now } from "../time/now.ts";
import { family } from "../wire/address.ts";
import { encodeHeader } from "../wire/header.ts";
import { socketFor } from "./serving/sockets.ts";
import type { State } from "./state.ts";
import { systemHeader } from "./serving/answering.ts";

/** Sends a peer what it needs to know: the state of our clock, and the answer to its last packet. */
export function pollPeer(state: State, peer: Association, now: Now): void {
  const exchange = peer.exchange!;
  const address = peer.address!;
  const socket = socketFor(state, family(address.ip));
  const header = symmetricHeader(peer, exchange, systemHeader(state, now), now);
  const sealed = peer.security.seal(encodeHeader(header));
  onPoll(peer, now.mono, state.rules);
  if (sealed.kind === "unsealed") return giveUp(peer, "authentication");
  // Its socket may come with an interface.
  if (socket === undefined) return onUndelivered(peer, "noRoute");
  const token = state.nextToken();
  state.departures.set(token, departed(exchange, header, now.clock));
  count(peer, "sent");
  state.act({ kind: "send", token, socket, association: peer.id, to: address, ttl: null, bytes: sealed.bytes });
  state.note({ what: "polled", id: peer.id, address });
}

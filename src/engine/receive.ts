/** What comes back: from a datagram to the association it belongs to, and what its verdict asks of the engine. */
import type { Association } from "../association/association.ts";
import { receiveReply, releaseHeld } from "../association/client.ts";
import type { Reception } from "../association/client.ts";
import { clearFilter } from "../association/filter.ts";
import { processOf } from "../association/modes.ts";
import type { SocketToken } from "../association/request.ts";
import type { PacketTest } from "../association/tests.ts";
import { after } from "../time/mono.ts";
import type { Now } from "../time/now.ts";
import type { Seconds } from "../time/seconds.ts";
import { toIso } from "../time/timestamp.ts";
import { addressKey } from "../wire/address.ts";
import type { Address } from "../wire/address.ts";
import { kissAction } from "../wire/kiss.ts";
import { decodePacket } from "../wire/packet.ts";
import type { PacketFault } from "../wire/packet.ts";
import type { Event } from "./event.ts";
import { giveUp } from "./mobilize.ts";
import type { State } from "./state.ts";

/** A datagram arrived. */
export function onDatagram(state: State, event: Event & { readonly kind: "datagram" }, now: Now): void {
  const claimed = state.roster.on(event.socket);
  if (claimed === undefined || claimed.address === null) {
    // Its question is answered or given up, and its socket closed: this was still on its way to us.
    state.note({ what: "refused", id: null, from: event.from, test: "duplicate" });
    return;
  }
  if (addressKey(event.from) !== addressKey(claimed.address)) return refuse(state, claimed, event.from, "address");
  const packet = decodePacket(event.bytes);
  if (packet.kind === "malformed") return refuse(state, claimed, event.from, packet.fault);
  if (processOf(claimed.mode, packet.header.mode) !== "process") return refuse(state, claimed, event.from, "mode");
  const request = claimed.requests.find(({ socket }) => socket === event.socket) ?? null;
  const reception = receiveReply(claimed, request, event.bytes, { packet, at: event.at, stamp: event.stamp }, now, state.rules);
  const stays = reception.kind === "held" || (reception.kind === "refused" && !reception.final);
  if (request !== null && !stays) state.close(claimed, request);
  onReception(state, claimed, reception, now);
}

/** A packet's true moment of leaving is known. */
export function onSent(state: State, event: Event & { readonly kind: "sent" }, now: Now): void {
  // A client's request has one number for its packet and its socket.
  const sender = state.roster.on(event.token as number as SocketToken);
  const request = sender?.requests.find(({ token }) => token === event.token);
  if (sender === undefined || request === undefined) return;
  request.origin = event.at;
  request.originStamp = event.stamp;
  const reception = releaseHeld(sender, request, now, state.rules);
  if (reception === null) return;
  state.close(sender, request);
  onReception(state, sender, reception, now);
}

/** The peer process has judged a packet: the engine does what follows from it. */
export function onReception(state: State, from: Association, reception: Reception, now: Now): void {
  const { id } = from;
  const address = from.address!;
  switch (reception.kind) {
    case "held":
      return;
    case "sample":
      state.note({ what: "sample", id, address, offset: reception.sample.offset, delay: reception.sample.delay });
      // Without anything newer to believe selection has nothing new to see (the prime directive).
      if (reception.fresh || from.reach === 1) state.unjudged = true;
      return state.schedule(from);
    case "refused":
      state.note({ what: "refused", id, from: address, test: reception.test });
      break;
    case "kiss":
      state.note({ what: "kiss", id, address, code: reception.code });
      if (kissAction(reception.code) === "goAway") rememberKiss(state, address, reception.code, now);
      break;
    case "nak":
      state.note({ what: "refused", id, from: address, test: "authentication" });
      if (state.config.once !== null) giveUp(state, from, "authentication");
      break;
    case "stepped":
      onSteppedByAnother(state, reception.by, now);
      break;
  }
  state.schedule(from);
  state.unjudged = true;
}

/** Somebody else stepped the clock: everything measured by it is worth nothing now, and is measured again. */
export function onSteppedByAnother(state: State, by: Seconds, now: Now): void {
  state.note({ what: "clockStepped", by, whose: "another" });
  for (const association of state.roster) {
    clearFilter(association.filter);
    for (const request of [...association.requests]) state.close(association, request);
    association.samples = 0;
    association.answers = 0;
    association.unanswered = 0;
    if (association.ended === "complete") association.ended = null;
    if (association.ended === null && association.address !== null) association.nextPoll ??= after(now.mono, state.config.burst.spacing.least);
    state.schedule(association);
  }
  state.unjudged = true;
}

function refuse(state: State, claimed: Association, from: Address, test: PacketTest | PacketFault): void {
  claimed.packets.rejected += 1;
  state.note({ what: "refused", id: claimed.id, from, test });
}

function rememberKiss(state: State, address: Address, code: string, now: Now): void {
  const others = state.memory.kisses.filter(({ ip, port }) => ip !== address.ip || port !== address.port);
  const at = toIso(now.clock, state.surroundings.era) ?? "";
  state.memory = { ...state.memory, kisses: [...others, { ip: address.ip, port: address.port, code, at }] };
  state.act({ kind: "remember", memory: state.memory });
}

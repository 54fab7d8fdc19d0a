/** Broadcast clients: mobilized by a packet, calibrated by a volley, and gone when their server falls silent. */
import type { Association } from "../../association/association.ts";
import {
  beginVolley,
  broadcastClient,
  broadcastFault,
  endVolley,
  onMissed,
  volleyAt,
} from "../../association/broadcast.ts";
import { rootDistance } from "../../association/distance.ts";
import { introduce } from "../../association/life.ts";
import { pollAt, UNREACH_LIMIT } from "../../association/poll.ts";
import type { AssociationConfig } from "../../association/template.ts";
import { after } from "../../time/mono.ts";
import type { Mono } from "../../time/mono.ts";
import type { Now } from "../../time/now.ts";
import { pollInterval } from "../../time/seconds.ts";
import type { Packet } from "../../wire/packet.ts";
import { discovery, isUsefulStratum, keyOf, list, obstacle, refuseUnasked, trusts } from "./admit.ts";
import { add } from "./associate.ts";
import type { Event } from "../port/event.ts";
import { hasRoom, prune } from "./prune.ts";
import type { State } from "../state.ts";

type Datagram = Event & { readonly kind: "datagram" };

/** A broadcast server we do not know: mobilizes an ephemeral broadcast client. */
export function mobilizeBroadcastClient(state: State, event: Datagram, packet: Packet, now: Now): void {
  const template = state.config.associations.find(({ kind }) => kind === "broadcastClient");
  const { header } = packet;
  if (template === undefined || (event.cast === "unicast" && event.to !== undefined))
    return refuseUnasked(state, event.from, "mode");
  const fault = broadcastFault(header);
  if (fault !== null) return refuseUnasked(state, event.from, fault);
  const against = obstacle(state, event.from, header, "client");
  if (against !== null) return refuseUnasked(state, event.from, against);
  const found = discovery(state, event.to?.ip ?? null, null, packet);
  const minpoll = Math.min(Math.max(header.poll, 0), 17);
  const config: AssociationConfig = {
    ...template,
    name: event.from.ip,
    port: event.from.port,
    key: keyOf(packet),
    minpoll,
    maxpoll: minpoll,
    iburst: true,
  };
  if (!trusts(state, event.bytes, packet, event.from))
    return list(state, config, event, packet, found, "authentication", null, now);
  if (!isUsefulStratum(state, header)) return list(state, config, event, packet, found, "stratum", null, now);
  if (!hasRoom(state, found.merit, now)) return list(state, config, event, packet, found, "surplus", null, now);
  const { broadcastDelay, longestWait } = state.config.discovery;
  const listening = broadcastClient(header, broadcastDelay, now.mono);
  const fresh = add(state, config, "broadcastClient", "ephemeral", event.from, { found, listening });
  introduce(fresh, packet);
  const first =
    broadcastDelay === null
      ? volleyAt(header, now.mono, state.surroundings.chance.uniform(), longestWait)
      : after(now.mono, pollInterval(minpoll));
  pollAt(fresh, first);
}

/** A listening association waits this much longer than its server's interval before it calls a broadcast missed. */
const GRACE = 1.25;

/**
 * A broadcast client's moment has come: the wait before the volley is over, or a broadcast is overdue.
 * @returns true if it has a question to ask
 */
export function onListenerDue(state: State, listener: Association, now: Now): boolean {
  const own = listener.listening!;
  if (own.phase === "wait") beginVolley(own);
  if (own.phase === "volley") return true;
  onMissed(listener, nextBroadcastBy(listener, now));
  if (listener.unreach >= UNREACH_LIMIT) prune(state, listener, now);
  return false;
}

/** When the next broadcast has to have come. */
export function nextBroadcastBy(listener: Association, now: Now): Mono {
  return after(now.mono, pollInterval(listener.hpoll) * GRACE);
}

/**
 * Ends a volley that has all its answers, or none, or is fit already: its root distance is as good as selection asks for
 * (seed 002; RFC stages only, since a one-shot's is from the first sample on).
 */
export function endVolleyIfOver(state: State, listener: Association, now: Now): void {
  const { limits, emptyStages } = state.config;
  const fit = emptyStages === "rfc5905" && rootDistance(listener, now.mono, limits) < limits.maxdist;
  if (listener.ended === null && !fit) return;
  state.closeRequests(listener);
  const estimate = listener.filter.estimate;
  endVolley(listener, listener.listening!, nextBroadcastBy(listener, now));
  state.note({
    what: "volley",
    id: listener.id,
    address: listener.address!,
    offset: estimate?.offset ?? null,
    delay: estimate?.delay ?? null,
  });
}

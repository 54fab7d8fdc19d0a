/** Broadcast clients: mobilized by a packet, calibrated by a volley, and gone when their server falls silent. */
import type { Association } from "../../association/association.ts";
import { beginVolley, broadcastClient, endVolley, GRACE, onMissed, volleyAt } from "../../association/broadcast.ts";
import { rootDistance } from "../../association/distance.ts";
import { askOnceMore, introduce } from "../../association/life.ts";
import { pollAt, UNREACH_LIMIT } from "../../association/poll.ts";
import type { AssociationConfig } from "../../association/template.ts";
import { after } from "../../time/mono.ts";
import type { Mono } from "../../time/mono.ts";
import type { Now } from "../../time/now.ts";
import { pollInterval } from "../../time/seconds.ts";
import type { Datagram } from "../port/event.ts";
import type { State } from "../state.ts";
import { tellTime } from "../keys/facing.ts";
import { admit, autokeyOf, keyOf, listUnproved, refuseUnasked } from "./admit.ts";
import type { Arrival, Newcomer } from "./admit.ts";
import { followedFrom, lineOfFound, proveHeard } from "./proving.ts";
import { prune } from "./prune.ts";

/** The line by which broadcasts are listened to, if this is one. */
export function broadcastTemplate({ config }: State, datagram: Datagram): AssociationConfig | undefined {
  return isToUsAlone(datagram) ? undefined : config.associations.find(({ kind }) => kind === "broadcastClient");
}

/** A broadcast of somebody whom the line wants under NTS: it says that he is there, and he is asked himself once he has proved who he is. */
function onBroadcastUnproved(state: State, template: AssociationConfig, arrival: Arrival, now: Now): void {
  const { from, to } = arrival.datagram;
  const followed = followedFrom(state, from);
  if (followed !== undefined) {
    if (followed.samples === 0 || followed.found === null) return;
    state.finding.heardBroadcasts += 1;
    state.unjudged = true;
    return askOnceMore(followed, now.mono);
  }
  const config = lineOfFound(template, from);
  proveHeard(state, template, arrival, { by: "provedBroadcast", config, group: to?.ip ?? null, ring: null }, now);
}

/** A broadcast server we do not know: mobilizes an ephemeral broadcast client by the template of its line. */
export function mobilizeBroadcastClient(state: State, template: AssociationConfig, arrival: Arrival, now: Now): void {
  if (template.nts === true) return onBroadcastUnproved(state, template, arrival, now);
  const { datagram, packet } = arrival;
  const { header } = packet;
  const { broadcastDelay, longestWait } = state.config.discovery;
  const own = autokeyOf(packet, state);
  const autokey = own.autokey === undefined ? own : { autokey: template.autokey ?? own.autokey };
  const isProved = own.autokey === undefined;
  const minpoll = Math.min(Math.max(header.poll, 0), 17);
  const { ip, port } = datagram.from;
  const newcomer: Newcomer = {
    by: "broadcast",
    config: { ...template, ...autokey, name: ip, port, key: keyOf(packet), minpoll, maxpoll: minpoll, iburst: true },
    group: datagram.to?.ip ?? null,
    ring: null,
    listening: broadcastClient(header, broadcastDelay, now.mono, isProved),
  };
  // In clear nobody proves who he is.
  if (template.autokey !== undefined && isProved) return void listUnproved(state, arrival, newcomer, now);
  const admission = admit(state, arrival, newcomer, now);
  if (admission.kind === "refused") return refuseUnasked(state, datagram.from, admission.test);
  if (admission.kind === "listed") return;
  const { fresh } = admission;
  if (isProved) introduce(fresh, packet);
  else {
    // By which name it is to be asked.
    tellTime(state, fresh, now);
    fresh.security.open(datagram.bytes, packet);
  }
  const first =
    broadcastDelay === null || !isProved
      ? volleyAt(header, now.mono, state.surroundings.chance.uniform(), longestWait)
      : after(now.mono, pollInterval(minpoll));
  pollAt(fresh, first);
}

/** A broadcast packet that was sent to us alone is nobody's broadcast. */
export function isToUsAlone({ cast, to }: Datagram): boolean {
  return cast === "unicast" && to !== undefined;
}

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

/** An answer of the volley was not believed: where it ends a dance (Autokey) the same questions would have the same answers. */
export function endVolleyInVain(state: State, listener: Association, now: Now): void {
  if (listener.security.dancing === undefined || listener.security.dancing.report().fault === null) return;
  state.closeRequests(listener);
  endVolley(listener, listener.listening!, nextBroadcastBy(listener, now));
}

/**
 * Ends a volley that has all its answers, or none, or is fit already: its root distance is as good as selection asks for
 * (seed 002; RFC stages only, since a one-shot's is from the first sample on).
 */
export function endVolleyIfOver(state: State, listener: Association, now: Now): void {
  const { limits, emptyStages } = state.config;
  const fit = emptyStages === "rfc5905" && rootDistance(listener, now.mono, limits) < limits.maxdist;
  // With a time to tell it has its certificate signed, too (RFC 5906 §11.4.2).
  const hasSaidAll = listener.security.dancing?.isComplete !== false;
  if (listener.ended === null && !(fit && hasSaidAll)) return;
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

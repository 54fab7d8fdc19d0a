/**
 * Who may come in, and who has to go: the tests that whatever nobody asked for has to pass, and the pruning of what stops
 * being useful (seed 002 "Association Management").
 */
import type { Association, Discovery } from "../association/association.ts";
import { filterSample } from "../association/filter.ts";
import { sampleOf } from "../association/sample.ts";
import type { Ring } from "../association/solicitor.ts";
import type { AssociationConfig } from "../association/template.ts";
import type { PacketTest } from "../association/tests.ts";
import { after } from "../time/mono.ts";
import type { Now } from "../time/now.ts";
import { pollInterval } from "../time/seconds.ts";
import { addressKey } from "../wire/address.ts";
import type { Address } from "../wire/address.ts";
import { MAXSTRAT } from "../wire/header.ts";
import type { Header } from "../wire/header.ts";
import type { Packet, PacketFault } from "../wire/packet.ts";
import { add } from "./associate.ts";
import type { DiscoveryConfig } from "./config.ts";
import type { Event } from "./event.ts";
import type { State } from "./state.ts";

type Datagram = Event & { readonly kind: "datagram" };

/** Answers that could not be used are listed up to this many, so that a flood of them fills no memory. */
const LISTED_AT_MOST = 4096;

/** Discovery that is not configured finds nothing, but asks no less of what it hears. */
export const STRICT: DiscoveryConfig = {
  authenticate: true,
  ringInterval: null,
  allRings: false,
  broadcastDelay: null,
  longestWait: Infinity,
  count: null,
  cohort: false,
};

/** Whether a packet may mobilize something: authentic by a trusted key, or authentication is not asked for. */
export function trusts(state: State, bytes: Uint8Array, packet: Packet, from: string): boolean {
  const authentication = state.surroundings.security.judge(bytes, packet, from);
  if (authentication === "ok") return true;
  // What carries a MAC that cannot be checked is refused even where none is asked for (classic ntpd, too).
  return authentication === "none" && !(state.config.discovery ?? STRICT).authenticate;
}

/** Counts a packet nobody claims. */
export function refuseUnasked(state: State, from: Address, test: PacketTest | PacketFault): void {
  state.refused.set(test, (state.refused.get(test) ?? 0) + 1);
  state.note({ what: "refused", id: null, from, test });
}

/** Ends an association that stopped being useful, and keeps its address from being found again too soon. */
export function prune(state: State, surplus: Association, now: Now): void {
  const address = surplus.address!;
  state.closeRequests(surplus);
  state.roster.remove(surplus);
  state.deadlines.set(surplus.id, null);
  if (surplus.lifetime === "preemptable") state.pruned.set(addressKey(address), after(now.mono, pollInterval(surplus.config.maxpoll)));
  state.note({ what: "demobilized", id: surplus.id, address, why: state.opinion.verdicts.get(surplus.id)?.reason ?? "unreachable" });
  state.unjudged = true;
}

/** Pruned not long ago; unless we are in need. */
export function isPruned(state: State, address: Address, now: Now): boolean {
  const until = state.pruned.get(addressKey(address));
  if (until === undefined) return false;
  if (until > now.mono && state.opinion.survivors >= state.config.limits.minclock) return true;
  state.pruned.delete(addressKey(address));
  return false;
}

/** A packet set by us, or sent by us: a loop of one. */
export function isOurs(state: State, header: Header): boolean {
  return header.stratum > 1 && state.ownReferenceIds.has(header.referenceId);
}

/** Floor, ceiling, and our own stratum only with `cohort` (seed 002). */
export function isUsefulStratum(state: State, { stratum }: Header): boolean {
  const { floor, ceiling } = state.config.limits;
  if (stratum < floor || stratum >= ceiling) return false;
  const ours = state.opinion.variables.stratum;
  return ours >= MAXSTRAT || stratum < ours || (stratum === ours && (state.config.discovery ?? STRICT).cohort);
}

/** A server that answered and is not mobilized is listed all the same, with the offset its answer implies. */
export function list(
  state: State,
  config: AssociationConfig,
  event: Datagram,
  packet: Packet,
  found: Discovery,
  why: "authentication" | "stratum" | "surplus",
  ring: Ring | null,
  now: Now,
): void {
  if (why === "authentication") state.refused.set(why, (state.refused.get(why) ?? 0) + 1);
  if (state.roster.size >= LISTED_AT_MOST) return;
  const { header } = packet;
  const listed = add(state, config, "client", "preemptable", event.from, { found });
  listed.ended = why;
  listed.header = header;
  listed.packets.received = 1;
  listed.packets.rejected = 1;
  if (why === "authentication") listed.authentication = packet.mac === null ? "none" : "failed";
  // One way only for a broadcast; out and back for an answer, whose question left when its ring was asked.
  const t1 = ring === null ? header.transmit : ring.at;
  const exchange = ring === null ? { t1: event.at, t2: header.transmit, t3: header.transmit, t4: event.at } : { t1, t2: header.receive, t3: header.transmit, t4: event.at };
  const sample = sampleOf(exchange, header.precision, state.config.precision, now.mono);
  if (sample === null) return;
  const { emptyStages, precision } = state.config;
  filterSample(listed.filter, sample, { emptyStages, precision, pollInterval: pollInterval(config.minpoll) });
}

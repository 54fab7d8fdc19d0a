/**
 * Who may come in: the tests that whatever nobody asked for has to pass before it mobilizes anything, and the list of those
 * that a probe heard but may not use (seed 002 "Association Management").
 */
import type { Discovery } from "../../association/association.ts";
import { onListed } from "../../association/life.ts";
import { sampleOf } from "../../association/sample.ts";
import type { Ring } from "../../association/solicitor.ts";
import type { AssociationConfig } from "../../association/template.ts";
import type { PacketTest } from "../../association/tests.ts";
import { FLAG } from "../../server/access.ts";
import { sourceOf } from "../../server/source.ts";
import type { Now } from "../../time/now.ts";
import type { Address } from "../../wire/address.ts";
import { HEADER_LENGTH, MAXSTRAT } from "../../wire/header.ts";
import type { Header } from "../../wire/header.ts";
import type { Packet, PacketFault } from "../../wire/packet.ts";
import { add } from "./associate.ts";
import type { Event } from "../port/event.ts";
import type { State } from "../state.ts";

type Datagram = Event & { readonly kind: "datagram" };

/** Answers that could not be used are listed up to this many, so that a flood of them fills no memory. */
const LISTED_AT_MOST = 4096;

/**
 * What a packet is to mobilize, as `restrict` tells them apart. A pool's servers were asked by name, each by its address, so
 * `nopeer`, which is about what comes unasked, does not keep them away (NTPsec; classic ntpd needs `restrict source` for that).
 */
export type Mobilized = "client" | "symmetric" | "pool";

/**
 * The first thing that speaks against mobilizing an association by a packet, whatever its authenticity: the access list, or
 * that it is our own.
 */
export function obstacle(state: State, from: Address, header: Header, what: Mobilized): PacketTest | null {
  const template = what === "pool" ? state.access.sourceTemplate : null;
  const flags = template ?? restrictions(state, from);
  if ((flags & (what === "pool" ? FLAG.ignore : FLAG.ignore | FLAG.nopeer)) !== 0) return "denied";
  if (what === "symmetric" && (flags & FLAG.noepeer) !== 0) return "denied";
  if (isOwnAddress(state, from.ip)) return "own";
  return followsUs(state, header) ? "loop" : null;
}

/** Whether a packet may mobilize something: authentic by a trusted key, or authentication is not asked for. */
export function trusts(state: State, bytes: Uint8Array, packet: Packet, from: Address): boolean {
  const authentication = state.surroundings.security.judge(bytes, packet, from.ip);
  if (authentication === "ok") return true;
  // What carries a MAC that cannot be checked is refused even where none is asked for (classic ntpd, too).
  if (authentication !== "none" || state.config.discovery.authenticate) return false;
  return (restrictions(state, from) & FLAG.notrust) === 0;
}

/** The flags of the access list for a source; none where there is no list. */
export function restrictions({ access }: State, from: Address): number {
  const source = sourceOf(from.ip);
  return source === null ? 0 : access.flagsFor(source, from.port);
}

/** Counts a packet nobody claims. */
export function refuseUnasked(state: State, from: Address, test: PacketTest | PacketFault): void {
  state.refused.set(test, (state.refused.get(test) ?? 0) + 1);
  state.note({ what: "refused", id: null, from, test });
}

/** Whether an address is one of ours, in either family. Who answers nobody has no own server: at such an address is another process. */
export function isOwnAddress(state: State, ip: string): boolean {
  const { serving } = state.config;
  if (serving === null) return false;
  if (serving.ownAddresses.includes(ip)) return true;
  return state.ownReferenceIds.has(state.surroundings.referenceIdOf(ip));
}

/** Floor, ceiling, and our own stratum only with `cohort` (seed 002). A one-shot is nobody's cohort. */
export function isUsefulStratum(state: State, { stratum }: Header): boolean {
  const { floor, ceiling } = state.config.limits;
  if (stratum < floor || stratum >= ceiling) return false;
  const ours = state.opinion.variables.stratum;
  if (state.config.once !== null || ours >= MAXSTRAT || stratum < ours) return true;
  return stratum === ours && state.config.discovery.cohort;
}

/**
 * A server that was heard and may not be used. A probe lists it all the same, with the offset that its packet implies; the
 * daemon counts it.
 */
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
  state.refused.set(why, (state.refused.get(why) ?? 0) + 1);
  if (state.config.once === null || state.roster.size >= LISTED_AT_MOST) return;
  const { header } = packet;
  const listed =
    state.roster.listedAt(event.from) ?? add(state, config, "client", "preemptable", event.from, { found, ended: why });
  // One way only for a broadcast; out and back for an answer, whose question left when its ring was asked.
  const t1 = ring === null ? header.transmit : ring.at;
  const exchange =
    ring === null
      ? { t1: event.at, t2: header.transmit, t3: header.transmit, t4: event.at }
      : { t1, t2: header.receive, t3: header.transmit, t4: event.at };
  const sample = sampleOf(exchange, header.precision, state.config.precision, now.mono);
  const { emptyStages, precision } = state.config;
  onListed(listed, why, packet, sample, { emptyStages, precision });
}

/** How an association came to be found, by what the packet said that found it. */
export function discovery(state: State, group: string | null, ttl: number | null, packet: Packet): Discovery {
  const { stratum, rootDelay, rootDispersion } = packet.header;
  const merit = stratum * state.config.limits.mindist + rootDelay / 2 + rootDispersion;
  return { group, ttl, keyPrint: keyPrint(state, keyOf(packet)), merit };
}

/** The key a packet came with; `null`: none. */
export function keyOf({ mac }: Packet): number | null {
  return mac === null || mac.keyId === 0 ? null : mac.keyId;
}

/** What a key makes of a packet that is never sent: another key makes something else of it. */
export function keyPrint(state: State, keyId: number | null): Uint8Array | null {
  if (keyId === null) return null;
  const sealed = state.surroundings.security.sealWith(keyId, NOTHING_SENT);
  return sealed.kind === "sealed" ? sealed.bytes : null;
}

const NOTHING_SENT = new Uint8Array(HEADER_LENGTH);

/** A server set by us: a loop of two. */
function followsUs(state: State, header: Header): boolean {
  return header.stratum > 1 && state.ownReferenceIds.has(header.referenceId);
}

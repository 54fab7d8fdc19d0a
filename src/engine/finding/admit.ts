/**
 * Who may come in: the one door for whatever is found and not configured, be it a symmetric peer, a broadcast server, or what answers
 * a search by manycast or by pool; and the list of those that a probe heard but may not use (seed 002 "Association Management").
 *
 * ```text
 *  header ─► access list, own, loop ─► known already ─► authenticity ─► stratum ─► pruned lately ─► room ─► added
 *    └────────────── refused ────────────────┘              └─ listed or refused ─┘     └ refused   └ listed
 * ```
 */
import type { Association, Discovery, Lifetime } from "../../association/association.ts";
import { broadcastFault } from "../../association/broadcast.ts";
import { onListed } from "../../association/life.ts";
import type { AssociationMode } from "../../association/modes.ts";
import { sampleOf } from "../../association/sample.ts";
import type { Ring } from "../../association/solicitor.ts";
import type { AssociationConfig } from "../../association/template.ts";
import { headerFault } from "../../association/tests.ts";
import type { PacketTest } from "../../association/tests.ts";
import { KEY_ID_LIMIT } from "../../security/keyids.ts";
import { FLAG } from "../../server/access.ts";
import { sourceOf } from "../../server/source.ts";
import { unfoldOffset } from "../../time/era.ts";
import type { Now } from "../../time/now.ts";
import type { Address } from "../../wire/address.ts";
import { isAutokeyType } from "../../wire/autokey.ts";
import type { Header } from "../../wire/header.ts";
import type { Packet, PacketFault } from "../../wire/packet.ts";
import type { Datagram } from "../port/event.ts";
import type { Serving } from "../serving/serving.ts";
import type { State } from "../state.ts";
import { add, keyPrint, securityOf } from "./associate.ts";
import type { Start } from "./associate.ts";
import { hasRoom, isPruned, isUsefulStratum, meritOf, stratumAmongSurvivors } from "./prune.ts";

/** A datagram that is a packet, as it came in by the engine's door. */
export interface Arrival {
  readonly datagram: Datagram;
  readonly packet: Packet;
}

/** Answers that could not be used are listed up to this many, so that a flood of them fills no memory. */
const LISTED_AT_MOST = 4096;

/** How somebody is found. */
export type Way = "peer" | "broadcast" | "provedBroadcast" | "manycast" | "provedManycast" | "pool";

/** What differs among the ways. */
interface WayRow {
  readonly mode: AssociationMode;
  readonly lifetime: Lifetime;
  /** What is wrong with a header; a peer may still be unsynchronized. */
  readonly fault: (header: Header) => PacketTest | null;
  /** Flags of `restrict` that keep it away. */
  readonly restricted: number;
  /** `source`: those of `restrict source` count, where there are any, not those of its address. */
  readonly restrictedAs: "source" | "address";
  /** Whose key it has to come with: any that is trusted, or its line's; none where keys are established before it comes in. */
  readonly key: "trusted" | "line" | "nts";
  /** The filter of strata; `null`: any will do. `others`: our own is avoided unless there is `cohort`, and so is what is above it. */
  readonly strata: "range" | "others" | null;
  /** Whether it may have been pruned a moment ago. */
  readonly prunable: boolean;
  /** Found, and so ordered by merit: where all places are taken a better one has the place of a worse. */
  readonly ranked: boolean;
  /** So many times maxclock a daemon may hold for a while (see {@link hasRoom}). */
  readonly crowd: number;
  /** Whether a probe is told of one whose key or stratum does not do. */
  readonly listed: boolean;
}

/** Who broadcasts or answers a search, and is to prove who he is before he is followed: that he is there is all he is believed. */
const PROVED: WayRow = {
  mode: "client",
  lifetime: "preemptable",
  fault: broadcastFault,
  restricted: FLAG.ignore | FLAG.nopeer,
  restrictedAs: "address",
  key: "nts",
  strata: "others",
  prunable: true,
  ranked: true,
  crowd: 1,
  listed: true,
};

/**
 * The ways. A pool's servers were asked by name, each by its address, so `nopeer`, which is about what comes unasked, does not
 * keep them away (NTPsec; classic ntpd needs `restrict source` for that). A manycast question that was asked for want of servers may be
 * answered by more than there is room for: the daemon grabs as many again, lets selection order them, and prunes the worst.
 */
const WAYS: Readonly<Record<Way, WayRow>> = {
  peer: {
    mode: "symmetricPassive",
    lifetime: "ephemeral",
    fault: (header) => (broadcastFault(header) === "header" ? "header" : null),
    restricted: FLAG.ignore | FLAG.nopeer | FLAG.noepeer,
    restrictedAs: "address",
    key: "trusted",
    strata: null,
    prunable: false,
    ranked: true,
    crowd: 1,
    listed: false,
  },
  broadcast: {
    mode: "broadcastClient",
    lifetime: "ephemeral",
    fault: broadcastFault,
    restricted: FLAG.ignore | FLAG.nopeer,
    restrictedAs: "address",
    key: "trusted",
    strata: "others",
    prunable: false,
    ranked: true,
    crowd: 1,
    listed: true,
  },
  manycast: {
    mode: "client",
    lifetime: "preemptable",
    fault: broadcastFault,
    restricted: FLAG.ignore | FLAG.nopeer,
    restrictedAs: "address",
    key: "trusted",
    strata: "others",
    prunable: true,
    ranked: true,
    crowd: 2,
    listed: true,
  },
  provedBroadcast: PROVED,
  provedManycast: PROVED,
  pool: {
    mode: "client",
    lifetime: "preemptable",
    fault: headerFault,
    restricted: FLAG.ignore,
    restrictedAs: "source",
    key: "line",
    strata: "range",
    prunable: true,
    ranked: false,
    crowd: 1,
    listed: false,
  },
};

/** Somebody who wants in. */
export interface Newcomer extends Pick<Start, "exchange" | "listening"> {
  readonly by: Way;
  /** The line it would be held by. */
  readonly config: AssociationConfig;
  /** The group or broadcast address it was found by. */
  readonly group: string | null;
  /** The ring that found it, by manycast. */
  readonly ring: Ring | null;
}

/** Why somebody is listed who may not be used. */
type Unfitness = "authentication" | "stratum" | "surplus";

/** What became of a newcomer. */
export type Admission =
  | { readonly kind: "added"; readonly fresh: Association }
  | { readonly kind: "listed"; readonly why: Unfitness }
  /** Nothing has been done about it: who asked counts it, or has other words for it. */
  | { readonly kind: "refused"; readonly test: PacketTest };

/** What is thought of a newcomer before it comes in. */
export type Assessment =
  | { readonly kind: "fit"; readonly found: Discovery | null }
  | Exclude<Admission, { readonly kind: "added" }>;

/** Takes in whoever wants in and may. Whoever is added is not polled before its `nextPoll` is set. */
export function admit(state: State, arrival: Arrival, newcomer: Newcomer, now: Now): Admission {
  const { config, exchange, listening } = newcomer;
  const { mode, lifetime } = WAYS[newcomer.by];
  const assessed = assess(state, arrival, newcomer, now);
  if (assessed.kind !== "fit") return assessed;
  const { found } = assessed;
  const own = { ...(exchange === undefined ? {} : { exchange }), ...(listening === undefined ? {} : { listening }) };
  const start = found === null ? own : { ...own, found };
  return { kind: "added", fresh: add(state, config, mode, lifetime, arrival.datagram.from, start) };
}

/** Whether somebody may come in: who may not is listed, or refused. */
export function assess(state: State, arrival: Arrival, newcomer: Newcomer, now: Now): Assessment {
  const { ranked, listed } = WAYS[newcomer.by];
  const test = obstacle(state, arrival, WAYS[newcomer.by]);
  if (test !== null) return { kind: "refused", test };
  const found = ranked ? discovery(state, newcomer, arrival.packet) : null;
  const why = unfitness(state, arrival, newcomer, found, now);
  if (why === null) return { kind: "fit", found };
  if (why === "duplicate" || (!listed && why !== "surplus")) return { kind: "refused", test: why };
  list(state, arrival, newcomer, found, why, now);
  return { kind: "listed", why };
}

/**
 * Who was heard has not proved who it is.
 * @returns what is listed of it; `null`: nothing is
 */
export function listUnproved(state: State, arrival: Arrival, newcomer: Newcomer, now: Now): Association | null {
  const { from } = arrival.datagram;
  if (state.roster.at(from) !== undefined) return null;
  list(state, arrival, newcomer, discovery(state, newcomer, arrival.packet), "authentication", now);
  return state.roster.listedAt(from) ?? null;
}

/** What speaks against a newcomer whatever its authenticity: its header, the access list, that it is our own, or known. */
function obstacle(state: State, { datagram: { from }, packet: { header } }: Arrival, way: WayRow): PacketTest | null {
  const fault = way.fault(header);
  if (fault !== null) return fault;
  const flags = way.restrictedAs === "source" ? drawnRestrictions(state, from) : restrictions(state.serving, from);
  if ((flags & way.restricted) !== 0) return "denied";
  if (isOwnAddress(state, from.ip)) return "own";
  if (followsUs(state, header)) return "loop";
  return state.roster.at(from) === undefined ? null : "duplicate";
}

/** Why one against whom nothing speaks is of no use all the same. */
function unfitness(
  state: State,
  { datagram, packet }: Arrival,
  { by, config }: Newcomer,
  found: Discovery | null,
  now: Now,
): Unfitness | "duplicate" | null {
  const { key, strata, prunable, crowd } = WAYS[by];
  const { from } = datagram;
  if (!isBelieved(state, datagram, packet, key, config)) return "authentication";
  const ours = strata === "others" ? stratumAmongSurvivors(state) : null;
  if (strata !== null && !isUsefulStratum(state, packet.header, ours)) return "stratum";
  if (prunable && isPruned(state, from, now)) return "duplicate";
  // Of what nobody vouches for nobody loses his place.
  return hasRoom(state, crowd, key === "nts" ? null : (found?.merit ?? null), now) ? null : "surplus";
}

/** Whether a packet comes with whatever it has to come with. Who has yet to prove who he is need not: but what is false is refused. */
function isBelieved(
  state: State,
  datagram: Datagram,
  packet: Packet,
  key: WayRow["key"],
  line: AssociationConfig,
): boolean {
  if (key === "trusted") return trusts(state, datagram, packet);
  if (key === "line") return isSealed(state, datagram, packet, line);
  const authentication = state.surroundings.security.judge(datagram.bytes, packet, datagram.from.ip);
  return authentication === "none" || authentication === "ok";
}

/** Whether a packet may mobilize something: authentic by a trusted key, or authentication is not asked for. */
function trusts(state: State, { bytes, from, to }: Datagram, packet: Packet): boolean {
  const authentication = state.surroundings.security.judge(bytes, packet, from.ip, to?.ip ?? null);
  if (authentication === "ok") return true;
  // What carries a MAC that cannot be checked is refused even where none is asked for (classic ntpd, too).
  if (authentication !== "none" || state.config.discovery.authenticate) return false;
  return (restrictions(state.serving, from) & FLAG.notrust) === 0;
}

/** Whether a packet is sealed as its line asks. */
function isSealed(state: State, { bytes, from }: Datagram, packet: Packet, line: AssociationConfig): boolean {
  const authentication = securityOf(state, line, from).open(bytes, packet);
  return authentication !== "failed" && authentication !== "nak";
}

/** The flags of the access list for a source; none where there is no list. */
export function restrictions({ access }: Serving, from: Address): number {
  const source = sourceOf(from.ip);
  return source === null ? 0 : access.flagsFor(source, from.port);
}

/** The same for a source that is asked by name: those of `restrict source`, where there are any. */
export function drawnRestrictions({ serving }: State, from: Address): number {
  return serving.access.sourceTemplate ?? restrictions(serving, from);
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

/** The key a packet came with; `null`: none, or one of Autokey's. */
export function keyOf(packet: Packet): number | null {
  const { mac } = packet;
  return mac === null || mac.keyId === 0 || isUnderAutokey(packet) ? null : mac.keyId;
}

/** What a line is to have of Autokey for somebody who came by himself, if his packet is under it. */
export function autokeyOf(packet: Packet, { config: { discovery } }: State): Pick<AssociationConfig, "autokey"> {
  return isUnderAutokey(packet) ? { autokey: { ident: discovery.autokeyIdent ?? null } } : {};
}

function isUnderAutokey({ mac, extensions }: Packet): boolean {
  return mac !== null && mac.keyId > KEY_ID_LIMIT && extensions.some(({ type }) => isAutokeyType(type));
}

/**
 * A server that was heard and may not be used. A probe lists it all the same, with the offset that its packet implies; the
 * daemon counts it.
 */
function list(
  state: State,
  { datagram, packet }: Arrival,
  { config, ring }: Newcomer,
  found: Discovery | null,
  why: Unfitness,
  now: Now,
): void {
  const { from, at } = datagram;
  const { header } = packet;
  state.refused.set(why, (state.refused.get(why) ?? 0) + 1);
  if (state.config.once === null || found === null || state.roster.size >= LISTED_AT_MOST) {
    if (why === "authentication") state.note({ what: "refused", id: null, from, test: why });
    return;
  }
  const listed =
    state.roster.listedAt(from) ?? add(state, config, "client", "preemptable", from, { found, ended: why });
  // One way only for a broadcast; out and back for an answer, whose question left when its ring was asked.
  const exchange =
    ring === null
      ? { t1: at, t2: header.transmit, t3: header.transmit, t4: at }
      : { t1: ring.at, t2: header.receive, t3: header.transmit, t4: at };
  const folded = sampleOf(exchange, header.precision, state.config.precision, now.mono);
  const sample = folded && { ...folded, offset: unfoldOffset(folded.offset, exchange.t4, state.clock.era) };
  const { emptyStages, precision } = state.config;
  onListed(listed, why, packet, sample, { emptyStages, precision });
}

/** How an association came to be found, by what the packet said that found it. */
function discovery(state: State, { group, ring }: Newcomer, packet: Packet): Discovery {
  const { stratum, rootDelay, rootDispersion } = packet.header;
  const merit = meritOf(stratum, rootDelay / 2 + rootDispersion, state.config.limits);
  return { group, ttl: ring?.ttl ?? null, keyPrint: keyPrint(state, keyOf(packet)), merit };
}

/** A server set by us: a loop of two. */
function followsUs(state: State, header: Header): boolean {
  return header.stratum > 1 && state.ownReferenceIds.has(header.referenceId);
}

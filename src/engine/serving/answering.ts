/**
 * Answering clients: the server room at the engine's service sockets. Answers leave at once; those to a group wait their
 * random delay, and T3 is read when they leave.
 */
import type { SocketToken } from "../../association/request.ts";
import { ringOf } from "../../association/solicitor.ts";
import type { SystemHeader } from "../../association/symmetric.ts";
import { after, elapsed } from "../../time/mono.ts";
import type { Mono } from "../../time/mono.ts";
import type { Now } from "../../time/now.ts";
import { shift, UNIX_EPOCH } from "../../time/timestamp.ts";
import type { Address } from "../../wire/address.ts";
import { MAXSTRAT } from "../../wire/header.ts";
import type { Malformed, Packet } from "../../wire/packet.ts";
import { DISPOSITIONS } from "../../server/disposition.ts";
import { servedVariables } from "../../server/local.ts";
import { lowerWord, upperWord } from "../../server/published.ts";
import type { ServedVariables } from "../../server/published.ts";
import { keepReply, loadArrival, newArrival } from "../../server/reply.ts";
import type { Arrival, Reply } from "../../server/reply.ts";
import { NtpServer } from "../../server/server.ts";
import type { ServerSettings } from "../../server/server.ts";
import { NTPD_SMEAR, smearOf, type Smear } from "../../server/smear.ts";
import { endOfMonth } from "../../time/leap.ts";
import type { ServingConfig } from "../port/config.ts";
import { controlView } from "./control-view.ts";
import type { Datagram } from "../port/event.ts";
import type { State } from "../state.ts";
import { TIMER } from "../timer.ts";

/** A reply whose delay is not over. */
interface Waiting {
  readonly at: Mono;
  readonly reply: Reply;
  readonly socket: SocketToken;
  readonly to: Address;
  /** The address of ours that it leaves from; absent: the system's choice. */
  readonly from?: string;
}

/** The server and what it works with. */
export interface Answering {
  readonly server: NtpServer;
  readonly arrival: Arrival;
  /** In order of departure. */
  readonly waiting: Waiting[];
}

/** Replies that wait: no more than this many, for a flood of solicitations must not fill the memory. */
const WAITING_AT_MOST = 10_000;

/** Opens the counter. */
export function openAnswering(state: State, now: Now): Answering | null {
  const { config, surroundings } = state;
  const { serving } = config;
  if (serving === null) return null;
  const { chance } = surroundings;
  // Of its own: what strangers ask of the server changes nothing of when we ask others.
  const answers = chance.split("answers");
  const seed = Number(BigInt.asIntN(32, chance.bits64()));
  const server = new NtpServer(settingsOf(state, serving), {
    mru: serving.mru,
    seed,
    chance: () => answers.uniform(),
    isOurs: (transmit) => state.finding.solicitors.some((asking) => ringOf(asking, transmit) !== undefined),
    startedAt: now.mono,
  });
  return { server, arrival: newArrival(), waiting: [] };
}

/** The configuration has changed: who asks is answered by it from now on, and who has asked stays known. */
export function reviseAnswering(state: State, now: Now): void {
  const { answering } = state.serving;
  const { serving } = state.config;
  if (answering === null || serving === null) {
    state.serving.answering = openAnswering(state, now);
    return;
  }
  answering.server.configure(settingsOf(state, serving));
  answering.server.mru.limit(serving.mru);
  for (const { address, ended } of state.roster)
    if (address !== null && ended === null) state.serving.access.admitSource(address.ip);
}

function settingsOf({ config, serving: { access }, surroundings }: State, serving: ServingConfig): ServerSettings {
  const { service, precision, limits, ownReferenceIds } = config;
  return {
    access,
    security: surroundings.security,
    rate: serving.rate,
    precision,
    phi: limits.phi,
    fallbacks: serving.fallbacks,
    solicitations: serving.manycast ? { ownReferenceIds } : null,
    own: { addresses: serving.ownAddresses, port: service?.port ?? 123 },
    smear: configuredSmear(serving),
    monitor: serving.monitor,
  };
}

/** A client's request, or what only the server has words for. */
export function onRequest(state: State, event: Datagram, packet: Packet | Malformed, now: Now): void {
  const { answering } = state.serving;
  if (answering === null) return;
  const { server, arrival } = answering;
  loadArrival(arrival, event.bytes, event.from, event.cast, event.at, now.mono, packet, event.to?.ip ?? null);
  const disposition = server.receive(arrival);
  if (disposition === "control") return answerQuery(state, server, event, now);
  if (DISPOSITIONS[disposition].kind !== "answered") return;
  const { delay } = server.reply;
  const own = event.cast === "unicast" ? event.to?.ip : undefined;
  const { ticket } = server.reply;
  if (delay === 0 && ticket?.prepare === undefined)
    return send(state, server.reply, event.socket, event.from, now, own);
  // A signature takes longer than the time that it is to vouch for may be off: that is read when it is made.
  ticket?.prepare?.();
  if (answering.waiting.length >= WAITING_AT_MOST) return;
  const source = own === undefined ? {} : { from: own };
  const kept = { reply: keepReply(server.reply), socket: event.socket, to: event.from, ...source };
  const reply = { at: after(now.mono, delay), ...kept };
  const place = answering.waiting.findLastIndex(({ at }) => at <= reply.at) + 1;
  answering.waiting.splice(place, 0, reply);
  state.deadlines.set(TIMER.replies, answering.waiting[0]!.at);
}

/** A control query. Its answer may be longer than it is: whoever answers sees to it that nobody else gets it. */
function answerQuery(state: State, server: NtpServer, event: Datagram, now: Now): void {
  const { control } = state.surroundings;
  if (control === undefined || event.cast !== "unicast") return;
  const { socket, from: to } = event;
  const from = event.to === undefined ? {} : { from: event.to.ip };
  const queried = { access: server.settings.access, view: () => controlView(state, server, now.clock, now) };
  for (const bytes of control.respond(event.bytes, to, queried, now)) state.send({ socket, to, ...from, bytes });
}

/** Sends one reply whose delay is over; each has a reading of its own for T3. */
export function sendWaiting(state: State, now: Now): void {
  const { answering } = state.serving;
  if (answering === null) return;
  const [next] = answering.waiting;
  if (next !== undefined && next.at <= now.mono) {
    answering.waiting.shift();
    send(state, next.reply, next.socket, next.to, now, next.from);
  }
  state.deadlines.set(TIMER.replies, answering.waiting[0]?.at ?? null);
}

/** What the server tells is what the system knows. */
export function publishSystem(state: State, now: Now): void {
  noteWhenSet(state, now);
  reviseSmear(state, now);
  state.serving.answering?.server.update(followedSystem(state), now);
}

/** What this host says of its clock: the system variables as they are by now, or what it falls back on without a source. */
function servedSystem(state: State, now: Now): ServedVariables {
  const variables = agedSystem(state, now);
  const { serving } = state.config;
  if (serving === null) return variables;
  const lostFor = Math.max(now.mono - (state.lostAt ?? now.mono), 0);
  return servedVariables(variables, serving.fallbacks, lostFor, now.clock);
}

/** Since it was judged, root dispersion has grown by PHI (RFC 5905 A.5.6.1 clock_adjust). */
function agedSystem(state: State, now: Now): ServedVariables {
  const variables = followedSystem(state);
  if (variables.leap === "unsynchronized") return variables;
  const age = Math.max(elapsed(state.judgedAt, now.mono), 0);
  return { ...variables, rootDispersion: variables.rootDispersion + state.config.limits.phi * age };
}

/** INIT, for a clock that was never synchronized (RFC 5905 figure 13). */
const INIT = 0x494e_4954;

/**
 * What our packets say of our own clock: the system variables as header fields (RFC 5905 §11.1; peers, broadcasts, solicitations).
 * Stratum 16 is 0 on the wire.
 */
export function systemHeader(state: State, now: Now): SystemHeader {
  const { leap, stratum, referenceId, reference, rootDelay, rootDispersion } = servedSystem(state, now);
  const { precision } = state.config;
  if (stratum >= MAXSTRAT)
    return { leap: "unsynchronized", stratum: 0, precision, rootDelay, rootDispersion, referenceId: INIT, reference };
  return { leap, stratum, precision, rootDelay, rootDispersion, referenceId, reference };
}

/**
 * The system variables with a reference timestamp of our own: when the clock was last set or corrected (RFC 5905 §7.3; A.5.5.4
 * hands the system peer's on, by which all that follow one server would look like one).
 */
function followedSystem({ opinion: { variables }, clock: { setAt } }: State): ServedVariables {
  return setAt === null || variables.leap === "unsynchronized" ? variables : { ...variables, reference: setAt.clock };
}

/** The clock is as good as the system peer's last sample: that is when it was set. */
function noteWhenSet(state: State, now: Now): void {
  const { estimate } = state.opinion;
  const sampled = estimate === null ? undefined : state.roster.get(estimate.peer)?.filter.estimate?.at;
  if (sampled === undefined || sampled === state.clock.setAt?.at) return;
  state.clock.setAt = { at: sampled, clock: shift(now.clock, sampled - now.mono) };
}

function send(state: State, reply: Reply, socket: SocketToken, to: Address, now: Now, from?: string): void {
  const clock = now.clock;
  const length = state.serving.answering!.server.complete(reply, upperWord(clock), lowerWord(clock));
  if (length === 0) return;
  const origin = from === undefined ? {} : { from };
  state.send({ socket, to, ...origin, bytes: reply.bytes.slice(0, length) });
}

/** The system variables are new: the server may have another leap second to smear. */
function reviseSmear(state: State, now: Now): void {
  const server = state.serving.answering?.server;
  if (server === undefined) return;
  const { settings } = server;
  const smear = announcedSmear(state, settings.smear, now);
  if (smear?.at !== settings.smear?.at || smear?.leap !== settings.smear?.leap)
    server.configure({ ...settings, smear });
}

/**
 * Which leap second is smeared for clients: the one the configuration names, which a list has announced; or, where there is no list,
 * the one that most servers announce, at the end of the month (`leapsmearinterval`, as ntpd's).
 */
function announcedSmear({ config, opinion, clock: { era } }: State, before: Smear | null, now: Now): Smear | null {
  const { serving, leaps } = config;
  if (serving === null) return null;
  const { smear, smearInterval } = serving;
  if (smear !== null || smearInterval === 0 || leaps !== null) return configuredSmear(serving);
  const { leap } = opinion.variables;
  // Who has lost all servers stays with what was known before.
  if (leap === "unsynchronized" || leap === "none") return leap === "none" ? null : before;
  const at = Number(endOfMonth(now.clock, era.pivot) + UNIX_EPOCH);
  return smearOf({ ...NTPD_SMEAR, at, leap, interval: smearInterval });
}

/** The leap second that the configuration names. */
function configuredSmear({ smear }: ServingConfig): Smear | null {
  return smear === null ? null : smearOf(smear);
}

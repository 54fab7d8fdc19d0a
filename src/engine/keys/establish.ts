/**
 * Keys for those who are asked under NTS (RFC 8915): they are established before anything is asked, and anew when the cookies are
 * used up or the server knows them no more. Whatever fails, nothing is asked without them: there is no way from here to time that
 * nobody vouches for.
 *
 * ```text
 *  poll ─► awaitKeys ─► establish ─┬─► established ──────────────► asked at the server negotiated
 *                ▲                 ├─► established, named ─► resolve ─┘
 *                └── backoff ◄─────┴─► notEstablished ─► another address of its name, or given up
 * ```
 */
import type { Association } from "../../association/association.ts";
import { excuse, giveUp, onKeys, onNoKeys } from "../../association/life.ts";
import { leastSpacing, onLapse, pollAt } from "../../association/poll.ts";
import { after, elapsed } from "../../time/mono.ts";
import type { Mono } from "../../time/mono.ts";
import type { AssociationConfig } from "../../association/template.ts";
import type { Now } from "../../time/now.ts";
import { family, isSameAddress } from "../../wire/address.ts";
import type { Address } from "../../wire/address.ts";
import { onCertain } from "../finding/candidate.ts";
import { recallServer } from "../finding/associate.ts";
import type { HandshakeToken } from "../port/action.ts";
import { ESTABLISH_FAULTS } from "../port/establish.ts";
import type { EstablishFault } from "../port/establish.ts";
import type { Event, HostFault } from "../port/event.ts";
import type { State } from "../state.ts";
import { isOut, retryInterval, withdraw } from "./keys.ts";
import type { Given, KeyExchange, Reduction } from "./keys.ts";

/** An association will need keys. Its name's addresses are those of key establishment: which one it asks is negotiated. */
export function prepareKeys(state: State, { id, security }: Association, places: readonly Address[]): void {
  if (security.keying === undefined) return;
  state.keys.set(id, {
    id,
    places: [...places],
    token: null,
    named: null,
    attempts: 0,
    notBefore: -Infinity as Mono,
    wanted: false,
    since: null,
    server: null,
    from: null,
    until: null,
    kept: "untried",
    shortest: false,
    reduced: null,
    fault: null,
  });
}

/**
 * An association is about to ask: has it the keys to?
 * @returns true if it has to wait for them; the moment is not lost, or is planned anew
 */
export function awaitKeys(state: State, association: Association, now: Now): boolean {
  const { keying } = association.security;
  const exchange = state.keys.get(association.id);
  if (keying === undefined || exchange === undefined) return false;
  const isShorter = state.config.once === null && !isOut(exchange) && turnToShorter(association, exchange);
  if (!keying.needsKeys && !isShorter) return false;
  if (state.config.once !== null) return awaitKeysOnce(state, association, exchange, now);
  exchange.wanted = true;
  if (!isOut(exchange) && exchange.notBefore <= now.mono) begin(state, association, exchange, now);
  // It said that it knows them no more: whether that was true, the next answer shows (RFC 8915 §5.7).
  if (keying.cookies > 0) return false;
  onLapse(association, now.mono, state.rulesFor(association));
  return true;
}

/** A run that ends by itself waits for its keys; that they are refused as soon as they are there, it does not try to mend. */
function awaitKeysOnce(state: State, association: Association, exchange: KeyExchange, now: Now): true {
  pollAt(association, null);
  if (isOut(exchange)) return true;
  if (exchange.notBefore <= now.mono) begin(state, association, exchange, now);
  else giveUp(association, "authentication");
  return true;
}

/** Begins the handshakes whose time has come. */
export function establishWanted(state: State, now: Now): void {
  for (const exchange of state.keys.values()) {
    const association = state.roster.get(exchange.id);
    if (association === undefined || !exchange.wanted || isOut(exchange) || exchange.notBefore > now.mono) continue;
    begin(state, association, exchange, now);
  }
}

/** A handshake begins; the next one may only after a while, for it may be that its keys are refused (RFC 8915 §5.7). */
function begin(state: State, association: Association, exchange: KeyExchange, now: Now): void {
  const [place] = exchange.places;
  if (place === undefined) return;
  exchange.token = state.nextHandshake();
  exchange.wanted = false;
  exchange.attempts += 1;
  exchange.notBefore = after(now.mono, retryInterval(exchange.attempts));
  const { name } = association.config;
  state.note({ what: "establishing", id: association.id, name, with: place });
  // What an earlier run left is tried once: whatever is wrong with it, the next keys are new ones.
  const kept = exchange.kept === "untried";
  exchange.kept = "spent";
  const proof = provedBy(association.config);
  state.act({ kind: "establish", token: exchange.token, name: proof, with: place, kept, shortest: exchange.shortest });
}

/** What the certificate must be for of whoever is asked by a line: its name, or the name that who is found must have. */
export function provedBy({ name, certified }: AssociationConfig): string {
  return certified ?? name;
}

/** Somebody has proved who it is, and is followed from now on: the handshake that is over was its own. */
export function adoptHandshake(
  state: State,
  association: Association,
  place: Address,
  token: HandshakeToken,
  now: Now,
): void {
  prepareKeys(state, association, [place]);
  const exchange = state.keys.get(association.id)!;
  exchange.token = token;
  exchange.kept = "spent";
  exchange.attempts = 1;
  exchange.notBefore = after(now.mono, retryInterval(1));
}

/** Keys are there; if the server that they are for has a name, that is looked up first. */
export function onEstablished(state: State, event: Event & { readonly kind: "established" }, now: Now): void {
  const { token, keys, server, port, from = null, until = null, kept } = event;
  const found = exchangeBy(state, (exchange) => exchange.token === token);
  if (found === null) return;
  const { association, exchange } = found;
  exchange.token = null;
  if (kept !== undefined) onKept(exchange, now);
  const given = { keys, since: after(now.mono, -(kept ?? 0)), from, until };
  if (server === null) return takeKeys(state, found, { ip: exchange.places[0]!.ip, port }, null, given, now);
  exchange.named = { server, port, ...given };
  state.note({ what: "resolving", name: server });
  state.act({ kind: "resolve", name: server, family: association.config.family });
}

/** An earlier run has left keys: nobody was asked for any, so whoever is asked next is spared nothing. */
function onKept(exchange: KeyExchange, now: Now): void {
  exchange.kept = "inUse";
  exchange.attempts -= 1;
  exchange.notBefore = now.mono;
}

/** A name has addresses: perhaps a server's that was negotiated. Of the family that its keys were established by, if it has one. */
export function onServerResolved(state: State, name: string, addresses: readonly string[], now: Now): void {
  for (const found of namedSo(state, name)) {
    const { association, exchange } = found;
    const { port, ...given } = exchange.named!;
    exchange.named = null;
    const only = association.config.family;
    const usable = only === null ? addresses : addresses.filter((ip) => family(ip) === only);
    const ip = usable.find((other) => family(other) === family(exchange.places[0]!.ip)) ?? usable[0];
    if (ip === undefined) failed(state, found, "unresolved", name, now);
    else takeKeys(state, found, { ip, port }, name, given, now);
  }
}

/** It has none. */
export function onServerUnresolved(state: State, name: string, now: Now): void {
  for (const found of namedSo(state, name)) {
    found.exchange.named = null;
    failed(state, found, "unresolved", name, now);
  }
}

/** Keys could not be established. */
export function onNotEstablished(state: State, event: Event & { readonly kind: "notEstablished" }, now: Now): void {
  const found = exchangeBy(state, ({ token }) => token === event.token);
  if (found === null) return;
  found.exchange.token = null;
  failed(state, found, event.why, event.detail, now);
}

/** An association is gone, and whatever is out for it is not wanted any more. */
export function forgetKeys(state: State, { id }: Association): void {
  state.faced.delete(id);
  const exchange = state.keys.get(id);
  if (exchange === undefined) return;
  const token = withdraw(exchange);
  if (token !== null) state.act({ kind: "abandon", token });
  state.keys.delete(id);
}

/** An authentic answer has come: the keys are good, and the next handshake waits no longer than a first one (RFC 8915 §4.2). */
export function onKeysProved(state: State, { id, security, address }: Association): void {
  const exchange = security.keying === undefined ? undefined : state.keys.get(id);
  if (exchange === undefined) return;
  exchange.attempts = 0;
  const [place] = exchange.places;
  if (place !== undefined) onCertain(state.finding, place);
  const reduced = reductionOf(security, exchange);
  if (reduced === exchange.reduced) return;
  exchange.reduced = reduced;
  if (reduced !== null) state.note({ what: "reduced", id, address: address!, by: reduced });
}

function reductionOf({ keying }: Association["security"], { shortest }: KeyExchange): Reduction | null {
  return (keying?.reduced ?? null) !== null ? "placeholders" : shortest ? "aead" : null;
}

/**
 * The server whose keys we have stays silent: keys are established with another address of its name.
 * @returns false if there is none left
 */
export function establishElsewhere(state: State, stuck: Association, now: Now): boolean {
  const exchange = state.keys.get(stuck.id);
  if (exchange === undefined || isOut(exchange)) return false;
  // Of the keys of an earlier run nobody has said yet that they are good: new ones first, at the same place.
  if (exchange.kept !== "inUse" && !turnToShorter(stuck, exchange) && !turnToNext(state, exchange)) return false;
  state.closeRequests(stuck);
  pollAt(stuck, null);
  begin(state, stuck, exchange, now);
  return true;
}

/** Perhaps its requests are too long for the way: once, an AEAD with shorter cookies is asked for. @returns false if that is no use */
function turnToShorter({ security: { keying } }: Association, exchange: KeyExchange): boolean {
  if (exchange.shortest || keying?.wantsShorter !== true) return false;
  exchange.shortest = true;
  return true;
}

/** An association and the establishing of its keys. */
interface Found {
  readonly association: Association;
  readonly exchange: KeyExchange;
}

function exchangeBy(state: State, is: (exchange: KeyExchange) => boolean): Found | null {
  for (const exchange of state.keys.values()) {
    const association = is(exchange) ? state.roster.get(exchange.id) : undefined;
    if (association !== undefined) return { association, exchange };
  }
  return null;
}

function namedSo(state: State, name: string): readonly Found[] {
  return [...state.keys.values()].flatMap((exchange): Found[] => {
    const association = exchange.named?.server === name ? state.roster.get(exchange.id) : undefined;
    return association === undefined ? [] : [{ association, exchange }];
  });
}

/** From now on it is asked by these keys, at the server that they are for. */
function takeKeys(
  state: State,
  { association, exchange }: Found,
  address: Address,
  server: string | null,
  { keys, since, from, until }: Given,
  now: Now,
): void {
  const keying = association.security.keying!;
  const planned = keying.cookies === 0 ? null : association.nextPoll;
  keying.establish(keys);
  exchange.fault = null;
  exchange.wanted = false;
  exchange.since = since;
  exchange.server = server;
  exchange.from = from;
  exchange.until = until;
  const { id } = association;
  const kept = exchange.kept === "inUse";
  const by = association.found === null ? {} : { certified: provedBy(association.config) };
  state.note({ what: "established", id, address, server, cookies: keying.cookies, kept, ...by });
  if (association.ended !== null) return;
  if (!settleAt(state, association, address, now)) return;
  // Who was asked a moment ago, and refused, is not asked again at once.
  const pause = association.packets.sent === 0 ? 0 : leastSpacing(association, state.config.burst);
  onKeys(association, planned ?? after(now.mono, pause));
}

/** @returns false if it is not asked there: another association is, or it was told to stay away */
function settleAt(state: State, association: Association, address: Address, now: Now): boolean {
  if (association.address !== null && isSameAddress(association.address, address)) return true;
  if (state.roster.at(address) !== undefined) {
    giveUp(association, "duplicate");
    state.finding.doublesDue = now.mono; // who was found goes
    return false;
  }
  state.closeRequests(association);
  state.roster.move(association, address);
  state.serving.access.admitSource(address.ip);
  recallServer(state, association, address, now);
  state.note({ what: "mobilized", id: association.id, name: association.config.name, address });
  return association.ended === null;
}

/** A one-shot turns to another address of the name, as long as there is one; a daemon tries them in turn, ever more rarely. */
function failed(
  state: State,
  { association, exchange }: Found,
  why: EstablishFault,
  detail: string | null,
  now: Now,
): void {
  // The server's name was negotiated by an earlier run; a new handshake may name another.
  if (exchange.kept === "inUse") return begin(state, association, exchange, now);
  const { once } = state.config;
  const place = exchange.places[0]!;
  const { reason } = ESTABLISH_FAULTS[why];
  exchange.fault = { why, detail };
  // Without a route nobody was asked, and nobody is spared by waiting longer each time.
  if (why === "unreached") exchange.attempts -= 1;
  onNoKeys(association, reason === "authentication" ? reason : (HOST_FAULT[why] ?? null));
  const goesOn = once === null ? turn(exchange) : turnToNext(state, exchange);
  const patience =
    once === null || why !== "unreached" ? 0 : once.waitNetwork - elapsed(state.begun ?? now.mono, now.mono);
  exchange.wanted = once === null;
  const again = once === null ? Math.max(0, exchange.notBefore - now.mono) : goesOn || patience > 0 ? 0 : null;
  state.note({
    what: "notEstablished",
    id: association.id,
    name: association.config.name,
    with: place,
    why,
    detail,
    again,
  });
  if (once === null || association.ended !== null) return;
  if (goesOn) return begin(state, association, exchange, now);
  if (patience <= 0) return giveUp(association, reason);
  // There may be no network yet: nobody was asked too often.
  exchange.notBefore = now.mono;
  excuse(association, after(now.mono, Math.min(patience, state.config.burst.spacing.least)));
}

/** What the network said, where it was the network that said so. */
const HOST_FAULT: Readonly<Partial<Record<EstablishFault, HostFault>>> = {
  refused: "portUnreachable",
  unreached: "noRoute",
};

/** The place that was asked goes to the end. */
function turn(exchange: KeyExchange): boolean {
  exchange.places.push(exchange.places.shift()!);
  return true;
}

/** The place that was asked is not asked again in this run. @returns false if it was the last */
function turnToNext({ config }: State, exchange: KeyExchange): boolean {
  const { places } = exchange;
  if (config.once === null) return places.length > 1 && turn(exchange);
  if (places.length === 1) return false;
  places.shift();
  return true;
}

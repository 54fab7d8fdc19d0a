/** From configured lines to associations: names are looked up, and what they resolve to is mobilized. */
import type { Association } from "../../association/association.ts";
import { symmetricExchange } from "../../association/exchange.ts";
import { askAgainAt, pollAt } from "../../association/poll.ts";
import type { AssociationConfig } from "../../association/template.ts";
import type { Reason } from "../../association/verdict.ts";
import type { Now } from "../../time/now.ts";
import { family } from "../../wire/address.ts";
import type { Address } from "../../wire/address.ts";
import { add, recallServer } from "./associate.ts";
import { startBroadcaster } from "../serving/broadcaster.ts";
import { PASSING } from "../port/event.ts";
import type { ResolveFault } from "../port/event.ts";
import { startSolicitor } from "./manycast.ts";
import type { Lookup } from "./names.ts";
import { demobilize } from "./prune.ts";
import { establishElsewhere, prepareKeys } from "../keys/establish.ts";
import { onPoolResolved, startPool } from "./pool.ts";
import { entriesOf, isProven } from "../memory/remembered.ts";
import type { State } from "../state.ts";

/** Every configured line is taken up: most want their name looked up first. */
export function mobilizeConfigured(state: State, now: Now): void {
  for (const config of state.config.associations) mobilizeLine(state, config, now);
  state.unjudged = true;
}

/** One line is taken up. What is known of its name already is taken as it is. */
export function mobilizeLine(state: State, config: AssociationConfig, now: Now): void {
  if (config.burst && config.maxpoll < BURST_MAXPOLL)
    state.note({ what: "burst", name: config.name, maxpoll: config.maxpoll });
  if (config.kind === "broadcastClient") return; // a template for what arrives
  if (config.kind === "broadcast") return startBroadcaster(state, config, now);
  if (isDrawn(state, config)) startPool(state, config, now);
  const { lookup, isNew } = state.finding.names.want(config);
  if (isNew) lookUp(state, lookup);
  else if (!lookup.asking && lookup.addresses !== null) mobilizeName(state, config, lookup.addresses, now);
}

/** Looks up at once what could not be looked up before: perhaps it can be now. */
export function retryFailed(state: State): void {
  for (const lookup of state.finding.names.restart()) lookUp(state, lookup);
}

/** Asks again for the names that are due. */
export function retryNames(state: State, now: Now): void {
  for (const lookup of state.finding.names.due(now.mono)) lookUp(state, lookup);
}

/** A name has addresses: mobilizes what waits for them. */
export function onResolved(state: State, name: string, addresses: readonly string[], now: Now): void {
  for (const lookup of state.finding.names.awaiting(name)) {
    const usable = lookup.family === null ? addresses : addresses.filter((ip) => family(ip) === lookup.family);
    if (usable.length === 0) {
      lookupFailed(state, lookup, lookup.family === null ? "notFound" : "otherFamily", now);
      continue;
    }
    lookup.addresses = usable;
    lookup.asking = false;
    lookup.fault = null;
    state.note({ what: "resolved", name, addresses: usable });
    for (const config of lookup.waiting) mobilizeName(state, config, usable, now);
  }
}

/** A name has none, or not now. */
export function onUnresolved(state: State, name: string, why: ResolveFault, now: Now): void {
  for (const lookup of state.finding.names.awaiting(name)) lookupFailed(state, lookup, why, now);
}

/** The run ends while names are still being looked up, or are to be once more: the report has to say whose. */
export function giveUpNames(state: State, now: Now): void {
  for (const lookup of state.finding.names) {
    if (!lookup.asking && lookup.retryAt === null) continue;
    if (lookup.asking) {
      lookup.asking = false;
      lookup.fault = "silent";
      state.note({ what: "unresolved", name: lookup.name, why: "silent" });
    }
    for (const config of lookup.waiting) if (lookup.addresses === null) stand(state, config, now);
  }
}

/**
 * Tries another of a stuck association's addresses: what a name gives beyond the first draw replaces what stays silent.
 * @param otherFamily one of the other family first: this one is silent, perhaps because the network has no such family
 * @returns false if there is none left
 */
export function fallBack(state: State, stuck: Association, now: Now, otherFamily: boolean): boolean {
  const current = stuck.address;
  if (current === null) return false;
  if (stuck.security.keying !== undefined) return establishElsewhere(state, stuck, now);
  const free = stuck.alternatives.filter((address) => state.roster.at(address) === undefined);
  const other = otherFamily ? free.find(({ ip }) => family(ip) !== family(current.ip)) : undefined;
  const next = other ?? free[0];
  if (next === undefined) return false;
  state.closeRequests(stuck);
  state.roster.move(stuck, next);
  recallServer(state, stuck, next, now);
  pollAt(stuck, stuck.ended === null ? now.mono : null);
  state.note({ what: "mobilized", id: stuck.id, name: stuck.config.name, address: next });
  return true;
}

/** `burst` sends eight packets a poll: only where polls are as rare as this is that no burden (seed 000). */
const BURST_MAXPOLL = 10;

/** A one-shot takes what a pool gives; the daemon draws its servers one by one. */
function isDrawn(state: State, { kind }: AssociationConfig): boolean {
  return kind === "pool" && state.config.once === null;
}

function lookUp(state: State, lookup: Lookup): void {
  state.note({ what: "resolving", name: lookup.name });
  state.act({ kind: "resolve", name: lookup.name, family: lookup.family });
}

/**
 * While there is patience left and the cause may pass, a failed lookup is repeated; else, and in a run that goes on, the report has
 * to say so. A pool that gives nothing is asked at its own intervals.
 */
function lookupFailed(state: State, lookup: Lookup, why: ResolveFault, now: Now): void {
  const { once } = state.config;
  const drawn = lookup.waiting.length > 0 && lookup.waiting.every((config) => isDrawn(state, config));
  const patience = once !== null ? once.waitNetwork : drawn && !PASSING.has(why) ? 0 : Infinity;
  const isNews = lookup.fault !== why;
  const again = state.finding.names.failed(lookup, why, now.mono, state.begun ?? now.mono, patience);
  if (isNews || !again) state.note({ what: "unresolved", name: lookup.name, why });
  if (again && once !== null) return;
  for (const config of lookup.waiting) {
    const remembered =
      once === null || why === "notFound" || why === "noAddress" ? [] : rememberedAddresses(state, config);
    if (remembered.length > 0) mobilizeName(state, config, remembered, now);
    else if (!isDrawn(state, config)) stand(state, config, now);
    else if (!again) onPoolResolved(state, config, [], now);
  }
}

/** Where names cannot be looked up, the servers that an earlier run found under them are as good as ever. */
function rememberedAddresses(state: State, config: AssociationConfig): readonly string[] {
  return entriesOf(state, config)
    .filter(({ header }) => header !== null)
    .map(({ ip }) => ip);
}

/** Holds the place of a line whose name has no address. */
function stand(state: State, config: AssociationConfig, now: Now): void {
  if (placeOf(state, config) === undefined) mobilize(state, config, null, [], "unresolved", now);
}

function placeOf(state: State, config: AssociationConfig): Association | undefined {
  for (const association of state.roster)
    if (association.config === config && association.address === null) return association;
  return undefined;
}

/**
 * A line's name has addresses. A server takes the first and keeps the others to fall back on; a pool takes as many of
 * the first one's family as are wanted at once, since two families are often one machine.
 */
function mobilizeName(state: State, config: AssociationConfig, addresses: readonly string[], now: Now): void {
  const all = addresses.map((ip): Address => ({ ip, port: config.port }));
  const place = placeOf(state, config);
  if (place !== undefined) state.roster.remove(place);
  if (config.kind === "manycast") {
    startSolicitor(state, config, addresses[0]!, now);
    return;
  }
  if (isDrawn(state, config)) {
    onPoolResolved(state, config, addresses, now);
    return;
  }
  if (config.kind !== "pool") {
    mobilize(state, config, all[0]!, all.slice(1), null, now);
    return;
  }
  const members = membersOf(state, config, all);
  const spare = all.filter(({ ip }) => !members.some((member) => member.ip === ip));
  for (const [index, member] of members.entries()) {
    // The spare addresses are dealt out, so that no two members fall back on the same one.
    const share = spare.filter((_, place) => place % members.length === index);
    mobilize(state, config, member, share, null, now);
  }
}

/**
 * The members of a pool to ask: those that have proved good before others that its name gives now, and one family before the
 * other, since one server may have an address of each.
 */
function membersOf(state: State, config: AssociationConfig, all: readonly Address[]): readonly Address[] {
  const proven = entriesOf(state, config)
    .filter(isProven)
    .map(({ ip, port }): Address => ({ ip, port }));
  const first = family((proven[0] ?? all[0]!).ip);
  const members = [...proven, ...all.filter(({ ip }) => !proven.some((member) => member.ip === ip))];
  const allowed = members.filter(({ ip }) => config.family === null || config.family === family(ip));
  const [preferred, other] = [
    allowed.filter(({ ip }) => family(ip) === first),
    allowed.filter(({ ip }) => family(ip) !== first),
  ];
  return [...preferred, ...other].slice(0, state.config.poolSize);
}

/** Whether somebody has an address already. Whom a daemon has found makes way for who is named: one who was named does not go. */
function isTaken(state: State, { kind }: AssociationConfig, address: Address, now: Now): boolean {
  const there = state.roster.at(address);
  if (there === undefined) return false;
  if (state.config.once !== null || kind === "pool" || there.lifetime === "persistent") return true;
  demobilize(state, there, "duplicate", now);
  return false;
}

/** Mobilizes an association; one that cannot be asked is mobilized all the same, so that the report can say why. */
function mobilize(
  state: State,
  config: AssociationConfig,
  address: Address | null,
  alternatives: readonly Address[],
  ended: Reason | null,
  now: Now,
): void {
  const peer = config.kind === "peer";
  const own = peer ? { exchange: symmetricExchange() } : {};
  const duplicate = address !== null && isTaken(state, config, address, now);
  const mayGo = config.kind === "pool" || (config.preempt === true && state.config.once === null);
  const lifetime = mayGo ? "preemptable" : "persistent";
  const fresh = add(state, config, peer ? "symmetricActive" : "client", lifetime, address, {
    // Where keys are established nobody is asked for the time.
    alternatives: config.nts === true ? [] : alternatives,
    ended: duplicate ? "duplicate" : ended,
    ...own,
  });
  if (address !== null) prepareKeys(state, fresh, [address, ...alternatives]);
  if (address === null || fresh.ended !== null) return;
  recallServer(state, fresh, address, now);
  if (fresh.ended !== null) return;
  askAgainAt(fresh, now.mono);
}

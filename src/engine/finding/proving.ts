/**
 * Found, then proved, then followed: where a group or a pool is under Network Time Security, a handshake with whoever is found comes
 * before everything else. What its packets say of the time is not believed, and there is no association before it has keys.
 *
 * ```text
 *  drawn, answered or broadcast ─► prove ─► establish ─┬─► established ─► admitted, and asked by these keys (keys/establish.ts)
 *                                                      └─► notEstablished ─► told why; left alone for a while
 * ```
 */
import { pollAt } from "../../association/poll.ts";
import type { AssociationConfig } from "../../association/template.ts";
import { after } from "../../time/mono.ts";
import type { Now } from "../../time/now.ts";
import { isSameAddress } from "../../wire/address.ts";
import type { Address } from "../../wire/address.ts";
import { KE_PORT } from "../../wire/ntske.ts";
import { adoptHandshake, prepareKeys, provedBy } from "../keys/establish.ts";
import type { HandshakeToken } from "../port/action.ts";
import type { EstablishFault } from "../port/establish.ts";
import type { Event } from "../port/event.ts";
import type { State } from "../state.ts";
import { admit, assess, listUnproved, refuseUnasked } from "./admit.ts";
import type { Admission, Arrival, Newcomer } from "./admit.ts";
import { add, recallServer } from "./associate.ts";
import { isDoubtful, onDoubt, takeProof } from "./candidate.ts";
import type { Candidate } from "./candidate.ts";
import { heldCount } from "./prune.ts";

/** The line of who was found by a group: a server, by its address, which establishes keys at the usual port. */
export function lineOfFound(line: AssociationConfig, { ip }: Address): AssociationConfig {
  return { ...line, kind: "server", name: ip, port: KE_PORT, key: null, iburst: true };
}

/**
 * Somebody was heard who says that he has the time: keys are established with him first, if he may come in at all.
 * @returns what was made of his packet; `null`: it is known that he is there
 */
export function proveHeard(
  state: State,
  line: AssociationConfig,
  arrival: Arrival,
  newcomer: Newcomer,
  now: Now,
): Admission["kind"] | null {
  const { from } = arrival.datagram;
  const place = { ip: from.ip, port: KE_PORT };
  if (followedFrom(state, from) !== undefined || isDoubtful(state.finding, place, now.mono)) return null;
  const admission = assess(state, arrival, newcomer, now);
  if (admission.kind === "refused") refuseUnasked(state, from, admission.test);
  if (admission.kind !== "fit") return admission.kind;
  if (!takeProof(state.finding, now.mono)) return null;
  prove(state, { place, line, heard: { arrival, newcomer } }, newcomer.config);
  return "added";
}

/** A handshake with a candidate begins. */
export function prove(state: State, wanted: Omit<Candidate, "token">, config: AssociationConfig): void {
  const token = state.nextHandshake();
  state.finding.candidates = [...state.finding.candidates, { ...wanted, token }];
  const name = provedBy(config);
  state.note({ what: "establishing", id: null, name, with: wanted.place });
  // Keys that an earlier run has left of a pool's server were established with it; of a stranger it is asked anew who he is.
  const kept = wanted.heard === null;
  state.act({ kind: "establish", token, name, with: wanted.place, kept, shortest: false });
}

/**
 * Keys were established with a candidate, perhaps: then it is followed from now on.
 * @returns the candidate; `null`: they were somebody else's
 */
export function onProved(state: State, token: HandshakeToken, now: Now): Candidate | null {
  const candidate = take(state, token);
  if (candidate === null) return null;
  const { place, line, heard } = candidate;
  const fresh = heard === null ? admitDrawn(state, line, place) : admitHeard(state, heard, now);
  if (fresh === null) return candidate;
  adoptHandshake(state, fresh, place, token, now);
  pollAt(fresh, after(now.mono, state.surroundings.chance.uniform()));
  return candidate;
}

/** They were not. */
export function onUnproved(
  state: State,
  { token, why, detail }: Event & { readonly kind: "notEstablished" },
  now: Now,
): Candidate | null {
  const candidate = take(state, token);
  if (candidate === null) return null;
  const { place, line, heard } = candidate;
  onDoubt(state.finding, place, why, now.mono);
  const name = provedBy(heard?.newcomer.config ?? line);
  state.note({ what: "notEstablished", id: null, name, with: place, why, detail, again: null });
  if (heard !== null) listWithFault(state, heard, place, { why, detail }, now);
  state.unjudged = true;
  return candidate;
}

/** Whoever is followed already who was heard from an address: at that address, or by the keys that were established there. */
export function followedFrom(state: State, from: Address): ReturnType<State["roster"]["at"]> {
  const there = state.roster.at(from);
  if (there !== undefined) return there;
  const place = { ip: from.ip, port: KE_PORT };
  for (const { id, places } of state.keys.values()) {
    const association = state.roster.get(id);
    const isThere = places[0] !== undefined && isSameAddress(places[0], place);
    if (isThere && association?.ended === null) return association;
  }
  return undefined;
}

/** Nobody is asked for a proof any more: the lines have changed, or the run is over. Who is there is found again. */
export function dismissCandidates(state: State): void {
  for (const { token } of state.finding.candidates) state.act({ kind: "abandon", token });
  state.finding.candidates = [];
}

function take(state: State, token: Candidate["token"]): Candidate | null {
  const candidate = state.finding.candidates.find((one) => one.token === token);
  if (candidate === undefined) return null;
  state.finding.candidates = state.finding.candidates.filter((one) => one !== candidate);
  return candidate;
}

/** Others may have been found meanwhile, and there may be enough of them. */
function admitDrawn(state: State, line: AssociationConfig, place: Address): ReturnType<typeof add> | null {
  if (heldCount(state) >= state.config.limits.maxclock || state.roster.at(place) !== undefined) return null;
  return add(state, { ...line, kind: "pool" }, "client", "preemptable", place, {});
}

function admitHeard(
  state: State,
  { arrival, newcomer }: NonNullable<Candidate["heard"]>,
  now: Now,
): ReturnType<typeof add> | null {
  const admission = admit(state, arrival, newcomer, now);
  if (admission.kind !== "added") return null;
  const { fresh } = admission;
  recallServer(state, fresh, arrival.datagram.from, now);
  return fresh;
}

/** A probe lists who was heard and could not prove who he is, and says why not. */
function listWithFault(
  state: State,
  { arrival, newcomer }: NonNullable<Candidate["heard"]>,
  place: Address,
  fault: { readonly why: EstablishFault; readonly detail: string | null },
  now: Now,
): void {
  const listed = listUnproved(state, arrival, newcomer, now);
  if (listed === null) return;
  prepareKeys(state, listed, [place]);
  state.keys.get(listed.id)!.fault = fault;
}

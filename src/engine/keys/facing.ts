/**
 * What Autokey has to know of our side before it seals and opens (RFC 5906 §4): the address that a packet will leave from, which session keys
 * are made of, and what time it is, which signatures say. The route is asked for whenever a dance begins, since after that the server
 * would have none of another address.
 */
import type { Association } from "../../association/association.ts";
import { giveUp } from "../../association/life.ts";
import { onLapse, pollAt } from "../../association/poll.ts";
import type { Now } from "../../time/now.ts";
import { unfold } from "../../time/timestamp.ts";
import { isSameAddress } from "../../wire/address.ts";
import type { Event } from "../port/event.ts";
import type { Moment } from "../../security/security.ts";
import { systemHeader } from "../serving/answering.ts";
import type { State } from "../state.ts";

/**
 * An association is about to ask: is it known from where?
 * @returns true if it has to wait for that
 */
export function awaitRoute(state: State, association: Association, now: Now): boolean {
  const { dancing } = association.security;
  if (dancing === undefined) return false;
  tellTime(state, association, now);
  const begins = dancing.local === null || dancing.report().status === 0;
  // What was just answered is not asked again.
  if (!begins || state.faced.delete(association.id)) return false;
  pollAt(association, null);
  state.act({ kind: "route", to: association.address!, interface: state.config.interface });
  return true;
}

/** It is known now, or there is no way there. */
export function onRouted(state: State, { to, from }: Event & { readonly kind: "routed" }, now: Now): void {
  for (const association of state.roster) {
    const { address, nextPoll, ended, security } = association;
    const waits = nextPoll === null && ended === null && address !== null && isSameAddress(address, to);
    if (security.dancing === undefined || !waits) continue;
    if (from !== null) {
      security.dancing.face(from);
      state.faced.add(association.id);
      pollAt(association, now.mono);
    } else if (state.config.once !== null) giveUp(association, "noRoute");
    else onLapse(association, now.mono, state.rulesFor(association));
  }
}

/** Says what time it is to whoever signs. */
export function tellTime(state: State, { security: { dancing } }: Association, now: Now): void {
  dancing?.tell(momentOf(state, now));
}

/** What time it is to whoever signs. A clock that is set once is synchronized by nobody before that. */
export function momentOf(state: State, now: Now): Moment {
  const unix = Number(unfold(now.clock, state.clock.era.pivot) / 1_000_000_000n);
  // Who trusts its own clock is as good as synchronized: it tells others so.
  return { unix, synchronized: state.config.once === null && systemHeader(state, now).leap !== "unsynchronized" };
}

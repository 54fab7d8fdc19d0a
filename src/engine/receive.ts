/** What comes back: what the verdict on a packet asks of the engine. */
import type { Association } from "../association/association.ts";
import { releaseHeld } from "../association/client.ts";
import type { Reception } from "../association/client.ts";
import { hasLeft } from "../association/exchange.ts";
import { giveUp, measureAnew } from "../association/life.ts";
import { requestLeft } from "../association/request.ts";
import { after } from "../time/mono.ts";
import type { Note } from "./port/note.ts";
import type { Now } from "../time/now.ts";
import type { Seconds } from "../time/seconds.ts";
import { toIso } from "../time/timestamp.ts";
import type { Address } from "../wire/address.ts";
import { kissAction } from "../wire/kiss.ts";
import type { Event } from "./port/event.ts";
import { endVolleyIfOver } from "./finding/broadcast.ts";
import { reward } from "./finding/prune.ts";
import type { State } from "./state.ts";
import { hear, onStepped } from "./clock/steer.ts";
import { loseTrack } from "./memory/unattended.ts";

/** A packet's true moment of leaving is known. */
export function onSent(state: State, event: Event & { readonly kind: "sent" }, now: Now): void {
  const departure = state.departures.get(event.token);
  if (departure !== undefined) {
    hasLeft(departure, event.at);
    state.departures.delete(event.token);
    return;
  }
  const sender = state.roster.asking(event.token);
  const request = sender?.requests.find(({ token }) => token === event.token);
  if (sender === undefined || request === undefined) return;
  requestLeft(request, event.at, event.stamp);
  const reception = releaseHeld(sender, request, now, state.rulesFor(sender));
  if (reception === null) return;
  state.close(sender, request);
  onReception(state, sender, reception, now);
}

/** The peer process has judged a packet: the engine does what follows from it. */
export function onReception(state: State, from: Association, reception: Reception, now: Now): void {
  const { id } = from;
  const address = from.address!;
  switch (reception.kind) {
    case "held":
      return;
    case "sample":
      state.note(sampleNote(from, address, reception));
      hear(state, from, reception.sample);
      // Selection will not see it (the prime directive); that it survived still counts.
      if (!reception.fresh && from.reach !== 1) reward(state, from);
      break;
    case "refused":
      state.note({ what: "refused", id, from: address, test: reception.test });
      break;
    case "kiss":
      state.note({ what: "kiss", id, address, code: reception.code });
      if (kissAction(reception.code) === "goAway") rememberKiss(state, address, reception.code, now);
      break;
    case "nak":
      state.note({ what: "refused", id, from: address, test: "authentication" });
      if (state.config.once !== null) giveUp(from, "authentication");
      break;
    case "stepped":
      onSteppedByAnother(state, reception.by, now);
      break;
  }
  if (from.listening?.phase === "volley") endVolleyIfOver(state, from, now);
}

function sampleNote(
  { id, header }: Association,
  address: Address,
  { sample: { offset, delay }, exchange }: Reception & { readonly kind: "sample" },
): Note {
  if (header === null || exchange === undefined) return { what: "sample", id, address, offset, delay };
  return { what: "sample", id, address, offset, delay, raw: { exchange, header } };
}

/** Somebody who sets the clock while the machine sleeps sets it by this at least, seconds. */
const APART: Seconds = 0.005;

/** Somebody else stepped the clock, or it went on while the machine slept: everything measured by it is worth nothing now, and is measured again. */
export function onSteppedByAnother(state: State, by: Seconds, now: Now, slept: Seconds = 0): void {
  if (slept > 0) state.note({ what: "resumed", slept });
  if (Math.abs(by - slept) >= APART) state.note({ what: "clockStepped", by: by - slept, whose: "another" });
  for (const association of state.roster) {
    state.closeRequests(association);
    measureAnew(association, after(now.mono, state.config.burst.spacing.least));
  }
  loseTrack(state, now);
  onStepped(state, by - slept, "another", now);
}

/** A server that sent us away is not asked again by later runs (RFC 5905 §7.4). */
export function rememberKiss(state: State, address: Address, code: string, now: Now): void {
  const others = state.memory.kisses.filter(({ ip, port }) => ip !== address.ip || port !== address.port);
  const at = toIso(now.clock, state.surroundings.era) ?? "";
  state.memory = { ...state.memory, kisses: [...others, { ip: address.ip, port: address.port, code, at }] };
  // Of what was learned besides nothing is said before the end.
  state.act({ kind: "remember", memory: { kisses: state.memory.kisses } });
}

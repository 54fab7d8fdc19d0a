/** What comes back: what the verdict on a packet asks of the engine. */
import type { Association } from "../association/association.ts";
import { releaseHeld } from "../association/client.ts";
import type { Reception } from "../association/client.ts";
import { clearFilter } from "../association/filter.ts";
import { after } from "../time/mono.ts";
import type { Note } from "./port/note.ts";
import type { Now } from "../time/now.ts";
import type { Seconds } from "../time/seconds.ts";
import { toIso } from "../time/timestamp.ts";
import type { Address } from "../wire/address.ts";
import { kissAction } from "../wire/kiss.ts";
import type { Event } from "./port/event.ts";
import { giveUp } from "./finding/associate.ts";
import { endVolleyIfOver } from "./finding/broadcast.ts";
import { reward } from "./finding/prune.ts";
import type { State } from "./state.ts";
import { hear, onStepped } from "./clock/steer.ts";
import { loseTrack } from "./memory/unattended.ts";

/** A packet's true moment of leaving is known. */
export function onSent(state: State, event: Event & { readonly kind: "sent" }, now: Now): void {
  const departure = state.departures.get(event.token);
  if (departure !== undefined) {
    departure.left = event.at;
    departure.measured = true;
    state.departures.delete(event.token);
    return;
  }
  const sender = state.roster.asking(event.token);
  const request = sender?.requests.find(({ token }) => token === event.token);
  if (sender === undefined || request === undefined) return;
  request.origin = event.at;
  request.originStamp = event.stamp;
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
      // Without anything newer to believe selection has nothing new to see (the prime directive), unless it has yet to see this one.
      if (reception.fresh || from.reach === 1 || !isUsed(state, from)) state.changed(from);
      else reward(state, from);
      if (from.listening?.phase === "volley") endVolleyIfOver(state, from, now);
      return state.schedule(from);
    case "refused":
      state.note({ what: "refused", id, from: address, test: reception.test });
      break;
    case "kiss":
      state.note({ what: "kiss", id, address, code: reception.code });
      if (kissAction(reception.code) === "goAway") rememberKiss(state, address, reception.code, now);
      break;
    case "nak":
      state.note({ what: "refused", id, from: address, test: "authentication" });
      if (state.config.once !== null) giveUp(state, from, "authentication");
      break;
    case "stepped":
      onSteppedByAnother(state, reception.by, now);
      break;
  }
  if (from.listening?.phase === "volley") endVolleyIfOver(state, from, now);
  state.schedule(from);
  state.changed(from);
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
    clearFilter(association.filter);
    state.closeRequests(association);
    association.samples = 0;
    association.answers = 0;
    association.unanswered = 0;
    if (association.ended === "complete") association.ended = null;
    if (association.ended === null && association.address !== null)
      association.nextPoll ??= after(now.mono, state.config.burst.spacing.least);
    state.schedule(association);
  }
  loseTrack(state, now);
  onStepped(state, by - slept, "another", now);
  state.unjudged = true;
}

/** A server that sent us away is not asked again by later runs (RFC 5905 §7.4). */
export function rememberKiss(state: State, address: Address, code: string, now: Now): void {
  const others = state.memory.kisses.filter(({ ip, port }) => ip !== address.ip || port !== address.port);
  const at = toIso(now.clock, state.surroundings.era) ?? "";
  state.memory = { ...state.memory, kisses: [...others, { ip: address.ip, port: address.port, code, at }] };
  // Of what was learned besides nothing is said before the end.
  state.act({ kind: "remember", memory: { kisses: state.memory.kisses } });
}

/** Whether selection has use for it: what it had none for may be fit by now, as its dispersion shrinks with every sample. */
function isUsed(state: State, { id }: Association): boolean {
  return (state.opinion.verdicts.get(id)?.verdict ?? "rejected") !== "rejected";
}

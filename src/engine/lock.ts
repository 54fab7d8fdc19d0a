/**
 * The kernel's phase-locked loop at work: what was handed to it trickles into the clock second by second without any doing of
 * ours, so what was measured by the clock is moved along when something is next heard.
 */
import { correctedBy, locked } from "../discipline/corrections.ts";
import { after, elapsed } from "../time/mono.ts";
import type { Mono } from "../time/mono.ts";
import type { Now } from "../time/now.ts";
import type { Seconds } from "../time/seconds.ts";
import type { Event } from "./event.ts";
import { moveAlong } from "./move.ts";
import type { State } from "./state.ts";
import type { Steering } from "./steering.ts";

/** What was measured may lag behind the loop for so long. */
const LAG: Seconds = 1;

/** The kernel has taken a phase into its loop, and says what frequency it makes of it. */
export function onLocked(state: State, event: Event & { readonly kind: "locked" }, now: Now): void {
  const { steering } = state;
  if (steering === null) return;
  steering.awaiting = false;
  keepUp(state, now, 0);
  const { frequency: before } = steering.corrections;
  steering.corrections = locked(steering.corrections, now.mono, event);
  steering.discipline.locked(event.frequency);
  moveAlong(state, 0, event.frequency - before, now);
  steering.movedAt = now.mono;
}

/** Moves what was measured along with what the loop has done meanwhile. */
export function keepUp(state: State, now: Now, lag: Seconds = LAG): void {
  const { steering } = state;
  if (steering === null || steering.corrections.locked === null || now.mono < after(steering.movedAt, lag)) return;
  const trickled = trickledSince(steering, steering.movedAt, now.mono);
  steering.movedAt = now.mono;
  if (trickled !== 0) moveAlong(state, trickled, 0, now);
}

/** What the loop has added to the clock between two moments: all that was done but by frequency and slew. */
function trickledSince({ corrections }: Steering, from: Mono, to: Mono): Seconds {
  const unlocked = { ...corrections, locked: null };
  const by = (moment: Mono): Seconds => correctedBy(corrections, moment) - correctedBy(unlocked, moment);
  return elapsed(from, to) <= 0 ? 0 : by(to) - by(from);
}

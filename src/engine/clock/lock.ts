/** The kernel's phase-locked loop at work: what was handed to it trickles into the clock second by second without any doing of ours. */
import { locked } from "../../discipline/corrections.ts";
import type { Now } from "../../time/now.ts";
import type { Event } from "../port/event.ts";
import { keepUp, moveAlong } from "./move.ts";
import type { State } from "../state.ts";

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

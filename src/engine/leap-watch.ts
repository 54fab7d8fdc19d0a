/** The leap second as it comes: the kernel is told in time, carries it out, and is told that it is over. */
import { dayOf } from "../time/leap.ts";
import { after } from "../time/mono.ts";
import type { Now } from "../time/now.ts";
import type { Seconds } from "../time/seconds.ts";
import { claimLeap } from "./kernel.ts";
import type { State } from "./state.ts";
import { TIMER } from "./timer.ts";

/** The clock may be stepped before the day ends, so it is looked at each hour. */
const LOOK: Seconds = 3600;
/** An inserted second runs after the day's last, and then some: the kernel is left alone meanwhile. */
const OVER: Seconds = 2;

/** Looks whether a leap second is to be told of, or is over, and when to look again. */
export function watchLeaps(state: State, now: Now): void {
  const { steering } = state;
  if (steering === null || steering.config.dryRun) return;
  claimLeap(state, steering, now);
  const { left } = dayOf(now.clock, state.surroundings.era);
  state.deadlines.set(TIMER.leap, after(now.mono, Math.min(LOOK, left + OVER)));
}

/** A step of less than this from one second is one second. */
const NEARLY: Seconds = 0.1;

/** Whether a step that nobody asked for is the leap second that the kernel was told of. */
export function isOwnLeap({ steering, surroundings }: State, by: Seconds, now: Now): boolean {
  const leap = steering?.claimed?.claim.leap ?? "none";
  if (leap === "none" || Math.abs(by - (leap === "insert" ? -1 : 1)) > NEARLY) return false;
  const { left } = dayOf(now.clock, surroundings.era);
  return left <= OVER || left >= 86_400 - LOOK;
}

/** Servers leap with us, so what was measured stays as true as it was; only an exchange that spans the second is worth nothing. */
export function onLeapSecond(state: State, by: Seconds, now: Now): void {
  state.note({ what: "leapSecond", leap: by < 0 ? "insert" : "delete" });
  for (const association of state.roster) {
    state.closeRequests(association);
    if (association.ended === null && association.address !== null) association.nextPoll ??= after(now.mono, state.config.burst.spacing.least);
    state.schedule(association);
  }
}

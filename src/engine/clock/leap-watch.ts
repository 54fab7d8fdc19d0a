/**
 * The leap second as it comes: the kernel is told in time, carries it out, and is told that it is over.
 *
 * While the inserted second runs (TIME_OOP) the clock reads the day's last second a second time. NTP timestamps do the same, so what
 * is measured and served stays right; but a smear must know which of the two it is, and nobody is to take it for a step.
 */
import { askAgainAt, leastSpacing } from "../../association/poll.ts";
import type { KernelClaim } from "../../discipline/claim.ts";
import type { Smear } from "../../server/smear.ts";
import { dayOf, ntpSeconds } from "../../time/leap.ts";
import { after } from "../../time/mono.ts";
import type { Now } from "../../time/now.ts";
import type { Seconds } from "../../time/seconds.ts";
import { claimLeap } from "./kernel.ts";
import type { State } from "../state.ts";
import { TIMER } from "../timer.ts";

/** The clock may be stepped before the day ends, so it is looked at each hour. */
const LOOK: Seconds = 3600;
/** An inserted second runs after the day's last, and then some: the kernel is left alone meanwhile. */
const OVER: Seconds = 2;

/** How soon after it begins a second that is inserted is noticed, where one is to come. */
const NOTICED: Seconds = 0.002;

/** Looks whether a leap second is to be told of, or is over, and when to look again. */
export function watchLeaps(state: State, now: Now): void {
  const { steering } = state.clock;
  if (steering === null && (state.config.leaps?.next ?? null) === null && smearInForce(state) === null) return;
  if (steering !== null) claimLeap(state, steering, now);
  const { left } = dayOf(now.clock, state.clock.era.pivot);
  const later = left > 1 && expectedLeap(state, now) === "insert" ? NOTICED : OVER;
  state.deadlines.set(TIMER.leap, after(now.mono, Math.min(LOOK, left + later)));
}

/** The leap second that is to come at the end of this day, or has just come: the kernel was told of it, or the list says so. */
function expectedLeap(state: State, now: Now): KernelClaim["leap"] {
  const { steering, era } = state.clock;
  const { config } = state;
  const claimed = steering?.claimed?.claim.leap ?? "none";
  if (claimed !== "none") return claimed;
  const unix = ntpSeconds(now.clock, era.pivot);
  const near = (at: number): boolean => at > unix - LOOK && at <= unix + DAY;
  const next = config.leaps?.next ?? null;
  if (next !== null && near(next.at)) return next.leap;
  const smear = smearInForce(state);
  return smear !== null && near(ntpSeconds(smear.at, era.pivot)) ? smear.leap : "none";
}

const DAY: Seconds = 86_400;

function smearInForce({ serving: { answering } }: State): Smear | null {
  return answering?.server.settings.smear ?? null;
}

/** A step of less than this from one second is one second. */
const NEARLY: Seconds = 0.1;

/** Whether a step that nobody asked for is the leap second that the kernel was told of. */
export function isOwnLeap(state: State, by: Seconds, now: Now): boolean {
  const leap = expectedLeap(state, now);
  if (leap === "none" || Math.abs(by - (leap === "insert" ? -1 : 1)) > NEARLY) return false;
  const { left } = dayOf(now.clock, state.clock.era.pivot);
  return left <= OVER || left >= 86_400 - LOOK;
}

/** Servers leap with us, so what was measured stays as true as it was; only an exchange that spans the second is worth nothing. */
export function onLeapSecond(state: State, by: Seconds, now: Now): void {
  state.note({ what: "leapSecond", leap: by < 0 ? "insert" : "delete" });
  state.serving.answering?.server.leapt();
  watchLeaps(state, now);
  for (const association of state.roster) {
    state.closeRequests(association);
    if (association.ended === null && association.address !== null)
      askAgainAt(association, after(now.mono, leastSpacing(association, state.config.burst)));
  }
}

/**
 * Leap seconds: what is announced, and when the kernel is told. What comes of it is in `leap-watch.ts`.
 *
 * ```text
 *  survivors' vote ─┐
 *                   ├─► system variables' leap ─► (last day of the month) ─► kernel ─► the second ─► told that it is over
 *  list ────────────┘
 * ```
 */
import type { KernelClaim } from "../../discipline/claim.ts";
import type { SystemVariables } from "../../system/variables.ts";
import { announcedLeap, dayOf, ntpSeconds } from "../../time/leap.ts";
import type { Now } from "../../time/now.ts";
import type { State } from "../state.ts";
import type { Steering } from "./steering.ts";

/** The system variables with the leap second that is announced: where there is a list, its word and not the vote. */
export function withLeap({ config, clock: { era } }: State, variables: SystemVariables, now: Now): SystemVariables {
  const { leap } = variables;
  return leap === "unsynchronized"
    ? variables
    : { ...variables, leap: announcedLeap(leap, config.leaps, now.clock, era.pivot) };
}

/** What the kernel is to do at the end of this day. Who has lost all servers stays with what was known of it before. */
export function armedLeap({ opinion, clock: { era } }: State, { claimed }: Steering, now: Now): KernelClaim["leap"] {
  const { leap } = opinion.variables;
  if (!dayOf(now.clock, era.pivot).lastOfMonth) return "none";
  return leap === "unsynchronized" ? (claimed?.claim.leap ?? "none") : leap;
}

/** TAI − UTC as the list has it; `null`: there is none. */
export function taiNow({ config, clock: { era } }: State, now: Now): number | null {
  const { leaps } = config;
  if (leaps === null) return null;
  const { next, tai } = leaps;
  return next !== null && ntpSeconds(now.clock, era.pivot) >= next.at ? next.tai : tai;
}

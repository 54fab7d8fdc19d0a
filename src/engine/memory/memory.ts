/** What this room keeps: what an earlier run left, and what this one learns of the clock for the next. */
import { NOTHING } from "../port/memory.ts";
import type { Memory } from "../port/memory.ts";
import type { Learning } from "./unattended.ts";

/** The state of remembering. */
export interface Remembering {
  /** What an earlier run left, with the kisses of this one. */
  kept: Memory;
  /** What a run that does not steer the clock learns of it for the next; `null` where it is steered, or goes on without end. */
  learning: Learning | null;
}

/** Nothing is remembered. */
export function remembering(): Remembering {
  return { kept: NOTHING, learning: null };
}

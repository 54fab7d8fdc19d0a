/** What this room keeps: what was done to the clock in this run, how it is steered, and where it is among the eras. */
import type { Era } from "../../time/era.ts";
import type { Mono } from "../../time/mono.ts";
import type { Frequency, Seconds } from "../../time/seconds.ts";
import type { NtpTimestamp } from "../../time/timestamp.ts";
import type { Surroundings } from "../port/engine.ts";
import type { ClockReason, ClockReport } from "../port/snapshot.ts";
import type { Steering } from "./steering.ts";

/** The state of setting and steering the clock. */
export interface LocalClock {
  readonly correction: Correction;
  /** How the clock is steered; `null` where it is not. */
  steering: Steering | null;
  /** Where the clock is among the eras, steps included. */
  era: Era;
  /** When the clock was last set or corrected: the system peer's last sample, by both clocks; `null`: never. */
  setAt: { readonly at: Mono; readonly clock: NtpTimestamp } | null;
  /** The frequency correction in force at the start, s/s; `null`: unknown. */
  inForce: Frequency | null;
}

/** The one correction of a one-shot, and what a run that steers was refused. */
export interface Correction {
  action: ClockReport["action"];
  applied: boolean;
  reason: ClockReason | null;
  lasting: Seconds | null;
  /** The offset that was refused, and what the clock had been stepped by before; `null`: none was. */
  refused: { readonly offset: Seconds; readonly moved: Seconds } | null;
  /** A correction was asked for and not answered yet. */
  correcting: boolean;
  /** The clock's rate was set, too. */
  frequencySet: boolean;
}

/** Nothing was done to the clock yet. */
export function localClock({ era, earliest }: Surroundings): LocalClock {
  return {
    correction: {
      action: "none",
      applied: false,
      reason: null,
      lasting: null,
      refused: null,
      correcting: false,
      frequencySet: false,
    },
    steering: null,
    era: { pivot: era, earliest: earliest ?? null },
    setAt: null,
    inForce: null,
  };
}

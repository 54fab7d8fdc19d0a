/** What an engine that steered a shadow says, told of the machine's clock, which was left alone. */
import { foretoldEstimate, interrupted, offsetOf } from "../discipline/unattended.ts";
import type { UnattendedClock } from "../discipline/unattended.ts";
import type { Memory } from "../engine/port/memory.ts";
import type { Snapshot } from "../engine/port/snapshot.ts";
import type { Mono } from "../time/mono.ts";
import type { Now } from "../time/now.ts";
import type { Frequency, Seconds } from "../time/seconds.ts";

/** By how much the shadow is ahead of the machine's clock at a moment. */
export type Ahead = (moment: Mono) => Seconds;

/** The end of a one-shot: what it chose to do it has not done. What it measured was measured before. */
export function onceOfMachine(snapshot: Snapshot): Snapshot {
  const { clock } = snapshot;
  if (!clock.applied) return snapshot;
  const { frequency } = clock;
  return {
    ...snapshot,
    clock: {
      ...clock,
      applied: false,
      reason: clock.action === "none" ? clock.reason : "dry-run",
      lasting: null,
      ...(frequency === undefined ? {} : { frequency: frequency && { ...frequency, applied: false } }),
    },
  };
}

/** A daemon's state: offsets are the machine's clock's. */
export function loopOfMachine(snapshot: Snapshot, now: Now, ahead: Ahead): Snapshot {
  const { clock, system, associations, judgedAt } = snapshot;
  const then = ahead(judgedAt ?? now.mono);
  const offset = moved(clock.offset, then);
  const { intersection } = system;
  return {
    ...snapshot,
    at: now.clock,
    clock: {
      ...clock,
      offset,
      direction: offset === null ? null : offset > 0 ? "behind" : offset < 0 ? "ahead" : "exact",
    },
    system: {
      ...system,
      intersection: intersection && { low: intersection.low + then, high: intersection.high + then },
    },
    associations: associations.map((one) => ({ ...one, offset: moved(one.offset, ahead(now.mono)) })),
  };
}

/** What a daemon remembers: offsets of the machine's clock, and the correction that is in force for it. */
export function memoryOfMachine({ kisses, remembered }: Memory, ahead: Seconds, inForce: Frequency): Memory {
  if (remembered === undefined) return { kisses };
  const { associations, clock } = remembered;
  return {
    kisses,
    remembered: {
      associations: associations.map((one) => ({
        ...one,
        samples: one.samples.map((sample) => ({ ...sample, offset: sample.offset + ahead })),
        history: null,
      })),
      clock: clock && clockOfMachine(clock, ahead, inForce),
    },
  };
}

/** What was learned by a shadow counts from the rate at which the machine's clock runs; its log is of no other clock. */
function clockOfMachine(clock: UnattendedClock, ahead: Seconds, inForce: Frequency): UnattendedClock {
  const { oscillator, corrections } = interrupted(clock, 0);
  const now = foretoldEstimate(clock);
  return {
    ...clock,
    oscillator: { ...oscillator, frequency: oscillator.frequency + inForce },
    estimate: now && { ...now, phase: offsetOf(clock)! + ahead, frequency: now.frequency + inForce },
    corrections: { ...corrections, frequency: inForce },
  };
}

function moved(offset: Seconds | null, ahead: Seconds): Seconds | null {
  return offset === null ? null : offset + ahead;
}

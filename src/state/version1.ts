/**
 * State files of version 1, which kept a clock estimate of the one-shot's own: what it knew of oscillator and phase is taken over,
 * once; the next file is written as all are.
 */
import { isRecord } from "./checks.ts";

type Document = Readonly<Record<string, unknown>>;

/** What a file of version 1 remembered, as it would be written today; whether it is sound is seen by whoever reads that. */
export function takenOver(document: unknown): unknown {
  if (!isRecord(document)) return document;
  const { associations, clock } = document;
  return {
    ...document,
    associations: Array.isArray(associations)
      ? associations.map((entry: unknown) => (isRecord(entry) ? { ...entry, history: null } : entry))
      : associations,
    clock: isRecord(clock) ? clockOf(clock) : clock,
  };
}

/** Its moments were ages, and its phase was without what a slew had yet to add. */
function clockOf({ age, frequency, frequencyVariance, wander, inForce, phase, gliding, runs }: Document): Document {
  const { left, lasting } = isRecord(gliding) ? gliding : { left: 0, lasting: 0 };
  const slew = gliding === null ? [] : [{ rate: Number(left) / Number(lasting), until: lasting }];
  return {
    age,
    oscillator: { frequency, variance: frequencyVariance },
    wander,
    estimate: isRecord(phase)
      ? {
          at: 0,
          phase: Number(phase["offset"]) + Number(left),
          frequency,
          phaseVariance: phase["variance"],
          covariance: phase["covariance"],
          frequencyVariance,
        }
      : phase,
    corrections: { at: 0, total: 0, frequency: inForce, slew, second: null, locked: null },
    runs,
  };
}

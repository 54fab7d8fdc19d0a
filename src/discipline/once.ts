/** The one-shot's decision: whether to touch the clock, and how (RFC 5905 §11.3, STEPT and PANICT; ntpd -q, ntpdate). */
import type { Frequency, Seconds } from "../time/seconds.ts";
import type { StepLimits } from "./limits.ts";

/** What to do about an offset. */
export interface Correction {
  /** `none`: the clock is exact, or nobody can say that it is wrong. */
  readonly action: "none" | "step" | "slew" | "refused";
  /**
   * Why it was refused: beyond the panic threshold, or beyond the largest step allowed. Why nothing is done: the step would be no larger
   * than what the offset may be wrong by.
   */
  readonly reason: "panic" | "max-step" | "uncertain" | null;
  /** Where the local clock stands: `behind` when the offset is positive. */
  readonly direction: "behind" | "ahead" | "exact";
}

/** The rate at which adjtime() and ADJ_OFFSET_SINGLESHOT let the clock glide: 500 ppm in every kernel in use, 1 s in 2000 s. */
export const KERNEL_SLEW_RATE: Frequency = 500e-6;

/**
 * Decides on one correction. Limits come before preferences: an offset beyond them is refused, whether it would be stepped or
 * slewed. The clock is stepped within the offset's own error only where that is asked for (`--step`).
 * @param offset server − local, finite
 * @param uncertainty how far the offset may be wrong, seconds
 */
export function decideCorrection(offset: Seconds, limits: StepLimits, uncertainty: Seconds): Correction {
  if (!Number.isFinite(offset)) throw new RangeError(`correction: the offset ${offset} is not a number of seconds`);
  const distance = Math.abs(offset);
  const direction = offset > 0 ? "behind" : offset < 0 ? "ahead" : "exact";
  if (direction === "exact") return { action: "none", reason: null, direction };
  if (distance > limits.panic) return { action: "refused", reason: "panic", direction };
  const most = direction === "behind" ? limits.maxStep.forward : limits.maxStep.backward;
  if (distance > most) return { action: "refused", reason: "max-step", direction };
  const byThreshold = distance < limits.stepThreshold ? "slew" : "step";
  if (limits.method === "auto" && byThreshold === "step" && distance <= uncertainty)
    return { action: "none", reason: "uncertain", direction };
  return { action: limits.method === "auto" ? byThreshold : limits.method, reason: null, direction };
}

/**
 * How long a slew takes.
 * @param offset seconds, of either sign
 * @param rate seconds a second, above zero
 */
export function slewLasting(offset: Seconds, rate: Frequency = KERNEL_SLEW_RATE): Seconds {
  return Math.abs(offset) / rate;
}

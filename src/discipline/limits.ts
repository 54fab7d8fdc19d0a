/** How far and how the one-shot may move the clock. */
import type { Seconds } from "../time/seconds.ts";

/** Limits and preferences of one correction. */
export interface StepLimits {
  /** Slew below, step from here on, seconds (`--step-threshold`, RFC 5905 STEPT .128). */
  readonly stepThreshold: Seconds;
  /** Refuse beyond, seconds; `Infinity`: never (`--panic`, RFC 5905 PANICT 1000). */
  readonly panic: Seconds;
  /** Largest step forward and backward, seconds; `Infinity`: no limit (`--max-step`). */
  readonly maxStep: { readonly forward: Seconds; readonly backward: Seconds };
  /** `auto`: by the threshold; else always the one (`--step`, `--slew`). */
  readonly method: "auto" | "step" | "slew";
}

/** RFC 5905 §11.3 figure 27 (STEPT, PANICT). */
export const DEFAULT_STEP_LIMITS: StepLimits = {
  stepThreshold: 0.128,
  panic: 1000,
  maxStep: { forward: Infinity, backward: Infinity },
  method: "auto",
};

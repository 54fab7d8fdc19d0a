/** How far and how the clock may be moved. */
import type { Seconds } from "../time/seconds.ts";
import { DISCIPLINE } from "./constants.ts";

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

/** Beyond these an offset is stepped, seconds above zero; `Infinity`: none is. They differ where `tinker stepfwd` and `stepback` do. */
export interface StepThreshold {
  /** Of a clock that is behind. */
  readonly forward: Seconds;
  /** Of a clock that is ahead. */
  readonly backward: Seconds;
}

/** Whether an offset, server − local, is beyond its threshold. */
export function isBeyond(offset: Seconds, { forward, backward }: StepThreshold): boolean {
  return offset > forward || -offset > backward;
}

/** The standard's thresholds (RFC 5905 §11.3 figure 27), and no limit on steps. */
export const DEFAULT_STEP_LIMITS: StepLimits = {
  stepThreshold: DISCIPLINE.stepThreshold,
  panic: DISCIPLINE.panic,
  maxStep: { forward: Infinity, backward: Infinity },
  method: "auto",
};

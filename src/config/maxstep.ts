/** `--max-step forward=…,backward=…`: how far the clock may be stepped each way. */
import type { Seconds } from "../time/seconds.ts";
import { didYouMean } from "./suggest.ts";
import { UsageError } from "./usage.ts";
import { parseDuration } from "./values.ts";

/** The largest steps, seconds; `Infinity`: no limit. */
export interface MaxStep {
  readonly forward: Seconds;
  readonly backward: Seconds;
}

const WAYS = ["forward", "backward"] as const;

/**
 * Reads the limits; a way that is not named has none.
 * @throws UsageError
 */
export function parseMaxStep(text: string): MaxStep {
  const limits: { -readonly [K in keyof MaxStep]: MaxStep[K] } = { forward: Infinity, backward: Infinity };
  for (const part of text.split(",")) {
    const [name, value, ...more] = part.split("=");
    const way = WAYS.find((known) => known === name);
    if (way === undefined || value === undefined || more.length > 0) {
      const hint = value !== undefined && way === undefined ? didYouMean(name!, WAYS) : null;
      throw new UsageError(
        `--max-step: "${part}" is not a limit`,
        hint ?? "write it as forward=1h,backward=10m, or one of the two",
      );
    }
    limits[way] = parseDuration(value, `--max-step ${way}`, { infinite: true });
  }
  return limits;
}

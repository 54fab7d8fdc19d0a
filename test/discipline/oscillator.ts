/** Samples of a server by a clock that is known: what the parts of the discipline are tested on. */
import type { KeptSample } from "../../src/discipline/history.ts";
import { createChance } from "../../src/sim/chance.ts";
import type { Mono } from "../../src/time/mono.ts";

/** What is measured, and how. */
export interface Measured {
  readonly seed?: string | number;
  readonly count?: number;
  /** Seconds between two samples. */
  readonly interval?: number;
  /** s/s per √s */
  readonly wander?: number;
  /** Frequency error of the clock at the beginning; the phase of the server grows by as much less. */
  readonly frequency?: number;
  /** One way of the path, seconds, and the mean of its queue. */
  readonly delay?: number;
  readonly queue?: number;
}

/** A sample, and what the phase truly was. */
export interface TrueSample extends KeptSample {
  readonly truth: number;
}

/** Samples of a perfect server. */
export function measured({
  seed = 1,
  count = 64,
  interval = 256,
  wander = 1e-9,
  frequency = 30e-6,
  delay = 0.01,
  queue = 0.001,
}: Measured = {}): TrueSample[] {
  const chance = createChance(`measured ${seed}`);
  const samples: TrueSample[] = [];
  let truth = 0.01;
  let rate = -frequency;
  for (let index = 0; index < count; index++) {
    const [out, back] = [queue * chance.exponential(), queue * chance.exponential()];
    samples.push({
      at: (1000 + index * interval) as Mono,
      phase: truth + (out - back) / 2,
      delay: 2 * delay + out + back,
      dispersion: 1e-6,
      truth,
    });
    for (let second = 0; second < interval; second++) {
      truth += rate;
      rate += wander * chance.gaussian();
    }
  }
  return samples;
}

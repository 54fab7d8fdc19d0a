/** What many runs of one world come to: quantiles of what became of each host. */
import type { Seconds } from "../time/seconds.ts";
import type { HostResult, Simulated } from "./simulation.ts";

/** Of so many runs: the tenth part is below, half, nine tenths; and the most. */
export interface Quantiles {
  readonly low: Seconds;
  readonly median: Seconds;
  readonly high: Seconds;
  readonly most: Seconds;
}

/** One host over all runs; `null`: in none of them it followed anybody. */
export interface HostQuantiles {
  readonly name: string;
  readonly rms: Quantiles | null;
  readonly worst: Quantiles | null;
  readonly outsideBound: Quantiles;
}

/** The quantiles of every host. */
export function quantilesOf(runs: readonly Simulated[]): readonly HostQuantiles[] {
  const [first] = runs;
  return (first?.hosts ?? []).map(({ name }, index) => {
    const all = runs.map(({ hosts }) => hosts[index]!);
    return {
      name,
      rms: spread(all.flatMap(({ error }) => (error === null ? [] : [error.rms]))),
      worst: spread(all.flatMap(({ error }) => (error === null ? [] : [Math.abs(error.worst)]))),
      outsideBound: spread(all.map(({ outsideBound }: HostResult) => outsideBound))!,
    };
  });
}

function spread(values: readonly number[]): Quantiles | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((one, other) => one - other);
  const at = (part: number): number => sorted[Math.round(part * (sorted.length - 1))]!;
  return { low: at(0.1), median: at(0.5), high: at(0.9), most: at(1) };
}

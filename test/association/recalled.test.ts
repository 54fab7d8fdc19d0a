/** A clock filter with samples of an earlier run in it. */
import { describe, expect, it } from "vitest";
import {
  clockFilter,
  filterSample,
  isRecalled,
  refillFilter,
  type ClockFilter,
  type FilterRules,
} from "../../src/association/filter.ts";
import type { Sample } from "../../src/association/sample.ts";
import type { Mono } from "../../src/time/mono.ts";
import { PHI } from "../../src/time/seconds.ts";

const BRIEF: FilterRules = { emptyStages: "brief", precision: -24 };
const RFC: FilterRules = { ...BRIEF, emptyStages: "rfc5905" };
const HOUR = 3600;

const sample = (at: number, offset: number, delay: number): Sample => ({
  at: at as Mono,
  offset,
  delay,
  dispersion: 1e-5,
});

/** A filter as the last run, an hour ago, left it. */
function recalled(rules: FilterRules, ...offsets: readonly number[]): ClockFilter {
  const filter = clockFilter();
  refillFilter(
    filter,
    offsets.map((offset, place) => sample(-HOUR * (place + 1), offset, 0.02)),
    0 as Mono,
    0 as Mono,
    rules,
  );
  return filter;
}

describe("a filter with samples of an earlier run", () => {
  it("believes them before there are others, and takes all it can hold", () => {
    expect(recalled(BRIEF, 0.001, 0.002).estimate).toMatchObject({ offset: 0.001, at: -HOUR });
    expect(isRecalled(recalled(BRIEF, 0.001))).toBe(true);
    expect(recalled(RFC, ...Array.from({ length: 12 }, () => 0)).samples).toHaveLength(8);
    expect(recalled(BRIEF).estimate).toBeNull();
  });

  it("believes one of this run rather, though its delay be longer, up to what an hour makes of the old one's", () => {
    const filter = recalled(BRIEF, 0.001, 0.001);
    filterSample(filter, sample(0.02, 0.005, 0.02 + 0.9 * PHI * HOUR), 64, BRIEF);
    expect(filter.estimate).toMatchObject({ offset: 0.005, at: 0.02 });
    expect(isRecalled(filter)).toBe(false);
    const detour = recalled(BRIEF, 0.001, 0.001);
    filterSample(detour, sample(0.02, 0.05, 0.02 + 1.1 * PHI * HOUR), 64, BRIEF);
    expect(detour.estimate).toMatchObject({ offset: 0.001, at: -HOUR });
    expect(isRecalled(detour)).toBe(true);
  });

  it("says of this run's error what this run's samples say", () => {
    const filter = recalled(BRIEF, 0.001, 0.001, 0.001);
    filterSample(filter, sample(0.02, 0.005, 0.02), 64, BRIEF);
    expect(filter.estimate!.dispersion).toBeCloseTo(1e-5, 9);
  });

  it("has the jitter of each run's samples among themselves, not that of the clock in between", () => {
    const filter = recalled(BRIEF, 0.001, 0.003, 0.001);
    filterSample(filter, sample(0.02, 0.5, 0.02), 64, BRIEF);
    // Two free differences of the old ones: 2 ms and none.
    expect(filter.estimate!.jitter).toBeCloseTo(0.002 / Math.sqrt(2), 9);
  });

  it("is the standard's in a daemon: old samples count as they are", () => {
    const filter = recalled(RFC, 0.001, 0.003);
    filterSample(filter, sample(1, 0.002, 0.02), 64, RFC);
    expect(filter.estimate!.dispersion).toBeGreaterThan((PHI * HOUR) / 4);
    expect(filter.estimate!.jitter).toBeGreaterThan(0.0005);
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clockFilter, filterSample, FILTER_STAGES, MAXDISP } from "../../src/association/filter.ts";
import type { FilterRules } from "../../src/association/filter.ts";
import type { Sample } from "../../src/association/sample.ts";
import type { Mono } from "../../src/time/mono.ts";

const BRIEF: FilterRules = { emptyStages: "brief", precision: -20 };
const STANDARD: FilterRules = { emptyStages: "rfc5905", precision: -20 };
const INTERVAL = 64;

function sample(at: number, offset: number, delay: number, dispersion = 1e-6): Sample {
  return { offset, delay, dispersion, at: at as Mono };
}

describe("the clock filter", () => {
  it("believes the sample with the least delay", () => {
    const filter = clockFilter();
    filterSample(filter, sample(0, 0.1, 0.05), INTERVAL, BRIEF);
    filterSample(filter, sample(2, 0.2, 0.01), INTERVAL, BRIEF);
    filterSample(filter, sample(4, 0.3, 0.03), INTERVAL, BRIEF);
    expect(filter.estimate).toMatchObject({ offset: 0.2, delay: 0.01, at: 2 });
  });

  it("starts from an empty stage's dispersion by the standard, and halves it with every sample", () => {
    const filter = clockFilter();
    for (let count = 1; count <= FILTER_STAGES; count++) {
      filterSample(filter, sample(64 * count, 0, 0.01, 0), INTERVAL, STANDARD);
      const empty = MAXDISP * (2 ** -count - 2 ** -FILTER_STAGES);
      expect(filter.estimate!.dispersion).toBeGreaterThanOrEqual(empty);
      expect(filter.estimate!.dispersion).toBeLessThan(empty + 0.01);
    }
  });

  it("lets empty stages say nothing in a one-shot", () => {
    const filter = clockFilter();
    filterSample(filter, sample(0, 0, 0.01, 0.003), INTERVAL, BRIEF);
    expect(filter.estimate!.dispersion).toBeCloseTo(0.003, 12);
  });

  it("ages a sample's dispersion at 15 ppm", () => {
    const filter = clockFilter();
    filterSample(filter, sample(0, 0, 0.01, 0), INTERVAL, BRIEF);
    filterSample(filter, sample(1000, 0, 0.02, 0), INTERVAL, BRIEF);
    // 15 ms on the first of two stages, which weigh 1/2 and 1/4 of 3/4.
    expect(filter.estimate!.dispersion).toBeCloseTo((0.5 * 0.015) / 0.75, 9);
  });

  it("ages it faster, and forgets old samples sooner, where it is told so", () => {
    const filter = clockFilter();
    filterSample(filter, sample(0, 0.1, 0.01, 0), INTERVAL, { ...BRIEF, phi: 100e-6 });
    filterSample(filter, sample(1000, 0.2, 0.02, 0), INTERVAL, { ...BRIEF, phi: 100e-6 });
    expect(filter.estimate).toMatchObject({ offset: 0.1, dispersion: expect.closeTo((0.5 * 0.1) / 0.75, 9) });
    filterSample(filter, sample(1001, 0.3, 0.03, 0), INTERVAL, { ...BRIEF, phi: 100e-6, allan: 512 });
    expect(filter.estimate!.offset).toBe(0.2);
  });

  it("measures jitter against the best sample, never below the clock's precision", () => {
    const filter = clockFilter();
    filterSample(filter, sample(0, 0, 0.01), INTERVAL, BRIEF);
    expect(filter.estimate!.jitter).toBe(2 ** -20);
    filterSample(filter, sample(2, 0.003, 0.02), INTERVAL, BRIEF);
    filterSample(filter, sample(4, -0.004, 0.03), INTERVAL, BRIEF);
    expect(filter.estimate!.jitter).toBeCloseTo(Math.sqrt((0.003 ** 2 + 0.004 ** 2) / 2), 12);
  });

  it("uses no sample twice, and none older than the last one used (prime directive)", () => {
    const filter = clockFilter();
    expect(filterSample(filter, sample(0, 0.001, 0.01), INTERVAL, STANDARD)).toBe(true);
    expect(filterSample(filter, sample(64, 0.002, 0.05), INTERVAL, STANDARD)).toBe(false);
    expect(filter.estimate!.offset).toBe(0.001);
  });

  it("suppresses a popcorn spike and believes it when it stays", () => {
    const filter = clockFilter();
    for (let poll = 0; poll < 8; poll++)
      filterSample(filter, sample(64 * poll, 1e-5 * (poll % 2), 0.02 - 1e-6 * poll), INTERVAL, STANDARD);
    const before = filter.estimate!.offset;
    expect(filterSample(filter, sample(64 * 8, 0.5, 0.001), INTERVAL, STANDARD)).toBe(false);
    expect(filter.estimate!.offset).toBe(before);
    expect(filterSample(filter, sample(64 * 10, 0.5, 0.0009), INTERVAL, STANDARD)).toBe(true);
    expect(filter.estimate!.offset).toBe(0.5);
  });

  it("never holds more than eight samples, and its estimate is always one of them", () => {
    const samples = fc.array(
      fc.record({
        offset: fc.double({ min: -1, max: 1, noNaN: true }),
        delay: fc.double({ min: 1e-6, max: 1, noNaN: true }),
      }),
      { minLength: 1, maxLength: 30 },
    );
    fc.assert(
      fc.property(samples, fc.constantFrom(BRIEF, STANDARD), (given, rules) => {
        const filter = clockFilter();
        for (const [index, { offset, delay }] of given.entries())
          filterSample(filter, sample(index * 2, offset, delay), INTERVAL, rules);
        expect(filter.samples.length).toBe(Math.min(given.length, FILTER_STAGES));
        expect(given.map(({ offset }) => offset)).toContain(filter.estimate!.offset);
        expect(filter.estimate!.dispersion).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

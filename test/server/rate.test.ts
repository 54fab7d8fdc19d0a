/** The leaky bucket, and the spreading of answers to solicitations. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEFAULT_RATE, charged, drained, judgeRate } from "../../src/server/rate.ts";
import type { RateLimits, RateVerdict } from "../../src/server/rate.ts";
import { SPREAD, SPREAD_MOST, Spreading } from "../../src/server/solicitation.ts";
import type { Mono } from "../../src/time/mono.ts";

/** What becomes of a client's packets. */
function verdicts(intervals: readonly number[], limits: RateLimits = DEFAULT_RATE): RateVerdict[] {
  let level = 0;
  return intervals.map((interval) => {
    level = drained(level, interval);
    const verdict = judgeRate(level, interval, limits);
    level = charged(level, verdict, limits);
    return verdict;
  });
}

describe("the rate bucket", () => {
  it("lets ntpd's own iburst through: six packets 2 s apart, then every 16 s", () => {
    expect(verdicts([Infinity, 2, 2, 2, 2, 2, 16, 16, 16]).every((verdict) => verdict === "within")).toBe(true);
  });

  it("kisses the first packet that comes too soon, and then is silent until it has drained", () => {
    expect(verdicts([Infinity, 0.3, 0.3, 0.3])).toEqual(["within", "kiss", "silence", "silence"]);
    expect(verdicts([Infinity, 0.3, 3, 3, 3])).toEqual(["within", "kiss", "silence", "silence", "kiss"]);
    expect(verdicts([Infinity, 0.3, 17])).toEqual(["within", "kiss", "within"]);
  });

  it("gives the least headway a second of grace, and half a second by rounding", () => {
    expect(verdicts([Infinity, 0.5])).toEqual(["within", "within"]);
    expect(verdicts([Infinity, 0.4])).toEqual(["within", "kiss"]);
    expect(verdicts([Infinity, 3.5], { average: 3, minimum: 5 })).toEqual(["within", "within"]);
    expect(verdicts([Infinity, 3.4], { average: 3, minimum: 5 })).toEqual(["within", "kiss"]);
  });

  it("kisses who is too fast on average, though never too soon", () => {
    const burst = verdicts([Infinity, ...Array<number>(40).fill(2)]);
    const first = burst.indexOf("kiss");
    expect(first).toBe(14);
    expect(burst.slice(0, first).every((verdict) => verdict === "within")).toBe(true);
    expect(burst[first + 1]).toBe("silence");
  });

  it("lets everybody ask at the average rate for ever", () => {
    const limits = fc.record({ average: fc.integer({ min: 1, max: 10 }), minimum: fc.nat(3) });
    fc.assert(
      fc.property(limits, (each) => {
        const intervals = [Infinity, ...Array<number>(50).fill(Math.max(2 ** each.average, each.minimum))];
        expect(verdicts(intervals, each).every((verdict) => verdict === "within")).toBe(true);
      }),
    );
  });

  it("never kisses faster than the average headway", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 20, noNaN: true }), { maxLength: 200 }), (intervals) => {
        let level = 0;
        let silent = Infinity;
        for (const interval of intervals) {
          silent += Math.floor(interval + 0.5);
          level = drained(level, interval);
          const verdict = judgeRate(level, interval, DEFAULT_RATE);
          level = charged(level, verdict, DEFAULT_RATE);
          if (verdict !== "kiss") continue;
          expect(silent).toBeGreaterThan(2 ** DEFAULT_RATE.average);
          silent = 0;
        }
      }),
    );
  });
});

describe("the spreading of answers", () => {
  it("is uniform over half a second while hardly anybody asks", () => {
    const spreading = new Spreading();
    expect([0, 0.25, 0.5, 0.999].map((chance, index) => spreading.delay((index * 1000) as Mono, chance))).toEqual([
      0,
      SPREAD * 0.25,
      SPREAD * 0.5,
      SPREAD * 0.999,
    ]);
  });

  it("widens with solicitations, up to a bound, and narrows again", () => {
    const spreading = new Spreading();
    const delays = Array.from({ length: 200 }, () => spreading.delay(5 as Mono, 0.999));
    for (let index = 1; index < delays.length; index += 1)
      expect(delays[index]).toBeGreaterThanOrEqual(delays[index - 1]!);
    expect(delays[8]).toBeCloseTo(SPREAD * 2 * 0.999, 9);
    expect(delays.at(-1)).toBeCloseTo(SPREAD_MOST * 0.999, 9);
    expect(spreading.delay(60 as Mono, 0.999)).toBeCloseTo(SPREAD * 0.999, 9);
  });
});

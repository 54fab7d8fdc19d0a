/** Phase and frequency by Kalman's filter: its laws, and what it makes of clocks that are known. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { correct, predict } from "../../src/discipline/kalman.ts";
import type { ClockEstimate } from "../../src/discipline/kalman.ts";
import type { Mono } from "../../src/time/mono.ts";

const at = (seconds: number): Mono => seconds as Mono;
const START: ClockEstimate = {
  at: at(0),
  phase: 0,
  frequency: 0,
  phaseVariance: 1,
  covariance: 0,
  frequencyVariance: 1e-8,
};

const phases = fc.double({ min: -1, max: 1, noNaN: true });
const spans = fc.double({ min: 0.1, max: 5000, noNaN: true });
const variances = fc.double({ min: 1e-14, max: 1e-4, noNaN: true });
const wanders = fc.double({ min: 0, max: 1e-6, noNaN: true });

/** An estimate that has seen some measurements. */
function seen(measurements: readonly (readonly [number, number, number])[], wander: number): ClockEstimate {
  return measurements.reduce((estimate, [span, phase, variance]) => {
    const next = predict(estimate, at(estimate.at + span), wander);
    return correct(next, { at: next.at, phase, variance }).estimate;
  }, START);
}

describe("laws", () => {
  it("two predictions in a row are one", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(spans, phases, variances), { maxLength: 5 }),
        spans,
        spans,
        wanders,
        (measurements, first, second, wander) => {
          const from = seen(measurements, wander);
          const once = predict(from, at(from.at + first + second), wander);
          const twice = predict(predict(from, at(from.at + first), wander), at(from.at + first + second), wander);
          for (const key of ["phase", "frequency", "phaseVariance", "covariance", "frequencyVariance"] as const)
            expect(Math.abs(twice[key] - once[key])).toBeLessThanOrEqual(1e-7 * Math.abs(once[key]) + 1e-25);
        },
      ),
    );
  });

  it("nothing makes an estimate surer than a measurement of it, and no covariance is impossible", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(spans, phases, variances), { minLength: 1, maxLength: 40 }),
        wanders,
        (measurements, wander) => {
          const { phaseVariance, frequencyVariance, covariance } = seen(measurements, wander);
          expect(phaseVariance).toBeGreaterThan(0);
          expect(phaseVariance).toBeLessThanOrEqual(measurements.at(-1)![2]);
          expect(frequencyVariance).toBeGreaterThan(0);
          expect(covariance ** 2).toBeLessThanOrEqual(phaseVariance * frequencyVariance * (1 + 1e-6));
        },
      ),
    );
  });

  it("stays a covariance whatever is measured, and however long nothing is", () => {
    const wide = fc.double({ min: -1e9, max: 1e9, noNaN: true });
    const long = fc.double({ min: 0, max: 1e8, noNaN: true });
    const any = fc.double({ min: 1e-18, max: 100, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(long, wide, any), { minLength: 1, maxLength: 20 }),
        wanders,
        (measurements, wander) => {
          let estimate = START;
          for (const [span, phase, variance] of measurements) {
            const next = predict(estimate, at(estimate.at + span), wander);
            estimate = correct(next, { at: next.at, phase, variance }).estimate;
            for (const { phaseVariance, frequencyVariance, covariance } of [next, estimate]) {
              expect(phaseVariance).toBeGreaterThanOrEqual(0);
              expect(frequencyVariance).toBeGreaterThanOrEqual(0);
              expect(covariance ** 2).toBeLessThanOrEqual(phaseVariance * frequencyVariance * (1 + 1e-12));
            }
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("does not lose the variance of a frequency that all but follows from the phase", () => {
    const { estimate } = correct(
      { ...START, phaseVariance: 1e8, covariance: 1e4, frequencyVariance: 1 },
      { at: at(0), phase: 0, variance: 1e-12 },
    );
    expect(estimate.frequencyVariance).toBeGreaterThanOrEqual(0);
    expect(estimate.frequencyVariance).toBeLessThan(1e-15);
  });
});

describe("a steady clock", () => {
  it("is known by two exact measurements", () => {
    const { phase, frequency } = seen(
      [
        [1, 0.25, 1e-20],
        [100, 0.25 + 100 * 30e-6, 1e-20],
      ],
      0,
    );
    expect(phase).toBeCloseTo(0.253, 10);
    expect(frequency).toBeCloseTo(30e-6, 12);
  });

  it("is estimated as least squares do, where nothing was known before", () => {
    const points: [number, number][] = [
      [10, 0.011],
      [30, 0.008],
      [70, 0.0125],
      [100, 0.01],
    ];
    const vague = { ...START, phaseVariance: 100, frequencyVariance: 1 };
    const filtered = points.reduce((estimate, [time, phase]) => {
      const next = predict(estimate, at(time), 0);
      return correct(next, { at: next.at, phase, variance: 1e-6 }).estimate;
    }, vague);
    const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    const time = mean(points.map(([one]) => one));
    const phase = mean(points.map(([, one]) => one));
    const slope = mean(points.map(([t, p]) => (t - time) * (p - phase))) / mean(points.map(([t]) => (t - time) ** 2));
    expect(filtered.frequency).toBeCloseTo(slope, 9);
    expect(filtered.phase).toBeCloseTo(phase + slope * (100 - time), 7);
  });

  it("says by how much a measurement surprises", () => {
    const { innovation, innovationVariance } = correct(
      { ...START, phase: 0.1, phaseVariance: 4 },
      { at: at(0), phase: 0.3, variance: 5 },
    );
    expect(innovation).toBeCloseTo(0.2, 12);
    expect(innovationVariance).toBe(9);
  });
});

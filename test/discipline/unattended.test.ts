/** A clock between two runs: what was learned of it foretells it, and doubts grow with time. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  correctedClock,
  foretold,
  frequencyToSet,
  interrupted,
  isKnown,
  learned,
  offsetToCorrect,
  stillToGlide,
  type UnattendedClock,
} from "../../src/discipline/unattended.ts";

const HOUR = 3600;

/** Runs that measure a clock exactly but for `noise`, each correcting it by what it measured. */
function runs(
  count: number,
  oscillator: number,
  {
    noise = () => 0,
    every = HOUR,
    sets = false,
  }: { noise?: (run: number) => number; every?: number; sets?: boolean } = {},
): UnattendedClock {
  let clock: UnattendedClock | null = null;
  let offset = 0.25;
  let inForce = 0;
  for (let run = 0; run < count; run += 1) {
    const measured = offset + noise(run);
    clock = learned(clock, { offset: measured, deviation: 1e-4, inForce });
    const wanted = sets ? frequencyToSet(clock) : null;
    inForce = wanted ?? inForce;
    clock = correctedClock(clock, measured, 0, inForce);
    offset += (oscillator - inForce) * every - measured;
    clock = foretold(clock, every);
  }
  return clock!;
}

describe("a clock between runs", () => {
  it("is known by its frequency from the second run on", () => {
    expect(isKnown(runs(1, 40e-6))).toBe(false);
    const clock = runs(2, 40e-6);
    expect(isKnown(clock)).toBe(true);
    expect(clock.frequency).toBeCloseTo(40e-6, 8);
  });

  it("has its frequency found within ±500 ppm, whatever it is", () => {
    fc.assert(
      fc.property(fc.double({ min: -400e-6, max: 400e-6, noNaN: true }), fc.boolean(), (oscillator, sets) => {
        const clock = runs(12, oscillator, { sets });
        expect(Math.abs(clock.frequency - oscillator)).toBeLessThan(1e-6);
        expect(Math.abs(offsetToCorrect(clock)! - (oscillator - clock.inForce) * HOUR)).toBeLessThan(2e-3);
      }),
    );
  });

  it("keeps its frequency over a restart, and nothing of its phase", () => {
    const before = runs(10, -25e-6);
    const after = interrupted(before, 86_400);
    expect(after.phase).toBeNull();
    expect(after.frequency).toBe(before.frequency);
    expect(after.frequencyVariance).toBeGreaterThan(before.frequencyVariance);
    const again = learned(after, { offset: -7, deviation: 1e-4, inForce: 0 });
    expect(again.frequency).toBe(before.frequency);
    expect(offsetToCorrect(again)).toBe(-7);
  });

  it("takes one measurement that is far off for the servers' fault, two for its own", () => {
    const lie = runs(30, 10e-6, { noise: (run) => (run === 29 ? 0.05 : 0) });
    expect(lie.frequency).toBeCloseTo(10e-6, 7);
    let clock = runs(30, 10e-6);
    for (const offset of [30e-6 * HOUR, 30e-6 * HOUR])
      clock = foretold(correctedClock(learned(clock, { offset, deviation: 1e-4, inForce: 0 }), offset, 0, 0), HOUR);
    expect(clock.frequency).toBeCloseTo(30e-6, 6);
  });

  it("knows what a slew has yet to add", () => {
    const clock = correctedClock(learned(null, { offset: 0.1, deviation: 1e-4, inForce: 0 }), 0.1, 200, 0);
    expect(stillToGlide(foretold(clock, 50))).toBeCloseTo(0.075, 12);
    expect(stillToGlide(foretold(foretold(clock, 50), 100))).toBeCloseTo(0.025, 12);
    expect(stillToGlide(foretold(clock, 201))).toBe(0);
    expect(offsetToCorrect(foretold(clock, 50))).toBeCloseTo(0.075, 12);
  });

  it("is not set by a frequency that is not known, nor beyond what the kernel takes", () => {
    expect(frequencyToSet(runs(1, 40e-6))).toBeNull();
    expect(frequencyToSet(runs(2, 40e-6, { every: 10 }))).toBeNull();
    expect(frequencyToSet(runs(40, 700e-6))).toBe(500e-6);
  });

  it("has sound numbers whatever was measured", () => {
    const run = fc.record({
      offset: fc.double({ min: -1e9, max: 1e9, noNaN: true }),
      deviation: fc.double({ min: 1e-9, max: 10, noNaN: true }),
      after: fc.double({ min: 0, max: 1e8, noNaN: true }),
      inForce: fc.double({ min: -5e-4, max: 5e-4, noNaN: true }),
      broken: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(run, { minLength: 1, maxLength: 20 }), (all) => {
        let clock: UnattendedClock | null = null;
        for (const { offset, deviation, after, inForce, broken } of all) {
          clock = correctedClock(learned(clock, { offset, deviation, inForce }), offset, 0, inForce);
          clock = broken ? interrupted(clock, after) : foretold(clock, after);
          expect(
            [clock.frequency, clock.frequencyVariance, clock.phase?.offset ?? 0, clock.phase?.variance ?? 0].every(
              Number.isFinite,
            ),
          ).toBe(true);
          expect(clock.frequencyVariance).toBeGreaterThanOrEqual(0);
          expect(clock.phase?.variance ?? 0).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });
});

/** What was done to a clock: C, against a clock that is reckoned second by second. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  committed,
  correctedBy,
  corrections,
  isSlewing,
  secondsTaken,
  steered,
  yetToGlide,
} from "../../src/discipline/corrections.ts";
import type { Mono } from "../../src/time/mono.ts";

const at = (seconds: number): Mono => seconds as Mono;

describe("corrections", () => {
  it("are the phase at once, and the frequency over time", () => {
    const log = steered(corrections(at(100)), at(110), { phase: 0.5, frequency: 1e-4, lasting: 0 });
    expect(correctedBy(log, at(110))).toBe(0.5);
    expect(correctedBy(log, at(1110))).toBeCloseTo(0.6, 12);
  });

  it("glide for as long as they last, and no longer", () => {
    const log = steered(corrections(at(0)), at(0), { phase: 0.1, frequency: 0, lasting: 200 });
    expect([0, 50, 200, 1000].map((time) => correctedBy(log, at(time)))).toEqual([0, 0.025, 0.1, 0.1]);
  });

  it("replace what is left of those before", () => {
    const first = steered(corrections(at(0)), at(0), { phase: 0.1, frequency: 1e-5, lasting: 200 });
    const second = steered(first, at(100), { phase: -0.02, frequency: 0, lasting: 40 });
    expect(correctedBy(second, at(1000))).toBeCloseTo(0.05 + 100 * 1e-5 - 0.02, 12);
  });

  it.each([
    [0.001, 2.25, [0, 0.00025, 0.00075, 0.001]],
    [-0.0007, 2.25, [0, -0.00025, -0.0006, -0.0007]],
    [0.0003, 1.25, [0, 0.00015, 0.0003, 0.0003]],
  ])(
    "by %d s go by the kernel's whole seconds, and no faster than the rest is worth in the last",
    (phase, lasting, expected) => {
      // At half a second, 0.75 s before the second begins; then in the midst of each second.
      const log = steered(corrections(at(7)), at(7), { phase, frequency: 0, lasting, begins: 0.25 });
      expect([0.25, 0.75, 1.75, 2.75].map((later) => correctedBy(log, at(7 + later)))).toEqual(
        expected.map((value) => expect.closeTo(value, 12) as number),
      );
      expect(secondsTaken(phase)).toBe(Math.ceil(lasting - 0.25 - 1e-9));
      expect(isSlewing(log, at(7.1))).toBe(true);
      expect(isSlewing(log, at(11))).toBe(false);
      expect(yetToGlide(log, at(7.1))).toBeCloseTo(phase, 12);
      // What has begun is added, whatever comes in its place.
      expect([7.1, 7.5, 8.25].map((time) => committed(log, at(time)))).toEqual(
        [0, expected[1]! * 1.5, 0].map((value) => expect.closeTo(value, 12) as number),
      );
    },
  );

  it("go on in the second that has begun, whatever is asked for in it", () => {
    const first = steered(corrections(at(0)), at(0), { phase: 0.1, frequency: 0, lasting: 200.5, begins: 0.5 });
    const second = steered(first, at(10.25), { phase: 0, frequency: 0, lasting: 0, begins: 0.25 });
    expect(correctedBy(second, at(100))).toBeCloseTo(0.005, 12);
    const third = steered(first, at(10.25), { phase: -0.001, frequency: 0, lasting: 2.25, begins: 0.25 });
    expect([10.25, 10.5, 11, 100].map((time) => correctedBy(third, at(time)))).toEqual(
      [0.004875, 0.005, 0.00475, 0.004].map((value) => expect.closeTo(value, 12) as number),
    );
  });

  it("go on with the frequency that is in force where a log begins anew", () => {
    expect(correctedBy(corrections(at(50), 2e-5), at(150))).toBeCloseTo(0.002, 12);
  });

  it("law: whatever is steered and whenever, C is the sum of it", () => {
    const changes = fc.array(
      fc.record({
        wait: fc.integer({ min: 0, max: 500 }),
        phase: fc.double({ min: -0.2, max: 0.2, noNaN: true }),
        frequency: fc.double({ min: -5e-4, max: 5e-4, noNaN: true }),
        lasting: fc.integer({ min: 0, max: 400 }),
      }),
      { maxLength: 10 },
    );
    fc.assert(
      fc.property(changes, (all) => {
        let log = corrections(at(0));
        let reckoned = 0;
        let now = 0;
        let frequency = 0;
        let slew = { rate: 0, left: 0 };
        for (const { wait, phase, frequency: next, lasting } of [
          ...all,
          { wait: 300, phase: 0, frequency: 0, lasting: 0 },
        ]) {
          for (let second = 0; second < wait; second++) {
            reckoned += frequency + (slew.left > 0 ? slew.rate : 0);
            slew = { ...slew, left: slew.left - 1 };
          }
          now += wait;
          expect(correctedBy(log, at(now))).toBeCloseTo(reckoned, 9);
          log = steered(log, at(now), { phase, frequency: next, lasting });
          frequency = next;
          slew = lasting === 0 ? { rate: 0, left: 0 } : { rate: phase / lasting, left: lasting };
          if (lasting === 0) reckoned += phase;
        }
      }),
    );
  });
});

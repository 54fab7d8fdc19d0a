/** What a large phase is corrected by, and that the record of it says what the clock did. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { correctedBy, corrections, isSlewing, steered } from "../../src/discipline/corrections.ts";
import { hurried, TICK_UNIT } from "../../src/discipline/hurry.ts";
import { after, type Mono } from "../../src/time/mono.ts";

const phases = fc.double({ min: -100_000, max: 100_000, noNaN: true });
const frequencies = fc.double({ min: -500e-6, max: 500e-6, noNaN: true });

describe("a large phase", () => {
  it.each([
    [0.01, 100, 1.01],
    [-0.01, -100, 0.99],
    [0.002, 20, 1.002],
    [0.1, 100, 10.1],
    [-0.5, -100, 49.5],
    [5, 500, 105],
    [3600, 833, 46_817],
    [-3600, -833, 39_617],
  ])("of %d s is corrected by %i units of the tick in %d s", (phase, units, lasting) => {
    const hurry = hurried(phase, 0);
    expect(hurry?.units).toBe(units);
    expect(hurry!.lasting / lasting).toBeCloseTo(1, 4);
  });

  it.each([0, 0.0019, -0.0019, NaN, Infinity])("is none that is %d s", (phase) => expect(hurried(phase, 0)).toBeNull());

  it("is corrected by what was asked for, whatever the frequency, and never faster than by a twelfth", () => {
    fc.assert(
      fc.property(phases, frequencies, (phase, frequency) => {
        const hurry = hurried(phase, frequency);
        if (hurry === null) return Math.abs(phase) < 0.002;
        const raw = hurry.lasting / (1 + hurry.units * TICK_UNIT + frequency);
        expect(raw * hurry.units * TICK_UNIT).toBeCloseTo(phase, 6);
        return Math.abs(hurry.units) <= 833 && hurry.units !== 0 && hurry.lasting > 0.9;
      }),
    );
  });
});

describe("the record of it", () => {
  const at = 100 as Mono;
  const begun = (phase: number, begins = 0.25): ReturnType<typeof steered> => {
    const { rate, lasting } = hurried(phase, 0)!;
    return steered(corrections(at), at, { phase, frequency: 0, begins, lasting, rate });
  };

  it("grows evenly until the phase is corrected, and no further", () => {
    const log = begun(0.01);
    expect(correctedBy(log, after(at, 0.505))).toBeCloseTo(0.005, 9);
    expect(correctedBy(log, after(at, 1.01))).toBeCloseTo(0.01, 9);
    expect(correctedBy(log, after(at, 100))).toBeCloseTo(0.01, 9);
    expect([0, 1, 1.02].map((later) => isSlewing(log, after(at, later)))).toEqual([true, true, false]);
  });

  it("forgets what is left of it where the clock is steered anew", () => {
    const again = steered(begun(0.01), after(at, 0.505), { phase: 0, frequency: 0, begins: 0.5, lasting: 0 });
    expect(correctedBy(again, after(at, 100))).toBeCloseTo(0.005, 9);
  });

  it("counts what the kernel had begun to add before beside it", () => {
    // 500 µs in each second from 100.25 on; at 100.75 half of the first is over, and the other half goes on.
    const slewing = steered(corrections(at), at, { phase: 0.0015, frequency: 0, begins: 0.25, lasting: 3.25 });
    const { rate, lasting } = hurried(0.01, 0)!;
    const log = steered(slewing, after(at, 0.75), { phase: 0.01, frequency: 0, begins: 0.5, lasting, rate });
    expect(correctedBy(log, after(at, 100))).toBeCloseTo(0.01 + 0.0005, 9);
  });
});

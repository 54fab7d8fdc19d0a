/** What lies between two runs: by which clock it is told, and when what was measured is void. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lapseBetween, type Moment } from "../../src/engine/memory/lapse.ts";
import { shift } from "../../src/time/timestamp.ts";
import { EPOCH } from "../support/association.ts";

const YEAR = 365.25 * 86_400;
const THEN: Moment = { clock: EPOCH, steady: 5000, slept: 0, boot: "one", frequency: 0 };

/** The moment some seconds later, by clocks that nobody touched but for what is said. */
function later(seconds: number, { stepped = 0, ...fields }: Partial<Moment> & { stepped?: number } = {}): Moment {
  return { ...THEN, clock: shift(EPOCH, seconds + stepped), steady: THEN.steady + seconds, ...fields };
}

describe("a lapse", () => {
  it("is told by the steady clock while the machine runs", () => {
    expect(lapseBetween(THEN, later(3600))).toEqual({ elapsed: 3600, broken: null });
  });

  it.each([0.01, -0.01, 3600, -3600, 20 * YEAR, -20 * YEAR])(
    "is as long as it was where somebody steps the clock by %d s, and what was measured by it is void",
    (stepped) => {
      const { elapsed, broken } = lapseBetween(THEN, later(3600, { stepped }));
      expect([elapsed, broken]).toEqual([3600, "step"]);
    },
  );

  it("is told by the clock over a restart, whatever the steady clock shows", () => {
    expect(lapseBetween(THEN, { ...later(3600), steady: 40, boot: "two" })).toEqual({
      elapsed: 3600,
      broken: "restart",
    });
    expect(lapseBetween(THEN, { ...later(3600), steady: 1e6, boot: "two" })).toEqual({
      elapsed: 3600,
      broken: "restart",
    });
    expect(lapseBetween({ ...THEN, boot: null }, { ...later(3600), boot: null }).broken).toBe("restart");
    expect(lapseBetween(THEN, { ...later(3600), steady: 40 }).broken).toBe("restart");
  });

  it("counts the time a machine slept, by a clock that ran on without the steady one", () => {
    const woken = { ...later(600), clock: shift(EPOCH, 600 + 7200), slept: 7200 };
    expect(lapseBetween(THEN, woken)).toEqual({ elapsed: 7800, broken: "sleep" });
    expect(lapseBetween({ ...THEN, slept: 50 }, later(600, { slept: 50.02 })).broken).toBeNull();
  });

  it("knows its own slews, also where the steady clock is not slewed with the other", () => {
    const slewed = later(3600, { stepped: 0.05 + 40e-6 * 3600, frequency: 40e-6 });
    expect(lapseBetween({ ...THEN, frequency: 40e-6 }, slewed, 0.05).broken).toBeNull();
    expect(lapseBetween({ ...THEN, frequency: 40e-6 }, later(3600, { frequency: 40e-6 }), 0.05).broken).toBeNull();
  });

  it("is broken where somebody else set the frequency", () => {
    expect(lapseBetween(THEN, later(3600, { frequency: 12e-6 })).broken).toBe("frequency");
    expect(lapseBetween(THEN, later(3600, { frequency: null })).broken).toBeNull();
  });

  it("is never negative, whatever the clocks say", () => {
    const moment = fc.record({
      clock: fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }),
      steady: fc.double({ min: 0, max: 1e9, noNaN: true }),
      slept: fc.double({ min: 0, max: 1e9, noNaN: true }),
      boot: fc.constantFrom("one", "two", null),
      frequency: fc.option(fc.double({ min: -5e-4, max: 5e-4, noNaN: true })),
    }) as fc.Arbitrary<Moment>;
    fc.assert(
      fc.property(moment, moment, (then, now) => {
        const { elapsed, broken } = lapseBetween(then, now);
        expect(elapsed).toBeGreaterThanOrEqual(0);
        if (then.boot !== now.boot) expect(broken).toBe("restart");
      }),
    );
  });
});

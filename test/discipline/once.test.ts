/** The one-shot's decision, at and around every limit. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEFAULT_STEP_LIMITS } from "../../src/discipline/limits.ts";
import type { StepLimits } from "../../src/discipline/limits.ts";
import { decideCorrection, slewLasting } from "../../src/discipline/once.ts";

const said = (offset: number, limits: Partial<StepLimits> = {}, uncertainty = 0): string => {
  const { action, reason, direction } = decideCorrection(offset, { ...DEFAULT_STEP_LIMITS, ...limits }, uncertainty);
  return [direction, action, ...(reason === null ? [] : [reason])].join(" ");
};

describe("one correction", () => {
  it.each<[number, Partial<StepLimits>, string]>([
    [0, {}, "exact none"],
    [-0, { method: "step" }, "exact none"],
    [1e-9, {}, "behind slew"],
    [0.127999, {}, "behind slew"],
    [-0.127999, {}, "ahead slew"],
    [0.128, {}, "behind step"],
    [-0.128, {}, "ahead step"],
    [1000, {}, "behind step"],
    [1000.001, {}, "behind refused panic"],
    [-1000.001, {}, "ahead refused panic"],
    [1e9, { panic: Infinity }, "behind step"],
    [0.01, { method: "step" }, "behind step"],
    [-900, { method: "slew" }, "ahead slew"],
    [-2000, { method: "slew" }, "ahead refused panic"],
    [0.2, { stepThreshold: 0.5 }, "behind slew"],
    [1e-9, { stepThreshold: 0 }, "behind step"],
    [900, { stepThreshold: Infinity }, "behind slew"],
  ])("of %d s with %j is: %s", (offset, limits, expected) => {
    expect(said(offset, limits)).toBe(expected);
  });

  it.each<[number, Partial<StepLimits>, number, string]>([
    [-0.4, {}, 0.4004, "ahead none uncertain"],
    [0.4, {}, 0.4, "behind none uncertain"],
    [0.4, {}, 0.3999, "behind step"],
    [0.4, { method: "step" }, 0.5, "behind step"],
    [0.4, { method: "slew" }, 0.5, "behind slew"],
    [0.1, {}, 0.5, "behind slew"],
    [1001, {}, 2000, "behind refused panic"],
  ])("of %d s with %j, which may be wrong by %d s, is: %s", (offset, limits, uncertainty, expected) => {
    expect(said(offset, limits, uncertainty)).toBe(expected);
  });

  it("is refused beyond the largest step in its own direction, slews too", () => {
    const limits = { maxStep: { forward: 10, backward: 0.05 } };
    expect(said(10, limits)).toBe("behind step");
    expect(said(10.1, limits)).toBe("behind refused max-step");
    expect(said(-0.05, limits)).toBe("ahead slew");
    expect(said(-0.06, limits)).toBe("ahead refused max-step");
    expect(said(-0.06, { ...limits, method: "slew" })).toBe("ahead refused max-step");
    expect(said(-5000, limits)).toBe("ahead refused panic");
  });

  it("depends on the sign of the offset by its direction only", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 2000, minExcluded: true, noNaN: true }), (offset) => {
        const forward = decideCorrection(offset, DEFAULT_STEP_LIMITS, 0);
        expect(decideCorrection(-offset, DEFAULT_STEP_LIMITS, 0)).toEqual({ ...forward, direction: "ahead" });
        expect(forward.direction).toBe("behind");
      }),
    );
  });

  it.each([NaN, Infinity])("of %d s is our own mistake", (offset) => {
    expect(() => said(offset)).toThrow(RangeError);
  });
});

describe("a slew", () => {
  it("takes 2000 s a second at the kernel's rate", () => {
    expect(slewLasting(1)).toBe(2000);
    expect(slewLasting(-0.05)).toBeCloseTo(100, 9);
    expect(slewLasting(0)).toBe(0);
  });

  it("takes less at a higher rate", () => {
    expect(slewLasting(1, 0.1)).toBe(10);
  });
});

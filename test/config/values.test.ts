/** Durations, whole numbers, step limits and suggestions. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseMaxStep } from "../../src/config/maxstep.ts";
import { didYouMean, nearest } from "../../src/config/suggest.ts";
import { UsageError } from "../../src/config/usage.ts";
import { LONGEST, parseDuration, parseInteger, plainDuration } from "../../src/config/values.ts";
import { budget } from "../support/budget.ts";

describe("a duration", () => {
  it.each([
    ["2s", 2],
    ["250ms", 0.25],
    ["1m", 60],
    ["1h", 3600],
    ["1d", 86_400],
    ["10us", 1e-5],
    ["1.5", 1.5],
    ["0", 0],
    [" 3 s ", 3],
  ])("%s is %d s", (text, seconds) => {
    expect(parseDuration(text, "--timeout")).toBeCloseTo(seconds, 12);
  });

  it.each([
    "",
    "s",
    "2x",
    "5constructor",
    "5valueOf",
    "2 s s",
    "0x10",
    "--1s",
    "1e",
    "NaN",
    "Infinity",
    "inf",
    "1,5",
    "2S",
    "1M",
  ])("%j is none", (text) => {
    expect(() => parseDuration(text, "--timeout")).toThrow(UsageError);
  });

  it("may be infinite only where a limit may be off", () => {
    expect(parseDuration("inf", "--panic", { infinite: true })).toBe(Infinity);
    expect(() => parseDuration("inf", "--timeout")).toThrow('--timeout: "inf" is not a duration');
  });

  it("keeps its bounds and names what it is", () => {
    expect(() => parseDuration("-1s", "--timeout")).toThrow("--timeout: -1s is too short");
    expect(() => parseDuration("2h", "--timeout", { most: 3600 })).toThrow("--timeout: 2h is too long");
    expect(() => parseDuration("1e300", "--deadline", { infinite: true })).toThrow("too long");
  });

  it("is typed as it is printed", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-9, max: LONGEST, noNaN: true }), (seconds) => {
        const again = parseDuration(plainDuration(seconds), "law");
        expect(Math.abs(again - seconds)).toBeLessThanOrEqual(seconds * 1e-11);
      }),
    );
    expect([0.128, 1000, 15, 86_400, 0, Infinity].map(plainDuration)).toEqual([
      "128ms",
      "1000s",
      "15s",
      "1d",
      "0s",
      "inf",
    ]);
  });

  it("never throws anything but a usage error", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          expect(parseDuration(text, "law", { infinite: true })).toBeGreaterThanOrEqual(0);
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError);
        }
      }),
      budget(0.05),
    );
  });
});

describe("a whole number", () => {
  it("is decimal and within bounds", () => {
    expect(parseInteger("123", "--port", 1, 65_535)).toBe(123);
    for (const text of ["0", "65536", "1.5", "0x7b", "", "1e3", "twelve"])
      expect(() => parseInteger(text, "--port", 1, 65_535)).toThrow(UsageError);
  });
});

describe("--max-step", () => {
  it("limits one way or both", () => {
    expect(parseMaxStep("forward=inf,backward=1d")).toEqual({ forward: Infinity, backward: 86_400 });
    expect(parseMaxStep("backward=10m")).toEqual({ forward: Infinity, backward: 600 });
  });
  it("says how it is written", () => {
    expect(() => parseMaxStep("1h")).toThrow('--max-step: "1h" is not a limit');
    const fault = ((): unknown => {
      try {
        return parseMaxStep("foward=1h");
      } catch (error) {
        return error;
      }
    })();
    expect(fault).toMatchObject({ hint: 'did you mean "forward"?' });
  });
});

describe("a suggestion", () => {
  it("is the word with the fewest edits, swaps counting one", () => {
    expect(nearest("sevrer", ["server", "sever", "restrict"])).toBe("server");
    expect(didYouMean("minclok", ["minclock", "maxclock"])).toBe('did you mean "minclock"?');
  });
  it("is withheld when nothing is near", () => {
    expect(didYouMean("banana", ["server", "pool", "keys"])).toBeNull();
  });
});

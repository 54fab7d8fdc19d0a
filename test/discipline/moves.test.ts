/** The panic threshold is held against all that was done to a clock: others' steps may be undone, and nothing else. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { firstSet, isBeyondReason, lately, movedByAnother, movedByUs } from "../../src/discipline/moves.ts";
import type { Moves } from "../../src/discipline/moves.ts";
import type { Mono } from "../../src/time/mono.ts";

const PANIC = 1000;
const at = (seconds: number): Mono => seconds as Mono;
const fresh = (): Moves => firstSet(at(0));

describe("what was done to the clock", () => {
  it("law: no sequence of nudges and lies moves it by more than the nudges and the threshold", () => {
    const size = fc.oneof(
      fc.double({ min: -2000, max: 2000, noNaN: true }),
      fc.double({ min: -1e9, max: 1e9, noNaN: true }),
      fc.constantFrom(0.007, -0.006, 900, -900, 5000, 600_000_000),
    );
    const happening = fc.record({ whose: fc.constantFrom("ours", "another"), by: size, undoes: fc.boolean() });
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 30 }), (all) => {
        let moves = fresh();
        let moved = 0;
        let nudged = 0;
        for (const { whose, by, undoes } of all) {
          if (whose === "another") {
            moves = movedByAnother(moves, by);
            nudged += Math.abs(by);
            moved += by;
            continue;
          }
          // Servers that speak the truth want what others did undone.
          const offset = undoes ? -moves.others + (by % 10) : by;
          if (isBeyondReason(offset, moves, PANIC)) continue;
          moves = movedByUs(moves, offset, at(1));
          moved += offset;
        }
        expect(Math.abs(moved)).toBeLessThanOrEqual(nudged + PANIC + 1e-3);
      }),
      { numRuns: 2000 },
    );
  });

  it("others' steps may be undone whatever their size, and stand if the servers say so", () => {
    for (const by of [0.007, -3600, 600_000_000]) {
      const nudged = movedByAnother(fresh(), by);
      expect(isBeyondReason(-by, nudged, PANIC)).toBe(false);
      expect(isBeyondReason(0.001, nudged, PANIC)).toBe(false);
      expect(isBeyondReason(-by + 1001, nudged, PANIC)).toBe(Math.abs(-by + 1001) > 1000);
    }
  });

  it("a nudge of some milliseconds allows that much more, and no lie", () => {
    const nudged = movedByAnother(fresh(), 0.008);
    expect(isBeyondReason(5000, nudged, PANIC)).toBe(true);
    expect(isBeyondReason(-600_000_000, nudged, PANIC)).toBe(true);
    expect(isBeyondReason(999, nudged, PANIC)).toBe(false);
  });

  it("several strides count together, until the clock has gone for a day without one", () => {
    const moves = movedByUs(fresh(), 600, at(0));
    expect(isBeyondReason(600, moves, PANIC)).toBe(true);
    expect(isBeyondReason(-600, moves, PANIC)).toBe(false);
    expect(isBeyondReason(600, lately(moves, at(3600)), PANIC)).toBe(true);
    expect(isBeyondReason(600, lately(moves, at(90_000)), PANIC)).toBe(false);
  });
});

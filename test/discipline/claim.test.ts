/** What the kernel is told of its clock: never less than the clock can be off by. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { aged, claimOf, claimOnce, LARGEST_ERROR, UNRELIABLE } from "../../src/discipline/claim.ts";

const seconds = fc.double({ min: 0, max: 1000, noNaN: true });
const knowledge = fc.record({
  offset: fc.double({ min: -1000, max: 1000, noNaN: true }),
  jitter: seconds,
  rootDistance: seconds,
  poll: fc.integer({ min: -6, max: 17 }),
});

const PLAIN = { leap: "none", loop: false, tai: null } as const;

describe("a claim", () => {
  it("adds what is yet to be corrected to the root distance", () => {
    expect(
      claimOf({ offset: -0.25, jitter: 0.001, rootDistance: 0.5, poll: 6 }, { leap: "insert", loop: true, tai: 37 }),
    ).toEqual({
      synchronized: true,
      maximumError: 0.75,
      estimatedError: 0.251,
      timeConstant: 6,
      leap: "insert",
      loop: true,
      tai: 37,
    });
  });

  it("stays within what the kernel takes, and is of no clock that may be 16 s off", () => {
    fc.assert(
      fc.property(knowledge, (known) => {
        const claim = claimOf(known, PLAIN);
        const most = known.rootDistance + Math.abs(known.offset);
        expect(claim.maximumError).toBe(Math.min(most, LARGEST_ERROR));
        expect(claim.synchronized).toBe(most < LARGEST_ERROR);
        expect(claim.estimatedError).toBeLessThanOrEqual(LARGEST_ERROR);
        expect(claim.timeConstant).toBeGreaterThanOrEqual(0);
        expect(claim.timeConstant).toBeLessThanOrEqual(10);
      }),
    );
  });

  it("ages as the kernel has it, until the clock is lost", () => {
    const claim = claimOf({ offset: 0, jitter: 0, rootDistance: 0.01, poll: 6 }, PLAIN);
    expect(aged(claim, 1000)).toMatchObject({ synchronized: true, maximumError: 0.51 });
    expect(aged(claim, 86_400)).toMatchObject({ synchronized: false, maximumError: LARGEST_ERROR });
    expect(aged(UNRELIABLE, 5)).toEqual(UNRELIABLE);
  });

  it("of a clock that nobody looks after has its errors, and does not call it synchronized", () => {
    const { poll: _, ...known } = { offset: 0.05, jitter: 0.001, rootDistance: 0.1, poll: 6 };
    expect(claimOnce(known)).toMatchObject({
      synchronized: false,
      maximumError: expect.closeTo(0.15, 9),
      leap: "none",
    });
  });
});

/** The huff-n'-puff filter: what it remembers of delays, and what it makes of offsets. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HUFFPUFF_STRETCH, noteDelay, puffed } from "../../src/discipline/huffpuff.ts";
import type { LeastDelays } from "../../src/discipline/huffpuff.ts";
import type { Mono } from "../../src/time/mono.ts";

const HOURS = 7200;

/** Delays heard one after the other. */
function heard(delays: readonly (readonly [at: number, delay: number])[]): LeastDelays {
  return delays.reduce<LeastDelays>((before, [at, delay]) => noteDelay(before, at as Mono, delay, HOURS), []);
}

describe("the least delays", () => {
  it("are one for each stretch", () => {
    expect(
      heard([
        [0, 0.3],
        [64, 0.1],
        [128, 0.2],
        [1000, 0.5],
      ]),
    ).toEqual([
      { since: 0, delay: 0.1 },
      { since: 1000, delay: 0.5 },
    ]);
  });

  it("are forgotten when they are too old", () => {
    expect(
      heard([
        [0, 0.1],
        [3600, 0.4],
        [HOURS + 1, 0.3],
      ]).map(({ delay }) => delay),
    ).toEqual([0.4, 0.3]);
  });

  it("law: are as few as there are stretches, however many are heard", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 300 }), fc.double({ min: 1e-6, max: 16, noNaN: true })), {
          maxLength: 400,
        }),
        (all) => {
          let now = 0;
          const lately = heard(all.map(([wait, delay]) => [(now += wait), delay]));
          expect(lately.length).toBeLessThanOrEqual(HOURS / HUFFPUFF_STRETCH);
        },
      ),
    );
  });
});

describe("an offset", () => {
  const lately = heard([[0, 0.02]]);

  it.each([
    // A packet that waited 200 ms on one way is 100 ms off.
    [0.1, 0.22, 0],
    [0.13, 0.22, 0.03],
    [-0.13, 0.22, -0.03],
    [0.05, 0.22, 0],
    [0.013, 0.02, 0.013],
    [0.013, 0.01, 0.013],
  ])("of %d s with a delay of %d s becomes %d s", (offset, delay, expected) => {
    expect(puffed(offset, delay, lately)).toBeCloseTo(expected, 12);
  });

  it("stays as it is while nothing is known of the line", () => {
    expect(puffed(0.1, 0.5, [])).toBe(0.1);
  });
});

/** How long a request may be on its way: found by what is answered and what is not. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RequestSizes } from "../../../src/security/nts/size.ts";

/** A way on which requests of so many placeholders or more are lost, for one who lacks so many cookies. */
function send(sizes: RequestSizes, fails: number, wanted: number): boolean {
  const count = sizes.next(wanted);
  expect(count).toBeLessThanOrEqual(wanted);
  if (count >= fails) return false;
  sizes.answered(count);
  return true;
}

describe("the size of requests", () => {
  it("is what is wanted as long as nothing speaks against it, and a loss does not", () => {
    const sizes = new RequestSizes();
    for (const wanted of [0, 7, 3, 7]) expect(send(sizes, 8, wanted)).toBe(true);
    for (let round = 0; round < 20; round += 1) {
      expect(sizes.next(3)).toBe(3); // lost
      expect(sizes.next(4)).toBe(0);
      sizes.answered(0);
      expect(send(sizes, 8, 4)).toBe(true);
    }
    expect([sizes.reduced, sizes.isMute]).toEqual([null, false]);
  });

  it("is found wherever the bound is, and after that two losses in a row are rare", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 7 }), (fails, wanted) => {
        fc.pre(wanted >= fails);
        const sizes = new RequestSizes();
        for (let round = 0; round < 30; round += 1) send(sizes, fails, wanted);
        expect(sizes.reduced).toBe(fails - 1);
        const lost = Array.from({ length: 30 }, () => send(sizes, fails, wanted)).filter((answered) => !answered);
        expect(lost.length).toBeLessThanOrEqual(4);
      }),
    );
  });

  it("is what it was again when the way has room again", () => {
    const sizes = new RequestSizes();
    for (let round = 0; round < 30; round += 1) send(sizes, 3, 7);
    expect(sizes.reduced).toBe(2);
    for (let round = 0; round < 100; round += 1) send(sizes, 8, 7);
    expect(sizes.reduced).toBeNull();
  });

  it("is none where nothing is answered, the shortest included", () => {
    const sizes = new RequestSizes();
    for (const wanted of [0, 1, 2]) {
      expect(sizes.isMute).toBe(false);
      send(sizes, 0, wanted);
    }
    expect(sizes.isMute).toBe(true);
    sizes.restart();
    expect(sizes.isMute).toBe(false);
  });
});

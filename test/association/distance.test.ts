/** The root distance: each thing that may have gone wrong makes it longer, by as much as it is. */
import { expect, it } from "vitest";
import { rootDistance, type Distant } from "../../src/association/distance.ts";
import { after, type Mono } from "../../src/time/mono.ts";

const AT = 100 as Mono;
const RULES = { mindist: 0.005, phi: 15e-6 };

function distant(estimate: object = {}, header: object = {}): Distant {
  return {
    header: { rootDelay: 0, rootDispersion: 0, ...header },
    filter: { estimate: { at: AT, offset: 0, delay: 0, dispersion: 0, jitter: 0, ...estimate } },
  };
}

it.each([
  ["half the round trip to the server", distant({ delay: 2 }), 0, 1],
  ["half the server's to its primary source", distant({}, { rootDelay: 2 }), 0, 1],
  ["what the samples are off by", distant({ dispersion: 3 }), 0, 3],
  ["what the server's are", distant({}, { rootDispersion: 3 }), 0, 3],
  ["how they spread", distant({ jitter: 4 }), 0, 4],
  ["PHI since then", distant(), 100_000, 1.5],
  ["the least there is", distant(), 0, 0.005],
])("has in it %s", (_, one, later, distance) => {
  expect(rootDistance(one, after(AT, later), RULES)).toBeCloseTo(distance, 9);
});

it("is no less than anything without a sample", () => {
  expect(rootDistance({ header: null, filter: { estimate: null } }, AT, RULES)).toBe(Infinity);
});

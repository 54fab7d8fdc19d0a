/** The intersection algorithm against a plain transcription of ntpd's, its laws on random farms, and cases worked out by hand. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Candidate } from "../../src/system/candidate.ts";
import { intersect, select } from "../../src/system/select.ts";
import type { Interval } from "../../src/system/select.ts";
import { anyCandidates, candidate, honestAndLiars, honestAndSlyLiars, reachOfLies } from "./candidates.ts";

/** RFC 5905 §11.2.1 steps 1 to 6 without midpoints, as ntpd 4.2.8 has them: every edge scanned again for every f. */
function asTheStandardSays(candidates: readonly Candidate[]): Interval | null {
  const m = candidates.length;
  const edges = candidates.flatMap(({ offset, rootDistance }) => [
    { opens: 1, edge: offset - rootDistance },
    { opens: -1, edge: offset + rootDistance },
  ]);
  // Of equal edges the closing one comes first, whichever way we go.
  const upwards = edges.toSorted((a, b) => a.edge - b.edge || a.opens - b.opens);
  const downwards = edges.toSorted((a, b) => b.edge - a.edge || b.opens - a.opens);
  for (let f = 0; f < m / 2; f++) {
    let c = 0;
    const l = upwards.find(({ opens }) => (c += opens) >= m - f)?.edge ?? Infinity;
    c = 0;
    const u = downwards.find(({ opens }) => (c -= opens) >= m - f)?.edge ?? -Infinity;
    if (l < u) return { low: l, high: u };
  }
  return null;
}

/** Of sums of offsets of up to 1000 s. */
const ROUNDING = 1e-9;

const ids = (candidates: readonly Candidate[]): number[] => candidates.map((c) => Number(c.id)).sort((a, b) => a - b);

/** As many farms as the laws of selection are tried on; fast-check prints the seed and path of one that breaks a law. */
const FARMS = { numRuns: 10_000 };

describe("the intersection", () => {
  it("is where most intervals overlap, for any candidates", () => {
    fc.assert(
      fc.property(anyCandidates, (candidates) => {
        expect(intersect(candidates)).toEqual(asTheStandardSays(candidates));
      }),
      FARMS,
    );
  });

  it("makes a truechimer of whoever's interval meets it, and of nobody else", () => {
    fc.assert(
      fc.property(anyCandidates, (candidates) => {
        const { intersection, truechimers, falsetickers } = select(candidates);
        const meeting = candidates.filter(
          ({ offset, rootDistance, trusted }) =>
            trusted ||
            (intersection !== null &&
              Math.max(offset - rootDistance, intersection.low) <= Math.min(offset + rootDistance, intersection.high)),
        );
        expect(truechimers).toEqual(meeting);
        expect(falsetickers).toEqual(candidates.filter((one) => !meeting.includes(one)));
      }),
      FARMS,
    );
  });

  it("finds every liar that meets no honest clock, and no honest clock, while liars are fewer", () => {
    fc.assert(
      fc.property(honestAndLiars, ({ truth, honest, liars, all }) => {
        const { intersection, truechimers, falsetickers } = select(all);
        expect([ids(truechimers), ids(falsetickers)]).toEqual([ids(honest), ids(liars)]);
        return intersection!.low <= truth && truth <= intersection!.high;
      }),
      FARMS,
    );
  });

  it("is drawn aside by liars that meet honest clocks no further than as many fewer honest ones reach", () => {
    fc.assert(
      fc.property(honestAndSlyLiars, (farm) => {
        const { intersection, truechimers } = select(farm.all);
        const { low, high } = reachOfLies(farm);
        const drawn = (offset: number, most: number): boolean => low - most <= offset && offset <= high + most;
        return (
          drawn(intersection!.low, 0) &&
          drawn(intersection!.high, 0) &&
          truechimers.every(({ offset, rootDistance }) => drawn(offset, rootDistance + ROUNDING))
        );
      }),
      FARMS,
    );
  });

  it("is not moved by one more liar outside the intervals of two or more honest clocks", () => {
    fc.assert(
      fc.property(
        honestAndLiars.filter(({ honest }) => honest.length >= 2),
        fc.constantFrom(-1, 1),
        fc.double({ min: 10, max: 1000, noNaN: true }),
        ({ truth, honest }, sign, lie) => {
          const before = select(honest);
          const after = select([...honest, candidate(200, truth + sign * lie, 5)]);
          expect(after.intersection).toEqual(before.intersection);
          expect(after.truechimers).toEqual(before.truechimers);
        },
      ),
    );
  });

  it("always meets the intervals of more than half the candidates", () => {
    fc.assert(
      fc.property(anyCandidates, (candidates) => {
        const doubted = candidates.map((c) => ({ ...c, trusted: false }));
        const { intersection, truechimers, falsetickers } = select(doubted);
        if (intersection === null) expect(truechimers).toEqual([]);
        else expect(truechimers.length).toBeGreaterThan(falsetickers.length);
      }),
    );
  });
});

describe("by hand", () => {
  it("three in a row that only touch each other are no majority", () => {
    const row = [candidate(1, 0.5, 0.5), candidate(2, 1.5, 0.5), candidate(3, 2.5, 0.5)];
    expect(select(row)).toEqual({ intersection: null, truechimers: [], falsetickers: row });
  });

  it("nobody: no majority", () => {
    expect(select([])).toEqual({ intersection: null, truechimers: [], falsetickers: [] });
  });

  it("one candidate agrees with itself", () => {
    const only = candidate(1, 0.25, 0.01);
    expect(select([only])).toEqual({ intersection: { low: 0.24, high: 0.26 }, truechimers: [only], falsetickers: [] });
  });

  it("two that disagree: neither is believed", () => {
    const pair = [candidate(1, 0, 0.1), candidate(2, 1, 0.1)];
    expect(select(pair)).toEqual({ intersection: null, truechimers: [], falsetickers: pair });
  });

  it("a near and a distant server that overlap agree, though neither holds the other's midpoint", () => {
    const { intersection, truechimers } = select([candidate(1, 0, 1), candidate(2, 3, 2.5)]);
    expect(intersection).toEqual({ low: 0.5, high: 1 });
    expect(ids(truechimers)).toEqual([1, 2]);
  });

  it("two that do not overlap never agree", () => {
    expect(select([candidate(1, 0, 1), candidate(2, 5, 1)])).toMatchObject({ intersection: null, truechimers: [] });
  });

  it("intervals that touch in one point do not overlap", () => {
    expect(intersect([candidate(1, 0, 1), candidate(2, 2, 1)])).toBeNull();
  });

  it("whoever touches the intersection in one point does not contradict it", () => {
    const touching = [candidate(1, 0, 2), candidate(2, 1, 1), candidate(3, 3, 1)];
    expect(select(touching)).toEqual({
      intersection: { low: 0, high: 2 },
      truechimers: touching,
      falsetickers: [],
    });
  });

  it("equal offsets with the tiniest intervals agree", () => {
    const tiny = [1, 2, 3].map((n) => candidate(n, 1e-3, 1e-9));
    expect(select(tiny).truechimers).toEqual(tiny);
  });

  it("two against two is no majority", () => {
    expect(select([1, 2].flatMap((n) => [candidate(n, 0, 1), candidate(n + 2, 10, 1)])).intersection).toBeNull();
  });

  it("a distant clock whose interval holds the truth is no falseticker for its midpoint", () => {
    const distant = candidate(4, 0.005, 0.05);
    const near = [1, 2, 3].map((n) => candidate(n, 0, 0.001));
    expect(select([distant, ...near])).toEqual({
      intersection: { low: -0.001, high: 0.001 },
      truechimers: [distant, ...near],
      falsetickers: [],
    });
  });

  it("most may overlap in two places: both, and what is between, are the intersection", () => {
    const wide = [candidate(1, 0, 10), candidate(2, 0, 10)];
    const { intersection, falsetickers } = select([...wide, candidate(3, -5, 1), candidate(4, 5, 1)]);
    expect([intersection, falsetickers]).toEqual([{ low: -6, high: 6 }, []]);
  });

  it("a trusted candidate is a truechimer, with and without a majority", () => {
    const trusted = candidate(4, 50, 0.1, { trusted: true });
    const others = [1, 2, 3].map((n) => candidate(n, 0, 1));
    expect(select([...others, trusted]).truechimers).toEqual([...others, trusted]);
    expect(select([others[0]!, trusted])).toEqual({
      intersection: null,
      truechimers: [trusted],
      falsetickers: [others[0]],
    });
  });
});

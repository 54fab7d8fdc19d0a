/** The intersection algorithm against a plain transcription of the standard, and on cases worked out by hand. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Candidate } from "../../src/system/candidate.ts";
import { intersect, select } from "../../src/system/select.ts";
import type { Interval } from "../../src/system/select.ts";
import { anyCandidates, candidate, honestAndLiars } from "./candidates.ts";

/** RFC 5905 §11.2.1 steps 1 to 6, word for word: every edge scanned again for every f. */
function asTheStandardSays(candidates: readonly Candidate[]): Interval | null {
  const m = candidates.length;
  const list = candidates
    .flatMap(({ offset, rootDistance }) => [
      { type: -1, edge: offset - rootDistance },
      { type: 0, edge: offset },
      { type: 1, edge: offset + rootDistance },
    ])
    .sort((a, b) => a.edge - b.edge || a.type - b.type);
  for (let f = 0; f < m / 2; f++) {
    let d = 0;
    let c = 0;
    let l = Infinity;
    for (const { type, edge } of list) {
      c -= type;
      if (c >= m - f) {
        l = edge;
        break;
      }
      if (type === 0) d++;
    }
    c = 0;
    let u = -Infinity;
    for (const { type, edge } of list.toReversed()) {
      c += type;
      if (c >= m - f) {
        u = edge;
        break;
      }
      if (type === 0) d++;
    }
    if (d <= f && l < u) return { low: l, high: u };
  }
  return null;
}

const ids = (candidates: readonly Candidate[]): number[] => candidates.map((c) => Number(c.id)).sort((a, b) => a - b);

describe("the intersection", () => {
  it("is the standard's, for any candidates", () => {
    fc.assert(
      fc.property(anyCandidates, (candidates) => {
        expect(intersect(candidates)).toEqual(asTheStandardSays(candidates));
      }),
      { numRuns: 2000 },
    );
  });

  it("finds every liar while liars are fewer than the honest", () => {
    fc.assert(
      fc.property(honestAndLiars, ({ honest, liars, all }) => {
        const { intersection, truechimers, falsetickers } = select(all);
        expect(ids(truechimers)).toEqual(ids(honest));
        expect(ids(falsetickers)).toEqual(ids(liars));
        expect(intersection!.low).toBeLessThanOrEqual(0);
        expect(intersection!.high).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it("is not moved by one more liar outside the intervals of three or more honest clocks", () => {
    fc.assert(
      fc.property(
        honestAndLiars.filter(({ honest }) => honest.length >= 3),
        fc.constantFrom(-1, 1),
        fc.double({ min: 10, max: 1000, noNaN: true }),
        ({ honest }, sign, lie) => {
          const before = select(honest);
          const after = select([...honest, candidate(200, sign * lie, 5)]);
          expect(after.intersection).toEqual(before.intersection);
          expect(after.truechimers).toEqual(before.truechimers);
        },
      ),
    );
  });

  it("always holds the midpoints of more than half the candidates", () => {
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

  it("two must each hold the other's midpoint by the standard", () => {
    expect(intersect([candidate(1, 0, 2), candidate(2, 1, 2)])).toEqual({ low: -1, high: 2 });
    // They overlap from −0.5 to 1, where 1's midpoint is, but not 2's.
    expect(intersect([candidate(1, 0, 1), candidate(2, 2, 2.5)])).toBeNull();
  });

  it("a near and a distant server that overlap agree all the same, as with ntpd", () => {
    const { intersection, truechimers } = select([candidate(1, 0, 1), candidate(2, 2, 2.5)]);
    expect(intersection).toEqual({ low: -0.5, high: 1 });
    expect(ids(truechimers)).toEqual([1, 2]);
  });

  it("two that do not overlap never agree", () => {
    expect(select([candidate(1, 0, 1), candidate(2, 5, 1)])).toMatchObject({ intersection: null, truechimers: [] });
  });

  it("intervals that touch in one point do not overlap", () => {
    expect(intersect([candidate(1, 0, 1), candidate(2, 2, 1)])).toBeNull();
  });

  it("a midpoint on the edge of the intersection is inside", () => {
    expect(intersect([candidate(1, 0, 2), candidate(2, 1, 1)])).toEqual({ low: 0, high: 2 });
  });

  it("equal offsets with the tiniest intervals agree", () => {
    const tiny = [1, 2, 3].map((n) => candidate(n, 1e-3, 1e-9));
    expect(select(tiny).truechimers).toEqual(tiny);
  });

  it("two against two is no majority", () => {
    expect(select([1, 2].flatMap((n) => [candidate(n, 0, 1), candidate(n + 2, 10, 1)])).intersection).toBeNull();
  });

  it("a distant clock whose midpoint lies outside what the near ones agree on is a falseticker", () => {
    const distant = candidate(4, 0.005, 0.05);
    const near = [1, 2, 3].map((n) => candidate(n, 0, 0.001));
    expect(select([distant, ...near])).toEqual({
      intersection: { low: -0.001, high: 0.001 },
      truechimers: near,
      falsetickers: [distant],
    });
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

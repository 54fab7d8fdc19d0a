/** Clustering: who is discarded, in what order the others stand, and who never is. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cluster, NMAX, rank } from "../../src/system/cluster.ts";
import { DEFAULT_LIMITS } from "../../src/system/limits.ts";
import type { Candidate } from "../../src/system/candidate.ts";
import { anyCandidates, candidate } from "./candidates.ts";

const ids = (candidates: readonly Candidate[]): number[] => candidates.map((c) => Number(c.id));
const limits = DEFAULT_LIMITS;

/** RFC 5905 §11.2.2 over all pairs, on candidates none of whom is immune. */
function asTheStandardSays(candidates: readonly Candidate[], minclock: number): number[] {
  let left = [...rank(candidates, limits.mindist)];
  for (;;) {
    const n = left.length;
    if (n <= Math.max(1, minclock)) return ids(left);
    const jitters = left.map((s) => Math.sqrt(left.reduce((sum, j) => sum + (s.offset - j.offset) ** 2, 0) / (n - 1)));
    const most = Math.max(...jitters);
    if (most <= Math.min(...left.map((c) => c.jitter))) return ids(left);
    left = left.filter((_, i) => i !== jitters.lastIndexOf(most));
  }
}

describe("the order of preference", () => {
  it("is by stratum × mindist + root distance", () => {
    const far = candidate(1, 0, 0.02, { stratum: 1 });
    const near = candidate(2, 0, 0.005, { stratum: 4 });
    const middling = candidate(3, 0, 0.009, { stratum: 2 });
    expect(ids(rank([far, near, middling], 0.001))).toEqual([2, 3, 1]);
    expect(ids(rank([far, near, middling], 1))).toEqual([1, 3, 2]);
  });

  it("breaks ties by stratum, then by identifier", () => {
    const all = [
      candidate(3, 0, 0.25, { stratum: 1 }),
      candidate(2, 0, 0.25, { stratum: 1 }),
      candidate(1, 0, 0.125, { stratum: 2 }),
    ];
    expect(ids(rank(all, 0.125))).toEqual([2, 3, 1]);
  });
});

describe("clustering", () => {
  it("discards as the standard does", () => {
    // Multiples of a power of two, so that both ways of summing are nearly exact.
    const offset = fc.integer({ min: -20, max: 20 }).map((x) => x / 64);
    const few = fc
      .uniqueArray(offset, { maxLength: 12 })
      .map((offsets) => offsets.map((o, i) => candidate(i + 1, o, 0.01 + i / 1000, { jitter: 0.01 * i })));
    fc.assert(
      fc.property(few, fc.integer({ min: 1, max: 5 }), (candidates, minclock) => {
        fc.pre(tieFree(candidates));
        const { survivors, outliers } = cluster(candidates, { ...limits, maxclock: 50, minclock });
        expect(ids(survivors)).toEqual(asTheStandardSays(candidates, minclock));
        expect(survivors.length + outliers.length).toBe(candidates.length);
      }),
    );
  });

  it("discards the furthest, down to minclock", () => {
    const all = [
      candidate(1, 0, 0.01),
      candidate(2, 0.001, 0.02),
      candidate(3, -0.001, 0.03),
      candidate(4, 0.05, 0.04),
      candidate(5, 0.2, 0.05),
    ];
    const { survivors, outliers } = cluster(all, limits);
    expect(ids(survivors)).toEqual([1, 2, 3]);
    expect(ids(outliers)).toEqual([4, 5]);
  });

  it("stops when the selection jitter is no more than the least peer jitter", () => {
    const all = [1, 2, 3, 4, 5].map((n) => candidate(n, n * 1e-6, 0.01, { jitter: 1e-4 }));
    expect(cluster(all, limits).outliers).toEqual([]);
  });

  it("never discards the trusted and the preferred", () => {
    fc.assert(
      fc.property(anyCandidates, (candidates) => {
        const { survivors } = cluster(candidates, { ...limits, minclock: 1, maxclock: 2 });
        for (const c of candidates) if (c.trusted || c.prefer) expect(survivors).toContain(c);
      }),
    );
  });

  it("keeps the only one of the least stratum, however well the others agree that have their time from it", () => {
    const followers = [2, 3, 4, 5].map((n) => candidate(n, 0.001 + n * 1e-6, 0.01, { stratum: 3, jitter: 1e-7 }));
    const source = candidate(1, 0, 0.01, { stratum: 2, jitter: 1e-7 });
    expect(ids(cluster([source, ...followers], limits).survivors)).toContain(1);
    const another = candidate(6, 0.001, 0.01, { stratum: 2, jitter: 1e-7 });
    expect(ids(cluster([source, another, ...followers], limits).outliers)).toContain(1);
  });

  it("puts every truechimer on exactly one list", () => {
    fc.assert(
      fc.property(anyCandidates, (candidates) => {
        const { survivors, outliers, backups, excess } = cluster(candidates, { ...limits, maxclock: 4 });
        expect(ids([...survivors, ...outliers, ...backups, ...excess]).sort((a, b) => a - b)).toEqual(ids(candidates));
      }),
    );
  });

  it("keeps survivors beyond the best maxclock as backups", () => {
    const all = Array.from({ length: 12 }, (_, i) => candidate(i + 1, 0, 0.01 + i / 1000));
    const { survivors, backups } = cluster(all, limits);
    expect(ids(survivors)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(ids(backups)).toEqual([11, 12]);
  });

  it(`looks at the best ${NMAX} only, the immune among them`, () => {
    const all = Array.from({ length: 60 }, (_, i) => candidate(i + 1, 0, 0.01 + i / 1000, { prefer: i === 59 }));
    const { survivors, excess } = cluster(all, { ...limits, maxclock: 100 });
    expect(ids(survivors)).toEqual([...Array.from({ length: 49 }, (_, i) => i + 1), 60]);
    expect(ids(excess).sort((a, b) => a - b)).toEqual([50, 51, 52, 53, 54, 55, 56, 57, 58, 59]);
  });

  it("admits by identifier where merits are equal", () => {
    const all = Array.from({ length: 60 }, (_, i) => candidate(60 - i, 0, 0.01));
    expect(ids(cluster(all, { ...limits, maxclock: 100 }).survivors)).toEqual(
      Array.from({ length: NMAX }, (_, i) => i + 1),
    );
  });
});

/**
 * No set of three or more offsets that clustering can come down to has its two ends equally far from its mean: such a tie is
 * broken by rounding, and either end may go. (Of two, the distances are exact, and the less preferred goes.)
 */
function tieFree(candidates: readonly Candidate[]): boolean {
  const sorted = candidates.map((c) => c.offset).sort((a, b) => a - b);
  for (let i = 0; i < sorted.length; i++) {
    for (let j = i + 2; j < sorted.length; j++) {
      const mean = sorted.slice(i, j + 1).reduce((a, b) => a + b, 0) / (j + 1 - i);
      if (Math.abs(sorted[i]! + sorted[j]! - 2 * mean) < 1e-9) return false;
    }
  }
  return true;
}

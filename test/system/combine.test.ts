/** Combining: a weighted mean, between the survivors, and the jitter that goes with it. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { combine } from "../../src/system/combine.ts";
import { anyCandidates, candidate } from "./candidates.ts";

describe("combine", () => {
  it("weighs each survivor by the reciprocal of its root distance", () => {
    const near = candidate(1, 0.004, 0.01, { jitter: 0 });
    const far = candidate(2, 0, 0.03, { jitter: 0 });
    const { offset, selectionJitter, jitter } = combine([near, far], near);
    expect(offset).toBeCloseTo(0.003, 12); // (100 · 4 ms + 33.3 · 0) / 133.3
    expect(selectionJitter).toBeCloseTo(0.002, 12); // √(4² / 4) ms
    expect(jitter).toBe(selectionJitter);
  });

  it("takes a lone survivor as it is", () => {
    const only = candidate(1, 1.5, 0.01, { jitter: 2e-4 });
    expect(combine([only], only)).toEqual({ offset: 1.5, selectionJitter: 0, jitter: 2e-4 });
  });

  it("adds the squares of selection jitter and the system peer's jitter", () => {
    const peer = candidate(1, 0, 1, { jitter: 3 });
    const other = candidate(2, Math.sqrt(32), 1, { jitter: 99 });
    expect(combine([peer, other], peer).jitter).toBeCloseTo(5, 12);
  });

  it("follows a preferred system peer alone", () => {
    const preferred = candidate(2, 0.02, 0.03, { prefer: true, jitter: 1e-3 });
    expect(combine([candidate(1, 0, 0.01), preferred], preferred)).toEqual({
      offset: 0.02,
      selectionJitter: 0,
      jitter: 1e-3,
    });
  });

  it("lies between the least and the greatest survivor, whoever the system peer is", () => {
    fc.assert(
      fc.property(
        anyCandidates.filter((all) => all.length > 0),
        fc.nat(),
        (survivors, n) => {
          const { offset, jitter } = combine(survivors, survivors[n % survivors.length]!);
          const offsets = survivors.map((c) => c.offset);
          expect(offset).toBeGreaterThanOrEqual(Math.min(...offsets) - 1e-12);
          expect(offset).toBeLessThanOrEqual(Math.max(...offsets) + 1e-12);
          expect(jitter).toBeGreaterThanOrEqual(0);
        },
      ),
    );
  });

  it("keeps the digits of large offsets", () => {
    const survivors = [candidate(1, 1e9 + 0.25, 0.5), candidate(2, 1e9 + 0.75, 0.5)];
    expect(combine(survivors, survivors[0]!).offset).toBe(1e9 + 0.5);
  });
});

/** Seeded chance: replayable, splittable, and distributed as it says. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createChance, type SimChance } from "../../src/sim/chance.ts";

const draw = (chance: SimChance, count: number): bigint[] => Array.from({ length: count }, () => chance.bits64());
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

describe("chance", () => {
  it("gives the same for the same seed, and something else for another", () => {
    expect(draw(createChance(1), 8)).toEqual(draw(createChance(1), 8));
    expect(draw(createChance(1), 8)).not.toEqual(draw(createChance(2), 8));
  });

  it("splits by label alone: neither earlier draws nor other splits matter", () => {
    const one = createChance("seed");
    const other = createChance("seed");
    draw(other, 5);
    draw(other.split("b"), 3);
    expect(draw(one.split("a"), 8)).toEqual(draw(other.split("a"), 8));
    expect(draw(one.split("a"), 8)).not.toEqual(draw(one.split("b"), 8));
  });

  it("keeps labels apart however they are cut", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), fc.string(), (a, b, c, d) => {
        fc.pre(a !== c || b !== d);
        const root = createChance(0);
        expect(draw(root.split(a).split(b), 2)).not.toEqual(draw(root.split(c).split(d), 2));
      }),
    );
  });

  it("is uniform in 0 ≤ x < 1", () => {
    const chance = createChance("uniform");
    const values = Array.from({ length: 20_000 }, () => chance.uniform());
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThan(1);
    for (let tenth = 0; tenth < 10; tenth++) {
      expect(values.filter((value) => Math.floor(value * 10) === tenth).length / 2000).toBeCloseTo(1, 0);
    }
  });

  it("uses every one of 64 bits", () => {
    const values = draw(createChance("bits"), 200);
    for (let bit = 0n; bit < 64n; bit++) {
      const ones = values.filter((value) => ((value >> bit) & 1n) === 1n).length;
      expect(ones, `bit ${bit}`).toBeGreaterThan(50);
      expect(ones, `bit ${bit}`).toBeLessThan(150);
    }
  });

  it("has normal and exponential deviates of unit size", () => {
    const chance = createChance("deviates");
    const normal = Array.from({ length: 20_000 }, () => chance.gaussian());
    expect(mean(normal)).toBeCloseTo(0, 1);
    expect(mean(normal.map((value) => value * value))).toBeCloseTo(1, 1);
    const exponential = Array.from({ length: 20_000 }, () => chance.exponential());
    expect(mean(exponential)).toBeCloseTo(1, 1);
    expect(Math.min(...exponential)).toBeGreaterThanOrEqual(0);
    expect(exponential.filter((value) => value > Math.LN2).length / 20_000).toBeCloseTo(0.5, 1);
  });

  it("shuffles without losing any", () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.integer(), (items, seed) => {
        expect(
          createChance(seed)
            .shuffled(items)
            .toSorted((a, b) => a - b),
        ).toEqual(items.toSorted((a, b) => a - b));
      }),
    );
  });
});

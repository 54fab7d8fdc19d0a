import { describe, expect, it } from "vitest";
import type { Association } from "../../src/association/association.ts";
import { judgeSystem, NO_OPINION, type JudgeRules, type Opinion } from "../../src/system/judge.ts";
import type { Mono } from "../../src/time/mono.ts";
import { judged, NOW, RULES } from "./judged.ts";

function opinion(associations: readonly Association[], rules: Partial<JudgeRules> = {}): Opinion {
  return judgeSystem(associations, NOW, { ...RULES, ...rules });
}

/** Verdicts by number. */
function verdicts({ verdicts }: Opinion): Readonly<Record<number, string>> {
  return Object.fromEntries([...verdicts].map(([id, { verdict, reason }]) => [id, reason ?? verdict]));
}

describe("an opinion", () => {
  it("of nothing is none", () => {
    expect(opinion([])).toEqual(NO_OPINION);
    expect(NO_OPINION).toMatchObject({ truechimers: 0, falsetickers: 0, estimate: null });
  });

  it("has a verdict on each, and counts those who agree and those who do not", () => {
    const formed = opinion([
      judged(1),
      judged(2, { estimate: { offset: 0.001 } }),
      judged(3, { estimate: { offset: 30 } }),
      judged(4, { fields: { reach: 0 } }),
    ]);
    expect(formed).toMatchObject({ truechimers: 2, falsetickers: 1, survivors: [1, 2] });
    expect(verdicts(formed)).toMatchObject({ 3: "outsideIntersection", 4: "unreachable" });
    expect(formed.estimate!.offset).toBeCloseTo(0.0005, 4);
    expect(formed.variables).toMatchObject({ stratum: 3, leap: "none" });
  });

  it("counts a falseticker of yesterday that is one again", () => {
    const formed = opinion([
      judged(1),
      judged(2),
      judged(3, { estimate: { offset: 30 }, fields: { probation: 0 as Mono } }),
    ]);
    expect(formed).toMatchObject({ truechimers: 2, falsetickers: 1 });
  });

  it("tells what the clock is off by as an error, or as the offset, and not as both", () => {
    const off = [judged(1, { estimate: { offset: 0.02 } })];
    const reads = opinion(off).variables.rootDispersion;
    const leads = opinion(off, { toldAsItReads: false }).variables.rootDispersion;
    expect(reads - leads).toBeCloseTo(0.02, 6);
  });
});

/** Orphans at stratum 6, and us at 192.0.2.50. */
const ORPHANS: Partial<JudgeRules> = { orphan: { stratum: 6, metric: 0xc000_0232 } };

function orphan(id: number, stratum = 6): Association {
  return judged(id, { header: { stratum } });
}

describe("where there are orphans", () => {
  it("none is used while anybody has a source", () => {
    const formed = opinion([judged(1), orphan(2)], ORPHANS);
    expect(formed.survivors).toEqual([1]);
    expect(verdicts(formed)).toMatchObject({ 2: "stratum" });
  });

  it("the one with the least address is followed, in whatever order", () => {
    for (const order of [
      [orphan(3), orphan(2), orphan(4)],
      [orphan(2), orphan(3), orphan(4)],
      [orphan(4), orphan(3), orphan(2)],
    ]) {
      const formed = opinion(order, ORPHANS);
      expect(formed.estimate?.peer).toBe(2);
      expect(verdicts(formed)).toMatchObject({ 3: "stratum", 4: "stratum" });
    }
  });

  it("nobody is followed whose address is not less than ours, nor who only follows one", () => {
    expect(opinion([orphan(50), orphan(51)], ORPHANS).estimate).toBeNull();
    expect(opinion([orphan(2, 7)], ORPHANS).estimate).toBeNull();
  });

  it("they are servers like others to whoever knows of none", () => {
    expect(opinion([orphan(2)]).estimate?.peer).toBe(2);
  });
});

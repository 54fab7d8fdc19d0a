/** The whole system process: one verdict for everybody, one opinion for the clock. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AssociationId } from "../../src/association/association.ts";
import type { Candidate } from "../../src/system/candidate.ts";
import { DEFAULT_LIMITS } from "../../src/system/limits.ts";
import { chooseSystemPeer } from "../../src/system/mitigate.ts";
import { selectSystem } from "../../src/system/selection.ts";
import type { Selection } from "../../src/system/selection.ts";
import { anyCandidates, candidate, honestAndLiars, honestAndSlyLiars, id, reachOfLies } from "./candidates.ts";

const limits = DEFAULT_LIMITS;
/** Of sums of offsets of up to 1000 s. */
const ROUNDING = 1e-9;

/** `"1 systemPeer"`, `"2 falseticker outsideIntersection"` … by identifier. */
function verdicts(selection: Selection): string[] {
  return [...selection.judgements]
    .sort(([a], [b]) => a - b)
    .map(([who, { verdict, reason }]) => [who, verdict, reason].filter((word) => word !== null).join(" "));
}

describe("the system process", () => {
  it("gives the same answer in whatever order the candidates come", () => {
    const shuffled = anyCandidates.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    );
    fc.assert(
      fc.property(shuffled, fc.nat({ max: 15 }), ([all, permuted], current) => {
        expect(selectSystem(permuted, limits, id(current))).toEqual(selectSystem(all, limits, id(current)));
      }),
    );
  });

  it("judges every candidate, and gives a reason to all it does not use", () => {
    fc.assert(
      fc.property(anyCandidates, fc.integer({ min: 1, max: 4 }), (all, minsane) => {
        const selection = selectSystem(all, { ...limits, minsane, maxclock: 4 }, null);
        expect([...selection.judgements.keys()].sort((a, b) => a - b)).toEqual(all.map((c) => c.id));
        for (const { verdict, reason } of selection.judgements.values()) {
          expect(reason === null).toBe(verdict === "survivor" || verdict === "systemPeer");
        }
        expect(selection.truechimers + selection.falsetickers).toBe(all.length);
      }),
    );
  });

  it("never follows a liar that meets no honest clock, and comes within the honest clocks' offsets", () => {
    fc.assert(
      fc.property(honestAndLiars, ({ honest, all }) => {
        const { systemPeer, offset } = selectSystem(all, limits, null);
        const offsets = honest.map((c) => c.offset);
        return (
          honest.some((c) => c.id === systemPeer) &&
          offset! >= Math.min(...offsets) - ROUNDING &&
          offset! <= Math.max(...offsets) + ROUNDING
        );
      }),
      { numRuns: 10_000 },
    );
  });

  it("is drawn aside by liars that meet honest clocks no further than the law of selection has it", () => {
    fc.assert(
      fc.property(honestAndSlyLiars, (farm) => {
        const { offset } = selectSystem(farm.all, limits, null);
        const { low, high } = reachOfLies(farm);
        const most = Math.max(...farm.all.map(({ rootDistance }) => rootDistance));
        return offset! >= low - most - ROUNDING && offset! <= high + most + ROUNDING;
      }),
      { numRuns: 10_000 },
    );
  });

  it("tells a falseticker, an outlier and the survivors apart", () => {
    const selection = selectSystem(
      [
        candidate(1, 0, 0.1),
        candidate(2, 0.001, 0.11),
        candidate(3, -0.001, 0.12),
        candidate(4, 0.05, 0.13),
        candidate(5, 9, 0.1),
      ],
      limits,
      null,
    );
    expect(verdicts(selection)).toEqual([
      "1 systemPeer",
      "2 survivor",
      "3 survivor",
      "4 outlier selectJitter",
      "5 falseticker outsideIntersection",
    ]);
    expect(selection).toMatchObject({ systemPeer: 1, truechimers: 4, falsetickers: 1, rootDistance: 0.1 });
    expect(selection.intersection!.low).toBeCloseTo(-0.08, 12);
    expect(selection.intersection!.high).toBeCloseTo(0.1, 12);
  });

  it("believes nobody without a majority", () => {
    const selection = selectSystem([candidate(1, 0, 0.1), candidate(2, 1, 0.1)], limits, id(1));
    expect(verdicts(selection)).toEqual(["1 falseticker noMajority", "2 falseticker noMajority"]);
    expect(selection).toMatchObject({
      systemPeer: null,
      survivors: [],
      truechimers: 0,
      falsetickers: 2,
      intersection: null,
      offset: null,
      selectionJitter: null,
      jitter: null,
      rootDistance: null,
    });
  });

  it("without a majority still follows the trusted", () => {
    const selection = selectSystem([candidate(1, 0, 0.1), candidate(2, 1, 0.1, { trusted: true })], limits, null);
    expect(verdicts(selection)).toEqual(["1 falseticker noMajority", "2 systemPeer"]);
    expect(selection.offset).toBe(1);
  });

  it("does not touch the clock with fewer than minsane survivors", () => {
    const pair = [candidate(1, 0, 0.1), candidate(2, 0, 0.1)];
    const selection = selectSystem(pair, { ...limits, minsane: 3 }, null);
    expect(verdicts(selection)).toEqual(["1 survivor", "2 survivor"]);
    expect(selection).toMatchObject({ systemPeer: null, offset: null, truechimers: 2 });
    expect(selectSystem(pair, { ...limits, minsane: 2 }, null).systemPeer).toBe(1);
  });

  it("has nothing to say of nobody", () => {
    expect(selectSystem([], limits, null)).toMatchObject({
      systemPeer: null,
      truechimers: 0,
      falsetickers: 0,
      offset: null,
    });
    expect(selectSystem([], { ...limits, minsane: 0 }, null).systemPeer).toBeNull();
  });

  it("names those beyond maxclock and beyond the table", () => {
    const all = Array.from({ length: 55 }, (_, i) => candidate(i + 1, 0, 0.01 + i / 1000));
    const said = verdicts(selectSystem(all, limits, null));
    expect(said[9]).toBe("10 survivor");
    expect(said[10]).toBe("11 backup surplus");
    expect(said[49]).toBe("50 backup surplus");
    expect(said[50]).toBe("51 excess surplus");
  });

  it.each<[string, Partial<Candidate>]>([
    ["an offset that is no number", { offset: NaN }],
    ["an infinite root distance", { rootDistance: Infinity }],
    ["a root distance of nothing", { rootDistance: 0 }],
    ["a negative jitter", { jitter: -1 }],
    ["a jitter that is no number", { jitter: NaN }],
    ["a stratum that is no number", { stratum: NaN }],
  ])("throws on %s: that is our own mistake", (_, wrong) => {
    expect(() => selectSystem([{ ...candidate(7, 0, 1), ...wrong }], limits, null)).toThrow(/candidate 7 is not sound/);
  });

  it("throws when an identifier comes twice", () => {
    expect(() => selectSystem([candidate(7, 0, 1), candidate(7, 0, 2)], limits, null)).toThrow(RangeError);
  });
});

describe("the system peer", () => {
  const head = candidate(1, 0, 0.01, { stratum: 2 });
  const equal = candidate(2, 0, 0.02, { stratum: 2 });
  const lower = candidate(3, 0, 0.03, { stratum: 3 });
  const preferred = candidate(4, 0, 0.04, { stratum: 5, prefer: true });

  it.each<[string, Candidate[], number | null, number | null]>([
    ["is the best survivor", [head, equal, lower], null, 1],
    ["stays the one we follow at the same stratum", [head, equal, lower], 2, 2],
    ["leaves one of another stratum", [head, equal, lower], 3, 1],
    ["leaves one that did not survive", [head, equal], 9, 1],
    ["is the preferred one above all", [head, equal, lower, preferred], 2, 4],
    ["is nobody of nobody", [], 2, null],
  ])("%s", (_, survivors, current, expected) => {
    expect(chooseSystemPeer(survivors, current as AssociationId | null)?.id ?? null).toBe(expected);
  });
});

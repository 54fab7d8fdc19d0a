/** Candidates for the tests of selection: hand-made ones, and arbitrary ones. */
import * as fc from "fast-check";
import type { AssociationId } from "../../src/association/association.ts";
import type { Candidate } from "../../src/system/candidate.ts";

/** A candidate with the given numbers, and ordinary ones for the rest. */
export function candidate(
  id: number,
  offset: number,
  rootDistance: number,
  more: Partial<Omit<Candidate, "id">> = {},
): Candidate {
  return {
    id: id as AssociationId,
    stratum: 2,
    offset,
    delay: 0.01,
    jitter: 1e-4,
    rootDistance,
    prefer: false,
    trusted: false,
    ...more,
  };
}

/** The same candidate under its identifier, as the tests name it. */
export function id(number: number): AssociationId {
  return number as AssociationId;
}

/** Grid points make edges coincide often, which is where an interval algorithm goes wrong; doubles make them never coincide. */
const coordinate = fc.oneof(fc.integer({ min: -8, max: 8 }), fc.double({ min: -10, max: 10, noNaN: true }));
const halfWidth = fc.oneof(fc.integer({ min: 1, max: 6 }), fc.double({ min: 0.001, max: 5, noNaN: true }));

/** Any sound candidates: `[]` … 14 of them, no two with the same identifier. */
export const anyCandidates: fc.Arbitrary<Candidate[]> = fc
  .array(
    fc.record({
      offset: coordinate,
      rootDistance: halfWidth,
      stratum: fc.integer({ min: 1, max: 15 }),
      jitter: fc.double({ min: 0, max: 2, noNaN: true }),
      prefer: fc.boolean(),
      trusted: fc.integer({ min: 0, max: 9 }).map((x) => x === 0),
    }),
    { maxLength: 14 },
  )
  .map((all) => all.map(({ offset, rootDistance, ...more }, i) => candidate(i + 1, offset, rootDistance, more)));

/**
 * Honest clocks and liars, in any order: every honest interval holds the truth, 0, and every honest midpoint is in all honest
 * intervals; no liar's interval touches an honest one. There are fewer liars than honest clocks.
 */
export const honestAndLiars: fc.Arbitrary<{ honest: Candidate[]; liars: Candidate[]; all: Candidate[] }> = fc
  .array(fc.tuple(fc.double({ min: -0.4, max: 0.4, noNaN: true }), fc.double({ min: 1, max: 2, noNaN: true })), {
    minLength: 1,
    maxLength: 8,
  })
  .chain((truths) =>
    fc
      .array(
        fc.tuple(
          fc.constantFrom(-1, 1),
          fc.double({ min: 10, max: 1000, noNaN: true }),
          fc.double({ min: 0.001, max: 5, noNaN: true }),
        ),
        { maxLength: truths.length - 1 },
      )
      .chain((lies) => {
        const honest = truths.map(([offset, distance], i) => candidate(i + 1, offset, distance));
        const liars = lies.map(([sign, offset, distance], i) => candidate(100 + i, sign * offset, distance));
        return fc
          .shuffledSubarray([...honest, ...liars], { minLength: honest.length + liars.length })
          .map((all) => ({ honest, liars, all }));
      }),
  );

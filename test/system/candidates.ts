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

/** Some clocks whose intervals contain the truth, fewer that lie, and all of them in any order. */
export interface Farm {
  /** True offset, server − local. */
  readonly truth: number;
  readonly honest: readonly Candidate[];
  readonly liars: readonly Candidate[];
  readonly all: readonly Candidate[];
}

/** From a clock next door to one across the world, seconds. */
const anyDistance = fc.oneof(
  fc.double({ min: 1e-3, max: 3e-3, noNaN: true }),
  fc.double({ min: 0.05, max: 0.8, noNaN: true }),
);

/** Where an honest clock has the truth in its interval: anywhere, but not on the very edge, where two of them might only touch. */
const anyHonest = fc.tuple(fc.double({ min: -0.999, max: 0.999, noNaN: true }), anyDistance);

/**
 * A farm.
 * @param lie where a liar of some root distance says the time is, of a farm whose honest intervals reach so far
 */
function farm(
  lie: (reach: { low: number; high: number }, distance: number) => fc.Arbitrary<number>,
): fc.Arbitrary<Farm> {
  return fc
    .tuple(fc.double({ min: -1000, max: 1000, noNaN: true }), fc.array(anyHonest, { minLength: 1, maxLength: 10 }))
    .chain(([truth, clocks]) => {
      const honest = clocks.map(([place, distance], i) => candidate(i + 1, truth + place * distance, distance));
      const reach = {
        low: Math.min(...honest.map(({ offset, rootDistance }) => offset - rootDistance)),
        high: Math.max(...honest.map(({ offset, rootDistance }) => offset + rootDistance)),
      };
      const liar = anyDistance.chain((distance) => fc.tuple(lie(reach, distance), fc.constant(distance)));
      return fc.array(liar, { maxLength: honest.length - 1 }).chain((lies) => {
        const liars = lies.map(([offset, distance], i) => candidate(100 + i, offset, distance));
        return fc
          .shuffledSubarray([...honest, ...liars], { minLength: honest.length + liars.length })
          .map((all) => ({ truth, honest, liars, all }));
      });
    });
}

/** No liar's interval meets an honest one; they may well agree among themselves. */
export const honestAndLiars: fc.Arbitrary<Farm> = farm(({ low, high }, distance) =>
  fc
    .tuple(fc.boolean(), fc.oneof(fc.constantFrom(1e-6, 0.4, 5), fc.double({ min: 1e-6, max: 1000, noNaN: true })))
    .map(([above, beyond]) => (above ? high + beyond + distance : low - beyond - distance)),
);

/** Liars anywhere near: where their intervals meet honest ones they draw the intersection to themselves. */
export const honestAndSlyLiars: fc.Arbitrary<Farm> = farm(({ low, high }, distance) =>
  fc.double({ min: low - distance, max: high + distance, noNaN: true }),
);

/**
 * How far from the truth liars can draw the intersection, whatever they say: of h honest clocks and b liars, the majority's
 * place lies in h − b honest intervals at least.
 */
export function reachOfLies({ honest, liars }: Farm): { low: number; high: number } {
  const least = honest.length - liars.length - 1;
  const lowpoints = honest.map(({ offset, rootDistance }) => offset - rootDistance).toSorted((a, b) => a - b);
  const highpoints = honest.map(({ offset, rootDistance }) => offset + rootDistance).toSorted((a, b) => b - a);
  return { low: lowpoints[least]!, high: highpoints[least]! };
}

/** Probation: a falseticker of the last run neither makes a majority nor breaks one. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { association, type Association, type AssociationId } from "../../src/association/association.ts";
import type { Writable } from "../../src/association/change.ts";
import { filterSample } from "../../src/association/filter.ts";
import { judgeSystem, type Opinion } from "../../src/system/judge.ts";
import { DEFAULT_LIMITS } from "../../src/system/limits.ts";
import type { Mono } from "../../src/time/mono.ts";
import { answerTo, requestAt, securityOf, template } from "../support/association.ts";

/** A server measured once. */
function server(id: number, offset: number, { onProbation = false, trusted = false, delay = 0.01 } = {}): Association {
  const made: Writable<Association> = association({
    id: id as AssociationId,
    config: template({ trusted }),
    lifetime: "persistent",
    mode: "client",
    security: securityOf("none"),
    address: { ip: `192.0.2.${id}`, port: 123 },
  });
  made.header = answerTo(requestAt(0), { rootDelay: 0.001, rootDispersion: 0.001 }).header;
  filterSample(made.filter, { offset, delay, dispersion: 1e-5, at: 0 as Mono }, 64, {
    emptyStages: "brief",
    precision: -24,
  });
  made.samples = 1;
  if (onProbation) made.probation = -86_400 as Mono;
  return made;
}

function judge(...servers: readonly Association[]): Opinion {
  return judgeSystem(servers, 0 as Mono, {
    limits: DEFAULT_LIMITS,
    ownReferenceIds: new Set(),
    requireReach: false,
    current: null,
    toldAsItReads: false,
    referenceIdOf: () => 0,
  });
}

const verdicts = (opinion: Opinion): readonly string[] =>
  [...opinion.verdicts]
    .toSorted(([one], [other]) => one - other)
    .map(([, { verdict, reason }]) => (reason === null ? verdict : `${verdict}: ${reason}`));

describe("a server on probation", () => {
  it("makes no majority with another that lies", () => {
    // Two against two was no majority yesterday; today two of the voters agree against one.
    const opinion = judge(server(1, 0), server(2, 0.0001), server(3, 0.5, { onProbation: true }), server(4, 0.5));
    expect(verdicts(opinion).slice(2)).toEqual([
      "falseticker: outsideIntersection",
      "falseticker: outsideIntersection",
    ]);
    expect(opinion).toMatchObject({ truechimers: 2, falsetickers: 2 });
  });

  it("makes none with those that are right, either, and is not followed though it agrees", () => {
    const opinion = judge(server(1, 0), server(2, 0, { onProbation: true }), server(3, 0.5));
    expect(opinion.intersection).toBeNull();
    expect(verdicts(opinion)[1]).toBe("rejected: probation");
    const agreed = judge(server(1, 0), server(2, 0, { onProbation: true }), server(3, 0));
    expect(agreed).toMatchObject({ truechimers: 2, falsetickers: 0, survivors: [1, 3] });
    expect(verdicts(agreed)[1]).toBe("rejected: probation");
  });

  it("counts as any other where all are on probation, for there is nobody to agree with", () => {
    expect(verdicts(judge(server(1, 0.5, { onProbation: true })))).toEqual(["systemPeer"]);
  });

  it("does not decide because the others are silent", () => {
    const silent = association({
      id: 9 as AssociationId,
      config: template(),
      lifetime: "persistent",
      mode: "client",
      security: securityOf("none"),
      address: { ip: "192.0.2.9", port: 123 },
    });
    const opinion = judge(server(1, 0.5, { onProbation: true }), silent);
    expect([opinion.estimate, verdicts(opinion)]).toEqual([null, ["rejected: probation", "rejected: pending"]]);
  });

  it("has no influence on what the others agree on", () => {
    const offsets = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(offsets, offsets, (voters, doubted) => {
        const alone = judge(...voters.map((offset, place) => server(place + 1, offset)));
        const beside = judge(
          ...voters.map((offset, place) => server(place + 1, offset)),
          ...doubted.map((offset, place) => server(place + 101, offset, { onProbation: true })),
        );
        expect([beside.intersection, beside.estimate, beside.truechimers]).toEqual([
          alone.intersection,
          alone.estimate,
          alone.truechimers,
        ]);
        for (const [id, verdict] of alone.verdicts) expect(beside.verdicts.get(id)).toEqual(verdict);
      }),
    );
  });
});

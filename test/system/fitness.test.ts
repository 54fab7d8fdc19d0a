import { describe, expect, it } from "vitest";
import type { Association } from "../../src/association/association.ts";
import { PACKET_TESTS } from "../../src/association/tests.ts";
import type { Reason } from "../../src/association/verdict.ts";
import { unfit, unfitness, type Standing } from "../../src/system/fitness.ts";
import { DEFAULT_LIMITS } from "../../src/system/limits.ts";
import { requestAt } from "../support/association.ts";
import { judged, NOW, RULES, type Judged } from "./judged.ts";

const STANDING: Standing = {
  leap: "none",
  stratum: 2,
  isLoop: false,
  rootDistance: 0.01,
  isReached: true,
  poll: 6,
  noselect: false,
};

/** The most that is taken of a server that is asked each 64 s: a second and a half, and what a clock may drift in that time. */
const FARTHEST = DEFAULT_LIMITS.maxdist + DEFAULT_LIMITS.phi * 64;

describe("a remote clock", () => {
  it.each<[string, Partial<Standing>, ReturnType<typeof unfit>]>([
    ["that is good is fit", {}, null],
    ["that tells no leap, but a stratum, is fit", { leap: null }, null],
    ["of which nothing was heard is silent", { stratum: null, isReached: false }, "silent"],
    ["that says it is unsynchronized", { leap: "unsynchronized" }, "unsynchronized"],
    ["of the highest stratum that is taken is fit", { stratum: 15 }, null],
    ["of stratum 16 is unsynchronized", { stratum: 16 }, "unsynchronized"],
    ["that follows us, and was not measured", { isLoop: true, rootDistance: null }, "loop"],
    ["that was not measured is silent", { rootDistance: null, isReached: false }, "silent"],
    ["that is out of reach and far away", { isReached: false, rootDistance: 9 }, "unreachable"],
    ["that is as far away as is still taken is fit", { rootDistance: FARTHEST - 1e-9 }, null],
    ["that is farther away", { rootDistance: FARTHEST, noselect: true }, "rootDistance"],
    ["that is only to be looked at", { noselect: true }, "noselect"],
  ])("%s", (_, change, expected) => expect(unfit({ ...STANDING, ...change }, DEFAULT_LIMITS)).toBe(expected));

  it.each([
    [2, "stratum"],
    [3, null],
    [4, null],
    [5, "stratum"],
  ] as const)("of stratum %i is held to floor 3 and ceiling 5", (stratum, expected) => {
    expect(unfit({ ...STANDING, stratum }, { ...DEFAULT_LIMITS, floor: 3, ceiling: 5 })).toBe(expected);
  });
});

/** An association that has no sample. */
function unheard(fields: Partial<Association> = {}): Judged {
  const { filter } = judged(1);
  return { fields: { header: null, reach: 0, filter: { ...filter, estimate: null }, answers: 0, ...fields } };
}

describe("an association", () => {
  it.each<[string, Judged, Reason | null]>([
    ["with a good sample is fit", {}, null],
    ["that has ended with all its samples is fit", { fields: { ended: "complete" } }, null],
    ["that is out of reach", { fields: { reach: 0 } }, "unreachable"],
    ["that follows us", { header: { referenceId: 0x0a00_0001 } }, "loop"],
    [
      "whose server is primary does not follow us, whatever it is called",
      { header: { stratum: 1, referenceId: 0x0a00_0001 } },
      null,
    ],
    ["that is to be looked at only", { config: { noselect: true } }, "noselect"],
    ["whose server has denied us, whatever was measured", { fields: { ended: "denied" } }, "denied"],
    ["that is another name of one that we have", { fields: { ended: "duplicate" } }, "duplicate"],
    ["that has not been asked yet", unheard(), "pending"],
    ["that is waited for the first time", unheard({ unanswered: 1, requests: [requestAt(1)] }), "pending"],
    ["that has not answered", unheard({ unanswered: 1 }), "unreachable"],
    ["that was given up", unheard({ ended: "unreachable" }), "unreachable"],
    ["that was given up, and has sent a kiss", unheard({ ended: "unreachable", kiss: "RATE" }), "kiss"],
    ["whose answers are not authentic", unheard({ authentication: "failed", kiss: "RATE" }), "authentication"],
    ["whose server does not know our key", unheard({ authentication: "nak", answers: 1, flash: 1 }), "authentication"],
    ["that ended for a reason of its own", unheard({ ended: "noRoute", kiss: "RATE" }), "noRoute"],
    ["that has ended without a sample, and was kissed", unheard({ ended: "complete", kiss: "RATE" }), "kiss"],
    ["whose packets are impossible", unheard({ answers: 2, flash: PACKET_TESTS.header.flash }), "header"],
    ["whose server is not synchronized", unheard({ answers: 2, flash: PACKET_TESTS.stratum.flash }), "unsynchronized"],
    ["for which somebody else answers", unheard({ unanswered: 1, flash: PACKET_TESTS.bogus.flash }), "bogus"],
    [
      "whose impossible packets answered nothing",
      unheard({ unanswered: 1, flash: PACKET_TESTS.header.flash }),
      "unreachable",
    ],
  ])("%s", (_, change, expected) => expect(unfitness(judged(1, change), NOW, RULES)).toBe(expected));

  it("is fit in a one-shot before its register says anything", () => {
    const once = { ...RULES, requireReach: false };
    expect(unfitness(judged(1, { fields: { reach: 0 } }), NOW, once)).toBeNull();
  });

  it.each([
    [0, "pending"],
    [1, null],
  ] as const)("that an earlier run knew, with %i samples of this one", (samples, expected) => {
    const known = judged(1, { fields: { known: true, samples } });
    expect(unfitness(known, NOW, { ...RULES, requireReach: false })).toBe(expected);
    // A daemon asks on and on: what it has heard before ages, and its register says whether it is still there.
    expect(unfitness(known, NOW, RULES)).toBeNull();
  });
});

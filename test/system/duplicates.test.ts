import { describe, expect, it } from "vitest";
import type { Association } from "../../src/association/association.ts";
import { duplicatesAmong } from "../../src/system/duplicates.ts";
import { timestamp } from "../../src/time/timestamp.ts";
import { judged, type Judged } from "./judged.ts";

const REFERENCE = timestamp(4_001_999_970, 0x1234_5678);

/** One server under so many names: the numbers of the surplus ones. */
function surplusOf(...names: readonly Judged[]): readonly number[] {
  const all = names.map((one, index): Association =>
    judged(index + 1, { ...one, header: { reference: REFERENCE, ...one.header } }),
  );
  return duplicatesAmong(all).map(({ id }) => id);
}

const BY_ADDRESS: Judged = { config: { name: "192.0.2.9" } };

describe("one server", () => {
  it("under two names votes once, and the first name stays", () => expect(surplusOf({}, {}, {})).toEqual([2, 3]));
  it("whose address the user gave stays, before or behind a name for it", () => {
    expect(surplusOf(BY_ADDRESS, {})).toEqual([2]);
    expect(surplusOf({}, BY_ADDRESS)).toEqual([1]);
    expect(surplusOf({}, BY_ADDRESS, {})).toEqual([1, 3]);
  });
  it("whose address the user gave twice stays twice", () => expect(surplusOf(BY_ADDRESS, BY_ADDRESS)).toEqual([]));
  it("that was found has nobody's word for its address", () => {
    const found: Judged = { ...BY_ADDRESS, fields: { lifetime: "preemptable" } };
    expect(surplusOf({}, found)).toEqual([2]);
  });
});

describe("two servers", () => {
  it.each<[string, Judged]>([
    ["of other sources", { header: { referenceId: 0xc000_0210 } }],
    ["of other strata", { header: { stratum: 3 } }],
    ["of other root delays", { header: { rootDelay: 0.02 } }],
    ["of other precision", { header: { precision: -20 } }],
    ["that were set at other times", { header: { reference: timestamp(4_001_999_970, 0x1234_5679) } }],
  ])("%s are two, by whatever name", (_, other) => {
    expect(surplusOf({}, other)).toEqual([]);
    // And a third that is like the second is one with it.
    expect(surplusOf({}, other, other)).toEqual([3]);
  });

  it.each<[string, Judged]>([
    ["that were never set", { header: { reference: timestamp(0, 0) } }],
    ["that are not synchronized", { header: { leap: "unsynchronized" } }],
    ["that go by local clocks at stratum 2", { header: { referenceId: 0x7f7f_0101 } }],
    ["that go by LOCAL at stratum 1", { header: { stratum: 1, referenceId: 0x4c4f_434c } }],
    ["that are orphans", { header: { stratum: 1, referenceId: 0x4c4f_4f50 } }],
    ["whose radio clocks tell full seconds", { header: { stratum: 1, reference: timestamp(4_001_999_970, 0) } }],
    ["that are peers", { fields: { mode: "symmetricActive" } }],
    ["that have sent us away", { fields: { ended: "denied" } }],
  ])("%s cannot be told from one, and are not", (_, both) => expect(surplusOf(both, both)).toEqual([]));

  it("of stratum 2 that were set at a full second are one all the same", () => {
    const full: Judged = { header: { reference: timestamp(4_001_999_970, 0) } };
    expect(surplusOf(full, full)).toEqual([2]);
  });

  it("that have told all they were asked are compared", () => {
    const complete: Judged = { fields: { ended: "complete" } };
    expect(surplusOf(complete, complete)).toEqual([2]);
  });
});

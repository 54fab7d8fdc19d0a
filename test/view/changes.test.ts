/** What a run with --state says has changed since the last one. */
import { describe, expect, it } from "vitest";
import type { Reason, Verdict } from "../../src/association/verdict.ts";
import type { RememberedAssociation } from "../../src/engine/port/memory.ts";
import type { AssociationReport } from "../../src/engine/port/snapshot.ts";
import { changesSince } from "../../src/view/changes.ts";
import { association, lost, silent, snapshotOf } from "../support/snapshot.ts";

const NAME = "ntp.example";

/** What was remembered of an address of the name. */
function known(ip: string, verdict: Verdict = "survivor", reason: Reason | null = null): RememberedAssociation {
  return { kind: "pool", name: NAME, key: null, ip, port: 123, verdict, reason } as unknown as RememberedAssociation;
}

/** What is said where the name leads to these addresses now. */
function said(
  before: readonly RememberedAssociation[],
  addresses: readonly string[],
  associations: readonly AssociationReport[] = addresses.map((address, id) =>
    association(id + 1, { name: NAME, address }),
  ),
): readonly string[] {
  return changesSince(before, { ...snapshotOf(associations), resolved: [{ name: NAME, addresses }] });
}

describe("a name that leads elsewhere", () => {
  it("is told with both addresses, though the old one be asked still", () => {
    const line = "ntp.example: its address is 192.0.2.9 now, it was 192.0.2.7";
    expect(said([known("192.0.2.7")], ["192.0.2.9"])).toEqual([line]);
    const both = ["192.0.2.7", "192.0.2.9"].map((address, id) => association(id + 1, { name: NAME, address }));
    expect(said([known("192.0.2.7")], ["192.0.2.9"], both)).toEqual([line]);
    expect(said([known("192.0.2.7"), known("2001:db8::7")], ["2001:db8::9", "192.0.2.9"])).toEqual([
      "ntp.example: its address is 2001:db8::9 and 192.0.2.9 now, it was 192.0.2.7 and 2001:db8::7",
    ]);
  });

  it("is told once, and not while it leads where it did", () => {
    expect(said([known("192.0.2.7"), known("192.0.2.9")], ["192.0.2.9"])).toEqual([]);
    expect(said([known("192.0.2.7")], ["192.0.2.7"])).toEqual([]);
    expect(said([known("192.0.2.7")], ["192.0.2.9", "192.0.2.7"])).toEqual([]);
    expect(said([], ["192.0.2.9"])).toEqual([]);
  });

  it("is not told of a pool, which gives others each time", () => {
    const members = ["192.0.2.1", "192.0.2.2", "192.0.2.3"];
    expect(
      said(
        members.map((ip) => known(ip)),
        ["192.0.2.4", "192.0.2.5", "192.0.2.6"],
      ),
    ).toEqual([]);
    expect(
      said(
        members.map((ip) => known(ip)),
        ["192.0.2.4"],
      ),
    ).toEqual([]);
    expect(said([known("192.0.2.1")], ["192.0.2.4", "192.0.2.5"])).toEqual([]);
  });

  it("is compared with how it fared where it was", () => {
    const lies = lost(1, "outsideIntersection", { name: NAME, address: "192.0.2.9", verdict: "falseticker" });
    expect(said([known("192.0.2.7")], ["192.0.2.9"], [lies])).toEqual([
      expect.stringContaining("its address is 192.0.2.9 now"),
      expect.stringMatching(/^ntp\.example \(192\.0\.2\.9\).*; the last time it was all right$/),
    ]);
    const quiet = silent(1, "unreachable", { name: NAME, address: "192.0.2.9" });
    expect(said([known("192.0.2.7")], ["192.0.2.9"], [quiet])[1]).toMatch(/; the last time it was all right$/);
    expect(said([known("192.0.2.7", "rejected", "unreachable")], ["192.0.2.9"])[1]).toBe(
      "ntp.example (192.0.2.9): it is all right again",
    );
  });
});

describe("a server that stays where it is", () => {
  const fared = (verdict: Verdict, reason: Reason | null, now: AssociationReport): readonly string[] =>
    said([known("192.0.2.7", verdict, reason)], ["192.0.2.7"], [now]);
  const at = { name: NAME, address: "192.0.2.7" };

  it.each<[Verdict, Reason | null, AssociationReport, RegExp | null]>([
    ["survivor", null, association(1, at), null],
    ["survivor", null, silent(1, "unreachable", at), /; the last time it was all right$/],
    ["rejected", "unreachable", association(1, at), /: it is all right again$/],
    ["rejected", "unreachable", silent(1, "portUnreachable", at), null],
    ["rejected", "probation", lost(1, "outsideIntersection", { ...at, verdict: "falseticker" }), null],
    ["rejected", "unreachable", lost(1, "outsideIntersection", { ...at, verdict: "falseticker" }), /was silent$/],
    ["falseticker", "outsideIntersection", silent(1, "unreachable", at), null],
  ])("is told where it fares otherwise: %s %s", (verdict, reason, now, line) => {
    expect(fared(verdict, reason, now)).toEqual(line === null ? [] : [expect.stringMatching(line)]);
  });
});

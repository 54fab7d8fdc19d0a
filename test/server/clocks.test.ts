/** What a server says without a source, and how it smears a leap second. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NO_FALLBACKS, localVariables, orphanVariables, servedVariables } from "../../src/server/local.ts";
import { NOTHING_TO_SERVE } from "../../src/server/published.ts";
import { STANDARD_SMEAR, smearOfReferenceId, smearOffset, smearReferenceId } from "../../src/server/smear.ts";
import type { Smear } from "../../src/server/smear.ts";
import { difference, shift, timestamp } from "../../src/time/timestamp.ts";
import type { NtpTimestamp } from "../../src/time/timestamp.ts";
import { refidText } from "../../src/wire/refid.ts";
import { CLOCK, SYNCHRONIZED } from "./packets.ts";

const ORPHAN = { stratum: 5, wait: 300 };

describe("fallbacks", () => {
  it("are not asked while there is a source", () => {
    expect(servedVariables(SYNCHRONIZED, { local: 10, orphan: ORPHAN }, 1e6, CLOCK)).toBe(SYNCHRONIZED);
  });

  it("none: unsynchronized", () => {
    expect(servedVariables(NOTHING_TO_SERVE, NO_FALLBACKS, 1e6, CLOCK)).toBe(NOTHING_TO_SERVE);
  });

  it("the local clock steps in at once, an orphan only in time", () => {
    expect(servedVariables(NOTHING_TO_SERVE, { local: 10, orphan: ORPHAN }, 0, CLOCK).stratum).toBe(10);
    expect(servedVariables(NOTHING_TO_SERVE, { local: null, orphan: ORPHAN }, 299.9, CLOCK)).toBe(NOTHING_TO_SERVE);
    expect(servedVariables(NOTHING_TO_SERVE, { local: null, orphan: ORPHAN }, 300, CLOCK)).toMatchObject({
      leap: "none",
      stratum: 5,
      referenceId: 0x7f00_0001,
    });
  });

  it.each([
    [1, "LOCL"],
    [2, "LOCAL(0)"],
    [10, "LOCAL(0)"],
  ])("the local clock at stratum %i is called %s", (stratum, text) => {
    expect(refidText(stratum, localVariables(stratum, CLOCK).referenceId)).toBe(text);
  });

  it("at stratum 1 an orphan is called LOOP", () => {
    expect(refidText(1, orphanVariables(1, CLOCK).referenceId)).toBe("LOOP");
  });

  it("have a reference time that is recent, not ahead, and never zero", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (clock) => {
        const { reference } = localVariables(3, clock as NtpTimestamp);
        expect(reference).not.toBe(0n);
        if (clock > 0n) {
          expect(difference(clock as NtpTimestamp, reference)).toBeGreaterThanOrEqual(0);
          expect(difference(clock as NtpTimestamp, reference)).toBeLessThan(16);
        }
      }),
    );
  });
});

describe("a leap smear", () => {
  const at = timestamp(0xec00_0000, 0);
  const smearOf = (fields: Partial<Smear> = {}): Smear => ({
    at,
    leap: "insert",
    passed: false,
    ...STANDARD_SMEAR,
    ...fields,
  });
  const offsetAt = (smear: Smear, since: number): number => smearOffset(smear, shift(at, since));

  it("is centred by default: from noon, half a second at midnight, to noon", () => {
    expect(offsetAt(smearOf(), -43_200)).toBe(0);
    expect(offsetAt(smearOf(), -21_600)).toBeCloseTo(-0.25, 9);
    expect(offsetAt(smearOf(), -0.001)).toBeCloseTo(-0.5, 6);
    expect(offsetAt(smearOf(), 0)).toBeCloseTo(0.5, 9);
    expect(offsetAt(smearOf(), 21_600)).toBeCloseTo(0.25, 9);
    expect(offsetAt(smearOf(), 43_200)).toBe(0);
    expect(offsetAt(smearOf(), -50_000)).toBe(0);
    expect(offsetAt(smearOf(), 50_000)).toBe(0);
  });

  it("as ntpd's ends with the leap second, along a cosine", () => {
    const smear = smearOf({ placement: "before", shape: "cosine", interval: 86_400 });
    expect(offsetAt(smear, -86_400)).toBeCloseTo(0, 12);
    expect(offsetAt(smear, -64_800)).toBeCloseTo(-(1 - Math.SQRT1_2) / 2, 9);
    expect(offsetAt(smear, -43_200)).toBeCloseTo(-0.5, 9);
    expect(offsetAt(smear, -0.001)).toBeCloseTo(-1, 9);
    expect(offsetAt(smear, 0)).toBe(0);
  });

  it("goes the other way for a deleted second", () => {
    expect(offsetAt(smearOf({ leap: "delete" }), -21_600)).toBeCloseTo(0.25, 9);
    expect(offsetAt(smearOf({ leap: "delete" }), 21_600)).toBeCloseTo(-0.25, 9);
  });

  it("is told of the inserted second, when the clock reads 23:59:59 again", () => {
    expect(offsetAt(smearOf(), -0.5)).toBeLessThan(-0.49);
    expect(offsetAt(smearOf({ passed: true }), -0.5)).toBeCloseTo(0.5, 4);
  });

  it("makes the time given out continuous: the jump at midnight is the second that the clock repeats", () => {
    const anySmear = fc.record({
      interval: fc.integer({ min: 1000, max: 172_800 }),
      placement: fc.constantFrom("centred", "before"),
      shape: fc.constantFrom("linear", "cosine"),
    } as const);
    fc.assert(
      fc.property(
        anySmear,
        fc.constantFrom("insert", "delete"),
        fc.integer({ min: -200_000, max: 200_000 }),
        (fields, leap, since) => {
          const smear = smearOf({ ...fields, leap });
          const second = leap === "insert" ? 1 : -1;
          const jump = since < 0 && since + 1 >= 0 ? second : 0;
          expect(Math.abs(offsetAt(smear, since + 1) - offsetAt(smear, since) - jump)).toBeLessThan(2e-3);
        },
      ),
    );
  });

  it.each([
    [0xfe80_0000, -2],
    [0xfef0_0000, -0.25],
    [0xfe00_0000, 0],
    [0xfe70_0000, 1.75],
  ])("refid %i says %f s, as ntpd has it", (word, offset) => {
    expect(smearOfReferenceId(word)).toBe(offset);
    expect(smearReferenceId(offset)).toBe(word);
  });

  it("tells no smear by other reference identifiers", () => {
    expect(smearOfReferenceId(0xc000_0201)).toBeNull();
  });
});

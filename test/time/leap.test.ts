/** Days, months, and whom to believe about leap seconds. */
import { describe, expect, it } from "vitest";
import { announcedLeap, dayOf } from "../../src/time/leap.ts";
import { fromUnix, UNIX_EPOCH, type NtpTimestamp } from "../../src/time/timestamp.ts";

const ERA = 1_795_219_200n * 1_000_000_000n;
const clock = (iso: string): NtpTimestamp => fromUnix(BigInt(Date.parse(iso)) * 1_000_000n);
const list = (iso: string, leap: "insert" | "delete") => ({
  next: { at: Date.parse(iso) / 1000 + Number(UNIX_EPOCH), leap, tai: 38 },
});

describe("a day", () => {
  it.each([
    ["2026-12-31T00:00:00Z", 86_400, true],
    ["2026-12-31T23:59:59.500Z", 0.5, true],
    ["2027-01-01T00:00:00Z", 86_400, false],
    ["2028-02-28T12:00:00Z", 43_200, false],
    ["2028-02-29T12:00:00Z", 43_200, true],
    // the next era
    ["2040-06-30T06:00:00Z", 64_800, true],
  ])("of %s", (iso, left, lastOfMonth) => {
    const day = dayOf(clock(iso), ERA);
    expect(day).toMatchObject({ lastOfMonth });
    expect(day.left).toBeCloseTo(left, 6);
    expect(Number(day.end) % 86_400).toBe(0);
  });
});

describe("what is announced", () => {
  it("is the vote where there is no list", () => {
    expect(announcedLeap("insert", null, clock("2026-12-10T00:00:00Z"), ERA)).toBe("insert");
  });

  it.each([
    ["2026-12-01T00:00:00Z", "insert"],
    ["2026-12-31T23:59:59Z", "insert"],
    ["2026-11-30T23:59:59Z", "none"],
    ["2027-01-01T00:00:00Z", "none"],
  ] as const)("is the list's at %s", (iso, leap) => {
    expect(announcedLeap("delete", list("2027-01-01T00:00:00Z", "insert"), clock(iso), ERA)).toBe(leap);
  });

  it("is nothing where the list has none, whatever servers say", () => {
    expect(announcedLeap("insert", { next: null }, clock("2026-12-31T12:00:00Z"), ERA)).toBe("none");
  });
});

import { describe, expect, it } from "vitest";
import { earliestTime } from "../../src/host/built.ts";
import { steppedEra, unfoldOffset } from "../../src/time/era.ts";
import { difference, fromUnix, unfold } from "../../src/time/timestamp.ts";
import { at } from "../support/association.ts";
import { Bench, queryConfig } from "../support/engine.ts";

const instant = (date: string): bigint => BigInt(Date.parse(date)) * 1_000_000n;

/** The date that a clock is led to by what it measures of a server that has the time. */
function ledTo(clock: string, truth: string, earliest: bigint | null): string {
  const [reading, time] = [fromUnix(instant(clock)), fromUnix(instant(truth))];
  const offset = unfoldOffset(difference(time, reading), reading, { pivot: instant(clock), earliest });
  return new Date(Date.parse(clock) + Math.round(offset * 1000)).toISOString().slice(0, 10);
}

describe("a clock that starts in 1970", () => {
  it.each([
    ["2026-12-01", "2026-11-30"],
    ["2038-01-18", "2026-11-30"],
    ["2038-01-20", "2026-11-30"],
    ["2039-06-01", "2026-11-30"],
    ["2050-06-01", "2026-11-30"],
    ["2050-06-01", "2049-01-01"],
    ["2094-06-01", "2026-11-30"],
    ["2106-01-01", "2026-11-30"],
    ["2106-09-01", "2026-11-30"],
    ["2110-01-01", "2105-01-01"],
  ])("is led to %s by a program of %s", (truth, built) => {
    expect(ledTo("1970-01-01T00:00:10Z", truth, earliestTime(built))).toBe(truth);
  });

  it("is led to 1902 where nobody can tell when it is", () => {
    expect(ledTo("1970-01-01", "2039-06-01", null)).toBe("1903-04-25");
  });
});

/** The engine's way of it; its clock reads 2023 and the program is of a day 56 years later. */
describe("a query by such a clock", () => {
  const YEAR = 31_556_952;
  const era = unfold(at(0).clock, 1_700_000_000_000_000_000n);
  const earliest = era + 56n * BigInt(YEAR) * 1_000_000_000n;

  it.each([57, 67, 69, 80, 135, 137])("says that it is %i years behind", (years) => {
    const bench = new Bench(queryConfig([{ name: "192.0.2.1" }]), undefined, { era, earliest });
    bench.answer(bench.start()[0]!, 0, { offset: years * YEAR });
    expect(bench.snapshot.clock.offset).toBeCloseTo(years * YEAR, 3);
  });
});

describe("a clock that may be right", () => {
  it.each([
    ["2026-12-01", "2026-11-30", "2026-11-30"],
    ["2026-11-29", "2026-11-28", "2026-11-30"], // just before the program, and told to go back
    ["2020-01-02", "2020-01-01", "2026-11-30"], // a trial, some years ago
    ["2039-06-01", "2039-05-31", "2026-11-30"],
    ["2106-09-01", "2106-08-31", "2026-11-30"],
    ["2160-01-01", "2159-12-31", "2026-11-30"], // long after the program
    ["2080-01-01", "2030-01-01", "2026-11-30"], // in the future, and back
  ])("of %s is led to %s, whatever its era", (clock, truth, built) => {
    expect(ledTo(clock, truth, earliestTime(built))).toBe(truth);
  });

  it("is no longer held to be in 1970 once it was stepped", () => {
    const earliest = earliestTime("2026-11-30");
    const era = steppedEra({ pivot: instant("1970-01-01"), earliest }, 69.5 * 365.25 * 86_400);
    expect(unfoldOffset(-1, fromUnix(instant("2039-07-02")), era)).toBe(-1);
  });
});

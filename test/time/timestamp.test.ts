import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  UNIX_EPOCH,
  UNKNOWN_TIME,
  difference,
  fromUnix,
  parted,
  shift,
  timestamp,
  toIso,
  unfold,
  unixTime,
  unixToIso,
  type NtpTimestamp,
  type UnixNanoseconds,
} from "../../src/time/timestamp.ts";

const SECOND = 1_000_000_000n;
const ERA_SECONDS = 2n ** 32n;
const YEAR = 31_556_952n * SECOND;

const anyTimestamp = fc.bigInt(0n, 2n ** 64n - 1n) as fc.Arbitrary<NtpTimestamp>;

/** Unix times of the eras 0, 1 and 2: 1900 to 2308. */
const threeEras = fc.bigInt(-UNIX_EPOCH * SECOND, (3n * ERA_SECONDS - UNIX_EPOCH) * SECOND - 1n);

/** Durations that a double holds exactly in units of a timestamp. */
const exactSeconds = fc.bigInt(-(2n ** 53n), 2n ** 53n).map((units) => Number(units) / 2 ** 32);

const unix = (iso: string): UnixNanoseconds => BigInt(Date.parse(iso)) * 1_000_000n;

describe("difference", () => {
  it("is antisymmetric modulo the era", () => {
    fc.assert(
      fc.property(anyTimestamp, anyTimestamp, (a, b) => {
        fc.pre(BigInt.asUintN(64, a - b) !== 2n ** 63n); // half an era is as far ahead as behind
        expect(difference(a, b) + difference(b, a)).toBe(0);
      }),
    );
  });

  it("does not see where an era ends", () => {
    const before = timestamp(0xffff_ffff, 0x8000_0000);
    const behind = timestamp(0, 0x4000_0000);
    expect(difference(behind, before)).toBe(0.75);
    expect(difference(before, behind)).toBe(-0.75);
  });

  it("keeps the last unit of two timestamps that are near each other", () => {
    expect(difference(timestamp(3_900_000_000, 1), timestamp(3_900_000_000, 0))).toBe(2 ** -32);
  });
});

describe("shift", () => {
  it("undoes difference", () => {
    fc.assert(
      fc.property(anyTimestamp, exactSeconds, (start, by) => {
        expect(difference(shift(start, by), start)).toBe(by === 0 ? 0 : by);
      }),
    );
  });

  it("is undone by the opposite shift", () => {
    fc.assert(
      fc.property(anyTimestamp, exactSeconds, (start, by) => {
        expect(shift(shift(start, by), -by)).toBe(start);
      }),
    );
  });

  it("rounds to the nearest unit", () => {
    fc.assert(
      fc.property(anyTimestamp, fc.double({ min: -1e6, max: 1e6, noNaN: true }), (start, by) => {
        expect(Math.abs(difference(shift(start, by), start) - by)).toBeLessThanOrEqual(2 ** -33);
      }),
    );
  });

  it("stays within 64 bits at both ends of an era", () => {
    expect(shift(timestamp(0xffff_ffff, 0), 2)).toBe(timestamp(1, 0));
    expect(shift(timestamp(0, 0), -0.5)).toBe(timestamp(0xffff_ffff, 0x8000_0000));
  });
});

describe("timestamp", () => {
  it("takes both halves as unsigned words", () => {
    expect(timestamp(-1, -1)).toBe(2n ** 64n - 1n);
    expect(timestamp(1, 2)).toBe(0x1_0000_0002n);
  });
});

describe("fromUnix", () => {
  it.each([
    ["1900-01-01T00:00:00Z", 0],
    ["1968-01-20T03:14:08Z", 2 ** 31],
    ["1970-01-01T00:00:00Z", 2_208_988_800],
    ["1999-12-31T00:00:00Z", 3_155_587_200],
    ["2036-02-07T06:28:15Z", 0xffff_ffff],
    ["2036-02-07T06:28:16Z", 0],
    ["2172-03-15T12:56:32Z", 0],
  ])("gives %s the seconds of RFC 5905 figure 4", (iso, seconds) => {
    expect(fromUnix(unix(iso))).toBe(timestamp(seconds, 0));
  });

  it("rounds to the nearest unit on both sides of 1970", () => {
    fc.assert(
      fc.property(fc.bigInt(-(10n ** 20n), 10n ** 20n), (at) => {
        const units = unfoldUnits(fromUnix(at), at);
        const error = 2n * (units * SECOND - (at << 32n)); // twice the error, in units of 2^-32 ns
        expect(error <= SECOND && error >= -SECOND).toBe(true);
      }),
    );
  });
});

describe("unfold", () => {
  it("finds the instant again from any pivot within 68 years", () => {
    const away = fc.bigInt(-68n * YEAR, 68n * YEAR);
    fc.assert(
      fc.property(threeEras, away, (at, by) => {
        expect(unfold(fromUnix(at), at + by)).toBe(at);
      }),
    );
  });

  it("takes the era from the pivot", () => {
    const zero = timestamp(0, 0);
    expect(unfold(zero, unix("1950-01-01T00:00:00Z"))).toBe(unix("1900-01-01T00:00:00Z"));
    expect(unfold(zero, unix("2026-11-21T00:00:00Z"))).toBe(unix("2036-02-07T06:28:16Z"));
    expect(unfold(zero, unix("2110-01-01T00:00:00Z"))).toBe(unix("2172-03-15T12:56:32Z"));
  });

  it("never goes further than half an era from the pivot", () => {
    const half = (ERA_SECONDS / 2n) * SECOND;
    fc.assert(
      fc.property(anyTimestamp, threeEras, (folded, pivot) => {
        const away = unfold(folded, pivot) - pivot;
        expect(away >= -half - 1n && away <= half + 1n).toBe(true);
        expect(difference(fromUnix(pivot + away), folded)).toBeCloseTo(0, 8);
      }),
    );
  });
});

describe("ISO strings", () => {
  it("carry nanoseconds", () => {
    expect(unixToIso(unix("2026-11-21T20:37:49.087Z") + 654_321n)).toBe("2026-11-21T20:37:49.087654321Z");
  });

  it("are right before 1970", () => {
    expect(unixToIso(-1n)).toBe("1969-12-31T23:59:59.999999999Z");
    expect(unixToIso(-SECOND)).toBe("1969-12-31T23:59:59.000000000Z");
  });

  it("agree with the calendar of the platform", () => {
    fc.assert(
      fc.property(threeEras, (at) => {
        const iso = unixToIso(at)!;
        expect(BigInt(Date.parse(`${iso.slice(0, 19)}Z`)) * 1_000_000n + BigInt(iso.slice(20, 29))).toBe(at);
      }),
    );
  });

  it("are unfolded round the pivot", () => {
    const folded = fromUnix(unix("2040-01-01T00:00:00Z"));
    expect(toIso(folded, unix("2026-01-01T00:00:00Z"))).toBe("2040-01-01T00:00:00.000000000Z");
    expect(toIso(folded, unix("1950-01-01T00:00:00Z"))).toBe("1903-11-25T17:31:44.000000000Z");
  });

  it("are null for the unknown timestamp and for years without four digits", () => {
    expect(toIso(UNKNOWN_TIME, 0n)).toBeNull();
    expect(unixToIso(unix("9999-12-31T23:59:59Z"))).toBe("9999-12-31T23:59:59.000000000Z");
    expect(unixToIso(unix("9999-12-31T23:59:59Z") + SECOND)).toBeNull();
    expect(unixToIso(-70_000n * YEAR)).toBeNull();
    expect(unixToIso(10n ** 40n)).toBeNull();
  });
});

/** The units since 1970 of the era nearest to a Unix time, by search. */
function unfoldUnits(folded: NtpTimestamp, near: UnixNanoseconds): bigint {
  let units: bigint = folded - (UNIX_EPOCH << 32n);
  while ((near << 32n) - units * SECOND > SECOND << 63n) units += 1n << 64n;
  while (units * SECOND - (near << 32n) > SECOND << 63n) units -= 1n << 64n;
  return units;
}

describe("halves of 64 bits", () => {
  /** Beyond what has 64 bits, too. */
  const anyUnix = fc.oneof(threeEras, fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.bigInt(-(2n ** 70n), 2n ** 70n));
  const floor = (dividend: bigint, divisor: bigint): bigint => dividend / divisor - (dividend % divisor < 0n ? 1n : 0n);

  it("give what whole numbers give: differences", () => {
    fc.assert(
      fc.property(anyTimestamp, anyTimestamp, (later, earlier) => {
        expect(difference(later, earlier)).toBe(Number(BigInt.asIntN(64, later - earlier)) / 2 ** 32);
      }),
    );
  });

  it("give what whole numbers give: timestamps of Unix times", () => {
    fc.assert(
      fc.property(anyUnix, (time) => {
        const units = floor((time << 32n) + SECOND / 2n, SECOND) + (UNIX_EPOCH << 32n);
        expect(fromUnix(time)).toBe(BigInt.asUintN(64, units));
      }),
    );
  });

  it("give what whole numbers give: parts, and times of parts", () => {
    fc.assert(
      fc.property(anyUnix, (time) => {
        const { seconds, nanoseconds } = parted(time);
        expect([BigInt(seconds), BigInt(nanoseconds)]).toEqual([
          floor(time, SECOND),
          time - floor(time, SECOND) * SECOND,
        ]);
      }),
    );
    fc.assert(
      fc.property(fc.nat(2 ** 32 - 1), fc.nat(2 ** 43), (seconds, nanoseconds) => {
        expect(unixTime(seconds, nanoseconds)).toBe(BigInt(seconds) * SECOND + BigInt(nanoseconds));
      }),
    );
  });

  it("give what whole numbers give: texts", () => {
    fc.assert(
      fc.property(anyTimestamp, anyUnix, (folded, pivot) => {
        fc.pre(folded !== UNKNOWN_TIME);
        expect(toIso(folded, pivot)).toBe(unixToIso(unfold(folded, pivot)));
      }),
    );
  });

  it("round up to the next second", () => {
    const last = timestamp(Number(UNIX_EPOCH) + 59, 0xffff_ffff);
    expect(toIso(last, 0n)).toBe("1970-01-01T00:01:00.000000000Z");
  });
});

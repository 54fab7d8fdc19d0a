/** Reading clocks: with libc, without it, and noticing that somebody else set them. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  Clocks,
  clockReader,
  fromTimespec,
  measurePrecision,
  readerByEdge,
  readerByLibc,
  steady,
  wakeReader,
} from "../../src/host/clock.ts";
import { difference, fromUnix, shift, type NtpTimestamp } from "../../src/time/timestamp.ts";

describe("a reading", () => {
  it("of a timespec keeps every nanosecond", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 33n }), fc.nat({ max: 999_999_999 }), (seconds, nanoseconds) => {
        expect(fromTimespec(seconds, nanoseconds)).toBe(fromUnix(seconds * 1_000_000_000n + BigInt(nanoseconds)));
      }),
    );
  });

  it("is the time of day, and does not run back", () => {
    for (const read of [clockReader(), readerByEdge(), readerByLibc() ?? clockReader()]) {
      const readings = Array.from({ length: 100 }, () => read());
      const now = fromUnix(BigInt(Date.now()) * 1_000_000n);
      expect(Math.abs(difference(readings[99] ?? now, now))).toBeLessThan(60);
      for (const [index, reading] of readings.entries()) {
        if (index > 0) expect(difference(reading, readings[index - 1] ?? reading)).toBeGreaterThanOrEqual(0);
      }
    }
  });
});

describe("a reader without libc", () => {
  it("finds the nanoseconds that whole milliseconds hide", () => {
    const { date, count, true: truth } = machine();
    const read = readerByEdge(date, count);
    expect(Math.abs(difference(read(), fromUnix(truth())))).toBeLessThan(1e-6);
    expect(Math.abs(difference(read(), fromUnix(truth())))).toBeLessThan(1e-6);
  });

  it.each([3_600_000n, -3_600_000n, 5n, -5n])("follows a step of %i ms", (by) => {
    const { date, count, stepBy, true: truth } = machine();
    const read = readerByEdge(date, count);
    read();
    stepBy(by);
    expect(Math.abs(difference(read(), fromUnix(truth())))).toBeLessThan(1e-6);
  });
});

describe("precision", () => {
  it("is the least difference of two readings, as a power of two that is not smaller", () => {
    expect(measurePrecision(ticking(2 ** 8))).toBe(-24);
    expect(measurePrecision(ticking(2 ** 8 + 1))).toBe(-23);
    expect(measurePrecision(ticking(1))).toBe(-32);
  });

  it("of a clock that ticks rarely is what it can be told apart by, at worst 2^-6 s", () => {
    let calls = 0;
    const coarse = (): NtpTimestamp => ((1n << 60n) + (BigInt((calls += 1)) / 50n) * 2n ** 25n) as NtpTimestamp;
    expect(measurePrecision(coarse)).toBe(-7);
    expect(measurePrecision(() => 5n as NtpTimestamp)).toBe(-6);
  });

  it("of this machine's clock is finer than a millisecond", () => {
    expect(measurePrecision(clockReader())).toBeLessThan(-9);
  });
});

describe("a step by somebody else", () => {
  it.each([0.25, -0.25, 86_400, -86_400])("of %d s is noticed, once", (by) => {
    const { clocks, step } = stepping();
    expect(clocks.stepped()).toBe(0);
    step(by);
    expect(clocks.stepped()).toBeCloseTo(by, 2);
    expect(clocks.stepped()).toBe(0);
  });

  it("is told from sleep by a clock that goes on meanwhile", () => {
    let asleep = 0;
    const { clocks, step } = stepping(
      () => undefined,
      () => steady() + asleep,
    );
    step(3600);
    asleep += 3600;
    expect(clocks.stepped()).toBeCloseTo(3600, 2);
    expect(clocks.slept()).toBeCloseTo(3600, 2);
    step(5);
    expect(clocks.stepped()).toBeCloseTo(5, 2);
    expect(clocks.slept()).toBe(0);
  });

  it("can be told from sleep on Linux", () => {
    const read = wakeReader();
    if (process.platform !== "linux") return expect(read).toBeNull();
    const before = read!();
    expect(read!()).toBeGreaterThanOrEqual(before);
    expect(before).toBeGreaterThan(0);
  });

  it("is not our own", () => {
    const { clocks, step } = stepping();
    step(5);
    clocks.settle();
    expect(clocks.stepped()).toBe(0);
  });

  it("is not an interruption between the two readings", () => {
    let late = 0;
    const { clocks } = stepping(() => {
      // The process is stopped after one clock was read and before the other is.
      const end = steady() + late;
      while (steady() < end);
      late = 0;
    });
    late = 0.02;
    expect(clocks.stepped()).toBe(0);
  });
});

/** A machine with a clock of whole milliseconds; every look at either clock takes 100 ns. */
function machine(): {
  date: () => number;
  count: () => bigint;
  stepBy: (milliseconds: bigint) => void;
  true: () => bigint;
} {
  let passed = 5_000_000n;
  let offset = 1_790_000_000_000_123_456n;
  const look = <T>(value: () => T): T => {
    passed += 100n;
    return value();
  };
  return {
    date: () => look(() => Number((passed + offset) / 1_000_000n)),
    count: () => look(() => passed),
    stepBy: (milliseconds) => (offset += milliseconds * 1_000_000n),
    true: () => passed + offset,
  };
}

/** A clock that goes on by some units of 2^−32 s with every reading. */
function ticking(units: number): () => NtpTimestamp {
  let reading = 1n << 60n;
  return () => (reading += BigInt(units)) as NtpTimestamp;
}

/** Clocks of which one can be stepped; something may happen between reading the one and the other. */
function stepping(
  beforeReading: () => void = () => undefined,
  awake: (() => number) | null = null,
): { clocks: Clocks; step: (by: number) => void } {
  const origin = steady();
  let added = 0;
  const read = (): NtpTimestamp => {
    beforeReading();
    return shift(fromUnix(1_790_000_000_000_000_000n), steady() - origin + added);
  };
  return { clocks: new Clocks(read, awake), step: (by) => (added += by) };
}

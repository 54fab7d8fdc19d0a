/** What is asked of the kernel to set a clock. No clock is set here: the calls are written down. */
import { describe, expect, it } from "vitest";
import { errorNumber } from "../../src/host/errno.ts";
import type { Mono } from "../../src/time/mono.ts";
import { bsdClock, linuxClock, SLEW_REACH, type ClockCalls } from "../../src/host/local-clock.ts";

type Call = readonly [name: string, ...values: readonly (bigint | number)[]];

/** A kernel that writes down what it is asked; some calls fail with an error. */
function kernel(failing: Readonly<Record<string, string>> = {}): {
  calls: Call[];
  frequencies: bigint[];
  c: ClockCalls;
} {
  const calls: Call[] = [];
  const frequencies: bigint[] = [];
  let errno = 0;
  const answer = (name: string): number => {
    const code = failing[name];
    errno = code === undefined ? 0 : errorNumber(code);
    return code === undefined ? 0 : -1;
  };
  const c: ClockCalls = {
    errno: () => errno,
    clock_gettime(_clock, time) {
      if (time instanceof BigInt64Array) time.set([1_790_000_000n, 900_000_000n]);
      return 0;
    },
    clock_settime(clock, time) {
      calls.push(["clock_settime", clock, ...words(time)]);
      return answer("clock_settime");
    },
    clock_adjtime(clock, timex) {
      const at = timex as DataView;
      expect(at.byteLength).toBe(208);
      frequencies.push(at.getBigInt64(16, true));
      calls.push([
        "clock_adjtime",
        clock,
        at.getUint32(0, true),
        at.getBigInt64(8, true),
        at.getBigInt64(72, true),
        at.getBigInt64(80, true),
      ]);
      return answer("clock_adjtime");
    },
    settimeofday(time) {
      calls.push(["settimeofday", ...words(time)]);
      return answer("settimeofday");
    },
    adjtime(delta) {
      calls.push(["adjtime", ...words(delta)]);
      return answer("adjtime");
    },
  };
  return { calls, frequencies, c };
}

function words(memory: unknown): bigint[] {
  return memory instanceof BigInt64Array ? [...memory] : [];
}

const ADJ_SETOFFSET_NANO = 0x2100;
const ADJ_OFFSET_SINGLESHOT = 0x8001;
const ADJ_FREQUENCY = 0x0002;

describe("Linux", () => {
  it.each<[number, bigint, bigint]>([
    [0.25, 0n, 250_000_000n],
    [-0.25, -1n, 750_000_000n], // the kernel wants a fraction that is not negative
    [3600.000000001, 3600n, 1n],
    [-1, -1n, 0n],
    [1.7e9, 1_700_000_000n, 0n],
  ])("steps by %d s with one ADJ_SETOFFSET", (offset, seconds, nanoseconds) => {
    const { calls, c } = kernel();
    expect(linuxClock(c).step(offset)).toBeNull();
    expect(calls).toEqual([["clock_adjtime", 0, ADJ_SETOFFSET_NANO, 0n, seconds, nanoseconds]]);
  });

  it("reads, adds and sets where the kernel cannot add", () => {
    const { calls, c } = kernel({ clock_adjtime: "EOPNOTSUPP" });
    expect(linuxClock(c).step(0.25)).toBeNull();
    expect(calls.at(-1)).toEqual(["clock_settime", 0, 1_790_000_001n, 150_000_000n]);
  });

  it("slews with ADJ_OFFSET_SINGLESHOT, in microseconds, at 500 ppm", () => {
    const { calls, c } = kernel();
    // It begins with the clock's next second.
    expect(linuxClock(c).slew(-0.1)).toEqual({ lasting: expect.closeTo(200.1, 9), begins: expect.closeTo(0.1, 9) });
    expect(linuxClock(c).slew(0.0011)).toMatchObject({ lasting: expect.closeTo(3.1, 9) });
    calls.splice(1);
    expect(calls).toEqual([["clock_adjtime", 0, ADJ_OFFSET_SINGLESHOT, -100_000n, 0n, 0n]]);
  });

  it.each([SLEW_REACH + 1, -SLEW_REACH - 1, Infinity, NaN])("does not try to slew by %d s", (offset) => {
    const { calls, c } = kernel();
    expect(linuxClock(c).slew(offset)).toBe("outOfRange");
    expect(calls).toEqual([]);
  });

  it("steers by a slew, which replaces the one before, and a frequency in 2^-16 ppm", () => {
    const { calls, frequencies, c } = kernel();
    const done = linuxClock(c).steer(0.0001234567, -30e-6);
    expect(done).toEqual({
      phase: 0.000123,
      frequency: expect.closeTo(-30e-6, 10),
      lasting: expect.closeTo(1.1, 9),
      begins: expect.closeTo(0.1, 9),
    });
    expect(calls).toEqual([
      ["clock_adjtime", 0, ADJ_OFFSET_SINGLESHOT, 123n, 0n, 0n],
      ["clock_adjtime", 0, ADJ_FREQUENCY, 0n, 0n, 0n],
    ]);
    expect(frequencies).toEqual([0n, -1_966_080n]);
    linuxClock(c).steer(0, 0);
    expect(calls[2]).toEqual(["clock_adjtime", 0, ADJ_OFFSET_SINGLESHOT, 0n, 0n, 0n]);
  });

  it("corrects the phase by the frequency where the kernel does not glide", () => {
    const { c } = kernel();
    const modes: number[] = [];
    const frequencies: bigint[] = [];
    let failed = "";
    const stiff: ClockCalls = {
      ...c,
      errno: () => errorNumber(failed),
      clock_adjtime(_clock, timex) {
        const at = timex as DataView;
        modes.push(at.getUint32(0, true));
        failed = at.getUint32(0, true) === ADJ_OFFSET_SINGLESHOT ? "EINVAL" : "";
        if (failed === "") frequencies.push(at.getBigInt64(16, true));
        return failed === "" ? 0 : -1;
      },
    };
    let alarm = (): void => undefined;
    const clock = linuxClock(stiff, { in: (_seconds, act) => ((alarm = act), () => undefined), now: () => 0 as Mono });
    expect(clock.steer(0.047, 30e-6)).toEqual({ phase: 0.047, frequency: 30e-6, lasting: expect.closeTo(100, 3) });
    alarm();
    expect(clock.steer(0, 30e-6)).toMatchObject({ phase: 0, lasting: 0 });
    // It is not tried again and again.
    expect(modes).toEqual([ADJ_OFFSET_SINGLESHOT, ADJ_FREQUENCY, ADJ_FREQUENCY, ADJ_FREQUENCY]);
    expect(frequencies).toEqual([32_768_000n, 1_966_080n, 1_966_080n]);
  });

  it("is told how good its clock is, errors rounded up, in one call that leaves no bit of a daemon before", () => {
    const told: { modes: number; status: number; words: bigint[] }[] = [];
    const { c } = kernel();
    const listening: ClockCalls = {
      ...c,
      clock_adjtime(_clock, timex) {
        const at = timex as DataView;
        told.push({
          modes: at.getUint32(0, true),
          status: at.getInt32(40, true),
          words: [at.getBigInt64(24, true), at.getBigInt64(32, true), at.getBigInt64(48, true)],
        });
        return 0;
      },
    };
    const claim = {
      synchronized: true,
      maximumError: 0.0123456,
      estimatedError: 0.0001,
      timeConstant: 6,
      leap: "insert",
      loop: false,
      tai: null,
    } as const;
    expect(linuxClock(listening).claim!(claim)).toBeNull();
    linuxClock(listening).claim!({ ...claim, synchronized: false, maximumError: 16, leap: "delete" });
    linuxClock(listening).claim!({ ...claim, leap: "none" });
    // ADJ_NANO, so that the time constant counts as it is.
    expect(told.map(({ modes }) => modes)).toEqual([0x203c, 0x203c, 0x203c]);
    expect(told.map(({ status }) => status)).toEqual([0x10, 0x60, 0]);
    expect(told.map(({ words }) => words[0])).toEqual([12_346n, 16_000_000n, 12_346n]);
    expect(told[0]!.words.slice(1)).toEqual([100n, 6n]);
    expect(linuxClock(kernel({ clock_adjtime: "EPERM" }).c).claim!(claim)).toBe("noPrivilege");
  });

  it("hands a phase to the kernel's loop in one call: status, time constant, offset; and says what frequency comes of it", () => {
    const told: { modes: number; status: number; offset: bigint; constant: bigint }[] = [];
    const { c } = kernel();
    const looping: ClockCalls = {
      ...c,
      clock_adjtime(_clock, timex) {
        const at = timex as DataView;
        told.push({
          modes: at.getUint32(0, true),
          status: at.getInt32(40, true),
          offset: at.getBigInt64(8, true),
          constant: at.getBigInt64(48, true),
        });
        at.setBigInt64(16, 65_536n * 3n, true);
        return 0;
      },
    };
    const clock = linuxClock(looping);
    expect(clock.lock!(-0.0123456789, 6)).toEqual({ phase: -0.012345679, frequency: expect.closeTo(3e-6, 12) });
    // ADJ_STATUS, ADJ_NANO, ADJ_TIMECONST, ADJ_OFFSET; nobody has said yet that the clock is right.
    expect(told.at(-1)).toEqual({ modes: 0x2031, status: 0x41, offset: -12_345_679n, constant: 6n });
    clock.claim!({
      synchronized: true,
      maximumError: 0.01,
      estimatedError: 0.001,
      timeConstant: 6,
      leap: "insert",
      loop: true,
      tai: 37,
    });
    expect(told.slice(-2)).toMatchObject([
      { modes: 0x203c, status: 0x11 },
      { modes: 0x80, constant: 37n },
    ]);
    clock.lock!(0.001, 7);
    expect(told.at(-1)).toMatchObject({ status: 0x11, constant: 7n });
    clock.claim!({
      synchronized: true,
      maximumError: 0.01,
      estimatedError: 0.001,
      timeConstant: 6,
      leap: "none",
      loop: true,
      tai: 37,
    });
    expect(told.at(-1)).toMatchObject({ modes: 0x203c, status: 0x01 });
  });

  it.each([0.51, -0.51, NaN, Infinity])("does not try to hand a phase of %d s to the loop", (phase) => {
    const { calls, c } = kernel();
    expect(linuxClock(c).lock!(phase, 6)).toBe("outOfRange");
    expect(calls).toEqual([]);
    expect(linuxClock(kernel({ clock_adjtime: "EPERM" }).c).lock!(0.1, 6)).toBe("noPrivilege");
  });

  it.each([600e-6, NaN, -Infinity])("does not try to run faster by %d", (frequency) => {
    const { calls, c } = kernel();
    expect(linuxClock(c).steer(0, frequency)).toBe("outOfRange");
    expect(calls).toEqual([]);
  });

  it.each([Infinity, -Infinity, NaN])("does not try to step by %d s", (offset) => {
    const { calls, c } = kernel();
    expect(linuxClock(c).step(offset)).toBe("outOfRange");
    expect(calls).toEqual([]);
  });

  it.each([
    ["EPERM", "noPrivilege"],
    ["EINVAL", "outOfRange"],
    ["EFAULT", "other"],
  ])("names %s, and tries nothing else", (code, fault) => {
    const { calls, c } = kernel({ clock_adjtime: code });
    expect(linuxClock(c).step(1)).toBe(fault);
    expect(linuxClock(c).slew(1)).toBe(fault);
    expect(calls.map(([name]) => name)).toEqual(["clock_adjtime", "clock_adjtime"]);
  });

  it("does not set a time before 1970", () => {
    const { calls, c } = kernel({ clock_adjtime: "ENOSYS" });
    expect(linuxClock(c).step(-1.8e9)).toBe("outOfRange");
    expect(calls.map(([name]) => name)).toEqual(["clock_adjtime"]);
  });
});

describe("macOS and the BSDs", () => {
  it("step with settimeofday", () => {
    const { calls, c } = kernel();
    expect(bsdClock(c).step(0.25)).toBeNull();
    expect(calls).toEqual([["settimeofday", 1_790_000_001n, 150_000n]]);
  });

  it("slew with adjtime", () => {
    const { calls, c } = kernel();
    expect(bsdClock(c).slew(-0.1)).toEqual({ lasting: 200 });
    expect(calls).toEqual([["adjtime", -1n, 900_000n]]);
  });

  it("steer with adjtime each second", () => {
    const { calls, c } = kernel();
    let alarm = (): void => undefined;
    let now = 0;
    const clock = bsdClock(c, { in: (_seconds, act) => ((alarm = act), () => undefined), now: () => now as Mono });
    expect(clock.steer(0.001, 100e-6)).toEqual({
      phase: 0.001,
      frequency: 100e-6,
      lasting: expect.closeTo(0.001 / 300e-6, 9),
    });
    for (now = 1; now < 5; now += 1) alarm();
    expect(calls.map((call) => call[2])).toEqual([400n, 400n, 400n, 200n, 100n]);
  });

  it("name EPERM", () => {
    const { c } = kernel({ settimeofday: "EPERM", adjtime: "EPERM" });
    expect([bsdClock(c).step(1), bsdClock(c).slew(1)]).toEqual(["noPrivilege", "noPrivilege"]);
  });
});

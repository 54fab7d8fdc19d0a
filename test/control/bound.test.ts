/** What each teller's word on the clock comes to, and how a bound becomes instants. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  boundedTime,
  daemonBound,
  kernelBound,
  measuredBound,
  uncertaintyOf,
  widened,
  type Asked,
  type Bound,
} from "../../src/control/bound.ts";
import { peerReport, systemReport, type DaemonReport, type DaemonSystem } from "../../src/control/daemon.ts";
import { after, type Mono } from "../../src/time/mono.ts";
import { fromUnix, shift } from "../../src/time/timestamp.ts";
import { snapshotOf } from "../support/snapshot.ts";

const UNIX = 1_795_219_200n * 1_000_000_000n;
const CLOCK = fromUnix(UNIX);
const MONO = 50 as Mono;
/** Asked for 10 ms. */
const ASKED: Asked = {
  from: { mono: MONO, clock: CLOCK },
  until: { mono: after(MONO, 0.01), clock: shift(CLOCK, 0.01) },
  disciplined: true,
};

function hexadecimal(ahead: number): string {
  const text = shift(CLOCK, ahead).toString(16).padStart(16, "0");
  return `0x${text.slice(0, 8)}.${text.slice(8)}`;
}

function report(
  protocol: DaemonReport["protocol"],
  system: Partial<DaemonSystem>,
  peer: { offset: number | null; when: number | null } | null = null,
): DaemonReport {
  const associations =
    peer === null
      ? []
      : [
          peerReport({
            id: 1,
            name: "a",
            mode: "client",
            lifetime: "persistent",
            verdict: "systemPeer",
            reason: null,
            poll: 6,
            reach: 255,
            type: "u",
            ...peer,
          }),
        ];
  return {
    host: "localhost",
    protocol,
    daemon: null,
    system: systemReport({ leap: "none", stratum: 2, rootDelay: 0.02, rootDispersion: 0.005, ...system }, associations),
    associations,
    withheld: false,
  };
}

describe("a daemon's bound", () => {
  it.each([
    ["mode 6 of the same clock", "mode6", { offset: 0.001, variables: { clock: hexadecimal(0.005) } }, 0.001, 0.015],
    ["mode 6 that does not tell its clock", "mode6", { offset: -0.001, variables: {} }, -0.001, 0.015],
    ["mode 6 that has no offset", "mode6", { offset: null, variables: {} }, 0, 0.015],
    ["mode 6 of another clock", "mode6", { offset: 0, variables: { clock: hexadecimal(3.005) } }, 3, 0.02],
    ["chronyd", "cmdmon", { offset: -0.25 }, -0.25, 0.015],
  ] as const)("of %s", (_, protocol, system, best, uncertainty) => {
    const bound = daemonBound(report(protocol, system), ASKED)!;
    expect(bound.source).toBe(protocol);
    expect(bound.best).toBeCloseTo(best, 6);
    expect(uncertaintyOf(bound)).toBeCloseTo(uncertainty, 4);
  });

  it("of mode 6 has the time of the question in it where nobody disciplines this clock, which the daemon's then need not be", () => {
    const told = report("mode6", { offset: 0, variables: { clock: hexadecimal(0.005) } });
    expect(uncertaintyOf(daemonBound(told, { ...ASKED, disciplined: null })!)).toBeCloseTo(0.015, 4);
    const doubted = daemonBound(told, { ...ASKED, disciplined: false })!;
    expect([doubted.best, doubted.low, doubted.high].map((value) => value.toFixed(3))).toEqual([
      "0.000",
      "-0.020",
      "0.020",
    ]);
  });

  it("of ntpd-rs has three deviations, the offset and the drift since the last answer in it", () => {
    const told = (when: number | null): Bound | null =>
      daemonBound(report("observe", { systemPeer: 1 }, { offset: -0.002, when }), ASKED);
    expect(uncertaintyOf(told(999)!)).toBeCloseTo(0.01 + 0.015 + 0.002 + 0.015, 6);
    expect(told(null)).toBeNull();
    expect(daemonBound(report("observe", { systemPeer: null }), ASKED)).toBeNull();
  });

  it.each(["mode6", "cmdmon", "observe"] as const)("is none where %s tells no distance", (protocol) => {
    const peer = { offset: 0, when: 1 };
    expect(daemonBound(report(protocol, { rootDelay: null, offset: 0 }, peer), ASKED)).toBeNull();
    expect(daemonBound(report(protocol, { rootDispersion: null, offset: 0 }, peer), ASKED)).toBeNull();
  });
});

describe("the kernel's bound", () => {
  const told = { synchronized: true, offset: 0.001, maximumError: 0.02, estimatedError: 0.0001 };

  it("is its maximum error, which grows by 500 ppm", () => {
    const bound = kernelBound(told, MONO)!;
    expect([bound.best, uncertaintyOf(bound)]).toEqual([0.001, 0.02]);
    expect(uncertaintyOf(widened(bound, after(MONO, 10)))).toBeCloseTo(0.025, 9);
  });

  it("is none where the clock is not synchronized, or nobody has said how wrong it may be", () => {
    expect(kernelBound({ ...told, synchronized: false }, MONO)).toBeNull();
    // systemd-timesyncd sets both to zero, of which the one then grows.
    expect(kernelBound({ ...told, estimatedError: 0 }, MONO)).toBeNull();
    expect(kernelBound({ ...told, maximumError: 0 }, MONO)).toBeNull();
  });
});

describe("the bound of servers", () => {
  const snapshot = (offset: number | null, intersection: { low: number; high: number } | null) => ({
    ...snapshotOf([], { clock: { offset }, system: { intersection } }),
    judgedAt: MONO,
  });

  it("is where the intervals of most overlap, with the combined offset in it", () => {
    expect(measuredBound(snapshot(0.1, { low: 0, high: 0.3 }))).toMatchObject({ low: 0, best: 0.1, high: 0.3 });
    expect(measuredBound(snapshot(0.4, { low: 0, high: 0.3 }))).toMatchObject({ low: 0, best: 0.3, high: 0.3 });
    expect(uncertaintyOf(measuredBound(snapshot(0.1, { low: 0, high: 0.3 }))!)).toBeCloseTo(0.2, 9);
  });

  it("is none without a majority", () => {
    expect(measuredBound(snapshot(0.1, null))).toBeNull();
    expect(measuredBound(snapshot(null, { low: 0, high: 1 }))).toBeNull();
  });
});

it("a bound as instants holds every instant between its corrections, to the nanosecond, and never less later", () => {
  const seconds = fc.double({ min: -3e9, max: 3e9, noNaN: true });
  const width = fc.double({ min: 0, max: 10, noNaN: true });
  fc.assert(
    fc.property(seconds, width, width, fc.double({ min: 0, max: 1e5, noNaN: true }), (best, below, above, age) => {
      const bound: Bound = { source: "servers", low: best - below, best, high: best + above, at: MONO, growth: 15e-6 };
      const now = { mono: after(MONO, age), clock: CLOCK };
      const { earliest, best: told, latest } = boundedTime(bound, now, UNIX);
      expect(earliest <= told && told <= latest).toBe(true);
      // 3e9 s have no digits beyond a microsecond as a number.
      const exact = (correction: number): bigint => BigInt(Math.round(correction * 1e6)) * 1000n;
      const around = (instant: bigint, correction: number): number => Number(instant - UNIX - exact(correction)) / 1e9;
      expect(Math.abs(around(earliest, bound.low - 15e-6 * age))).toBeLessThan(3e-6);
      expect(Math.abs(around(latest, bound.high + 15e-6 * age))).toBeLessThan(3e-6);
    }),
  );
});

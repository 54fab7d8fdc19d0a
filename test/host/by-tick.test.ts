/** Correcting by the tick: however late the timer and however the process ends, the clock is where it should be and the tick as it was. */
import { describe, expect, it } from "vitest";
import { Hurrying } from "../../src/host/by-tick.ts";
import type { Mono } from "../../src/time/mono.ts";

/** A clock with a tick, and a timer that may be late. */
function machine(tick = 10_000): {
  readonly hurrying: Hurrying;
  readonly run: (seconds: number) => void;
  readonly late: (seconds: number) => void;
  readonly done: () => number;
  readonly tick: () => number;
  readonly refuse: (refusing?: boolean) => void;
  /** By how much whoever steers was told that it strayed. */
  readonly strayed: () => number;
} {
  let now = 0;
  let slewed = 0;
  let glided = 0;
  let lateness = 0;
  let refused = false;
  let strayed = 0;
  let alarm: { readonly at: number; readonly act: () => void } | null = null;
  const usual = tick === 10_005 ? 10_005 : 10_000;
  const run = (seconds: number): void => {
    const end = now + seconds;
    for (; alarm !== null && alarm.at <= end;) {
      const { at, act } = alarm;
      pass(at);
      alarm = null;
      act();
    }
    pass(end);
  };
  /** Steady seconds are those of the clock, which hurries. */
  const pass = (until: number): void => {
    const rate = (tick - usual) * 1e-4;
    glided += ((until - now) * rate) / (1 + rate);
    now = until;
  };
  const hurrying = new Hurrying(
    {
      set: (to) => {
        if (!refused) tick = to;
        return !refused;
      },
      read: () => tick,
      slew: (by) => void (slewed += by),
      strayed: (by) => void (strayed += by),
    },
    {
      now: () => now as Mono,
      in: (seconds, act) => {
        const mine = { at: now + seconds + lateness, act };
        alarm = mine;
        return () => void (alarm = alarm === mine ? null : alarm);
      },
    },
  );
  return {
    hurrying,
    run,
    late: (seconds) => void (lateness = seconds),
    done: () => glided + slewed,
    tick: () => tick,
    refuse: (refusing = true) => void (refused = refusing),
    strayed: () => strayed,
  };
}

describe("by the tick", () => {
  it.each([0.01, -0.01, 0.25, -30])("%d s are corrected, and the tick is as it was", (phase) => {
    const { hurrying, run, done, tick } = machine();
    const hurry = hurrying.begin(phase, 0)!;
    run(hurry.lasting + 10);
    expect(done()).toBeCloseTo(phase, 9);
    expect(tick()).toBe(10_000);
  });

  it("what a late timer let the clock glide too far is taken back", () => {
    const { hurrying, run, done, late } = machine();
    late(0.1);
    hurrying.begin(0.01, 0);
    run(60);
    expect(done()).toBeCloseTo(0.01, 9);
  });

  it("a process that was stopped meanwhile says how far the clock has strayed, and leaves that to whoever steers", () => {
    const { hurrying, run, done, late, tick, strayed } = machine();
    late(26);
    hurrying.begin(0.1, 0);
    run(60);
    expect(strayed()).toBeCloseTo(done() - 0.1, 9);
    expect(strayed()).toBeGreaterThan(0.2);
    expect(tick()).toBe(10_000);
  });

  it("a tick that cannot be set back is tried again until it can", () => {
    const { hurrying, run, tick, refuse } = machine();
    const { lasting } = hurrying.begin(0.01, 0)!;
    run(lasting / 2);
    refuse(true);
    run(10);
    expect(tick()).toBe(10_100);
    refuse(false);
    run(2);
    expect(tick()).toBe(10_000);
  });

  it("the next one is told of what a timer that has not come yet let it glide too far", () => {
    const { hurrying, run, done, late } = machine();
    late(5);
    const { lasting } = hurrying.begin(0.01, 0)!;
    run(lasting + 0.5);
    const beyond = hurrying.end();
    expect(beyond).toBeCloseTo(done() - 0.01, 9);
    expect(beyond).toBeGreaterThan(0.004);
  });

  it("a process that ends in the midst of it leaves the rest to the kernel", () => {
    const listening = process.listenerCount("exit");
    const { hurrying, run, done, tick } = machine();
    hurrying.begin(0.1, 0);
    run(3);
    expect(process.listenerCount("exit")).toBe(listening + 1);
    const leave = process.listeners("exit").at(-1)!;
    leave.call(process, 0);
    expect(tick()).toBe(10_000);
    expect(done()).toBeCloseTo(0.1, 9);
    expect(process.listenerCount("exit")).toBe(listening);
  });

  it.each([
    [10_100, 10_000],
    [9_167, 10_000],
    [10_005, 10_005],
  ])("a tick of %i that is found is set to %i, with nothing to correct", (found, usual) => {
    const { hurrying, tick } = machine(found);
    expect(hurrying.begin(0, 0)).toBeNull();
    expect(tick()).toBe(usual);
  });

  it("a crystal that somebody has corrected by the tick stays corrected", () => {
    const { hurrying, run, tick, done } = machine(10_005);
    const { lasting } = hurrying.begin(0.01, 0)!;
    expect(tick()).toBe(10_105);
    run(lasting + 1);
    expect(tick()).toBe(10_005);
    expect(done()).toBeCloseTo(0.01, 9);
  });

  it("is not tried again where the kernel refuses", () => {
    const { hurrying, refuse, tick } = machine();
    refuse();
    expect([hurrying.begin(0.01, 0), hurrying.begin(0.01, 0)]).toEqual([null, null]);
    expect(tick()).toBe(10_000);
  });
});

/** Steering by hand, on kernels made up that glide at 500 ppm or that have nothing but a frequency. */
import { describe, expect, it } from "vitest";
import { glideByFrequency, keepFrequency, type Alarm } from "../../src/host/by-hand.ts";
import type { Mono } from "../../src/time/mono.ts";

/** Time that passes when it is told to, and timers that are late by some milliseconds, as timers are. */
function time(): Alarm & { run(seconds: number): void; passed: number; pending(): number } {
  let alarms: { at: number; act: () => void }[] = [];
  return {
    passed: 0,
    in(seconds, act) {
      const alarm = { at: this.passed + seconds + 0.003, act };
      alarms.push(alarm);
      return () => (alarms = alarms.filter((one) => one !== alarm));
    },
    now() {
      return this.passed as Mono;
    },
    run(seconds) {
      const until = this.passed + seconds;
      for (;;) {
        const next = alarms.toSorted((one, other) => one.at - other.at)[0];
        if (next === undefined || next.at > until) break;
        alarms = alarms.filter((one) => one !== next);
        this.passed = next.at;
        next.act();
      }
      this.passed = until;
    },
    pending: () => alarms.length,
  };
}

describe("a frequency kept by gliding", () => {
  /** A kernel that glides at 500 ppm; what it has done to its clock. */
  function gliding(clock: Alarm): { glide: (by: number) => null; done: () => number } {
    let [total, left, since] = [0, 0, 0];
    const settle = (): void => {
      const step = Math.sign(left) * Math.min(Math.abs(left), 500e-6 * (clock.now() - since));
      [total, left, since] = [total + step, left - step, clock.now()];
    };
    return {
      glide: (by) => {
        settle();
        left = by;
        return null;
      },
      done: () => {
        settle();
        return total;
      },
    };
  }

  it.each([30e-6, -80e-6, 0.4e-6])("%d comes to what it should over an hour, though timers are late", (frequency) => {
    const clock = time();
    const { glide, done } = gliding(clock);
    expect(keepFrequency(glide, clock)(0, frequency)).toEqual({ phase: 0, frequency, lasting: 0 });
    clock.run(3600);
    expect(Math.abs(done() - 3600 * frequency)).toBeLessThan(2.1 * Math.abs(frequency) + 2e-6);
  });

  it("is kept while a phase is corrected, as long as was said", () => {
    const clock = time();
    const { glide, done } = gliding(clock);
    const steered = keepFrequency(glide, clock)(-0.05, 50e-6);
    if (typeof steered === "string") throw new Error(steered);
    clock.run(steered.lasting / 2);
    expect(done()).toBeCloseTo(-0.025 + (steered.lasting / 2) * 50e-6, 3);
    clock.run(steered.lasting);
    expect(done()).toBeCloseTo(-0.05 + 1.5 * steered.lasting * 50e-6, 3);
  });

  it("is replaced by the next, and nothing goes on when there is none", () => {
    const clock = time();
    const { glide, done } = gliding(clock);
    const steer = keepFrequency(glide, clock);
    steer(0.1, 100e-6);
    clock.run(10);
    steer(0, 0);
    const then = done();
    clock.run(100);
    expect(done()).toBeCloseTo(then, 6);
    expect(clock.pending()).toBe(0);
  });

  it("is refused where the kernel refuses, or where it is too much", () => {
    const clock = time();
    expect(keepFrequency(() => "noPrivilege", clock)(0, 1e-6)).toBe("noPrivilege");
    for (const [phase, frequency] of [
      [0, 450e-6],
      [NaN, 0],
      [0, NaN],
      [Infinity, 0],
    ] as const)
      expect(keepFrequency(() => null, clock)(phase, frequency)).toBe("outOfRange");
  });
});

describe("a phase corrected by the frequency", () => {
  /** A kernel with a frequency; what it has done to its clock. */
  function running(clock: Alarm): { set: (frequency: number) => number; done: () => number } {
    let [total, rate, since] = [0, 0, 0];
    const settle = (): void => void ([total, since] = [total + rate * (clock.now() - since), clock.now()]);
    return {
      set: (frequency) => {
        settle();
        return (rate = frequency);
      },
      done: () => {
        settle();
        return total;
      },
    };
  }

  it.each([
    [0.02, 30e-6],
    [-0.02, 30e-6],
    [0.02, 499e-6],
    [-0.02, -500e-6],
  ])("of %d s beside a frequency of %d is complete when it was said, and not gone beyond", (phase, frequency) => {
    const clock = time();
    const { set, done } = running(clock);
    const steered = glideByFrequency(set, 500e-6, clock)(phase, frequency);
    if (typeof steered === "string") throw new Error(steered);
    clock.run(steered.lasting + 100);
    expect(done()).toBeCloseTo(steered.phase + (steered.lasting + 100) * frequency, 5);
    expect(steered.phase === 0 || steered.phase === phase).toBe(true);
  });

  it("is given up for the next", () => {
    const clock = time();
    const { set, done } = running(clock);
    const steer = glideByFrequency(set, 500e-6, clock);
    steer(0.1, 0);
    clock.run(10);
    const then = done();
    expect(steer(0, 10e-6)).toEqual({ phase: 0, frequency: 10e-6, lasting: 0 });
    clock.run(1000);
    expect(done()).toBeCloseTo(then + 1000 * 10e-6, 9);
  });

  it("is refused where the kernel refuses, or where it is too much", () => {
    const clock = time();
    expect(glideByFrequency(() => "noPrivilege", 500e-6, clock)(0, 0)).toBe("noPrivilege");
    expect(glideByFrequency((frequency) => frequency, 500e-6, clock)(0, 600e-6)).toBe("outOfRange");
  });
});

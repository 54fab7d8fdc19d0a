/** The simulated kernel's loop, against RFC 1589 and Linux's arithmetic done by hand. */
import { describe, expect, it } from "vitest";
import { createChance } from "../../src/sim/chance.ts";
import { SimClock } from "../../src/sim/clock.ts";
import { SimKernel } from "../../src/sim/kernel.ts";
import { Oscillator } from "../../src/sim/oscillator.ts";
import { Timeline } from "../../src/sim/timeline.ts";
import { later } from "../../src/sim/truth.ts";
import { instant } from "../../src/sim/world.ts";

/** A kernel whose clock has a perfect oscillator. */
function kernel(): {
  readonly kernel: SimKernel;
  readonly run: (seconds: number) => void;
  readonly error: () => number;
} {
  const timeline = new Timeline();
  const clock = new SimClock(new Oscillator({}, createChance(1)), instant("2026-11-21T00:00:00Z"), 0);
  return {
    kernel: new SimKernel(clock, timeline, () => undefined),
    run: (seconds) => timeline.run(later(timeline.now, seconds)),
    error: () => clock.error(timeline.now),
  };
}

describe("the kernel's loop", () => {
  it("trickles a phase out: 1/2^(2 + time constant) of what is left each second", () => {
    const { kernel: loop, run, error } = kernel();
    expect(loop.lock(0.1, 4)).toBe(0);
    run(1);
    expect(error()).toBeCloseTo(0.1 / 64, 9);
    run(63);
    expect(error()).toBeCloseTo(0.1 * (1 - (1 - 1 / 64) ** 64), 9);
    run(2000);
    expect(error()).toBeCloseTo(0.1, 6);
    expect(loop.phase).toBeLessThan(1e-9);
  });

  it("corrects the frequency by phase × interval / 4^(4 + time constant), the interval being 2^(3 + time constant) at most", () => {
    const { kernel: loop, run } = kernel();
    loop.lock(0, 6);
    run(64);
    expect(loop.lock(0.01, 6)).toBeCloseTo((0.01 * 64) / 4 ** 10, 12);
    run(1000);
    expect(loop.lock(0.01, 6)).toBeCloseTo((0.01 * (64 + 512)) / 4 ** 10, 12);
  });

  it("locks to the frequency as well when it hears less than every 2048 s", () => {
    const { kernel: loop, run } = kernel();
    loop.lock(0, 10);
    run(4096);
    expect(loop.lock(0.01, 10)).toBeCloseTo((0.01 * 4096) / 4 ** 14 + 0.01 / (4 * 4096), 12);
  });

  it("takes half a second at most, and runs by 500 ppm at most", () => {
    const { kernel: loop, run, error } = kernel();
    loop.lock(0, 0);
    run(64);
    expect(loop.lock(3, 0)).toBe(500e-6);
    loop.steer(0);
    run(100);
    expect(error()).toBeCloseTo(0.5, 6);
  });

  it("takes a new phase in place of what is left of the one before, and forgets it with a step", () => {
    const { kernel: loop, run, error } = kernel();
    loop.lock(0.1, 4);
    run(10);
    const done = error();
    loop.lock(-0.02, 4);
    loop.steer(0);
    run(3000);
    // The second that had begun goes on as it was.
    expect(Math.abs(error() - (done - 0.02))).toBeLessThan(0.1 / 64 + 1e-6);
    loop.lock(0.1, 4);
    loop.forget();
    const then = error();
    loop.steer(0);
    run(100);
    expect(error()).toBeCloseTo(then, 9);
  });

  it("knows TAI as it was told, and keeps it where it is not told again", () => {
    const { kernel: loop } = kernel();
    const claim = {
      synchronized: true,
      maximumError: 0.01,
      estimatedError: 0.001,
      timeConstant: 6,
      leap: "none",
      loop: false,
      tai: 37,
    } as const;
    loop.tell(claim);
    loop.tell({ ...claim, tai: null });
    expect(loop.claim.tai).toBe(37);
  });
});

describe("the kernel's tick", () => {
  it.each([0.01, -0.1, 3])("corrects %d s as it is said, and is as before then", (phase) => {
    const { kernel: hurrying, run, error } = kernel();
    const { lasting, rate } = hurrying.correct(phase);
    // Its own seconds are shorter, or longer.
    const real = lasting * (1 - rate!);
    run(real / 2);
    expect(error()).toBeCloseTo(phase / 2, 9);
    run(real / 2 + 100);
    expect(error()).toBeCloseTo(phase, 9);
  });

  it("is set back where the clock is corrected anew, and goes on where it is only given a frequency", () => {
    const { kernel: hurrying, run, error } = kernel();
    hurrying.correct(0.01);
    run(0.5);
    hurrying.correct(0);
    run(100);
    expect(error()).toBeCloseTo(0.005, 9);
    hurrying.correct(0.01);
    hurrying.steer(1e-6);
    run(100);
    expect(error()).toBeCloseTo(0.015 + 100e-6, 7);
  });

  it("leaves a small phase to the slew", () => {
    const { kernel: hurrying } = kernel();
    expect(hurrying.correct(0.001)).not.toHaveProperty("rate");
  });
});

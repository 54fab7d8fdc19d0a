/** Oscillators and the clocks they drive, against arithmetic done by hand. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createChance } from "../../src/sim/chance.ts";
import { SimClock } from "../../src/sim/clock.ts";
import { Oscillator, type OscillatorOptions } from "../../src/sim/oscillator.ts";
import type { TrueTime } from "../../src/sim/truth.ts";
import { instant } from "../../src/sim/world.ts";
import { difference, timestamp, toIso } from "../../src/time/timestamp.ts";

const at = (seconds: number): TrueTime => seconds as TrueTime;
const BEGINNING = instant("2026-11-21T00:00:00Z");
const oscillator = (options: OscillatorOptions = {}, seed: string | number = 1): Oscillator =>
  new Oscillator(options, createChance(seed));

describe("an oscillator", () => {
  it("errs by its frequency", () => {
    expect(oscillator({ frequency: 100e-6 }).error(at(1000))).toBeCloseTo(0.1, 12);
    expect(oscillator({ frequency: -20e-6 }).error(at(86_400))).toBeCloseTo(-1.728, 12);
  });

  it("changes with the temperature, then and not before", () => {
    const warmed = oscillator({ frequency: 1e-6, jumps: [{ at: 100, by: 4e-6 }] });
    expect(warmed.error(at(100))).toBeCloseTo(100e-6, 15);
    expect(warmed.error(at(200))).toBeCloseTo(600e-6, 15);
    warmed.jump(at(300), -5e-6);
    expect(warmed.error(at(400))).toBeCloseTo(1100e-6, 15);
    expect(warmed.frequency(at(400))).toBeCloseTo(0, 15);
  });

  it("walks by its wander: the frequency spreads as the root of time", () => {
    const wander = 1e-8;
    const spread = (after: number): number => {
      const ends = Array.from({ length: 400 }, (_, seed) => oscillator({ wander }, seed).frequency(at(after)));
      return Math.sqrt(ends.reduce((sum, end) => sum + end * end, 0) / ends.length);
    };
    expect(spread(25) / (wander * 5)).toBeCloseTo(1, 0);
    expect(spread(400) / (wander * 20)).toBeCloseTo(1, 0);
  });

  it("takes the same walk whoever looks and however often", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 500, noNaN: true }), { maxLength: 20 }), (looks) => {
        const options = { frequency: 3e-6, wander: 1e-8, jumps: [{ at: 77.7, by: 1e-6 }] };
        const watched = oscillator(options);
        for (const look of looks.toSorted((a, b) => a - b)) watched.error(at(look));
        expect(watched.error(at(500))).toBe(oscillator(options).error(at(500)));
      }),
    );
  });
});

describe("a clock", () => {
  it("shows true time plus its error, exactly", () => {
    const clock = new SimClock(oscillator(), BEGINNING, -0.25);
    expect(difference(clock.read(at(10)), BEGINNING)).toBe(9.75);
    expect(clock.error(at(10))).toBe(-0.25);
  });

  it("is stepped at once, and knows it exactly however far", () => {
    const clock = new SimClock(oscillator(), BEGINNING, 0.125);
    clock.step(at(5), -1_795_219_200.5);
    expect(clock.error(at(6))).toBe(-1_795_219_200.375);
    clock.step(at(7), 1_795_219_200);
    expect(clock.error(at(8))).toBe(-0.375);
  });

  it("has a steady clock beside it that goes as it does, and is not stepped with it", () => {
    const clock = new SimClock(oscillator({ frequency: 20e-6 }), BEGINNING, 1234.5);
    clock.trim(at(100), 80e-6);
    clock.step(at(200), -70.25);
    expect(clock.steady(at(100))).toBeCloseTo(100.002, 9);
    expect(clock.steady(at(1000))).toBeCloseTo(100.002 + 900 * (1 + 20e-6) * (1 + 80e-6), 9);
    expect(clock.error(at(1000))).toBeCloseTo(1234.5 - 70.25 + clock.steady(at(1000)) - 1000, 9);
  });

  it("is trimmed in frequency, on top of its oscillator", () => {
    const clock = new SimClock(oscillator({ frequency: 50e-6 }), BEGINNING, 0);
    clock.trim(at(1000), -50e-6);
    expect(clock.error(at(1000))).toBeCloseTo(0.05, 12);
    expect(clock.error(at(2000))).toBeCloseTo(0.05, 5);
    expect(clock.frequency(at(2000))).toBeCloseTo(0, 8);
  });

  it("goes over into era 1", () => {
    const clock = new SimClock(oscillator(), instant("2036-02-07T06:28:00Z"), 0);
    expect(clock.read(at(15))).toBe(timestamp(0xffff_ffff, 0));
    expect(clock.read(at(16))).toBe(0n);
    expect(toIso(clock.read(at(17)), 2_085_978_496n * 1_000_000_000n)).toBe("2036-02-07T06:28:17.000000000Z");
  });

  it("is not changed by being read", () => {
    const make = (): SimClock => {
      const clock = new SimClock(oscillator({ frequency: 7e-6, wander: 1e-8 }), BEGINNING, 0.3);
      clock.trim(at(0), 2e-5);
      return clock;
    };
    const watched = make();
    for (let moment = 0; moment < 100; moment += 0.37) watched.read(at(moment));
    expect(watched.read(at(100))).toBe(make().read(at(100)));
  });
});

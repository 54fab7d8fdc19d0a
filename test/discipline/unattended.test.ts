/** A clock between two runs: what its discipline learned goes on in the next, and doubts grow with time. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { correctedBy, corrections, correctionsSeen, steered } from "../../src/discipline/corrections.ts";
import { DISCIPLINES } from "../../src/discipline/disciplines.ts";
import { historySeen } from "../../src/discipline/history.ts";
import type { History } from "../../src/discipline/history.ts";
import {
  drifting,
  foretold,
  frequencyToSet,
  interrupted,
  isMeasured,
  offsetOf,
  stillToGlide,
  toGlide,
  toStartFrom,
  unattended,
  type UnattendedClock,
} from "../../src/discipline/unattended.ts";
import type { Mono } from "../../src/time/mono.ts";

const HOUR = 3600;
const BOUNDS = {
  stepThreshold: { forward: Infinity, backward: Infinity },
  stepout: Infinity,
  panic: Infinity,
  allan: 1500,
  kernel: false,
  anyFirst: true,
  minpoll: 6,
  maxpoll: 10,
  precision: -20,
};

/** What one run leaves to the next. */
interface Left {
  readonly clock: UnattendedClock | null;
  readonly history: History | null;
}

const NOTHING: Left = { clock: null, history: null };

/** One run by a steady clock of its own: it measures an offset of one server, and corrects the clock by all that is known. */
function run(
  { clock, history }: Left,
  offset: number,
  { at = 100, sets = false }: { at?: number; sets?: boolean } = {},
): Left & { readonly phase: number } {
  const now = at as Mono;
  const discipline = DISCIPLINES.adaptive(clock && toStartFrom(clock, now), BOUNDS);
  if (history !== null) discipline.adopt(7, historySeen(history, at));
  const log = clock === null ? corrections(now) : correctionsSeen(clock.corrections, at);
  const corrected = correctedBy(log, now);
  const decision = discipline.update({
    now,
    corrected,
    samples: [{ source: 7, at: now, phase: offset + corrected, delay: 0.002, dispersion: 1e-5 }],
    system: { offset, at: now, sources: [{ source: 7, rootDelay: 0.002 }] },
  });
  const phase = decision.kind === "steer" ? decision.phase : offset;
  const frequency = (sets ? frequencyToSet(discipline.learned) : null) ?? log.frequency;
  const after = steered(log, now, { phase, frequency, lasting: 0 });
  const kept = discipline.learned.histories.find(({ source }) => source === 7)!.history;
  return {
    clock: unattended(discipline.learned, after, { at: now, age: 0, runs: (clock?.runs ?? 0) + 1 }),
    history: historySeen(kept, -at),
    phase,
  };
}

function later({ clock, history }: Left, by: number, isBroken = false): Left {
  if (clock === null) return NOTHING;
  if (isBroken) return { clock: interrupted(clock, by), history: null };
  return { clock: foretold(clock, by), history: history && historySeen(history, -by) };
}

/** Runs an hour after each other by a clock whose oscillator needs such a correction. */
function runs(
  count: number,
  oscillator: number,
  { noise = () => 0, sets = false }: { noise?: (run: number) => number; sets?: boolean } = {},
): Left {
  let left: Left = NOTHING;
  let offset = 0.25;
  for (let number = 0; number < count; number += 1) {
    // Each process has a steady clock that began at another moment.
    const done = run(left, offset + noise(number), { at: 100 + 17 * number, sets });
    offset += (oscillator - done.clock!.corrections.frequency) * HOUR - done.phase;
    left = later(done, HOUR);
  }
  return left;
}

describe("a clock between runs", () => {
  it("is known by its frequency from the second run on", () => {
    expect(isMeasured(runs(1, 40e-6).clock!.oscillator)).toBe(false);
    const { clock } = runs(2, 40e-6);
    expect(isMeasured(clock!.oscillator)).toBe(true);
    expect(Math.abs(clock!.oscillator.frequency - 40e-6)).toBeLessThan(0.1e-6);
  });

  it("has its frequency found within ±500 ppm, whatever it is, and its offset foretold by that", () => {
    fc.assert(
      fc.property(fc.double({ min: -400e-6, max: 400e-6, noNaN: true }), fc.boolean(), (oscillator, sets) => {
        const clock = runs(12, oscillator, { sets }).clock!;
        expect(Math.abs(clock.oscillator.frequency - oscillator)).toBeLessThan(1e-6);
        expect(Math.abs(offsetOf(clock)! - (oscillator - clock.corrections.frequency) * HOUR)).toBeLessThan(2e-3);
        expect(drifting(clock).rate).toBe(clock.oscillator.frequency - clock.corrections.frequency);
      }),
      { numRuns: 20 },
    );
  });

  it("keeps its frequency over a restart, and nothing of its phase", () => {
    const before = runs(10, -25e-6);
    const after = later(before, 86_400, true);
    expect(offsetOf(after.clock!)).toBeNull();
    expect(after.clock!.oscillator.frequency).toBe(before.clock!.oscillator.frequency);
    expect(after.clock!.oscillator.variance).toBeGreaterThan(before.clock!.oscillator.variance);
    const again = run(after, -7);
    expect(again.clock!.oscillator.frequency).toBeCloseTo(-25e-6, 7);
    expect(again.phase).toBeCloseTo(-7, 9);
  });

  it("takes one measurement that is far off for the servers' fault, several for its own", () => {
    const lie = runs(30, 10e-6, { noise: (number) => (number === 29 ? 0.05 : 0) });
    expect(lie.clock!.oscillator.frequency).toBeCloseTo(10e-6, 7);
    let left = runs(30, 10e-6);
    for (let number = 0; number < 3; number += 1) left = later(run(left, 30e-6 * HOUR), HOUR);
    expect(left.clock!.oscillator.frequency).toBeCloseTo(30e-6, 6);
  });

  it("knows what a slew has yet to add", () => {
    const { clock } = run(NOTHING, 0.1);
    const gliding = {
      ...clock!,
      corrections: steered(corrections(0 as Mono), 0 as Mono, { phase: 0.1, frequency: 0, lasting: 200 }),
    };
    expect(toGlide(gliding, 50)).toBeCloseTo(0.025, 12);
    expect(stillToGlide(foretold(gliding, 50))).toBeCloseTo(0.075, 12);
    expect(stillToGlide(foretold(foretold(gliding, 50), 100))).toBeCloseTo(0.025, 12);
    expect(stillToGlide(foretold(gliding, 201))).toBe(0);
    expect(offsetOf(foretold({ ...gliding, estimate: { ...clock!.estimate!, phase: 0.1 } }, 50))).toBeCloseTo(0.075, 4);
  });

  it("is not set by a frequency that is not known, nor beyond what the kernel takes", () => {
    const { clock } = runs(1, 40e-6);
    expect(frequencyToSet(toStartFrom(clock!, 0 as Mono))).toBeNull();
    expect(frequencyToSet(toStartFrom(runs(2, 40e-6).clock!, 0 as Mono))).not.toBeNull();
    expect(frequencyToSet(toStartFrom(runs(40, 700e-6).clock!, 0 as Mono))).toBe(500e-6);
  });

  it("has sound numbers whatever was measured", () => {
    const one = fc.record({
      offset: fc.double({ min: -1e9, max: 1e9, noNaN: true }),
      after: fc.double({ min: 0, max: 1e8, noNaN: true }),
      broken: fc.boolean(),
      sets: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(one, { minLength: 1, maxLength: 20 }), (all) => {
        let left: Left = NOTHING;
        for (const { offset, after, broken, sets } of all) {
          left = later(run(left, offset, { sets }), after, broken);
          const { oscillator, wander } = left.clock!;
          expect(
            [oscillator.frequency, oscillator.variance, wander, offsetOf(left.clock!) ?? 0].every(Number.isFinite),
          ).toBe(true);
          expect(oscillator.variance).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });
});

/** Both disciplines as strategies: what holds whatever they hear, and what the default decides. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DISCIPLINES } from "../../src/discipline/disciplines.ts";
import type { DisciplineName } from "../../src/discipline/disciplines.ts";
import { learnedFrequency } from "../../src/discipline/strategy.ts";
import type { Decision, DisciplineBounds, RunningDiscipline, SourceSample } from "../../src/discipline/strategy.ts";
import { historySeen } from "../../src/discipline/history.ts";
import type { Mono } from "../../src/time/mono.ts";
import { measured } from "./oscillator.ts";
import type { Measured } from "./oscillator.ts";

const BOUNDS: DisciplineBounds = {
  stepThreshold: { forward: 0.128, backward: 0.128 },
  stepout: 300,
  panic: 1000,
  allan: 1500,
  kernel: false,
  anyFirst: false,
  minpoll: 6,
  maxpoll: 10,
  precision: -20,
};
const ALL = Object.keys(DISCIPLINES) as DisciplineName[];

/** Hears samples of one believed server, the clock never being touched. */
function hearing(discipline: RunningDiscipline, samples: readonly Omit<SourceSample, "source">[]): Decision[] {
  return samples.map((sample) => tell(discipline, [{ ...sample, source: 1 }]));
}

function tell(discipline: RunningDiscipline, samples: readonly SourceSample[], corrected = 0): Decision {
  const last = samples.at(-1)!;
  return discipline.update({
    now: last.at,
    corrected,
    samples,
    system: { offset: last.phase - corrected, at: last.at, sources: [{ source: last.source, rootDelay: 0.02 }] },
  });
}

/** The default, having heard a server for long. */
function experienced(
  options: Measured = {},
  bounds: Partial<DisciplineBounds> = {},
): { discipline: RunningDiscipline; next: (by: number, after: number) => Decision } {
  const discipline = DISCIPLINES.adaptive(null, { ...BOUNDS, ...bounds });
  const samples = measured({ count: 64, interval: 64, frequency: 0, wander: 0, ...options });
  for (const sample of samples.slice(0, 40)) tell(discipline, [{ ...sample, source: 1 }], 0.01);
  return {
    discipline,
    next: (by, after) =>
      tell(discipline, [{ ...samples[40 + after]!, phase: samples[40 + after]!.phase + by, source: 1 }], 0.01),
  };
}

describe.each(ALL)("%s", (name) => {
  it("law: whatever comes, what it decides is within bounds and finite", () => {
    const samples = fc.array(
      fc.record({
        source: fc.integer({ min: 1, max: 50 }),
        wait: fc.double({ min: 0, max: 5000, noNaN: true }),
        phase: fc.oneof(
          fc.double({ min: -1e9, max: 1e9, noNaN: true }),
          fc.double({ min: -0.2, max: 0.2, noNaN: true }),
        ),
        delay: fc.double({ min: 2 ** -24, max: 16, noNaN: true }),
        dispersion: fc.double({ min: 2 ** -24, max: 16, noNaN: true }),
      }),
      { minLength: 1, maxLength: 60 },
    );
    fc.assert(
      fc.property(
        samples,
        fc.option(fc.double({ min: -1e-3, max: 1e-3, noNaN: true })),
        fc.boolean(),
        (all, frequency, anyFirst) => {
          const discipline = DISCIPLINES[name](learnedFrequency(frequency), { ...BOUNDS, anyFirst });
          let now = 100;
          for (const { wait, ...sample } of all) {
            now += wait;
            const decision = tell(discipline, [{ ...sample, at: now as Mono }]);
            if (decision.kind === "steer") {
              expect(Math.abs(decision.phase)).toBeLessThanOrEqual(BOUNDS.stepThreshold.forward);
              expect(Math.abs(decision.frequency)).toBeLessThanOrEqual(500e-6);
            }
            if (decision.kind === "step") expect(Number.isFinite(decision.offset)).toBe(true);
            const { poll, jitter, wander, frequency: known } = discipline.report;
            expect(poll).toBeGreaterThanOrEqual(BOUNDS.minpoll);
            expect(poll).toBeLessThanOrEqual(BOUNDS.maxpoll);
            expect(jitter >= 0 && Number.isFinite(jitter) && wander >= 0 && Number.isFinite(wander)).toBe(true);
            if (known !== null) expect(Math.abs(known)).toBeLessThanOrEqual(500e-6);
            const adjustment = discipline.adjust();
            if (adjustment !== null)
              expect(Math.abs(adjustment.frequency + adjustment.phase)).toBeLessThanOrEqual(500e-6 + 1e-18);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it("decides nothing while nobody is believed, but says what it began with", () => {
    const discipline = DISCIPLINES[name](learnedFrequency(-20e-6), BOUNDS);
    const [first] = measured();
    expect(
      discipline.update({ now: first!.at, corrected: 0, samples: [{ ...first!, source: 1 }], system: null }),
    ).toEqual({ kind: "none" });
    expect(discipline.report).toMatchObject({ name, state: "FSET", frequency: -20e-6, poll: 6 });
  });

  it("leaves to the next what it began with, and what it measured", () => {
    const discipline = DISCIPLINES[name](learnedFrequency(-20e-6), BOUNDS);
    expect(discipline.learned.oscillator).toEqual({ frequency: -20e-6, variance: 2e-6 ** 2 });
    expect(DISCIPLINES[name](null, BOUNDS).learned.oscillator).toBeNull();
    hearing(discipline, measured({ count: 40, interval: 64, frequency: 25e-6, wander: 0 }));
    const { oscillator } = discipline.learned;
    expect(oscillator!.frequency).toBe(discipline.report.frequency);
    expect(DISCIPLINES[name](discipline.learned, BOUNDS).report.frequency).toBe(oscillator!.frequency);
  });

  it("panics at a first offset beyond reason, unless that is allowed", () => {
    const far = measured({ count: 4, interval: 2 }).map((sample) => ({ ...sample, phase: sample.phase + 2000 }));
    expect(hearing(DISCIPLINES[name](learnedFrequency(-30e-6), BOUNDS), far)[0]!.kind).toBe("panic");
    expect(hearing(DISCIPLINES[name](learnedFrequency(-30e-6), { ...BOUNDS, anyFirst: true }), far)[0]!.kind).toBe(
      "step",
    );
  });

  it("steps a clock that is behind, and slews one that is ahead, where their thresholds say so", () => {
    const bounds = { ...BOUNDS, stepThreshold: { forward: 0.128, backward: Infinity } };
    const first = (by: number): Decision | undefined =>
      hearing(
        DISCIPLINES[name](learnedFrequency(-30e-6), bounds),
        measured({ count: 1, interval: 2 }).map((sample) => ({ ...sample, phase: sample.phase + by })),
      )[0];
    expect(first(5)?.kind).toBe("step");
    expect(first(-5)?.kind).not.toBe("step");
  });

  it("sets right at once what somebody else has set, and keeps the frequency", () => {
    const discipline = DISCIPLINES[name](learnedFrequency(-30e-6), BOUNDS);
    const samples = measured({ count: 20 });
    hearing(discipline, samples.slice(0, 10));
    const { frequency } = discipline.report;
    discipline.restart(3600);
    expect(discipline.report).toMatchObject({ frequency, poll: 6 });
    expect(tell(discipline, [{ ...samples[10]!, phase: samples[10]!.phase - 3600, source: 1 }]).kind).toBe("step");
  });
});

describe("what the default has learned", () => {
  it("lets another go on as though it had heard everything itself, by a steady clock of its own", () => {
    const samples = measured({ count: 60, interval: 64, frequency: 3e-6 }).map((sample) => ({ ...sample, source: 1 }));
    const first = DISCIPLINES.adaptive(null, BOUNDS);
    for (const sample of samples.slice(0, 40)) tell(first, [sample]);
    const ahead = 1234;
    let steered = 0;
    const { histories, estimate, ...learned } = first.learned;
    const second = DISCIPLINES.adaptive({ ...learned, estimate, histories: [] }, BOUNDS);
    for (const { history } of histories) second.adopt(5, historySeen(history, ahead));
    for (const sample of samples.slice(40)) {
      const seen = { ...sample, at: (sample.at + ahead) as Mono, source: 5 };
      const [one, other] = [tell(first, [sample]), tell(second, [seen])];
      expect(other.kind).toBe(one.kind);
      if (one.kind !== "steer" || other.kind !== "steer") continue;
      steered += 1;
      expect(other.phase).toBeCloseTo(one.phase, 9);
      expect(other.frequency).toBeCloseTo(one.frequency, 12);
    }
    expect(steered).toBeGreaterThan(15);
  });
});

describe("adaptive", () => {
  it("corrects the whole of what it knows: offset and frequency", () => {
    const samples = measured();
    const discipline = DISCIPLINES.adaptive(null, BOUNDS);
    const decision = tell(
      discipline,
      samples.map((sample) => ({ ...sample, source: 1 })),
      samples.at(-1)!.truth - 0.005,
    );
    expect(decision).toEqual({ kind: "steer", phase: expect.closeTo(0.005, 3), frequency: expect.closeTo(-30e-6, 6) });
  });

  it("is not moved by a spike, and looks again soon", () => {
    const { discipline, next } = experienced();
    const { poll } = discipline.report;
    expect(poll).toBeGreaterThan(6);
    expect(next(0.3, 0)).toEqual({ kind: "none" });
    expect(discipline.report).toMatchObject({ poll: 6, state: "SPIK" });
    expect([...discipline.doubted]).toEqual([1]);
    expect(next(0, 1)).toMatchObject({ kind: "steer", phase: expect.closeTo(0, 3) });
    expect(discipline.report.state).toBe("SYNC");
    expect(discipline.doubted.size).toBe(0);
  });

  it("doubts nobody any longer who has contradicted it three times", () => {
    const { discipline, next } = experienced();
    const doubts = [0.3, 0.1, 0.3, 0.1].map((offset, index) => (next(offset, index), discipline.doubted.size));
    expect(doubts).toEqual([1, 1, 0, 0]);
  });

  it("steps only what lasts for the stepout time", () => {
    const { next } = experienced();
    // One a minute.
    expect(Array.from({ length: 6 }, (_, index) => next(0.3, index).kind)).toEqual([
      "none",
      "none",
      "wait",
      "wait",
      "wait",
      "step",
    ]);
  });

  it("follows a lesser change as soon as three samples agree on it", () => {
    const { next } = experienced();
    expect([0, 1, 2].map((after) => next(0.02, after).kind)).toEqual(["none", "none", "steer"]);
  });

  it("keeps histories of so many servers and no more, those believed among them", () => {
    const discipline = DISCIPLINES.adaptive(null, BOUNDS);
    const [first] = measured();
    const strangers = Array.from({ length: 1000 }, (_, index) => ({
      ...first!,
      source: 100 + index,
      at: (first!.at + index) as Mono,
    }));
    tell(discipline, strangers);
    const decision = tell(discipline, [{ ...first!, source: 1, at: (first!.at + 2000) as Mono }]);
    expect(decision.kind).toBe("steer");
  });
});

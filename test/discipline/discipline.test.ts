/** The clock discipline: its transition table cell by cell, its laws, and whole loops on the test bench. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DISCIPLINE } from "../../src/discipline/constants.ts";
import { startDiscipline, updateDiscipline } from "../../src/discipline/discipline.ts";
import type { Discipline, DisciplineAction, DisciplineState } from "../../src/discipline/discipline.ts";
import { adjustOncePerSecond } from "../../src/discipline/loop.ts";
import type { Mono } from "../../src/time/mono.ts";
import { bench, PARAMETERS } from "./bench.ts";

const at = (seconds: number): Mono => seconds as Mono;

/** A discipline in the given state, last updated at 0 s with nothing left to correct. */
function inState(state: DisciplineState, more: Partial<Discipline> = {}): Discipline {
  return { ...startDiscipline(PARAMETERS, 10e-6), state, updated: at(0), seen: at(0), ...more };
}

describe("the state machine (figure 28)", () => {
  const small = 0.05;
  const large = 0.2;
  it.each<[DisciplineState, number, number, DisciplineState, DisciplineAction]>([
    // state, offset, seconds since the last update, next state, action
    ["NSET", small, 64, "FREQ", "slew"],
    ["NSET", large, 64, "FREQ", "step"],
    ["FSET", small, 64, "SYNC", "slew"],
    ["FSET", large, 64, "SYNC", "step"],
    ["SPIK", small, 64, "SYNC", "slew"],
    ["SPIK", small, 900, "SYNC", "slew"],
    ["SPIK", large, 899, "SPIK", "ignore"],
    ["SPIK", large, 900, "SYNC", "step"],
    ["FREQ", small, 899, "FREQ", "ignore"],
    ["FREQ", small, 900, "SYNC", "slew"],
    ["FREQ", large, 899, "FREQ", "ignore"],
    ["FREQ", large, 900, "SYNC", "step"],
    ["SYNC", small, 64, "SYNC", "slew"],
    ["SYNC", large, 64, "SPIK", "ignore"],
    ["SYNC", large, 4096, "SPIK", "ignore"],
  ])("in %s an offset of %d s after %d s leads to %s: %s", (state, offset, mu, next, action) => {
    for (const signed of [offset, -offset]) {
      const update = updateDiscipline(inState(state), { offset: signed, at: at(mu) }, PARAMETERS);
      expect([update.discipline.state, update.action]).toEqual([next, action]);
      if (action === "slew") expect(update.discipline.residual).toBe(signed);
      if (action === "step")
        expect(update.discipline).toMatchObject({ residual: 0, poll: PARAMETERS.minpoll, updated: mu });
      if (action === "ignore") expect(update.discipline).toMatchObject({ residual: 0, updated: 0, frequency: 10e-6 });
    }
  });

  it("panics beyond 1000 s, and changes nothing", () => {
    const before = inState("SYNC");
    expect(updateDiscipline(before, { offset: 1000.5, at: at(64) }, PARAMETERS)).toEqual({
      discipline: before,
      action: "panic",
    });
    const fearless = { ...PARAMETERS, panic: Infinity };
    expect(updateDiscipline(inState("FSET"), { offset: 1e6, at: at(64) }, fearless).action).toBe("step");
  });

  it("never steps with an infinite step threshold", () => {
    const slewing = { ...PARAMETERS, stepThreshold: { forward: Infinity, backward: Infinity } };
    expect(updateDiscipline(inState("FSET"), { offset: 999, at: at(64) }, slewing).action).toBe("slew");
  });

  it("has a threshold of its own for a clock that is ahead, where it is told so", () => {
    const slow = { ...PARAMETERS, stepThreshold: { forward: 0.5, backward: Infinity } };
    const action = (offset: number): DisciplineAction =>
      updateDiscipline(inState("FSET"), { offset, at: at(64) }, slow).action;
    expect([0.4, 0.6, -0.4, -900].map(action)).toEqual(["slew", "step", "slew", "slew"]);
  });

  it("uses no sample twice, and none that is older than the last", () => {
    const { discipline } = updateDiscipline(inState("SYNC"), { offset: 0.01, at: at(64) }, PARAMETERS);
    for (const time of [64, 63]) {
      expect(updateDiscipline(discipline, { offset: 0.02, at: at(time) }, PARAMETERS)).toEqual({
        discipline,
        action: "ignore",
      });
    }
  });

  it("starts without a frequency in NSET, with one in FSET", () => {
    expect(startDiscipline(PARAMETERS, null)).toMatchObject({ state: "NSET", frequency: 0 });
    expect(startDiscipline(PARAMETERS, -20e-6)).toMatchObject({ state: "FSET", frequency: -20e-6 });
    expect(startDiscipline(PARAMETERS, 1)).toMatchObject({ frequency: DISCIPLINE.maxFrequency });
  });
});

describe("frequency (A.5.5.6)", () => {
  it("is measured by what was not expected of the offset", () => {
    const measuring = inState("FREQ", { frequency: 0, residual: 0.01 });
    const { discipline } = updateDiscipline(measuring, { offset: 0.055, at: at(900) }, PARAMETERS);
    expect(discipline.frequency).toBeCloseTo(50e-6, 12);
  });

  it("is corrected by the PLL alone at short poll intervals", () => {
    const { discipline } = updateDiscipline(
      inState("SYNC", { frequency: 0 }),
      { offset: 0.01, at: at(64) },
      PARAMETERS,
    );
    expect(discipline.frequency).toBeCloseTo((0.01 * 64) / (4 * 4 * 64) ** 2, 15);
  });

  it("integrates over the time since the last update if that is less than the poll interval", () => {
    const { discipline } = updateDiscipline(
      inState("SYNC", { frequency: 0 }),
      { offset: 0.01, at: at(16) },
      PARAMETERS,
    );
    expect(discipline.frequency).toBeCloseTo((0.01 * 16) / (4 * 4 * 64) ** 2, 15);
  });

  it("integrates over the Allan intercept at most, however late the update", () => {
    const after = (seconds: number): number =>
      updateDiscipline(inState("SYNC", { frequency: 0 }), { offset: 0.01, at: at(seconds) }, PARAMETERS).discipline
        .frequency;
    expect(after(640)).toBeCloseTo((0.01 * 640) / (4 * 4 * 64) ** 2, 15);
    expect(after(6400)).toBeCloseTo((0.01 * 1500) / (4 * 4 * 64) ** 2, 15);
  });

  it("is corrected by the FLL too beyond half the Allan intercept", () => {
    const slow = inState("SYNC", { frequency: 0, poll: 10, residual: 0.002 });
    const { discipline } = updateDiscipline(slow, { offset: 0.01, at: at(1024) }, PARAMETERS);
    const pll = (0.01 * 1024) / (4 * 4 * 1024) ** 2;
    const fll = 0.008 / (1500 * 8);
    expect(discipline.frequency).toBeCloseTo(pll + fll, 15);
  });

  it("has its gains change over at another Allan intercept, where it is told one", () => {
    const slow = inState("SYNC", { frequency: 0, poll: 10, residual: 0.002 });
    const { discipline } = updateDiscipline(slow, { offset: 0.01, at: at(4096) }, { ...PARAMETERS, allan: 8192 });
    expect(discipline.frequency).toBeCloseTo((0.01 * 4096) / (4 * 4 * 1024) ** 2, 15);
    expect(adjustOncePerSecond(inState("SYNC", { residual: 0.1, frequency: 0, poll: 12 }), 2048).rate).toBeCloseTo(
      0.1 / (4 * 2048),
      15,
    );
  });

  it("stays within 500 ppm", () => {
    const { discipline } = updateDiscipline(inState("FREQ"), { offset: 10, at: at(900) }, PARAMETERS);
    expect(discipline.frequency).toBe(500e-6);
  });
});

describe("statistics", () => {
  it("wander is the averaged RMS of frequency changes", () => {
    const { discipline } = updateDiscipline(
      inState("FREQ", { wander: 8e-6 }),
      { offset: 0.018, at: at(900) },
      PARAMETERS,
    );
    expect(discipline.wander).toBeCloseTo(Math.sqrt((7 * 8 ** 2 + 20 ** 2) / 8) * 1e-6, 12);
  });

  it("jitter is the averaged RMS of offset differences, no less than the precision; outliers do not count", () => {
    const before = inState("SYNC", { jitter: 0.008, last: 0.01 });
    const after = (offset: number): number =>
      updateDiscipline(before, { offset, at: at(64) }, PARAMETERS).discipline.jitter;
    expect(after(0.03)).toBeCloseTo(Math.sqrt((7 * 8 ** 2 + 20 ** 2) / 8) / 1000, 12);
    expect(after(0.01)).toBeCloseTo(Math.sqrt((7 * 0.008 ** 2 + 2 ** -40) / 8), 15);
    expect(after(0.5)).toBe(0.008);
  });

  it("what the clock is off by at first, or drifts while it is measured, is no jitter", () => {
    for (const state of ["NSET", "FSET", "FREQ"] as const) {
      const before = inState(state, { jitter: 0.001 });
      expect(updateDiscipline(before, { offset: 0.1, at: at(64) }, PARAMETERS).discipline.jitter).toBe(0.001);
    }
  });
});

describe("laws", () => {
  it("whatever comes, frequency, poll and counter stay in bounds and all numbers finite", () => {
    const samples = fc.array(
      fc.tuple(fc.double({ min: -2000, max: 2000, noNaN: true }), fc.integer({ min: -5, max: 5000 })),
      { maxLength: 60 },
    );
    const offsets = fc.array(
      fc.tuple(fc.double({ min: -0.3, max: 0.3, noNaN: true }), fc.integer({ min: 1, max: 5000 })),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(
        fc.oneof(samples, offsets),
        fc.option(fc.double({ min: -1e-3, max: 1e-3, noNaN: true })),
        (all, frequency) => {
          let discipline = startDiscipline(PARAMETERS, frequency);
          let time = 0;
          for (const [offset, later] of all) {
            time += later;
            discipline = updateDiscipline(discipline, { offset, at: at(time) }, PARAMETERS).discipline;
            const { discipline: next, rate } = adjustOncePerSecond(discipline);
            discipline = next;
            expect(Math.abs(rate)).toBeLessThanOrEqual(500e-6 + 1e-18);
            expect(Math.abs(discipline.frequency)).toBeLessThanOrEqual(500e-6);
            expect(discipline.poll).toBeGreaterThanOrEqual(PARAMETERS.minpoll);
            expect(discipline.poll).toBeLessThanOrEqual(PARAMETERS.maxpoll);
            expect(Math.abs(discipline.hysteresis)).toBeLessThanOrEqual(30);
            expect(
              [discipline.residual, discipline.last, discipline.jitter, discipline.wander].every(Number.isFinite),
            ).toBe(true);
          }
        },
      ),
    );
  });
});

describe("the clock-adjust process (A.5.6.1)", () => {
  it("trickles the residual offset out with time constant 4 poll intervals", () => {
    let discipline = inState("SYNC", { residual: 0.1, frequency: 0 });
    let corrected = 0;
    for (let second = 0; second < 4 * 64; second++) {
      const adjustment = adjustOncePerSecond(discipline);
      discipline = adjustment.discipline;
      corrected += adjustment.rate;
    }
    // 1/e of it, but for the steps of a second.
    expect(discipline.residual).toBeCloseTo(0.1 * (1 - 1 / (4 * 64)) ** (4 * 64), 12);
    expect(corrected).toBeCloseTo(0.1 - discipline.residual, 12);
  });

  it("does not count the poll interval beyond the Allan intercept", () => {
    expect(adjustOncePerSecond(inState("SYNC", { residual: 0.1, frequency: 0, poll: 17 })).rate).toBeCloseTo(
      0.1 / (4 * 1500),
      15,
    );
  });

  it("asks no more of the kernel than 500 ppm, and keeps the rest for later", () => {
    const { rate, discipline } = adjustOncePerSecond(inState("SYNC", { residual: -10, frequency: 100e-6, poll: 3 }));
    expect(rate).toBeCloseTo(-500e-6, 15);
    expect(discipline.residual).toBeCloseTo(-10 + 600e-6, 12);
  });
});

describe("a clock on the bench", () => {
  it("30 ppm off and without a frequency file is measured in 15 minutes, then held", () => {
    const clock = bench({ error: 0.01, drift: 30e-6, noise: 1e-5 });
    clock.run(1000);
    expect(clock.discipline.state).toBe("SYNC");
    expect(Math.abs(clock.discipline.frequency + 30e-6)).toBeLessThan(0.5e-6);
    clock.run(24 * 3600);
    expect(clock.worst(6 * 3600)).toBeLessThan(1e-3);
    expect(Math.abs(clock.discipline.frequency + 30e-6)).toBeLessThan(0.1e-6);
    expect(clock.actions.map(({ action }) => action)).not.toContain("step");
  });

  it("with a good frequency file is in step at once", () => {
    const clock = bench({ error: 0.001, drift: 30e-6, frequency: -30e-6, noise: 1e-5 });
    expect(clock.worst(12 * 3600)).toBeLessThan(2e-3);
    expect(clock.worst(6 * 3600)).toBeLessThan(2e-4);
  });

  it("is stepped at once when it starts far off", () => {
    const clock = bench({ error: -3600.5, drift: 30e-6, frequency: -30e-6, parameters: { panic: Infinity } });
    clock.run(1);
    expect(clock.actions).toEqual([{ at: 0, action: "step" }]);
    expect(Math.abs(clock.error)).toBeLessThan(1e-6);
  });

  it("ignores a single spike", () => {
    const clock = bench({ drift: 30e-6, frequency: -30e-6 });
    clock.run(4 * 3600);
    const before = clock.discipline.frequency;
    clock.spike = 0.2;
    const worst = clock.worst(4 * 3600);
    expect(clock.actions.filter(({ action }) => action === "ignore")).toHaveLength(1);
    expect(clock.actions.map(({ action }) => action)).not.toContain("step");
    expect(worst).toBeLessThan(1e-4);
    expect(Math.abs(clock.discipline.frequency - before)).toBeLessThan(1e-9);
  });

  it("is stepped when 200 ms stay for the stepout time", () => {
    const clock = bench({ drift: 30e-6, frequency: -30e-6, parameters: { maxpoll: 6 } });
    clock.run(3600);
    clock.error += 0.2;
    const moved = clock.time;
    clock.run(1200);
    const step = clock.actions.find(({ action }) => action === "step");
    expect(step!.at - moved).toBeGreaterThanOrEqual(PARAMETERS.stepout - 64);
    expect(step!.at - moved).toBeLessThanOrEqual(PARAMETERS.stepout + 64);
    expect(
      clock.actions.filter(({ at: when, action }) => when >= moved && when < step!.at && action !== "ignore"),
    ).toEqual([]);
    expect(Math.abs(clock.error)).toBeLessThan(1e-3);
  });

  it("is polled ever less while calm, and more often again when the oscillator's frequency jumps", () => {
    const clock = bench({ drift: 30e-6, frequency: -30e-6, noise: 1e-4 });
    clock.run(12 * 3600);
    expect(clock.discipline.poll).toBe(PARAMETERS.maxpoll);
    clock.drift += 20e-6;
    clock.run(6 * 3600);
    expect(clock.discipline.poll).toBeLessThan(PARAMETERS.maxpoll);
    clock.run(24 * 3600);
    expect(Math.abs(clock.discipline.frequency + 50e-6)).toBeLessThan(1e-6);
    expect(Math.abs(clock.error)).toBeLessThan(2e-3);
  });
});

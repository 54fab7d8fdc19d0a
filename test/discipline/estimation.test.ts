/** From samples to an estimate: histories, the wander, spikes and changes, several servers, the pace. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { consensus } from "../../src/discipline/consensus.ts";
import { delaysOf, history, HISTORY, keep, measurement, ordinaryVariance } from "../../src/discipline/history.ts";
import type { History, KeptSample } from "../../src/discipline/history.ts";
import { takeIn } from "../../src/discipline/intake.ts";
import type { ClockEstimate } from "../../src/discipline/kalman.ts";
import { pace } from "../../src/discipline/pace.ts";
import { believe } from "../../src/discipline/wander.ts";
import { createChance } from "../../src/sim/chance.ts";
import type { Mono } from "../../src/time/mono.ts";
import { measured } from "./oscillator.ts";
import type { TrueSample } from "./oscillator.ts";

const kept = (samples: readonly KeptSample[]): History => samples.reduce(keep, history());
const taken = (samples: readonly KeptSample[]): History =>
  samples.reduce((before, sample) => takeIn(before, sample).history, history());
const later = (sample: TrueSample, by: number): TrueSample => ({ ...sample, phase: sample.phase + by });
const rms = (values: readonly number[]): number =>
  Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / values.length);

describe("a history", () => {
  it("believes the sample with the least delay most, and each the less the longer it took", () => {
    const samples = measured();
    const delays = delaysOf(samples);
    const byDelay = samples
      .toSorted((one, other) => one.delay - other.delay)
      .map((sample) => measurement(sample, delays).variance);
    expect(byDelay).toEqual(byDelay.toSorted((one, other) => one - other));
    expect(byDelay[0]).toBeGreaterThan(0);
  });

  it("gives variances that the true errors bear out", () => {
    const ratios = [1, 2, 3, 4, 5].flatMap((seed) => {
      const samples = measured({ seed });
      const delays = delaysOf(samples);
      return samples.map((sample) => (sample.phase - sample.truth) / Math.sqrt(measurement(sample, delays).variance));
    });
    expect(rms(ratios)).toBeGreaterThan(0.7);
    expect(rms(ratios)).toBeLessThan(1.2);
  });

  it("keeps so many and no more, and what was known before the first only as long as that is there", () => {
    const prior: ClockEstimate = {
      at: 0 as Mono,
      phase: 0,
      frequency: 0,
      phaseVariance: 1,
      covariance: 0,
      frequencyVariance: 1e-10,
    };
    const samples = measured({ count: HISTORY + 5 });
    const full = samples.slice(0, HISTORY).reduce(keep, history(prior));
    expect(full.prior).toBe(prior);
    const over = samples.slice(HISTORY).reduce(keep, full);
    expect(over.prior).toBeNull();
    expect(over.samples).toEqual(samples.slice(5));
  });

  it("is not sure of the first few samples, alike as they may be", () => {
    const [first] = measured();
    const twice = [first!, { ...first!, at: (first!.at + 2) as Mono }];
    expect(Math.sqrt(measurement(first!, delaysOf(twice)).variance)).toBeGreaterThan(0.01 * first!.delay);
  });
});

describe("belief", () => {
  it.each([1e-10, 1e-9, 1e-8, 1e-7])("finds a wander of %d out, within a factor of four", (wander) => {
    for (const seed of [1, 2, 3]) {
      const { wander: found } = believe([kept(measured({ seed, wander, interval: 512, queue: 1e-5, delay: 1e-4 }))]);
      // The least of them is hidden by the network.
      if (wander > 1e-10) expect(found).toBeGreaterThan(wander / 4);
      expect(found).toBeLessThan(wander * 4);
    }
  });

  it("is as wrong as it says, and far less than a sample", () => {
    const errors: number[] = [];
    const ratios: number[] = [];
    for (let seed = 1; seed <= 40; seed++) {
      const samples = measured({ seed, count: 40 });
      const estimate = believe([kept(samples)]).estimates[0]!;
      const error = estimate.phase - samples.at(-1)!.truth;
      errors.push(error);
      ratios.push(error / Math.sqrt(estimate.phaseVariance));
    }
    expect(rms(errors)).toBeLessThan(0.0003); // a sample: 0.7 ms
    expect(rms(ratios)).toBeGreaterThan(0.6);
    expect(rms(ratios)).toBeLessThan(1.5);
  });

  it("hears an odd crystal in a burst, and does not take what it hears in one of an ordinary crystal for that", () => {
    const wrong = (frequency: number): number =>
      rms(
        Array.from({ length: 40 }, (_, index) => {
          const burst = measured({ seed: index + 1, count: 8, interval: 2, frequency });
          return believe([kept(burst)]).estimates[0]!.frequency + frequency;
        }),
      );
    expect(wrong(400e-6)).toBeLessThan(150e-6);
    expect(wrong(-400e-6)).toBeLessThan(150e-6);
    expect(wrong(30e-6)).toBeLessThan(50e-6);
  });

  it("law: a clock that is set or runs otherwise is estimated otherwise by as much", () => {
    const samples = measured({ count: 30 });
    const base = believe([kept(samples)]);
    fc.assert(
      fc.property(fc.double({ min: -1, max: 1, noNaN: true }), (phase) => {
        const { estimates, wander } = believe([kept(samples.map((sample) => later(sample, phase)))]);
        expect(estimates[0]!.phase).toBeCloseTo(base.estimates[0]!.phase + phase, 9);
        expect(estimates[0]!.frequency).toBeCloseTo(base.estimates[0]!.frequency, 12);
        expect(wander / base.wander).toBeCloseTo(1, 4);
      }),
      { numRuns: 20 },
    );
  });
});

describe("what is taken in", () => {
  it("every sample of an ordinary server, but for the few that waited so long that they say nothing", () => {
    for (let seed = 1; seed <= 10; seed++) {
      const samples = measured({ seed });
      const { samples: left, suspects } = taken(samples);
      expect(suspects).toEqual([]);
      const aside = samples.filter((sample) => !left.includes(sample));
      expect(aside.length).toBeLessThan(16);
      const middle = samples.map(({ delay }) => delay).toSorted((one, other) => one - other)[32]!;
      for (const { delay } of aside) expect(delay).toBeGreaterThan(middle);
    }
  });

  it("no spike, and it leaves no trace", () => {
    const samples = measured();
    const spiked = samples.map((sample, index) => (index % 20 === 15 ? later(sample, 0.02) : sample));
    const expected = samples.filter((_, index) => index % 20 !== 15);
    expect(taken(spiked).samples).toEqual(taken(expected).samples);
  });

  it("the third of a new time in a row: the history begins with them, and keeps the frequency in mind", () => {
    const samples = measured();
    const stepped = samples.map((sample, index) => (index >= 60 ? later(sample, 0.05) : sample));
    const two = taken(stepped.slice(0, 62));
    expect([two.samples.length, two.suspects.length]).toEqual([taken(samples.slice(0, 60)).samples.length, 2]);
    const three = taken(stepped.slice(0, 63));
    expect(three.samples).toEqual(stepped.slice(60, 63));
    expect(three.suspects).toEqual([]);
    expect(three.prior!.frequency).toBeCloseTo(-30e-6, 6);
  });

  it("the second already, if they run away as a frequency has them that has changed meanwhile, and not if they stand apart", () => {
    for (let seed = 1; seed <= 10; seed++) {
      const samples = measured({ seed, count: 42, delay: 1e-4, queue: 1e-5, interval: 256 });
      const changed = samples[40]!.at - 150;
      const faster = samples.map((sample) => later(sample, 20e-6 * Math.max(0, sample.at - changed)));
      expect(taken(faster.slice(0, 41)).suspects).toHaveLength(1);
      expect(taken(faster).samples).toEqual(faster.slice(40));
      const stepped = samples.map((sample, index) => (index >= 40 ? later(sample, 0.003) : sample));
      expect(taken(stepped).suspects).toEqual(stepped.slice(40));
      // Such a line would have begun before the last that was as it should be.
      const lines = samples.map((sample, index) => (index >= 40 ? later(sample, 0.003 * (index - 30)) : sample));
      expect(taken(lines).suspects).toEqual(lines.slice(40));
    }
  });

  it("nothing that is different each time", () => {
    const samples = measured();
    const wild = samples.map((sample, index) =>
      index >= 50 ? later(sample, index % 2 === 0 ? 0.1 * index : -0.1 * index) : sample,
    );
    expect(taken(wild).samples).toEqual(taken(samples.slice(0, 50)).samples);
  });

  it("a path that became longer: its samples are taken as they would be by the old one", () => {
    const samples = measured({ count: 60 });
    const rerouted = samples.map((sample, index) =>
      index >= 40 ? { ...sample, delay: sample.delay + 0.03, phase: sample.phase + 0.004 } : sample,
    );
    const { samples: left, route } = taken(rerouted);
    expect(route!.longer).toBeCloseTo(0.03, 2);
    expect(route!.bias).toBeCloseTo(0.004, 2);
    expect(left.every(({ delay }) => delay < 0.03)).toBe(true);
    const [estimate] = believe([taken(rerouted)]).estimates;
    expect(Math.abs(estimate!.phase - samples.at(-1)!.truth)).toBeLessThan(0.0008);
  });

  it("a path that is longer for a while only: of that nothing is left", () => {
    const samples = measured({ count: 90 });
    const rerouted = samples.map((sample, index) =>
      index >= 40 && index < 60 ? { ...sample, delay: sample.delay + 0.1, phase: sample.phase - 0.05 } : sample,
    );
    expect(taken(rerouted.slice(0, 59)).route!.bias).toBeCloseTo(-0.05, 2);
    const after = taken(rerouted);
    expect(after.route).toBeNull();
    const [estimate] = believe([after]).estimates;
    expect(Math.abs(estimate!.phase - samples.at(-1)!.truth)).toBeLessThan(0.0008);
  });

  it("packets that all waited, each for long and none alike, are put aside", () => {
    const samples = measured({ count: 100 });
    const chance = createChance("waiting");
    const slow = samples.map((sample, index) => {
      const wait = index >= 40 ? 0.06 + 0.05 * chance.exponential() : 0;
      return { ...sample, delay: sample.delay + wait, phase: sample.phase - wait / 2 };
    });
    const [estimate] = believe([taken(slow)]).estimates;
    const last = samples.findLast(({ at }) => at === estimate!.at)!;
    expect(Math.abs(estimate!.phase - last.truth)).toBeLessThan(0.002);
  });

  it("a server whose own time is noisy: the noise is found out, and not taken for wander", () => {
    const noise = 0.001;
    const chance = createChance("noise");
    const samples = measured({ count: 60, delay: 1e-4, queue: 1e-5, interval: 256 }).map((sample) => ({
      ...sample,
      phase: sample.phase + noise * chance.gaussian(),
    }));
    const { estimates, noises, wander } = believe([taken(samples)]);
    expect(Math.sqrt(noises[0]!)).toBeGreaterThan(noise / 3);
    expect(Math.sqrt(noises[0]!)).toBeLessThan(noise * 3);
    expect(wander).toBeLessThan(2e-8);
    expect(Math.abs(estimates[0]!.phase - samples.at(-1)!.truth)).toBeLessThan(noise);
  });

  it("a server that was stepped and then drawn to its time: not the mean of the way it came, but where it is", () => {
    const [rate, interval, still] = [5e-4, 8, 2];
    const samples = measured({ delay: 1e-4, queue: 1e-5, interval, wander: 1e-10 });
    for (const way of [0.04, 0.08, 0.12]) {
      const left = (place: number): number => Math.max(0, way - rate * interval * Math.max(0, place - still));
      const set = samples.map((sample, place) => later(sample, (place === 0 ? 0.2 : 0) - left(place)));
      const there = still + way / (rate * interval);
      for (const count of [4, 8, 12, 20].map((more) => there + more)) {
        const { phase } = believe([taken(set.slice(0, count))]).estimates[0]!;
        expect(Math.abs(phase - samples[count - 1]!.truth), `${way} s, ${count} samples`).toBeLessThan(1e-4);
      }
    }
  });
});

describe("several servers", () => {
  const opinion = (phase: number, deviation = 1e-4): { estimate: ClockEstimate; rootDelay: number } => ({
    estimate: {
      at: 0 as Mono,
      phase,
      frequency: phase / 1000,
      phaseVariance: deviation ** 2,
      covariance: 0,
      frequencyVariance: 1e-14,
    },
    rootDelay: 0.002,
  });

  it("one is right by itself", () => {
    const one = opinion(0.3);
    expect(consensus([one])).toBe(one.estimate);
  });

  it("that agree are surer together", () => {
    const { phase, phaseVariance } = consensus([opinion(0.001), opinion(0.00101), opinion(0.00099), opinion(0.001)]);
    expect(phase).toBeCloseTo(0.001, 6);
    expect(phaseVariance).toBeLessThan(1e-8 / 2);
  });

  it("does not hear who is far noisier than another is wrong, though between two the median is no judge", () => {
    const noisy = { ...opinion(0.0095, 0.002), noise: 0.009 ** 2 };
    expect(consensus([opinion(0, 3e-6), noisy]).phase).toBe(0);
    expect(consensus([noisy, noisy]).phase).toBeCloseTo(0.0095, 9);
  });

  it("most of which are noisy are heard where the quiet one contradicts all of them, and not where it does not", () => {
    const noisy = [0.0001, -0.0001, 0.0002].map((phase) => ({ ...opinion(phase, 0.0002), noise: 0.001 ** 2 }));
    expect(Math.abs(consensus([opinion(0.004, 3e-6), ...noisy]).phase)).toBeLessThan(0.0003);
    expect(consensus([opinion(0.00005, 3e-6), ...noisy]).phase).toBe(0.00005);
  });

  it("that disagree count alike, however sure one is of itself", () => {
    const { phase } = consensus([opinion(0, 1e-7), opinion(0.01)]);
    expect(phase).toBeCloseTo(0.005, 3);
  });

  it("one that lies far from three counts for nothing", () => {
    const { phase } = consensus([opinion(0.0002), opinion(-0.0001), opinion(0.02, 1e-6), opinion(0)]);
    expect(Math.abs(phase)).toBeLessThan(0.0002);
  });

  it("law: the consensus is among them, in whatever order they come", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(fc.double({ min: -1, max: 1, noNaN: true }), fc.double({ min: 1e-6, max: 0.1, noNaN: true })),
          { minLength: 1, maxLength: 10 },
        ),
        (all) => {
          const opinions = all.map(([phase, deviation]) => opinion(phase, deviation));
          const { phase, phaseVariance } = consensus(opinions);
          const phases = all.map(([one]) => one);
          expect(phase).toBeGreaterThanOrEqual(Math.min(...phases) - 1e-12);
          expect(phase).toBeLessThanOrEqual(Math.max(...phases) + 1e-12);
          expect(phaseVariance).toBeGreaterThan(0);
          expect(consensus(opinions.toReversed()).phase).toBeCloseTo(phase, 9);
        },
      ),
    );
  });
});

describe("the pace", () => {
  const bounds = { minpoll: 6, maxpoll: 10 };
  const paceOf = (samples: readonly KeptSample[], current: number): number => {
    const { estimates, wander } = believe([kept(samples)]);
    return pace(estimates[0]!, wander, ordinaryVariance(samples, delaysOf(samples)), current, bounds);
  };

  it("is fast while the frequency is being learned", () => {
    expect(paceOf(measured({ count: 6, interval: 2 }), 6)).toBe(6);
  });

  it("slows down by one step at a time", () => {
    expect(paceOf(measured({ interval: 64 }), 6)).toBe(7);
    expect(paceOf(measured({ interval: 256 }), 9)).toBe(10);
  });

  it("is faster where the oscillator wanders, or the network is quiet", () => {
    const quiet = { queue: 1e-5, delay: 1e-4 };
    expect(paceOf(measured({ interval: 256 }), 10)).toBe(10);
    expect(paceOf(measured({ interval: 256, ...quiet }), 10)).toBeLessThan(10);
    expect(paceOf(measured({ interval: 256, wander: 1e-7, ...quiet }), 10)).toBe(6);
  });

  it("law: it is within its bounds", () => {
    const estimates = fc.record({
      phaseVariance: fc.double({ min: 1e-16, max: 1, noNaN: true }),
      frequencyVariance: fc.double({ min: 1e-20, max: 1e-6, noNaN: true }),
    });
    fc.assert(
      fc.property(
        estimates,
        fc.double({ min: 1e-12, max: 1e-5, noNaN: true }),
        fc.double({ min: 1e-16, max: 1, noNaN: true }),
        fc.integer({ min: 6, max: 10 }),
        (variances, wander, ordinary, current) => {
          const poll = pace(
            { at: 0 as Mono, phase: 0, frequency: 0, covariance: 0, ...variances },
            wander,
            ordinary,
            current,
            bounds,
          );
          expect(poll).toBeGreaterThanOrEqual(6);
          expect(poll).toBeLessThanOrEqual(Math.min(current + 1, 10));
        },
      ),
    );
  });
});

/**
 * How often to ask.
 *
 * Between two measurements the clock errs more and more, for two reasons: its frequency changes, and it is not known well. The
 * first decides how long an interval can be at all: the walk of the frequency may add no more than a few times the error of an
 * ordinary measurement. Beyond, the clock would be worse than the network allows; below, asking more often gains little. The
 * second is cured by asking soon: as long as the frequency is known less well than it would be after a long time at an
 * interval, and the error that follows is not small beside that of a measurement, the interval is put off. (RFC 5905 A.5.5.6
 * counts offsets against jitter for the same ends; the interval at which noise and walk meet is its Allan intercept.)
 */
import { after } from "../time/mono.ts";
import type { Mono } from "../time/mono.ts";
import type { PollExponent, Seconds } from "../time/seconds.ts";
import { pollInterval } from "../time/seconds.ts";
import { correct, predict } from "./kalman.ts";
import type { ClockEstimate } from "./kalman.ts";

/** The variance that the walk may add in an interval, in those of an ordinary measurement: 1.4 standard deviations. */
const WALK = 2;

/** The predicted variance may be this much of that after a long time at the interval, … */
const LEARNED = 1.5;

/** … or this much of an ordinary measurement's. */
const SMALL = 0.4;

/** To keep an interval, variances may be this much larger than to begin it: that calms the dance of neighbours. */
const CALM = 2;

/**
 * The poll exponent to wish for: one step up at a time, but down as far as need be.
 * @param ordinary variance of an ordinary measurement, s²
 * @param current the exponent up to now
 */
export function pace(
  estimate: ClockEstimate,
  wander: number,
  ordinary: number,
  current: PollExponent,
  bounds: { readonly minpoll: PollExponent; readonly maxpoll: PollExponent },
): PollExponent {
  let poll = Math.min(current + 1, bounds.maxpoll);
  for (; poll > bounds.minpoll; poll -= 1) {
    const interval = pollInterval(poll);
    const calm = poll > current ? 1 : CALM;
    if (walk(wander, interval) > calm * WALK * ordinary) continue;
    const { phaseVariance } = predict(estimate, after(estimate.at, interval), wander);
    if (phaseVariance <= calm * Math.max(SMALL * ordinary, LEARNED * steady(wander, interval, ordinary))) break;
  }
  return poll;
}

/**
 * What the walk adds to the variance of the phase in one interval: what it adds during the interval, ⅓, and by what the frequency
 * could not be known better at its beginning, √3/6 (the filter's steady state where measurements are exact).
 */
function walk(wander: number, interval: Seconds): number {
  return (1 / 3 + Math.sqrt(3) / 6) * wander ** 2 * interval ** 3;
}

/** More steps change the steady state no more. */
const STEPS = 40;

/** The variance of the predicted phase after a long time at an interval. */
function steady(wander: number, interval: Seconds, ordinary: number): number {
  let estimate: ClockEstimate = {
    at: 0 as Mono,
    phase: 0,
    frequency: 0,
    phaseVariance: ordinary,
    covariance: 0,
    frequencyVariance: wander ** 2 * interval,
  };
  for (let step = 0; step < STEPS; step += 1) {
    const next = predict(estimate, after(estimate.at, interval), wander);
    estimate = correct(next, { at: next.at, phase: 0, variance: ordinary }).estimate;
  }
  return predict(estimate, after(estimate.at, interval), wander).phaseVariance;
}

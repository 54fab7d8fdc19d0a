/** A clock that is steered: what its associations' samples, requests and polls make of it. */
import { describe, expect, it } from "vitest";
import { clockFilter, filterSample, moveFilter } from "../../src/association/filter.ts";
import { askAgainSoon, wishPoll } from "../../src/association/poll.ts";
import { moveRequest, request, requestLeft, stepSince } from "../../src/association/request.ts";
import type { QuestionToken } from "../../src/association/request.ts";
import { BURST_SIX } from "../../src/association/template.ts";
import type { Mono } from "../../src/time/mono.ts";
import { difference, shift } from "../../src/time/timestamp.ts";
import { client, at } from "../support/association.ts";

const RULES = { samples: null, burst: BURST_SIX, uniform: () => 0 };

describe("a filter", () => {
  it("moves with the clock's phase, and older samples with its frequency", () => {
    const filter = clockFilter();
    for (const [seconds, offset] of [
      [100, 0.01],
      [164, 0.011],
    ] as const)
      filterSample(
        filter,
        { offset, delay: seconds === 100 ? 0.02 : 0.03, dispersion: 1e-6, at: seconds as Mono },
        64,
        { emptyStages: "rfc5905", precision: -24 },
      );
    moveFilter(filter, 0.01, 1e-5, 200 as Mono);
    expect(filter.samples.map(({ offset }) => offset)).toEqual([
      expect.closeTo(0.001 + 36e-5, 12),
      expect.closeTo(0.001, 12),
    ]);
    expect(filter.estimate!.offset).toBeCloseTo(0.001, 12);
  });
});

describe("a request under way", () => {
  it("moves with the clock, so that its answer gives a true sample and no step is suspected", () => {
    const one = request(1 as QuestionToken, 7n as never, at(10), 1, null);
    requestLeft(one, at(10).clock, "kernel");
    moveRequest(one, 0.5);
    expect(difference(one.origin!, at(10).clock)).toBeCloseTo(0.5, 9);
    expect(stepSince(one, { mono: at(10.1).mono, clock: shift(at(10.1).clock, 0.5) })).toBe(0);
  });

  it("whose moment of leaving is not known yet moves its handing over", () => {
    const one = request(1 as QuestionToken, 7n as never, at(10), 1, null);
    moveRequest(one, -0.25);
    expect(one.origin).toBeNull();
    expect(difference(one.handedOver.clock, at(10).clock)).toBeCloseTo(-0.25, 9);
  });
});

describe("a wish for another interval, or to hear it again", () => {
  const polled = (more: object = {}): ReturnType<typeof client> =>
    Object.assign(client({ minpoll: 6, maxpoll: 10 }), {
      reach: 1,
      hpoll: 8,
      nextPoll: 1200 as Mono,
      heard: 1000 as Mono,
      ...more,
    });

  it("that is shorter is in force at once", () => {
    const association = polled({ heard: 900 as Mono });
    expect(wishPoll(association, 6, 1000 as Mono, RULES)).toBe(true);
    expect(association).toMatchObject({ hpoll: 6, nextPoll: 1064 });
  });

  it("that is longer is in force at once where a sample has just come, else from the next poll on", () => {
    const heard = polled();
    expect(wishPoll(heard, 9, 1000 as Mono, RULES)).toBe(true);
    expect(heard).toMatchObject({ hpoll: 9, nextPoll: 1512 });
    const silent = polled({ heard: 900 as Mono });
    expect(wishPoll(silent, 9, 1000 as Mono, RULES)).toBe(false);
    expect(silent).toMatchObject({ hpoll: 9, nextPoll: 1200 });
  });

  it.each([
    [2, 6],
    [17, 10],
  ])("of %d is granted as %d, within what is configured and what kisses left", (wish, granted) => {
    const association = polled();
    wishPoll(association, wish, 1000 as Mono, RULES);
    expect(association.hpoll).toBe(granted);
    const kissed = polled({ minpoll: 9 });
    wishPoll(kissed, 6, 1000 as Mono, RULES);
    expect(kissed.hpoll).toBe(9);
  });

  it("does not cut a burst short, nor wake the unreachable", () => {
    const bursting = polled({ burst: 3, nextPoll: 1002 as Mono });
    expect(wishPoll(bursting, 6, 1000 as Mono, RULES)).toBe(false);
    expect(bursting.nextPoll).toBe(1002);
    const silent = polled({ reach: 0, hpoll: 10 });
    expect(wishPoll(silent, 6, 1000 as Mono, RULES)).toBe(false);
    expect(silent.hpoll).toBe(10);
  });

  it("asks a doubted one again after an average headway, and none that is asked sooner, away, or over", () => {
    const doubted = polled();
    askAgainSoon(doubted, 1000 as Mono, RULES);
    expect(doubted).toMatchObject({ hpoll: 8, nextPoll: 1008 });
    for (const left of [{ nextPoll: 1004 }, { burst: 3 }, { reach: 0 }, { nextPoll: null }]) {
      const association = polled(left);
      const { nextPoll } = association;
      askAgainSoon(association, 1000 as Mono, RULES);
      expect(association.nextPoll).toBe(nextPoll);
    }
  });
});

/** The queue of happenings: by moment, then as they were put in. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Queue } from "../../src/sim/queue.ts";
import { Timeline } from "../../src/sim/timeline.ts";
import type { TrueTime } from "../../src/sim/truth.ts";

describe("the queue", () => {
  it("takes out in a stable order of moments", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 })), (moments) => {
        const queue = new Queue();
        const taken: number[] = [];
        for (const [index, moment] of moments.entries()) queue.add(moment as TrueTime, () => taken.push(index));
        while (queue.length > 0) queue.take()!();
        const expected = [...moments.keys()].toSorted((a, b) => moments[a]! - moments[b]! || a - b);
        expect(taken).toEqual(expected);
        expect(queue.take()).toBeUndefined();
      }),
    );
  });

  it("refuses what has no moment", () => {
    expect(() => new Queue().add(Number.NaN as TrueTime, () => undefined)).toThrow(RangeError);
  });
});

describe("the timeline", () => {
  it("stops at the moment asked for, with everything at it done and nothing after", () => {
    const timeline = new Timeline();
    const done: number[] = [];
    for (const moment of [3, 1, 2, 2.5]) timeline.at(moment as TrueTime, () => done.push(moment));
    timeline.run(2 as TrueTime);
    expect([done, timeline.now]).toEqual([[1, 2], 2]);
    timeline.run(10 as TrueTime);
    expect([done, timeline.now]).toEqual([[1, 2, 2.5, 3], 10]);
  });

  it("never goes back: what is late happens now, after what was already due now", () => {
    const timeline = new Timeline();
    const done: string[] = [];
    timeline.at(5 as TrueTime, () => {
      timeline.at(1 as TrueTime, () => done.push(`late at ${timeline.now}`));
    });
    timeline.at(5 as TrueTime, () => done.push("due"));
    timeline.run(6 as TrueTime);
    expect(done).toEqual(["due", "late at 5"]);
  });

  it("ends early when it is enough", () => {
    const timeline = new Timeline();
    let count = 0;
    for (let moment = 1; moment <= 9; moment++) timeline.at(moment as TrueTime, () => count++);
    timeline.run(9 as TrueTime, () => count === 4);
    expect(timeline.now).toBe(4);
  });
});

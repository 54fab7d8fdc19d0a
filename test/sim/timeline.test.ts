/** The course of a simulated world: by moment, then as it was asked for. */
import { describe, expect, it } from "vitest";
import { Timeline } from "../../src/sim/timeline.ts";
import type { TrueTime } from "../../src/sim/truth.ts";

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

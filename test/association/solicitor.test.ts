/** The manycast solicitor's intervals: eight times the system poll interval, within what its line allows. */
import { describe, expect, it } from "vitest";
import type { SocketToken } from "../../src/association/request.ts";
import { questionInterval, solicitor } from "../../src/association/solicitor.ts";
import type { Mono } from "../../src/time/mono.ts";
import { template } from "../support/association.ts";

const LINE = template({ name: "239.1.1.1", kind: "manycast", minpoll: 4, maxpoll: 10 });

describe("the interval between two questions", () => {
  it.each([
    [null, 8 * 16],
    [3, 8 * 16],
    [4, 8 * 16],
    [6, 8 * 64],
    [9, 8 * 512],
    [10, 8 * 1024],
    [12, 8 * 1024],
  ])("where the system poll exponent is %s is %i s", (systemPoll, seconds) => {
    const asking = solicitor(LINE, LINE.name, 1 as SocketToken, 0 as Mono);
    const rules = { interval: null, all: false, minclock: 3, maxclock: 10, systemPoll, uniform: () => 0 };
    expect(questionInterval(asking, rules)).toBe(seconds);
    expect(questionInterval(asking, { ...rules, uniform: () => 0.5 })).toBe(seconds * (1 + 1 / 32));
  });
});

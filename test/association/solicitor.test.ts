/** The manycast solicitor's intervals: eight times the system poll interval, within what its line allows. */
import { describe, expect, it } from "vitest";
import type { SocketToken } from "../../src/association/request.ts";
import { firstRing, growRing, onSolicit, questionInterval, solicitor } from "../../src/association/solicitor.ts";
import type { Mono } from "../../src/time/mono.ts";
import type { NtpTimestamp } from "../../src/time/timestamp.ts";
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

describe("rings", () => {
  const daemon = { interval: null, all: false, minclock: 3, maxclock: 10, systemPoll: null, uniform: () => 0 };

  it.each([
    [undefined, [1, 2, 3], 1],
    [[2, 5, 7], [2, 5, 7], 2],
  ])(
    "of the list %j grow %j; the beacon asks ring %i, and the search goes on from where it was",
    (list, grown, first) => {
      const asking = solicitor(
        { ...LINE, ...(list === undefined ? {} : { rings: list }) },
        LINE.name,
        1 as SocketToken,
        0 as Mono,
      );
      expect(grown.map(() => growRing(asking, 0, daemon))).toEqual(grown);
      expect(firstRing(asking)).toBe(first);
      expect(asking.ttl).toBe(grown.at(-1));
    },
  );

  it("of a daemon are remembered up to the sixteenth before", () => {
    const asking = solicitor(LINE, LINE.name, 1 as SocketToken, 0 as Mono);
    for (let at = 1; at <= 40; at += 1)
      onSolicit(
        asking,
        { ttl: 1, at: BigInt(at) as NtpTimestamp, cookie: 1n as NtpTimestamp, replies: 0 },
        at as Mono,
        daemon,
      );
    expect(asking.rings.map(({ at }) => Number(at))).toEqual(Array.from({ length: 16 }, (_, place) => 25 + place));
  });
});

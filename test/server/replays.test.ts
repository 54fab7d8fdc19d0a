import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Replays } from "../../src/server/replays.ts";
import type { RequestName } from "../../src/server/replays.ts";

const CLIENT = { keyId: 1, a: 0, b: 0, c: 0xffff, d: 0x7f00_0001 };
const requestAt = (index: number): RequestName => ({ ...CLIENT, seconds: index | 0, fraction: Math.imul(index, 77) });

describe("authentic requests that came before", () => {
  it("are known again, whatever their timestamps are and in whatever order they came", () => {
    const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
    const request = fc.record({
      keyId: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
      a: word,
      b: word,
      c: word,
      d: word,
      seconds: word,
      fraction: word,
    });
    const replays = new Replays(0x5eed);
    fc.assert(
      fc.property(fc.array(request), (requests) => {
        for (const one of requests) replays.note(one);
        expect(requests.every((one) => replays.note(one))).toBe(true);
      }),
    );
  });

  it("are so many at least, and few that did not come are taken for them", () => {
    const remembered = 4096;
    const replays = new Replays(1, remembered);
    let mistaken = 0;
    for (let index = 0; index < 2 * remembered; index += 1) if (replays.note(requestAt(index))) mistaken += 1;
    expect(mistaken / (2 * remembered)).toBeLessThan(1 / 200);
    let known = 0;
    for (let index = remembered; index < 2 * remembered; index += 1) if (replays.note(requestAt(index))) known += 1;
    expect(known).toBe(remembered);
  });

  it("are one client's with one key", () => {
    const replays = new Replays(1);
    replays.note(requestAt(5));
    expect(replays.note({ ...requestAt(5), keyId: 2 })).toBe(false);
    expect(replays.note({ ...requestAt(5), d: 0x7f00_0002 })).toBe(false);
    expect(replays.note({ ...requestAt(5), fraction: 1 })).toBe(false);
    expect(replays.note(requestAt(5))).toBe(true);
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { after, elapsed, type Mono } from "../../src/time/mono.ts";
import { pollInterval } from "../../src/time/seconds.ts";
import { SHORT_MAX, fromShort, toShort } from "../../src/time/short.ts";

const word = fc.integer({ min: 0, max: 0xffff_ffff });

describe("the short format", () => {
  it("keeps every word", () => {
    fc.assert(
      fc.property(word, (octets) => {
        expect(toShort(fromShort(octets))).toBe(octets);
      }),
    );
    expect(toShort(fromShort(0xffff_ffff))).toBe(0xffff_ffff);
  });

  it("never makes a bound smaller, nor larger by more than a unit", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: SHORT_MAX, noNaN: true }), (seconds) => {
        const sent = fromShort(toShort(seconds));
        expect(sent).toBeGreaterThanOrEqual(seconds);
        expect(sent - seconds).toBeLessThanOrEqual(1 / 65_536);
      }),
    );
  });

  it("takes the word as unsigned, and 16.16", () => {
    expect(fromShort(0x0001_8000)).toBe(1.5);
    expect(fromShort(-1)).toBe(SHORT_MAX);
  });

  it("clamps what it cannot carry", () => {
    expect(toShort(-1)).toBe(0);
    expect(toShort(Number.NaN)).toBe(0);
    expect(toShort(65_536)).toBe(0xffff_ffff);
    expect(toShort(Number.POSITIVE_INFINITY)).toBe(0xffff_ffff);
  });
});

describe("the steady clock", () => {
  it("measures what was added", () => {
    const start = 1000 as Mono;
    expect(elapsed(start, after(start, 2.5))).toBe(2.5);
    expect(elapsed(after(start, 2.5), start)).toBe(-2.5);
  });
});

describe("a poll exponent", () => {
  it("stands for a power of two", () => {
    expect([-1, 0, 6, 10].map(pollInterval)).toEqual([0.5, 1, 64, 1024]);
  });
});

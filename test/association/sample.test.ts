import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sampleOf } from "../../src/association/sample.ts";
import type { Mono } from "../../src/time/mono.ts";
import { shift, timestamp } from "../../src/time/timestamp.ts";
import { EPOCH } from "../support/association.ts";

const NOW = 0 as Mono;

function exchange(offset: number, out: number, back: number, dwell: number, t1 = EPOCH) {
  const t2 = shift(t1, out + offset);
  const t3 = shift(t2, dwell);
  return { t1, t2, t3, t4: shift(t1, out + dwell + back) };
}

describe("the on-wire protocol", () => {
  it("is positive when the local clock is behind", () => {
    expect(sampleOf(exchange(0.25, 0.01, 0.01, 0.001), -24, -24, NOW)!.offset).toBeCloseTo(0.25, 8);
  });

  it("finds offset and delay for any clock error and any path, and half the asymmetry as its error", () => {
    const seconds = (max: number) => fc.double({ min: 0, max, noNaN: true });
    fc.assert(
      fc.property(
        fc.double({ min: -1e9, max: 1e9, noNaN: true }),
        seconds(2),
        seconds(2),
        seconds(1),
        (offset, out, back, dwell) => {
          const sample = sampleOf(exchange(offset, out, back, dwell), -24, -24, NOW)!;
          expect(sample.delay).toBeCloseTo(Math.max(out + back, 2 ** -24), 6);
          expect(Math.abs(sample.offset - offset)).toBeLessThanOrEqual(Math.abs(out - back) / 2 + 1e-6);
        },
      ),
    );
  });

  it("works across the era boundary of 2036", () => {
    const sample = sampleOf(exchange(0.5, 0.01, 0.01, 0, timestamp(0xffff_ffff, 0xff00_0000)), -24, -24, NOW)!;
    expect(sample.offset).toBeCloseTo(0.5, 8);
    expect(sample.delay).toBeCloseTo(0.02, 8);
  });

  it("grows its error bound with both precisions and 15 ppm of the time it took", () => {
    const sample = sampleOf(exchange(0, 0.5, 0.5, 1), -10, -12, NOW)!;
    expect(sample.dispersion).toBeCloseTo(2 ** -10 + 2 ** -12 + 15e-6 * 2, 9);
  });

  it("has no delay below the local precision", () => {
    expect(sampleOf(exchange(0, 0, 0, 0), -24, -10, NOW)!.delay).toBe(2 ** -10);
  });

  it("refuses timestamps that contradict each other, and forgives coarse clocks", () => {
    const backwards = { ...exchange(0, 0.01, 0.01, 0), t3: shift(EPOCH, 0.5) };
    expect(sampleOf(backwards, -24, -24, NOW)).toBeNull();
    expect(sampleOf(exchange(0, -0.004, 0, 0), -6, -24, NOW)).not.toBeNull();
  });
});

/** What is due when: by moment, then as it was put in. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Deadlines } from "../../src/engine/deadlines.ts";
import { Agenda } from "../../src/time/agenda.ts";
import type { Mono } from "../../src/time/mono.ts";

describe("the agenda", () => {
  it("takes out in a stable order of moments", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 })), (moments) => {
        const agenda = new Agenda<number, number>();
        for (const [index, moment] of moments.entries()) agenda.add(moment, index);
        const taken: number[] = [];
        while (agenda.length > 0) {
          const { at, item } = agenda.first!;
          expect([moments[item], agenda.next]).toEqual([at, at]);
          expect(agenda.take()).toBe(item);
          taken.push(item);
        }
        expect(taken).toEqual([...moments.keys()].toSorted((a, b) => moments[a]! - moments[b]! || a - b));
        expect([agenda.next, agenda.first, agenda.take()]).toEqual([undefined, undefined, undefined]);
      }),
    );
  });

  it("refuses what has no moment", () => {
    expect(() => new Agenda().add(Number.NaN, null)).toThrow(RangeError);
  });
});

describe("deadlines", () => {
  it("are one a key: the last that was set, however often it was set or cleared before", () => {
    const setting = fc.record({
      key: fc.integer({ min: -3, max: 6 }),
      at: fc.option(fc.integer({ min: 0, max: 9 })),
    });
    fc.assert(
      fc.property(fc.array(setting), fc.integer({ min: -1, max: 10 }), (settings, now) => {
        const deadlines = new Deadlines();
        const last = new Map<number, number | null>();
        for (const { key, at } of settings) {
          deadlines.set(key, at as Mono | null);
          last.set(key, at);
        }
        const moments = [...last.values()].filter((at) => at !== null);
        expect(deadlines.next).toBe(moments.length === 0 ? undefined : Math.min(...moments));
        const due = [...last].filter(([, at]) => at !== null && at <= now).map(([key]) => key);
        const taken: number[] = [];
        for (let key = deadlines.take(now as Mono); key !== undefined; key = deadlines.take(now as Mono))
          taken.push(key);
        expect(taken.toSorted((a, b) => a - b)).toEqual(due.toSorted((a, b) => a - b));
        expect(taken.map((key) => last.get(key)!)).toEqual(
          taken.map((key) => last.get(key)!).toSorted((a, b) => a - b),
        );
      }),
    );
  });
});

/** Recent clients: order, bounds, and the bucket in each entry, held against a plain map. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEFAULT_MRU, ENTRY_OCTETS, MruList, NO_ENTRY, depthOfMemory } from "../../src/server/mru.ts";
import { sourceOf, sourceText } from "../../src/server/source.ts";
import type { SourceWords } from "../../src/server/source.ts";
import type { Mono } from "../../src/time/mono.ts";

function client(number: number): SourceWords {
  return sourceOf(
    number % 2 === 0 ? `10.0.${(number >> 8) & 255}.${number & 255}` : `2001:db8::${number.toString(16)}`,
  )!;
}

function heard(
  list: MruList,
  source: SourceWords,
  mono: number,
  {
    port = 123,
    mode = 3,
    version = 4,
    flags = 0,
  }: { port?: number; mode?: number; version?: number; flags?: number } = {},
): number {
  return list.touch({ source, port, mono: mono as Mono }, mode, version, flags);
}

function addresses(list: MruList): string[] {
  return [...list.entries()].map(({ address }) => address);
}

describe("the list of recent clients", () => {
  it("tells of each client what it did, the newest first", () => {
    const list = new MruList(DEFAULT_MRU, 7);
    heard(list, sourceOf("192.0.2.1")!, 10, { port: 123, mode: 3, version: 4, flags: 5 });
    expect(list.interval).toBe(Infinity);
    const entry = heard(list, sourceOf("2001:db8::1")!, 11, { port: 40_000, mode: 1, version: 3, flags: 0 });
    list.countDrop(entry);
    list.setScore(entry, 12);
    heard(list, sourceOf("192.0.2.1")!, 13.5, { port: 50_000, mode: 3, version: 2, flags: 6 });
    expect(list.interval).toBe(3.5);
    expect([...list.entries()]).toEqual([
      {
        address: "192.0.2.1",
        port: 50_000,
        count: 2,
        mode: 3,
        version: 2,
        first: 10,
        last: 13.5,
        flags: 6,
        drops: 0,
        score: 0,
      },
      {
        address: "2001:db8::1",
        port: 40_000,
        count: 1,
        mode: 1,
        version: 3,
        first: 11,
        last: 11,
        flags: 0,
        drops: 1,
        score: 12,
      },
    ]);
    expect(list.find(sourceOf("2001:db8::1")!)?.drops).toBe(1);
    expect(list.find(sourceOf("192.0.2.9")!)).toBeNull();
  });

  it("is read from the oldest on, or from behind a client", () => {
    const list = new MruList(DEFAULT_MRU, 7);
    for (let number = 0; number < 5; number += 1) heard(list, client(number), number);
    heard(list, client(1), 9);
    const since = (behind: SourceWords | null): string[] => {
      const read: string[] = [];
      for (let place = list.after(behind); place !== NO_ENTRY; place = list.newer(place)) {
        const entry = list.entry(place);
        expect(entry).toMatchObject({
          count: list.count(place),
          last: list.last(place),
          flags: list.flags(place),
          drops: list.drops(place),
        });
        read.push(entry.address);
      }
      return read;
    };
    expect(since(null)).toEqual(addresses(list).toReversed());
    expect(since(client(3))).toEqual([sourceText(client(4)), sourceText(client(1))]);
    expect(since(client(1))).toEqual([]);
    expect(since(client(77))).toEqual(since(null));
  });

  it("never holds more than its bound, and forgets the client heard of longest ago", () => {
    const list = new MruList({ maxdepth: 3, mindepth: 3, maxage: 1000 }, 7);
    for (const number of [0, 2, 4, 0, 6]) heard(list, client(number), number);
    expect(list.size).toBe(3);
    expect(addresses(list)).toEqual(["10.0.0.6", "10.0.0.0", "10.0.0.4"]);
  });

  it("starts anew with a client it had forgotten", () => {
    const list = new MruList({ maxdepth: 1, mindepth: 1, maxage: 1000 }, 7);
    list.setScore(heard(list, client(0), 0), 72);
    heard(list, client(2), 1);
    const entry = heard(list, client(0), 2);
    expect(list.interval).toBe(Infinity);
    expect(list.score(entry)).toBe(0);
    expect(addresses(list)).toEqual(["10.0.0.0"]);
  });

  it("above mindepth lets old clients go before it grows", () => {
    const list = new MruList({ maxdepth: 100, mindepth: 2, maxage: 64 }, 7);
    heard(list, client(0), 0);
    heard(list, client(2), 1);
    heard(list, client(4), 64);
    expect(list.size).toBe(3);
    heard(list, client(6), 65);
    expect(addresses(list)).toEqual(["10.0.0.6", "10.0.0.4", "10.0.0.2"]);
  });

  it("does what a map in order of use does", () => {
    const steps = fc.array(fc.tuple(fc.nat(300), fc.nat(50)), { maxLength: 600, size: "max" });
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 150 }), fc.integer(), (all, maxdepth, seed) => {
        const list = new MruList({ maxdepth, mindepth: maxdepth, maxage: 1e9 }, seed);
        const model = new Map<number, number>();
        let now = 0;
        for (const [number, later] of all) {
          now += later;
          heard(list, client(number), now);
          const count = model.get(number) ?? 0;
          model.delete(number);
          if (model.size === maxdepth) model.delete(model.keys().next().value!);
          model.set(number, count + 1);
        }
        const shown = [...list.entries()].map(({ address, count }) => [address, count]);
        const expected = [...model]
          .reverse()
          .map(([number, count]) => [
            number % 2 === 0 ? `10.0.${number >> 8}.${number & 255}` : `2001:db8::${number.toString(16)}`,
            count,
          ]);
        expect(shown).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  it("counts its memory in kilobytes, as ntpd does", () => {
    expect(depthOfMemory(1024) * ENTRY_OCTETS).toBeLessThanOrEqual(1024 * 1024);
    expect(depthOfMemory(0)).toBe(1);
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readMru, type MruList } from "../../src/control/mru.ts";
import { MruSlice } from "../../src/control/mruslice.ts";
import type { ControlFault } from "../../src/control/request.ts";
import { hearAgain, manyHeard, mruDaemon } from "./mrudaemon.ts";
import { ask, exchanges, recordedDaemon } from "./replay.ts";

function listOf(result: MruList | ControlFault): MruList {
  if (result.kind !== "mru") throw new Error(result.fault);
  return result;
}

/** A seeded chance (a linear congruence is random enough for shuffling). */
function chanceOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
}

const addresses = (list: MruList): string[] => list.entries.map(({ address }) => address);

describe("the list of addresses heard last", () => {
  it("is what ntpq got from ntpd", () => {
    const list = listOf(ask(readMru(), recordedDaemon(exchanges("h5-ntpq-mrulist").slice(0, 2))));
    expect(list.entries).toHaveLength(52);
    expect(list).toMatchObject({ updates: 0, complete: true, now: 0xeeac_80d1_93cc_28f3n });
    expect(list.entries[50]).toEqual({
      address: "10.1.0.11:123",
      count: 7,
      mode: "client",
      version: 4,
      restrictions: 0,
      first: 0xeeac_8081_477f_74f1n,
      last: 0xeeac_80cc_4788_600en,
      lastText: "0xeeac80cc.4788600e",
    });
  });

  it("may be filtered by the daemon, and be empty", () => {
    const list = listOf(
      ask(readMru({ filter: { resany: 0x40 } }), recordedDaemon(exchanges("h5-ntpq-mrulist").slice(2))),
    );
    expect(list).toMatchObject({ entries: [], complete: true });
  });

  it("is read in as many slices as it takes, whatever the order of items in a row", () => {
    fc.assert(
      fc.property(fc.nat(600), fc.integer(), (count, seed) => {
        const heard = manyHeard(count);
        const { daemon } = mruDaemon(heard, { chance: chanceOf(seed) });
        expect(addresses(listOf(ask(readMru(), daemon)))).toEqual(heard.map(({ address }) => address));
      }),
      { numRuns: 20 },
    );
  });

  it("goes on by rows when the daemon does not count fragments, and by fewer when they are too many", () => {
    const heard = manyHeard(500);
    const { daemon } = mruDaemon(heard, { mostRows: 93 });
    expect(addresses(listOf(ask(readMru(), daemon)))).toEqual(heard.map(({ address }) => address));
  });

  it("asks for less when fragments are lost", () => {
    const heard = manyHeard(1000);
    const { daemon } = mruDaemon(heard, { before: () => (fragment) => fragment < 10 });
    expect(addresses(listOf(ask(readMru(), daemon)))).toEqual(heard.map(({ address }) => address));
  });

  it("has an address that was heard meanwhile once, as it was last", () => {
    const heard = manyHeard(1000);
    let time = 0;
    const before = (all: typeof heard): undefined =>
      hearAgain(all, 5, `0xeeac8000.${(time += 1).toString(16).padStart(8, "0")}`) as undefined;
    const list = listOf(ask(readMru(), mruDaemon(heard, { before }).daemon));
    expect(addresses(list)).toEqual(heard.map(({ address }) => address));
    expect(list.entries.map(({ count }) => count)).toEqual(heard.map(({ count }) => count));
    expect(list.updates).toBeGreaterThan(0);
  });

  it("goes further back when the newest entries we have were all heard again", () => {
    const heard = manyHeard(1000);
    let once = true;
    const before = (all: typeof heard, asked: number): undefined => {
      // With the third question the newest ten that we hold are no longer what they were.
      if (asked === 4 && once)
        for (let moved = 0; moved < 10; moved += 1) hearAgain(all, 150 + moved, `0xeeac9000.0000000${moved}`);
      once &&= asked < 4;
      return undefined;
    };
    const list = listOf(ask(readMru(), mruDaemon(heard, { before }).daemon));
    expect(addresses(list).toSorted()).toEqual(heard.map(({ address }) => address).toSorted());
  });

  it("ends where it is told to", () => {
    const list = listOf(ask(readMru({ entries: 100 }), mruDaemon(manyHeard(1000)).daemon));
    expect(list.complete).toBe(false);
    expect(list.entries.length).toBeGreaterThanOrEqual(100);
    expect(list.now).toBe(list.entries.at(-1)!.last);
  });

  it("gives up on a daemon that says the same again and again, and on one that is gone", () => {
    const heard = manyHeard(200);
    const { daemon } = mruDaemon(heard);
    const first: Uint8Array[] = [];
    let questions = 0;
    const stuck = ask(readMru(), (bytes) => {
      questions += 1;
      if (questions === 2) first.push(...daemon(bytes));
      return questions < 3
        ? daemon(bytes)
        : first.map((one) => Uint8Array.from(one, (octet, at) => (at === 2 || at === 3 ? bytes[at]! : octet)));
    });
    expect(stuck).toEqual({ kind: "fault", fault: "garbled" });
    questions = 0;
    const gone = ask(readMru(), (bytes) => ((questions += 1) < 3 ? daemon(bytes) : []));
    expect(gone).toEqual({ kind: "fault", fault: "timeout" });
  });

  it("ends some time though a daemon hears the same addresses faster than it tells of them", () => {
    const heard = manyHeard(150);
    let time = 0;
    const before = (all: typeof heard): undefined =>
      hearAgain(all, 0, `0xeead0000.${(time += 1).toString(16).padStart(8, "0")}`) as undefined;
    const { daemon } = mruDaemon(heard, { before });
    const neverNow = (bytes: Uint8Array): readonly Uint8Array[] =>
      daemon(bytes).map((answer) =>
        Uint8Array.from(Buffer.from(Buffer.from(answer).toString("latin1").replace(", now=", ", xxx="), "latin1")),
      );
    const list = listOf(ask(readMru(), neverNow));
    expect(list).toMatchObject({ complete: false });
    expect(list.entries).toHaveLength(150);
  });

  it("is not read without a nonce", () => {
    expect(ask(readMru(), () => [])).toEqual({ kind: "fault", fault: "timeout" });
  });
});

describe("a slice", () => {
  it("takes only rows that are whole and in order", () => {
    const row = "addr.0=1.2.3.4:5, last.0=0x1.0, first.0=0x1.0, ct.0=1, mv.0=35";
    expect(new MruSlice(`${row}, rs.1=0x0`).entries).toEqual([]);
    expect(new MruSlice(`${row}, rs.0=0x0, now=0x2.0`)).toMatchObject({
      entries: [{ address: "1.2.3.4:5" }],
      now: 0x2_0000_0000n,
    });
    expect(new MruSlice(`${row}, rs.0=-1`).entries).toEqual([]);
  });

  it("is read from any text", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(fc.constantFrom("addr.0", "last.0", "first.0", "ct.0", "mv.0", "rs.0", "now", "nonce"), fc.string()),
          { maxLength: 20 },
        ),
        (items) => {
          for (const entry of new MruSlice(items.map(([name, value]) => `${name}=${value}`).join(",")).entries)
            expect(entry.count).toBeGreaterThanOrEqual(0);
        },
      ),
    );
  });
});

/** Memories as text, and two memories made one. */
import fc from "fast-check";
import { isNestedDeeper } from "../../src/state/checks.ts";
import { describe, expect, it } from "vitest";
import { NOTHING, type Memory, type RememberedKiss } from "../../src/engine/port/memory.ts";
import { decodeMemory, encodeMemory, mergeKisses } from "../../src/state/memory.ts";

const kiss: fc.Arbitrary<RememberedKiss> = fc.record({
  ip: fc.constantFrom("192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::1"),
  port: fc.constantFrom(123, 1123),
  code: fc.constantFrom("DENY" as const, "RSTR" as const),
  at: fc.integer({ min: 0, max: 9 }).map((day) => `2026-11-1${day}T00:00:00.000000000Z`),
});
const mergeMemory = (base: Memory, ours: Memory, theirs: Memory): Memory => ({
  kisses: mergeKisses(base.kisses, ours.kisses, theirs.kisses),
});
const server = (one: RememberedKiss): string => `${one.ip} ${one.port}`;
const memory: fc.Arbitrary<Memory> = fc
  .uniqueArray(kiss, { selector: server, maxLength: 6 })
  .map((kisses) => ({ kisses }));
const sorted = (of: Memory): readonly RememberedKiss[] =>
  of.kisses.toSorted((a, b) => server(a).localeCompare(server(b)));
const servers = (of: Memory): string[] => of.kisses.map(server).toSorted();

describe("a memory as text", () => {
  it("comes back as it was", () => {
    fc.assert(
      fc.property(memory, (one) => {
        expect(decodeMemory(encodeMemory({ ...one, stored: null, keys: [] }))).toEqual({
          ...one,
          stored: null,
          keys: [],
        });
      }),
    );
  });

  it("is never half read: any text is a memory or names its fault", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(decodeMemory(text)).toBe("corrupt");
      }),
    );
  });

  it("cut short anywhere is corrupt", () => {
    const text = encodeMemory({
      kisses: [{ ip: "::1", port: 123, code: "RSTR", at: "2026-11-21T00:00:00Z" }],
      stored: null,
      keys: [],
    }).trimEnd();
    for (let length = 0; length < text.length; length += 1) expect(decodeMemory(text.slice(0, length))).toBe("corrupt");
  });

  it("is never nested deeply, and that is seen before it is read: millions of brackets take longer than a deadline", () => {
    const nested = (depth: number): string =>
      `{"format":"ntpkit/state","version":1,"kisses":[],"more":${"[".repeat(depth)}${"]".repeat(depth)}}`;
    expect(decodeMemory(nested(20))).toEqual({ kisses: [], stored: null, keys: [] });
    expect(decodeMemory(nested(40))).toBe("corrupt");
    expect(decodeMemory("[".repeat(15_000_000))).toBe("corrupt");
  });

  it("law: how deep a text goes is seen without reading it", () => {
    const depthOf = (value: unknown): number =>
      typeof value === "object" && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;
    const quoted = fc.string({ unit: fc.constantFrom("[", "{", "}", "]", '"', "\\", "a") });
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.array(quoted), fc.dictionary(quoted, quoted)), (value) => {
        const [text, depth] = [JSON.stringify(value), depthOf(value)];
        expect(isNestedDeeper(text, depth)).toBe(false);
        if (depth > 0) expect(isNestedDeeper(text, depth - 1)).toBe(true);
      }),
    );
  });

  it("of a later version says so", () => {
    expect(decodeMemory('{"format":"ntpkit/state","version":3,"secrets":[]}')).toBe("future");
    expect(decodeMemory('{"format":"ntpkit/state","version":1.5,"kisses":[]}')).toBe("corrupt");
  });

  it("keeps to what this version knows, and takes what a later edition of it added", () => {
    expect(decodeMemory('{"format":"ntpkit/state","version":1,"kisses":[],"drift":3}')).toEqual({
      kisses: [],
      stored: null,
      keys: [],
    });
  });

  it.each([
    { ip: "", port: 123, code: "DENY", at: "2026-11-21T00:00:00Z" },
    { ip: "::1", port: 0, code: "DENY", at: "2026-11-21T00:00:00Z" },
    { ip: "::1", port: 65_536, code: "DENY", at: "2026-11-21T00:00:00Z" },
    { ip: "::1", port: "123", code: "DENY", at: "2026-11-21T00:00:00Z" },
    { ip: "::1", port: 123, code: "RATE", at: "2026-11-21T00:00:00Z" },
    { ip: "::1", port: 123, code: "DENY", at: "yesterday" },
    null,
    [],
  ])("refuses the entry %j", (entry) => {
    expect(decodeMemory(JSON.stringify({ format: "ntpkit/state", version: 1, kisses: [entry] }))).toBe("corrupt");
  });
});

describe("two memories", () => {
  it("keep the kisses of both runs", () => {
    fc.assert(
      fc.property(memory, memory, (ours, theirs) => {
        const merged = mergeMemory(NOTHING, ours, theirs);
        expect(servers(merged)).toEqual([...new Set([...servers(ours), ...servers(theirs)])].toSorted());
      }),
    );
  });

  it("are ours where nobody else wrote", () => {
    fc.assert(
      fc.property(memory, memory, (base, ours) => {
        // A kiss does not get older; where it seems so the clock was set back, and the one on file stays.
        const monotone = ours.kisses.every((one) =>
          base.kisses.every((old) => server(old) !== server(one) || old.at <= one.at),
        );
        fc.pre(monotone);
        expect(sorted(mergeMemory(base, ours, base))).toEqual(sorted(ours));
      }),
    );
  });

  it("are theirs where we changed nothing", () => {
    fc.assert(
      fc.property(memory, memory, (base, theirs) => {
        expect(mergeMemory(base, base, theirs)).toEqual(theirs);
      }),
    );
  });

  it("keep the later kiss of one server, and one received anew after we forgot the old", () => {
    const old: RememberedKiss = { ip: "192.0.2.1", port: 123, code: "DENY", at: "2026-11-01T00:00:00Z" };
    const fresh: RememberedKiss = { ...old, code: "RSTR", at: "2026-11-02T00:00:00Z" };
    expect(mergeMemory(NOTHING, { kisses: [old] }, { kisses: [fresh] })).toEqual({ kisses: [fresh] });
    expect(mergeMemory(NOTHING, { kisses: [fresh] }, { kisses: [old] })).toEqual({ kisses: [fresh] });
    expect(mergeMemory({ kisses: [old] }, NOTHING, { kisses: [fresh] })).toEqual({ kisses: [fresh] });
    expect(mergeMemory({ kisses: [old] }, NOTHING, { kisses: [old] })).toEqual(NOTHING);
  });
});

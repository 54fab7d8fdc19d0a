import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseKeyId, parseKeyIds, trusts } from "../../src/security/keyids.ts";
import { placedText } from "../../src/security/place.ts";

const START = { file: "ntp.conf", line: 3, column: 12 };

describe("lists of key identifiers", () => {
  it.each([
    [
      "1 2 3",
      [
        [1, 1],
        [2, 2],
        [3, 3],
      ],
    ],
    ["1 ... 19", [[1, 19]]],
    ["(1 ... 19)", [[1, 19]]],
    [
      "1 (4...19)  42",
      [
        [1, 1],
        [4, 19],
        [42, 42],
      ],
    ],
    [
      "1,2,4...19",
      [
        [1, 1],
        [2, 2],
        [4, 19],
      ],
    ],
    ["( 4 ... 4 )", [[4, 4]]],
    ["4294967295", [[4294967295, 4294967295]]],
  ])("reads %j", (text, expected) => {
    const { ranges, faults } = parseKeyIds(text, START);
    expect(faults).toEqual([]);
    expect(ranges.map(({ first, last }) => [first, last])).toEqual(expected);
  });

  it.each([
    ["", "ntp.conf:3:12: a key identifier is missing"],
    ["1 0", 'ntp.conf:3:14: "0" is not a key identifier (1 to 65535) nor a range of them, as (1 ... 19)'],
    ["1 2x", 'ntp.conf:3:14: "2x" is not a key identifier (1 to 65535) nor a range of them, as (1 ... 19)'],
    ["1 (9 ... 2)", "ntp.conf:3:14: the range (9 ... 2) runs backwards"],
    ["(1 ... x)", 'ntp.conf:3:12: "x" is not a key identifier (1 to 65535) nor a range of them, as (1 ... 19)'],
    ["1 ...", 'ntp.conf:3:14: "..." is not a key identifier (1 to 65535) nor a range of them, as (1 ... 19)'],
    ["-1", 'ntp.conf:3:12: "-1" is not a key identifier (1 to 65535) nor a range of them, as (1 ... 19)'],
    [
      "4294967296",
      'ntp.conf:3:12: "4294967296" is not a key identifier (1 to 65535) nor a range of them, as (1 ... 19)',
    ],
  ])("says where %j is wrong", (text, expected) => {
    expect(parseKeyIds(text, START).faults.map(placedText)).toEqual([expected]);
  });

  it("names a parenthesis that stands alone, and keeps what can be read", () => {
    const { ranges, faults } = parseKeyIds("(1 2", START);
    expect(faults.map(({ column }) => column)).toEqual([12]);
    expect(ranges).toEqual([
      { first: 1, last: 1 },
      { first: 2, last: 2 },
    ]);
  });

  it("never throws, and every position is in the list", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(fc.constantFrom("1", "19", "...", "(", ")", ",", " ", "x")).map((parts) => parts.join("")),
        ),
        (text) => {
          const { ranges, faults } = parseKeyIds(text, START);
          for (const { first, last } of ranges)
            expect(parseKeyId(String(first))! <= parseKeyId(String(last))!).toBe(true);
          for (const { column } of faults) expect(column).toBeLessThanOrEqual(START.column + text.length);
        },
      ),
    );
  });

  it("trusts what a range holds, and nothing else", () => {
    const { ranges } = parseKeyIds("2 (5 ... 7)", START);
    expect([1, 2, 3, 5, 6, 7, 8].filter((keyId) => trusts(ranges, keyId))).toEqual([2, 5, 6, 7]);
    expect(trusts("all", 8)).toBe(true);
    expect(trusts([], 8)).toBe(false);
  });
});

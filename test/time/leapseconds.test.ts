/** The list of leap seconds: its numbers, its hash, its expiry, and what it says of the future. */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { goodFor, nextLeap, parseLeapSeconds, taiOffset, type LeapSeconds } from "../../src/time/leapseconds.ts";

const sha1 = (ascii: string): string => createHash("sha1").update(ascii).digest("hex");

/** A list as it is published; words of the hash without leading zeroes, as the IERS has them. */
function list(
  entries: readonly (readonly [bigint, number])[],
  expires = 4_000_000_000n,
  updated = 3_900_000_000n,
): string {
  const digest = sha1(`${updated}${expires}${entries.map(([at, tai]) => `${at}${tai}`).join("")}`);
  const words = digest.match(/.{8}/g)!.map((word) => word.replace(/^0+(?=.)/, ""));
  return [
    `#$ ${updated}`,
    `#@ ${expires}`,
    "# a comment",
    ...entries.map(([at, tai]) => `${at}\t${tai}\t# a day`),
    `#h ${words.join(" ")}`,
  ].join("\n");
}

function good(text: string): LeapSeconds {
  const parsed = parseLeapSeconds(text, sha1);
  if ("kind" in parsed) throw new Error(parsed.text);
  return parsed;
}

const ENTRIES = [
  [2_272_060_800n, 10],
  [3_644_697_600n, 36],
  [3_692_217_600n, 37],
] as const;

describe("leap-seconds.list", () => {
  it("is read whole, and its hash is that of its numbers", () => {
    expect(good(list(ENTRIES))).toEqual({
      entries: ENTRIES.map(([at, tai]) => ({ at, tai })),
      expires: 4_000_000_000n,
      hash: "good",
    });
  });

  it("shows when a number was changed, or the hash is missing", () => {
    expect(good(list(ENTRIES).replace("3692217600", "3692217601")).hash).toBe("bad");
    expect(good(list(ENTRIES).replace("#@ 4000000000", "#@ 5000000000")).hash).toBe("bad");
    expect(good(list(ENTRIES).replace(/#h.*/, "")).hash).toBe("missing");
  });

  it("keeps its hash whatever the numbers are", () => {
    const entries = fc
      .uniqueArray(fc.bigInt(1n, 2n ** 40n), { minLength: 1, maxLength: 20 })
      .map((moments) => moments.toSorted((a, b) => (a < b ? -1 : 1)).map((at, index) => [at, index + 10] as const));
    fc.assert(
      fc.property(entries, fc.bigInt(1n, 2n ** 40n), (numbers, expires) => {
        expect(good(list(numbers, expires)).hash).toBe("good");
      }),
    );
  });

  it("announces the next leap second, and which way it goes", () => {
    const announced = good(list(ENTRIES));
    expect(nextLeap(announced, 3_692_217_599n)).toEqual({ at: 3_692_217_600, leap: "insert", tai: 37 });
    expect(nextLeap(announced, 3_692_217_600n)).toBeNull();
    expect(nextLeap(good(list([...ENTRIES, [3_800_000_000n, 36]])), 3_700_000_000n)).toMatchObject({ leap: "delete" });
    expect(nextLeap(announced, 0n)).toBeNull();
  });

  it("knows TAI and how long it is good for", () => {
    const announced = good(list(ENTRIES));
    expect([
      taiOffset(announced, 0n),
      taiOffset(announced, 3_644_697_600n),
      taiOffset(announced, 5_000_000_000n),
    ]).toEqual([null, 36, 37]);
    expect(goodFor(announced, 3_999_999_990n)).toBe(10);
    expect(goodFor(announced, 4_000_000_010n)).toBe(-10);
  });

  it.each(["", "hello", "2272060800", "#@ soon\n2272060800 10", "2272060800 10\n2272060800 11", "2272060800 ten"])(
    "does not take %j for a list",
    (text) => {
      expect(parseLeapSeconds(text, sha1)).toMatchObject({ kind: "malformed" });
    },
  );

  it("never breaks", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parseLeapSeconds(text, sha1)).toBeDefined();
      }),
    );
  });
});

/** The master keys of cookies: a new one each day, old ones that still open, and a file that is ours or is not used. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  FORMER_KEYS,
  ROTATION,
  firstKeys,
  isDue,
  keysText,
  readKeysText,
  rotated,
  type MasterKeys,
} from "../../../src/security/nts/masters.ts";

const NOW = 1_780_000_000;

/** Octets of which the first four are a number that grows, and the rest all the same. */
function drawing(): (length: number) => Uint8Array {
  let next = 0;
  return (length) => new Uint8Array(length).fill((next += 1));
}

function afterDays(days: number): MasterKeys {
  const random = drawing();
  let keys = firstKeys(NOW, random);
  for (let day = 1; day <= days; day += 1) keys = rotated(keys, NOW + day * ROTATION, random);
  return keys;
}

describe("master keys", () => {
  it("are due after a day, also by a clock that was set back, and not before", () => {
    const keys = firstKeys(NOW, drawing());
    const due = [0, ROTATION - 1, ROTATION, -10, -ROTATION].map((after) => isDue(keys, NOW + after));
    expect(due).toEqual([false, false, true, false, true]);
  });

  it("open for ten days more, the youngest first", () => {
    const keys = afterDays(20);
    expect(keys).toHaveLength(FORMER_KEYS + 1);
    expect(keys.map(({ madeAt }) => (madeAt - NOW) / ROTATION)).toEqual([20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10]);
    expect(new Set(keys.map(({ id }) => id)).size).toBe(FORMER_KEYS + 1);
  });

  it("are drawn again where a number is taken", () => {
    const [one, two] = [new Uint8Array(4).fill(1), new Uint8Array(4).fill(2)];
    const numbers = [one, one, two];
    const random = (length: number): Uint8Array => (length === 4 ? numbers.shift()! : new Uint8Array(length));
    expect(rotated(firstKeys(NOW, random), NOW, random).map(({ id }) => id)).toEqual([0x0202_0202, 0x0101_0101]);
  });
});

describe("their file", () => {
  const key = fc.record({
    id: fc.integer({ min: 0, max: 0xffff_ffff }),
    madeAt: fc.integer({ min: 0, max: 99_999_999_999 }),
    key: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  });

  it("says what they are", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(key, { minLength: 1, maxLength: FORMER_KEYS + 1, selector: ({ id }) => id }),
        (keys) => {
          expect(readKeysText(keysText(keys as unknown as MasterKeys))).toEqual(keys);
        },
      ),
    );
  });

  const line = `7 ${NOW} ${"ab".repeat(32)}`;
  it.each([
    ["nothing", ""],
    ["a comment alone", "# keys\n"],
    ["a key that is too short", `7 ${NOW} abcd\n`],
    ["a line of another file", `${line}\n1 MD5 secret\n`],
    ["a number twice", `${line}\n${line}\n`],
    ["a number beyond 32 bits", `4294967296 ${NOW} ${"ab".repeat(32)}\n`],
    ["a carriage return", `${line}\r\n`],
  ])("is not used with %s in it", (_what, text) => {
    expect(readKeysText(text)).toBeNull();
  });

  it("is taken with one line of ours", () => {
    expect(readKeysText(`${line}\n`)).toEqual([{ id: 7, madeAt: NOW, key: new Uint8Array(32).fill(0xab) }]);
  });
});

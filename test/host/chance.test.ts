/** Chance: every bit of the source is used once, and nothing else. */
import { expect, it } from "vitest";
import { systemChance } from "../../src/host/chance.ts";

it("hands out what the source gives, in order, and draws again when it is used up", () => {
  let draws = 0;
  const chance = systemChance((words) => {
    draws += 1;
    for (let index = 0; index < words.length; index += 1) words[index] = BigInt(draws * 1000 + index);
  });
  const drawn = Array.from({ length: 70 }, () => Number(chance.bits64()));
  expect([drawn[0], drawn[31], drawn[32], drawn[64]]).toEqual([1000, 1031, 2000, 3000]);
  expect(new Set(drawn).size).toBe(70);
});

it("is uniform in 0 ≤ x < 1", () => {
  const ends = [0n, 2n ** 64n - 1n, 2n ** 63n];
  const chance = systemChance((words) => words.set(ends));
  expect([chance.uniform(), chance.uniform(), chance.uniform()]).toEqual([0, 1 - 2 ** -53, 0.5]);
});

it("comes from the system by default, different each time", () => {
  const [one, other] = [systemChance(), systemChance()];
  expect(new Set([one.bits64(), one.bits64(), other.bits64(), other.bits64()]).size).toBe(4);
});

/** Unpredictable numbers from the system, drawn in one go and handed out piece by piece: each draw is a system call. */
import type { Chance } from "../engine/port/engine.ts";
import { libc } from "./libc.ts";

const DRAWN = 32; // words, 256 octets: as much as getrandom(2) gives without ever being cut short by a signal

/** Fills an array with random bits from the system. */
export type Fill = (words: BigUint64Array) => void;

/** Cryptographic chance. */
export function systemChance(fill: Fill = systemFill()): Chance {
  const words = new BigUint64Array(DRAWN);
  let used = DRAWN;
  const bits64 = (): bigint => {
    if (used === DRAWN) {
      fill(words);
      used = 0;
    }
    const word = words[used] ?? 0n;
    words[used] = 0n; // what becomes a cookie is kept nowhere else
    used += 1;
    return word;
  };
  // The 53 upper bits, as many as a double holds: 0 … 1 − 2^−53.
  const chance: Chance = { bits64, uniform: () => Number(bits64() >> 11n) / 2 ** 53, split: () => chance };
  return chance;
}

/** getrandom(2) where libc has it, since loading node:crypto takes some 2 ms; else node:crypto. */
function systemFill(): Fill {
  const c = process.platform === "linux" ? libc() : null;
  if (c === null) return fillByNode;
  return (words) => {
    if (c.getrandom(words, words.byteLength, 0) !== words.byteLength) fillByNode(words);
  };
}

function fillByNode(words: BigUint64Array): void {
  process.getBuiltinModule("node:crypto").randomFillSync(words);
}

/** Random octets fit for keys and nonces, drawn from the system many at a time: a call for sixteen octets costs as much as one for thousands. */
import { randomFillSync } from "node:crypto";

const POOL = 8192;

/** Gives random octets. None is given twice, and what was given is gone from here. */
export function pooledRandom(): (length: number) => Uint8Array {
  const pool = new Uint8Array(POOL);
  let at = POOL;
  return (length) => {
    if (length > POOL) return randomFillSync(new Uint8Array(length));
    if (at + length > POOL) {
      randomFillSync(pool);
      at = 0;
    }
    const given = pool.slice(at, at + length);
    pool.fill(0, at, at + length);
    at += length;
    return given;
  };
}

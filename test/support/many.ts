/** Datagrams by the dozen for one system call, as sendmmsg(2) and recvmmsg(2) want them. */
import { SIZE } from "../../src/host/layout.ts";
import type { Libc } from "../../src/host/libc.ts";

/** So many at most. */
export const MOST = 256;

/** Room for {@link MOST} datagrams of a length each, and the headers that say so. */
export interface Many {
  /** `struct mmsghdr` by `struct mmsghdr`. */
  readonly headers: Uint32Array;
  /** The datagrams, end to end, `length` octets each. */
  readonly bytes: Uint8Array;
  /** Has one of them be shorter. */
  cut(index: number, octets: number): void;
}

/** @param length octets of each */
export function many(c: Libc, length: number): Many {
  const headers = new Uint32Array(new ArrayBuffer(MOST * SIZE.mmsghdr));
  const bytes = new Uint8Array(new ArrayBuffer(MOST * length));
  const vectors = new BigUint64Array(new ArrayBuffer(MOST * 16));
  const words = SIZE.mmsghdr / 4;
  for (let index = 0; index < MOST; index += 1) {
    vectors[index * 2] = c.address(bytes) + BigInt(index * length);
    vectors[index * 2 + 1] = BigInt(length);
    new DataView(headers.buffer).setBigUint64((index * words + 4) * 4, c.address(vectors) + BigInt(index * 16), true);
    headers[index * words + 6] = 1;
  }
  return { headers, bytes, cut: (index, octets) => void (vectors[index * 2 + 1] = BigInt(octets)) };
}

/**
 * POLYVAL (RFC 8452 §3), the hash of AES-GCM-SIV: a polynomial of the message's blocks in GF(2^128), at the point of a key.
 *
 * An element is four words, the lowest first; bit 0 of the first octet is the coefficient of 1. To multiply by the key, as often as is
 * needed for a message, what it comes to is taken from a table for each bit that is set: with no branch and no place that depends on one,
 * so that no time tells of it.
 */
import { BLOCK } from "../aes.ts";

const WORDS = 4;
const BITS = 128;

/** The hash, by one key. */
export class Polyval {
  /** Of each bit: the key times that power of x, times x^-128. */
  readonly #table = new Uint32Array(BITS * WORDS);
  readonly #state = new Uint32Array(WORDS);
  readonly #block = new Uint8Array(BLOCK);

  /** Takes a key, the first sixteen octets, and begins anew. */
  rekey(key: Uint8Array): void {
    let [w0, w1, w2, w3] = [word(key, 0), word(key, 4), word(key, 8), word(key, 12)];
    for (let at = (BITS - 1) * WORDS; at >= 0; at -= WORDS) {
      // Divided by x: what falls out below is 1, which is x^128 + x^127 + x^126 + x^121.
      const lowest = -(w0 & 1);
      w0 = (w0 >>> 1) | (w1 << 31);
      w1 = (w1 >>> 1) | (w2 << 31);
      w2 = (w2 >>> 1) | (w3 << 31);
      w3 = (w3 >>> 1) ^ (lowest & 0xe100_0000);
      this.#table[at] = w0;
      this.#table[at + 1] = w1;
      this.#table[at + 2] = w2;
      this.#table[at + 3] = w3;
    }
    this.#state.fill(0);
  }

  /** Takes octets, and zeros to the end of their last block. */
  update(octets: Uint8Array): void {
    const whole = octets.length & -BLOCK;
    for (let offset = 0; offset < whole; offset += BLOCK) this.#take(octets, offset);
    if (whole === octets.length) return;
    const block = this.#block.fill(0);
    for (let at = whole; at < octets.length; at += 1) block[at - whole] = octets[at]!;
    this.#take(block, 0);
  }

  /** Takes the block of the two lengths in octets, writes the hash, and begins anew. */
  end(associated: number, plaintext: number, into: Uint8Array): void {
    const block = this.#block.fill(0);
    const view = new DataView(block.buffer);
    view.setBigUint64(0, BigInt(associated) * 8n, true);
    view.setBigUint64(8, BigInt(plaintext) * 8n, true);
    this.#take(block, 0);
    for (let index = 0; index < BLOCK; index += 1) into[index] = this.#state[index >> 2]! >>> ((index & 3) * 8);
    this.#state.fill(0);
  }

  #take(octets: Uint8Array, at: number): void {
    const table = this.#table;
    const state = this.#state;
    let [w0, w1, w2, w3] = [0, 0, 0, 0];
    for (let index = 0; index < WORDS; index += 1) {
      let bits = state[index]! ^ word(octets, at + index * 4);
      for (let place = index * 32 * WORDS; place < (index + 1) * 32 * WORDS; place += WORDS) {
        const mask = -(bits & 1);
        w0 ^= table[place]! & mask;
        w1 ^= table[place + 1]! & mask;
        w2 ^= table[place + 2]! & mask;
        w3 ^= table[place + 3]! & mask;
        bits >>>= 1;
      }
    }
    state[0] = w0;
    state[1] = w1;
    state[2] = w2;
    state[3] = w3;
  }
}

function word(octets: Uint8Array, at: number): number {
  return octets[at]! | (octets[at + 1]! << 8) | (octets[at + 2]! << 16) | (octets[at + 3]! << 24);
}

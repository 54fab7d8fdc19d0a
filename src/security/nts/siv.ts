/**
 * AES-SIV (RFC 5297) for keys that are used again and again, as a server's are: what a key comes to is kept, and no message costs more
 * memory than its octets. Of the library only AES itself is used, block by block. Node's own AES is a call and a buffer for each of four
 * steps, which takes longer than the few blocks that cookies and packets have (`npm run bench -- nts`).
 *
 * Blocks are four words each, in the order of their octets, the first octet of a word the lowest: as the library has them.
 */
import { unsafe } from "@noble/ciphers/aes.js";

const BLOCK = 16;
const WORDS = 4;

/** One key's S2V and CTR. */
export class Siv {
  readonly #mac: Cmac;
  readonly #counter: Uint32Array;
  /** What S2V begins with: the MAC of a block of zeros. */
  readonly #zero: Uint32Array;
  readonly #sum = new Uint32Array(WORDS);
  readonly #vector = new Uint8Array(BLOCK);

  /** @param key twice 16, 24 or 32 octets: the first half is S2V's */
  constructor(key: Uint8Array) {
    const half = key.length / 2;
    this.#mac = new Cmac(key.slice(0, half));
    this.#counter = unsafe.expandKeyLE(key.slice(half));
    this.#zero = this.#mac.of(new Uint8Array(BLOCK)).slice();
  }

  /** Encrypts: the synthetic initial vector, and the ciphertext behind it. */
  seal(associated: readonly Uint8Array[], plaintext: Uint8Array): Uint8Array {
    const sealed = new Uint8Array(BLOCK + plaintext.length);
    this.#vectorOf(associated, plaintext);
    sealed.set(this.#vector);
    this.#crypt(sealed, plaintext, sealed.subarray(BLOCK));
    return sealed;
  }

  /** Decrypts; `null`: it is not authentic. */
  open(associated: readonly Uint8Array[], sealed: Uint8Array): Uint8Array | null {
    if (sealed.length < BLOCK) return null;
    const plaintext = new Uint8Array(sealed.length - BLOCK);
    this.#crypt(sealed, sealed.subarray(BLOCK), plaintext);
    this.#vectorOf(associated, plaintext);
    return isEqual(this.#vector, sealed) ? plaintext : null;
  }

  /** S2V (RFC 5297 §2.4), into the vector. */
  #vectorOf(associated: readonly Uint8Array[], plaintext: Uint8Array): void {
    const sum = this.#sum;
    sum.set(this.#zero);
    for (const component of associated) {
      double(sum);
      mix(sum, this.#mac.of(component));
    }
    const { length } = plaintext;
    if (length < BLOCK) {
      double(sum);
      for (let index = 0; index < length; index += 1) mixOctet(sum, index, plaintext[index]!);
      mixOctet(sum, length, 0x80);
      store(this.#mac.of(NOTHING, sum, true), this.#vector);
    } else store(this.#mac.of(plaintext, sum), this.#vector);
  }

  /** CTR, from the vector with two of its bits cleared on (RFC 5297 §2.5): so the lowest 32 bits count without a carry. */
  #crypt(vector: Uint8Array, from: Uint8Array, into: Uint8Array): void {
    const { length } = from;
    const [w0, w1] = [word(vector, 0), word(vector, 4)];
    const w2 = word(vector, 8) & ~0x80;
    const low = ((vector[12]! & 0x7f) << 24) | (vector[13]! << 16) | (vector[14]! << 8) | vector[15]!;
    for (let offset = 0, count = low; offset < length; offset += BLOCK, count += 1) {
      const { s0, s1, s2, s3 } = unsafe.encrypt(this.#counter, w0, w1, w2, swapped(count));
      mixWord(from, into, offset, s0);
      mixWord(from, into, offset + 4, s1);
      mixWord(from, into, offset + 8, s2);
      mixWord(from, into, offset + 12, s3);
    }
  }
}

const NOTHING = new Uint8Array(0);

/** AES-CMAC (RFC 4493), by one key. */
class Cmac {
  readonly #key: Uint32Array;
  /** For a last block that is whole, and for one that is padded. */
  readonly #whole = new Uint32Array(WORDS);
  readonly #padded: Uint32Array;
  readonly #last = new Uint32Array(WORDS);
  readonly #state = new Uint32Array(WORDS);

  constructor(key: Uint8Array) {
    this.#key = unsafe.expandKeyLE(key);
    const { s0, s1, s2, s3 } = unsafe.encrypt(this.#key, 0, 0, 0, 0);
    this.#whole.set([s0, s1, s2, s3]);
    double(this.#whole);
    this.#padded = this.#whole.slice();
    double(this.#padded);
  }

  /**
   * The MAC of a message; overwritten by the next.
   * @param end mixed into its last sixteen octets; it has that many then
   * @param isAlone the message is what is mixed in, and nothing else
   */
  of(message: Uint8Array, end: Uint32Array | null = null, isAlone = false): Uint32Array {
    const length = isAlone ? BLOCK : message.length;
    const lastAt = Math.max(0, Math.ceil(length / BLOCK) - 1) * BLOCK;
    const isWhole = length - lastAt === BLOCK;
    let [x0, x1, x2, x3] = [0, 0, 0, 0];
    // What is mixed into the end of the message may begin within the last block but one.
    const begin = end === null ? length : length - BLOCK;
    for (let offset = 0; offset < lastAt; offset += BLOCK) {
      if (offset + BLOCK <= begin) {
        x0 ^= word(message, offset);
        x1 ^= word(message, offset + 4);
        x2 ^= word(message, offset + 8);
        x3 ^= word(message, offset + 12);
      } else {
        const block = this.#gather(message, offset, end, begin, length);
        x0 ^= block[0]!;
        x1 ^= block[1]!;
        x2 ^= block[2]!;
        x3 ^= block[3]!;
      }
      ({ s0: x0, s1: x1, s2: x2, s3: x3 } = unsafe.encrypt(this.#key, x0, x1, x2, x3));
    }
    const block = this.#gather(isAlone ? NOTHING : message, lastAt, end, begin, length);
    if (!isWhole) mixOctet(block, length - lastAt, 0x80);
    mix(block, isWhole ? this.#whole : this.#padded);
    const { s0, s1, s2, s3 } = unsafe.encrypt(
      this.#key,
      x0 ^ block[0]!,
      x1 ^ block[1]!,
      x2 ^ block[2]!,
      x3 ^ block[3]!,
    );
    const state = this.#state;
    state[0] = s0;
    state[1] = s1;
    state[2] = s2;
    state[3] = s3;
    return state;
  }

  /** A block of the message, with what is mixed into its end from `begin` on. */
  #gather(message: Uint8Array, offset: number, end: Uint32Array | null, begin: number, length: number): Uint32Array {
    const block = this.#last;
    block.fill(0);
    for (let index = 0; index < BLOCK && offset + index < length; index += 1) {
      const at = offset + index;
      if (at < message.length) mixOctet(block, index, message[at]!);
      if (end !== null && at >= begin) mixOctet(block, index, octet(end, at - begin));
    }
    return block;
  }
}

/** Four octets as a word. */
function word(octets: Uint8Array, at: number): number {
  return octets[at]! | (octets[at + 1]! << 8) | (octets[at + 2]! << 16) | (octets[at + 3]! << 24);
}

function octet(words: Uint32Array, index: number): number {
  return (words[index >> 2]! >>> ((index & 3) * 8)) & 0xff;
}

function mixOctet(words: Uint32Array, index: number, value: number): void {
  words[index >> 2]! ^= value << ((index & 3) * 8);
}

function mix(into: Uint32Array, from: Uint32Array): void {
  into[0]! ^= from[0]!;
  into[1]! ^= from[1]!;
  into[2]! ^= from[2]!;
  into[3]! ^= from[3]!;
}

/** Writes four octets of a stream mixed with what is there; fewer at the end. */
function mixWord(from: Uint8Array, into: Uint8Array, at: number, stream: number): void {
  const most = Math.min(from.length - at, 4);
  for (let index = 0; index < most; index += 1) into[at + index] = from[at + index]! ^ (stream >>> (index * 8));
}

function store(words: Uint32Array, octets: Uint8Array): void {
  for (let index = 0; index < BLOCK; index += 1) octets[index] = octet(words, index);
}

/** A word with its octets in the other order. */
function swapped(value: number): number {
  return ((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24);
}

/** Doubles in GF(2^128) (RFC 5297 §2.3). */
function double(block: Uint32Array): void {
  let carry = 0;
  for (let index = WORDS - 1; index >= 0; index -= 1) {
    const value = swapped(block[index]!);
    block[index] = swapped((value << 1) | carry);
    carry = value >>> 31;
  }
  if (carry === 1) mixOctet(block, BLOCK - 1, 0x87);
}

/** Whether a block is what some octets begin with, in a time that does not tell where they differ. */
function isEqual(block: Uint8Array, octets: Uint8Array): boolean {
  let difference = 0;
  for (let index = 0; index < BLOCK; index += 1) difference |= block[index]! ^ octets[index]!;
  return difference === 0;
}

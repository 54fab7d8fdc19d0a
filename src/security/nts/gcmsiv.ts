/**
 * AES-128-GCM-SIV (RFC 8452): for each nonce a key that authenticates and one that encrypts are derived from the one there is.
 */
import { BLOCK, isSameBlock, room, toBlocks, type Aes, type MakeAes } from "../aes.ts";
import { Polyval } from "./polyval.ts";

/** Octets of the key, and of those that are derived from it. */
const KEY = 16;

/** AES-128-GCM-SIV, by one key. */
export class GcmSiv {
  readonly #deriving: Aes;
  readonly #encrypting: Aes;
  readonly #polyval = new Polyval();

  constructor(makeAes: MakeAes) {
    this.#deriving = makeAes(KEY, "ecb");
    this.#encrypting = makeAes(KEY, "ecb");
  }

  /** Takes a key; to be done before anything is sealed or opened. */
  rekey(key: Uint8Array): void {
    this.#deriving.rekey(key);
  }

  /**
   * Encrypts: the ciphertext, and the tag behind it.
   * @param nonce twelve octets
   * @param sealed sixteen octets more than the plaintext
   */
  seal(nonce: Uint8Array, associated: Uint8Array, plaintext: Uint8Array, sealed: Uint8Array): void {
    this.#derive(nonce);
    this.#tagOf(nonce, associated, plaintext);
    this.#crypt(TAG, plaintext, sealed, plaintext.length);
    sealed.set(TAG, plaintext.length);
  }

  /** Decrypts; `null`: it is not authentic. */
  open(nonce: Uint8Array, associated: Uint8Array, sealed: Uint8Array): Uint8Array | null {
    const length = sealed.length - BLOCK;
    if (length < 0) return null;
    const tag = sealed.subarray(length);
    const plaintext = new Uint8Array(length);
    this.#derive(nonce);
    this.#crypt(tag, sealed, plaintext, length);
    this.#tagOf(nonce, associated, plaintext);
    return isSameBlock(TAG, tag) ? plaintext : null;
  }

  /** The keys of a nonce (§4): of four blocks the first halves. */
  #derive(nonce: Uint8Array): void {
    const blocks = room(4 * BLOCK);
    for (let index = 0; index < 4; index += 1) {
      blocks.fill(0, index * BLOCK, index * BLOCK + 4);
      blocks[index * BLOCK] = index;
      blocks.set(nonce, index * BLOCK + 4);
    }
    this.#deriving.encrypt(blocks, 4 * BLOCK);
    for (let index = 0; index < 4; index += 1) blocks.copyWithin(index * 8, index * BLOCK, index * BLOCK + 8);
    this.#polyval.rekey(blocks);
    for (let index = 0; index < KEY; index += 1) ENCRYPTING_KEY[index] = blocks[KEY + index]!;
    this.#encrypting.rekey(ENCRYPTING_KEY);
  }

  /** The tag (§4), into {@link TAG}. */
  #tagOf(nonce: Uint8Array, associated: Uint8Array, plaintext: Uint8Array): void {
    const polyval = this.#polyval;
    polyval.update(associated);
    polyval.update(plaintext);
    polyval.end(associated.length, plaintext.length, TAG);
    for (let index = 0; index < nonce.length; index += 1) TAG[index]! ^= nonce[index]!;
    TAG[BLOCK - 1]! &= 0x7f;
    this.#encrypting.encrypt(TAG, BLOCK);
  }

  /** CTR (§4): the tag with its highest bit set, of which the first 32 bits count, the lowest octet first. */
  #crypt(tag: Uint8Array, from: Uint8Array, into: Uint8Array, length: number): void {
    if (length === 0) return;
    const blocks = room(length);
    let count = tag[0]! | (tag[1]! << 8) | (tag[2]! << 16) | (tag[3]! << 24);
    for (let offset = 0; offset < length; offset += BLOCK, count += 1) {
      blocks[offset] = count;
      blocks[offset + 1] = count >>> 8;
      blocks[offset + 2] = count >>> 16;
      blocks[offset + 3] = count >>> 24;
      for (let index = 4; index < BLOCK; index += 1) blocks[offset + index] = tag[index]!;
      blocks[offset + BLOCK - 1]! |= 0x80;
    }
    this.#encrypting.encrypt(blocks, toBlocks(length));
    for (let index = 0; index < length; index += 1) into[index] = from[index]! ^ blocks[index]!;
  }
}

/** What the last message came to, and was encrypted by. */
const TAG = new Uint8Array(BLOCK);
const ENCRYPTING_KEY = new Uint8Array(KEY);

/**
 * AES-SIV (RFC 5297). Every component is encrypted by one call (`../aes.ts`): of CBC's blocks the last is CMAC's, and a counter's blocks are
 * encrypted all together. Neither a key nor a message takes any memory but what the result stands in.
 */
import { BLOCK, isSameBlock, mix, room, toBlocks, type Aes, type MakeAes } from "../aes.ts";
import { Cmac, PADDING, double } from "../cmac.ts";

/** S2V and CTR, by one key. */
export class Siv {
  readonly #mac: Cmac;
  readonly #stream: Aes;
  /** The second half of the key; and whether CTR is ready with it. Requests have nothing to be encrypted: there it is never needed. */
  readonly #streamKey: Uint8Array;
  #isReady = false;
  /** What S2V begins with: the MAC of a block of zeros. */
  readonly #zero = new Uint8Array(BLOCK);
  /** The MAC of nothing, which is what cookies have beside their nonce; and whether it was asked for since the key was taken. */
  readonly #nothing = new Uint8Array(BLOCK);
  #hasNothing = false;

  /** @param keyOctets of its keys: twice 16, 24 or 32 */
  constructor(keyOctets: number, makeAes: MakeAes) {
    const half = keyOctets / 2;
    this.#mac = new Cmac(makeAes(half, "cbc"));
    this.#stream = makeAes(half, "ecb");
    this.#streamKey = new Uint8Array(half);
  }

  /** Takes a key; to be done before anything is sealed or opened. */
  rekey(key: Uint8Array): void {
    const half = key.length / 2;
    this.#mac.rekey(key.subarray(0, half));
    this.#zero.fill(0);
    this.#mac.of(this.#zero, this.#zero);
    this.#hasNothing = false;
    for (let index = 0; index < half; index += 1) this.#streamKey[index] = key[half + index]!;
    this.#isReady = false;
  }

  /**
   * Encrypts: the synthetic initial vector, and the ciphertext behind it.
   * @param sealed sixteen octets more than the plaintext
   */
  seal(associated: readonly Uint8Array[], plaintext: Uint8Array, sealed: Uint8Array): void {
    this.#vectorOf(associated, plaintext, sealed);
    this.#crypt(sealed, plaintext, 0, sealed, BLOCK, plaintext.length);
  }

  /** Decrypts; `null`: it is not authentic. */
  open(associated: readonly Uint8Array[], sealed: Uint8Array): Uint8Array | null {
    const length = sealed.length - BLOCK;
    if (length < 0) return null;
    const plaintext = new Uint8Array(length);
    this.#crypt(sealed, sealed, BLOCK, plaintext, 0, length);
    this.#vectorOf(associated, plaintext, VECTOR);
    return isSameBlock(VECTOR, sealed) ? plaintext : null;
  }

  /** S2V (RFC 5297 §2.4). */
  #vectorOf(associated: readonly Uint8Array[], plaintext: Uint8Array, into: Uint8Array): void {
    SUM.set(this.#zero);
    for (const component of associated) {
      double(SUM, 0);
      mix(SUM, 0, this.#macOf(component), 0);
    }
    const { length } = plaintext;
    if (length >= BLOCK) {
      this.#mac.of(plaintext, into, SUM);
      return;
    }
    double(SUM, 0);
    for (let index = 0; index < length; index += 1) SUM[index]! ^= plaintext[index]!;
    SUM[length]! ^= PADDING;
    this.#mac.of(SUM, into);
  }

  /** The MAC of a component; overwritten by the next. */
  #macOf(component: Uint8Array): Uint8Array {
    if (component.length > 0) {
      this.#mac.of(component, MAC);
      return MAC;
    }
    if (!this.#hasNothing) this.#mac.of(component, this.#nothing);
    this.#hasNothing = true;
    return this.#nothing;
  }

  /** CTR, from the vector with two of its bits cleared on (RFC 5297 §2.5): so the lowest 32 bits count without a carry. */
  #crypt(vector: Uint8Array, from: Uint8Array, fromAt: number, into: Uint8Array, at: number, length: number): void {
    if (length === 0) return;
    const blocks = room(length);
    const low = ((vector[12]! & 0x7f) << 24) | (vector[13]! << 16) | (vector[14]! << 8) | vector[15]!;
    for (let offset = 0, count = low; offset < length; offset += BLOCK, count += 1) {
      for (let index = 0; index < 12; index += 1) blocks[offset + index] = vector[index]!;
      blocks[offset + 8]! &= 0x7f;
      blocks[offset + 12] = count >>> 24;
      blocks[offset + 13] = count >>> 16;
      blocks[offset + 14] = count >>> 8;
      blocks[offset + 15] = count;
    }
    if (!this.#isReady) this.#stream.rekey(this.#streamKey);
    this.#isReady = true;
    this.#stream.encrypt(blocks, toBlocks(length));
    for (let index = 0; index < length; index += 1) into[at + index] = from[fromAt + index]! ^ blocks[index]!;
  }
}

/** What S2V and its check work in; nothing of a message stays that matters for another. */
const SUM = new Uint8Array(BLOCK);
const MAC = new Uint8Array(BLOCK);
const VECTOR = new Uint8Array(BLOCK);

/**
 * AES-CMAC (RFC 4493), of keys (RFC 8573) and as the half of AES-SIV (RFC 5297): of a message's blocks, encrypted in a chain by one call,
 * the last is the MAC.
 */
import { BLOCK, mix, room, toBlocks, type Aes } from "./aes.ts";

/** What ends a message that is no whole number of blocks. */
export const PADDING = 0x80;

/** AES-CMAC, by one key. */
export class Cmac {
  readonly #aes: Aes;
  /** What is mixed into a last block that is whole, and behind it what into one that is padded. */
  readonly #subkeys = new Uint8Array(2 * BLOCK);

  /** @param aes in CBC */
  constructor(aes: Aes) {
    this.#aes = aes;
  }

  /** Takes a key; to be done before anything else. */
  rekey(key: Uint8Array): void {
    this.#aes.rekey(key);
    const subkeys = this.#subkeys.fill(0);
    this.#aes.encrypt(subkeys, BLOCK);
    double(subkeys, 0);
    subkeys.copyWithin(BLOCK, 0, BLOCK);
    double(subkeys, BLOCK);
  }

  /**
   * Writes the MAC of a message.
   * @param into its first sixteen octets are written
   * @param end mixed into the last sixteen octets of the message; it has that many then
   */
  of(message: Uint8Array, into: Uint8Array, end: Uint8Array | null = null): void {
    const { length } = message;
    const blocks = room(length);
    blocks.set(message);
    if (end !== null) mix(blocks, length - BLOCK, end, 0);
    const octets = Math.max(BLOCK, toBlocks(length));
    const isPadded = length < octets;
    if (isPadded) {
      blocks[length] = PADDING;
      blocks.fill(0, length + 1, octets);
    }
    mix(blocks, octets - BLOCK, this.#subkeys, isPadded ? BLOCK : 0);
    this.#aes.encrypt(blocks, octets);
    for (let index = 0; index < BLOCK; index += 1) into[index] = blocks[octets - BLOCK + index]!;
  }
}

/** Doubles a block in GF(2^128) (RFC 5297 §2.3). */
export function double(octets: Uint8Array, at: number): void {
  const last = at + BLOCK - 1;
  const carry = octets[at]! >>> 7;
  for (let index = at; index < last; index += 1) octets[index] = (octets[index]! << 1) | (octets[index + 1]! >>> 7);
  octets[last] = (octets[last]! << 1) ^ (carry * 0x87);
}

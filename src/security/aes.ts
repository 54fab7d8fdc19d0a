/**
 * AES as CMAC, AES-SIV and AES-GCM-SIV need it: many blocks at once, under keys that change.
 *
 * By node:crypto a call costs as much as encrypting dozens of blocks, and leaves its result to be collected. Whoever answers thousands a
 * second gives `loadAeads` another (`host/aes.ts`), which does the same.
 */
import { createCipheriv } from "node:crypto";

/** Octets of a block. */
export const BLOCK = 16;

/** AES in one of its modes. */
export interface Aes {
  /**
   * Takes a key; to be done before anything is encrypted.
   * @param key 16, 24 or 32 octets, always as many; copied
   */
  rekey(key: Uint8Array): void;
  /**
   * Encrypts the first so many octets of some blocks, in place.
   * @param octets whole blocks, one or more
   */
  encrypt(blocks: Uint8Array, octets: number): void;
}

/** How blocks are encrypted: each mixed with what the one before came to (CBC, from zeros on), or each by itself (ECB). */
export type BlockMode = "cbc" | "ecb";

/**
 * Makes AES that has no key yet.
 * @param keyOctets 16, 24 or 32
 */
export type MakeAes = (keyOctets: number, mode: BlockMode) => Aes;

/** By node:crypto. */
export const aesOfNode: MakeAes = (keyOctets, mode) => {
  const name = `aes-${keyOctets * 8}-${mode}`;
  const vector = mode === "cbc" ? new Uint8Array(BLOCK) : null;
  let cipher: ReturnType<typeof createCipheriv>;
  const aes: Aes = {
    rekey(key) {
      cipher = createCipheriv(name, key, vector).setAutoPadding(false);
    },
    encrypt: (blocks, octets) => blocks.set(cipher.update(blocks.subarray(0, octets))),
  };
  return mode === "cbc" ? new FromZeros(aes) : aes;
};

/**
 * CBC of which every message begins as the first did, though the chain never ends: what it came to before is mixed into a message's first
 * block, and so cancels itself out. To begin a chain anew would cost more than a short message does.
 */
export class FromZeros implements Aes {
  readonly #endless: Aes;
  readonly #last = new Uint8Array(BLOCK);

  /** @param endless begins with zeros when it is given a key, and goes on from there */
  constructor(endless: Aes) {
    this.#endless = endless;
  }

  rekey(key: Uint8Array): void {
    this.#last.fill(0);
    this.#endless.rekey(key);
  }

  encrypt(blocks: Uint8Array, octets: number): void {
    const last = this.#last;
    for (let index = 0; index < BLOCK; index += 1) blocks[index]! ^= last[index]!;
    this.#endless.encrypt(blocks, octets);
    for (let index = 0; index < BLOCK; index += 1) last[index] = blocks[octets - BLOCK + index]!;
  }
}

let workspace = new Uint8Array(4096);

/**
 * Where blocks are put together and encrypted: one memory for all, of which nothing is known and in which nothing stays. As much as the
 * longest packet needs, and more when asked for.
 * @param octets that it has room for at least, and for the rest of their last block
 */
export function room(octets: number): Uint8Array {
  if (octets + BLOCK > workspace.length) workspace = new Uint8Array(octets + BLOCK);
  return workspace;
}

/** As many octets as whole blocks for so many have. */
export function toBlocks(octets: number): number {
  return (octets + BLOCK - 1) & -BLOCK;
}

/** Mixes a block into another. */
export function mix(into: Uint8Array, at: number, from: Uint8Array, fromAt: number): void {
  for (let index = 0; index < BLOCK; index += 1) into[at + index]! ^= from[fromAt + index]!;
}

/** Whether two octet strings begin with the same block, in a time that does not tell where they differ. */
export function isSameBlock(one: Uint8Array, other: Uint8Array): boolean {
  let difference = 0;
  for (let index = 0; index < BLOCK; index += 1) difference |= one[index]! ^ other[index]!;
  return difference === 0;
}

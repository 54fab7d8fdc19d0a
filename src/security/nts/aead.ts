/**
 * The AEAD algorithms of NTS, as one table: their numbers, the lengths they want, and how each seals and opens
 * (RFC 5297 §6, RFC 8452 §6; numbers by IANA's AEAD registry).
 *
 * Node's own cryptography has none of them: they are composed of its AES (`siv.ts`, `gcmsiv.ts`), which is loaded when it is first asked
 * for, so that a run without NTS loads none.
 */

import type { MakeAes } from "../aes.ts";
import type { Siv } from "./siv.ts";

/** An algorithm, by the name used in reports and JSON. */
export type AeadName = "AES-SIV-CMAC-256" | "AES-SIV-CMAC-384" | "AES-SIV-CMAC-512" | "AES-128-GCM-SIV";

/** One row of the table. */
export interface AeadRow {
  readonly name: AeadName;
  /** IANA's Numeric Identifier, as key establishment says it. */
  readonly id: number;
  /** Octets of a key. */
  readonly keyOctets: number;
  /** Octets of the nonces we draw. */
  readonly nonceOctets: number;
  /** Octets of the longest nonce it permits. */
  readonly longestNonce: number;
  /** Octets of the shortest nonce it permits. */
  readonly shortestNonce: number;
}

/** An algorithm with a key. */
export interface Aead {
  readonly row: AeadRow;
  /**
   * Takes another key for the one it has.
   * @throws RangeError when the key is not of the row's length
   */
  rekey(key: Uint8Array): void;
  /**
   * Encrypts and authenticates.
   * @param nonce of a length the row permits, and never used with this key before
   * @param sealed where the ciphertext goes with its tag, 16 octets longer than the plaintext; nothing of the plaintext. Absent: a new array
   * @returns that
   * @throws RangeError when the nonce has a length that the row does not permit
   */
  seal(nonce: Uint8Array, associated: Uint8Array, plaintext: Uint8Array, sealed?: Uint8Array): Uint8Array;
  /** The plaintext; `null` when it is not authentic, or could not be by its lengths. */
  open(nonce: Uint8Array, associated: Uint8Array, ciphertext: Uint8Array): Uint8Array | null;
}

/**
 * Gives an algorithm its key.
 * @throws RangeError when the key is not of the row's length
 */
export type MakeAead = (row: AeadRow, key: Uint8Array) => Aead;

/** Octets of every algorithm's tag. */
export const TAG_OCTETS = 16;

/** RFC 5297 bounds no nonce; an extension field does. */
const UNBOUNDED = 0xffff;

const siv = { nonceOctets: 16, shortestNonce: 1, longestNonce: UNBOUNDED };

/** Every algorithm; 15 is mandatory (RFC 8915 §4.1.5), 30 makes cookies that are a third shorter. */
export const AEADS: readonly AeadRow[] = [
  { name: "AES-SIV-CMAC-256", id: 15, keyOctets: 32, ...siv },
  { name: "AES-SIV-CMAC-384", id: 16, keyOctets: 48, ...siv },
  { name: "AES-SIV-CMAC-512", id: 17, keyOctets: 64, ...siv },
  { name: "AES-128-GCM-SIV", id: 30, keyOctets: 16, nonceOctets: 12, shortestNonce: 12, longestNonce: 12 },
];

/** The algorithm of a number; `null` when it is not one of ours. */
export function aeadNumbered(id: number): AeadRow | null {
  return AEADS.find((row) => row.id === id) ?? null;
}

/**
 * Loads the cryptography.
 * @param makeAes what AES-SIV is made of; absent: node:crypto's
 */
export async function loadAeads(makeAes?: MakeAes): Promise<MakeAead> {
  const [{ GcmSiv }, { Siv }, { aesOfNode }] = await Promise.all([
    import("./gcmsiv.ts"),
    import("./siv.ts"),
    import("../aes.ts"),
  ]);
  const by = makeAes ?? aesOfNode;
  return (row, key) => {
    const way = row.name === "AES-128-GCM-SIV" ? new GcmSiv(by) : composed(new Siv(row.keyOctets, by));
    const aead: Aead = {
      row,
      rekey(other) {
        if (other.length !== row.keyOctets) throw new RangeError(`${row.name} wants a key of ${row.keyOctets} octets`);
        way.rekey(other);
      },
      seal(nonce, associated, plaintext, sealed = new Uint8Array(plaintext.length + TAG_OCTETS)) {
        if (!permits(row, nonce)) throw new RangeError(`${row.name} has no nonce of ${nonce.length} octets`);
        way.seal(nonce, associated, plaintext, sealed);
        return sealed;
      },
      open(nonce, associated, ciphertext) {
        return permits(row, nonce) && ciphertext.length >= TAG_OCTETS ? way.open(nonce, associated, ciphertext) : null;
      },
    };
    aead.rekey(key);
    return aead;
  };
}

/** How one algorithm does it. */
interface Way {
  readonly rekey: Aead["rekey"];
  readonly seal: (nonce: Uint8Array, associated: Uint8Array, plaintext: Uint8Array, sealed: Uint8Array) => void;
  readonly open: Aead["open"];
}

/** AES-SIV takes its nonce as the last component of the associated data (RFC 5297 §3). */
function composed(siv: Siv): Way {
  return {
    rekey: (key) => siv.rekey(key),
    seal: (nonce, associated, plaintext, sealed) => siv.seal([associated, nonce], plaintext, sealed),
    open: (nonce, associated, ciphertext) => siv.open([associated, nonce], ciphertext),
  };
}

function permits({ shortestNonce, longestNonce }: AeadRow, { length }: Uint8Array): boolean {
  return length >= shortestNonce && length <= longestNonce;
}

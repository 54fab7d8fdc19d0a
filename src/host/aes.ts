/**
 * AES for a server under load: OpenSSL's, which is part of every Node, called as libc's functions are. A call takes a fifth of a
 * microsecond and leaves nothing to be collected, where one of node:crypto takes three to five times as long, and ten times for a new
 * key (`npm run bench -- nts`). Where it cannot be called, node:crypto it is.
 */
import { BLOCK, FromZeros, aesOfNode, type Aes, type BlockMode, type MakeAes } from "../security/aes.ts";
import { libc, type Libc, type Pointer } from "./libc.ts";

/** The fastest AES there is here. What it makes OpenSSL keeps for ever: it is for whoever makes a bounded number and gives them new keys. */
export function fastestAes(): MakeAes {
  const c = libc();
  if (c === null) return aesOfNode;
  return (keyOctets, mode) => {
    const aes = OpenSslAes.make(c, keyOctets, mode);
    if (aes === null) return aesOfNode(keyOctets, mode);
    return mode === "cbc" ? new FromZeros(aes) : aes;
  };
}

const ZEROS = new Uint8Array(BLOCK);

/** A context of OpenSSL's for one cipher. */
class OpenSslAes implements Aes {
  readonly #c: Libc;
  readonly #cipher: Pointer;
  readonly #context: Pointer;
  readonly #written = new Int32Array(1);

  private constructor(c: Libc, cipher: Pointer, context: Pointer) {
    this.#c = c;
    this.#cipher = cipher;
    this.#context = context;
  }

  /** @returns `null` where this Node does not show its OpenSSL, or that has no such cipher */
  static make(c: Libc, keyOctets: number, mode: BlockMode): OpenSslAes | null {
    try {
      const cipher = c.EVP_CIPHER_fetch(null, `AES-${keyOctets * 8}-${mode.toUpperCase()}`, null);
      const context = cipher === null ? null : c.EVP_CIPHER_CTX_new();
      return context === null ? null : new OpenSslAes(c, cipher, context);
    } catch {
      return null;
    }
  }

  rekey(key: Uint8Array): void {
    done(this.#c.EVP_EncryptInit_ex2(this.#context, this.#cipher, key, ZEROS, null));
    done(this.#c.EVP_CIPHER_CTX_set_padding(this.#context, 0));
  }

  encrypt(blocks: Uint8Array, octets: number): void {
    done(this.#c.EVP_EncryptUpdate(this.#context, blocks, this.#written, blocks, octets));
  }
}

/** OpenSSL's functions return 1. */
function done(returned: number): void {
  if (returned !== 1) throw new Error("OpenSSL refuses to encrypt");
}

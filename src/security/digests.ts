/**
 * The digest algorithms of symmetric keys, as one table: the names key files give them, and how each makes a digest.
 *
 * A hashing algorithm's digest is H(secret ‖ octets) (RFC 5905 §7.3), cut to 20 octets as ntpd, NTPsec and chronyd cut
 * it, so that the trailer stays within RFC 7822 §7.5.1.4. AES-CMAC is RFC 8573's; Node's own cryptography lacks it, and
 * what it is composed of is loaded only when a key needs it.
 */
import { createHash, timingSafeEqual } from "node:crypto";

/** An algorithm, by the name used in reports and JSON. */
export type Algorithm = "MD5" | "SHA1" | "SHA256" | "SHA384" | "SHA512" | "AES128CMAC" | "AES256CMAC";

/** Makes a digest of some octets with the secret it was made for. */
export type Digest = (octets: Uint8Array) => Uint8Array;

/** The most octets of a digest that go on the wire. */
export const DIGEST_LIMIT = 20;

/** One row of the table. */
export interface AlgorithmRow {
  /** Names in key files, in capitals; the first is the one ntpd (or NTPsec) reads, and the one we write. */
  readonly names: readonly [string, ...string[]];
  /** The name chrony reads. */
  readonly chronyName: string;
  /** Octets of digest on the wire. */
  readonly octets: number;
  /** Octets of key the algorithm wants; `null`: any number. */
  readonly keyOctets: number | null;
  /** Node's name of the hash; `null`: AES-CMAC. */
  readonly hash: string | null;
}

/** Every algorithm. AES-256-CMAC is unknown to the classic ntpd; NTPsec calls it AES-256. */
export const ALGORITHMS: Readonly<Record<Algorithm, AlgorithmRow>> = {
  MD5: { names: ["MD5", "M"], chronyName: "MD5", octets: 16, keyOctets: null, hash: "md5" },
  SHA1: { names: ["SHA1", "SHA", "SHA-1"], chronyName: "SHA1", octets: 20, keyOctets: null, hash: "sha1" },
  SHA256: { names: ["SHA256", "SHA-256"], chronyName: "SHA256", octets: 20, keyOctets: null, hash: "sha256" },
  SHA384: { names: ["SHA384", "SHA-384"], chronyName: "SHA384", octets: 20, keyOctets: null, hash: "sha384" },
  SHA512: { names: ["SHA512", "SHA-512"], chronyName: "SHA512", octets: 20, keyOctets: null, hash: "sha512" },
  AES128CMAC: {
    names: ["AES128CMAC", "AES", "AES128", "AES-128"],
    chronyName: "AES128",
    octets: 16,
    keyOctets: 16,
    hash: null,
  },
  AES256CMAC: {
    names: ["AES-256", "AES256", "AES256CMAC"],
    chronyName: "AES256",
    octets: 16,
    keyOctets: 32,
    hash: null,
  },
};

const BY_NAME = new Map(
  Object.entries(ALGORITHMS).flatMap(([algorithm, row]) => row.names.map((name) => [name, algorithm as Algorithm])),
);

/**
 * The algorithm a key file names.
 * @param name in capitals or not
 * @returns `null` when nothing is called so
 */
export function algorithmNamed(name: string): Algorithm | null {
  return BY_NAME.get(name.toUpperCase()) ?? null;
}

/**
 * Prepares an algorithm for one secret.
 * @param secret octets; for AES-CMAC padded with zeros or cut to the key's length, as ntpd and NTPsec do
 * @returns `null` when this machine's cryptography refuses the algorithm (MD5 where FIPS 140 is enforced)
 */
export async function prepareDigest(algorithm: Algorithm, secret: Uint8Array): Promise<Digest | null> {
  const { hash, keyOctets } = ALGORITHMS[algorithm];
  if (hash === null) return cmacDigest(fitted(secret, keyOctets ?? secret.length));
  return hashAvailable(hash) ? hashDigest(hash, Uint8Array.from(secret)) : null;
}

/** Whether two digests are the same, in a time that does not tell where they differ. */
export function sameDigest(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && timingSafeEqual(left, right);
}

function hashDigest(hash: string, secret: Uint8Array): Digest {
  return (octets) => createHash(hash).update(secret).update(octets).digest().subarray(0, DIGEST_LIMIT);
}

/** RFC 4493; key of 16 or 32 octets. */
async function cmacDigest(key: Uint8Array): Promise<Digest> {
  const [{ BLOCK, aesOfNode }, { Cmac }] = await Promise.all([import("./aes.ts"), import("./cmac.ts")]);
  const cmac = new Cmac(aesOfNode(key.length, "cbc"));
  cmac.rekey(key);
  return (octets) => {
    const digest = new Uint8Array(BLOCK);
    cmac.of(octets, digest);
    return digest;
  };
}

function fitted(secret: Uint8Array, length: number): Uint8Array {
  const key = new Uint8Array(length);
  key.set(secret.subarray(0, length));
  return key;
}

function hashAvailable(hash: string): boolean {
  try {
    createHash(hash);
    return true;
  } catch {
    return false;
  }
}

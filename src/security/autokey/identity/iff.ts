/**
 * Schnorr's scheme, IFF (RFC 5906 appendix D).
 *
 * ```text
 *   group                             client asks   server answers, k random            client verifies
 *   p, q, g; secret b; v = g^(q-b)    r             y = k + b r mod q, hash(g^k)        g^y v^r mod p
 * ```
 */
import { derNumbers, readNumbers, toNumber, toOctets } from "../der.ts";
import { bitsOf, drawn, fixed, hashOf, isFitModulus, isWithin, power, type RandomOctets } from "./numbers.ts";

/** What a client of a group has, and of the group's servers the secret. */
export interface IffParameters {
  readonly scheme: "iff";
  readonly p: bigint;
  readonly q: bigint;
  readonly g: bigint;
  /** v. */
  readonly publicValue: bigint;
  /** b; `null`: a client's. */
  readonly secret: bigint | null;
  /** NTP seconds, of the file; both sides' is the same. */
  readonly filestamp: number;
}

/** Bits of q at most: the most that DSA has. */
const DIVISOR_BITS = 256;

/** Whether numbers can be a group's. That p and q are prime its owner has seen to. */
export function areIffParameters({
  p,
  q,
  g,
  publicValue,
}: Pick<IffParameters, "p" | "q" | "g" | "publicValue">): boolean {
  if (!isFitModulus(p) || bitsOf(q) > DIVISOR_BITS || q < 2n) return false;
  return (p - 1n) % q === 0n && isWithin(g, p) && isWithin(publicValue, p);
}

/** What v is by the secret: PKCS#8 files, as ntp-keygen writes them since OpenSSL 1.0, have lost it. */
export function iffPublicValue({ p, q, g }: Pick<IffParameters, "p" | "q" | "g">, secret: bigint): bigint {
  return power(g, q - (secret % q), p);
}

/** A client's challenge, r of 0 < r < q: as many octets as q has. */
export function iffChallenge({ q }: Pick<IffParameters, "q">, random: RandomOctets): Uint8Array {
  return fixed(drawn(q, random), toOctets(q).length);
}

/**
 * A server's answer.
 * @param challenge r, of any length that a value may have
 * @returns DER; `null`: we have not the secret, or the challenge is longer than any
 */
export function iffAnswer(parameters: IffParameters, challenge: Uint8Array, random: RandomOctets): Uint8Array | null {
  const { p, q, g, secret } = parameters;
  if (secret === null || challenge.length > toOctets(p).length) return null;
  const k = drawn(q, random);
  return derNumbers([(k + secret * (toNumber(challenge) % q)) % q, hashOf(power(g, k, p))]);
}

/** Whether an answer proves that its sender knows the secret. `null`: it is no answer of the scheme. */
export function isIffProof(parameters: IffParameters, challenge: Uint8Array, answer: Uint8Array): boolean | null {
  const { p, q, g, publicValue } = parameters;
  const numbers = readNumbers(answer);
  if (numbers?.length !== 2 || numbers[0]! >= q) return null;
  const [y, hash] = numbers as readonly [bigint, bigint];
  return hashOf((power(g, y, p) * power(publicValue, toNumber(challenge), p)) % p) === hash;
}

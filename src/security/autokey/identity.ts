/**
 * Identity schemes (RFC 5906 §8, appendices D and E): the server proves that it knows the group's secret without telling it. Schnorr's
 * (IFF) and Guillou's and Quisquater's (GQ).
 *
 * ```text
 *          group                            client asks   server answers, k random            client verifies
 *   IFF    p, q, g; secret b; v = g^(q-b)   r             y = k + b r mod q, hash(g^k)        g^y v^r mod p
 *   GQ     n; secret b; per server u,       r             y = k u^r mod n,   hash(k^b)        v^r y^b mod n
 *          v = u^(-b) in its certificate
 * ```
 *
 * The numbers hide in files and packets as those of DSA and RSA.
 */
import { createHash } from "node:crypto";
import { derNumbers, readNumbers, toNumber, toOctets } from "./der.ts";

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

/** Draws octets fit for keys. */
export type RandomOctets = (length: number) => Uint8Array;

/** Bits of p: ntp-keygen makes no more than 2048, and what is reckoned with it is to take some milliseconds at most. */
const MODULUS_BITS = { least: 256, most: 2048 };

/** Bits of q at most: the most that DSA has. */
const DIVISOR_BITS = 256;

/** Whether numbers can be a group's. That p and q are prime its owner has seen to. */
export function areIffParameters({
  p,
  q,
  g,
  publicValue,
}: Pick<IffParameters, "p" | "q" | "g" | "publicValue">): boolean {
  const bits = bitsOf(p);
  if (bits < MODULUS_BITS.least || bits > MODULUS_BITS.most || bitsOf(q) > DIVISOR_BITS || q < 2n) return false;
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

/** MD5 of a number's octets, whatever the session's digest is. */
function hashOf(number: bigint): bigint {
  return toNumber(createHash("md5").update(toOctets(number)).digest());
}

/** 0 < drawn < below. */
function drawn(below: bigint, random: RandomOctets): bigint {
  // Eight octets more than needed: what the remainder prefers is not to be seen.
  return (toNumber(random(toOctets(below).length + 8)) % (below - 1n)) + 1n;
}

function fixed(number: bigint, length: number): Uint8Array {
  const octets = toOctets(number);
  const padded = new Uint8Array(length);
  padded.set(octets, length - octets.length);
  return padded;
}

function bitsOf(number: bigint): number {
  return number.toString(2).length;
}

function isWithin(number: bigint, p: bigint): boolean {
  return number > 1n && number < p;
}

/** Bits of an exponent that are taken at a time. */
const WINDOW = 4;

/** base ^ exponent mod modulus. */
export function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  const powers = [1n % modulus];
  while (powers.length < 1 << WINDOW) powers.push((powers.at(-1)! * base) % modulus);
  let result = 1n % modulus;
  for (const digit of exponent.toString(1 << WINDOW)) {
    for (let bit = 0; bit < WINDOW; bit += 1) result = (result * result) % modulus;
    result = (result * powers[Number.parseInt(digit, 1 << WINDOW)]!) % modulus;
  }
  return result;
}

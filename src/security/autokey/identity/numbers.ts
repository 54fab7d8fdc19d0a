/** Numbers as the identity schemes reckon with them: powers, inverses, draws by chance, and the hash that an answer carries. */
import { constants, createHash, createPublicKey, publicEncrypt } from "node:crypto";
import { toNumber, toOctets } from "../der.ts";

/** Draws octets fit for keys. */
export type RandomOctets = (length: number) => Uint8Array;

/** Bits of a scheme's modulus: what is reckoned with it is to take some milliseconds at most. */
export const MODULUS_BITS = { least: 256, most: 2048 };

/** Whether a number may be a scheme's modulus. */
export function isFitModulus(number: bigint): boolean {
  const bits = bitsOf(number);
  return bits >= MODULUS_BITS.least && bits <= MODULUS_BITS.most;
}

/** MD5 of a number's octets, whatever the session's digest is. */
export function hashOf(number: bigint): bigint {
  return toNumber(createHash("md5").update(toOctets(number)).digest());
}

/** 0 < drawn < below. */
export function drawn(below: bigint, random: RandomOctets): bigint {
  // Eight octets more than needed: what the remainder prefers is not to be seen.
  return (toNumber(random(toOctets(below).length + 8)) % (below - 1n)) + 1n;
}

/** As {@link drawn}, and without a factor in common with the bound. */
export function drawnPrime(below: bigint, random: RandomOctets): bigint {
  for (;;) {
    const number = drawn(below, random);
    if (inverse(number, below) !== null) return number;
  }
}

/** A number in so many octets. */
export function fixed(number: bigint, length: number): Uint8Array {
  const octets = toOctets(number);
  const padded = new Uint8Array(length);
  padded.set(octets, length - octets.length);
  return padded;
}

/** Bits of a number. */
export function bitsOf(number: bigint): number {
  return number.toString(2).length;
}

/** Whether 1 < number < modulus. */
export function isWithin(number: bigint, modulus: bigint): boolean {
  return number > 1n && number < modulus;
}

/** The number by which another gives 1, modulo a third; `null`: they have a factor in common. */
export function inverse(number: bigint, modulus: bigint): bigint | null {
  let [rest, next] = [modulus, ((number % modulus) + modulus) % modulus];
  let [factor, nextFactor] = [0n, 1n];
  while (next !== 0n) {
    const quotient = rest / next;
    [rest, next] = [next, rest - quotient * next];
    [factor, nextFactor] = [nextFactor, factor - quotient * nextFactor];
  }
  return rest === 1n ? ((factor % modulus) + modulus) % modulus : null;
}

/**
 * base ^ exponent mod modulus. OpenSSL does it in a tenth of the time, and has no name for it but RSA's: whoever encrypts without padding
 * asks for nothing else. It wants an odd modulus, and an exponent below it.
 */
export function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  if (modulus % 2n === 0n || exponent >= modulus || bitsOf(modulus) < SHORTEST)
    return slowPower(base, exponent, modulus);
  const key = createPublicKey({ key: { kty: "RSA", n: base64(modulus), e: base64(exponent) }, format: "jwk" });
  const octets = fixed(base % modulus, toOctets(modulus).length);
  return toNumber(publicEncrypt({ key, padding: constants.RSA_NO_PADDING }, octets));
}

function base64(number: bigint): string {
  return Buffer.from(toOctets(number)).toString("base64url");
}

/** Bits of a modulus at least, for OpenSSL. */
const SHORTEST = 256;

/** Bits of an exponent that are taken at a time. */
const WINDOW = 4;

/** As {@link power}, whatever the modulus. */
export function slowPower(base: bigint, exponent: bigint, modulus: bigint): bigint {
  const powers = [1n % modulus];
  while (powers.length < 1 << WINDOW) powers.push((powers.at(-1)! * base) % modulus);
  let result = 1n % modulus;
  for (const digit of exponent.toString(1 << WINDOW)) {
    for (let bit = 0; bit < WINDOW; bit += 1) result = (result * result) % modulus;
    result = (result * powers[Number.parseInt(digit, 1 << WINDOW)]!) % modulus;
  }
  return result;
}

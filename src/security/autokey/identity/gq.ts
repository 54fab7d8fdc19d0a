/**
 * Guillou's and Quisquater's scheme, GQ (RFC 5906 appendix E).
 *
 * ```text
 *   group            each server                        client asks   server answers, k random          client verifies
 *   n; secret b      u; v = u^(-b) in its certificate   r             y = k u^r mod n, hash(k^b)        v^r y^b mod n
 * ```
 *
 * The numbers hide in RSA keys. As RFC 5906 and ntp-keygen have it, b is the public exponent and u the first factor; ntpd 4.2.8p15 since
 * OpenSSL 1.1 looks for u in the public and for b in the private exponent, and proves nothing by the files of its own ntp-keygen, whose
 * private exponent is 1. Which of the two a server's file means its second factor tells, which is v.
 */
import { derNumbers, readNumbers, toNumber, toOctets } from "../der.ts";
import { drawn, fixed, hashOf, inverse, isFitModulus, isWithin, power, type RandomOctets } from "./numbers.ts";

/** What a client of a group has, and a server its own secret besides. */
export interface GqParameters {
  readonly scheme: "gq";
  readonly n: bigint;
  /** b. */
  readonly groupSecret: bigint;
  /** u; `null`: a client's. */
  readonly secret: bigint | null;
  /** NTP seconds, of the file; a server's may be younger than its client's. */
  readonly filestamp: number;
}

/** The numbers of an RSA key. */
export interface RsaNumbers {
  readonly n: bigint;
  readonly e: bigint;
  readonly d: bigint;
  readonly p: bigint;
  readonly q: bigint;
}

/** What the numbers of an RSA key mean; `null`: they fit in no way. */
export function readGq({ n, e, d, p, q }: RsaNumbers): Omit<GqParameters, "filestamp"> | null {
  if (!isFitModulus(n) || n % 2n === 0n) return null;
  if (p === 1n) {
    const groupSecret = d === 1n ? e : d;
    return isWithin(groupSecret, n) ? { scheme: "gq", n, groupSecret, secret: null } : null;
  }
  const meant = [
    { groupSecret: e, secret: p },
    { groupSecret: d, secret: e },
  ].find((one) => isWithin(one.groupSecret, n) && isWithin(one.secret, n) && gqPublicValue(n, one) === q);
  return meant === undefined ? null : { scheme: "gq", n, ...meant };
}

/** v = u^(-b); `null`: u and n have a factor in common. */
export function gqPublicValue(
  n: bigint,
  { groupSecret, secret }: { readonly groupSecret: bigint; readonly secret: bigint },
): bigint | null {
  const inverted = inverse(secret, n);
  return inverted === null ? null : power(inverted, groupSecret, n);
}

/** A client's challenge, r of 0 < r < n: as many octets as n has. */
export function gqChallenge({ n }: Pick<GqParameters, "n">, random: RandomOctets): Uint8Array {
  return fixed(drawn(n, random), toOctets(n).length);
}

/**
 * A server's answer.
 * @returns DER; `null`: we have not the secret, or the challenge is longer than any
 */
export function gqAnswer(
  { n, groupSecret, secret }: GqParameters,
  challenge: Uint8Array,
  random: RandomOctets,
): Uint8Array | null {
  if (secret === null || challenge.length > toOctets(n).length) return null;
  const k = drawn(n, random);
  const y = (k * power(secret, toNumber(challenge) % n, n)) % n;
  return derNumbers([y, hashOf(power(k, groupSecret, n))]);
}

/**
 * Whether an answer proves that its sender has the key of its certificate.
 * @param publicValue v of the certificate; `null`: it has none
 * @returns `null`: it is no answer of the scheme
 */
export function isGqProof(
  { n, groupSecret }: GqParameters,
  publicValue: bigint | null,
  challenge: Uint8Array,
  answer: Uint8Array,
): boolean | null {
  const numbers = readNumbers(answer);
  if (numbers?.length !== 2) return null;
  const [y, hash] = numbers as readonly [bigint, bigint];
  // By y = 0, or v = 0, everything would be 0, and its hash known to all.
  if (y === 0n || y >= n || publicValue === null || !isWithin(publicValue, n)) return false;
  return hashOf((power(publicValue, toNumber(challenge), n) * power(y, groupSecret, n)) % n) === hash;
}

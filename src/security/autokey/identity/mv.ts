/**
 * Mu's and Varadharajan's scheme, MV (RFC 5906 appendix F): each client has a key of its own, and can be shut out by itself.
 *
 * ```text
 *   server              each client     client asks   server answers, k random          client verifies
 *   p, q; E; g', g"     p; x', x"       r             y = r E^k, g'^k, g"^k mod p       y (g'^k)^x" (g"^k)^x' mod p = r
 * ```
 *
 * The numbers hide in DSA keys: of a server E is the generator, g' the private and g" the public value; of a client x' is the private and x"
 * the public one. PKCS#8 files, as ntp-keygen writes them since OpenSSL 1.0, have lost the public value, and with it the scheme.
 */
import { derNumbers, readNumbers, toNumber, toOctets } from "../der.ts";
import { drawn, drawnPrime, fixed, isFitModulus, isWithin, power, type RandomOctets } from "./numbers.ts";

/** What a server or a client has. */
export interface MvParameters {
  readonly scheme: "mv";
  readonly p: bigint;
  /** `null`: a client's. */
  readonly server: {
    readonly q: bigint;
    /** E. */
    readonly key: bigint;
    /** g' and g". */
    readonly partial: readonly [bigint, bigint];
  } | null;
  /** x' and x"; `null`: a server's. */
  readonly client: readonly [bigint, bigint] | null;
  /** NTP seconds, of the file; both sides' is the same. */
  readonly filestamp: number;
}

/** Whether numbers can be a group's. */
export function areMvParameters({ p, server, client }: MvParameters): boolean {
  if (!isFitModulus(p) || p % 2n === 0n) return false;
  if (server !== null) {
    const { q, key, partial } = server;
    return q > 1n && 2n * q + 1n === p && [key, ...partial].every((number) => isWithin(number, p - 1n));
  }
  return client !== null && client.every((number) => isWithin(number, p));
}

/** A client's challenge, r of 0 < r < p: as many octets as p has. */
export function mvChallenge({ p }: Pick<MvParameters, "p">, random: RandomOctets): Uint8Array {
  return fixed(drawn(p, random), toOctets(p).length);
}

/**
 * A server's answer.
 * @returns DER; `null`: we have not a server's keys, or the challenge is longer than any
 */
export function mvAnswer({ p, server }: MvParameters, challenge: Uint8Array, random: RandomOctets): Uint8Array | null {
  if (server === null || challenge.length > toOctets(p).length) return null;
  const { q, key, partial } = server;
  const k = drawnPrime(q, random);
  const y = (toNumber(challenge) * power(key, k, p)) % p;
  return derNumbers([y, ...partial.map((number) => power(number, k, p))]);
}

/** Whether an answer proves that its sender has the server's keys. `null`: it is no answer of the scheme. */
export function isMvProof({ p, client }: MvParameters, challenge: Uint8Array, answer: Uint8Array): boolean | null {
  const numbers = readNumbers(answer);
  if (client === null || numbers?.length !== 3) return null;
  const [y, first, second] = numbers as readonly [bigint, bigint, bigint];
  // Powers of 1 and -1 are known to everybody: ntpd is content with r, 1, 1.
  if (![first, second].every((number) => isWithin(number, p - 1n)) || y >= p) return false;
  const [own, shown] = client;
  return (y * ((power(first, shown, p) * power(second, own, p)) % p)) % p === toNumber(challenge);
}

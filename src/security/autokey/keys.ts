/**
 * Public keys that strangers send, held to bounds: a key of one bit vouches for nothing, and one of very many makes us reckon for as
 * long as its owner likes.
 */
import { createPublicKey, type KeyObject } from "node:crypto";

/** Bits of a modulus: 512 is ntp-keygen's default, 256 its least. */
const RSA_BITS = { least: 256, most: 4096 };
const DSA_BITS = { least: 256, most: 3072 };

/** Bits of an RSA exponent, of which the work of checking a signature depends; 65537 is everybody's. */
const LARGEST_EXPONENT = 2n ** 32n;

/** Whether signatures are to be checked by this key, or something encrypted for its owner. */
export function isFitKey({ asymmetricKeyType, asymmetricKeyDetails = {} }: KeyObject): boolean {
  const { modulusLength = 0, publicExponent = 0n } = asymmetricKeyDetails;
  const isWithin = ({ least, most }: typeof RSA_BITS): boolean => modulusLength >= least && modulusLength <= most;
  if (asymmetricKeyType === "dsa") return isWithin(DSA_BITS);
  return (
    asymmetricKeyType === "rsa" && isWithin(RSA_BITS) && publicExponent >= 3n && publicExponent <= LARGEST_EXPONENT
  );
}

/**
 * The key of a COOKIE request.
 * @param octets RSAPublicKey (RFC 8017 §A.1.1), DER
 * @returns `null`: it is none, or not fit
 */
export function readHostKey(octets: Uint8Array): KeyObject | null {
  try {
    const key = createPublicKey({ key: Buffer.from(octets), format: "der", type: "pkcs1" });
    return isFitKey(key) ? key : null;
  } catch {
    return null; // Node says in no other way that it is none
  }
}

/** Octets of the signatures of a key; of DSA's at most. */
export function signatureOctets({ asymmetricKeyType, asymmetricKeyDetails = {} }: KeyObject): number {
  const { modulusLength = 0, divisorLength = 0 } = asymmetricKeyDetails;
  if (asymmetricKeyType === "rsa") return Math.ceil(modulusLength / 8);
  // Two integers, each perhaps with an octet of 0 before it, each with tag and length, in a sequence.
  return 2 * (Math.ceil((divisorLength + 1) / 8) + 2) + 2;
}

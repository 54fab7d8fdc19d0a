/**
 * The extension fields of Network Time Security (RFC 8915 §5.3 … §5.6): what their types are, how the authenticator is
 * laid out, and which fields its plaintext has.
 *
 * ```text
 * +---------------------------------------------------------------+
 * |         Nonce Length          |       Ciphertext Length       |   0
 * |             Nonce, zero-padded to a word                      |   4
 * |             Ciphertext, zero-padded to a word                 |
 * |             Additional Padding, in requests                   |
 * +---------------------------------------------------------------+
 * ```
 *
 * Nothing here knows a key: the octets are sealed and opened by `security/nts/`.
 */
import { EXTENSION_HEADER_LENGTH, readExtension, writeExtensionHeader, type ExtensionField } from "./extension.ts";

/** The field types of NTS (RFC 8915 §7.5). */
export const NTS_FIELDS = {
  /** What the client draws anew for each request, and the reply must repeat. */
  uniqueIdentifier: 0x0104,
  /** From the client in clear, from the server only encrypted. */
  cookie: 0x0204,
  /** Room for one cookie more in the reply. */
  placeholder: 0x0304,
  /** The authenticator, and what is encrypted. */
  authenticator: 0x0404,
} as const;

/**
 * Whether a packet speaks of NTS: a unique identifier alone does not (RFC 8915 §5.3 has it for others, too). Autokey's question for autokey
 * values has the type of a cookie, and is shorter than any.
 */
export function isUnderNts({ extensions }: { readonly extensions: readonly ExtensionField[] }): boolean {
  return extensions.some(({ type, value }) => OF_NTS.includes(type) && value.length + 4 > LENGTH_OF_AUTO);
}

/** Octets of that question's field (RFC 5906 §10.5). */
const LENGTH_OF_AUTO = 8;

/** The fewest octets of a unique identifier. */
export const MIN_UNIQUE_IDENTIFIER = 32;

/** The shortest field outside the ciphertext, octets; a cookie's must be as long as its placeholder's. */
export const MIN_NTS_FIELD = 16;

/** The authenticator field's value, taken apart. */
export interface Authenticator {
  /** As long as the sender said, without padding. A view. */
  readonly nonce: Uint8Array;
  /** The AEAD's output, tag and all, without padding. A view. */
  readonly ciphertext: Uint8Array;
  /** Octets after the ciphertext's own padding. */
  readonly additionalPadding: number;
}

const OF_NTS: readonly number[] = [NTS_FIELDS.cookie, NTS_FIELDS.placeholder, NTS_FIELDS.authenticator];

const LENGTHS = 4;

/**
 * Takes an authenticator field's value apart.
 * @returns `null` when the lengths it says do not fit into it
 */
export function readAuthenticator(value: Uint8Array): Authenticator | null {
  if (value.length < LENGTHS) return null;
  const nonceLength = (value[0]! << 8) | value[1]!;
  const ciphertextLength = (value[2]! << 8) | value[3]!;
  const ciphertextAt = LENGTHS + toWord(nonceLength);
  const end = ciphertextAt + toWord(ciphertextLength);
  if (end > value.length) return null;
  return {
    nonce: value.subarray(LENGTHS, LENGTHS + nonceLength),
    ciphertext: value.subarray(ciphertextAt, ciphertextAt + ciphertextLength),
    additionalPadding: value.length - end,
  };
}

/**
 * The whole authenticator field.
 * @param additionalPadding octets after the ciphertext, see {@link additionalPadding}; a multiple of 4
 * @throws RangeError when it is longer than a field can be
 */
export function encodeAuthenticator(nonce: Uint8Array, ciphertext: Uint8Array, additionalPadding = 0): Uint8Array {
  const octets = new Uint8Array(authenticatorOctets(nonce.length, ciphertext.length, additionalPadding));
  octets.set(ciphertext, writeAuthenticator(octets, 0, nonce, ciphertext.length, additionalPadding));
  return octets;
}

/**
 * Writes an authenticator field into memory of which nothing is known, all but its ciphertext.
 * @param at where it begins, octets
 * @returns where the ciphertext belongs
 * @throws RangeError when it is longer than a field can be
 */
export function writeAuthenticator(
  octets: Uint8Array,
  at: number,
  nonce: Uint8Array,
  ciphertextLength: number,
  additionalPadding: number,
): number {
  const end = at + authenticatorOctets(nonce.length, ciphertextLength, additionalPadding);
  const lengthsAt = writeExtensionHeader(octets, at, NTS_FIELDS.authenticator, end - at - EXTENSION_HEADER_LENGTH);
  const nonceAt = lengthsAt + LENGTHS;
  const ciphertextAt = nonceAt + toWord(nonce.length);
  octets[lengthsAt] = nonce.length >> 8;
  octets[lengthsAt + 1] = nonce.length;
  octets[lengthsAt + 2] = ciphertextLength >> 8;
  octets[lengthsAt + 3] = ciphertextLength;
  octets.set(nonce, nonceAt);
  octets.fill(0, nonceAt + nonce.length, ciphertextAt);
  octets.fill(0, ciphertextAt + ciphertextLength, end);
  return ciphertextAt;
}

/** Octets of the whole authenticator field. */
export function authenticatorOctets(
  nonceLength: number,
  ciphertextLength: number,
  additionalPadding: number = 0,
): number {
  const value = LENGTHS + toWord(nonceLength) + toWord(ciphertextLength) + additionalPadding;
  return Math.max(MIN_NTS_FIELD, EXTENSION_HEADER_LENGTH + value);
}

/**
 * The additional padding a request must have, so that the reply's nonce finds room in as many octets: the lesser of 16
 * and the longest nonce, less that of the request, each in whole words (RFC 8915 §5.6).
 * @param nonceLength octets of the request's nonce
 * @param longestNonce octets of the longest nonce the AEAD permits
 * @returns octets, a multiple of 4
 */
export function additionalPadding(nonceLength: number, longestNonce: number): number {
  return Math.max(0, toWord(Math.min(REQUIRED_NONCE, longestNonce)) - toWord(nonceLength));
}

const REQUIRED_NONCE = 16;

/**
 * The fields of a plaintext. Encrypted ones may be as short as they like, but are whole words (RFC 8915 §5.6).
 * @returns `null` when it is not a row of fields from end to end
 */
export function readPlaintext(plaintext: Uint8Array): readonly ExtensionField[] | null {
  const fields: ExtensionField[] = [];
  for (let offset = 0; offset < plaintext.length;) {
    if (plaintext.length - offset < EXTENSION_HEADER_LENGTH) return null;
    const field = readExtension(plaintext, offset, EXTENSION_HEADER_LENGTH);
    if (field === null) return null;
    fields.push(field);
    offset += EXTENSION_HEADER_LENGTH + field.value.length;
  }
  return fields;
}

function toWord(octets: number): number {
  return (octets + 3) & ~3;
}

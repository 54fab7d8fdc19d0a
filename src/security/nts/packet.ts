/**
 * A packet under NTS, as either side seals and opens it (RFC 8915 §5.6, §5.7).
 *
 * ```text
 * | header, 48 octets | unique identifier | cookie, placeholders … | authenticator: nonce, ciphertext | … |
 * |<------- associated data: authenticated, in clear ----------->|  encrypted fields in the ciphertext
 * ```
 *
 * What follows the authenticator nobody vouches for: it is not looked at.
 */
import { concatenate } from "../../wire/octets.ts";
import { EXTENSION_HEADER_LENGTH, encodeExtension, type ExtensionField } from "../../wire/extension.ts";
import {
  MIN_NTS_FIELD,
  MIN_UNIQUE_IDENTIFIER,
  NTS_FIELDS,
  additionalPadding,
  encodeAuthenticator,
  readAuthenticator,
  readPlaintext,
} from "../../wire/nts.ts";
import type { Packet } from "../../wire/packet.ts";
import { TAG_OCTETS, type Aead, type AeadRow } from "./aead.ts";

/** Random octets, fit for keys. */
export type RandomOctets = (length: number) => Uint8Array;

/** A field in clear, or one to be encrypted. */
export interface PlainField {
  readonly type: number;
  readonly value: Uint8Array;
}

/** What a packet under NTS says of itself before it is opened. */
export interface Protected {
  /** As the client drew it. A view. */
  readonly uniqueIdentifier: Uint8Array;
  /** The fields before the authenticator; all of the packet's where it has none. */
  readonly clear: readonly ExtensionField[];
  /** `null`: it has none, as a NAK. */
  readonly authenticator: ExtensionField | null;
}

/**
 * The parts of a packet under NTS.
 * @returns `null` where it has not exactly one unique identifier in clear, of 32 octets or more: it is not under NTS
 */
export function protectedPacket({ extensions }: Pick<Packet, "extensions">): Protected | null {
  const at = extensions.findIndex(({ type }) => type === NTS_FIELDS.authenticator);
  const clear = at === -1 ? extensions : extensions.slice(0, at);
  const [identifier, ...others] = clear.filter(({ type }) => type === NTS_FIELDS.uniqueIdentifier);
  if (identifier === undefined || others.length > 0 || identifier.value.length < MIN_UNIQUE_IDENTIFIER) return null;
  return { uniqueIdentifier: identifier.value, clear, authenticator: extensions[at] ?? null };
}

/**
 * Opens a packet.
 * @param bytes the datagram
 * @param authenticator its field
 * @returns the encrypted fields and the padding after them; `null` when it is not authentic, or no row of fields
 */
export function openPacket(
  bytes: Uint8Array,
  authenticator: ExtensionField,
  aead: Aead,
): { readonly fields: readonly ExtensionField[]; readonly nonce: number; readonly padding: number } | null {
  const parts = readAuthenticator(authenticator.value);
  if (parts === null) return null;
  const plaintext = aead.open(parts.nonce, bytes.subarray(0, authenticator.offset), parts.ciphertext);
  const fields = plaintext === null ? null : readPlaintext(plaintext);
  return fields === null ? null : { fields, nonce: parts.nonce.length, padding: parts.additionalPadding };
}

/**
 * Seals a packet.
 * @param header 48 octets
 * @param clear the fields in clear, the unique identifier among them
 * @param encrypted the fields to be encrypted
 */
export function sealPacket(
  header: Uint8Array,
  clear: readonly PlainField[],
  encrypted: readonly PlainField[],
  aead: Aead,
  random: RandomOctets,
): Uint8Array {
  const associated = concatenate([header, ...clear.map(encoded)]);
  const nonce = random(aead.row.nonceOctets);
  const ciphertext = aead.seal(nonce, associated, concatenate(encrypted.map(encoded)));
  const padding = additionalPadding(nonce.length, aead.row.longestNonce);
  return concatenate([associated, encodeAuthenticator(nonce, ciphertext, padding)]);
}

/** Octets that a field of ours takes. */
export function fieldOctets(valueOctets: number): number {
  return Math.max(MIN_NTS_FIELD, EXTENSION_HEADER_LENGTH + Math.ceil(valueOctets / 4) * 4);
}

/** Octets of an authenticator of ours, with so many octets of fields encrypted. */
export function authenticatorOctets({ nonceOctets }: AeadRow, encryptedOctets: number): number {
  return fieldOctets(2 * 2 + nonceOctets + TAG_OCTETS + encryptedOctets);
}

function encoded({ type, value }: PlainField): Uint8Array {
  return encodeExtension(type, value, MIN_NTS_FIELD);
}

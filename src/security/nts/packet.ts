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
import { EXTENSION_HEADER_LENGTH, writeExtension, type ExtensionField } from "../../wire/extension.ts";
import {
  MIN_NTS_FIELD,
  MIN_UNIQUE_IDENTIFIER,
  NTS_FIELDS,
  additionalPadding,
  authenticatorOctets,
  readAuthenticator,
  readPlaintext,
  writeAuthenticator,
} from "../../wire/nts.ts";
import type { Packet } from "../../wire/packet.ts";
import { TAG_OCTETS, type Aead } from "./aead.ts";

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
  let identifier: Uint8Array | null = null;
  let at = 0;
  for (; at < extensions.length && extensions[at]!.type !== NTS_FIELDS.authenticator; at += 1) {
    if (extensions[at]!.type !== NTS_FIELDS.uniqueIdentifier) continue;
    if (identifier !== null) return null;
    identifier = extensions[at]!.value;
  }
  if (identifier === null || identifier.length < MIN_UNIQUE_IDENTIFIER) return null;
  return { uniqueIdentifier: identifier, clear: extensions.slice(0, at), authenticator: extensions[at] ?? null };
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
 * @param memory where to; absent: a new array
 */
export function sealPacket(
  header: Uint8Array,
  clear: readonly PlainField[],
  encrypted: readonly PlainField[],
  aead: Aead,
  random: RandomOctets,
  memory?: Uint8Array,
): Uint8Array {
  const { nonceOctets, longestNonce } = aead.row;
  const plaintext = new Uint8Array(octetsOf(encrypted));
  writeFields(plaintext, 0, encrypted);
  const sealedOctets = plaintext.length + TAG_OCTETS;
  const padding = additionalPadding(nonceOctets, longestNonce);

  const length = header.length + octetsOf(clear) + authenticatorOctets(nonceOctets, sealedOctets, padding);
  const packet = memory?.subarray(0, length) ?? new Uint8Array(length);
  packet.set(header);
  const authenticatorAt = writeFields(packet, header.length, clear);
  const nonce = random(nonceOctets);
  const sealedAt = writeAuthenticator(packet, authenticatorAt, nonce, sealedOctets, padding);
  const sealed = packet.subarray(sealedAt, sealedAt + sealedOctets);
  aead.seal(nonce, packet.subarray(0, authenticatorAt), plaintext, sealed);
  return packet;
}

/** Octets that a field of ours takes. */
export function fieldOctets(valueOctets: number): number {
  return Math.max(MIN_NTS_FIELD, EXTENSION_HEADER_LENGTH + Math.ceil(valueOctets / 4) * 4);
}

function octetsOf(fields: readonly PlainField[]): number {
  let octets = 0;
  for (const { value } of fields) octets += fieldOctets(value.length);
  return octets;
}

/** Writes fields one behind the other; returns where the last ends. */
function writeFields(into: Uint8Array, at: number, fields: readonly PlainField[]): number {
  let end = at;
  for (const { type, value } of fields) end = writeExtension(into, end, type, value, MIN_NTS_FIELD);
  return end;
}

/**
 * The message authentication code at a packet's end (RFC 5905 §7.3 figure 8, RFC 7822 §7.5.1.3).
 *
 * ```text
 * +---------------------------------------------------------------+
 * |                        Key Identifier                         |   0
 * |          Digest: none (crypto-NAK), 16 or 20 octets           |   4
 * +---------------------------------------------------------------+   4, 20 or 24
 * ```
 */

/** The trailer: a key identifier, and the digest unless it is a crypto-NAK. */
export interface Mac {
  /** Unsigned 32 bits; 0 in a crypto-NAK. */
  readonly keyId: number;
  /** 0 (crypto-NAK), 16 or 20 octets. A view into the datagram. */
  readonly digest: Uint8Array;
}

const KEY_ID_LENGTH = 4;

/** The longest trailer, octets. */
export const MAX_MAC_LENGTH = 24;

/** Whether so many octets at a packet's end are a MAC: a key identifier, and a digest of none, 16 or 20. */
export function isMacLength(length: number): boolean {
  return length === 4 || length === 20 || length === 24;
}

/**
 * Whether a trailer is a crypto-NAK: key identifier 0 and no digest (RFC 5905 §9.2). A key identifier other than 0
 * without a digest is neither that nor authentic.
 */
export function isCryptoNak(mac: Mac): boolean {
  return mac.keyId === 0 && mac.digest.length === 0;
}

/**
 * Reads the trailer.
 * @param bytes the datagram; what is left of it from `offset` has a length that {@link isMacLength}
 */
export function readMac(bytes: Uint8Array, offset: number): Mac {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, KEY_ID_LENGTH);
  return { keyId: view.getUint32(0), digest: bytes.subarray(offset + KEY_ID_LENGTH) };
}

/**
 * The octets of a trailer.
 * @throws RangeError when the digest is not of 0, 16 or 20 octets
 */
export function encodeMac(mac: Mac): Uint8Array {
  const length = KEY_ID_LENGTH + mac.digest.length;
  if (!isMacLength(length)) throw new RangeError(`a digest of ${mac.digest.length} octets does not fit a MAC`);
  const octets = new Uint8Array(length);
  new DataView(octets.buffer).setUint32(0, mac.keyId);
  octets.set(mac.digest, KEY_ID_LENGTH);
  return octets;
}

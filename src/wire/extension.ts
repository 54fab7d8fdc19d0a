/**
 * Extension fields (RFC 7822 §3).
 *
 * ```text
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |          Field Type           |     Length (of all of it)     |   0
 * |                  Value, zero-padded to a word                 |   4
 * +---------------------------------------------------------------+  Length
 * ```
 */

/** One extension field as it stands in the packet. */
export interface ExtensionField {
  /** Field type, unsigned 16 bits. */
  readonly type: number;
  /** The value with its padding, without the four octets of type and length. A view into the datagram. */
  readonly value: Uint8Array;
  /** Where the field starts in the datagram, octets. */
  readonly offset: number;
}

/** Octets of type and length, before the value. */
export const EXTENSION_HEADER_LENGTH = 4;

/**
 * The fewest octets that can begin with an extension field, to the packet's end: fewer might be a MAC. So a last field has
 * at least 28 without a MAC (RFC 7822 §7.5.1.4) and 24 before a crypto-NAK.
 */
export const MIN_EXTENDED_LENGTH = 28;

/** The shortest field otherwise, octets (RFC 7822 §7.5). */
const MIN_EXTENSION_LENGTH = 16;

/** Autokey's requests without data, and its empty responses, are shorter than the rule: type, length and association ID. */
const MIN_AUTOKEY_LENGTH = 8;

/** The longest field, octets: the last multiple of four that the length can say. */
const MAX_EXTENSION_LENGTH = 65_532;

/**
 * Reads the field at an offset.
 * @param bytes the datagram, with at least four octets left at the offset
 * @param atLeast the shortest length allowed here, octets, 4 or more; absent: that of its type
 * @returns `null` when its length is too small for its type, not a multiple of 4, or runs off the end
 */
export function readExtension(bytes: Uint8Array, offset: number, atLeast?: number): ExtensionField | null {
  const type = (bytes[offset]! << 8) | bytes[offset + 1]!;
  const length = (bytes[offset + 2]! << 8) | bytes[offset + 3]!;
  if (length < (atLeast ?? minimumLength(type)) || length % 4 !== 0 || offset + length > bytes.length) return null;
  return { type, value: bytes.subarray(offset + EXTENSION_HEADER_LENGTH, offset + length), offset };
}

/**
 * The octets of a field, zero-padded to a word and to the shortest length allowed.
 * @param type unsigned 16 bits
 * @param value without padding, or with it
 * @param atLeast the length its place in the packet asks for, octets, a multiple of 4
 * @throws RangeError when the value is longer than a field can be
 */
export function encodeExtension(type: number, value: Uint8Array, atLeast = 0): Uint8Array {
  const octets = new Uint8Array(extensionLength(type, value.length, atLeast));
  writeExtension(octets, 0, type, value, atLeast);
  return octets;
}

/**
 * Writes such a field into memory of which nothing is known.
 * @param at where it begins, octets
 * @returns where it ends
 * @throws RangeError when the value is longer than a field can be, or does not fit there
 */
export function writeExtension(
  octets: Uint8Array,
  at: number,
  type: number,
  value: Uint8Array,
  atLeast: number = 0,
): number {
  const valueAt = writeExtensionHeader(octets, at, type, value.length, atLeast);
  const end = at + extensionLength(type, value.length, atLeast);
  octets.set(value, valueAt);
  octets.fill(0, valueAt + value.length, end);
  return end;
}

/**
 * Writes the type and the length of such a field, for a value of so many octets that is written afterwards.
 * @returns where the value begins
 * @throws RangeError when the value is longer than a field can be
 */
export function writeExtensionHeader(
  octets: Uint8Array,
  at: number,
  type: number,
  valueLength: number,
  atLeast: number = 0,
): number {
  const length = extensionLength(type, valueLength, atLeast);
  octets[at] = type >> 8;
  octets[at + 1] = type;
  octets[at + 2] = length >> 8;
  octets[at + 3] = length;
  return at + EXTENSION_HEADER_LENGTH;
}

/** Octets of a field with a value of so many. */
function extensionLength(type: number, valueLength: number, atLeast: number): number {
  const words = (EXTENSION_HEADER_LENGTH + valueLength + 3) & ~3;
  const length = Math.max(words, minimumLength(type), atLeast);
  if (length > MAX_EXTENSION_LENGTH) throw new RangeError(`an extension field cannot carry ${valueLength} octets`);
  return length;
}

function minimumLength(type: number): number {
  return isAutokey(type) ? MIN_AUTOKEY_LENGTH : MIN_EXTENSION_LENGTH;
}

/**
 * Whether Autokey may use a type: response and error flag, six bits that ntpd sets to the version 2, eight bits of
 * operation (RFC 5906 §10 draws the two the other way round). NTS's cookie, 0x0204, lies among them; it is always longer.
 */
function isAutokey(type: number): boolean {
  return (type & 0x3f00) === 0x0200;
}

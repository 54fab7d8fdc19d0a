/**
 * The records of NTS key establishment (RFC 8915 §4): octets ↔ records. What they mean is `security/nts/ke.ts`'s.
 *
 * ```text
 * +-+-------------------------------------------------------------+
 * |C|         Record Type         |          Body Length          |   0
 * |                          Record Body                          |   4
 * +---------------------------------------------------------------+
 * ```
 *
 * A message is a row of records that an End of Message closes, so it says itself where it ends: octets are collected
 * until it does. The length, unlike an extension field's, is that of the body alone, and nothing is padded.
 */

/** The port of NTS-KE (RFC 8915 §7.1), TCP. */
export const KE_PORT = 4460;

/** The record types (RFC 8915 §7.6), and chrony's in the experimental range. */
export const KE_RECORDS = {
  endOfMessage: 0,
  nextProtocol: 1,
  error: 2,
  warning: 3,
  aead: 4,
  newCookie: 5,
  server: 6,
  port: 7,
  /** Both sides derive AES-128-GCM-SIV's keys as §5.1 has it, which chrony before 4.6.1 did not. */
  compliantExporter: 1024,
} as const;

/** One record. */
export interface KeRecord {
  /** Whether who does not know the type must take it for an error. */
  readonly critical: boolean;
  /** Unsigned 15 bits. */
  readonly type: number;
  /** A view into the message. */
  readonly body: Uint8Array;
}

/** Why octets are no message. */
export type KeFault =
  | "endOfMessage" // an End of Message with a body, or without the critical bit
  | "afterEnd" // octets after the End of Message
  | "tooLong"; // no end within the limit

/** What some octets are. */
export type KeMessage =
  /** A whole message; the End of Message is not among the records. */
  | { readonly kind: "message"; readonly records: readonly KeRecord[] }
  /** More octets must come. */
  | { readonly kind: "incomplete" }
  | { readonly kind: "malformed"; readonly fault: KeFault };

/** The most octets of a message taken from a client; 1024 must be (RFC 8915 §4). */
export const MAX_KE_REQUEST = 4096;

/** The most octets of a message taken from a server, as the RFC recommends. */
export const MAX_KE_RESPONSE = 65_536;

const RECORD_HEADER = 4;

/**
 * Reads a message. Nothing is copied.
 * @param bytes all that has come so far
 * @param limit octets, {@link MAX_KE_REQUEST} or {@link MAX_KE_RESPONSE}
 */
export function decodeKeMessage(bytes: Uint8Array, limit: number): KeMessage {
  const records: KeRecord[] = [];
  for (let offset = 0; ;) {
    const record = readRecord(bytes, offset);
    offset += RECORD_HEADER + (record?.body.length ?? 0);
    if (record === null) return bytes.length >= limit ? malformed("tooLong") : { kind: "incomplete" };
    if (offset > limit) return malformed("tooLong");
    if (record.type === KE_RECORDS.endOfMessage) return ended(records, record, bytes.length - offset);
    records.push(record);
  }
}

/**
 * The octets of a message; the End of Message is added.
 * @throws RangeError when a type has more than 15 bits or a body more than 65535 octets
 */
export function encodeKeMessage(records: readonly KeRecord[]): Uint8Array {
  const all = [...records, { critical: true, type: KE_RECORDS.endOfMessage, body: new Uint8Array(0) }];
  const octets = new Uint8Array(all.reduce((length, { body }) => length + RECORD_HEADER + body.length, 0));
  const view = new DataView(octets.buffer);
  let offset = 0;
  for (const { critical, type, body } of all) {
    if (type < 0 || type > 0x7fff) throw new RangeError(`a record type has 15 bits: ${type}`);
    if (body.length > 0xffff) throw new RangeError(`a record cannot carry ${body.length} octets`);
    view.setUint16(offset, type | (critical ? CRITICAL : 0));
    view.setUint16(offset + 2, body.length);
    octets.set(body, offset + RECORD_HEADER);
    offset += RECORD_HEADER + body.length;
  }
  return octets;
}

/** A body of unsigned 16-bit integers. */
export function encodeNumbers(numbers: readonly number[]): Uint8Array {
  const body = new Uint8Array(numbers.length * 2);
  const view = new DataView(body.buffer);
  numbers.forEach((number, index) => view.setUint16(index * 2, number));
  return body;
}

/**
 * The unsigned 16-bit integers of a body.
 * @returns `null` when half of one is missing
 */
export function readNumbers(body: Uint8Array): readonly number[] | null {
  if (body.length % 2 !== 0) return null;
  return Array.from({ length: body.length / 2 }, (_, index) => (body[index * 2]! << 8) | body[index * 2 + 1]!);
}

const CRITICAL = 0x8000;

/** The record at an offset; `null` when it is not all there. */
function readRecord(bytes: Uint8Array, offset: number): KeRecord | null {
  if (bytes.length - offset < RECORD_HEADER) return null;
  const bodyAt = offset + RECORD_HEADER;
  const length = (bytes[offset + 2]! << 8) | bytes[offset + 3]!;
  if (bytes.length - bodyAt < length) return null;
  return {
    critical: (bytes[offset]! & 0x80) !== 0,
    type: ((bytes[offset]! & 0x7f) << 8) | bytes[offset + 1]!,
    body: bytes.subarray(bodyAt, bodyAt + length),
  };
}

function ended(records: readonly KeRecord[], end: KeRecord, left: number): KeMessage {
  if (!end.critical || end.body.length > 0) return malformed("endOfMessage");
  return left > 0 ? malformed("afterEnd") : { kind: "message", records };
}

function malformed(fault: KeFault): KeMessage {
  return { kind: "malformed", fault };
}

/**
 * Autokey's extension fields (RFC 5906 §10): which message, of which association, and the signed value that it carries.
 *
 * ```text
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |R|E|  Version  |     Code      |            Length             |   0
 * |                        Association ID                         |   4
 * |                           Timestamp                           |   8
 * |                           Filestamp                           |  12
 * |                        Value Length (v)                       |  16
 * |                  Value, zero-padded to a word                 |  20
 * |                      Signature Length (s)                     |  20 + v
 * |                Signature, zero-padded to a word               |  24 + v
 * +---------------------------------------------------------------+  24 + v + s
 * ```
 *
 * The version stands in the high octet, 2 as ntpd sends it; RFC 5906 draws code and version the other way round. Requests for
 * the autokey values and the leap seconds, and answers that have nothing to say, end with the association ID. Of an ASSOC
 * message the filestamp is the sender's status word.
 */
import type { ExtensionField } from "./extension.ts";

/** Messages by their codes (RFC 5906 §10). */
export const AUTOKEY_MESSAGES: Readonly<Record<number, string>> = {
  0: "NOOP",
  1: "ASSOC",
  2: "CERT",
  3: "COOKIE",
  4: "AUTO",
  5: "LEAP",
  6: "SIGN",
  7: "IFF",
  8: "GQ",
  9: "MV",
};

/** Codes by the names of {@link AUTOKEY_MESSAGES}, for those who send. */
export const AUTOKEY_CODES = {
  ASSOC: 1,
  CERT: 2,
  COOKIE: 3,
  AUTO: 4,
  LEAP: 5,
  SIGN: 6,
  IFF: 7,
  GQ: 8,
  MV: 9,
} as const;

/** A field's header. */
export interface AutokeyField {
  /** A name of {@link AUTOKEY_MESSAGES}, or the code in digits. */
  readonly message: string;
  readonly response: boolean;
  readonly error: boolean;
  /** 0: none yet. */
  readonly associationId: number;
  /** NTP seconds of the current era; 0: unknown; `null`: a request that carries none. */
  readonly timestamp: number | null;
  /** When what it carries was made, likewise. */
  readonly filestamp: number | null;
}

/** What a message carries, and by whom it is vouched for. */
export interface AutokeyValue {
  /** When it was signed: NTP seconds of the current era; 0: by nobody who is synchronized. */
  readonly timestamp: number;
  /** When what it carries was made, likewise; of ASSOC the status word. */
  readonly filestamp: number;
  /** Without padding; at least one octet where it was read. */
  readonly value: Uint8Array;
  /** Of timestamp, filestamp, value length and value; empty: not signed. */
  readonly signature: Uint8Array;
}

/** A whole message. */
export interface AutokeyMessage {
  /** A key of {@link AUTOKEY_MESSAGES}. */
  readonly code: number;
  readonly response: boolean;
  readonly error: boolean;
  readonly associationId: number;
  /** `null`: it ends with the association ID. */
  readonly content: AutokeyValue | null;
}

/** Why a field of Autokey's is not a message. */
export type AutokeyFieldFault =
  | "fieldLength" // it ends within its header, or within the lengths and stamps of its value
  | "valueLength" // the value is empty, or runs off the field's end
  | "signatureLength" // the signature runs off the field's end
  | "surplus"; // octets follow the signature

/** The version ntpd sends. */
const VERSION = 2;

const RESPONSE = 0x8000;
const ERROR = 0x4000;

/** Octets of the association ID. */
const ID_LENGTH = 4;

/** Octets of the association ID, the stamps and the value's length, which come before a value. */
const BEFORE_VALUE = 16;

/** Octets of a signature's length. */
const SIGNATURE_HEADER = 4;

/** Whether a field's type is one of Autokey's messages, and none of another protocol's: NTS's cookie has type 0x0204, too. */
export function isAutokeyType(type: number): boolean {
  return ((type >> 8) & 0x3f) === VERSION && Object.hasOwn(AUTOKEY_MESSAGES, type & 0xff);
}

/** The type of the message by which a dance begins: the question who it is, or that it says so. */
export function associationType(response: boolean): number {
  return (response ? RESPONSE : 0) | (VERSION << 8) | AUTOKEY_CODES.ASSOC;
}

/** Reads the header of a field of a type that {@link isAutokeyType} knows. */
export function readAutokey({ type, value }: Pick<ExtensionField, "type" | "value">): AutokeyField {
  const view = viewOf(value);
  const word = (offset: number): number | null => (value.length >= offset + 4 ? view.getUint32(offset) : null);
  const code = type & 0xff;
  return {
    message: AUTOKEY_MESSAGES[code] ?? String(code),
    response: (type & RESPONSE) !== 0,
    error: (type & ERROR) !== 0,
    associationId: word(0) ?? 0,
    timestamp: word(4),
    filestamp: word(8),
  };
}

/**
 * Reads a whole message. Nothing is copied: value and signature are views.
 * @param field of a type that {@link isAutokeyType} knows
 */
export function readAutokeyMessage({
  type,
  value: octets,
}: Pick<ExtensionField, "type" | "value">): AutokeyMessage | AutokeyFieldFault {
  if (octets.length < ID_LENGTH) return "fieldLength";
  const content = octets.length === ID_LENGTH ? null : readContent(octets);
  if (typeof content === "string") return content;
  return {
    code: type & 0xff,
    response: (type & RESPONSE) !== 0,
    error: (type & ERROR) !== 0,
    associationId: viewOf(octets).getUint32(0),
    content,
  };
}

/** The field of a message, for `encodePacket`. */
export function autokeyField({ code, response, error, associationId, content }: AutokeyMessage): {
  readonly type: number;
  readonly value: Uint8Array;
} {
  const type = (response ? RESPONSE : 0) | (error ? ERROR : 0) | (VERSION << 8) | code;
  const octets = new Uint8Array(content === null ? ID_LENGTH : contentEnd(content));
  const view = viewOf(octets);
  view.setUint32(0, associationId);
  if (content !== null) {
    const { timestamp, filestamp, value, signature } = content;
    view.setUint32(4, timestamp);
    view.setUint32(8, filestamp);
    view.setUint32(12, value.length);
    octets.set(value, BEFORE_VALUE);
    const after = BEFORE_VALUE + padded(value.length);
    view.setUint32(after, signature.length);
    octets.set(signature, after + SIGNATURE_HEADER);
  }
  return { type, value: octets };
}

/** What a message's signature vouches for (RFC 5906 §10): stamps, the value's length, and the value without its padding. */
export function signedOctets({ timestamp, filestamp, value }: Omit<AutokeyValue, "signature">): Uint8Array {
  const octets = new Uint8Array(12 + value.length);
  const view = viewOf(octets);
  view.setUint32(0, timestamp);
  view.setUint32(4, filestamp);
  view.setUint32(8, value.length);
  octets.set(value, 12);
  return octets;
}

function readContent(octets: Uint8Array): AutokeyValue | AutokeyFieldFault {
  if (octets.length < BEFORE_VALUE + SIGNATURE_HEADER) return "fieldLength";
  const view = viewOf(octets);
  const valueLength = view.getUint32(12);
  const after = BEFORE_VALUE + padded(valueLength);
  if (valueLength === 0 || after + SIGNATURE_HEADER > octets.length) return "valueLength";
  const signatureLength = view.getUint32(after);
  const end = after + SIGNATURE_HEADER + padded(signatureLength);
  if (end > octets.length) return "signatureLength";
  if (end < octets.length) return "surplus";
  const signatureStart = after + SIGNATURE_HEADER;
  return {
    timestamp: view.getUint32(4),
    filestamp: view.getUint32(8),
    value: octets.subarray(BEFORE_VALUE, BEFORE_VALUE + valueLength),
    signature: octets.subarray(signatureStart, signatureStart + signatureLength),
  };
}

function contentEnd({ value, signature }: AutokeyValue): number {
  return BEFORE_VALUE + padded(value.length) + SIGNATURE_HEADER + padded(signature.length);
}

/** Without the operators of 32 bits: a length that lies may have all of them. */
function padded(length: number): number {
  return Math.ceil(length / 4) * 4;
}

function viewOf(octets: Uint8Array): DataView {
  return new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
}

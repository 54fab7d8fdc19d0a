/**
 * Mode 6 control messages: octets ↔ fields (RFC 9327 §2).
 *
 * ```text
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |LI | VN  |  6  |R|E|M| opcode  |       Sequence Number         |   0
 * |            Status             |       Association ID          |   4
 * |            Offset             |            Count              |   8
 * |                    Data, 0 … 468 octets                       |  12
 * |     Padding to a word; before a MAC, to two words             |
 * |             Key identifier and digest, if any                 |
 * +---------------------------------------------------------------+
 * ```
 *
 * An error response has its MAC behind the data's word, without the second; told that a MAC was wrong, a client gets a key
 * identifier 0 there and no digest (ntpd's `ctl_error`).
 */
import { LEAPS, MODES, type Leap } from "./header.ts";
import { encodeMac, isMacLength, readMac, type Mac } from "./mac.ts";

/** Octets before the data. */
export const CONTROL_HEADER_LENGTH = 12;

/** The most octets of data in one message (RFC 9327 §2 "Data"). */
export const CONTROL_DATA_LIMIT = 468;

/** The version that clients of ntpd ask by: daemons answer with the request's, and all know this one. */
export const CONTROL_VERSION = 2;

/** Operations by their codes (RFC 9327 table 1). */
export const OPERATIONS = {
  reserved: 0,
  readStatus: 1,
  readVariables: 2,
  writeVariables: 3,
  readClock: 4,
  writeClock: 5,
  setTrap: 6,
  trap: 7,
  configure: 8,
  saveConfiguration: 9,
  readMru: 10,
  readOrderedList: 11,
  requestNonce: 12,
  unsetTrap: 31,
} as const;

/** What a message asks for or answers. */
export type Operation = keyof typeof OPERATIONS;

/** Error codes in the upper half of an error response's status, 0 … 7 (RFC 9327 table 9). */
export const CONTROL_ERRORS = [
  "unspecified",
  "authentication",
  "format",
  "operation",
  "association",
  "variable",
  "value",
  "prohibited",
] as const;

/** Why a daemon refused. Codes that have no name are `unspecified`. */
export type ControlError = (typeof CONTROL_ERRORS)[number];

/** The fields of the header, without the data. */
export interface ControlHeader {
  /** The server's in responses of ntpd; `none` in requests. */
  readonly leap: Leap;
  /** 0 … 7 */
  readonly version: number;
  readonly response: boolean;
  readonly error: boolean;
  /** More fragments follow. */
  readonly more: boolean;
  /** 0 … 31, see {@link OPERATIONS}. */
  readonly operation: number;
  /** Unsigned 16 bits, as all that follow. */
  readonly sequence: number;
  readonly status: number;
  /** 0: the system. */
  readonly association: number;
  /** Where the data stands in the whole response, octets. */
  readonly offset: number;
}

/** A message without its MAC. */
export interface ControlMessage extends ControlHeader {
  /** At most {@link CONTROL_DATA_LIMIT} octets from a daemon that keeps to RFC 9327. */
  readonly data: Uint8Array;
}

/** A message as it came. */
export interface Control extends ControlMessage {
  readonly kind: "control";
  readonly mac: Mac | null;
  /** How many octets from the start the digest covers; up to there, if there is no MAC. */
  readonly covered: number;
}

/** Why octets are no message. */
export type ControlFormatFault =
  | "short" // less than the header
  | "mode" // another mode than 6
  | "version" // neither 1 nor 2, 3 or 4
  | "unaligned" // not a multiple of 4 octets
  | "count"; // more data claimed than there is

/** What is no message, and as much of a header as there is, so that a server can say so to whoever sent it. */
export interface MalformedControl {
  readonly kind: "malformed";
  readonly fault: ControlFormatFault;
  readonly header: ControlHeader | null;
}

/**
 * Reads a message. Never throws.
 * @param bytes the datagram; the result's data and digest are views into it
 */
export function decodeControl(bytes: Uint8Array): Control | MalformedControl {
  if (bytes.length < CONTROL_HEADER_LENGTH) return { kind: "malformed", fault: "short", header: null };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if ((view.getUint8(0) & 7) !== CONTROL_MODE) return { kind: "malformed", fault: "mode", header: null };
  const header = readHeader(view);
  const count = view.getUint16(10);
  const fault = formatFault(header, bytes.length, count);
  if (fault !== null) return { kind: "malformed", fault, header };
  const end = CONTROL_HEADER_LENGTH + count;
  const covered = coveredOctets(end, header.error);
  const trailer = bytes.length - covered;
  return {
    kind: "control",
    ...header,
    data: bytes.subarray(CONTROL_HEADER_LENGTH, end),
    mac: isMacLength(trailer) ? readMac(bytes, covered) : null,
    covered: Math.min(covered, bytes.length),
  };
}

/**
 * The octets of a message without a MAC, padded to a word.
 * @throws RangeError when the data is longer than {@link CONTROL_DATA_LIMIT}
 */
export function encodeControl(message: ControlMessage): Uint8Array {
  return encoded(message, aligned(CONTROL_HEADER_LENGTH + message.data.length, 4));
}

/**
 * The octets of a message and its MAC.
 * @param seal makes the MAC of the octets it covers
 * @throws RangeError when the data is longer than {@link CONTROL_DATA_LIMIT}
 */
export function encodeSealedControl(message: ControlMessage, seal: (covered: Uint8Array) => Mac): Uint8Array {
  const covered = encoded(message, coveredOctets(CONTROL_HEADER_LENGTH + message.data.length, message.error));
  const mac = encodeMac(seal(covered));
  const bytes = new Uint8Array(covered.length + mac.length);
  bytes.set(covered);
  bytes.set(mac, covered.length);
  return bytes;
}

/** The error that an error response's status says (RFC 9327 §3.4). */
export function controlError(status: number): ControlError {
  return CONTROL_ERRORS[status >> 8] ?? "unspecified";
}

const CONTROL_MODE = MODES.indexOf("control");

const RESPONSE = 0x80;
const ERROR = 0x40;
const MORE = 0x20;
const OPERATION_MASK = 0x1f;

function readHeader(view: DataView): ControlHeader {
  const first = view.getUint8(0);
  const second = view.getUint8(1);
  return {
    leap: LEAPS[first >> 6]!,
    version: (first >> 3) & 7,
    response: (second & RESPONSE) !== 0,
    error: (second & ERROR) !== 0,
    more: (second & MORE) !== 0,
    operation: second & OPERATION_MASK,
    sequence: view.getUint16(2),
    status: view.getUint16(4),
    association: view.getUint16(6),
    offset: view.getUint16(8),
  };
}

function formatFault({ version }: ControlHeader, length: number, count: number): ControlFormatFault | null {
  if (version < 1 || version > 4) return "version";
  if (length % 4 !== 0) return "unaligned";
  return CONTROL_HEADER_LENGTH + count > length ? "count" : null;
}

/** What a digest covers: data padded to two words, in errors to one. */
function coveredOctets(end: number, error: boolean): number {
  return aligned(end, error ? 4 : 8);
}

function aligned(length: number, to: number): number {
  return Math.ceil(length / to) * to;
}

function encoded(message: ControlMessage, length: number): Uint8Array {
  const { data } = message;
  if (data.length > CONTROL_DATA_LIMIT)
    throw new RangeError(`a control message carries ${CONTROL_DATA_LIMIT} octets of data, not ${data.length}`);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, (LEAPS.indexOf(message.leap) << 6) | ((message.version & 7) << 3) | CONTROL_MODE);
  view.setUint8(
    1,
    (message.response ? RESPONSE : 0) |
      (message.error ? ERROR : 0) |
      (message.more ? MORE : 0) |
      (message.operation & OPERATION_MASK),
  );
  view.setUint16(2, message.sequence);
  view.setUint16(4, message.status);
  view.setUint16(6, message.association);
  view.setUint16(8, message.offset);
  view.setUint16(10, data.length);
  bytes.set(data, CONTROL_HEADER_LENGTH);
  return bytes;
}

/**
 * chrony's command protocol, version 6: octets ↔ fields (chrony `candm.h`). It is what chronyc speaks on UDP port 323 and
 * on chronyd's Unix socket.
 *
 * ```text
 * request                                           reply
 *   version 6 | type 1 | 0 | 0                  0     version 6 | type 2 | 0 | 0                  0
 *   command u16 | attempt u16                   4     command u16 | reply u16                     4
 *   sequence u32                                8     status u16 | 0 | 0 | 0                      8
 *   0 | 0                                      12     sequence u32 | 0 | 0                       16
 *   data                                       20     data                                       28
 * ```
 *
 * A request is at least as long as its reply, so that nobody is hit by more than was sent: shorter ones are padded with
 * zeros, and chronyd refuses others. `cmdmonreply.ts` reads what replies carry.
 */
import { addressOctets } from "../wire/address.ts";

/** The protocol's version. */
export const CMDMON_VERSION = 6;

/** The port chronyd listens on. */
export const CMDMON_PORT = 323;

/** What a question says besides its name. */
export type CmdmonArgument = "none" | "index" | "address";

/** A row of the table of questions. */
export interface CommandRow {
  readonly code: number;
  readonly argument: CmdmonArgument;
  /** Octets of the longest reply's data, in any release since chrony 4. */
  readonly replyLength: number;
}

/** A question's name. */
export type CmdmonCommand =
  | "countSources"
  | "source"
  | "tracking"
  | "sourceStats"
  | "activity"
  | "serverStats"
  | "ntpData"
  | "sourceName"
  | "authData"
  | "selectData";

/** The questions, as one table. */
export const COMMANDS: Readonly<Record<CmdmonCommand, CommandRow>> = {
  countSources: { code: 14, argument: "none", replyLength: 4 },
  source: { code: 15, argument: "index", replyLength: 48 },
  tracking: { code: 33, argument: "none", replyLength: 76 },
  sourceStats: { code: 34, argument: "index", replyLength: 56 },
  activity: { code: 44, argument: "none", replyLength: 20 },
  serverStats: { code: 54, argument: "none", replyLength: 168 },
  ntpData: { code: 57, argument: "address", replyLength: 144 },
  sourceName: { code: 65, argument: "address", replyLength: 256 },
  authData: { code: 67, argument: "address", replyLength: 24 },
  selectData: { code: 69, argument: "index", replyLength: 48 },
};

/** Why chronyd refuses, by status code (chrony `STT_…`). */
const REFUSALS = new Map<number, CmdmonRefusal>([
  [2, "socketOnly"],
  [3, "unknownCommand"],
  [4, "noSuchSource"],
  [6, "notEnabled"],
  [15, "inactive"],
  [18, "version"],
  [19, "length"],
]);

/** Why chronyd refuses. */
export type CmdmonRefusal =
  | "socketOnly" // only over its Unix socket: from the network it tells little
  | "unknownCommand" // its release does not know it
  | "noSuchSource"
  | "notEnabled"
  | "inactive"
  | "version"
  | "length"
  | "failed"; // any other

/** One question. */
export interface CmdmonRequest {
  readonly command: CmdmonCommand;
  /** Of a source, from 0. */
  readonly index?: number;
  /** Of a source, an IP literal or `ID#…` as chronyd names those without address. */
  readonly address?: string;
}

/** A reply as it came. */
export interface CmdmonReply {
  readonly command: number;
  /** Which form the data has, `RPY_…`. */
  readonly reply: number;
  readonly sequence: number;
  /** `null`: done. */
  readonly refusal: CmdmonRefusal | null;
  readonly data: Uint8Array;
}

/**
 * The octets of a request, padded.
 * @param sequence unsigned 32 bits
 * @param attempt how often it was sent before
 * @returns `null` when the address is none
 */
export function encodeCmdmon(request: CmdmonRequest, sequence: number, attempt: number): Uint8Array | null {
  const { code, argument, replyLength } = COMMANDS[request.command];
  const data = argumentOctets(argument, request);
  if (data === null) return null;
  const bytes = new Uint8Array(Math.max(REQUEST_HEADER + data.length, REPLY_HEADER + replyLength));
  const view = new DataView(bytes.buffer);
  bytes.set([CMDMON_VERSION, REQUEST]);
  view.setUint16(4, code);
  view.setUint16(6, attempt);
  view.setUint32(8, sequence);
  bytes.set(data, REQUEST_HEADER);
  return bytes;
}

/**
 * Reads a reply. Never throws.
 * @returns `null` when it is none of this protocol
 */
export function decodeCmdmon(bytes: Uint8Array): CmdmonReply | null {
  if (bytes.length < REPLY_HEADER) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const status = view.getUint16(8);
  const versioned = bytes[0] === CMDMON_VERSION || REFUSALS.get(status) === "version";
  if (!versioned || bytes[1] !== REPLY || view.getUint16(2) !== 0) return null;
  return {
    command: view.getUint16(4),
    reply: view.getUint16(6),
    sequence: view.getUint32(16),
    refusal: status === 0 ? null : (REFUSALS.get(status) ?? "failed"),
    data: bytes.subarray(REPLY_HEADER),
  };
}

/**
 * chrony's 32-bit float: a signed exponent of 7 bits and a signed coefficient of 25, coefficient × 2^(exponent − 25).
 * @param word unsigned 32 bits
 */
export function fromCmdmonFloat(word: number): number {
  const exponent = (word | 0) >> 25;
  const coefficient = (word << 7) >> 7;
  return coefficient * 2 ** (exponent - 25);
}

const REQUEST_HEADER = 20;
const REPLY_HEADER = 28;
const REQUEST = 1;
const REPLY = 2;

/** Address families of the protocol; an identifier stands for a source whose name is not resolved yet. */
export const CMDMON_FAMILIES = { none: 0, ipv4: 1, ipv6: 2, id: 3 } as const;

const IDENTIFIER = /^ID#(\d{1,10})$/;

function argumentOctets(argument: CmdmonArgument, { index = 0, address = "" }: CmdmonRequest): Uint8Array | null {
  if (argument === "none") return new Uint8Array(0);
  if (argument === "address") return addressField(address);
  const octets = new Uint8Array(4);
  new DataView(octets.buffer).setUint32(0, index);
  return octets;
}

/** Sixteen octets of address, two of family, two of padding. */
function addressField(address: string): Uint8Array | null {
  const octets = new Uint8Array(20);
  const view = new DataView(octets.buffer);
  const [, id] = IDENTIFIER.exec(address) ?? [];
  if (id !== undefined) {
    view.setUint32(0, Number(id));
    view.setUint16(16, CMDMON_FAMILIES.id);
    return octets;
  }
  const literal = addressOctets(address);
  if (literal === null) return null;
  octets.set(literal);
  view.setUint16(16, literal.length === 4 ? CMDMON_FAMILIES.ipv4 : CMDMON_FAMILIES.ipv6);
  return octets;
}

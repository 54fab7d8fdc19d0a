/**
 * A whole NTP packet: header, extension fields and the MAC trailer (RFC 5905 §7.3, RFC 7822).
 *
 * Decoding returns what came, or names the fault; it never throws on what the network sends, and it never judges: the
 * packet tests of `association/` do that.
 */
import { concatenate, memoryOf } from "./octets.ts";
import {
  EXTENSION_HEADER_LENGTH,
  MIN_EXTENDED_LENGTH,
  encodeExtension,
  readExtension,
  type ExtensionField,
} from "./extension.ts";
import { HEADER_LENGTH, VERSION, encodeHeader, readHeader, type Header } from "./header.ts";
import { encodeMac, isMacLength, readMac, type Mac } from "./mac.ts";

/** Why some octets are not an NTP packet. One name a cause, the same in notes, JSON and counters. */
export type PacketFault =
  | "tooShort" // fewer than 48 octets
  | "tooLong" // more than any NTP packet may have
  | "version" // a version other than 1 … 4
  | "mode" // mode 0, or the control and private modes, which have formats of their own
  | "extensionLength" // an extension field's length is too small, not a multiple of 4, or runs off the end
  | "macLength"; // what is left over cannot be a MAC

/** A packet that was understood. */
export interface Packet {
  readonly kind: "packet";
  readonly header: Header;
  /** In order of appearance; empty in most packets. */
  readonly extensions: readonly ExtensionField[];
  /** The trailer; a key identifier without digest is a crypto-NAK; `null` where there is none. */
  readonly mac: Mac | null;
  /** Octets the MAC covers: header and extension fields. */
  readonly covered: number;
}

/** Octets that are not a packet we understand. */
export interface Malformed {
  readonly kind: "malformed";
  readonly fault: PacketFault;
}

/** What {@link encodePacket} takes; a {@link Packet} is one. */
export interface PacketParts {
  readonly header: Header;
  /** In order; values without padding, or with it. */
  readonly extensions: readonly Pick<ExtensionField, "type" | "value">[];
  readonly mac: Mac | null;
}

/**
 * The longest datagram taken for NTP, octets. The longest real ones are Autokey's certificates, about 2000; a bound
 * keeps a flood of datagrams full of tiny fields from costing more than other floods (RFC 7822 §4).
 */
export const MAX_PACKET_LENGTH = 4096;

/**
 * Reads a datagram. Nothing is copied: the extension fields and the digest are views into it.
 *
 * After the header, what remains is told apart by its length alone (RFC 7822 §7.5.1): 4, 20 or 24 octets are a MAC, as
 * ntpd and chrony have it too; at least 28 begin with an extension field; anything else is no packet. Before version 4
 * there were no extension fields.
 * @param bytes as they came, of any length and content
 */
export function decodePacket(bytes: Uint8Array): Packet | Malformed {
  if (bytes.length < HEADER_LENGTH) return MALFORMED.tooShort;
  if (bytes.length > MAX_PACKET_LENGTH) return MALFORMED.tooLong;
  const version = (bytes[0]! >> 3) & 7;
  if (version < 1 || version > VERSION) return MALFORMED.version;
  const mode = bytes[0]! & 7;
  if (mode < FIRST_MODE || mode > LAST_MODE) return MALFORMED.mode;

  const header = readHeader(memoryOf(bytes), bytes.byteOffset);
  if (bytes.length > HEADER_LENGTH) return withTrailer(header, bytes);
  return { kind: "packet", header, extensions: NO_EXTENSIONS, mac: null, covered: HEADER_LENGTH };
}

/**
 * Writes a datagram of its own; the opposite of {@link decodePacket}. Extension fields are zero-padded to a word and to
 * the length that their place asks for (RFC 7822 §7.5, §7.5.1.4).
 * @throws RangeError when a digest or a value has a length that does not fit, or a version before 4 is to have extension fields
 */
export function encodePacket(packet: PacketParts): Uint8Array {
  const { header, extensions, mac } = packet;
  if (extensions.length > 0 && header.version < VERSION) {
    throw new RangeError(`NTP version ${header.version} has no extension fields`);
  }
  const trailer = mac === null ? NO_OCTETS : encodeMac(mac);
  const fields = extensions.map(({ type, value }, index) => {
    const isLast = index === extensions.length - 1;
    return encodeExtension(type, value, isLast ? MIN_EXTENDED_LENGTH - trailer.length : 0);
  });
  return concatenate([encodeHeader(header), ...fields, trailer]);
}

/** Symmetric active to broadcast (RFC 5905 figure 10). */
const FIRST_MODE = 1;
const LAST_MODE = 5;

const NO_OCTETS = new Uint8Array(0);
const NO_EXTENSIONS: readonly ExtensionField[] = Object.freeze([]);

/** Malformed packets come in floods: one value a fault, made once. */
const MALFORMED: { readonly [Fault in PacketFault]: Malformed } = {
  tooShort: Object.freeze({ kind: "malformed", fault: "tooShort" }),
  tooLong: Object.freeze({ kind: "malformed", fault: "tooLong" }),
  version: Object.freeze({ kind: "malformed", fault: "version" }),
  mode: Object.freeze({ kind: "malformed", fault: "mode" }),
  extensionLength: Object.freeze({ kind: "malformed", fault: "extensionLength" }),
  macLength: Object.freeze({ kind: "malformed", fault: "macLength" }),
};

/** The rest of a datagram that goes on after its header. */
function withTrailer(header: Header, bytes: Uint8Array): Packet | Malformed {
  const extensions: ExtensionField[] = [];
  let offset = HEADER_LENGTH;
  for (let left = bytes.length - offset; left > 0; left = bytes.length - offset) {
    if (isMacLength(left)) return { kind: "packet", header, extensions, mac: readMac(bytes, offset), covered: offset };
    if (left < MIN_EXTENDED_LENGTH || header.version < VERSION) return MALFORMED.macLength;
    const field = readExtension(bytes, offset);
    if (field === null) return MALFORMED.extensionLength;
    extensions.push(field);
    offset += EXTENSION_HEADER_LENGTH + field.value.length;
  }
  return { kind: "packet", header, extensions, mac: null, covered: offset };
}

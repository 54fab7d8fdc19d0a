/**
 * `ntpkit/wire`: packets only, for those who have sockets of their own. Octets in, meaning out, and back; no I/O, nothing of Node's.
 *
 * ```ts
 * import { decodePacket, kissCode, refidText } from "ntpkit/wire";
 * const packet = decodePacket(octets);
 * if (packet.kind === "packet") console.log(packet.header.stratum, refidText(packet.header.stratum, packet.header.referenceId));
 * ```
 */
export {
  decodeControl,
  encodeControl,
  type Control,
  type ControlMessage,
  type MalformedControl,
} from "./wire/control.ts";
export { encodeExtension, readExtension, type ExtensionField } from "./wire/extension.ts";
export { encodeHeader, HEADER_LENGTH, readHeader, type Header, type Leap, type Mode } from "./wire/header.ts";
export { kissAction, kissCode, kissText, type KissAction } from "./wire/kiss.ts";
export { encodeMac, isCryptoNak, readMac, type Mac } from "./wire/mac.ts";
export { NTS_FIELDS, readAuthenticator, type Authenticator } from "./wire/nts.ts";
export {
  decodePacket,
  encodePacket,
  type Malformed,
  type Packet,
  type PacketFault,
  type PacketParts,
} from "./wire/packet.ts";
export { readPrivate, type PrivateMessage } from "./wire/private.ts";
export { refidText, refidWord } from "./wire/refid.ts";
export {
  difference,
  fromUnix,
  shift,
  timestamp,
  toIso,
  unfold,
  UNKNOWN_TIME,
  type NtpTimestamp,
  type UnixNanoseconds,
} from "./time/timestamp.ts";
export type { Frequency, PollExponent, Seconds } from "./time/seconds.ts";

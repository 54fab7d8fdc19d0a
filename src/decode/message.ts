/** What a datagram of the NTP port is: a packet that carries time, a control message, a private one, or nothing of these. */
import { decodeControl, type Control, type ControlFormatFault } from "../wire/control.ts";
import { HEADER_LENGTH, MODES, type Mode } from "../wire/header.ts";
import { decodePacket, type Packet, type PacketFault } from "../wire/packet.ts";
import { PRIVATE_HEADER_LENGTH, readPrivate, type PrivateMessage } from "../wire/private.ts";

/** A datagram, read. */
export type Message =
  | {
      readonly kind: "ntp";
      readonly packet: Packet;
      /** The snap length cut off what follows the header: extension fields and MAC are not known. */
      readonly cut: boolean;
    }
  | { readonly kind: "control"; readonly control: Control }
  | { readonly kind: "private"; readonly message: PrivateMessage }
  | { readonly kind: "malformed"; readonly fault: MessageFault };

/** Why a datagram is none of these. */
export type MessageFault = PacketFault | ControlFormatFault | "cut"; // the snap length left less of it than a header

const CONTROL: Mode = "control";
const PRIVATE: Mode = "private";

/**
 * Reads a datagram.
 * @param bytes what was captured of it
 * @param length octets it had; more than were captured where the snap length cut it
 */
export function readMessage(bytes: Uint8Array, length: number): Message {
  const mode = MODES[(bytes[0] ?? 0) & 7];
  const cut = bytes.length < length;
  if (mode === CONTROL) return readControl(bytes, cut);
  if (mode === PRIVATE && bytes.length >= PRIVATE_HEADER_LENGTH)
    return { kind: "private", message: readPrivate(bytes)! };
  if (cut && bytes.length < HEADER_LENGTH) return { kind: "malformed", fault: "cut" };
  const packet = decodePacket(cut ? bytes.subarray(0, HEADER_LENGTH) : bytes);
  return packet.kind === "packet" ? { kind: "ntp", packet, cut } : packet;
}

function readControl(bytes: Uint8Array, cut: boolean): Message {
  const control = decodeControl(bytes);
  if (control.kind === "control") return { kind: "control", control };
  return { kind: "malformed", fault: cut ? "cut" : control.fault };
}

/**
 * A whole NTP packet: header, extension fields and the MAC trailer (RFC 5905 §7.3, RFC 7822).
 *
 * Decoding returns what came, or names the fault; it never throws on what the network sends, and it never judges: the
 * packet tests of `association/` do that.
 */
import type { ExtensionField } from "./extension.ts";
import type { Header } from "./header.ts";
import type { Mac } from "./mac.ts";

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

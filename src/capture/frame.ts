/**
 * What a capture file holds: frames of a link, each with the moment it was seen; and what is the matter with the file.
 */
import type { UnixNanoseconds } from "../time/timestamp.ts";

/** One packet of a capture file, as its link carried it. */
export interface Frame {
  readonly kind: "frame";
  /** Counted from 1, every packet of the file, as other tools number them. */
  readonly packet: number;
  /** When the capturing machine saw it; `null` in pcapng's simple packets, which do not say. */
  readonly at: UnixNanoseconds | null;
  /** The LINKTYPE_ number of its interface. */
  readonly link: number;
  /** The octets captured, a view; fewer than `length` where the snap length cut it. */
  readonly bytes: Uint8Array;
  /** Octets it had on the link. */
  readonly length: number;
}

/** Why a file cannot be read, or not further. */
export const CAPTURE_FAULTS = {
  empty: "it is empty",
  format: "it is neither pcap nor pcapng",
  version: "its format has a version nobody has heard of",
  cut: "it ends in the midst of a packet",
  recordLength: "a packet's length is impossible",
  blockLength: "a block's length is impossible",
  interface: "a packet is of an interface that was not described",
  interfaces: "it describes more interfaces than any machine has",
} as const;

/** The name of a fault of the file. */
export type CaptureFault = keyof typeof CAPTURE_FAULTS;

/** The file is at fault here; nothing after this can be trusted, and nothing is read. */
export interface Damage {
  readonly kind: "damage";
  readonly fault: CaptureFault;
  /** Octets from the beginning of the file to the thing at fault. */
  readonly offset: number;
  /** Packets read before it. */
  readonly packets: number;
}

/** Of one format: takes frames off the intake for as long as whole ones are there. */
export interface Format {
  /** @returns the next frame, a fault, or `null`: more octets are needed */
  next(): Frame | CaptureFault | null;
}

/**
 * The longest packet taken for one, octets: libpcap's own bound is 262144 for all links that carry IP. A length beyond is
 * damage, and believing it would have us hold that much.
 */
export const MAX_FRAME_LENGTH = 262_144;

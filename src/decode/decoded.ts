/** What is said of one recorded datagram. */
import type { UnixNanoseconds } from "../time/timestamp.ts";
import type { Seconds } from "../time/seconds.ts";
import type { Address } from "../wire/address.ts";
import type { Message } from "./message.ts";
import type { DecodeVerdict } from "./verdict.ts";

/** One datagram of the NTP port. */
export interface Decoded {
  /** The number of its packet in the capture, from 1. */
  readonly packet: number;
  /** When it was captured; `null` where the file does not say. */
  readonly at: UnixNanoseconds | null;
  readonly from: Address;
  readonly to: Address;
  /** Octets of the datagram as it went by. */
  readonly length: number;
  readonly message: Message;
  readonly verdict: DecodeVerdict;
  /** What it answers; `null`: nothing, or nothing that was captured. */
  readonly answers: Answered | null;
  /** Whether its MAC is right, by the keys at hand; `null`: it has none, or nobody knows. */
  readonly verified: boolean | null;
  /** The algorithm of its key, where that is at hand. */
  readonly algorithm: string | null;
  /** A mode 6 response that is whole with this fragment: its data; `null`: it is not, or carries none. */
  readonly response: Uint8Array | null;
}

/** A packet that is answered, and what the exchange measured. */
export interface Answered {
  /** Its number in the capture. */
  readonly packet: number;
  /** From its capture to the answer's, seconds; `null` where the file has no time. */
  readonly after: Seconds | null;
  /** θ, who answers − who asked, as the one who asked saw it; `null`: no time can be had of it. */
  readonly offset: Seconds | null;
  /** δ, likewise. */
  readonly delay: Seconds | null;
}

/**
 * Everything the engine can ask for.
 *
 * Actions are plain data, returned from `Engine.handle` in the order in which they are to be done. A host performs them;
 * what comes of them comes back as events.
 */
import type { KernelClaim } from "../../discipline/claim.ts";
import type { Frequency, Seconds } from "../../time/seconds.ts";
import type { AssociationId } from "../../association/association.ts";
import type { PacketToken, QuestionToken, SocketToken } from "../../association/request.ts";
import type { Address } from "../../wire/address.ts";
import type { Memory } from "./memory.ts";
import type { Note } from "./note.ts";

export type { PacketToken, QuestionToken, SocketToken } from "../../association/request.ts";

declare const handshakeToken: unique symbol;

/** Names one establishing of keys; the engine counts them up and never uses one twice. */
export type HandshakeToken = number & { readonly [handshakeToken]: true };

/** One thing to do. */
export type Action =
  /** Look a name up (A and AAAA, or one family only). Answered by `resolved` or `unresolved`. */
  | { readonly kind: "resolve"; readonly name: string; readonly family: 4 | 6 | null }
  /**
   * Establish keys for NTPv4 with whoever is at an address, and proves to be `name` (RFC 8915 §4). Answered by `established` or
   * `notEstablished`, the latter also where that takes too long. `kept`: keys that an earlier run has left will do.
   */
  | {
      readonly kind: "establish";
      readonly token: HandshakeToken;
      readonly name: string;
      readonly with: Address;
      readonly kept: boolean;
      /** The AEAD with the shortest cookies goes before all others. */
      readonly shortest: boolean;
    }
  /** Which address of ours do packets to an address leave from? Answered by `routed`. */
  | { readonly kind: "route"; readonly to: Address; readonly interface: string | null }
  /** The keys are not wanted any more: no answer comes from now on. Of one that is over it does no harm. */
  | { readonly kind: "abandon"; readonly token: HandshakeToken }
  /**
   * Ask one question through a socket of its own, which has the question's token: a fresh random source port (RFC 9109) unless
   * `sourcePort` says which, connected to `to`, so that ICMP errors come back and strangers' packets do not. Answered by `sent` or
   * `failed`, whichever step it was that failed; the socket stays until it is closed.
   */
  | {
      readonly kind: "ask";
      readonly token: QuestionToken;
      readonly to: Address;
      readonly sourcePort: number | null;
      readonly interface: string | null;
      readonly bytes: Uint8Array;
    }
  /**
   * Open a socket that serves: bound to a port on an address (`null`: all), unconnected. `serve`: plain requests on it may be
   * answered by the `Responder` at once; `hear`: only what is sent to many matters, so the port may be shared.
   */
  | {
      readonly kind: "listen";
      readonly socket: SocketToken;
      readonly port: number;
      readonly address: string | null;
      readonly interface: string | null;
      readonly use?: "serve" | "hear";
    }
  /**
   * Receive a multicast group on a socket, by one interface or by every one there is (`null`). Joining again does no harm, and
   * takes up interfaces that have come since.
   */
  | { readonly kind: "join"; readonly socket: SocketToken; readonly group: string; readonly interface: string | null }
  /** From now on tell whenever this host's interfaces or their addresses change: `interfaces`. */
  | { readonly kind: "watchInterfaces" }
  /** Close a socket; nothing more is heard from it. Closing one that never opened does no harm. */
  | { readonly kind: "close"; readonly socket: SocketToken }
  /** Send a datagram by an open socket; answered by `sent` or `failed`. */
  | {
      readonly kind: "send";
      readonly token: PacketToken;
      readonly socket: SocketToken;
      readonly association: AssociationId | null;
      readonly to: Address;
      /** The address of ours it leaves from, an IP literal: an answer comes from where it was asked. Absent: the route's. */
      readonly from?: string;
      /** IP hop limit, 1 … 255; `null` leaves the system's. */
      readonly ttl: number | null;
      readonly bytes: Uint8Array;
    }
  /** Add `offset` to the clock at once. Answered by `stepped` or `clockRefused`. */
  | { readonly kind: "step"; readonly offset: Seconds }
  /** Let the clock glide by `offset`. Answered by `slewing` or `clockRefused`. */
  | { readonly kind: "slew"; readonly offset: Seconds }
  /**
   * Let the clock run faster than its oscillator by `frequency` (±500 ppm), in place of the correction before; and correct its
   * phase by `phase` as fast as it can be slewed, in place of what is left of a slew before. Answered by `steered` or
   * `clockRefused`.
   */
  | {
      readonly kind: "steer";
      readonly phase: Seconds;
      readonly frequency: Frequency;
      /** Whoever asks stays, so that it may be done by what somebody has to end. Absent: nobody does. */
      readonly attended?: true;
    }
  /**
   * Hand a phase to the kernel's phase-locked loop, within ±0.5 s, in place of what it has left; `timeConstant` is log₂, 0 … 10. It
   * corrects the frequency by it. Answered by `locked` or `clockRefused`.
   */
  | { readonly kind: "lock"; readonly phase: Seconds; readonly timeConstant: number }
  /** Tell the kernel how good its clock is. Not answered: where it cannot be told, nothing is lost. */
  | { readonly kind: "kernel"; readonly claim: KernelClaim }
  /** Keep this for the next run, in place of what was kept. */
  | { readonly kind: "remember"; readonly memory: Memory }
  /** Something worth telling; the words are chosen in `view`. */
  | { readonly kind: "note"; readonly note: Note };

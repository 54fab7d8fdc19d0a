/**
 * Everything that can happen to the engine.
 *
 * Events are plain data: they can be printed, stored and replayed. The host makes them from sockets and timers, the
 * simulator from arithmetic. Every event comes with {@link Now}; see `Engine.handle`.
 */
import type { Glide } from "../../discipline/corrections.ts";
import type { HostFault, StampSource } from "../../association/request.ts";
import type { Frequency, Seconds } from "../../time/seconds.ts";
import type { NtpTimestamp } from "../../time/timestamp.ts";
import type { Address } from "../../wire/address.ts";
import type { EstablishedKeys } from "../../security/security.ts";
import type { HandshakeToken, PacketToken, SocketToken } from "./action.ts";
import type { EstablishFault } from "./establish.ts";
import type { EngineConfig } from "./config.ts";
import type { Memory } from "./memory.ts";

export type { HostFault, StampSource };

/**
 * Why a name has no address. `noAddress`: it is there, and has none. `again` may work later (no network or no name server yet), and so
 * may what name servers themselves say: that they fail or refuse. `silent` is the engine's own: the run ended before anything was said.
 */
export type ResolveFault =
  | "notFound"
  | "noAddress"
  | "otherFamily"
  | "again"
  | "serverFailure"
  | "refused"
  | "failed"
  | "silent";

/** Faults that may pass by themselves. */
export const PASSING: ReadonlySet<ResolveFault> = new Set(["again", "serverFailure", "refused"]);

/** Faults of the name itself: nothing but another name or another entry for it helps. */
export const FINAL: ReadonlySet<ResolveFault> = new Set(["notFound", "noAddress", "otherFamily"]);

/** Why the clock could not be set. */
export type ClockFault = "noPrivilege" | "outOfRange" | "unsupported" | "other";

/** The addresses of this host by interface: IP literals, IPv6 link-local ones with their `%zone`. */
export type HostAddresses = Readonly<Record<string, readonly string[]>>;

/** One thing that happened. */
export type Event =
  /**
   * The world is ready; configured associations are mobilized. `memory` is what an earlier run remembered, as old as it is now;
   * `frequency` the correction the clock runs with, s/s (`null` or absent: nobody can tell).
   */
  | { readonly kind: "start"; readonly memory?: Memory; readonly frequency?: Frequency | null }
  /** The moment asked for by `Engine.wakeAt` has come. Early, late and needless wakes do no harm. */
  | { readonly kind: "wake" }
  /** Go on by another configuration, perhaps with other keys: what it says as before is not disturbed. */
  | { readonly kind: "reconfigure"; readonly config: EngineConfig }
  /** Come to an end now: interrupted, or the service manager says so. */
  | { readonly kind: "stop" }
  /** A name's addresses, IP literals in the resolver's order, not empty. */
  | { readonly kind: "resolved"; readonly name: string; readonly addresses: readonly string[] }
  | { readonly kind: "unresolved"; readonly name: string; readonly why: ResolveFault }
  /**
   * Keys were established, for the NTP server that is at a port of `server` (a name or an IP literal), or of the same address (`null`).
   * `from`, `until`: when the certificate begins and ends to be valid that they were established by, ISO 8601. `kept`: an earlier run had them established, so many
   * seconds ago, and nobody was asked now.
   */
  | {
      readonly kind: "established";
      readonly token: HandshakeToken;
      readonly keys: EstablishedKeys;
      readonly server: string | null;
      readonly port: number;
      readonly from?: string | null;
      readonly until?: string | null;
      readonly kept?: Seconds;
    }
  /** They were not, and why; with what the other side or the system said of it, for people. */
  | {
      readonly kind: "notEstablished";
      readonly token: HandshakeToken;
      readonly why: EstablishFault;
      readonly detail: string | null;
    }
  /** Packets to an address leave from `from`, an IP literal; `null`: there is no way there. */
  | { readonly kind: "routed"; readonly to: Address; readonly from: string | null }
  /** A socket that was to listen could not be opened; or, with `group`, it is open and cannot receive that group. */
  | { readonly kind: "notOpened"; readonly socket: SocketToken; readonly why: HostFault; readonly group?: string }
  /** A packet left at `at`. May come after the reply: kernel stamps are read late. */
  | { readonly kind: "sent"; readonly token: PacketToken; readonly at: NtpTimestamp; readonly stamp: StampSource }
  /** A packet did not leave, or the socket of a question could not be opened. */
  | { readonly kind: "failed"; readonly token: PacketToken; readonly why: HostFault; readonly to?: Address }
  /** A datagram arrived on a socket. `to` and `cast` say how it was addressed, where the socket can tell. */
  | {
      readonly kind: "datagram";
      readonly socket: SocketToken;
      readonly from: Address;
      readonly to?: Address;
      readonly cast: "unicast" | "broadcast" | "group";
      /** Hops left when it arrived. */
      readonly ttl?: number;
      readonly interface?: string;
      readonly at: NtpTimestamp;
      readonly stamp: StampSource;
      readonly bytes: Uint8Array;
    }
  /** An ICMP error came back for what a socket sent. */
  | { readonly kind: "unreachable"; readonly socket: SocketToken; readonly why: "portUnreachable" | "noRoute" }
  /** This host's interfaces or their addresses have changed; these are all there are now. Needless ones do no harm. */
  | { readonly kind: "interfaces"; readonly addresses: HostAddresses }
  /** The clock was stepped: by us (`by` seconds were added), or by somebody else. */
  | {
      readonly kind: "stepped";
      readonly by: Seconds;
      readonly whose: "ours" | "another";
      /** So much of it has passed while the machine was asleep, where that is known. */
      readonly slept?: Seconds;
    }
  /** A slew was accepted by the kernel and ends `lasting` seconds from now; `begins` is as in {@link Glide}. */
  | { readonly kind: "slewing"; readonly by: Seconds; readonly lasting: Seconds; readonly begins?: Seconds }
  /** The clock is steered as asked: the frequency from now on, the phase within `lasting` seconds (0: it is done). */
  | ({ readonly kind: "steered"; readonly frequency: Frequency } & Glide)
  /** The kernel's loop has taken a phase; the frequency is what it made of it. */
  | { readonly kind: "locked"; readonly phase: Seconds; readonly frequency: Frequency; readonly timeConstant: number }
  | { readonly kind: "clockRefused"; readonly why: ClockFault };

/** A datagram that has arrived. */
export type Datagram = Extract<Event, { readonly kind: "datagram" }>;

/** Things worth telling while the engine works: what `-v` prints and the daemon logs. Data; `view` chooses the words. */
import type { AssociationId } from "../../association/association.ts";
import type { Reason } from "../../association/verdict.ts";
import type { PacketTest } from "../../association/tests.ts";
import type { DrawFault } from "../../association/pool.ts";
import type { Exchange } from "../../association/sample.ts";
import type { DanceReport } from "../../security/security.ts";
import type { PollExponent, Seconds } from "../../time/seconds.ts";
import type { Address } from "../../wire/address.ts";
import type { Header } from "../../wire/header.ts";
import type { PacketFault } from "../../wire/packet.ts";
import type { EstablishFault } from "./establish.ts";
import type { ClockFault, HostFault, ResolveFault } from "./event.ts";

/** What a sample was made of. */
export interface RawSample {
  readonly exchange: Exchange;
  readonly header: Header;
}

/** One thing worth telling. */
export type Note =
  | { readonly what: "spread"; readonly pause: Seconds; readonly most: Seconds }
  | { readonly what: "resolving"; readonly name: string }
  | { readonly what: "resolved"; readonly name: string; readonly addresses: readonly string[] }
  | { readonly what: "unresolved"; readonly name: string; readonly why: ResolveFault }
  | { readonly what: "mobilized"; readonly id: AssociationId; readonly name: string; readonly address: Address }
  | {
      readonly what: "demobilized";
      readonly id: AssociationId;
      readonly address: Address;
      readonly why: Reason | "unconfigured";
    }
  /** Keys are asked for, of whoever establishes them at an address. `id`: `null` where nobody is followed before they are there. */
  | { readonly what: "establishing"; readonly id: AssociationId | null; readonly name: string; readonly with: Address }
  /**
   * They are there, and the NTP server that they are for. `server`: by the name that was negotiated; `null`: by none. `kept`: an
   * earlier run has left them.
   */
  | {
      readonly what: "established";
      readonly id: AssociationId;
      readonly address: Address;
      readonly server: string | null;
      readonly cookies: number;
      readonly kept: boolean;
      /** The name, or the address, that its certificate is for, of one that was found. */
      readonly certified?: string;
    }
  | {
      readonly what: "notEstablished";
      readonly id: AssociationId | null;
      readonly name: string;
      readonly with: Address;
      readonly why: EstablishFault;
      readonly detail: string | null;
      /** Seconds until it is tried again; `null`: it is not. */
      readonly again: Seconds | null;
    }
  /** A step of the dance with a server under Autokey is done, or was not. */
  | {
      readonly what: "danced";
      readonly id: AssociationId;
      readonly address: Address;
      readonly report: DanceReport;
    }
  /** Longer requests are lost on the way: from now on they have fewer placeholders, or an AEAD with shorter cookies. */
  | {
      readonly what: "reduced";
      readonly id: AssociationId;
      readonly address: Address;
      readonly by: "placeholders" | "aead";
    }
  | { readonly what: "polled"; readonly id: AssociationId; readonly address: Address }
  | {
      readonly what: "sample";
      readonly id: AssociationId;
      readonly address: Address;
      readonly offset: Seconds;
      readonly delay: Seconds;
      readonly raw?: RawSample;
    }
  | { readonly what: "timedOut"; readonly id: AssociationId; readonly address: Address }
  | {
      readonly what: "refused";
      readonly id: AssociationId | null;
      readonly from: Address;
      readonly test: PacketTest | PacketFault;
    }
  | { readonly what: "unreachable"; readonly id: AssociationId; readonly address: Address; readonly why: HostFault }
  | { readonly what: "kiss"; readonly id: AssociationId; readonly address: Address; readonly code: string }
  /** An address of a pool's name that gave nothing when it was asked, and why; told when that is news. */
  | { readonly what: "notDrawn"; readonly name: string; readonly address: Address; readonly why: DrawFault }
  | { readonly what: "systemPeer"; readonly id: AssociationId | null; readonly address: Address | null }
  | { readonly what: "burst"; readonly name: string; readonly maxpoll: PollExponent }
  | { readonly what: "listening"; readonly group: string | null }
  /** `late`: on an interface that came, or came back, while the run went on. */
  | { readonly what: "notListening"; readonly why: HostFault; readonly group?: string; readonly late?: boolean }
  | { readonly what: "interfaces"; readonly come: readonly string[]; readonly gone: readonly string[] }
  | { readonly what: "notSent"; readonly to: Address; readonly why: HostFault }
  | { readonly what: "ring"; readonly group: string; readonly ttl: number; readonly found: number }
  | { readonly what: "solicited"; readonly group: string; readonly ttl: number; readonly from: Address }
  | {
      readonly what: "volley";
      readonly id: AssociationId;
      readonly address: Address;
      readonly offset: Seconds | null;
      readonly delay: Seconds | null;
    }
  | {
      readonly what: "broadcast";
      readonly id: AssociationId;
      readonly address: Address;
      readonly offset: Seconds;
      readonly delay: Seconds;
    }
  | { readonly what: "decided"; readonly offset: Seconds | null }
  | { readonly what: "clockRefused"; readonly why: ClockFault }
  | { readonly what: "leapSecond"; readonly leap: "insert" | "delete" }
  /** Another configuration counts: so many associations have stayed, and so many have gone. */
  | { readonly what: "reconfigured"; readonly kept: number; readonly ended: number }
  | { readonly what: "deadline" }
  /**
   * The clock is off by more than the step threshold, and is stepped if that lasts for so much longer, seconds: `left`. It may be
   * a spike, of which nothing is said before the servers that are believed agree on it.
   */
  | { readonly what: "stepWaits"; readonly offset: Seconds; readonly left: Seconds }
  /** Without `--no-clock` the clock would have been stepped; or the daemon would have ended, since no such offset is corrected. */
  | { readonly what: "wouldStep"; readonly by: Seconds }
  | { readonly what: "wouldRefuse"; readonly by: Seconds; readonly why: "panic" | "max-step" }
  /** The machine slept, and what was measured before is measured anew. */
  | { readonly what: "resumed"; readonly slept: Seconds }
  | { readonly what: "clockStepped"; readonly by: Seconds; readonly whose: "ours" | "another" };

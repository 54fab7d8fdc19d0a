/**
 * Control queries (mode 6, RFC 9327): what the engine hands to whoever answers them, and what it expects back.
 *
 * The engine knows no more of the protocol than this interface, so that no layer points up. The answers are in
 * `src/control/responder`.
 */
import type { AssociationMode } from "../../association/modes.ts";
import type { DisciplineReport } from "../../discipline/strategy.ts";
import type { AccessList } from "../../server/access.ts";
import type { Counts } from "../../server/disposition.ts";
import type { MruList } from "../../server/mru.ts";
import type { ServedVariables } from "../../server/published.ts";
import type { LeapKnowledge } from "../../time/leap.ts";
import type { Now } from "../../time/now.ts";
import type { PollExponent, Seconds } from "../../time/seconds.ts";
import type { Address } from "../../wire/address.ts";
import type { Header } from "../../wire/header.ts";
import type { AssociationReport, Snapshot } from "./snapshot.ts";

/** Who answers control queries. */
export interface ControlAnswering {
  /**
   * Answers a datagram of mode 6, sent to this host alone by an address that the access list does not keep from asking.
   * @param bytes as it came; of any content
   * @returns datagrams to send back at once, in this order; none: silence
   */
  respond(bytes: Uint8Array, from: Address, queried: Queried, now: Now): readonly Uint8Array[];
}

/** What may be asked, and by whom: rights come first, for the state is dear to make and anybody may ask. */
export interface Queried {
  readonly access: AccessList;
  /** Makes the state as it is now; asked for only when the datagram deserves an answer. */
  readonly view: () => ControlView;
}

/** A sample in a clock filter. */
export interface ControlSample {
  readonly offset: Seconds;
  readonly delay: Seconds;
  /** Aged to now. */
  readonly dispersion: Seconds;
}

/**
 * What a line stands for that measures nothing itself but finds servers or tells others the time: a pool, a manycast search,
 * broadcasts, multicasts. ntpd lists them among its associations, under these names for a refid.
 */
export type ControlTemplate = "POOL" | "ACST" | "BCST" | "MCST";

/** An association, with what only control queries tell of it. */
export interface ControlPeer {
  readonly report: AssociationReport;
  readonly mode: AssociationMode | "broadcast";
  /** `null` for whoever is measured. */
  readonly template: ControlTemplate | null;
  /** Of the last valid packet. */
  readonly header: Header | null;
  readonly minpoll: PollExponent;
  readonly maxpoll: PollExponent;
  /** Of the clock filter, youngest first, 8 at most. */
  readonly samples: readonly ControlSample[];
  /** Until the next packet leaves; `null`: none will. */
  readonly next: Seconds | null;
}

/** A socket that clients are heard on. */
export interface ControlSocket {
  readonly address: string;
  readonly port: number;
}

/** Everything a control query may ask for. */
export interface ControlView {
  /** The clock is the one that is served. */
  readonly now: Now;
  /** Made when first read, as the peers are: most questions need neither. */
  readonly snapshot: Snapshot;
  /** Templates, then associations in the order of their mobilization. */
  readonly peers: readonly ControlPeer[];
  /** What clients are told, root dispersion grown up to now. */
  readonly told: ServedVariables;
  /** Whether there ever was a system peer. */
  readonly wasSynchronized: boolean;
  /** The stratum at which the local clock is trusted, 1 … 15; `null`: it is not. */
  readonly localStratum: number | null;
  /** log₂ s */
  readonly precision: number;
  /** log₂ of the least average interval asked of clients, seconds. */
  readonly leastPoll: PollExponent;
  /** `null` where the clock is not disciplined. */
  readonly discipline: DisciplineReport | null;
  /** One way; `null`: it is measured. */
  readonly broadcastDelay: Seconds | null;
  /** What the list of leap seconds says; `null`: there is none. */
  readonly leaps: LeapKnowledge | null;
  readonly counts: Readonly<Counts>;
  readonly mru: MruList;
  readonly access: AccessList;
  readonly sockets: readonly ControlSocket[];
}

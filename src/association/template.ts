/** What an association is made from: one configured line, or one address a discovery found, with every default filled in. */
import type { PollExponent, Seconds } from "../time/seconds.ts";

/** What a configured line asks to mobilize. */
export type AssociationKind =
  | "server" // one persistent client association
  | "pool" // a preemptable client association for each of the name's addresses, as many as are wanted
  | "peer" // a persistent symmetric active association
  | "broadcast" // we are the broadcast server: packets to a broadcast or multicast address
  | "broadcastClient" // the template of what broadcast packets mobilize: ephemeral broadcast clients
  | "manycast"; // a solicitor, whose answers mobilize preemptable clients

/** One configured association. */
export interface AssociationConfig {
  readonly kind: AssociationKind;
  /** A DNS name or an IP literal. */
  readonly name: string;
  /** UDP port, 1 … 65535. */
  readonly port: number;
  /** Restrict resolution to a family. */
  readonly family: 4 | 6 | null;
  /** NTP version to send, 1 … 4. */
  readonly version: number;
  readonly minpoll: PollExponent;
  readonly maxpoll: PollExponent;
  readonly iburst: boolean;
  readonly burst: boolean;
  readonly prefer: boolean;
  readonly noselect: boolean;
  /** ntp.conf's `true`: always a truechimer. */
  readonly trusted: boolean;
  /** Symmetric key identifier. */
  readonly key: number | null;
  /** One-shot: the most samples taken of this server; `null` takes the run's. */
  readonly samples: number | null;
  /**
   * Under Network Time Security: `port` is that of key establishment, and `name` what its certificate must be for. Of a group `port` is
   * where it is asked or heard, and whoever is found by it has to prove who it is before it is followed.
   */
  readonly nts?: boolean;
  /** Who is found by a group has to have a certificate for this name; absent: for its address. */
  readonly certified?: string;
  /** Under Autokey; its server must prove to be of the group `ident`, or of any (`null`). */
  readonly autokey?: { readonly ident: string | null };
  /** Configured, but to go like one that was found when it is of no use (ntp.conf's `preempt`). */
  readonly preempt?: boolean;
  /** Interleave (RFC 9769): symmetric modes as long as the peer does, too; a broadcast server always. */
  readonly xleave?: boolean;
  /** Hop limit of a broadcast server's packets, or of a manycast solicitor's last ring, 1 … 255 (127, or 7). */
  readonly ttl?: number;
  /** The rings of a manycast solicitor, hops in rising order, up to {@link AssociationConfig.ttl}; absent: every hop is one. */
  readonly rings?: readonly number[];
}

/** How the packets of a burst are spaced: the two profiles of the seeds. */
export interface BurstProfile {
  /** Packets in a burst. */
  readonly packets: number;
  /** Least and most interval between two packets of it; a random one within. Equal: a fixed one. */
  readonly spacing: { readonly least: Seconds; readonly most: Seconds };
  /** An address that is not certainly on this host or network is never asked sooner than after this. */
  readonly strangers: Seconds;
  /** Interval after the first packet, for a modem to complete the call; `null`: as the others. */
  readonly callDelay: Seconds | null;
}

/** The least interval between two packets to one address that is not ours. */
export const LEAST_INTERVAL: Seconds = 2;

/** Seed 002 (the default): six packets at 2 s. */
export const BURST_SIX: BurstProfile = {
  packets: 6,
  spacing: { least: 2, most: 2 },
  strangers: LEAST_INTERVAL,
  callDelay: null,
};

/** Seed 000: eight packets at 1 … 4 s, and about 16 s after the first (`--call-delay`). */
export const BURST_EIGHT: BurstProfile = {
  packets: 8,
  spacing: { least: 1, most: 4 },
  strangers: LEAST_INTERVAL,
  callDelay: 16,
};

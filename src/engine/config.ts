/** What the engine is told to do: resolved configuration, every default filled in. Made by `config/` and the command line. */
import type { PollExponent, Seconds } from "../time/seconds.ts";
import type { SelectionLimits } from "../system/limits.ts";
import type { StepLimits } from "../discipline/limits.ts";

/** What a configured line asks to mobilize. */
export type AssociationKind =
  | "server" // one persistent client association
  | "pool"; // as many preemptable client associations as the name has addresses, up to maxclock

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
}

/** How the packets of a burst are spaced: the two profiles of the seeds. */
export interface BurstProfile {
  /** Packets in a burst. */
  readonly packets: number;
  /** Least and most interval between two packets of it; a random one within. Equal: a fixed one. */
  readonly spacing: { readonly least: Seconds; readonly most: Seconds };
  /** Interval after the first packet, for a modem to complete the call; `null`: as the others. */
  readonly callDelay: Seconds | null;
}

/** Seed 002 (the default): six packets at 2 s. */
export const BURST_SIX: BurstProfile = { packets: 6, spacing: { least: 2, most: 2 }, callDelay: null };

/** Seed 000: eight packets at 1 … 4 s, and about 16 s after the first (`--call-delay`). */
export const BURST_EIGHT: BurstProfile = { packets: 8, spacing: { least: 1, most: 4 }, callDelay: 16 };

/** A run that ends by itself once it can decide. */
export interface OnceConfig {
  /** The most samples of a server. */
  readonly samples: number;
  /** A majority with this many samples each that agree is enough. */
  readonly enough: number;
  /** End as soon as the survivors' uncertainty is below this; `null`: no such shortcut. */
  readonly accuracy: Seconds | null;
  /** Give up after this long, names and handshakes included; `null`: never. */
  readonly deadline: Seconds | null;
  /** Go on resolving and sending for this long while there is no network; 0: do not. */
  readonly waitNetwork: Seconds;
}

/** Whether and how the local clock is touched. */
export type ClockConfig =
  | { readonly kind: "observe" } // never: `query`
  | { readonly kind: "once"; readonly dryRun: boolean; readonly limits: StepLimits };

/** Everything the engine is told. */
export interface EngineConfig {
  readonly associations: readonly AssociationConfig[];
  readonly limits: SelectionLimits;
  /** How long a request waits for its reply. */
  readonly timeout: Seconds;
  readonly burst: BurstProfile;
  /** `brief`: empty stages of the clock filter add no dispersion (one-shots); `rfc5905`: 16 s each (RFC 5905 §10). */
  readonly emptyStages: "brief" | "rfc5905";
  /** `null`: goes on until stopped. */
  readonly once: OnceConfig | null;
  readonly clock: ClockConfig;
  /** Precision of the local clock, log₂ s (RFC 5905 §7.3), e.g. −24. */
  readonly precision: number;
  /** A fixed source port for every request, `null` for a fresh random one each. */
  readonly sourcePort: number | null;
  /** Bind requests to this interface. */
  readonly interface: string | null;
  /** Addresses of this host, IP literals: a server whose reference identifier is one of them is a loop. */
  readonly ownAddresses: readonly string[];
}

/**
 * What the engine is told to do: resolved configuration, every default filled in. Made by `config/` and the command line.
 *
 * Plain data: it can be printed as JSON, stored, and handed to another engine, which then does the same.
 */
import type { AccessRule } from "../../server/access.ts";
import type { Fallbacks } from "../../server/local.ts";
import type { RateLimits } from "../../server/rate.ts";
import type { MruLimits } from "../../server/mru.ts";
import type { SmearConfig } from "../../server/smear.ts";
import type { AssociationConfig, BurstProfile } from "../../association/template.ts";
import type { LeapKnowledge } from "../../time/leap.ts";
import type { Frequency, Seconds } from "../../time/seconds.ts";
import type { SelectionLimits } from "../../system/limits.ts";
import type { DisciplineName } from "../../discipline/disciplines.ts";
import type { StepLimits } from "../../discipline/limits.ts";

export type { AssociationConfig, BurstProfile } from "../../association/template.ts";
export { BURST_EIGHT, BURST_SIX } from "../../association/template.ts";

/** A run that ends by itself once it can decide. */
export interface OnceConfig {
  /** The most samples of a server. */
  readonly samples: number;
  /** The same of a server that an earlier run has measured; `null`: runs remember nothing. */
  readonly known: number | null;
  /** Before anything is asked a random part of this passes, seconds; 0: none does. */
  readonly spread: Seconds;
  /** A majority with this many samples each that agree is enough; `null`: hear every server out. */
  readonly enough: number | null;
  /** End as soon as the survivors' uncertainty is below this; `null`: no such shortcut. */
  readonly accuracy: Seconds | null;
  /** Give up after this long, names and handshakes included; `null`: never. */
  readonly deadline: Seconds | null;
  /** Go on resolving and sending for this long while there is no network; 0: do not. */
  readonly waitNetwork: Seconds;
  /**
   * Keys are established whatever the dates of certificates say, and those are judged by the time that was measured, before it is
   * taken for the time. Absent: they were judged by the clock.
   */
  readonly bootstrap?: boolean;
}

/** Which clock is set; to an engine they are all the same (`world/shadow.ts`). */
export type ClockOwner =
  | "machine"
  | "shadow" // one in its place: it is told what would have been done to the machine's
  | "served"; // one in its place, of which nothing is told but the time that clients are given

/** Whether and how the clock is set. */
export type ClockConfig =
  | { readonly kind: "observe" } // never: `query`
  | {
      readonly kind: "once";
      readonly of: ClockOwner;
      readonly limits: StepLimits;
      /** The clock's rate is set, too, once it is known. */
      readonly frequency: boolean;
    }
  | LoopConfig;

/** The clock is steered for as long as the run goes on. */
export interface LoopConfig {
  readonly kind: "loop";
  readonly of: ClockOwner;
  readonly discipline: DisciplineName;
  readonly limits: StepLimits;
  /** The step threshold of a clock that is ahead, seconds (`tinker stepback`); that of `limits` is a clock's that is behind. */
  readonly stepBack: Seconds;
  /** The huff-n'-puff filter looks for the least delay so far back, seconds (`tinker huffpuff`); 0: it is not used. */
  readonly huffpuff: Seconds;
  /** The kernel's phase-locked loop is there, and to be used by a discipline that can (`enable kernel`). */
  readonly kernel: boolean;
  /** For so long an offset beyond the step threshold must last before it is stepped, seconds (RFC 5905 WATCH; `tinker stepout`). */
  readonly stepout: Seconds;
  /** The first correction may be of any size (ntpd −g). */
  readonly anyFirst: boolean;
  /** The frequency correction an earlier run left, s/s; `null`: unknown. */
  readonly frequency: Frequency | null;
}

/** How servers are discovered, and what the network may mobilize. */
export interface DiscoveryConfig {
  /** Only authentic packets mobilize anything; pools need none (seed 002; `--no-auth`, `disable auth`: false). */
  readonly authenticate: boolean;
  /** Groups of which whoever comes by himself under Autokey must prove to be of one, parted by blanks (`ident`); absent: any will do. */
  readonly autokeyIdent?: string;
  /** A manycast probe's interval between rings; `null`: the daemon's schedule. */
  readonly ringInterval: Seconds | null;
  /** A probe goes on to the last ring whatever it finds. */
  readonly allRings: boolean;
  /** The one-way delay of broadcasts, which skips the volley; `null`: measure it. */
  readonly broadcastDelay: Seconds | null;
  /** The longest a broadcast client waits before its volley; the server's poll interval at most. */
  readonly longestWait: Seconds;
  /** A run that listens ends after so many broadcast samples; `null`: it goes on. */
  readonly count: number | null;
  /** Who answers a search, or broadcasts, at our own stratum is taken, too (`tos cohort`). */
  readonly cohort: boolean;
  /** A search that has found enough asks its first ring once in so many seconds all the same (`tos beacon`); `null`: it does not. */
  readonly beacon: Seconds | null;
}

/** How clients are answered. */
export interface ServingConfig {
  /** Who may do what; the engine makes its access list of it. */
  readonly access: readonly AccessRule[];
  readonly rate: RateLimits;
  readonly fallbacks: Fallbacks;
  /** Solicitations to our groups are answered. */
  readonly manycast: boolean;
  /** A leap second to be smeared. */
  readonly smear: SmearConfig | null;
  /** Without a list of leap seconds, the one that servers announce is smeared over so many seconds; 0: it is not. */
  readonly smearInterval: Seconds;
  /** Our own addresses, IP literals: what comes from there came back. */
  readonly ownAddresses: readonly string[];
  /** How many recent clients are remembered. */
  readonly mru: MruLimits;
  /** Whether they are remembered where no rate is limited (`disable monitor`). */
  readonly monitor: boolean;
}

/** Sockets that hear what no request of ours asked for. */
export interface ServiceConfig {
  /** UDP port, 1 … 65535. */
  readonly port: number;
  /** Local addresses at the start, each with a socket of its own. */
  readonly addresses: readonly string[];
  /** By which they are chosen anew when interfaces come and go; `null`: they stay. */
  readonly rules: readonly ListenRule[] | null;
  readonly interface: string | null;
  /** Multicast groups to receive. */
  readonly groups: readonly { readonly group: string; readonly interface: string | null }[];
}

/** Everything the engine is told. */
export interface EngineConfig {
  readonly associations: readonly AssociationConfig[];
  readonly limits: SelectionLimits;
  /** After so long without a reply the next request may go; the reply is still listened for (`asking.ts`). */
  readonly timeout: Seconds;
  readonly burst: BurstProfile;
  /** `brief`: empty stages of the clock filter add no dispersion (one-shots); `rfc5905`: 16 s each (RFC 5905 §10). */
  readonly emptyStages: "brief" | "rfc5905";
  /** The Allan intercept of clock filters and of RFC 5905's loop, seconds (`tinker allan`); `null`: each has its own. */
  readonly allan: Seconds | null;
  /** `null`: goes on until stopped. */
  readonly once: OnceConfig | null;
  readonly clock: ClockConfig;
  /** Precision of the local clock, log₂ s (RFC 5905 §7.3), e.g. −24. */
  readonly precision: number;
  /** A fixed source port for every request, `null` for a fresh random one each. */
  readonly sourcePort: number | null;
  /** Bind requests to this interface. */
  readonly interface: string | null;
  readonly discovery: DiscoveryConfig;
  /** `null`: clients are not answered. */
  readonly serving: ServingConfig | null;
  /** What a list of leap seconds says; `null`: there is none, and servers are believed. */
  readonly leaps: LeapKnowledge | null;
  /** `null`: no socket but those of requests. */
  readonly service: ServiceConfig | null;
  /** How many of a pool name's addresses are asked at once. */
  readonly poolSize: number;
  /** Our own addresses as reference identifiers (`wire/refid.ts`): a server that names one of them is a loop. */
  readonly ownReferenceIds: readonly number[];
}

/** One rule, as ntp.conf's `interface` line has it. */
export interface ListenRule {
  /** `ignore` does not listen; `drop` does not answer, which comes to the same here. */
  readonly action: "listen" | "ignore" | "drop";
  /** `all`, `ipv4`, `ipv6`, `wildcard`, an interface's name, an address, a network. */
  readonly what: string;
}

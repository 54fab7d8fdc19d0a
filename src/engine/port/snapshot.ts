/**
 * The engine's state as data: what views draw and JSON documents print. Shaped as the contract's `sync` document, with
 * absolute instants as timestamps.
 */
import type { AssociationId, Lifetime } from "../../association/association.ts";
import type { DrawFault } from "../../association/pool.ts";
import type { Reason, Verdict } from "../../association/verdict.ts";
import type { DisciplineReport } from "../../discipline/strategy.ts";
import type { Authentication, DanceReport, SecurityKind } from "../../security/security.ts";
import type { Counts } from "../../server/disposition.ts";
import type { SelectionLimits } from "../../system/limits.ts";
import type { Frequency, PollExponent, Seconds } from "../../time/seconds.ts";
import type { Mono } from "../../time/mono.ts";
import type { NtpTimestamp } from "../../time/timestamp.ts";
import type { Leap, Mode } from "../../wire/header.ts";
import type { EstablishFault, EstablishStep } from "./establish.ts";
import type { ClockFault, HostFault, ResolveFault, StampSource } from "./event.ts";
import type { Outcome } from "./outcome.ts";

/** What became of the local clock. */
export interface ClockReport {
  /** θ of the system: server − local; `null` when nothing could be decided. */
  readonly offset: Seconds | null;
  /** How far the offset may be from what the survivors' clocks say: delay/2 + dispersion + jitter of the system peer. */
  readonly uncertainty: Seconds | null;
  readonly jitter: Seconds | null;
  /** The local clock is behind (offset > 0), ahead, or neither. */
  readonly direction: "behind" | "ahead" | "exact" | null;
  readonly action: "none" | "step" | "slew" | "refused";
  /** True once the kernel has accepted the change. */
  readonly applied: boolean;
  /** Why it was not applied, or why the action was chosen. */
  readonly reason: ClockReason | null;
  /** Slews: how long the kernel needs from acceptance. */
  readonly lasting: Seconds | null;
  /** Runs that remember: what they know of the clock's rate. */
  readonly frequency?: FrequencyReport | null;
  /** Where it was refused: what it was stepped by before, which counts towards the panic threshold; absent: nothing. */
  readonly moved?: Seconds;
}

/** What runs have learned of the oscillator. */
export interface FrequencyReport {
  /** What corrects it, s/s. */
  readonly correction: Frequency;
  /** Standard deviation of that. */
  readonly deviation: Frequency;
  /** The clock was set to it by this run. */
  readonly applied: boolean;
}

/** Why the clock was or was not changed. */
export type ClockReason =
  | "dry-run"
  | "query"
  | "panic"
  | "max-step"
  | "uncertain"
  | "no-agreement"
  | "other-daemon"
  | ClockFault;

/** System variables (RFC 5905 §11.1, figure 24). */
export interface SystemReport {
  readonly leap: Leap;
  /** The system peer's plus one; 16 while there is none. */
  readonly stratum: number;
  /** As ntpq shows it; `null` while there is no system peer. */
  readonly refid: string | null;
  readonly rootDelay: Seconds | null;
  readonly rootDispersion: Seconds | null;
  readonly rootDistance: Seconds | null;
  readonly systemPeer: AssociationId | null;
  readonly survivors: number;
  readonly truechimers: number;
  readonly falsetickers: number;
  /** Where the truechimers' correctness intervals overlap, offsets; `null` without a majority. */
  readonly intersection: { readonly low: Seconds; readonly high: Seconds } | null;
}

/** One association, as the contract's documents have it. */
export interface AssociationReport {
  readonly id: AssociationId;
  /** The name it was configured by, or its address. */
  readonly name: string;
  /** IP literal, `null` while unresolved. */
  readonly address: string | null;
  readonly port: number;
  readonly mode: Mode;
  readonly lifetime: Lifetime;
  readonly tally: string;
  readonly verdict: Verdict;
  readonly reason: Reason | null;
  /** Of the last valid packet; `null` before the first. */
  readonly version: number | null;
  readonly leap: Leap | null;
  readonly stratum: number | null;
  readonly refid: string | null;
  readonly poll: PollExponent;
  /** 0 … 255 */
  readonly reach: number;
  readonly unreach: number;
  readonly offset: Seconds | null;
  readonly delay: Seconds | null;
  readonly dispersion: Seconds | null;
  readonly jitter: Seconds | null;
  readonly rootDelay: Seconds | null;
  readonly rootDispersion: Seconds | null;
  readonly rootDistance: Seconds | null;
  readonly precision: number | null;
  readonly authentication: Authentication;
  readonly security: SecurityKind;
  readonly keyId: number | null;
  /** Under NTS, what there is to ask by; absent: it is not. */
  readonly nts?: NtsReport;
  /** Under Autokey, how far the dance with it has come; absent: it is not. */
  readonly autokey?: DanceReport;
  /** The kiss code last received, four characters or fewer. */
  readonly kiss: string | null;
  /** How the last sample was stamped; `kernel` only if both ends of it were. */
  readonly timestamps: StampSource | null;
  readonly packets: { readonly sent: number; readonly received: number; readonly rejected: number };
  /** ntpd's flash bits (ntpq "Flash Status Word"). */
  readonly flash: number;
  /** The ring that found it, hops; absent unless a ring did. */
  readonly ttl?: number;
  /** The group or broadcast address it was found by; absent unless it was. */
  readonly group?: string;
  /** Reference timestamp of the last valid packet. */
  readonly reference: NtpTimestamp | null;
  /** Why packets could not be delivered. */
  readonly unreachable: HostFault | null;
  /** Seconds since the last valid packet. */
  readonly when: Seconds | null;
}

/** An association's keys, as far as they can be shown. */
export interface NtsReport {
  /** Cookies in hand, 0 … 8. */
  readonly cookies: number;
  /** Seconds since the keys were established; `null`: there are none. */
  readonly age: Seconds | null;
  /** The NTP server's name that was negotiated; `null`: none was, and the address that established the keys is asked. */
  readonly server: string | null;
  /** The name, or the address, that its certificate is for, of one that was found; absent: it was named. */
  readonly certified?: string;
  /** When the certificate expires by which they were established, ISO 8601; `null`: that is not known. */
  readonly until: string | null;
  /** An earlier run has left them: there was no handshake. */
  readonly kept: boolean;
  /** Longer requests were lost on the way, and are made shorter: fewer cookies are asked for at a time, or an AEAD is used whose are shorter. */
  readonly reduced: "placeholders" | "aead" | null;
  /** Handshakes since keys have last proved good. */
  readonly attempts: number;
  /** Why the last handshake failed; `null`: it did not. `detail` is what the other side or the system said of it. */
  readonly fault: {
    readonly step: EstablishStep;
    readonly name: EstablishFault;
    readonly detail: string | null;
  } | null;
}

/** The whole engine at one moment. */
export interface Snapshot {
  readonly startedAt: NtpTimestamp;
  readonly at: NtpTimestamp;
  /** Since the start event, by the steady clock. */
  readonly elapsed: Seconds;
  readonly clock: ClockReport;
  /** When the opinion that `clock` and `system` tell of was formed; absent: it never was. */
  readonly judgedAt?: Mono;
  readonly system: SystemReport;
  /** What servers are held against, for words that name a limit; absent: the usual ones. */
  readonly limits?: SelectionLimits;
  /** How the clock is disciplined; `null` or absent where it is not. */
  readonly discipline?: DisciplineReport | null;
  readonly associations: readonly AssociationReport[];
  /** Names looked up so far. */
  readonly resolved: readonly { readonly name: string; readonly addresses: readonly string[] }[];
  readonly unresolved: readonly { readonly name: string; readonly why: ResolveFault }[];
  /** Addresses drawn from names, one at a time, that gave nothing when they were last asked; they are tried again. Absent: none are drawn so. */
  readonly notDrawn?: readonly {
    readonly name: string;
    readonly address: string;
    readonly port: number;
    readonly why: DrawFault | EstablishFault;
  }[];
  /** Rings asked so far, in order; empty unless something was solicited. */
  readonly rings: readonly {
    readonly group: string;
    readonly ttl: number;
    readonly sentAt: NtpTimestamp;
    readonly replies: number;
  }[];
  /** Packets nobody claimed, by the reason they were refused for. */
  readonly refused: Readonly<Record<string, number>>;
  /** Clients' datagrams by what became of them; `null`: clients are not answered. */
  readonly served?: Readonly<Counts> | null;
  /** How the run ended; `null` while it goes on. */
  readonly outcome: Outcome | null;
}

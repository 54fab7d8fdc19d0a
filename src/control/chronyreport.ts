/** What chronyd tells, in our units and signs: offsets are server − local seconds, frequencies the correction that is applied, s/s. */
import type { Frequency, Seconds } from "../time/seconds.ts";
import type { UnixNanoseconds } from "../time/timestamp.ts";
import type { Leap, Mode } from "../wire/header.ts";

/** What chronyd thinks of a source, as `chronyc sources` marks it. */
export const SOURCE_STATES = ["selected", "unusable", "falseticker", "jittery", "combined", "selectable"] as const;
/** One of {@link SOURCE_STATES}. */
export type SourceState = (typeof SOURCE_STATES)[number];

/** What a source is to chronyd. */
export const SOURCE_MODES = ["server", "peer", "referenceClock"] as const;
/** One of {@link SOURCE_MODES}. */
export type SourceMode = (typeof SOURCE_MODES)[number];

/** One source (`chronyc sources`). */
export interface ChronySource {
  /** IP literal, `ID#…` while its name is not resolved; `null` for a reference clock. */
  readonly address: string | null;
  /** A reference clock's identifier, unsigned 32 bits. */
  readonly referenceId: number | null;
  readonly poll: number;
  readonly stratum: number;
  readonly state: SourceState;
  readonly mode: SourceMode;
  /** 0 … 255 */
  readonly reach: number;
  /** Since the last sample, whole seconds; `null`: there was none. */
  readonly when: Seconds | null;
  /** Of the last sample, as measured and as corrected for what the clock was changed by since; `null` without one. */
  readonly measured: Seconds | null;
  readonly offset: Seconds | null;
  /** How far the sample may be wrong: half its root delay and its root dispersion. */
  readonly error: Seconds | null;
}

/** What chronyd makes of the clock (`chronyc tracking`). */
export interface ChronyTracking {
  readonly referenceId: number;
  /** Of the source it follows; `null`: a reference clock, or none. */
  readonly address: string | null;
  readonly stratum: number;
  readonly leap: Leap;
  /** `null` while unsynchronized. */
  readonly reference: UnixNanoseconds | null;
  /** How far the clock still is from what chronyd thinks right. */
  readonly correction: Seconds;
  /** At the last update, and the long-term mean of it. */
  readonly lastOffset: Seconds;
  readonly rmsOffset: Seconds;
  readonly frequency: Frequency;
  readonly residualFrequency: Frequency;
  readonly skew: Frequency;
  readonly rootDelay: Seconds;
  readonly rootDispersion: Seconds;
  readonly updateInterval: Seconds;
}

/** Regression over a source's samples (`chronyc sourcestats`). */
export interface ChronySourceStats {
  readonly referenceId: number;
  readonly address: string | null;
  readonly samples: number;
  readonly runs: number;
  readonly span: Seconds;
  readonly deviation: Seconds;
  readonly residualFrequency: Frequency;
  readonly skew: Frequency;
  readonly offset: Seconds;
  readonly error: Seconds;
}

/** How many sources are in which condition (`chronyc activity`). */
export interface ChronyActivity {
  readonly online: number;
  readonly offline: number;
  readonly burstOnline: number;
  readonly burstOffline: number;
  readonly unresolved: number;
}

/** How a source fares in selection (`chronyc selectdata`). */
export interface ChronySelectData {
  readonly referenceId: number;
  readonly address: string | null;
  /** One letter of chrony's: `N M s r d ~ w S O T x W P U D L + *`. */
  readonly state: string;
  readonly authenticated: boolean;
  readonly leap: Leap;
  /** Configured and effective options. */
  readonly options: readonly SelectOption[];
  readonly effective: readonly SelectOption[];
  readonly when: Seconds;
  readonly score: number;
  /** Where the true offset is expected, server − local. */
  readonly low: Seconds;
  readonly high: Seconds;
}

/** Selection options, from the lowest bit on. */
export const SELECT_OPTIONS = ["noselect", "prefer", "trust", "require"] as const;
/** One of {@link SELECT_OPTIONS}. */
export type SelectOption = (typeof SELECT_OPTIONS)[number];

/** The last valid measurement of a source (`chronyc ntpdata`). */
export interface ChronyNtpData {
  readonly address: string | null;
  readonly localAddress: string | null;
  readonly port: number;
  readonly leap: Leap;
  readonly version: number;
  /** Of the source's packets. */
  readonly mode: Mode;
  readonly stratum: number;
  readonly poll: number;
  readonly precision: number;
  readonly rootDelay: Seconds;
  readonly rootDispersion: Seconds;
  readonly referenceId: number;
  readonly reference: UnixNanoseconds | null;
  readonly offset: Seconds;
  readonly delay: Seconds;
  readonly dispersion: Seconds;
  readonly responseTime: Seconds;
  readonly jitterAsymmetry: number;
  /** Which of the ten packet tests (chrony's 1, 2, 3, 5, 6, 7, A, B, C, D) it passed, highest bit first. */
  readonly tests: number;
  readonly interleaved: boolean;
  readonly authenticated: boolean;
  /** `D` daemon, `K` kernel, `H` hardware. */
  readonly transmitStamps: string;
  readonly receiveStamps: string;
  readonly sent: number;
  readonly received: number;
  readonly valid: number;
  readonly good: number;
}

/** How a source is authenticated (`chronyc authdata`). */
export interface ChronyAuthData {
  readonly mode: "none" | "key" | "nts";
  /** Of a symmetric key its identifier; under NTS how many times keys were established. */
  readonly keyId: number;
  /** Of a symmetric key chrony's number of its algorithm; under NTS the AEAD's. */
  readonly keyType: number;
  /** Bits. */
  readonly keyLength: number;
  /** Since keys were last established; `null`: they never were. */
  readonly keyAge: Seconds | null;
  /** Attempts to establish keys since they last were. */
  readonly attempts: number;
  /** NTSN, since an answer last came. */
  readonly naks: number;
  readonly cookies: number;
  /** Octets of the longest. */
  readonly cookieLength: number;
}

/** What chronyd counts as a server, in chrony's order; `null`: its release does not count that. */
export interface ChronyServerStats {
  readonly [name: string]: number | null;
}

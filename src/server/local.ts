/**
 * What a server says while it follows nothing: unsynchronized, unless it was told to trust its own clock at once
 * (`--local-stratum`), or to step in when a whole network has lost its sources (orphan mode, ntpd `tos orphan`).
 */
import type { Seconds } from "../time/seconds.ts";
import type { NtpTimestamp } from "../time/timestamp.ts";
import type { ServedVariables } from "./published.ts";

/** What to fall back on. */
export interface Fallbacks {
  /** The stratum of the local clock, 1 … 15; `null`: it is not trusted. */
  readonly local: number | null;
  /** Orphan mode: the stratum of the core, 1 … 15, and how long without a source it takes, seconds; `null`: off. */
  readonly orphan: { readonly stratum: number; readonly wait: Seconds } | null;
}

/** No fallback: without a source the server says LI = 3. */
export const NO_FALLBACKS: Fallbacks = { local: null, orphan: null };

/** ntpd's `tos orphanwait`, seconds. */
export const ORPHAN_WAIT: Seconds = 300;

/**
 * What is served: the system variables while they are synchronized; else the local clock, at once; else as an orphan, in
 * time; else the system variables as they are.
 * @param unsynchronizedFor time without a source, seconds; irrelevant while there is one
 * @param clock what the local clock reads
 */
export function servedVariables(
  system: ServedVariables,
  fallbacks: Fallbacks,
  unsynchronizedFor: Seconds,
  clock: NtpTimestamp,
): ServedVariables {
  if (system.leap !== "unsynchronized") return system;
  if (fallbacks.local !== null) return localVariables(fallbacks.local, clock);
  const { orphan } = fallbacks;
  return orphan !== null && unsynchronizedFor >= orphan.wait ? orphanVariables(orphan.stratum, clock) : system;
}

/**
 * A local clock taken for a source. Its reference identifier is that of ntpd's driver, `LOCAL(0)`, or `LOCL` at stratum 1,
 * where it is a name.
 * @param stratum 1 … 15, told as it is
 */
export function localVariables(stratum: number, clock: NtpTimestamp): ServedVariables {
  return undisciplined(stratum, stratum === 1 ? LOCL : LOCAL_DRIVER, LOCAL_DISPERSION, clock);
}

/**
 * An orphan parent (ntpd, "Orphan Mode"): the reference identifier is the loopback address, or `LOOP` at stratum 1, and all
 * else is zero, so that it never looks worse than another orphan.
 */
export function orphanVariables(stratum: number, clock: NtpTimestamp): ServedVariables {
  return undisciplined(stratum, stratum === 1 ? LOOP : LOOPBACK, 0, clock);
}

/** 127.127.1.0 */
const LOCAL_DRIVER = 0x7f7f_0100;
const LOCL = 0x4c4f_434c;
/** 127.0.0.1 */
const LOOPBACK = 0x7f00_0001;
const LOOP = 0x4c4f_4f50;

/** What ntpd's local clock driver shows, seconds. */
const LOCAL_DISPERSION: Seconds = 0.01;

function undisciplined(
  stratum: number,
  referenceId: number,
  rootDispersion: Seconds,
  clock: NtpTimestamp,
): ServedVariables {
  return { leap: "none", stratum, referenceId, reference: recent(clock), rootDelay: 0, rootDispersion };
}

/**
 * A clock that nothing sets has no reference time; but zero would mean "never set" (RFC 5905 §7.3), and ntpdate refuses
 * that. So it is the last multiple of 16 s: recent, never ahead of the clock, and never zero.
 */
function recent(clock: NtpTimestamp): NtpTimestamp {
  return ((clock >> 36n) << 36n || 1n) as NtpTimestamp;
}

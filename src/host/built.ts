/** When this program was made: what the clock of a machine that starts without one is held against. */
import type { UnixNanoseconds } from "../time/timestamp.ts";

/** Put in by the bundler, an ISO 8601 date; from source, a day near the latest release. */
declare const NTPKIT_BUILT: string;
const BUILT: string = typeof NTPKIT_BUILT === "undefined" ? "2026-11-30" : NTPKIT_BUILT;

/** When this program was made: no right clock reads less. Unix milliseconds. */
export function builtAt(): number {
  return Date.parse(BUILT);
}

/** Networks on their own, and trials, live some years in the past; a clock that was never set, in 1970. */
const YEARS_BEFORE = 10n;
const YEAR = 31_556_952n;

/** No time that servers tell is before this; Unix nanoseconds. */
export function earliestTime(built: string = BUILT): UnixNanoseconds {
  return BigInt(Date.parse(built)) * 1_000_000n - YEARS_BEFORE * YEAR * 1_000_000_000n;
}

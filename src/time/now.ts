/** Both readings that come with every event: the steady clock, and the clock that is being disciplined. */
import type { Mono } from "./mono.ts";
import type { NtpTimestamp } from "./timestamp.ts";

/** What time it is, twice. */
export interface Now {
  /** The steady clock: timers are set by it. */
  readonly mono: Mono;
  /** The disciplined clock: packets carry it. */
  readonly clock: NtpTimestamp;
}

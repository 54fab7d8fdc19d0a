/** What outlives a run: plain data that `state/` writes to a file and reads back. */
import type { Remembered } from "../memory/remembered.ts";

/** A kiss that must be honoured by later runs too: DENY and RSTR, by address and port. */
export interface RememberedKiss {
  readonly ip: string;
  readonly port: number;
  /** The kiss code that said so: DENY, RSTR. */
  readonly code: string;
  /** ISO 8601 UTC, when it was received by the local clock. */
  readonly at: string;
}

/** Everything one run leaves to the next. */
export interface Memory {
  readonly kisses: readonly RememberedKiss[];
  /** What was learned of the servers and of the clock. Absent: nothing is said of that, and what was kept before stays. */
  readonly remembered?: Remembered;
}

/** A memory without anything in it. */
export const NOTHING: Memory = { kisses: [] };

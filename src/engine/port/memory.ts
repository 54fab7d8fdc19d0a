/** What outlives a run: plain data that `state/` writes to a file and reads back. */
import type { AssociationConfig } from "../../association/template.ts";
import type { Reason, Verdict } from "../../association/verdict.ts";
import type { History } from "../../discipline/history.ts";
import type { UnattendedClock } from "../../discipline/unattended.ts";
import type { PollExponent, Seconds } from "../../time/seconds.ts";
import type { Header } from "../../wire/header.ts";

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

/** Everything that was learned. */
export interface Remembered {
  readonly associations: readonly RememberedAssociation[];
  /** `null`: the clock was never measured. */
  readonly clock: UnattendedClock | null;
}

/** One association. */
export interface RememberedAssociation {
  /** The line it was of: its kind, name and key. */
  readonly kind: RememberedKind;
  readonly name: string;
  readonly key: number | null;
  readonly ip: string;
  readonly port: number;
  /** How long ago it was mobilized for the first time, was last part of a run, and was last heard (`null`: never); seconds. */
  readonly since: Seconds;
  readonly seen: Seconds;
  readonly heard: Seconds | null;
  /** What selection made of it last. */
  readonly verdict: Verdict;
  readonly reason: Reason | null;
  /** It was a falseticker so many seconds ago and has not agreed with a majority since (`system/probation.ts`); `null`: no. */
  readonly probation: Seconds | null;
  /** A RATE kiss: it is to be left alone for so many seconds more; `poll` says how long that was at first. `null`: no. */
  readonly backoff: { readonly poll: PollExponent; readonly left: Seconds } | null;
  readonly reach: number;
  readonly unreach: number;
  readonly hpoll: PollExponent;
  readonly minpoll: PollExponent;
  readonly header: Header | null;
  /** The clock filter, youngest first. */
  readonly samples: readonly RememberedSample[];
  /** What the clock's discipline keeps of it, by moments counted from now; `null`: nothing. */
  readonly history: History | null;
}

/** The kinds of lines whose associations are remembered; others find theirs anew. */
export type RememberedKind = Extract<AssociationConfig["kind"], "server" | "pool" | "peer">;

/** One sample of a clock filter. */
export interface RememberedSample {
  /** Server − clock as the clock is now. */
  readonly offset: Seconds;
  readonly delay: Seconds;
  /** As of when it was made. */
  readonly dispersion: Seconds;
  readonly age: Seconds;
}

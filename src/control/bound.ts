/**
 * How early and how late it can truly be, by what somebody says of this host's clock: a daemon, the kernel, or servers that were
 * asked just now. What `now` answers.
 *
 * A bound is told of the local clock: true time is the clock's reading plus something from `low` to `high`. It widens from the
 * moment it was made, for an unwatched clock drifts.
 */
import { KERNEL_AGEING } from "../discipline/claim.ts";
import type { Snapshot } from "../engine/port/snapshot.ts";
import { elapsed, type Mono } from "../time/mono.ts";
import type { Now } from "../time/now.ts";
import { PHI, type Frequency, type Seconds } from "../time/seconds.ts";
import { difference, unfold, type UnixNanoseconds } from "../time/timestamp.ts";
import type { DaemonReport } from "./daemon.ts";
import { timestampOf } from "./variables.ts";

/** Who says so. */
export type BoundSource = "mode6" | "cmdmon" | "observe" | "kernel" | "servers";

/** Where true time lies, as corrections of the local clock: `low` ≤ `best` ≤ `high`. */
export interface Bound {
  readonly source: BoundSource;
  readonly low: Seconds;
  readonly best: Seconds;
  readonly high: Seconds;
  /** When that was so, and how fast it widens from there, s/s. */
  readonly at: Mono;
  readonly growth: Frequency;
}

/** When a daemon was asked: its answer is of a moment between the two. */
export interface Asked {
  readonly from: Now;
  readonly until: Now;
  /** The kernel says that somebody disciplines this host's clock; `null`: it cannot be asked. */
  readonly disciplined: boolean | null;
}

/** What the kernel says of its clock. */
export interface KernelWord {
  readonly synchronized: boolean;
  /** What is still to be corrected. */
  readonly offset: Seconds;
  readonly maximumError: Seconds;
  readonly estimatedError: Seconds;
}

/** An instant and its bounds, Unix time. */
export interface BoundedTime {
  readonly earliest: UnixNanoseconds;
  readonly best: UnixNanoseconds;
  readonly latest: UnixNanoseconds;
}

/**
 * What a daemon's report comes to; `null`: it does not tell how wrong the clock may be. Whether it follows anybody is to be asked
 * before (`isFollowing`).
 */
export function daemonBound(report: DaemonReport, asked: Asked): Bound | null {
  switch (report.protocol) {
    case "mode6":
      return mode6Bound(report, asked);
    case "cmdmon":
      return cmdmonBound(report, asked);
    case "observe":
      return observedBound(report, asked);
    case "live":
    case "state":
      return null;
  }
}

/** Milliseconds have three digits in mode 6, and root delay and dispersion 16 bits of a second in ours. */
const MODE6_DIGITS: Seconds = 2 ** -15;

/**
 * ntpd, NTPsec and ntpkit say what their own clock may be off by now: the root dispersion grows as they tell it, and holds what
 * is yet to be corrected (A.5.5.4). That clock need not be this host's: who leaves the clock alone tells of its shadow, and a server on
 * another host of that one's. It tells what it reads, and the two are compared.
 */
function mode6Bound({ system: { rootDistance, offset, variables } }: DaemonReport, asked: Asked): Bound | null {
  if (rootDistance === null) return null;
  const ahead = daemonAhead(timestampOf(variables["clock"]), asked);
  const left = offset ?? 0;
  const half = rootDistance + MODE6_DIGITS;
  return {
    source: "mode6",
    low: ahead.low + left - half,
    best: ahead.best + left,
    high: ahead.high + left + half,
    at: asked.from.mono,
    growth: PHI,
  };
}

/** By how much a daemon's clock is ahead of this host's. One that reads the same is the same, if somebody disciplines that. */
function daemonAhead(
  clock: ReturnType<typeof timestampOf>,
  { from, until, disciplined }: Asked,
): Pick<Bound, "low" | "best" | "high"> {
  const same = { low: 0, best: 0, high: 0 };
  if (clock === null) return same;
  const low = difference(clock, until.clock);
  const high = difference(clock, from.clock);
  if (low <= ONE_CLOCK && high >= -ONE_CLOCK && disciplined !== false) return same;
  return { low, best: low <= 0 && high >= 0 ? 0 : (low + high) / 2, high };
}

/** Readings of one clock are told this finely at least, seconds. */
const ONE_CLOCK: Seconds = 1e-6;

/** chrony states the bound: what remains to be corrected, the root dispersion as it grows, half the root delay (chronyc, "tracking"). */
function cmdmonBound({ system: { rootDistance, offset } }: DaemonReport, { from }: Asked): Bound | null {
  if (rootDistance === null || offset === null) return null;
  return {
    source: "cmdmon",
    low: offset - rootDistance,
    best: offset,
    high: offset + rootDistance,
    at: from.mono,
    growth: PHI,
  };
}

/** What ntpd-rs tells for a root dispersion is a standard deviation; three of them. */
const DEVIATIONS = 3;

/**
 * ntpd-rs tells what it makes of the source it follows, as of its last answer; since then the clock has been steered by that, and has
 * drifted.
 */
function observedBound({ system, associations }: DaemonReport, { from }: Asked): Bound | null {
  const { rootDelay, rootDispersion, systemPeer } = system;
  const followed = associations.find(({ id }) => id === systemPeer);
  if (rootDelay === null || rootDispersion === null || followed === undefined) return null;
  const { offset, when } = followed;
  if (offset === null || when === null) return null;
  // `when` is whole seconds, rounded down.
  const half = rootDelay / 2 + DEVIATIONS * rootDispersion + Math.abs(offset) + PHI * (when + 1);
  return { source: "observe", low: -half, best: 0, high: half, at: from.mono, growth: PHI };
}

/**
 * What the kernel was told by whoever disciplines its clock, and has let grow since (linux/timex.h).
 * @returns `null` where nobody has told it anything: systemd-timesyncd sets both errors to zero, which no clock's are
 */
export function kernelBound(
  { synchronized, offset, maximumError, estimatedError }: KernelWord,
  at: Mono,
): Bound | null {
  if (!synchronized || estimatedError <= 0 || maximumError <= 0) return null;
  return {
    source: "kernel",
    low: offset - maximumError,
    best: offset,
    high: offset + maximumError,
    at,
    growth: KERNEL_AGEING,
  };
}

/**
 * What a run found that left the clock alone: where the correctness intervals of the majority overlap (RFC 5905 §11.2.1).
 * @returns `null` without a majority
 */
export function measuredBound({ clock, system, judgedAt }: Snapshot): Bound | null {
  const { intersection } = system;
  if (intersection === null || clock.offset === null || judgedAt === undefined) return null;
  const { low, high } = intersection;
  // The combined offset is of whoever meets the intersection, and may lie outside it.
  const best = Math.min(Math.max(clock.offset, low), high);
  return { source: "servers", low, best, high, at: judgedAt, growth: PHI };
}

/** The bound at a later moment. */
export function widened(bound: Bound, now: Mono): Bound {
  const by = bound.growth * Math.max(0, elapsed(bound.at, now));
  return { ...bound, low: bound.low - by, high: bound.high + by, at: now };
}

/** How far the best estimate may be from true time. */
export function uncertaintyOf({ low, best, high }: Bound): Seconds {
  return Math.max(best - low, high - best);
}

/**
 * True time as the local clock reads, by its bound.
 * @param pivot a Unix time near what the clock reads
 */
export function boundedTime(bound: Bound, { mono, clock }: Now, pivot: UnixNanoseconds): BoundedTime {
  const { low, best, high } = widened(bound, mono);
  const reading = unfold(clock, pivot);
  return {
    earliest: reading + nanoseconds(low, Math.floor) - 1n,
    best: reading + nanoseconds(best, Math.round),
    latest: reading + nanoseconds(high, Math.ceil) + 1n,
  };
}

/** In whole seconds and the rest, for a correction of years has no nanoseconds as a plain number of them. */
function nanoseconds(seconds: Seconds, rounded: (value: number) => number): bigint {
  const whole = Math.trunc(seconds);
  return BigInt(whole) * 1_000_000_000n + BigInt(rounded((seconds - whole) * 1e9));
}

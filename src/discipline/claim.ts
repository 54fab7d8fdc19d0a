/**
 * What the kernel is told of its clock, so that whoever asks it (`timedatectl`, `adjtimex`, node_exporter's timex) sees the truth.
 *
 * What is told ages in the kernel: each second it adds 500 µs to the maximum error, and when that reaches 16 s it calls the clock
 * unsynchronized itself (linux/timex.h MAXFREQ, NTP_PHASE_LIMIT). So a daemon whose servers fall silent need take nothing back.
 */
import type { Frequency, PollExponent, Seconds } from "../time/seconds.ts";

/** What is said of the clock. */
export interface KernelClaim {
  /** False: nobody is to rely on it (STA_UNSYNC). */
  readonly synchronized: boolean;
  /** The most the clock can be off by, 0 … 16 s. */
  readonly maximumError: Seconds;
  /** About how much it is off by, 0 … 16 s. */
  readonly estimatedError: Seconds;
  /** log₂ of the time constant of the loop, 0 … 10 (RFC 5905 τ): the poll exponent. */
  readonly timeConstant: number;
  /** The kernel's phase-locked loop is in use (STA_PLL). */
  readonly loop: boolean;
  /** TAI − UTC now, seconds; `null`: not known. */
  readonly tai: number | null;
  /** A leap second at the end of this very day, UTC: the kernel carries it out (STA_INS, STA_DEL). */
  readonly leap: "none" | "insert" | "delete";
}

/** What is known of the clock when the system is updated. */
export interface ClockKnowledge {
  /** What the clock is off by still, seconds of either sign. */
  readonly offset: Seconds;
  readonly jitter: Seconds;
  /** Λ */
  readonly rootDistance: Seconds;
  readonly poll: PollExponent;
}

/** The largest error the kernel knows (NTP_PHASE_LIMIT). */
export const LARGEST_ERROR: Seconds = 16;

/** How fast the kernel lets the maximum error grow (MAXFREQ). */
export const KERNEL_AGEING: Frequency = 500e-6;

/** The largest time constant the kernel takes (MAXTC). */
const LONGEST = 10;

/** The clock is not to be relied on. */
export const UNRELIABLE: KernelClaim = {
  synchronized: false,
  maximumError: LARGEST_ERROR,
  estimatedError: LARGEST_ERROR,
  timeConstant: LONGEST,
  loop: false,
  tai: null,
  leap: "none",
};

/** A clock that is looked after: it can be off by what it has yet to be corrected by, and by the root distance. */
export function claimOf(
  { offset, jitter, rootDistance, poll }: ClockKnowledge,
  more: Pick<KernelClaim, "leap" | "loop" | "tai">,
): KernelClaim {
  const maximumError = bounded(rootDistance + Math.abs(offset));
  const timeConstant = Math.max(0, Math.min(LONGEST, poll));
  return {
    synchronized: maximumError < LARGEST_ERROR,
    maximumError,
    estimatedError: bounded(jitter + Math.abs(offset)),
    timeConstant,
    ...more,
  };
}

/**
 * A clock that was set once and is left to itself: as good as `claimOf` has it, but nobody will keep it so. The errors are true
 * and age, which is what `timedatectl` goes by; the kernel does not take the clock for good enough to set the hardware's by it.
 */
export function claimOnce(knowledge: Omit<ClockKnowledge, "poll">): KernelClaim {
  return { ...claimOf({ ...knowledge, poll: LONGEST }, { leap: "none", loop: false, tai: null }), synchronized: false };
}

/** What the kernel has made of a claim by now. */
export function aged(claim: KernelClaim, by: Seconds): KernelClaim {
  const maximumError = bounded(claim.maximumError + KERNEL_AGEING * Math.max(0, by));
  return { ...claim, maximumError, synchronized: claim.synchronized && maximumError < LARGEST_ERROR };
}

function bounded(error: Seconds): Seconds {
  return Math.min(error, LARGEST_ERROR);
}

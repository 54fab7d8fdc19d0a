/**
 * What was done to the clock, so that measurements made before and after it can be compared.
 *
 * ```text
 *  clock(t) = the clock nobody steered(t) + C(t)        offset(t) = phase(t) − C(t)
 * ```
 *
 * C is the sum of all phase corrections and of the frequency correction over time. An offset is relative to a clock that is
 * changed after it was measured, and by what was learned from it; the phase, offset + C, is not. Between two updates C is known
 * exactly, so a discipline sees the oscillator as it is, and none of its own hand in it.
 */
import { after, elapsed } from "../time/mono.ts";
import type { Mono } from "../time/mono.ts";
import type { Frequency, Seconds } from "../time/seconds.ts";

/** Everything done to the clock since the log began, as far as its future matters. Plain data. */
export interface Corrections {
  /** The last change. */
  readonly at: Mono;
  /** C then, seconds. */
  readonly total: Seconds;
  /** The frequency correction from then on, s/s. */
  readonly frequency: Frequency;
  /** A phase correction from then on: its rate, and when it is complete. `rate` 0: none. */
  readonly slew: { readonly rate: Frequency; readonly until: Mono };
  /** A phase that the kernel's loop corrects from then on; `null`: none. */
  readonly locked: LockedPhase | null;
}

/** A phase in the kernel's phase-locked loop, which takes the same part of what is left each second. */
export interface LockedPhase {
  /** What was left at the last change, seconds. */
  readonly phase: Seconds;
  /** log₂ of the loop's time constant, 0 … 10, as the kernel has it. */
  readonly timeConstant: number;
}

/** How much of a phase in the kernel's loop is left after a while (RFC 1589; Linux has SHIFT_PLL 2), seconds. */
export function phaseLeft({ phase, timeConstant }: LockedPhase, after: Seconds): Seconds {
  return phase * (1 - 2 ** -(KERNEL_PLL_SHIFT + timeConstant)) ** Math.max(0, after);
}

/** SHIFT_PLL: in a second the loop takes this power of two less of the phase than the time constant says. */
export const KERNEL_PLL_SHIFT = 2;

/** A log that begins now, with a frequency correction that may already be in force. */
export function corrections(at: Mono, frequency: Frequency = 0): Corrections {
  return { at, total: 0, frequency, slew: { rate: 0, until: at }, locked: null };
}

/** C at a moment that is not before the last change, seconds. */
export function correctedBy({ at, total, frequency, slew, locked }: Corrections, moment: Mono): Seconds {
  const slewed = slew.rate * elapsed(at, moment < slew.until ? moment : slew.until);
  const trickled = locked === null ? 0 : locked.phase - phaseLeft(locked, elapsed(at, moment));
  return total + frequency * elapsed(at, moment) + slewed + trickled;
}

/**
 * The clock is steered: what is left of a slew before is replaced.
 * @param lasting how long the clock glides until the phase is corrected, seconds; 0: at once
 */
export function steered(
  before: Corrections,
  at: Mono,
  change: { readonly phase: Seconds; readonly frequency: Frequency; readonly lasting: Seconds },
): Corrections {
  const { phase, frequency, lasting } = change;
  const total = correctedBy(before, at);
  const locked = stillLocked(before, at);
  if (lasting === 0) return { at, total: total + phase, frequency, slew: { rate: 0, until: at }, locked };
  return { at, total, frequency, slew: { rate: phase / lasting, until: after(at, lasting) }, locked };
}

/** A phase was handed to the kernel's loop, in place of what it had left; a slew goes on beside it. */
export function locked(
  before: Corrections,
  at: Mono,
  change: LockedPhase & { readonly frequency: Frequency },
): Corrections {
  const { phase, frequency, timeConstant } = change;
  return {
    at,
    total: correctedBy(before, at),
    frequency,
    slew: stillSlewing(before, at),
    locked: { phase, timeConstant },
  };
}

/** What was added between two moments by a slew and by the kernel's loop: all that was done but by frequency, seconds. */
export function glided(log: Corrections, from: Mono, to: Mono): Seconds {
  const still = { ...log, frequency: 0 };
  return elapsed(from, to) <= 0 ? 0 : correctedBy(still, to) - correctedBy(still, from);
}

/** What a slew and the kernel's loop have yet to add at a moment, seconds. */
export function yetToGlide(log: Corrections, at: Mono): Seconds {
  return glided(log, at, after(at, ALL_OVER));
}

/** Whatever glides has arrived by then, seconds. */
const ALL_OVER: Seconds = 1e6;

/** The clock is found to run at this rate from now on; what glides goes on. */
export function atRate(before: Corrections, at: Mono, frequency: Frequency): Corrections {
  return {
    at,
    total: correctedBy(before, at),
    frequency,
    slew: stillSlewing(before, at),
    locked: stillLocked(before, at),
  };
}

/** The same log as it is to somebody whose clock is ahead by so much. */
export function correctionsSeen(log: Corrections, ahead: Seconds): Corrections {
  const { at, slew } = log;
  return { ...log, at: after(at, ahead), slew: { ...slew, until: after(slew.until, ahead) } };
}

function stillSlewing({ slew }: Corrections, at: Mono): Corrections["slew"] {
  return at < slew.until ? slew : { rate: 0, until: at };
}

function stillLocked({ at: since, locked }: Corrections, at: Mono): LockedPhase | null {
  return locked === null ? null : { ...locked, phase: phaseLeft(locked, elapsed(since, at)) };
}

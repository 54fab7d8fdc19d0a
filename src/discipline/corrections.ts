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
import { KERNEL_SLEW_RATE } from "./once.ts";

/** Everything done to the clock since the log began, as far as its future matters. Plain data. */
export interface Corrections {
  /** The last change. */
  readonly at: Mono;
  /** C then, seconds. */
  readonly total: Seconds;
  /** The frequency correction from then on, s/s. */
  readonly frequency: Frequency;
  /** A phase correction from then on, in the order in which its stretches come; empty: none. */
  readonly slew: readonly Stretch[];
  /** A phase that the tick corrects beside all that, from then on; `null`: none. */
  readonly hurry: Stretch | null;
  /** A moment at which a second of a kernel began that slews by whole ones; `null`: it does not, or nothing was asked of it. */
  readonly second: Mono | null;
  /** A phase that the kernel's loop corrects from then on; `null`: none. */
  readonly locked: LockedPhase | null;
}

/** A stretch of a slew: at what rate the clock glides from the end of the one before, or the last change, until a moment. */
export interface Stretch {
  readonly rate: Frequency;
  readonly until: Mono;
}

/** How the clock glides. */
export interface Glide {
  readonly phase: Seconds;
  /** Until it is there, seconds; 0: it is there at once. */
  readonly lasting: Seconds;
  /**
   * The kernel goes by whole seconds of its clock, and to its next one it is so long: what it had begun to add before in this one
   * goes on, and from then on it adds 500 µs in each, and what is left in the last (`ADJ_OFFSET_SINGLESHOT`: linux
   * kernel/time/ntp.c, second_overflow()). Absent: it glides from now on at one rate.
   */
  readonly begins?: Seconds;
  /** The tick corrects it from now on, at this rate (`hurry.ts`), beside what the kernel had begun to add. Absent: the tick is as always. */
  readonly rate?: Frequency;
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
  return { at, total: 0, frequency, slew: [], hurry: null, second: null, locked: null };
}

/** C at a moment that is not before the last change, seconds. */
export function correctedBy({ at, total, frequency, slew, hurry, locked }: Corrections, moment: Mono): Seconds {
  const trickled = locked === null ? 0 : locked.phase - phaseLeft(locked, elapsed(at, moment));
  return total + frequency * elapsed(at, moment) + slewedBy(slew, at, moment) + hurriedBy(hurry, at, moment) + trickled;
}

function hurriedBy(hurry: Stretch | null, since: Mono, moment: Mono): Seconds {
  if (hurry === null) return 0;
  return hurry.rate * Math.max(0, elapsed(since, moment < hurry.until ? moment : hurry.until));
}

function slewedBy(slew: readonly Stretch[], since: Mono, moment: Mono): Seconds {
  // Most of the time there is nothing under way, and this is asked for every sample.
  if (slew.length === 0) return 0;
  let from = since;
  let sum = 0;
  for (const { rate, until } of slew) {
    const to = moment < until ? moment : until;
    sum += rate * elapsed(from, to);
    if (to === moment) break;
    from = to;
  }
  return sum;
}

/** The clock is steered: what is left of a slew before is replaced. */
export function steered(before: Corrections, at: Mono, change: Glide & { readonly frequency: Frequency }): Corrections {
  const { phase, frequency, lasting, begins, rate } = change;
  const total = correctedBy(before, at);
  const locked = stillLocked(before, at);
  const hurry = rate === undefined ? null : { rate, until: after(at, lasting) };
  const still: Corrections = { at, total, frequency, slew: [], hurry, second: null, locked };
  if (begins !== undefined) {
    const second = after(at, begins);
    const bySlew = rate === undefined ? phase : 0;
    return { ...still, slew: [...until(stillSlewing(before, at), second), ...bySecond(bySlew, second)], second };
  }
  if (lasting === 0) return { ...still, total: total + phase };
  return { ...still, slew: hurry === null ? [{ rate: phase / lasting, until: after(at, lasting) }] : [] };
}

/** How long a kernel that goes by whole seconds takes from its next one on, seconds. */
export function secondsTaken(phase: Seconds): Seconds {
  const { whole, rest } = inSeconds(phase);
  return whole + (rest === 0 ? 0 : 1);
}

/** What is added in whole seconds, and then in one more, seconds. */
function inSeconds(phase: Seconds): { readonly whole: number; readonly rest: Seconds } {
  const distance = Math.abs(phase);
  // 100 ms are 200 seconds, whatever the last digit of the quotient.
  const whole = Math.floor(distance / KERNEL_SLEW_RATE + 1e-9);
  return { whole, rest: Math.max(0, distance - whole * KERNEL_SLEW_RATE) };
}

function bySecond(phase: Seconds, from: Mono): readonly Stretch[] {
  const { whole, rest } = inSeconds(phase);
  const full = { rate: Math.sign(phase) * KERNEL_SLEW_RATE, until: after(from, whole) };
  const last = { rate: Math.sign(phase) * rest, until: after(from, whole + 1) };
  // Where nothing glides meanwhile the wait is a stretch, too.
  const wait = { rate: 0, until: from };
  return phase === 0 ? [] : [wait, ...(whole === 0 ? [] : [full]), ...(rest === 0 ? [] : [last])];
}

/** What of a slew comes before a moment. */
function until(slew: readonly Stretch[], moment: Mono): readonly Stretch[] {
  const place = slew.findIndex((stretch) => stretch.until >= moment);
  return place < 0 ? slew : [...slew.slice(0, place), { rate: slew[place]!.rate, until: moment }];
}

/**
 * What a kernel that slews by whole seconds will have added by its next one, whatever it is asked for meanwhile: who corrects an
 * offset has so much less to ask for.
 */
export function committed({ at: since, slew, second }: Corrections, at: Mono): Seconds {
  if (second === null) return 0;
  const next = after(second, Math.ceil(elapsed(second, at)));
  return slewedBy(slew, since, next) - slewedBy(slew, since, at);
}

/** Whether a slew is under way at a moment. */
export function isSlewing({ slew, hurry }: Corrections, at: Mono): boolean {
  const last = slew.at(-1);
  return (last !== undefined && at < last.until) || (hurry !== null && at < hurry.until);
}

/** A phase was handed to the kernel's loop, in place of what it had left; a slew goes on beside it. */
export function locked(
  before: Corrections,
  at: Mono,
  change: LockedPhase & { readonly frequency: Frequency },
): Corrections {
  const { phase, frequency, timeConstant } = change;
  return { ...atRate(before, at, frequency), locked: { phase, timeConstant } };
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
    hurry: before.hurry !== null && at < before.hurry.until ? before.hurry : null,
    second: before.second,
    locked: stillLocked(before, at),
  };
}

/** The same log as it is to somebody whose clock is ahead by so much. */
export function correctionsSeen(log: Corrections, ahead: Seconds): Corrections {
  const { at, slew, hurry, second } = log;
  const seen = ({ rate, until }: Stretch): Stretch => ({ rate, until: after(until, ahead) });
  return {
    ...log,
    at: after(at, ahead),
    slew: slew.map(seen),
    hurry: hurry === null ? null : seen(hurry),
    second: second === null ? null : after(second, ahead),
  };
}

function stillSlewing({ slew }: Corrections, at: Mono): Corrections["slew"] {
  return slew.filter(({ until }) => at < until);
}

function stillLocked({ at: since, locked }: Corrections, at: Mono): LockedPhase | null {
  return locked === null ? null : { ...locked, phase: phaseLeft(locked, elapsed(since, at)) };
}

/**
 * Steering by hand, where the kernel cannot all that is asked of it: from here something has to be done to the clock now and then.
 *
 * - A kernel that only glides (`adjtime` of macOS and the BSDs) has no frequency. It is told each second how far to glide in the
 *   next: what the frequency comes to, and as much of the phase as there is room for.
 * - A kernel that has a frequency and does not glide (a sandbox without ADJ_OFFSET_SINGLESHOT) runs faster or slower until the phase is
 *   corrected.
 */
import type { ClockFault } from "../engine/port/event.ts";
import { elapsed } from "../time/mono.ts";
import type { Mono } from "../time/mono.ts";
import type { Frequency, Seconds } from "../time/seconds.ts";
import { steady } from "./clock.ts";

/** Does something in a while, unless it is called off; what keeps time in tests is made up. */
export interface Alarm {
  in(seconds: Seconds, act: () => void): () => void;
  now(): Mono;
}

/** Node's timers count milliseconds in 31 bits, and go off at once beyond that; a day is far enough. */
const LONGEST_TIMER: Seconds = 86_400;

/** The steady clock, and timers that keep no process alive. */
export const ALARM: Alarm = {
  in(seconds, act) {
    let timer: NodeJS.Timeout;
    const wait = (left: Seconds): void => {
      const now = Math.min(left, LONGEST_TIMER);
      timer = setTimeout(() => (left > now ? wait(left - now) : act()), now * 1000).unref();
    };
    wait(seconds);
    return () => clearTimeout(timer);
  },
  now: steady,
};

/** What steering gives; see `LocalClock.steer`. */
type Steer = (
  phase: Seconds,
  frequency: Frequency,
) => { readonly phase: Seconds; readonly frequency: Frequency; readonly lasting: Seconds } | ClockFault;

/** How often a kernel without a frequency is told how far to glide. */
const TURN: Seconds = 1;

/** How fast it is asked to: less than it can, so that it has arrived when it is told again. */
const BY_HAND: Frequency = 400e-6;

/** No phase is corrected more slowly than this, whatever the frequency takes of the room there is. */
const LEAST_RATE: Frequency = 20e-6;

/**
 * Keeps a frequency by gliding.
 * @param glide lets the kernel glide by some seconds, in place of what it has left
 */
export function keepFrequency(glide: (by: Seconds) => ClockFault | null, alarm: Alarm): Steer {
  let wanted = { left: 0, rate: 0, frequency: 0 };
  let turnedAt: Mono | null = null;
  /** What was less than a microsecond, in which gliding is counted. */
  let carried = 0;
  let callOff = (): void => undefined;
  /** One turn: what is to be done in it, the frequency for as long as the turn before really was. */
  const turn = (): ClockFault | null => {
    const now = alarm.now();
    const lasted = turnedAt === null ? TURN : elapsed(turnedAt, now);
    turnedAt = now;
    const phase = Math.sign(wanted.left) * Math.min(Math.abs(wanted.left), wanted.rate * TURN);
    wanted = { ...wanted, left: wanted.left - phase };
    const due = carried + phase + wanted.frequency * lasted;
    const whole = Math.round(due * 1e6) / 1e6;
    carried = due - whole;
    const fault = glide(whole);
    const isOver = wanted.left === 0 && wanted.frequency === 0;
    callOff = isOver ? () => undefined : alarm.in(TURN, () => void turn());
    if (isOver) turnedAt = null;
    return fault;
  };
  return (phase, frequency) => {
    if (!(Math.abs(frequency) <= BY_HAND) || !Number.isFinite(phase)) return "outOfRange";
    callOff();
    wanted = { left: phase, rate: Math.max(LEAST_RATE, BY_HAND - Math.abs(frequency)), frequency };
    const fault = turn();
    return fault ?? { phase, frequency, lasting: Math.abs(phase) / wanted.rate };
  };
}

/**
 * Corrects a phase by the frequency.
 * @param set sets the frequency, ±`most`; returns it as it was set
 */
export function glideByFrequency(
  set: (frequency: Frequency) => Frequency | ClockFault,
  most: Frequency,
  alarm: Alarm,
): Steer {
  let callOff = (): void => undefined;
  return (phase, frequency) => {
    if (!(Math.abs(frequency) <= most) || !Number.isFinite(phase)) return "outOfRange";
    callOff();
    const direction = Math.sign(phase);
    // There is as much room as the frequency leaves in this direction.
    const room = Math.max(LEAST_RATE, most - direction * frequency);
    const gliding = set(phase === 0 ? frequency : Math.max(-most, Math.min(most, frequency + direction * room)));
    if (typeof gliding === "string") return gliding;
    const rate = Math.abs(gliding - frequency);
    if (phase === 0 || rate === 0) return { phase: 0, frequency: gliding, lasting: 0 };
    const lasting = Math.abs(phase) / rate;
    callOff = alarm.in(lasting, () => void set(frequency));
    return { phase, frequency, lasting };
  };
}

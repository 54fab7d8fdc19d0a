/**
 * Setting the local clock: a step that takes effect at once, a slew that the kernel carries out, or a frequency; and what the
 * kernel says of it to those who ask.
 *
 * The only file in which anything is set, and only these calls set it; a run that must not touch the clock is not
 * given a {@link LocalClock}. What each system offers:
 *
 * | system | step | slew | steer | lock |
 * | --- | --- | --- | --- | --- |
 * | Linux | `clock_adjtime` ADJ_SETOFFSET, which adds (nothing is lost between reading and setting), else `clock_settime` | `clock_adjtime` ADJ_OFFSET_SINGLESHOT, 500 ppm | ADJ_FREQUENCY, and a slew, a large one by ADJ_TICK (`by-tick.ts`), or without one by hand (`by-hand.ts`) | ADJ_OFFSET with STA_PLL |
 * | macOS, BSD | `settimeofday` | `adjtime`, at least 500 ppm | by hand: `adjtime` each second | none |
 * | others | refused: `unsupported` | refused | refused | none |
 */
import { secondsTaken } from "../discipline/corrections.ts";
import type { Glide } from "../discipline/corrections.ts";
import type { KernelClaim } from "../discipline/claim.ts";
import type { ClockFault } from "../engine/port/event.ts";
import type { Frequency, Seconds } from "../time/seconds.ts";
import { ALARM, glideByFrequency, keepFrequency, type Alarm } from "./by-hand.ts";
import { Hurrying } from "./by-tick.ts";
import { errorNumber } from "./errno.ts";
import {
  ADJ_ESTERROR,
  ADJ_FREQUENCY,
  ADJ_MAXERROR,
  ADJ_NANO,
  ADJ_OFFSET,
  ADJ_OFFSET_SINGLESHOT,
  ADJ_SETOFFSET,
  ADJ_STATUS,
  ADJ_TAI,
  ADJ_TICK,
  ADJ_TIMECONST,
  CLOCK_REALTIME,
  SIZE,
  STA_DEL,
  STA_INS,
  STA_PLL,
  STA_UNSYNC,
  TIMEX,
} from "./layout.ts";
import { libc, type Libc } from "./libc.ts";

/** A clock that can be set. */
export interface LocalClock {
  /** Adds seconds to the clock at once. Returns why not, or `null` when it was done. */
  step(offset: Seconds): ClockFault | null;
  /** Lets the clock glide by some seconds, in place of what a slew before has left. Returns how long it takes, or why not. */
  slew(offset: Seconds): Omit<Glide, "phase"> | ClockFault;
  /**
   * Lets the clock run faster by a frequency, ±500 ppm, and glide by a phase, each in place of the one before.
   * @param attended the process stays, and says so when it goes ({@link leave}): a large phase may be corrected faster than 500 ppm
   * @returns what was set, in the kernel's units, and how long the glide takes; or why not
   */
  steer(
    phase: Seconds,
    frequency: Frequency,
    attended?: boolean,
  ): (Glide & { readonly frequency: Frequency }) | ClockFault;
  /**
   * Hands a phase to the kernel's phase-locked loop. Absent where there is none.
   * @param phase ±0.5 s
   * @param timeConstant log₂, 0 … 10
   * @returns the phase as it was taken, and the frequency the loop makes of it; or why not
   */
  lock?(phase: Seconds, timeConstant: number): { readonly phase: Seconds; readonly frequency: Frequency } | ClockFault;
  /**
   * Says how good the clock is: error bounds, time constant, and the status as a whole, so that no bit of a daemon before stays.
   * Absent where the system keeps no such record. Returns why not, or `null` when it was done.
   */
  claim?(claim: KernelClaim): ClockFault | null;
  /** Set by whoever steers it: hears by how much the clock went where nobody wanted it, while the process was stopped. */
  strayed?: (by: Seconds) => void;
  /** Nobody steers it any more: what needs an end of ours is ended, what is left of it goes by the kernel's own slew. */
  leave?(): void;
}

/** How fast the kernel slews: MAX_TICKADJ of Linux, the least of the BSDs. */
export const SLEW_RATE = 500e-6;

/** The furthest `adjtime` can glide, as glibc bounds it for 32-bit microseconds (INT_MAX / 10^6 − 2). */
export const SLEW_REACH: Seconds = 2145;

/** The functions used, so that tests can stand in for them. */
export type ClockCalls = Pick<
  Libc,
  "clock_gettime" | "clock_settime" | "clock_adjtime" | "settimeofday" | "adjtime" | "errno"
>;

/** This machine's clock; on a system without the calls, one that refuses. */
export function localClock(): LocalClock {
  const c = libc();
  if (c === null) return UNSUPPORTED;
  return process.platform === "linux" ? linuxClock(c) : bsdClock(c);
}

const UNSUPPORTED: LocalClock = { step: () => "unsupported", slew: () => "unsupported", steer: () => "unsupported" };

const NANOSECONDS = 1_000_000_000n;
const MICROSECONDS = 1_000_000n;

/** A unit of the kernel's frequency: 2^−16 ppm. */
const FREQUENCY_UNIT: Frequency = 2 ** -16 * 1e-6;

/** The most it takes (MAXFREQ), and the largest phase its loop takes (MAXPHASE). */
const MOST: Frequency = 500e-6;
const LARGEST_PHASE: Seconds = 0.5;

/** Linux, by `struct timex`. */
export function linuxClock(c: ClockCalls, alarm: Alarm = ALARM): LocalClock {
  const byFrequency = glideByFrequency((frequency) => setFrequency(c, frequency), MOST, alarm);
  /** The kernel has refused to glide as no kernel does that can. */
  let byHand = false;
  /** The status that was claimed last, and the offset of TAI. */
  let status = STA_UNSYNC;
  let tai: number | null = null;
  const tick = new Hurrying(
    {
      set: (units) => setTick(c, units),
      read: () => readTick(c),
      slew: (by) => void clock.slew(Math.max(-SLEW_REACH, Math.min(SLEW_REACH, by))),
      strayed: (by) => clock.strayed?.(by),
    },
    alarm,
  );
  const clock: LocalClock = {
    step(offset) {
      if (!Number.isFinite(offset)) return "outOfRange";
      tick.end();
      const { whole, rest } = split(offset, NANOSECONDS);
      const timex = timexOf(ADJ_SETOFFSET | ADJ_NANO);
      timex.setBigInt64(TIMEX.seconds, whole, true);
      timex.setBigInt64(TIMEX.fraction, rest, true); // nanoseconds under ADJ_NANO, never negative
      if (c.clock_adjtime(CLOCK_REALTIME, timex) >= 0) return null;
      const fault = refusal(c.errno());
      return fault === "unsupported" ? stepBySetting(c, offset) : fault;
    },
    slew(offset) {
      if (!(Math.abs(offset) <= SLEW_REACH)) return "outOfRange";
      const timex = timexOf(ADJ_OFFSET_SINGLESHOT);
      timex.setBigInt64(TIMEX.offset, BigInt(Math.round(offset * 1e6)), true);
      if (c.clock_adjtime(CLOCK_REALTIME, timex) < 0) return refusal(c.errno());
      // From the clock's next second on, and a whole one for what is left in the end.
      const begins = Number(NANOSECONDS - (read(c) % NANOSECONDS)) / 1e9;
      return { lasting: offset === 0 ? 0 : begins + secondsTaken(offset), begins };
    },
    steer(phase, frequency, attended = false) {
      if (!(Math.abs(frequency) <= MOST)) return "outOfRange";
      if (byHand) return byFrequency(phase, frequency);
      // A timer that is late may have let it go too far, which nobody else knows of.
      const beyond = tick.end();
      // A slew replaces what the one before has left, even one by nothing. It is counted in microseconds.
      const gliding = Math.round((phase - beyond) * 1e6) / 1e6;
      const hurry = attended ? tick.begin(gliding, frequency) : null;
      const slewed = clock.slew(hurry === null ? gliding : 0);
      byHand = slewed === "unsupported" || (slewed === "outOfRange" && Math.abs(gliding) <= SLEW_REACH);
      if (typeof slewed === "string") tick.end();
      if (byHand) return byFrequency(phase, frequency);
      if (typeof slewed === "string") return slewed;
      const set = setFrequency(c, frequency);
      if (typeof set === "string") {
        tick.end();
        return set;
      }
      const glide = { phase: gliding + beyond, frequency: set };
      return hurry === null
        ? { ...glide, ...slewed }
        : { ...glide, ...slewed, lasting: hurry.lasting, rate: hurry.rate };
    },
    leave: () => tick.leave(),
    lock(phase, timeConstant) {
      if (!(Math.abs(phase) <= LARGEST_PHASE)) return "outOfRange";
      // One call: the kernel takes the status first, then the time constant (in nanosecond mode as it is), then the offset.
      const timex = timexOf(ADJ_STATUS | ADJ_NANO | ADJ_TIMECONST | ADJ_OFFSET);
      status |= STA_PLL;
      timex.setInt32(TIMEX.status, status, true);
      timex.setBigInt64(TIMEX.constant, BigInt(timeConstant), true);
      timex.setBigInt64(TIMEX.offset, BigInt(Math.round(phase * 1e9)), true);
      if (c.clock_adjtime(CLOCK_REALTIME, timex) < 0) return refusal(c.errno());
      return {
        phase: Math.round(phase * 1e9) / 1e9,
        frequency: Number(timex.getBigInt64(TIMEX.frequency, true)) * FREQUENCY_UNIT,
      };
    },
    claim({ synchronized, maximumError, estimatedError, timeConstant, leap, loop, tai: offset }) {
      // In nanosecond mode the kernel takes the time constant as it is; else it would add 4.
      const timex = timexOf(ADJ_STATUS | ADJ_NANO | ADJ_MAXERROR | ADJ_ESTERROR | ADJ_TIMECONST);
      status = (synchronized ? 0 : STA_UNSYNC) | LEAP_STATUS[leap] | (loop ? STA_PLL : 0);
      timex.setInt32(TIMEX.status, status, true);
      timex.setBigInt64(TIMEX.maxError, microseconds(maximumError), true);
      timex.setBigInt64(TIMEX.estimatedError, microseconds(estimatedError), true);
      timex.setBigInt64(TIMEX.constant, BigInt(timeConstant), true);
      if (c.clock_adjtime(CLOCK_REALTIME, timex) < 0) return refusal(c.errno());
      if (offset === null || offset === tai) return null;
      tai = offset;
      return tellTai(c, offset);
    },
  };
  return clock;
}

/** Microseconds in a hundredth of a second. */
function setTick(c: ClockCalls, units: number): boolean {
  const timex = timexOf(ADJ_TICK);
  timex.setBigInt64(TIMEX.tick, BigInt(units), true);
  return c.clock_adjtime(CLOCK_REALTIME, timex) >= 0;
}

function readTick(c: ClockCalls): number | null {
  const timex = timexOf(0);
  if (c.clock_adjtime(CLOCK_REALTIME, timex) < 0) return null;
  const tick = Number(timex.getBigInt64(TIMEX.tick, true));
  return tick > 0 ? tick : null;
}

/** Returns the frequency as it was set, in the kernel's units. */
function setFrequency(c: ClockCalls, frequency: Frequency): Frequency | ClockFault {
  const units = Math.round(frequency / FREQUENCY_UNIT);
  const timex = timexOf(ADJ_FREQUENCY);
  timex.setBigInt64(TIMEX.frequency, BigInt(units), true);
  return c.clock_adjtime(CLOCK_REALTIME, timex) < 0 ? refusal(c.errno()) : units * FREQUENCY_UNIT;
}

/** TAI − UTC is told in the place of the time constant, so in a call of its own. */
function tellTai(c: ClockCalls, offset: number): ClockFault | null {
  const timex = timexOf(ADJ_TAI);
  timex.setBigInt64(TIMEX.constant, BigInt(offset), true);
  return c.clock_adjtime(CLOCK_REALTIME, timex) < 0 ? refusal(c.errno()) : null;
}

const LEAP_STATUS: Readonly<Record<KernelClaim["leap"], number>> = { none: 0, insert: STA_INS, delete: STA_DEL };

/** Rounded up: an error is never made smaller than it is. */
function microseconds(error: Seconds): bigint {
  return BigInt(Math.ceil(error * 1e6));
}

/** macOS and the BSDs, by `struct timeval` (two 64-bit words there; macOS reads only 32 bits of the second). */
export function bsdClock(c: ClockCalls, alarm: Alarm = ALARM): LocalClock {
  const glide = (by: Seconds): ClockFault | null => {
    const { whole, rest } = split(by, MICROSECONDS);
    return c.adjtime(BigInt64Array.of(whole, rest), null) === 0 ? null : refusal(c.errno());
  };
  return {
    step(offset) {
      if (!Number.isFinite(offset)) return "outOfRange";
      const time = read(c) + BigInt(Math.round(offset * 1e9));
      const microseconds = time / 1000n;
      const value = BigInt64Array.of(microseconds / MICROSECONDS, microseconds % MICROSECONDS);
      return c.settimeofday(value, null) === 0 ? null : refusal(c.errno());
    },
    slew(offset) {
      if (!(Math.abs(offset) <= SLEW_REACH)) return "outOfRange";
      return glide(offset) ?? { lasting: Math.abs(offset) / SLEW_RATE };
    },
    steer: keepFrequency(glide, alarm),
  };
}

/** For kernels or sandboxes without ADJ_SETOFFSET: reads, adds and sets; what passes between is lost, some microseconds. */
function stepBySetting(c: ClockCalls, offset: Seconds): ClockFault | null {
  const time = read(c) + BigInt(Math.round(offset * 1e9));
  if (time < 0n) return "outOfRange";
  return c.clock_settime(CLOCK_REALTIME, BigInt64Array.of(time / NANOSECONDS, time % NANOSECONDS)) === 0
    ? null
    : refusal(c.errno());
}

/** CLOCK_REALTIME in Unix nanoseconds. */
function read(c: ClockCalls): bigint {
  const time = new BigInt64Array(2);
  c.clock_gettime(CLOCK_REALTIME, time);
  return (time[0] ?? 0n) * NANOSECONDS + (time[1] ?? 0n);
}

function timexOf(modes: number): DataView {
  const timex = new DataView(new ArrayBuffer(SIZE.timex));
  timex.setUint32(TIMEX.modes, modes, true);
  return timex;
}

/** Whole seconds, rounded down, and the rest in units of a second's part: the rest is never negative. */
function split(offset: Seconds, units: bigint): { readonly whole: bigint; readonly rest: bigint } {
  const total = BigInt(Math.round(offset * Number(units)));
  const rest = ((total % units) + units) % units;
  return { whole: (total - rest) / units, rest };
}

function refusal(errno: number): ClockFault {
  if (errno === errorNumber("EPERM") || errno === errorNumber("EACCES")) return "noPrivilege";
  if (errno === errorNumber("EINVAL")) return "outOfRange";
  if (errno === errorNumber("ENOSYS") || errno === errorNumber("EOPNOTSUPP")) return "unsupported";
  return "other";
}

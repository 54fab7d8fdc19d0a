/** What the kernel says of its clock (`adjtimex` without modes, which only reads): whoever disciplines it has told it. */
import type { Frequency, Seconds } from "../time/seconds.ts";
import { CLOCK_REALTIME, isKnownLayout, SIZE, STA_UNSYNC, TIMEX } from "./layout.ts";
import { libc, type Libc } from "./libc.ts";

/** The kernel's view of its clock. */
export interface KernelStatus {
  /** Some daemon has said so, and has not been silent for too long since (STA_UNSYNC is off). */
  readonly synchronized: boolean;
  /** What is still to be corrected. */
  readonly offset: Seconds;
  /** The most the clock may be wrong, and about how much it is. */
  readonly maximumError: Seconds;
  readonly estimatedError: Seconds;
}

/** A unit of the kernel's frequency: 2^−16 ppm. */
const FREQUENCY_UNIT: Frequency = 2 ** -16 * 1e-6;

/** The frequency correction the clock runs with, s/s; `null` where the kernel cannot be asked. */
export function kernelFrequency(
  c: Pick<Libc, "clock_adjtime"> | null = isKnownLayout() ? libc() : null,
): Frequency | null {
  if (c === null) return null;
  const timex = new DataView(new ArrayBuffer(SIZE.timex));
  if (c.clock_adjtime(CLOCK_REALTIME, timex) < 0) return null;
  return Number(timex.getBigInt64(TIMEX.frequency, true)) * FREQUENCY_UNIT;
}

/** A status bit: offsets are in nanoseconds (linux/timex.h). */
const STA_NANO = 0x2000;
/** The state that says unsynchronized. */
const TIME_ERROR = 5;

/** Reads it; `null` where the kernel cannot be asked. */
export function kernelStatus(
  c: Pick<Libc, "clock_adjtime"> | null = isKnownLayout() ? libc() : null,
): KernelStatus | null {
  if (c === null) return null;
  const timex = new DataView(new ArrayBuffer(SIZE.timex));
  const state = c.clock_adjtime(CLOCK_REALTIME, timex);
  if (state < 0) return null;
  const status = timex.getInt32(TIMEX.status, true);
  const read = (at: number): number => Number(timex.getBigInt64(at, true));
  return {
    synchronized: state !== TIME_ERROR && (status & STA_UNSYNC) === 0,
    offset: read(TIMEX.offset) * ((status & STA_NANO) === 0 ? 1e-6 : 1e-9),
    maximumError: read(TIMEX.maxError) * 1e-6,
    estimatedError: read(TIMEX.estimatedError) * 1e-6,
  };
}

/**
 * Reading the two clocks of a host: CLOCK_REALTIME, the one being disciplined, and the steady one that timers go by.
 *
 * With koffi a reading is one call of `clock_gettime` into memory that is kept, some 90 ns. Without it the only sight of
 * CLOCK_REALTIME is `Date.now()`, whole milliseconds: then the moment at which the millisecond changes is sought once, and
 * readings count on from that edge by the steady clock, true to a few microseconds.
 *
 * Setting the clock is another matter, and another file: `local-clock.ts`.
 */
import type { Mono } from "../time/mono.ts";
import type { Seconds } from "../time/seconds.ts";
import { difference, UNIX_EPOCH, type NtpTimestamp } from "../time/timestamp.ts";
import type { Now } from "../time/now.ts";
import { CLOCK_BOOTTIME, CLOCK_REALTIME } from "./layout.ts";
import { libc } from "./libc.ts";

/** Reads CLOCK_REALTIME. */
export type ClockReader = () => NtpTimestamp;

/**
 * The steady clock, CLOCK_MONOTONIC: seconds since some moment before now. It is slewed with the other clock, never
 * stepped. `performance.now` reads the same one, but its first use loads what takes a millisecond.
 */
export function steady(): Mono {
  const [seconds, nanoseconds] = process.hrtime(origin);
  return (seconds + nanoseconds / 1e9) as Mono;
}

/** Counted from when this was loaded, for the digits. */
const origin = process.hrtime();
/** What {@link steady} counts from: with that it is the same for all processes of one start of the machine, seconds. */
export const STEADY_ORIGIN: Seconds = origin[0] + origin[1] / 1e9;

/** The best reader this machine has. */
export function clockReader(): ClockReader {
  return readerByLibc() ?? readerByEdge();
}

/** Reads a clock that goes on while the machine is suspended, seconds; `null` where there is none. */
export function wakeReader(): (() => Seconds) | null {
  const c = process.platform === "linux" ? libc() : null;
  if (c === null) return null;
  const time = new BigInt64Array(2);
  return () => (c.clock_gettime(CLOCK_BOOTTIME, time) === 0 ? Number(time[0]) + Number(time[1]) / 1e9 : 0);
}

/** A reader by `clock_gettime`; `null` where libc cannot be called. */
export function readerByLibc(): ClockReader | null {
  const c = libc();
  if (c === null) return null;
  const time = new BigInt64Array(2);
  return () => {
    c.clock_gettime(CLOCK_REALTIME, time);
    return fromTimespec(time[0] ?? 0n, Number(time[1]));
  };
}

/**
 * A timestamp from a `struct timespec`.
 * @param seconds since 1970
 * @param nanoseconds 0 … 999 999 999; 2^−32 s is finer, so nothing is lost
 */
export function fromTimespec(seconds: bigint, nanoseconds: number): NtpTimestamp {
  const fraction = BigInt(Math.round(nanoseconds * 4.294967296)); // 2^32 / 10^9; at most 2^32 − 4
  return BigInt.asUintN(64, ((seconds + UNIX_EPOCH) << 32n) | fraction) as NtpTimestamp;
}

/** How far `Date.now()` and our count may be apart before the clock must have been stepped, nanoseconds. */
const APART = 2_000_000n;
/** Two readings of the steady clock round one of `Date.now()` this close together let no interruption pass, ns. */
const UNDISTURBED = 1500n;
const MILLISECOND = 1_000_000n;
const SECOND = 1_000_000_000n;

/**
 * A reader without libc: counts on from an edge of `Date.now()`, and seeks a new one when the clock was stepped.
 * @param date `Date.now`
 * @param count a steady count of nanoseconds
 */
export function readerByEdge(
  date: () => number = Date.now,
  count: () => bigint = () => process.hrtime.bigint(),
): ClockReader {
  let origin: bigint | undefined;
  return () => {
    const counted = count();
    const millisecond = BigInt(date()) * MILLISECOND;
    const unix = (origin ?? 0n) + counted;
    const apart = unix - millisecond;
    if (origin === undefined || apart < -APART || apart > APART + MILLISECOND) {
      origin = seekEdge(date, count);
      return fromUnixNanoseconds(origin + count());
    }
    return fromUnixNanoseconds(unix);
  };
}

function fromUnixNanoseconds(unix: bigint): NtpTimestamp {
  const seconds = unix / SECOND;
  return fromTimespec(seconds, Number(unix - seconds * SECOND));
}

/** Unix nanoseconds at which the steady count was zero, by the moment a millisecond began. Spins for up to a few ms. */
function seekEdge(date: () => number, count: () => bigint): bigint {
  let origin = 0n;
  for (let attempt = 0; attempt < 8; attempt += 1) {
    const start = date();
    let earlier = count();
    let millisecond = date();
    let later = count();
    while (millisecond === start) {
      earlier = later;
      millisecond = date();
      later = count();
    }
    origin = BigInt(millisecond) * MILLISECOND - (earlier + later) / 2n;
    if (later - earlier < UNDISTURBED) break;
  }
  return origin;
}

/**
 * How finely a clock can be read: the least that two readings one after the other differ by (RFC 5905 §7.3 "Precision",
 * which asks for the larger of resolution and reading time; the least difference is either, whichever is larger).
 * @returns log₂ seconds, −32 … −6
 */
export function measurePrecision(read: ClockReader): number {
  let least = 2 ** -6;
  let earlier = read();
  for (let reading = 0; reading < 512; reading += 1) {
    const later = read();
    const gap = difference(later, earlier);
    if (gap > 0 && gap < least) least = gap;
    earlier = later;
  }
  return Math.min(-6, Math.max(-32, Math.ceil(Math.log2(least))));
}

/** How far the two clocks must part between two looks for it to be a step, seconds. */
const STEP_NOTICED: Seconds = 0.005;
/** Two readings within this time of each other are of one moment, seconds. */
const ONE_MOMENT: Seconds = 0.0001;
const LOOKS = 8;

/**
 * Both clocks at one moment: an interruption between the readings would look like a step, so they are taken again.
 * @returns `null` where every one of some looks took as long as a step that is noticed
 */
export function atOneMoment(read: ClockReader): Now | null {
  let best: Now | null = null;
  let narrowest = STEP_NOTICED;
  for (let look = 0; look < LOOKS && narrowest > ONE_MOMENT; look += 1) {
    const earlier = steady();
    const clock = read();
    const width = steady() - earlier;
    if (width >= narrowest) continue;
    narrowest = width;
    best = { mono: (earlier + width / 2) as Mono, clock };
  }
  return best;
}

/** Both clocks, and an eye on whether somebody steps the one that is disciplined. */
export class Clocks {
  readonly #read: ClockReader;
  readonly #readAwake: (() => Seconds) | null;
  #seen: Now;
  #asleep: Seconds;

  /** @param readAwake a clock that goes on while the machine is suspended, {@link wakeReader} */
  constructor(read: ClockReader, readAwake: (() => Seconds) | null = null) {
    this.#read = read;
    this.#readAwake = readAwake;
    this.#asleep = this.#asleepSoFar();
    this.#seen = atOneMoment(this.#read) ?? this.now();
  }

  /** Both clocks, read one straight after the other. */
  now(): Now {
    return { mono: steady(), clock: this.#read() };
  }

  /**
   * By how much the clock was stepped since the last look: 0 if it was not. CLOCK_MONOTONIC is slewed as CLOCK_REALTIME
   * is, so the two part only by a step (or by a suspended machine, which comes to the same for packets in flight).
   * @returns seconds that were added to the clock
   */
  stepped(): Seconds {
    const now = atOneMoment(this.#read);
    if (now === null) return 0;
    const parted = difference(now.clock, this.#seen.clock) - (now.mono - this.#seen.mono);
    this.#seen = now;
    return Math.abs(parted) >= STEP_NOTICED ? parted : 0;
  }

  /** How long the machine was suspended since this was last asked, seconds; 0: it was not, or nobody can tell. */
  slept(): Seconds {
    const before = this.#asleep;
    this.#asleep = this.#asleepSoFar();
    const slept = this.#asleep - before;
    return slept >= STEP_NOTICED ? slept : 0;
  }

  #asleepSoFar(): Seconds {
    return this.#readAwake === null ? 0 : this.#readAwake() - steady();
  }

  /** Takes the clocks as they are now: for a step that was ours. */
  settle(): void {
    this.#seen = atOneMoment(this.#read) ?? this.now();
  }
}

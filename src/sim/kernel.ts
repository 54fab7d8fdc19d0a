/**
 * A simulated kernel's side of its clock: what it was told of it, how that ages, its phase-locked loop, and leap seconds, which it
 * carries out by itself.
 *
 * The loop is that of RFC 1589 as Linux has it (kernel/time/ntp.c): a phase that is handed over is trickled out, the same part of
 * what is left each second, and corrects the frequency by how long it took to come about. After long intervals a
 * frequency-locked loop takes over.
 */
import { KERNEL_PLL_SHIFT, phaseLeft, secondsTaken, type Glide } from "../discipline/corrections.ts";
import { hurried, TICK_UNIT } from "../discipline/hurry.ts";
import { aged, UNRELIABLE, type KernelClaim } from "../discipline/claim.ts";
import { KERNEL_SLEW_RATE } from "../discipline/once.ts";
import { dayOf } from "../time/leap.ts";
import type { Frequency, Seconds } from "../time/seconds.ts";
import type { NtpTimestamp, UnixNanoseconds } from "../time/timestamp.ts";
import type { SimClock } from "./clock.ts";
import type { Timeline } from "./timeline.ts";
import { BEGINNING, type TrueTime } from "./truth.ts";

/** Simulated worlds lie within 68 years of this: 2026-11-21. */
const ERA: UnixNanoseconds = 1_795_219_200n * 1_000_000_000n;

/** One kernel. */
export class SimKernel {
  readonly #clock: SimClock;
  readonly #timeline: Timeline;
  readonly #leapt: (by: Seconds) => void;
  #claimed: { readonly claim: KernelClaim; readonly at: TrueTime } = { claim: UNRELIABLE, at: BEGINNING };
  /** The frequency it was given, or made of the phases. */
  #frequency: Frequency = 0;
  /** What is left in the loop, seconds, and when it was last given a phase; the time constant is log₂. */
  #phase: Seconds = 0;
  #phaseAt: TrueTime | null = null;
  #timeConstant = 0;
  /** What is trickled out during this second, s/s, and whether another will follow. */
  #trickle: Frequency = 0;
  #ticking = false;
  /** What a slew has yet to add beyond this second (time_adjust), and what it adds in this one. */
  #adjust: Seconds = 0;
  #adding: Seconds = 0;
  /** The end of this second is waited for. */
  #sliding = false;
  /** What the tick adds, s/s, and how often it was set. */
  #tick: Frequency = 0;
  #ticks = 0;
  /** TAI − UTC; `null`: nobody has said. */
  #tai: number | null = null;
  /** A leap second is being waited for, or was carried out and the kernel has not been told since that it is over (TIME_WAIT). */
  #busy = false;

  /** @param leapt hears when a leap second was carried out, and what was added to the clock */
  constructor(clock: SimClock, timeline: Timeline, leapt: (by: Seconds) => void) {
    this.#clock = clock;
    this.#timeline = timeline;
    this.#leapt = leapt;
  }

  /** What it says of its clock now. */
  get claim(): KernelClaim {
    const { claim, at } = this.#claimed;
    return { ...aged(claim, this.#timeline.now - at), tai: this.#tai };
  }

  /** The frequency that adjtimex(2) tells, s/s: without what a slew adds, or the loop trickles out. */
  get frequency(): Frequency {
    return this.#frequency;
  }

  /** What is left in the loop, seconds. */
  get phase(): Seconds {
    return this.#phase;
  }

  /** Sets the frequency (ADJ_FREQUENCY), s/s. */
  steer(frequency: Frequency): void {
    this.#frequency = frequency;
    this.#trim();
  }

  /**
   * Takes a phase into the loop (ADJ_OFFSET with STA_PLL).
   * @returns the frequency from now on
   */
  lock(phase: Seconds, timeConstant: number): Frequency {
    const { now } = this.#timeline;
    const since = this.#phaseAt === null ? 0 : Math.floor(now - this.#phaseAt);
    const bounded = Math.max(-MAXPHASE, Math.min(MAXPHASE, phase));
    const fll = since > MAXSEC ? bounded / (2 ** SHIFT_FLL * since) : 0;
    const pll =
      (bounded * Math.min(since, 2 ** (KERNEL_PLL_SHIFT + 1 + timeConstant))) /
      4 ** (KERNEL_PLL_SHIFT + 2 + timeConstant);
    this.#frequency = Math.max(-MAXFREQ, Math.min(MAXFREQ, this.#frequency + fll + pll));
    this.#phase = bounded;
    this.#phaseAt = now;
    this.#timeConstant = timeConstant;
    if (this.#ticking) this.#trim();
    else this.#second();
    return this.#frequency;
  }

  /**
   * Lets the clock glide, in place of what a slew before has yet to begin (ADJ_OFFSET_SINGLESHOT, adjtime(3)): 500 µs in each of its
   * seconds from the next one on, and what is left in the last.
   */
  glide(phase: Seconds): Glide & { readonly begins: Seconds } {
    this.#setTick(0);
    const begins = this.#toNextSecond();
    this.#adjust = phase;
    if (!this.#sliding && phase !== 0) this.#awaitSecond();
    return { phase, begins, lasting: phase === 0 ? 0 : begins + secondsTaken(phase) };
  }

  /** Lets the clock glide as fast as a host lets it, a large phase by the tick; in place of what was under way. */
  correct(phase: Seconds): Glide {
    const hurry = hurried(phase, this.#frequency);
    if (hurry === null) return this.glide(phase);
    const before = this.glide(0);
    this.#setTick(hurry.units * TICK_UNIT);
    const set = this.#ticks;
    this.#timeline.in(hurry.lasting / (1 + this.#clock.frequency(this.#timeline.now)), () => {
      if (this.#ticks === set) this.#setTick(0);
    });
    return { phase, begins: before.begins, lasting: hurry.lasting, rate: hurry.rate };
  }

  #setTick(tick: Frequency): void {
    this.#ticks += 1;
    if (tick === this.#tick) return;
    this.#tick = tick;
    this.#trim();
  }

  /** Nothing is left of a slew, not even of the second that has begun. */
  stay(): void {
    this.#adjust = 0;
    this.#adding = 0;
    this.#tick = 0;
    this.#ticks += 1;
    this.#trim();
  }

  /** How long it is to the next second of its clock, if that goes on at this rate. */
  #toNextSecond(): Seconds {
    const { now } = this.#timeline;
    return (1 - fractionOf(this.#clock.read(now))) / (1 + this.#clock.frequency(now));
  }

  #awaitSecond(): void {
    this.#sliding = true;
    this.#timeline.in(this.#toNextSecond() + LEAST, () => {
      // It was made to go slower meanwhile, and the second is not over.
      if (fractionOf(this.#clock.read(this.#timeline.now)) > 0.5) return this.#awaitSecond();
      this.#adding = Math.sign(this.#adjust) * Math.min(Math.abs(this.#adjust), KERNEL_SLEW_RATE);
      this.#adjust -= this.#adding;
      this.#sliding = false;
      this.#trim();
      if (this.#adding !== 0) this.#awaitSecond();
    });
  }

  #trim(): void {
    const steady = this.#frequency + this.#trickle + this.#tick;
    // A second of the clock, of which a part is added.
    const slew = (this.#adding * (1 + steady)) / (1 - this.#adding);
    this.#clock.trim(this.#timeline.now, steady + slew);
  }

  /** Second by second, as long as there is a phase to trickle out: what is left, and how much of it in the second that begins. */
  #second(): void {
    const phase =
      Math.abs(this.#phase) < NOTHING ? 0 : phaseLeft({ phase: this.#phase, timeConstant: this.#timeConstant }, 1);
    this.#trickle = this.#phase - phase;
    this.#phase = phase;
    this.#ticking = this.#trickle !== 0;
    this.#trim();
    if (this.#ticking) this.#timeline.in(1, () => this.#second());
  }

  /** It is told. */
  tell(claim: KernelClaim): void {
    this.#claimed = { claim, at: this.#timeline.now };
    if (claim.tai !== null) this.#tai = claim.tai;
    if (claim.leap === "none") this.#busy = false;
    else if (!this.#busy) this.#awaitDayEnd();
  }

  /** It relies on no clock that was stepped, until it is told to, and forgets what it had to correct; the tick stays (ntp_clear()). */
  forget(): void {
    this.tell(UNRELIABLE);
    this.#phase = 0;
    this.#phaseAt = null;
    this.#trickle = 0;
    this.#adjust = 0;
    this.#adding = 0;
    this.#trim();
  }

  /** The clock may be steered meanwhile, so the moment is looked for again as it comes near. */
  #awaitDayEnd(): void {
    this.#busy = true;
    const { left, end } = dayOf(this.#clock.read(this.#timeline.now), ERA);
    const look = (): void => {
      const { leap } = this.#claimed.claim;
      if (leap === "none" || !this.#busy) return;
      const day = dayOf(this.#clock.read(this.#timeline.now), ERA);
      // A second is left out as it begins, and put in when the day's last is over.
      if (day.end === end && day.left > LEAST + (leap === "delete" ? 1 : 0))
        return this.#timeline.in(day.left - (leap === "delete" ? 1 : 0), look);
      const by = leap === "insert" ? -1 : 1;
      this.#clock.step(this.#timeline.now, by);
      if (this.#tai !== null) this.#tai -= by;
      this.#leapt(by);
    };
    this.#timeline.in(left / 2, look);
  }
}

/** The most it takes (linux/timex.h): a phase, seconds, and a frequency, s/s. */
export const MAXPHASE: Seconds = 0.5;
export const MAXFREQ: Frequency = 500e-6;

/** After so many seconds its frequency-locked loop takes over; the log₂ gain of that. */
const MAXSEC: Seconds = 2048;
const SHIFT_FLL = 2;

/** Less phase than this is none, seconds. */
const NOTHING: Seconds = 1e-12;

/** No wait is shorter, seconds. */
const LEAST: Seconds = 1e-6;

/** Of a second of a clock so much has passed. */
function fractionOf(reading: NtpTimestamp): Seconds {
  return Number(reading & 0xffff_ffffn) / 2 ** 32;
}

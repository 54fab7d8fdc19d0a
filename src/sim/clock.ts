/**
 * A simulated machine's settable clock: the one that NTP disciplines.
 *
 * It is driven by the machine's oscillator and can be stepped, slewed and trimmed as a kernel's clock can. Its exact true
 * error is known, which no real clock's is. Reading it changes nothing.
 */
import type { Frequency, Seconds } from "../time/seconds.ts";
import { type NtpTimestamp, shift } from "../time/timestamp.ts";
import type { Oscillator } from "./oscillator.ts";
import { BEGINNING, type TrueTime } from "./truth.ts";

/** The rate at which adjtime(2) and ADJ_OFFSET_SINGLESHOT slew. */
export const SLEW_RATE: Frequency = 500e-6;

/** One clock. */
export class SimClock {
  readonly #oscillator: Oscillator;
  /** What the clock would show at the beginning of the world, the whole seconds of its error included. */
  #base: NtpTimestamp;
  /** The error, clock − true, at the anchor: whole seconds apart, so that a clock 56 years wrong is still exact to 2^−32 s. */
  #whole: Seconds = 0;
  #fraction: Seconds = 0;
  /** The last moment something was changed, and the oscillator's error then. */
  #anchor: TrueTime = BEGINNING;
  #counted: Seconds = 0;
  /** Frequency correction, s/s. */
  #trim: Frequency = 0;
  /** What was left of a slew at the anchor, and how fast it goes. */
  #slew: Seconds = 0;
  #slewRate: Frequency = SLEW_RATE;

  /**
   * @param beginning what a true clock shows when the world begins
   * @param error this clock's error then, seconds, clock − true
   */
  constructor(oscillator: Oscillator, beginning: NtpTimestamp, error: Seconds) {
    this.#oscillator = oscillator;
    this.#base = beginning;
    this.#add(error);
  }

  /** What the clock shows. */
  read(at: TrueTime): NtpTimestamp {
    return shift(this.#base, at + this.#fractionAt(at));
  }

  /** Its error: clock − true, seconds. Positive: it is ahead. */
  error(at: TrueTime): Seconds {
    return this.#whole + this.#fractionAt(at);
  }

  /** How fast the error grows, s/s, corrections and a running slew included. */
  frequency(at: TrueTime): Frequency {
    const slewing = this.remaining(at) === 0 ? 0 : Math.sign(this.#slew) * this.#slewRate;
    return (1 + this.#oscillator.frequency(at)) * (1 + this.#trim + slewing) - 1;
  }

  /** Adds to the clock at once. A running slew goes on. */
  step(at: TrueTime, by: Seconds): void {
    this.#settle(at);
    this.#add(by);
  }

  /**
   * Lets the clock glide, in place of a slew that is still running, as adjtime(2) does.
   * @param rate s/s; `Infinity` does it at once
   * @returns how long it will take, seconds of the oscillator
   */
  slew(at: TrueTime, by: Seconds, rate: Frequency = SLEW_RATE): Seconds {
    this.#settle(at);
    if (rate === Infinity) {
      this.#slew = 0;
      this.#add(by);
      return 0;
    }
    this.#slew = by;
    this.#slewRate = rate;
    return Math.abs(by) / rate;
  }

  /** What is left of a slew, seconds. */
  remaining(at: TrueTime): Seconds {
    return this.#slew - this.#slewed(this.#raw(at));
  }

  /** Sets the frequency correction, s/s, in place of the one before. */
  trim(at: TrueTime, correction: Frequency): void {
    this.#settle(at);
    this.#trim = correction;
  }

  /** The frequency correction in force, s/s. */
  get correction(): Frequency {
    return this.#trim;
  }

  /** Seconds the oscillator has counted since the anchor. */
  #raw(at: TrueTime): Seconds {
    return at - this.#anchor + (this.#oscillator.error(at) - this.#counted);
  }

  #fractionAt(at: TrueTime): Seconds {
    const grown = this.#oscillator.error(at) - this.#counted;
    const raw = at - this.#anchor + grown;
    return this.#fraction + grown + this.#trim * raw + this.#slewed(raw);
  }

  #slewed(raw: Seconds): Seconds {
    if (this.#slew === 0 || raw <= 0) return 0;
    return Math.sign(this.#slew) * Math.min(Math.abs(this.#slew), this.#slewRate * raw);
  }

  /** Moves the anchor here. */
  #settle(at: TrueTime): void {
    const fraction = this.#fractionAt(at);
    this.#slew = this.remaining(at);
    this.#fraction = fraction;
    this.#anchor = at;
    this.#counted = this.#oscillator.error(at);
  }

  #add(by: Seconds): void {
    const whole = Math.trunc(by);
    this.#whole += whole;
    this.#fraction += by - whole;
    this.#base = shift(this.#base, whole);
  }
}

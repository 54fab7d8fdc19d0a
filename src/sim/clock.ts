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
  /** What of the fraction was ever added at once, the error at the beginning included. */
  #stepped: Seconds = 0;

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

  /** How fast the error grows, s/s, corrections included. */
  frequency(at: TrueTime): Frequency {
    return (1 + this.#oscillator.frequency(at)) * (1 + this.#trim) - 1;
  }

  /** Adds to the clock at once. */
  step(at: TrueTime, by: Seconds): void {
    this.#settle(at);
    this.#add(by);
  }

  /** What the steady clock counts since the beginning: it goes as this one does, and is never stepped (CLOCK_MONOTONIC). */
  steady(at: TrueTime): Seconds {
    return at + (this.#fractionAt(at) - this.#stepped);
  }

  /** Sets the frequency correction, s/s, in place of the one before. */
  trim(at: TrueTime, correction: Frequency): void {
    this.#settle(at);
    this.#trim = correction;
  }

  #fractionAt(at: TrueTime): Seconds {
    const grown = this.#oscillator.error(at) - this.#counted;
    const raw = at - this.#anchor + grown;
    return this.#fraction + grown + this.#trim * raw;
  }

  /** Moves the anchor here. */
  #settle(at: TrueTime): void {
    this.#fraction = this.#fractionAt(at);
    this.#anchor = at;
    this.#counted = this.#oscillator.error(at);
  }

  #add(by: Seconds): void {
    const whole = Math.trunc(by);
    this.#stepped += by - whole;
    this.#whole += whole;
    this.#fraction += by - whole;
    this.#base = shift(this.#base, whole);
  }
}

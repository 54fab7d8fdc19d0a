/** How wrong a clock was: its true error, sampled while the world runs. */
import type { Seconds } from "../time/seconds.ts";
import type { TrueTime } from "./truth.ts";

/** One sample. */
export interface ErrorSample {
  readonly at: TrueTime;
  /** clock − true, seconds. */
  readonly error: Seconds;
}

/** The samples of one clock, in order. */
export class ErrorRecord {
  readonly samples: ErrorSample[] = [];

  /** The largest magnitude from a moment on, seconds; 0 when there are no samples. */
  worst(from: Seconds = 0): Seconds {
    return this.#since(from).reduce((worst, sample) => Math.max(worst, Math.abs(sample.error)), 0);
  }

  /** The root of the mean square from a moment on, seconds; 0 when there are no samples. */
  rms(from: Seconds = 0): Seconds {
    const samples = this.#since(from);
    const sum = samples.reduce((total, sample) => total + sample.error * sample.error, 0);
    return samples.length === 0 ? 0 : Math.sqrt(sum / samples.length);
  }

  /** The moment from which on the magnitude stays at or below a bound; `null`: it does not. */
  settled(bound: Seconds): TrueTime | null {
    const last = this.samples.findLastIndex((sample) => Math.abs(sample.error) > bound);
    return this.samples[last + 1]?.at ?? null;
  }

  #since(from: Seconds): readonly ErrorSample[] {
    return this.samples.filter((sample) => sample.at >= from);
  }
}

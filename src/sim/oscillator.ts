/**
 * An oscillator: what makes a simulated machine's clocks tick, and how it errs.
 *
 * Its frequency error is a constant, plus a random walk (wander), plus jumps, plus what comes and goes with the temperature (the
 * day, an air conditioning), plus ageing. The walk goes in steps of one
 * tick whoever looks and however often, so that observing a machine never changes it; the steps are taken only when a
 * reading needs them, so that an idle machine costs nothing.
 */
import type { Frequency, Seconds } from "../time/seconds.ts";
import type { SimChance } from "./chance.ts";
import { BEGINNING, NEVER, type TrueTime } from "./truth.ts";

/** How an oscillator errs. */
export interface OscillatorOptions {
  /** Frequency error at the beginning, s/s; positive: it runs fast. Real ones are within ±100 ppm. Default 0. */
  readonly frequency?: Frequency;
  /** Standard deviation of the frequency's random walk after one second, s/s per √s. A crystal in a room: about 1e-9. Default 0. */
  readonly wander?: number;
  /** Length of a step of the walk, seconds. Default 1. */
  readonly tick?: Seconds;
  /** Changes of frequency by themselves, at moments of true time. */
  readonly jumps?: readonly FrequencyJump[];
  /** What comes and goes: the temperature of the day, of a room that is heated or cooled by turns. */
  readonly cycles?: readonly FrequencyCycle[];
  /** How fast it ages, s/s per second: 1 ppm a month is 4e-13. Default 0. */
  readonly ageing?: number;
}

/** A sine of the frequency error. */
export interface FrequencyCycle {
  /** s/s, from the middle. */
  readonly amplitude: Frequency;
  readonly period: Seconds;
  /** Where it begins, radians; 0: in the middle, rising. */
  readonly phase?: number;
}

/** A change of frequency, as when the machine gets warm. */
export interface FrequencyJump {
  readonly at: Seconds;
  /** Added to the frequency error, s/s. */
  readonly by: Frequency;
}

/** One oscillator. Between two breakpoints (ticks and jumps) its error grows linearly. */
export class Oscillator {
  readonly #chance: SimChance;
  readonly #wander: number;
  readonly #tick: Seconds;
  readonly #jumps: FrequencyJump[];
  readonly #cycles: readonly FrequencyCycle[];
  readonly #ageing: number;
  #frequency: Frequency;
  /** The last breakpoint, and the error there. */
  #at: TrueTime = BEGINNING;
  #error: Seconds = 0;
  #nextTick: TrueTime;
  #ticks = 0;

  /** @param chance a stream of its own, for the wander */
  constructor(options: OscillatorOptions, chance: SimChance) {
    this.#chance = chance;
    this.#frequency = options.frequency ?? 0;
    this.#wander = options.wander ?? 0;
    this.#tick = options.tick ?? 1;
    this.#jumps = [...(options.jumps ?? [])].toSorted((one, other) => one.at - other.at);
    this.#cycles = options.cycles ?? [];
    this.#ageing = options.ageing ?? 0;
    this.#nextTick = this.#wander > 0 ? (this.#tick as TrueTime) : NEVER;
  }

  /**
   * How much more than true time has been counted since the beginning.
   * @param at not before an earlier reading by more than a tick; a little look back or ahead is extrapolated
   * @returns seconds, positive when it has run fast
   */
  error(at: TrueTime): Seconds {
    this.#settle(at);
    return this.#error + this.#frequency * (at - this.#at) + this.#foreseen(at);
  }

  /** The frequency error at a moment, s/s. */
  frequency(at: TrueTime): Frequency {
    this.#settle(at);
    const cycles = this.#cycles.reduce(
      (sum, { amplitude, period, phase = 0 }) => sum + amplitude * Math.sin((2 * Math.PI * at) / period + phase),
      0,
    );
    return this.#frequency + cycles + this.#ageing * at;
  }

  /** What the cycles and the ageing come to since the beginning, seconds. */
  #foreseen(at: TrueTime): Seconds {
    let sum = (this.#ageing * at ** 2) / 2;
    for (const { amplitude, period, phase = 0 } of this.#cycles) {
      const turns = (2 * Math.PI) / period;
      sum += (amplitude / turns) * (Math.cos(phase) - Math.cos(turns * at + phase));
    }
    return sum;
  }

  /** Changes the frequency from a moment on, which must not be past. */
  jump(at: TrueTime, by: Frequency): void {
    const place = this.#jumps.findIndex((jump) => jump.at > at);
    this.#jumps.splice(place < 0 ? this.#jumps.length : place, 0, { at, by });
  }

  /** Passes every breakpoint up to a moment. */
  #settle(at: TrueTime): void {
    for (;;) {
      const jump = this.#jumps[0];
      if (jump !== undefined && jump.at <= at && jump.at <= this.#nextTick) {
        this.#pass(Math.max(jump.at, this.#at) as TrueTime, jump.by);
        this.#jumps.shift();
      } else if (this.#nextTick <= at) {
        this.#pass(this.#nextTick, this.#wander * Math.sqrt(this.#tick) * this.#chance.gaussian());
        this.#nextTick = (++this.#ticks * this.#tick + this.#tick) as TrueTime;
      } else return;
    }
  }

  #pass(breakpoint: TrueTime, change: Frequency): void {
    this.#error += this.#frequency * (breakpoint - this.#at);
    this.#frequency += change;
    this.#at = breakpoint;
  }
}

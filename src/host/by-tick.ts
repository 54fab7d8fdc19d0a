/**
 * Correcting a large phase by the kernel's tick (`discipline/hurry.ts`): it is set, and set back when the phase is corrected.
 *
 * The timer that sets it back is never exact. What the clock has gone beyond what was asked for meanwhile is known to the
 * microsecond, since the steady clock goes as this one does, and the kernel's own slew takes it back. A process that was stopped
 * meanwhile comes back to a clock that has strayed too far for that: whoever steers is told, as of any move of another's.
 *
 * Should the process end meanwhile, the tick is set back. After it was killed, by SIGKILL or a signal that nobody heeds, the next that
 * steers does so, for {@link tickFound} knows a tick that nobody means to last.
 */
import { hurried, type Hurry } from "../discipline/hurry.ts";
import { elapsed } from "../time/mono.ts";
import type { Mono } from "../time/mono.ts";
import type { Frequency, Seconds } from "../time/seconds.ts";
import type { Alarm } from "./by-hand.ts";

/** Microseconds in a hundredth of a second. */
const NOMINAL = 10_000;
/** By so much an administrator may correct a crystal (adjtimex(8)); whoever hurries sets it further: 1,000 ppm. */
const MEANT_TO_LAST = 10;

/** So far a late timer lets a clock go that is taken back without a word, seconds. */
const UNNOTICED: Seconds = 0.002;
/** How soon a tick that could not be set back is tried again, seconds. */
const AGAIN: Seconds = 1;

/** The tick that a kernel is to have when nothing hurries, from the one it was found with. */
export function tickFound(tick: number): number {
  return Math.abs(tick - NOMINAL) <= MEANT_TO_LAST ? tick : NOMINAL;
}

/** The kernel, as far as it is needed here. */
export interface Ticking {
  /** Sets the tick, microseconds in a hundredth of a second; whether it could be set. */
  set(tick: number): boolean;
  /** The tick as it is, or `null` where there is none. */
  read(): number | null;
  /** Lets the clock glide at the kernel's own rate. */
  slew(by: Seconds): void;
  /** The clock was let go too far, by so much, and nothing is done about it. */
  strayed(by: Seconds): void;
}

/** What hurries, if anything. */
export class Hurrying {
  readonly #kernel: Ticking;
  readonly #alarm: Alarm;
  /** The tick when nothing hurries; `null`: it was not looked at yet. */
  #usual: number | null = null;
  /** It cannot be set. */
  #fixed = false;
  #under: { readonly hurry: Hurry; readonly since: Mono; readonly callOff: () => void } | null = null;
  readonly #atExit = (): void => this.leave();

  constructor(kernel: Ticking, alarm: Alarm) {
    this.#kernel = kernel;
    this.#alarm = alarm;
  }

  /**
   * Begins to correct a phase, if that is worth it and can be done. A tick that somebody has left is set back, in any case.
   * @param frequency what the clock runs faster by besides, s/s
   */
  begin(phase: Seconds, frequency: Frequency): Hurry | null {
    const hurry = this.#fixed ? null : hurried(phase, frequency);
    const usual = this.#lookAt();
    if (hurry === null || usual === null) return null;
    const since = this.#alarm.now();
    if (!this.#kernel.set(usual + hurry.units)) {
      this.#fixed = true;
      return null;
    }
    const callOff = this.#alarm.in(hurry.lasting, () => {
      const beyond = this.end();
      if (Math.abs(beyond) > UNNOTICED) this.#kernel.strayed(beyond);
      else if (beyond !== 0) this.#kernel.slew(-beyond);
    });
    process.on("exit", this.#atExit);
    this.#under = { hurry, since, callOff };
    return hurry;
  }

  /**
   * Ends what is under way.
   * @returns what the clock has glided by beyond what it should have by now, seconds
   */
  end(): Seconds {
    if (this.#under === null) return 0;
    const { hurry, since, callOff } = this.#under;
    callOff();
    process.off("exit", this.#atExit);
    this.#under = null;
    this.#setBack();
    return hurry.rate * Math.max(0, elapsed(since, this.#alarm.now()) - hurry.lasting);
  }

  /** Nothing else ends it, so it is tried until it is done, or set anew. */
  #setBack(): void {
    if (this.#under === null && !this.#kernel.set(this.#usual ?? NOMINAL)) this.#alarm.in(AGAIN, () => this.#setBack());
  }

  /** Leaves what is left of it to the kernel's own slew, which ends by itself. */
  leave(): void {
    if (this.#under === null) return;
    const { hurry, since } = this.#under;
    this.end();
    this.#kernel.slew(hurry.rate * (hurry.lasting - elapsed(since, this.#alarm.now())));
  }

  /** The usual tick. The first time, one that is left of a hurry is taken back. */
  #lookAt(): number | null {
    if (this.#usual !== null) return this.#usual;
    const tick = this.#kernel.read();
    if (tick === null) return null;
    this.#usual = tickFound(tick);
    if (this.#usual !== tick) this.#kernel.set(this.#usual);
    return this.#usual;
  }
}

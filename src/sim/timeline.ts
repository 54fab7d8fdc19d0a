/** The course of a simulated world: what time it truly is, and what happens next. Time jumps from one happening to the next. */
import { Agenda } from "../time/agenda.ts";
import type { Seconds } from "../time/seconds.ts";
import { BEGINNING, later, type TrueTime } from "./truth.ts";

/** Something to do at a moment. */
type Happening = () => void;

/** Virtual true time. */
export class Timeline {
  readonly #agenda = new Agenda<TrueTime, Happening>();
  #now: TrueTime = BEGINNING;
  #count = 0;

  /** What time it truly is. */
  get now(): TrueTime {
    return this.#now;
  }

  /** The moment of the next happening; `undefined` when nothing is going to happen. */
  get next(): TrueTime | undefined {
    return this.#agenda.next;
  }

  /** How much has happened, for measuring. */
  get happened(): number {
    return this.#count;
  }

  /** Lets something happen at a moment, or now if that has passed. */
  at(moment: TrueTime, happening: Happening): void {
    this.#agenda.add(moment < this.#now ? this.#now : moment, happening);
  }

  /** Lets something happen in a while, seconds from now. Never during this call, even if the while is 0. */
  in(delay: Seconds, happening: Happening): void {
    this.at(later(this.#now, delay), happening);
  }

  /** Goes on to the next happening, and lets it happen. */
  step(): void {
    const next = this.#agenda.next;
    if (next === undefined) return;
    this.#now = next;
    this.#count++;
    this.#agenda.take()!();
  }

  /**
   * Goes on until a moment, everything at it included.
   * @param enough asked after each happening; ends it early
   */
  run(until: TrueTime, enough: () => boolean = never): void {
    for (;;) {
      const next = this.#agenda.next;
      if (next === undefined || next > until) break;
      this.step();
      if (enough()) return;
    }
    if (until > this.#now && until !== Infinity) this.#now = until;
  }
}

function never(): boolean {
  return false;
}

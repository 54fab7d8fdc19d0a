/**
 * A world whose second clock is the engine's own: it began with one reading of the machine's, goes on by the steady clock, and is
 * set and steered by nobody but the engine. Whoever steps the machine's clock meanwhile does nothing to it, and no privilege is
 * needed.
 *
 * ```text
 *  own(t) = the reading at the start + what the steady clock has counted since + ahead(t): what the engine has added, and what
 *           the machine slept, which the steady clock does not count
 * ```
 */
import type { Event } from "../engine/port/event.ts";
import type { World, WorldAction } from "../engine/port/world.ts";
import { elapsed, type Mono } from "../time/mono.ts";
import type { Now } from "../time/now.ts";
import type { Seconds } from "../time/seconds.ts";
import { difference, shift } from "../time/timestamp.ts";
import { isOfClock, ShadowClock } from "./shadow-clock.ts";

/** A world with such a clock in place of the machine's. */
export class OwnWorld implements World {
  /** What the clock read when it began. */
  readonly start: Now;
  readonly #world: World;
  readonly #clock: ShadowClock;
  /** What the clock has answered, which is heard before anything else. */
  readonly #answers: Event[] = [];
  #slept: Seconds = 0;
  /** What the corrections of its rate have added up to the last one, and when that was. */
  #turned: Seconds = 0;
  #turnedAt: Mono;

  /** @param world never asked to touch its clock */
  constructor(world: World) {
    this.#world = world;
    this.start = world.now();
    this.#clock = new ShadowClock(this.start.mono);
    this.#turnedAt = this.start.mono;
  }

  /** What the machine has slept since the start, as far as that is known; seconds. */
  get slept(): Seconds {
    return this.#slept;
  }

  /** By how much the clock has parted from the steady one since the start, before the last change but one of it at the earliest; seconds. */
  ahead(moment: Mono): Seconds {
    return this.#slept + this.#clock.ahead(moment);
  }

  /** The part of that which is no correction of an error: its rate, and what was slept; seconds. */
  turned(moment: Mono): Seconds {
    return this.#slept + this.#turned + this.#clock.frequency * elapsed(this.#turnedAt, moment);
  }

  now(): Now {
    return this.#clock.read(this.#unsteered(this.#world.now().mono));
  }

  perform(action: WorldAction): void {
    if (!isOfClock(action)) return this.#world.perform(action);
    const { mono } = this.#world.now();
    this.#turned += this.#clock.frequency * elapsed(this.#turnedAt, mono);
    this.#turnedAt = mono;
    const answer = this.#clock.perform(action, mono);
    if (answer !== null) this.#answers.push(answer);
  }

  put(event: Event): void {
    this.#world.put(event);
  }

  next(until: Mono | undefined): Event | Promise<Event> {
    const answer = this.#answers.shift();
    if (answer !== undefined) return answer;
    const event = this.#world.next(until);
    return event instanceof Promise ? event.then((come) => this.#heard(come)) : this.#heard(event);
  }

  close(): void {
    this.#world.close();
  }

  /** What happened, with stamps of this clock. A step of the machine's is none of it, unless it is what was slept. */
  #heard(event: Event): Event {
    if (event.kind === "stepped" && event.whose === "another") {
      if (event.slept === undefined) return { kind: "wake" };
      this.#slept += event.slept;
      return { ...event, by: event.slept };
    }
    if (event.kind !== "datagram" && event.kind !== "sent") return event;
    const { mono, clock } = this.#world.now();
    const unsteered = this.#unsteered(mono);
    return this.#clock.hear({ ...event, at: shift(event.at, difference(unsteered.clock, clock)) }, unsteered);
  }

  /** The clock as it would be had the engine left it alone. */
  #unsteered(mono: Mono): Now {
    return { mono, clock: shift(this.start.clock, elapsed(this.start.mono, mono) + this.#slept) };
  }
}

/**
 * What is due when: one deadline a key, and the earliest of them.
 *
 * Setting a deadline anew leaves the old one on the agenda, and it is passed over when it comes up; so ten thousand
 * associations wake as cheaply as ten.
 */
import { Agenda } from "../time/agenda.ts";
import type { Mono } from "../time/mono.ts";

/** Deadlines by key. Keys are the engine's own numbers: associations are positive, its own timers negative. */
export class Deadlines {
  readonly #agenda = new Agenda<Mono, number>();
  readonly #at = new Map<number, Mono>();

  /** Sets a key's one deadline; `null` clears it. */
  set(key: number, at: Mono | null): void {
    if (at === null) {
      this.#at.delete(key);
      return;
    }
    if (this.#at.get(key) === at) return;
    this.#at.set(key, at);
    this.#agenda.add(at, key);
  }

  /** The earliest deadline; `undefined` if there is none. */
  get next(): Mono | undefined {
    this.#dropStale();
    return this.#agenda.first?.at;
  }

  /** Takes one key that is due by `now`, its deadline cleared; `undefined` if none is. */
  take(now: Mono): number | undefined {
    this.#dropStale();
    const { first } = this.#agenda;
    if (first === undefined || first.at > now) return undefined;
    this.#agenda.take();
    this.#at.delete(first.item);
    return first.item;
  }

  #dropStale(): void {
    const agenda = this.#agenda;
    for (let { first } = agenda; first !== undefined && this.#at.get(first.item) !== first.at; { first } = agenda)
      agenda.take();
  }
}

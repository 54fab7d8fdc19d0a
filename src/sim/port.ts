/**
 * One simulated machine as a {@link World}: what lets a driver written for the real world, which asks for the next event,
 * run in a simulated one. Asking lets the whole simulated world go on until something happens to this machine.
 */
import type { Event } from "../engine/port/event.ts";
import type { World, WorldAction } from "../engine/port/world.ts";
import type { Responder } from "../server/responder.ts";
import type { Mono } from "../time/mono.ts";
import type { Now } from "../time/now.ts";
import type { Machine, Program } from "./machine.ts";
import type { Timeline } from "./timeline.ts";

/** A machine's port. Only one machine of a world should have one; the others run programs. */
export class SimPort implements World, Program {
  readonly #machine: Machine;
  readonly #timeline: Timeline;
  readonly #events: Event[] = [];
  #closed = false;
  /** Whoever waits for an event in a world in which nothing is going to happen. */
  #waiting: ((event: Event) => void) | null = null;

  constructor(machine: Machine, timeline: Timeline) {
    this.#machine = machine;
    this.#timeline = timeline;
    machine.load(this);
  }

  now(): Now {
    return this.#machine.now();
  }

  perform(action: WorldAction): void {
    if (!this.#closed) this.#machine.perform(action);
  }

  answerBy(responder: Responder): void {
    if (!this.#closed) this.#machine.answerBy(responder);
  }

  put(event: Event): void {
    this.handle(event);
  }

  next(until: Mono | undefined): Event | Promise<Event> {
    for (;;) {
      const event = this.#events.shift();
      if (event !== undefined) return event;
      if (this.#closed || (until !== undefined && this.#machine.mono() >= until)) return { kind: "wake" };
      if (!this.#goOn(until)) return new Promise((resolve) => (this.#waiting = resolve));
    }
  }

  close(): void {
    this.#closed = true;
    this.#events.length = 0;
    this.#machine.load({ handle: () => undefined });
    this.#waiting?.({ kind: "wake" });
    this.#waiting = null;
  }

  handle(event: Event): void {
    if (this.#closed) return;
    if (this.#waiting === null) this.#events.push(event);
    else {
      const resolve = this.#waiting;
      this.#waiting = null;
      resolve(event);
    }
  }

  /** One step of the world, or to the awaited moment if that comes first. @returns false if nothing is ever going to happen */
  #goOn(until: Mono | undefined): boolean {
    const next = this.#timeline.next;
    const due = until === undefined ? undefined : this.#machine.whenMono(until);
    if (due !== undefined && (next === undefined || due < next)) this.#timeline.run(due);
    else if (next !== undefined) this.#timeline.step();
    else return false;
    return true;
  }
}

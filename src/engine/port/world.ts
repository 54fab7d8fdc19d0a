/**
 * The port between the engine's driver and a world: the real one (`host/`) or one of arithmetic (`sim/`).
 *
 * A world performs actions and says what happens. It keeps one queue of events and hands them out one at a time; the
 * driver reads both clocks when it takes one. Everything a world must do is written down as tests in
 * `test/contract/world.contract.ts`, which every world passes.
 */
import type { Mono } from "../../time/mono.ts";
import type { Now } from "../../time/now.ts";
import type { Action } from "./action.ts";
import type { Event } from "./event.ts";
import type { Responder } from "../../server/responder.ts";

/** What a world is asked to do: every action but notes and memory, which concern only whoever runs the engine. */
export type WorldAction = Exclude<Action, { readonly kind: "note" } | { readonly kind: "remember" }>;

/** A world that an engine can be plugged into. */
export interface World {
  /** Both clocks, read now. After {@link World.next} has handed out an event, the moment at which it was handed out. */
  now(): Now;

  /**
   * Does one thing. What comes of it comes out of {@link World.next}, never during this call.
   * Whatever the network or the system refuses is an event, never an exception.
   */
  perform(action: WorldAction): void;

  /** Adds an event of the driver's own to the end of the queue, e.g. `stop`; a pending {@link World.next} ends with it. */
  put(event: Event): void;

  /**
   * The next thing that happened, in the order in which it happened; `wake` once `until` has come and the queue is empty.
   * A world that is ready returns it at once, one that has to wait returns a promise. Only one call at a time.
   * @param until when to stop waiting; `undefined`: never
   */
  next(until: Mono | undefined): Event | Promise<Event>;

  /** Answers plain requests on serving sockets at once from now on, where this world can; elsewhere they stay events. */
  answerBy?(responder: Responder): void;

  /** Closes every socket and ends every wait. Nothing happens in this world any more. */
  close(): void;
}

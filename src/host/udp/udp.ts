/**
 * UDP sockets as the host uses them. Two kinds keep this one promise: `native.ts`, our own sockets whose packets the
 * kernel stamps, and `dgram.ts`, Node's sockets stamped by us. `choose.ts` picks.
 */
import type { Action } from "../../engine/port/action.ts";
import type { Event } from "../../engine/port/event.ts";
import type { Responder } from "../../server/responder.ts";
import type { ClockReader } from "../clock.ts";

type ActionOf<K extends Action["kind"]> = Extract<Action, { readonly kind: K }>;

/** What sockets need of their host. */
export interface UdpHost {
  /** Takes an event; what it does about it happens later. */
  readonly put: (event: Event) => void;
  /** CLOCK_REALTIME, for packets the kernel does not stamp. */
  readonly read: ClockReader;
}

/** A set of sockets, named by their tokens. Failures are events. */
export interface Udp {
  /** Asks, through a socket of its own: connected, from a random port (RFC 9109) unless one is given; `sent` follows, or `failed`. */
  ask(action: ActionOf<"ask">): void;
  /** Sockets that serve: bound, unconnected. */
  listen(action: ActionOf<"listen">): void;
  /** Receives a group. */
  join(action: ActionOf<"join">): void;
  /** Sends; `sent` follows, or `failed`. */
  send(action: ActionOf<"send">): void;
  /** Answers plain requests on serving sockets from now on; absent where that is not possible. */
  answerBy?(responder: Responder): void;
  /** Closes one; an unknown one does no harm. */
  close(action: ActionOf<"close">): void;
  /** Reads whatever has arrived by now, without waiting. */
  drain(): void;
  /** Closes all. */
  end(): void;
}

/**
 * The engine: events in, actions out. The one-shots, the daemon and the simulator all drive this.
 */
import type { Mono } from "../../time/mono.ts";
import type { UnixNanoseconds } from "../../time/timestamp.ts";
import type { Now } from "../../time/now.ts";
import type { SecurityProvider } from "../../security/security.ts";
import type { Action } from "./action.ts";
import type { ControlAnswering } from "./control.ts";
import type { Event } from "./event.ts";
import type { Memory } from "./memory.ts";
import type { Snapshot } from "./snapshot.ts";
import type { Outcome } from "./outcome.ts";
import type { Responder } from "../../server/responder.ts";

/** Unpredictable numbers; cryptographic in the host, seeded in the simulator. */
export interface Chance {
  /** 64 random bits. */
  bits64(): bigint;
  /** Uniform in 0 ≤ x < 1. */
  uniform(): number;
  /** A stream of that label, which does not depend on how much is drawn of this one; where nothing can be predicted it may be the same. */
  split(label: string): Chance;
}

/** What an engine is plugged into besides events and actions. */
export interface Surroundings {
  readonly chance: Chance;
  readonly security: SecurityProvider;
  /** The reference identifier that stands for an IP literal: the address itself, or a hash of an IPv6 one (RFC 5905 §7.3). */
  readonly referenceIdOf: (ip: string) => number;
  /** An instant within 68 years of what the clock reads at the start, round which timestamps unfold into dates. */
  readonly era: UnixNanoseconds;
  /** No time that servers tell is before this; absent: nobody can tell. */
  readonly earliest?: UnixNanoseconds;
  /** Answers control queries (mode 6); absent: nobody does. */
  readonly control?: ControlAnswering;
}

/** The engine, as its drivers see it. */
export interface Engine {
  /**
   * Takes one event and says what to do about it.
   * @returns actions in order; perform all of them before handing in the next event that depends on them
   */
  handle(event: Event, now: Now): readonly Action[];
  /** When `wake` is due; `undefined` while nothing is awaited. May change with every event. */
  readonly wakeAt: Mono | undefined;
  /** How the run ended; `null` while it goes on. Once set, nothing more is asked for. */
  readonly outcome: Outcome | null;
  /** From the start event on: the server, for hosts that can answer at once. `null`: clients are not answered. */
  readonly responder?: Responder | null;
  /** What a later engine can start from: its associations, what is known of the clock, and the kisses. */
  memory(now: Now): Memory;
  /** The whole state as data. */
  snapshot(now: Now): Snapshot;
}

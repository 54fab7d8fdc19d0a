/**
 * A shadow of a machine's clock: the clock as it reads, and all that would have been done to it. What is done to it takes effect at
 * once, as no kernel's clock does, and is refused never.
 */
import { correctedBy, corrections, locked, steered, type Corrections } from "../discipline/corrections.ts";
import type { Action } from "../engine/port/action.ts";
import type { Event } from "../engine/port/event.ts";
import { after, type Mono } from "../time/mono.ts";
import type { Now } from "../time/now.ts";
import type { Frequency, Seconds } from "../time/seconds.ts";
import { difference, shift } from "../time/timestamp.ts";

/** Whatever is asked of a clock. */
export type ClockAction = Extract<Action, { readonly kind: "step" | "slew" | "steer" | "lock" | "kernel" }>;

/** Whether an action is asked of the clock. */
export function isOfClock(action: Action): action is ClockAction {
  return CLOCK_ACTIONS.has(action.kind);
}

const CLOCK_ACTIONS: ReadonlySet<Action["kind"]> = new Set(["step", "slew", "steer", "lock", "kernel"]);

/** One shadow. */
export class ShadowClock {
  #done: Corrections;
  /** The same before the last change, for what was stamped before it and is read after. */
  #before: { readonly done: Corrections; readonly until: Mono } | null = null;

  /** @param at from then on it can go its own way; until then it is the clock */
  constructor(at: Mono) {
    this.#done = corrections(at);
  }

  /** The correction of its rate that is in force, s/s. */
  get frequency(): Frequency {
    return this.#done.frequency;
  }

  /** By how much it is ahead of the clock at a moment, before the last change but one of it at the earliest; seconds. */
  ahead(moment: Mono): Seconds {
    const before = this.#before;
    return correctedBy(before !== null && moment <= before.until ? before.done : this.#done, moment);
  }

  /** Both clocks, with the shadow for the second. */
  read({ mono, clock }: Now): Now {
    return { mono, clock: shift(clock, correctedBy(this.#done, mono)) };
  }

  /** What happened, with stamps of the shadow. */
  hear(event: Event, now: Now): Event {
    if (event.kind !== "datagram" && event.kind !== "sent") return event;
    const then = after(now.mono, difference(event.at, now.clock));
    return { ...event, at: shift(event.at, this.ahead(then)) };
  }

  /** Does what is asked of the clock. @returns what the world would have answered; `null`: nothing */
  perform(action: ClockAction, mono: Mono): Event | null {
    const { frequency } = this.#done;
    switch (action.kind) {
      case "step": {
        const total = correctedBy(this.#done, mono) + action.offset;
        // With a step a kernel gives up whatever it had yet to do.
        this.#change({ ...corrections(mono, frequency), total }, mono);
        return { kind: "stepped", by: action.offset, whose: "ours" };
      }
      case "slew":
        this.#change(steered(this.#done, mono, { phase: action.offset, frequency, lasting: 0 }), mono);
        return { kind: "slewing", by: action.offset, lasting: 0 };
      case "steer":
        this.#change(steered(this.#done, mono, { ...action, lasting: 0 }), mono);
        return { kind: "steered", phase: action.phase, frequency: action.frequency, lasting: 0 };
      case "lock":
        this.#change(locked(this.#done, mono, { ...action, frequency }), mono);
        return { kind: "locked", phase: action.phase, frequency, timeConstant: action.timeConstant };
      case "kernel":
        return null;
    }
  }

  #change(done: Corrections, mono: Mono): void {
    // Of several changes at one moment the first decides what was before it.
    if (this.#before?.until !== mono) this.#before = { done: this.#done, until: mono };
    this.#done = done;
  }
}

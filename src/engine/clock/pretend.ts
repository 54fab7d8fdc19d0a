/**
 * A clock that is only reported on (`--no-clock`): what would be done to it is reckoned with as if it had been done, and told.
 * What is served is what the clock would read, as a server serves that follows others and leaves its clock alone.
 */
import { correctedBy, corrections, locked, steered } from "../../discipline/corrections.ts";
import type { Mono } from "../../time/mono.ts";
import type { Now } from "../../time/now.ts";
import type { Seconds } from "../../time/seconds.ts";
import { shift } from "../../time/timestamp.ts";
import type { NtpTimestamp } from "../../time/timestamp.ts";
import type { Action } from "../port/action.ts";
import type { State } from "../state.ts";
import type { Steering } from "./steering.ts";

/** What may be done to a clock that is steered. */
export type ClockAction = Extract<Action, { readonly kind: "steer" | "lock" | "step" }>;

/** By how much the clock would be ahead of what it reads; 0 where whatever is to be done is done. */
export function pretendedBy({ config, pretended, corrections }: Steering, at: Mono): Seconds {
  return config.dryRun ? pretended + correctedBy(corrections, at) : 0;
}

/** Reckons with something that would have been done. */
export function pretend(state: State, steering: Steering, action: ClockAction, now: Now): void {
  if (action.kind === "lock")
    steering.corrections = locked(steering.corrections, now.mono, {
      ...action,
      frequency: steering.corrections.frequency,
    });
  else if (action.kind === "steer")
    steering.corrections = steered(steering.corrections, now.mono, { ...action, lasting: 0 });
  else {
    state.note({ what: "wouldStep", by: action.offset });
    pretendStep(steering, action.offset, now);
  }
}

/** The daemon would have ended here. Somebody may have reasons for such a clock: it is reckoned with as if they had set it right. */
export function pretendRefusal(
  state: State,
  steering: Steering,
  by: Seconds,
  why: "panic" | "max-step",
  now: Now,
): void {
  state.note({ what: "wouldRefuse", by, why });
  steering.discipline.restart(by);
  pretendStep(steering, by, now);
}

function pretendStep(steering: Steering, by: Seconds, now: Now): void {
  steering.pretended += correctedBy(steering.corrections, now.mono) + by;
  steering.corrections = corrections(now.mono, steering.corrections.frequency);
}

/**
 * The clock that is served. A server that follows others without touching the local clock serves what it knows the time
 * to be, not what the local clock reads.
 * @param clock a reading at about the moment `mono`
 */
export function servedClock(state: State, clock: NtpTimestamp, mono: Mono): NtpTimestamp {
  const ahead = servedAhead(state, mono);
  return ahead === 0 ? clock : shift(clock, ahead);
}

/** By how much that is ahead of the local clock, seconds. */
export function servedAhead({ config, opinion: { estimate }, steering }: State, mono: Mono): Seconds {
  if (config.clock.kind === "observe") return estimate?.offset ?? 0;
  return steering === null ? 0 : pretendedBy(steering, mono);
}

/**
 * What the engine tells the kernel of its clock: with each system update while it steers, and once when a one-shot has set it.
 */
import { aged, claimOf, claimOnce, UNRELIABLE } from "../../discipline/claim.ts";
import type { KernelClaim } from "../../discipline/claim.ts";
import { armedLeap, taiNow } from "./leap.ts";
import { elapsed } from "../../time/mono.ts";
import type { Now } from "../../time/now.ts";
import type { Seconds } from "../../time/seconds.ts";
import type { State } from "../state.ts";
import type { Steering } from "./steering.ts";

/** The clock is steered by what is known now. */
export function claimSteered(state: State, steering: Steering, now: Now): void {
  const { estimate, variables } = state.opinion;
  if (estimate === null) return;
  const { offset, jitter } = estimate;
  const more = {
    leap: armedLeap(state, steering, now),
    loop: steering.corrections.locked !== null,
    tai: taiNow(state, now),
  };
  tell(
    state,
    steering,
    claimOf({ offset, jitter, rootDistance: variables.rootDistance, poll: steering.discipline.report.poll }, more),
    now,
  );
}

/** The clock is off by more than it may be corrected by: nobody is to rely on it. */
export function claimUnreliable(state: State, steering: Steering, now: Now): void {
  tell(state, steering, UNRELIABLE, now);
}

/**
 * A one-shot has corrected the clock.
 * @param residual what a slew has yet to correct, seconds
 */
export function claimSet(state: State, residual: Seconds): void {
  const { estimate, variables } = state.opinion;
  if (estimate === null) return;
  state.act({
    kind: "kernel",
    claim: claimOnce({ offset: residual, jitter: estimate.jitter, rootDistance: variables.rootDistance }),
  });
}

/** A leap second is to be carried out at the end of the day, or is over: the kernel is told, if it was told otherwise. */
export function claimLeap(state: State, steering: Steering, now: Now): void {
  const { claimed } = steering;
  const leap = armedLeap(state, steering, now);
  if (claimed !== null && claimed.claim.leap !== leap)
    tell(
      state,
      steering,
      { ...aged(claimed.claim, elapsed(claimed.at, now.mono)), leap, tai: taiNow(state, now) },
      now,
    );
}

function tell(state: State, steering: Steering, claim: KernelClaim, now: Now): void {
  steering.claimed = { claim, at: now.mono };
  state.act({ kind: "kernel", claim });
}

/**
 * By how much the clock has been moved at once, by us and by others, and what the panic threshold makes of one more move.
 *
 * The threshold (RFC 5905 §11.3, PANICT) is held against the sum of our own steps, so that no servers can take the clock far in
 * several strides. What somebody else moved the clock by may be undone besides, and no more than that: a nudge of some
 * milliseconds, or a night's sleep, is no reason to believe in the year 2045. Whether they set it right or wrong is seen by which
 * of the two explains the offset better.
 */
import type { Mono } from "../time/mono.ts";
import { elapsed } from "../time/mono.ts";
import type { Seconds } from "../time/seconds.ts";

/** What was added to a clock that has been set once. Plain data. */
export interface Moves {
  /** By us, less what undid the steps of others. */
  readonly ours: Seconds;
  /** By others since we last corrected the clock; what it went on while the machine slept is none of it. */
  readonly others: Seconds;
  /** When we stepped it last. */
  readonly at: Mono;
}

/** A clock that has gone so long without a step of ours is right where it is. */
const SETTLED: Seconds = 86_400;

/** The clock has just been set for the first time: that is where it is counted from. */
export function firstSet(at: Mono): Moves {
  return { ours: 0, others: 0, at };
}

/** As it counts now. */
export function lately(moves: Moves, now: Mono): Moves {
  return moves.ours !== 0 && elapsed(moves.at, now) >= SETTLED ? { ...moves, ours: 0 } : moves;
}

/** Somebody else stepped it. */
export function movedByAnother(moves: Moves, by: Seconds): Moves {
  return { ...moves, others: moves.others + by };
}

/** We corrected it: by a step, or by so little that it is none (0). */
export function movedByUs(moves: Moves, by: Seconds, at: Mono): Moves {
  return { ours: inAll(by, moves), others: 0, at: by === 0 ? moves.at : at };
}

/**
 * Whether an offset is beyond reason.
 * @param moves `null`: the clock was never set
 */
export function isBeyondReason(offset: Seconds, moves: Moves | null, panic: Seconds): boolean {
  return Math.abs(moves === null ? offset : inAll(offset, moves)) > panic;
}

/** By how much we shall have moved it, if we move it by so much more: what others did stands, or is undone by it. */
function inAll(by: Seconds, { ours, others }: Moves): Seconds {
  const [stands, undone] = [ours + by, ours + others + by];
  return Math.abs(undone) < Math.abs(stands) ? undone : stands;
}

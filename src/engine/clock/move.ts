/**
 * Offsets are relative to the clock: whenever it is corrected, everything that was measured by it moves along.
 *
 * A kernel takes its time: 80 ms are 160 s of its 500 ppm, and its loop has no end. What was measured moves as far as the clock
 * has, when something is next heard; else a peer whose question we answer in the midst of it would be told a receive timestamp
 * of the clock as it will be, beside a transmit timestamp of the clock as it is.
 */
import type { AssociationId } from "../../association/association.ts";
import { moveArrival } from "../../association/broadcast.ts";
import { moveExchange, moveLeaving } from "../../association/exchange.ts";
import { moveEarlier, moveFilter } from "../../association/filter.ts";
import { moveRequest } from "../../association/request.ts";
import { correctedBy } from "../../discipline/corrections.ts";
import type { Jump } from "../../discipline/strategy.ts";
import type { Corrections } from "../../discipline/corrections.ts";
import { after } from "../../time/mono.ts";
import type { Mono } from "../../time/mono.ts";
import type { Now } from "../../time/now.ts";
import type { Frequency, Seconds } from "../../time/seconds.ts";
import type { State } from "../state.ts";

/**
 * Moves samples in the filters, and the timestamps of exchanges that are under way.
 * @param phase what was added to the clock
 * @param frequency what was added to its rate
 */
export function moveAlong(state: State, phase: Seconds, frequency: Frequency, now: Now): void {
  for (const { left } of state.serving.broadcasters) if (left !== null) moveLeaving(left, phase);
  for (const { filter, requests, exchange, listening } of state.roster) {
    moveFilter(filter, phase, frequency, now.mono);
    if (listening !== null) moveArrival(listening, phase);
    for (const request of requests) moveRequest(request, phase);
    if (exchange !== null) moveExchange(exchange, phase);
  }
}

/** Moves what was measured of servers before their time jumped against our clock, or it against theirs; selection then sees the jump whole. */
export function moveJumped(state: State, jumps: readonly Jump[]): void {
  for (const { source, at, by } of jumps) {
    const jumped = state.roster.get(source as AssociationId);
    if (jumped === undefined) continue;
    moveEarlier(jumped.filter, at, by);
    state.unjudged = true;
  }
}

/** Moving n associations takes of the order of n · 10 µs; while it is put off, a glide of 500 ppm goes 50 ns for each. */
const SPACING: Seconds = 1e-4;
/** With so few it is not worth putting off. */
const AT_ONCE = 64;

/**
 * Moves what was measured along with what a slew, the tick or the kernel's loop has done to the clock meanwhile.
 * @param lag for so long it may lie behind, seconds
 */
export function keepUp(
  state: State,
  now: Now,
  lag: Seconds = state.roster.size > AT_ONCE ? state.roster.size * SPACING : 0,
): void {
  const { steering } = state.clock;
  if (steering === null || now.mono < after(steering.movedAt, lag)) return;
  const { corrections, moved } = steering;
  if (corrections.slew.length > 0 || corrections.hurry !== null || corrections.locked !== null) {
    steering.moved = glidedBy(corrections, now.mono);
    if (steering.moved !== moved) moveAlong(state, steering.moved - moved, 0, now);
  }
  steering.movedAt = now.mono;
}

/** What a timestamp resolves, seconds. */
const UNIT: Seconds = 2 ** -32;

/**
 * What a slew and the kernel's loop have added to the clock since the last correction: all that was done but by frequency. In whole
 * units of a timestamp, so that nothing is rounded however often something moves: else whoever sends us packets, and be they refused,
 * would change what we measure by a unit here and there.
 */
function glidedBy(corrections: Corrections, at: Mono): Seconds {
  return Math.round(correctedBy({ ...corrections, total: 0, frequency: 0 }, at) / UNIT) * UNIT;
}

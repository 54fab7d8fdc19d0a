/** Offsets are relative to the clock: whenever it is corrected, everything that was measured by it moves along. */
import { moveArrival } from "../association/broadcast.ts";
import { moveFilter } from "../association/filter.ts";
import { moveRequest } from "../association/request.ts";
import type { Now } from "../time/now.ts";
import type { Frequency, Seconds } from "../time/seconds.ts";
import { shift } from "../time/timestamp.ts";
import type { State } from "./state.ts";

/**
 * Moves samples in the filters, and the timestamps of exchanges that are under way.
 * @param phase what was added to the clock
 * @param frequency what was added to its rate
 */
export function moveAlong(state: State, phase: Seconds, frequency: Frequency, now: Now): void {
  for (const { left } of state.broadcasters) if (left !== null) left.left = shift(left.left, phase);
  for (const { filter, requests, exchange, listening } of state.roster) {
    moveFilter(filter, phase, frequency, now.mono);
    if (listening !== null) moveArrival(listening, phase);
    for (const request of requests) moveRequest(request, phase);
    if (exchange === null) continue;
    exchange.receive = shift(exchange.receive, phase);
    for (const departure of exchange.departures) {
      departure.left = shift(departure.left, phase);
      departure.arrived = shift(departure.arrived, phase);
    }
  }
}

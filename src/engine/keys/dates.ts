/**
 * Certificates by the time that was measured: where keys were established by a clock that could not judge them, their dates are looked
 * at before that time is taken for the time. Who was vouched for by a certificate that is not valid then has no say.
 */
import { giveUp, onNoKeys } from "../../association/life.ts";
import type { Now } from "../../time/now.ts";
import type { Seconds } from "../../time/seconds.ts";
import { shift, toIso } from "../../time/timestamp.ts";
import type { State } from "../state.ts";

/**
 * Takes their say from all whose certificates are not valid.
 * @param offset the true time − the clock
 * @returns whether there are any
 */
export function refuseByDates(state: State, offset: Seconds, now: Now): boolean {
  const measured = toIso(shift(now.clock, offset), state.clock.era.pivot + BigInt(Math.round(offset * 1e9)));
  if (measured === null) return false;
  const at = Date.parse(measured);
  let refused = false;
  for (const association of state.roster) {
    const exchange = state.keys.get(association.id);
    if (exchange === undefined || association.ended === "authentication" || association.samples === 0) continue;
    const { from, until } = exchange;
    const why =
      from === null || until === null || at < Date.parse(from)
        ? "notYetValid"
        : at > Date.parse(until)
          ? "expired"
          : null;
    if (why === null) continue;
    exchange.fault = { why, detail: `by the time that the servers tell, ${measured.slice(0, 19)}Z` };
    onNoKeys(association, "authentication");
    giveUp(association, "authentication");
    refused = true;
  }
  return refused;
}

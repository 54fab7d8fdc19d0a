/** Servers that we have already under another name: found out by what they say of their clocks, and discarded. */
import { giveUp } from "../../association/life.ts";
import { duplicatesAmong } from "../../system/duplicates.ts";
import { after } from "../../time/mono.ts";
import type { Now } from "../../time/now.ts";
import type { Seconds } from "../../time/seconds.ts";
import { prune } from "./prune.ts";
import type { State } from "../state.ts";

/** A daemon has time: it looks for doubles this often, for servers tell the same of their clocks as long as they are not set. */
const LOOKED_FOR_EVERY: Seconds = 60;

/** Ends every association that is another's double: what was found goes, what was named stays and says why it is not used. */
export function discardDuplicates(state: State, now: Now): void {
  if (state.config.once === null && now.mono < state.doublesDue) return;
  state.doublesDue = after(now.mono, LOOKED_FOR_EVERY);
  for (const double of duplicatesAmong(state.roster)) {
    if (state.config.once === null && double.lifetime !== "persistent") {
      prune(state, double, now, "duplicate");
      continue;
    }
    state.closeRequests(double);
    giveUp(double, "duplicate");
  }
}

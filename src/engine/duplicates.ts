/** Servers that we have already under another name: found out by what they say of their clocks, and discarded. */
import { duplicatesAmong } from "../system/duplicates.ts";
import type { Now } from "../time/now.ts";
import { giveUp } from "./associate.ts";
import { prune } from "./pruning.ts";
import type { State } from "./state.ts";

/** Ends every association that is another's double: what was found goes, what was named stays and says why it is not used. */
export function discardDuplicates(state: State, now: Now): void {
  for (const double of duplicatesAmong(state.roster)) {
    if (state.config.once === null && double.lifetime !== "persistent") {
      prune(state, double, now, "duplicate");
      continue;
    }
    state.closeRequests(double);
    giveUp(state, double, "duplicate");
  }
}

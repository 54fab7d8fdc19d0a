/**
 * Which leap second is smeared for clients: the one the configuration names, which a list has announced; or, where there is no list,
 * the one that most servers announce, at the end of the month (`leapsmearinterval`, as ntpd's).
 */
import { NTPD_SMEAR, smearOf, type Smear } from "../../server/smear.ts";
import { endOfMonth } from "../../time/leap.ts";
import type { Now } from "../../time/now.ts";
import { UNIX_EPOCH } from "../../time/timestamp.ts";
import type { ServingConfig } from "../port/config.ts";
import type { State } from "../state.ts";

/** The system variables are new: the server may have another leap second to smear. */
export function reviseSmear(state: State, now: Now): void {
  const server = state.answering?.server;
  if (server === undefined) return;
  const { settings } = server;
  const smear = announcedSmear(state, settings.smear, now);
  if (smear?.at !== settings.smear?.at || smear?.leap !== settings.smear?.leap)
    server.configure({ ...settings, smear });
}

function announcedSmear({ config, opinion, surroundings }: State, before: Smear | null, now: Now): Smear | null {
  const { serving, leaps } = config;
  if (serving === null) return null;
  const { smear, smearInterval } = serving;
  if (smear !== null || smearInterval === 0 || leaps !== null) return configuredSmear(serving);
  const { leap } = opinion.variables;
  // Who has lost all servers stays with what was known before.
  if (leap === "unsynchronized" || leap === "none") return leap === "none" ? null : before;
  const at = Number(endOfMonth(now.clock, surroundings.era) + UNIX_EPOCH);
  return smearOf({ ...NTPD_SMEAR, at, leap, interval: smearInterval });
}

/** The leap second that the configuration names. */
export function configuredSmear({ smear }: ServingConfig): Smear | null {
  return smear === null ? null : smearOf(smear);
}

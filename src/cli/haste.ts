/** A warning to whoever asks for shorter intervals than some server of a name may be asked at. */
import { LEAST_INTERVAL } from "../association/template.ts";
import type { EngineConfig } from "../engine/port/config.ts";
import type { Note } from "../engine/port/note.ts";
import { isNear } from "../wire/address.ts";
import { printable } from "../view/text.ts";
import type { CommonOptions } from "./options/offers.ts";
import type { Session } from "./session.ts";

/** Warns of each name that leads to such a server, once an address of it is asked. */
export function warnOfHaste(
  { burst: { spacing, callDelay } }: Pick<EngineConfig, "burst">,
  { quiet }: CommonOptions,
  notes: readonly Note[],
  session: Session,
): void {
  // The burst with a call delay has its intervals from a seed, and nobody asked for them.
  if (spacing.least >= LEAST_INTERVAL || callDelay !== null || quiet === true) return;
  for (const note of notes)
    if (note.what === "mobilized" && !isNear(note.address.ip))
      session.warn(
        `--interval: ${printable(note.name)} is asked every ${LEAST_INTERVAL} s where its addresses are public, as ${note.address.ip} is`,
      );
}

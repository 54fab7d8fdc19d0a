/** A warning to whoever asks for shorter intervals than some server may be asked at. */
import { LEAST_INTERVAL } from "../association/template.ts";
import type { EngineConfig } from "../engine/port/config.ts";
import type { Note } from "../engine/port/note.ts";
import { isScoped } from "../config/groups.ts";
import { literalFamily } from "../config/literal.ts";
import { isNear } from "../wire/address.ts";
import { printable } from "../view/text.ts";
import type { CommonOptions } from "./options/offers.ts";
import type { Session } from "./session.ts";

/** Warns of each such server, once it is asked, and of each group that is not confined to a site. */
export function warnOfHaste(
  { burst: { spacing, callDelay } }: Pick<EngineConfig, "burst">,
  { quiet }: CommonOptions,
  notes: readonly Note[],
  session: Session,
): void {
  // The burst with a call delay has its intervals from a seed, and nobody asked for them.
  if (spacing.least >= LEAST_INTERVAL || callDelay !== null || quiet === true) return;
  for (const note of notes) {
    if (note.what !== "ring" && note.what !== "mobilized") continue;
    // A name may have dozens of addresses.
    const whom = note.what === "ring" ? note.group : note.name;
    const why = note.what === "ring" ? wide(note.group) : strange(note);
    if (why !== null) session.warn(`--interval: ${why}`, `--interval ${whom}`);
  }
}

function wide(group: string): string | null {
  return isScoped(group)
    ? null
    : `${group} is asked every ${LEAST_INTERVAL} s, since it is not confined to a site, as 239.0.0.0/8 and IPv6 scopes up to 8 are`;
}

function strange({ name, address: { ip } }: Extract<Note, { what: "mobilized" }>): string | null {
  if (isNear(ip)) return null;
  return literalFamily(name) !== 0
    ? `${ip} is asked every ${LEAST_INTERVAL} s, since it is a public address`
    : `${printable(name)} is asked every ${LEAST_INTERVAL} s where its addresses are public, as ${ip} is`;
}

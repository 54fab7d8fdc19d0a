/** The face of a run that asks and ends by itself: what it waits for. */
import type { EngineConfig } from "../engine/port/config.ts";
import { shortName } from "../view/servername.ts";
import { counted, listed } from "../view/text.ts";
import { warnOfHaste } from "./haste.ts";
import type { CommonOptions } from "./options/offers.ts";
import type { Face, Session } from "./session.ts";

/** How many names are listed. */
const LISTED = 3;

/** The face of a run of `command` by `config`. */
export function askingFace(command: string, config: EngineConfig, options: CommonOptions): Face {
  return {
    command,
    awaited: (session) => `asking ${named(config)}${progress(config, session)}`,
    noted: (notes, session) => warnOfHaste(config, options, notes, session),
  };
}

function named({ associations }: EngineConfig): string {
  const names = associations.slice(0, LISTED).map(({ name, port }) => shortName({ name, address: null, port }));
  const more = associations.length - names.length;
  return more > 0 ? `${names.join(", ")} and ${counted(more, "other")}` : listed(names);
}

/** Which sample of how many, and when it ends at the latest. */
function progress({ once }: EngineConfig, session: Session): string {
  const snapshot = session.snapshot();
  if (once === null || snapshot === null) return "";
  const sent = Math.max(0, ...snapshot.associations.map(({ packets }) => packets.sent));
  const remaining = once.deadline === null ? null : Math.max(0, Math.ceil(once.deadline - session.elapsed));
  const parts = [
    ...(once.samples > 1 && sent > 0 ? [`sample ${Math.min(sent, once.samples)} of ${once.samples}`] : []),
    ...(remaining === null ? [] : [`at most ${remaining} s`]),
  ];
  return parts.length === 0 ? "" : `: ${parts.join(", ")}`;
}

/** The face of a run that asks and ends by itself: what it waits for. */
import type { EngineConfig } from "../engine/port/config.ts";
import { shortName } from "../view/servername.ts";
import { counted, listed } from "../view/text.ts";
import { warnOfHaste } from "./haste.ts";
import type { CommonOptions } from "./options/offers.ts";
import type { Face, Session } from "./session.ts";

/** How many names are listed at most. */
const LISTED = 3;

/** The face of a run of `command` by `config`. */
export function askingFace(command: string, config: EngineConfig, options: CommonOptions): Face {
  return {
    command,
    awaited: (session, width) => asking(config, progress(config, session), width),
    noted: (notes, session) => warnOfHaste(config, options, notes, session),
  };
}

/** As many names as there is room for. */
function asking({ associations }: EngineConfig, progress: string, width: number): string {
  const names = associations.map(({ name, port }) => shortName({ name, address: null, port }));
  for (let count = Math.min(names.length, LISTED); count > 0; count -= 1) {
    const line = `asking ${named(names, count)}${progress}`;
    if (line.length <= width) return line;
  }
  return `asking ${counted(names.length, "server")}${progress}`;
}

function named(names: readonly string[], count: number): string {
  const more = names.length - count;
  const first = names.slice(0, count);
  return more > 0 ? `${first.join(", ")} and ${counted(more, "other")}` : listed(first);
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

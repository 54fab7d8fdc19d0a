/** What whoever relies on a set of servers should know, beyond each of them. */
import type { DiscoveryCommand } from "../config/discovery.ts";
import type { Snapshot } from "../engine/snapshot.ts";
import type { SetWarning } from "../view/finding.ts";

/** The warnings of a run. */
export function setWarnings(_command: DiscoveryCommand, _snapshot: Snapshot): readonly SetWarning[] {
  return [];
}

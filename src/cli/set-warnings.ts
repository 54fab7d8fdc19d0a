/** What whoever relies on a set of servers should know, beyond each of them. */
import type { DiscoveryCommand } from "../config/discovery.ts";
import type { Snapshot } from "../engine/port/snapshot.ts";
import { warningsOf } from "../system/warnings.ts";
import type { SetWarning } from "../view/finding.ts";
import { warningInWords } from "../view/set-warnings.ts";
import { referenceIdOf } from "./measure.ts";

/** The warnings of a run. Whoever is found in a group or by broadcast is what the network has, and not a choice. */
export function setWarnings(command: DiscoveryCommand, snapshot: Snapshot): readonly SetWarning[] {
  return command === "pool" ? warningsOf(snapshot, referenceIdOf).map(warningInWords) : [];
}

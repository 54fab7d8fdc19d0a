/** The state file of this machine: what earlier runs remembered, as old as it is now. */
import { thisMoment } from "../host/moment.ts";
import { StateFile } from "../state/file.ts";
import { realFiles } from "../state/files.ts";
import { statePath } from "../state/place.ts";

/** The one named, or the usual one. */
export function openState(path: string = statePath()): StateFile {
  return new StateFile(path, realFiles, () => thisMoment());
}

/** Warnings about what lies round a run, in words. */
import type { StateWarning } from "../state/file.ts";

/** What went wrong with the memory of earlier runs, one line. */
export function stateWarningText(warning: StateWarning): string {
  if ("why" in warning) {
    return warning.code === "unreadable"
      ? `${warning.path} cannot be read (${warning.why}): servers that sent us away earlier are asked again`
      : `${warning.path} cannot be written (${warning.why}): later runs will ask servers again that sent us away`;
  }
  const fault = warning.code === "future" ? "was written by a later version of ntpkit" : "is not what ntpkit writes";
  return `${warning.path} ${fault} and is not used${warning.aside === null ? "" : `; it was put aside as ${warning.aside}`}`;
}

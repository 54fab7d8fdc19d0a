/** Warnings about what lies round a run, in words. */
import type { StateWarning } from "../state/file.ts";
import type { ServersWarning } from "../system/warnings.ts";
import { counted, listed, printable } from "./text.ts";

/** What went wrong with the memory of earlier runs, one line. */
export function stateWarningText(warning: StateWarning): string {
  if (warning.code === "foreign") return `${warning.path} belongs to another user and is not used`;
  if ("why" in warning) {
    return warning.code === "unreadable"
      ? `${warning.path} cannot be read (${warning.why}): nothing is known of earlier runs, and servers that sent us away are asked again`
      : `${warning.path} cannot be written (${warning.why}): later runs will know nothing of this one, and ask servers again that sent us away`;
  }
  const fault = warning.code === "future" ? "was written by a later version of ntpkit" : "is not what ntpkit writes";
  return `${warning.path} ${fault} and is not used${warning.aside === null ? "" : `; it was put aside as ${warning.aside}`}`;
}

/** What is wrong with the servers of a run together, one line. */
export function serversWarningText(warning: ServersWarning): string {
  switch (warning.code) {
    case "sharedUpstream": {
      const { addresses, upstream, servers, sources } = warning;
      const followers = addresses.filter((address) => address !== upstream);
      const both = followers.length === 2 ? " both" : "";
      return `${listed(followers)}${both} follow${followers.length === 1 ? "s" : ""} ${upstream}: ${counted(servers, "server")}, ${counted(sources, "source")}`;
    }
    case "mixedSmear": {
      const verb = warning.smeared.length === 1 ? "smears" : "smear";
      return `${listed(warning.smeared)} ${verb} leap seconds, the others do not: round one they will be up to half a second apart`;
    }
    case "refidLoop":
      return `${listed(warning.addresses)} follow each other: none of them has a source`;
    case "ipv4Pool":
      return `${printable(warning.name)} gives IPv4 addresses only, and this host has no way to them: ${warning.instead} gives IPv6 ones`;
  }
}

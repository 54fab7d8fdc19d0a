/** The commands that find servers, as rows of the table of commands. */
import type { Command } from "commander";
import type { DiscoveryCommand } from "../config/discovery.ts";
import type { CommandRow, Running } from "./commands.ts";
import { examplesHelp, FINDING_EXAMPLES } from "./finding-examples.ts";
import { FINDING_GROUPS, type FindingOptions } from "./finding-options.ts";
import { addOptions } from "./options.ts";

/** `pool`, `broadcast` and `manycast`. */
export const FINDING_COMMANDS: readonly CommandRow[] = [
  row(
    "pool",
    "find the servers behind a name, measure and judge them all",
    "[names...]",
    "NAME or NAME:PORT, with ,key=ID ,samples=N behind it",
  ),
  row(
    "broadcast",
    "listen to the broadcast and multicast servers of the network",
    "[addresses...]",
    "a group or a broadcast address; without any, all broadcasts of all interfaces",
  ),
  row(
    "manycast",
    "search a group for servers, ring by ring, and measure them",
    "[groups...]",
    "a multicast group: 239.1.1.1, ff05::101, ff02::101%eth0",
  ),
];

function row(name: DiscoveryCommand, text: string, operands: string, explained: string): CommandRow {
  return {
    name,
    text,
    build(command: Command, { io, done }: Running) {
      command.argument(operands, explained).addHelpText("after", examplesHelp(FINDING_EXAMPLES[name]));
      addOptions(command, FINDING_GROUPS[name]).action(async (named: string[], options: FindingOptions) => {
        done(await (await import("./find.ts")).runFinding(name, named, options, io));
      });
    },
  };
}

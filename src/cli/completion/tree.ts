/** The command tree as plain data: what completion scripts and man pages are drawn from. */
import type { Command, Option } from "commander";

/** An option of a command. */
export interface TreeOption {
  /** E.g. `-n`; `null`: none. */
  readonly short: string | null;
  /** E.g. `--dry-run`. */
  readonly long: string;
  readonly text: string;
  /** The placeholder of its value, e.g. `duration`; `null`: it takes none. */
  readonly value: string | null;
  /** The value may be left out. */
  readonly optional: boolean;
  readonly choices: readonly string[];
  /** The heading it stands under in the help. */
  readonly heading: string;
}

/** A positional argument. */
export interface TreeArgument {
  readonly name: string;
  readonly text: string;
  readonly required: boolean;
  readonly many: boolean;
}

/** A command. */
export interface TreeCommand {
  readonly name: string;
  readonly text: string;
  readonly arguments: readonly TreeArgument[];
  readonly options: readonly TreeOption[];
}

/** The program. */
export interface Tree extends TreeCommand {
  readonly commands: readonly TreeCommand[];
}

/** Draws the tree from commander's. */
export function treeOf(program: Command): Tree {
  return { ...commandOf(program), commands: program.commands.map(commandOf) };
}

/** Under which heading options without one stand. */
const OTHERS = "Options:";

function commandOf(command: Command): TreeCommand {
  const help = command.createHelp();
  return {
    name: command.name(),
    text: command.description(),
    arguments: command.registeredArguments.map((argument) => ({
      name: argument.name(),
      text: argument.description,
      required: argument.required,
      many: argument.variadic,
    })),
    options: help.visibleOptions(command).map(optionOf),
  };
}

/** What stands between the outermost brackets of `--metrics <[host:]port>`. */
function placeholderOf(flags: string): string | null {
  return (
    /<(.+)>|\[(.+)\]/
      .exec(flags)
      ?.slice(1)
      .find((text) => text !== undefined) ?? null
  );
}

function optionOf(option: Option): TreeOption {
  return {
    short: option.short ?? null,
    long: option.long ?? "",
    text: option.description,
    value: placeholderOf(option.flags),
    optional: option.optional && !option.required,
    choices: option.argChoices ?? [],
    heading: option.helpGroupHeading ?? OTHERS,
  };
}

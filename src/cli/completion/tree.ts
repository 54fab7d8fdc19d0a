/** The commands and their options as plain data: what completion scripts and man pages are drawn from. */
import { COMMANDS, type CommandRow, type Operand } from "../commands.ts";
import { offered } from "../options/offers.ts";
import { standardText, type Row } from "../options/row.ts";
import { ROWS } from "../options/rows.ts";

/** An option of a command. */
export interface TreeOption {
  /** E.g. `-n`; `null`: none. */
  readonly short: string | null;
  /** E.g. `--dry-run`. */
  readonly long: string;
  readonly text: string;
  /** The placeholder of its value, e.g. `duration`; `null`: it takes none. */
  readonly value: string | null;
  /** The value may be left out; then it is this, where that is not the mere fact. */
  readonly optional: boolean;
  readonly without: string | null;
  readonly choices: readonly string[];
  /** What counts where it is not given, as it would be typed. */
  readonly standard: string | null;
  /** The word of ntp.conf that says the same. */
  readonly conf: string | null;
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
  readonly group: CommandRow["group"] | null;
  readonly arguments: readonly TreeArgument[];
  readonly options: readonly TreeOption[];
}

/** The program. */
export interface Tree extends TreeCommand {
  readonly commands: readonly TreeCommand[];
}

/** The shells that completion is offered for. */
export const SHELLS: readonly string[] = ["bash", "zsh", "fish"];

/** What the program is for, in a sentence. */
export const PROGRAM_TEXT =
  "The toolkit for network time: set a clock, see what servers say and why they are believed.";

/** Under which heading options without one stand. */
const OTHERS = "Options:";

/** The whole program. */
export function tree(): Tree {
  return {
    name: "ntpkit",
    text: PROGRAM_TEXT,
    group: null,
    arguments: [],
    options: [ROWS.version, ROWS.help].map((row) => optionOf(row, OTHERS)),
    commands: COMMANDS.map(commandOf),
  };
}

function commandOf({ name, text, group, operands }: CommandRow): TreeCommand {
  const options = offered(name).flatMap(({ heading, rows }) => rows.map((row) => optionOf(row, heading)));
  return { name, text, group, arguments: operands.map(argumentOf), options: [...options, optionOf(ROWS.help, OTHERS)] };
}

function argumentOf({ word, text }: Operand): TreeArgument {
  return { name: word.replace(/\W/g, ""), text, required: word.startsWith("<"), many: word.includes("...") };
}

function optionOf(row: Row, heading: string): TreeOption {
  const { short = null, flag, takes = null, text, choices = [], without, conf = null } = row;
  return {
    short,
    long: flag,
    text,
    value: takes,
    optional: without !== undefined,
    without: typeof without === "string" ? without : null,
    choices,
    standard: standardText(row),
    conf,
    heading,
  };
}

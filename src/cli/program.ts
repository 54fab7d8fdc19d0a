/**
 * The command tree. Nothing runs when this is imported: `run` builds the tree, parses, and calls the one command asked
 * for, whose module is loaded only then.
 */
import { Command, CommanderError } from "commander";
import { didYouMean } from "../config/suggest.ts";
import { UsageError, UsageErrors } from "../config/usage.ts";
import type { Outcome } from "../engine/port/outcome.ts";
import { unknownLine } from "../view/plugin.ts";
import { bareDocument, documentText, type FailureDocument } from "../view/document.ts";
import { COMMAND_GROUPS, commandNamed, COMMANDS, type CommandRow } from "./commands.ts";
import { PROGRAM_TEXT } from "./completion/tree.ts";
import { exitCode, failureLine, failureOfError, failureText } from "./exit.ts";
import { DEFAULT_WIDTH, type Io, sayLine } from "./io.ts";
import { addOptions } from "./options/commander.ts";
import type { CommandName } from "./options/offers.ts";
import { flagsOf } from "./options/row.ts";
import { ROWS } from "./options/rows.ts";
import { OTHER_TOOLS } from "./other-tools.ts";
import { isPlain, plainly } from "./plain.ts";
import { version } from "./version.ts";

/**
 * Runs a command line.
 * @param argv arguments without the interpreter and the script
 * @returns the exit code
 */
export async function run(argv: readonly string[], surroundings: Io): Promise<number> {
  const io = isPlain(surroundings.env) && !argv.includes("--json") ? plainly(surroundings) : surroundings;
  let code = exitCode("ok");
  const [first, asked] = argv;
  // The help of help is all of it.
  if (first === "help" && asked === "help") return run(["help", ...argv.slice(2)], io);
  // `--help COMMAND` is asked as often as `COMMAND --help`.
  if (first !== undefined && HELP_FLAGS.includes(first) && asked !== undefined && !asked.startsWith("-"))
    return run(["help", ...argv.slice(1)], io);
  const wantsHelp = first === "help" || argv.some((word) => HELP_FLAGS.includes(word));
  const stranger = strangerIn(argv, wantsHelp || argv.some((word) => VERSION_FLAGS.includes(word)));
  if (stranger !== null) return fail(unknownCommand(stranger), argv, io);
  const named = commandNamed(first === "help" ? asked : first);
  const examples = wantsHelp && named !== null ? (await import("./examples.ts")).examplesHelp : null;
  const program = buildProgram(io, (ended) => (code = ended), named?.name ?? null, examples);
  try {
    await program.parseAsync([...argv], { from: "user" });
    return code;
  } catch (error) {
    return fail(error, argv, io);
  }
}

const HELP_FLAGS: readonly string[] = [ROWS.help.flag, ROWS.help.short];
const VERSION_FLAGS: readonly string[] = [ROWS.version.flag, ROWS.version.short];

/** What stands where a command should and is none, and of which more can be said than that, or what would be answered for it: help, the version. */
function strangerIn([first, asked]: readonly string[], wantsOther: boolean): string | null {
  const name = first === "help" ? asked : first;
  if (name === undefined || name.startsWith("-") || name === "help" || commandNamed(name) !== null) return null;
  return wantsOther || OTHER_TOOLS.has(name) ? name : null;
}

/**
 * Builds the tree.
 * @param done takes the exit code of the command that ran
 * @param only the one command that needs its operands and options; building them all takes a while
 * @param examples makes what its help says below
 */
function buildProgram(
  io: Io,
  done: (code: number) => void,
  only: CommandName | null,
  examples: ((name: CommandName) => string) | null,
): Command {
  const program = new Command("ntpkit")
    .description(PROGRAM_TEXT)
    .option(flagsOf(ROWS.version), ROWS.version.text)
    .helpOption(flagsOf(ROWS.help), ROWS.help.text)
    .usage("COMMAND [OPTION…] [ARGUMENT…]");
  configure(program, io);
  program.configureHelp({
    // What a command takes is in its own help; with it the list would not fit a terminal.
    subcommandTerm: (command) => [command.name(), ...command.aliases()].join("|"),
    // Choices and defaults stand in the rows' own words.
    optionDescription: ({ description }) => description,
  });
  program.addHelpText("after", "\nntpkit COMMAND --help tells what a command takes; ntpkit(1) is the manual.");
  program.on("option:version", () => {
    io.out.write(`${version()}\n`);
    throw new CommanderError(0, "commander.version", version());
  });
  for (const [group, heading] of Object.entries(COMMAND_GROUPS)) {
    program.commandsGroup(heading);
    for (const row of COMMANDS.filter((row) => row.group === group)) {
      const command = listed(program, row);
      if (row.name !== only) continue;
      for (const { word, text } of row.operands) command.argument(word, text);
      addOptions(command, row.name);
      if (examples !== null) command.addHelpText("after", examples(row.name));
      command.action(async (...words: unknown[]) => {
        const given = words
          .slice(0, -2)
          .flat()
          .filter((word) => typeof word === "string");
        done(await row.run(given, command.opts(), io));
      });
    }
  }
  // In the last of the groups.
  program.helpCommand("help [command]", "print the help of a command");
  return program;
}

/** A command as the list shows it. */
function listed(program: Command, { name, alias, text }: CommandRow): Command {
  const command = program
    .command(name)
    .description(text)
    .helpOption(flagsOf(ROWS.help), ROWS.help.text)
    .allowExcessArguments(false);
  return alias === undefined ? command : command.alias(alias);
}

/** Streams and exits of our own instead of the process's; subcommands inherit them. */
function configure(program: Command, io: Io): void {
  program.exitOverride();
  program.configureOutput({
    writeOut: (text) => io.out.write(text),
    writeErr: (text) => io.err.write(text),
    getOutHelpWidth: () => io.out.columns ?? DEFAULT_WIDTH,
    getErrHelpWidth: () => io.err.columns ?? DEFAULT_WIDTH,
    getOutHasColors: () => false,
    getErrHasColors: () => false,
    // Said by `fail`, as one line or as JSON.
    outputError: () => {},
  });
}

/** `help` would print the list of commands, and leave it to the reader to see why. */
function unknownCommand(name: string): UsageError {
  const names = COMMANDS.map((row) => row.name);
  return new UsageError(
    `unknown command '${name}'`,
    OTHER_TOOLS.get(name) ?? didYouMean(name, names) ?? "see ntpkit --help",
  );
}

/**
 * Says what went wrong, as a line and, where asked for, as a document.
 * @returns the exit code
 */
export function fail(error: unknown, argv: readonly string[], io: Io): number {
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  const name = commandNamed(argv[0])?.name ?? null;
  const title = name === null ? "ntpkit" : `ntpkit ${name}`;
  const failure = error instanceof CommanderError ? usageFailure(error, title) : failureOfError(error);
  const code = codeOf(failure?.code ?? "usage", name);
  if (failure !== null) {
    if (argv.includes("--json"))
      io.out.write(documentText({ ...bareDocument(name ?? "error", failure), exitCode: code }, io.out.isTerminal));
    else if (commandNamed(name ?? undefined)?.pluginCode !== undefined) io.out.write(unknownLine(failureText(failure)));
    const failures = error instanceof UsageErrors ? error.faults.map(failureOfError) : [failure];
    for (const one of failures) io.err.write(failureLine(title, one));
    if (argv.includes("--debug") && error instanceof Error)
      for (const line of (error.stack ?? error.message).split("\n")) sayLine(io.err, line);
  }
  return code;
}

/**
 * The exit code of an outcome; of a plugin its own.
 * @param name of the command
 */
export function codeOf(outcome: Outcome, name: string | null | undefined): number {
  return commandNamed(name ?? undefined)?.pluginCode ?? exitCode(outcome);
}

/** A mistake that the parser found, in our words; `null` where it has printed the help instead. */
function usageFailure(error: CommanderError, title: string): FailureDocument | null {
  if (error.code === "commander.help") return null;
  const [message, suggestion] = error.message.replace(/^error: /, "").split("\n");
  const meant = /^\(Did you mean (.*)\?\)$/.exec(suggestion ?? "");
  return {
    code: "usage",
    message: message!.replace(/\.$/, ""),
    hint: meant === null ? `see ${title} --help` : `did you mean ${meant[1]!}?`,
  };
}

/**
 * The command tree. Nothing runs when this is imported: `run` builds the tree, parses, and calls the one command asked
 * for, whose module is loaded only then.
 */
import { Command, CommanderError } from "commander";
import { didYouMean } from "../config/suggest.ts";
import { UsageError, UsageErrors } from "../config/usage.ts";
import type { Outcome } from "../engine/port/outcome.ts";
import { bareDocument, documentText, type FailureDocument } from "../view/document.ts";
import { COMMANDS } from "./commands.ts";
import { exitCode, failureLine, failureOfError } from "./exit.ts";
import { DEFAULT_WIDTH, type Io } from "./io.ts";
import { version } from "./version.ts";

/**
 * Runs a command line.
 * @param argv arguments without the interpreter and the script
 * @returns the exit code
 */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  let code = exitCode("ok");
  const [first, asked] = argv;
  // The help of help is all of it.
  if (first === "help" && asked === "help") return run(["help", ...argv.slice(2)], io);
  if (first === "help" && asked !== undefined && !asked.startsWith("-") && commandNamed([asked]) === null)
    return fail(unknownCommand(asked), argv, io);
  const program = buildProgram(
    io,
    (ended) => (code = ended),
    WITH_ALL.includes(argv[0] ?? "") ? null : commandNamed(argv),
  );
  try {
    await program.parseAsync([...argv], { from: "user" });
    return code;
  } catch (error) {
    return fail(error, argv, io);
  }
}

/** Commands that look at the others' options. */
const WITH_ALL: readonly string[] = ["help", "completion"];

function commandNamed([name]: readonly string[]): string | null {
  if (name === undefined) return null;
  return COMMANDS.find((row) => row.name === name || row.alias === name)?.name ?? null;
}

/**
 * Builds the tree.
 * @param done takes the exit code of the command that ran
 * @param only the one command that needs its arguments and options, `null`: all; building them all takes a while
 */
export function buildProgram(io: Io, done: (code: number) => void, only: string | null = null): Command {
  const program = new Command("ntpkit")
    .description("The toolkit for network time: set a clock, see what servers say and why they are believed.")
    .option("-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .usage("COMMAND [OPTION…] [ARGUMENT…]")
    .helpCommand("help [command]", "print the help of a command");
  configure(program, io);
  // What a command takes is in its own help; with it the list would not fit a terminal.
  program.configureHelp({ subcommandTerm: (command) => [command.name(), ...command.aliases()].join("|") });
  program.addHelpText("after", "\nntpkit COMMAND --help tells what a command takes; ntpkit(1) is the manual.");
  program.on("option:version", () => {
    io.out.write(`${version()}\n`);
    throw new CommanderError(0, "commander.version", version());
  });
  for (const { name, alias, text, build } of COMMANDS) {
    const command = program
      .command(name)
      .description(text)
      .helpOption("-h, --help", "print this help")
      .allowExcessArguments(false);
    if (alias !== undefined) command.alias(alias);
    if (only === null || only === name) build(command, { io, program, done });
  }
  return program;
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
  return new UsageError(
    `unknown command '${name}'`,
    didYouMean(
      name,
      COMMANDS.map((row) => row.name),
    ) ?? "see ntpkit --help",
  );
}

/** Says what went wrong, as a line and, where asked for, as a document. */
function fail(error: unknown, argv: readonly string[], io: Io): number {
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  const name = commandNamed(argv);
  const title = name === null ? "ntpkit" : `ntpkit ${name}`;
  const failure = error instanceof CommanderError ? usageFailure(error, title) : failureOfError(error);
  const code = codeOf(failure?.code ?? "usage", name);
  if (failure !== null) {
    if (argv.includes("--json"))
      io.out.write(documentText({ ...bareDocument(name ?? "error", failure), exitCode: code }, io.out.isTerminal));
    const failures = error instanceof UsageErrors ? error.faults.map(failureOfError) : [failure];
    for (const one of failures) io.err.write(failureLine(title, one));
    if (argv.includes("--debug") && error instanceof Error) io.err.write(`${error.stack ?? error.message}\n`);
  }
  return code;
}

/** The exit code of an outcome; some commands have one of their own for mistakes in their command line. */
function codeOf(outcome: Outcome, name: string | null): number {
  const own = outcome === "usage" ? COMMANDS.find((row) => row.name === name)?.usageCode : undefined;
  return own ?? exitCode(outcome);
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

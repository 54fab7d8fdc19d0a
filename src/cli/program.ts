/**
 * The command tree. Nothing runs when this is imported: `run` builds the tree, parses, and calls the one command asked
 * for, whose module is loaded only then.
 */
import { Command, CommanderError } from "commander";
import { OUTCOMES } from "../engine/outcome.ts";
import { bareDocument, documentText, type FailureDocument } from "../view/document.ts";
import { exitCode, failureLine, failureOfError } from "./exit.ts";
import { DEFAULT_WIDTH, type Io } from "./io.ts";
import { addOptions, OPTION_GROUPS, SHELLS, type CommonOptions, type KeygenOptions, type RunOptions } from "./options.ts";
import { version } from "./version.ts";

/**
 * Runs a command line.
 * @param argv arguments without the interpreter and the script
 * @returns the exit code
 */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  let code = exitCode("ok");
  const program = buildProgram(io, (ended) => (code = ended));
  try {
    await program.parseAsync([...argv], { from: "user" });
    return code;
  } catch (error) {
    return fail(error, argv, program, io);
  }
}

/** A command's end: its exit code. */
type Done = (code: number) => void;

/**
 * Builds the tree.
 * @param done takes the exit code of the command that ran
 */
export function buildProgram(io: Io, done: Done): Command {
  const program = new Command("ntpkit")
    .description("The toolkit for network time: set a clock, see what servers say and why they are believed.")
    .version(version(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .usage("COMMAND [OPTION…] [ARGUMENT…]");
  configure(program, io);

  const sync = subcommand(program, "sync", "set the clock once from the servers given, or from the configuration file");
  sync.argument("[servers...]", SERVER_TEXT);
  addOptions(sync, OPTION_GROUPS.sync).action(async (servers: string[], options: RunOptions) => {
    done(await (await import("./once.ts")).runOnce("sync", servers, options, io));
  });

  const query = subcommand(program, "query", "measure servers and judge them as sync does, but never touch the clock");
  query.argument("[servers...]", SERVER_TEXT);
  addOptions(query, OPTION_GROUPS.query).action(async (servers: string[], options: RunOptions) => {
    done(await (await import("./once.ts")).runOnce("query", servers, options, io));
  });

  const demo = subcommand(program, "demo", "see a run of sync against five embedded servers, one lying and one lost, without touching the clock");
  addOptions(demo, OPTION_GROUPS.demo).action(async (options: CommonOptions) => {
    done(await (await import("./demo.ts")).runDemo(options, io));
  });

  const keygen = subcommand(program, "keygen", "make symmetric keys in the form of ntp.keys or chrony.keys");
  keygen.argument("[file]", "where to write them, readable by its owner only; without it they are printed");
  addOptions(keygen, OPTION_GROUPS.keygen).action(async (file: string | undefined, options: KeygenOptions) => {
    done((await import("./keygen.ts")).runKeygen(file ?? null, options, io));
  });

  const completion = subcommand(program, "completion", "print the script that completes ntpkit's commands and options in a shell");
  completion.argument("<shell>", `one of ${SHELLS.join(", ")}`);
  completion.action(async (shell: string) => {
    done((await import("./completion.ts")).runCompletion(shell, program, io));
  });
  return program;
}

const SERVER_TEXT = "HOST, HOST:PORT, [IPv6]:PORT, with ,prefer ,noselect ,true ,key=ID ,samples=N behind it; a name may stand for many servers";

function subcommand(program: Command, name: string, text: string): Command {
  return program.command(name).description(text).helpOption("-h, --help", "print this help").allowExcessArguments(false);
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

/** Says what went wrong, as a line and, where asked for, as a document. */
function fail(error: unknown, argv: readonly string[], program: Command, io: Io): number {
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  const name = program.commands.map((command) => command.name()).find((known) => known === argv[0]) ?? null;
  const title = name === null ? "ntpkit" : `ntpkit ${name}`;
  const failure = error instanceof CommanderError ? usageFailure(error, title) : failureOfError(error);
  if (failure !== null) {
    if (argv.includes("--json")) io.out.write(documentText(bareDocument(name ?? "error", failure), io.out.isTerminal));
    io.err.write(failureLine(title, failure));
    if (argv.includes("--debug") && error instanceof Error) io.err.write(`${error.stack ?? error.message}\n`);
  }
  return OUTCOMES[failure?.code ?? "usage"].exitCode;
}

/** A mistake that the parser found, in our words; `null` where it has printed the help instead. */
function usageFailure(error: CommanderError, title: string): FailureDocument | null {
  if (error.code === "commander.help") return null;
  const [message, suggestion] = error.message.replace(/^error: /, "").split("\n");
  const meant = /^\(Did you mean (.*)\?\)$/.exec(suggestion ?? "");
  return { code: "usage", message: message!, hint: meant === null ? `see ${title} --help` : `did you mean ${meant[1]!}?` };
}

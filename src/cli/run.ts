/** `ntpkit run`: the daemon, and what can be asked of its configuration without starting it. */
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { configDocument } from "../config/document.ts";
import {
  CONFIG_PATHS,
  CONFIG_VARIABLE,
  findConfiguration,
  loadConfiguration,
  REAL_FILES,
  type LoadedConfiguration,
} from "../config/files.ts";
import { ONCE_DEFAULTS } from "../config/options.ts";
import { checkStart } from "../config/start.ts";
import { UsageError, UsageErrors, type OnFault } from "../config/usage.ts";
import type { Remark, Statement } from "../config/ntpconf/parse.ts";
import { printableLines } from "../view/text.ts";
import { documentText } from "../view/document.ts";
import { exitCode } from "./exit.ts";
import { type Io, sayLine } from "./io.ts";
import type { OptionsOf } from "./options/offers.ts";
import { remarkLine } from "./tell.ts";

/**
 * Runs the daemon until it is told to stop, or does what was asked instead.
 * @returns the exit code
 */
export async function runDaemon(options: OptionsOf<"run">, io: Io): Promise<number> {
  if (options.from !== undefined || options.print === true) return await translate(options, io);
  if (options.check === true) return await check(options, io);
  const loaded = load(options, io);
  const { live } = await import("./daemon/life.ts");
  return await live(loaded, () => load(options, io), options, io);
}

/** Reads the configuration file as a daemon does. */
function load(options: OptionsOf<"run">, io: Io, onFault: OnFault | null = null): LoadedConfiguration {
  const path = findConfiguration(options.config ?? null, io.env);
  if (path === null)
    throw new UsageError(
      "there is no configuration file",
      `name one with --config or $${CONFIG_VARIABLE}; else it is looked for as ${CONFIG_PATHS.join(", ")}`,
    );
  const loaded = loadConfiguration(path, true, REAL_FILES, onFault, options.autokey === undefined ? "asked" : true);
  checkStart(loaded.configuration, onFault);
  return loaded;
}

/** `--check`: all that is wrong; else the configuration with every default filled in, and what is wrong with its key file, its leap file and the folders it writes to. It is JSON with and without `--json`, on one line or many. */
async function check(options: OptionsOf<"run">, io: Io): Promise<number> {
  const faults: UsageError[] = [];
  const loaded = load(options, io, (fault) => faults.push(fault));
  const [first, ...others] = faults;
  if (first !== undefined) throw new UsageErrors([first, ...others]);
  const [{ daemonKeys }, { leapFault }, { autokeyRemarks }] = await Promise.all([
    import("./daemon/keys.ts"),
    import("./daemon/leaps.ts"),
    import("./daemon/autokey.ts"),
  ]);
  const { path, configuration } = loaded;
  const { leapFile } = configuration;
  const leap = leapFile === null ? null : leapFault(leapFile, Date.now());
  const remarks: readonly Remark[] = [
    ...loaded.remarks,
    ...(await daemonKeys(loaded)).faults,
    ...(await autokeyRemarks(configuration, options)),
    ...(leap === null ? [] : [{ level: "warning", text: leap, at: leapFile!.at } as const]),
    ...loaded.statements.flatMap(homeless),
  ];
  const talkative = options.verbose === true || options.debug === true;
  for (const remark of remarks)
    if (talkative || (remark.level === "warning" && options.quiet !== true))
      sayLine(io.err, remarkLine("ntpkit run", remark));
  const document = configDocument(path, configuration, remarks, options.port ?? ONCE_DEFAULTS.port);
  if (options.quiet !== true || options.json === true)
    io.out.write(documentText(document, options.json !== true || io.out.isTerminal));
  return exitCode("ok");
}

/** What is written into a folder that is not there: of all others the daemon makes the folder. */
function homeless({ command, operands: [word], values: [path] }: Statement): readonly Remark[] {
  if (word === undefined || path === "" || (command !== "driftfile" && command !== "logfile")) return [];
  const folder = dirname(String(path));
  const text = `"${command} ${String(path)}" cannot be written: there is no folder ${folder}`;
  return existsSync(folder) ? [] : [{ level: "warning", text, at: word.at }];
}

async function translate({ from, print }: OptionsOf<"run">, io: Io): Promise<number> {
  if (from === undefined) throw new UsageError("--print needs a file to translate", "name it with --from");
  if (print !== true)
    throw new UsageError(
      "--from is for looking at what a file would be here",
      "add --print, and keep what is printed as an ntp.conf",
    );
  const { translated } = await import("../config/translate/translate.ts");
  const { text, warnings } = translated(from);
  io.out.write(printableLines(text));
  const unnamed = `${from}:1:1: it names no server`;
  const names =
    /^(server|pool|peer) /m.test(text) || warnings.some((warning) => warning.includes("it names no server"));
  for (const warning of [...warnings, ...(names ? [] : [unnamed])]) sayLine(io.err, `ntpkit run: warning: ${warning}`);
  return exitCode("ok");
}

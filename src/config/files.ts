/** Which configuration file is used, and reading it with all it includes. */
import { existsSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { foldStatements, type Configuration } from "./ntpconf/configuration.ts";
import { parseNtpConf, type Remark, type Statement, type Statements } from "./ntpconf/parse.ts";
import { systemReason } from "../security/place.ts";
import { LARGEST, readText } from "../security/readfile.ts";
import { UsageError, type OnFault } from "./usage.ts";

/** The environment variable that names the file. */
export const CONFIG_VARIABLE = "NTPKIT_CONFIG";

/** Where a file is looked for when none is named, in this order. */
export const CONFIG_PATHS: readonly string[] = ["/etc/ntpkit.conf", "/etc/ntp.conf", "/etc/ntpsec/ntp.conf"];

/** The files of a machine, as far as configuration needs them. */
export interface Files {
  exists(path: string): boolean;
  /** UTF-8 text; throws what the system says. */
  read(path: string): string;
}

/** The real ones. */
export const REAL_FILES: Files = { exists: existsSync, read: (path) => readText(path, LARGEST.configuration) };

/** A file read. */
export interface LoadedConfiguration {
  readonly path: string;
  readonly configuration: Configuration;
  readonly remarks: readonly Remark[];
  /** What it was made from. */
  readonly statements: readonly Statement[];
}

/**
 * The file to use: the one named, else by {@link CONFIG_VARIABLE}, else the first of {@link CONFIG_PATHS} that exists.
 * @param named the `--config` option
 * @returns `null` where none is named and none exists
 */
export function findConfiguration(
  named: string | null,
  env: Readonly<Record<string, string | undefined>>,
  files: Files = REAL_FILES,
): string | null {
  return named ?? (env[CONFIG_VARIABLE] || null) ?? CONFIG_PATHS.find((path) => files.exists(path)) ?? null;
}

/**
 * Reads a configuration file.
 * @param strict true for the daemon, to which unknown commands, and what it cannot do, are errors
 * @param onFault takes what is wrong with each line, which is then left out; `null`: the first fault is thrown
 * @param autokey the keys of Autokey are at hand; `asked`: where the file has a `crypto` line
 * @throws UsageError where it cannot be read or is wrong, with file:line:column
 */
export function loadConfiguration(
  path: string,
  strict: boolean,
  files: Files = REAL_FILES,
  onFault: OnFault | null = null,
  autokey: boolean | "asked" = false,
): LoadedConfiguration {
  let text: string;
  try {
    text = files.read(path);
  } catch (error) {
    throw new UsageError(
      `cannot read the configuration file ${path}: ${systemReason(error)}`,
      `name another with --config or $${CONFIG_VARIABLE}`,
    );
  }
  const include = (name: string, from: string): { file: string; text: string } => {
    const file = isAbsolute(name) ? name : join(dirname(from), name);
    try {
      return { file, text: files.read(file) };
    } catch (error) {
      throw new Error(systemReason(error), { cause: error });
    }
  };
  const read = (hasKeys: boolean): Statements =>
    parseNtpConf(text, path, { include, strict, onFault, autokey: hasKeys });
  // A daemon's keys are at hand where the file itself says so, before or behind the lines that ask for them.
  const isAtHand =
    autokey === "asked"
      ? parseNtpConf(text, path, { include, strict, onFault: () => undefined }).statements.some(isCrypto)
      : autokey;
  const { statements, remarks } = read(isAtHand);
  const configuration = foldStatements(statements, strict, onFault);
  return { path, configuration, remarks: [...remarks, ...configuration.remarks], statements };
}

function isCrypto({ command }: Statement): boolean {
  return command === "crypto";
}

/** What may be said to a daemon from afar: nothing that names a file, a key, or a program's place. */
const FROM_AFAR: ReadonlySet<string> = new Set(
  "server pool peer broadcast broadcastclient multicastclient manycastclient manycastserver unpeer tos ttl broadcastdelay restrict unrestrict discard mru enable disable tinker setvar".split(
    " ",
  ),
);

/**
 * The same configuration with more lines behind it, as ntpq's `:config` has them.
 * @param from what stands for the file in messages
 * @throws UsageError where something is wrong with them
 */
export function withLines(loaded: LoadedConfiguration, text: string, from: string): LoadedConfiguration {
  const include = (): never => {
    throw new Error("it would be another file");
  };
  const { statements, remarks } = parseNtpConf(text, from, {
    include,
    strict: true,
    autokey: loaded.statements.some(isCrypto),
  });
  for (const { command, at } of statements)
    if (!FROM_AFAR.has(command))
      throw new UsageError(`"${command}" cannot be said from afar`, "it belongs into the file", at);
  const all = [...loaded.statements, ...statements];
  const configuration = foldStatements(all, true);
  const keyed = configuration.keys === null ? configuration.associations.find(({ key }) => key !== null) : undefined;
  if (keyed !== undefined)
    throw new UsageError(
      `${keyed.name} is to be authenticated by key ${keyed.key!}, but there is no key file`,
      null,
      keyed.at,
    );
  const own = [...remarks, ...configuration.remarks].filter(({ at }) => at.file === from);
  return { path: loaded.path, configuration, remarks: own, statements: all };
}

/** Which configuration file is used, and reading it with all it includes. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { foldStatements, type Configuration } from "./ntpconf/configuration.ts";
import { parseNtpConf, type Remark } from "./ntpconf/parse.ts";
import { systemReason } from "../security/place.ts";
import { UsageError } from "./usage.ts";

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
export const REAL_FILES: Files = { exists: existsSync, read: (path) => readFileSync(path, "utf8") };

/** A file read. */
export interface LoadedConfiguration {
  readonly path: string;
  readonly configuration: Configuration;
  readonly remarks: readonly Remark[];
}

/**
 * The file to use: the one named, else by {@link CONFIG_VARIABLE}, else the first of {@link CONFIG_PATHS} that exists.
 * @param named the `--config` option
 * @returns `null` where none is named and none exists
 */
export function findConfiguration(named: string | null, env: Readonly<Record<string, string | undefined>>, files: Files = REAL_FILES): string | null {
  return named ?? (env[CONFIG_VARIABLE] || null) ?? CONFIG_PATHS.find((path) => files.exists(path)) ?? null;
}

/**
 * Reads a configuration file.
 * @param strict true for the daemon, to which unknown commands, and what it cannot do, are errors
 * @throws UsageError where it cannot be read or is wrong, with file:line:column
 */
export function loadConfiguration(path: string, strict: boolean, files: Files = REAL_FILES): LoadedConfiguration {
  let text: string;
  try {
    text = files.read(path);
  } catch (error) {
    throw new UsageError(`cannot read the configuration file ${path}: ${systemReason(error)}`, `name another with --config or $${CONFIG_VARIABLE}`);
  }
  const include = (name: string, from: string): { file: string; text: string } => {
    const file = isAbsolute(name) ? name : join(dirname(from), name);
    try {
      return { file, text: files.read(file) };
    } catch (error) {
      throw new Error(systemReason(error), { cause: error });
    }
  };
  const { statements, remarks } = parseNtpConf(text, path, { include, strict });
  const configuration = foldStatements(statements, strict);
  return { path, configuration, remarks: [...remarks, ...configuration.remarks] };
}

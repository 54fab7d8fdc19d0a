/** Other daemons' configuration → ntp.conf, as text to keep: what has no like here stays as a comment, and is told. */
import { readdirSync, readFileSync } from "node:fs";
import { systemReason } from "../../security/place.ts";
import { UsageError } from "../usage.ts";
import { translateChrony } from "./chrony.ts";
import { translateNtpdRs } from "./ntpdrs.ts";

/** A translation. */
export interface Translation {
  /** ntp.conf */
  readonly text: string;
  /** What was left out, each with its place. */
  readonly warnings: readonly string[];
}

/** The files a configuration may name. */
export interface ConfigFiles {
  /** UTF-8 text; throws what the system says. */
  read(path: string): string;
  /** Names in a folder; throws what the system says. */
  list(folder: string): readonly string[];
}

const REAL_FILES: ConfigFiles = { read: (path) => readFileSync(path, "utf8"), list: (folder) => readdirSync(folder) };

/**
 * Translates a file: TOML by its name, else chrony's.
 * @throws UsageError where it cannot be read, or is not what its name says
 */
export function translated(path: string, files: ConfigFiles = REAL_FILES): Translation {
  let text: string;
  try {
    text = files.read(path);
  } catch (error) {
    throw new UsageError(`cannot read ${path}: ${systemReason(error)}`);
  }
  return path.endsWith(".toml") ? translateNtpdRs(text, path) : translateChrony(text, path, files);
}

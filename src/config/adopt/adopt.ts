/**
 * Another daemon's configuration as our own: translated where it is no ntp.conf, with everything that would be written to put
 * where it is ours, and with what this daemon cannot do left as comments. What is only read of it stays where it is.
 */
import { dirname, isAbsolute, join } from "node:path";
import { systemReason } from "../../security/place.ts";
import { loadConfiguration } from "../files.ts";
import { checkStart } from "../start.ts";
import { translated } from "../translate/translate.ts";
import { DEFAULT_KEYS_FOLDER } from "../ntpconf/record.ts";
import { UsageError, type OnFault } from "../usage.ts";
import type { FoundDaemon, MachineFiles } from "./daemons.ts";

/** Where what is taken over is put. */
export const ADOPTED = {
  config: "/etc/ntpkit.conf",
  keys: "/etc/ntpkit.keys",
  drift: "/var/lib/ntpkit/drift",
  logs: "/var/log/ntpkit/",
  pid: "/run/ntpkit/ntpkit.pid",
} as const;

/** A file of the other's. */
interface ToldFile {
  readonly from: string;
  readonly text: string;
}

/** What would be taken over. */
export interface Adoption {
  /** ntp.conf */
  readonly text: string;
  /** The text has the password of Autokey's files, be it in a line that is left out. */
  readonly isSecret: boolean;
  /** What is lost, or means something else here. */
  readonly lost: readonly string[];
  /** The other's symmetric keys. */
  readonly keys: ToldFile | null;
  /** What the other has found of the clock's frequency, as its file says it. */
  readonly drift: (ToldFile & { readonly form: "ntp" | "chrony" }) | null;
}

/** The files that a configuration names, as they are found on the way. */
interface Belongings {
  keys: string | null;
  drift: { readonly path: string; readonly form: "ntp" | "chrony" } | null;
}

/** What becomes of a line that names a file, by its first word; given are those behind it. */
const MOVED: Readonly<Record<string, (words: readonly string[], into: Belongings) => string>> = {
  driftfile([path = "", form], into) {
    into.drift = { path, form: form === "chrony" ? "chrony" : "ntp" };
    return `driftfile ${ADOPTED.drift}`;
  },
  keys([path = "", form], into) {
    into.keys = path;
    return `keys ${ADOPTED.keys}${form === undefined ? "" : ` ${form}`}`;
  },
  statsdir: () => `statsdir ${ADOPTED.logs}`,
  logfile: () => `logfile ${ADOPTED.logs}ntpkit.log`,
  pidfile: () => `pidfile ${ADOPTED.pid}`,
};

/**
 * Takes a daemon's configuration over; nothing is written.
 * @throws UsageError where its files cannot be read, or say what changes whom is believed and cannot be said here
 */
export function adopt({ daemon, config }: FoundDaemon, files: MachineFiles): Adoption {
  const isOurs = daemon === "ntpd" || daemon === "ntpsec";
  const { text, warnings } = isOurs
    ? { text: `# From ${config}\n${textOf(config, files)}`, warnings: [] }
    : translated(config, files);
  const into: Belongings = { keys: null, drift: null };
  const moved = text.split("\n").map((line) => movedLine(line, into));
  const { lines, lost } = understood(moved, config, files);
  const all = [...warnings, ...lost];
  const { keys, drift } = into;
  return {
    text: lines.join("\n"),
    isSecret: moved.some(hasPassword),
    keys: keys === null ? null : told("keys", keys, files, all),
    // One that is not there yet is no loss: the frequency is found out anew.
    drift:
      drift === null || !files.exists(drift.path) ? null : withForm(told("frequency", drift.path, files, all), drift),
    lost: all,
  };
}

/** @throws UsageError */
function textOf(path: string, files: MachineFiles): string {
  try {
    return included(path, files, 0);
  } catch (error) {
    throw new UsageError(`cannot read ${path}: ${systemReason(error)}`);
  }
}

/** How deep files may include each other. */
const DEEPEST = 5;

/** A file with those that it includes in their places: they are the other's, and may go with it. */
function included(path: string, files: MachineFiles, depth: number): string {
  const within = (line: string): string => {
    const [word, name] = wordsOf(line);
    if (word !== "includefile" || name === undefined || depth === DEEPEST) return line;
    const file = isAbsolute(name) ? name : join(dirname(path), name);
    try {
      return `# From ${file}\n${included(file, files, depth + 1).trimEnd()}`;
    } catch {
      // The line stays, and our own reader says what is the matter with it.
      return line;
    }
  };
  return files.read(path).split("\n").map(within).join("\n");
}

function movedLine(line: string, into: Belongings): string {
  const [word = "", ...words] = wordsOf(line);
  return Object.hasOwn(MOVED, word) ? MOVED[word]!(words, into) : line;
}

function hasPassword(line: string): boolean {
  const [word, ...words] = wordsOf(line);
  return word === "crypto" && words.includes("pw");
}

/** The words of a line up to its comment, without their quotes. */
function wordsOf(line: string): readonly string[] {
  const [said = ""] = /^(?:"[^"]*"|[^"#])*/.exec(line) ?? [];
  return [...said.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare!);
}

/** Reads the lines as the daemon would: those that it refuses become comments, and what it warns of is told. */
function understood(
  lines: readonly string[],
  config: string,
  files: MachineFiles,
): { readonly lines: readonly string[]; readonly lost: readonly string[] } {
  const whys = new Map<number, string>();
  const ours = {
    exists: (path: string) => files.exists(path),
    read: (path: string) => (path === config ? lines.join("\n") : files.read(path)),
  };
  const leaveOut: OnFault = ({ place, message }) => {
    if (place !== null && !whys.has(place.line)) whys.set(place.line, message.replace(/^.*?:\d+:\d+: /, ""));
  };
  const { configuration, remarks } = loadConfiguration(config, true, ours, leaveOut, "asked");
  // What a line needs may be missing, or have just been left out.
  checkStart(configuration, leaveOut);
  const lineAt = (number: number): string => lines[number - 1]?.trim() ?? config;
  // Files that ntpd would read by them are not read here.
  const isOfKeys = (number: number): boolean => /^crypto\b/.test(lineAt(number));
  const warnings = remarks.filter(({ level, at }) => (level === "warning" || isOfKeys(at.line)) && !whys.has(at.line));
  return {
    lines: lines.map((line, index) => {
      const why = whys.get(index + 1);
      return why === undefined ? line : `# ${line.trim()}   (${why})`;
    }),
    lost: [
      ...[...whys].map(([line, why]) => `"${lineAt(line)}" is left out: ${why}`),
      ...warnings.map(({ at, text }) => `"${lineAt(at.line)}": ${text}`),
      ...(configuration.crypto === null ? [] : [keysLeft(configuration.keysFolder)]),
    ],
  };
}

/** Autokey's keys are links between files that ntp-keygen makes anew: they stay together, where that writes them. */
function keysLeft(folder: string | null): string {
  return `Autokey's keys stay in ${folder ?? DEFAULT_KEYS_FOLDER}, and have to be readable for whom ntpkit runs as; Autokey is weak, and NTS is the way to go`;
}

function told(what: string, from: string, files: MachineFiles, lost: string[]): ToldFile | null {
  try {
    return { from, text: files.read(from) };
  } catch (error) {
    lost.push(`${from}: the ${what} cannot be read: ${systemReason(error)}`);
    return null;
  }
}

function withForm(file: ToldFile | null, { form }: { readonly form: "ntp" | "chrony" }): Adoption["drift"] {
  return file === null ? null : { ...file, form };
}

/** Other daemons' configuration → ntp.conf, as text to keep: what has no like here stays as a comment, and is told. */
import { readdirSync } from "node:fs";
import { systemReason } from "../../security/place.ts";
import { LARGEST, readText } from "../../security/readfile.ts";
import { UsageError } from "../usage.ts";
import { translateChrony } from "./chrony.ts";
import { translateNtpdRs } from "./ntpdrs.ts";
import { translateOpenNtpd } from "./openntpd.ts";
import { translateTimesyncd } from "./timesyncd.ts";

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

const REAL_FILES: ConfigFiles = {
  read: (path) => readText(path, LARGEST.configuration),
  list: (folder) => readdirSync(folder),
};

/** Who reads a file, told by its name, else by lines that only its daemon has. In this order; chrony's has all the rest. */
const READERS: readonly {
  readonly name: RegExp;
  readonly line: RegExp | null;
  readonly translate: (text: string, file: string, files: ConfigFiles) => Translation;
}[] = [
  { name: /\.toml$/, line: null, translate: translateNtpdRs },
  { name: /(^|\/)timesyncd\.conf(\.d\/|$)/, line: /^\s*\[Time\]\s*$/m, translate: translateTimesyncd },
  {
    name: /(^|\/)ntpd\.conf$/,
    line: /^\s*(servers\s|listen\s+on\s|constraints?\s+from\s|sensor\s)/m,
    translate: translateOpenNtpd,
  },
];

/** What only ntp.conf says, which needs no translation. */
const NTP_CONF =
  /^\s*(restrict|tos|tinker|statsdir|filegen|statistics|includefile|broadcastclient|trustedkey|keys|leapfile|fudge|enable|disable)\s/m;

/**
 * Translates a file of chrony, ntpd-rs, systemd-timesyncd or OpenNTPD.
 * @throws UsageError where it cannot be read, is not what its name says, or says what cannot be said here
 */
export function translated(path: string, files: ConfigFiles = REAL_FILES): Translation {
  let text: string;
  try {
    text = files.read(path);
  } catch (error) {
    throw new UsageError(`cannot read ${path}: ${systemReason(error)}`);
  }
  const reader =
    READERS.find(({ name }) => name.test(path)) ?? READERS.find(({ line }) => line !== null && line.test(text));
  if (reader === undefined && (/(^|\/)ntp\.conf$/.test(path) || NTP_CONF.test(text)))
    throw new UsageError(`${path} is an ntp.conf already`, "use it as it is: ntpkit run -c FILE");
  return (reader?.translate ?? translateChrony)(text, path, files);
}

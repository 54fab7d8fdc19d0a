/** The one table of options: flags, words, units and defaults. `--help`, man pages and completion are drawn from it. */
import { Option, type Command } from "commander";
import { DURATIONS, INTEGERS, type IntegerBounds } from "../config/bounds.ts";
import { parseMaxStep } from "../config/maxstep.ts";
import { ONCE_DEFAULTS, type OnceOptions } from "../config/options.ts";
import { parseDuration, parseInteger, plainDuration, type DurationBounds } from "../config/values.ts";
import type { DisciplineName } from "../discipline/disciplines.ts";
import { DEFAULT_STEP_LIMITS } from "../discipline/limits.ts";
import { BURST_EIGHT, BURST_SIX } from "../engine/port/config.ts";
import type { Algorithm } from "../security/digests.ts";
import { KEY_ID_LIMIT } from "../security/keyids.ts";
import { DEFAULT_LIMITS } from "../system/limits.ts";
import type { QueryTool } from "../view/compat.ts";

/** One option. */
export interface OptionRow {
  /** As commander writes them, e.g. `-n, --dry-run`. */
  readonly flags: string;
  readonly text: string;
  /** The default, as it would be typed. */
  readonly standard?: string;
  readonly parse?: (text: string) => unknown;
  readonly choices?: readonly string[];
  /** Option names that exclude this one. */
  readonly conflicts?: readonly string[];
  /** The value of an option given without its optional value. */
  readonly preset?: unknown;
}

/** Options under one heading. */
export interface OptionGroup {
  readonly heading: string;
  readonly rows: readonly OptionRow[];
}

export const duration =
  (name: string, bounds?: DurationBounds) =>
  (text: string): number =>
    parseDuration(text, name, bounds);
export const integer =
  (name: string, least: number, most: number) =>
  (text: string): number =>
    parseInteger(text, name, least, most);
const whole = (name: string, { least, most }: IntegerBounds): ((text: string) => number) => integer(name, least, most);

export const SERVERS: OptionGroup = {
  heading: "Which servers, and how they are reached:",
  rows: [
    { flags: "-4, --ipv4", text: "use IPv4 addresses only", conflicts: ["ipv6"] },
    { flags: "-6, --ipv6", text: "use IPv6 addresses only" },
    {
      flags: "--port <port>",
      text: "UDP port of servers that name none",
      standard: `${ONCE_DEFAULTS.port}`,
      parse: whole("--port", INTEGERS.port),
    },
    { flags: "--interface <name>", text: "send by this interface only" },
    {
      flags: "--source-port <port>",
      text: "send from this port instead of a fresh random one each time",
      parse: whole("--source-port", INTEGERS.sourcePort),
    },
    {
      flags: "--key <id>",
      text: "authenticate with this symmetric key, unless a server has its own",
      parse: whole("--key", INTEGERS.key),
    },
    { flags: "--keys <file>", text: "read symmetric keys from this file" },
    {
      flags: "--keys-format <format>",
      text: "by whose rules the key file is read",
      choices: ["auto", "ntp", "chrony"],
      standard: "auto",
    },
    { flags: "-c, --config <file>", text: "read this configuration file, in ntp.conf syntax" },
    {
      flags: "--forget",
      text: "forget what earlier runs remembered: ask servers again that sent us away (DENY, RSTR)",
    },
  ],
};

export const MEASURING: OptionGroup = {
  heading: "How they are measured:",
  rows: [
    {
      flags: "--samples <n>",
      text: "samples of each server, at most",
      standard: `${ONCE_DEFAULTS.samples.sync} for sync, ${ONCE_DEFAULTS.samples.query} for query`,
      parse: whole("--samples", INTEGERS.samples),
    },
    {
      flags: "--interval <duration>",
      text: "between two requests to a server; less than 2s only nearby",
      standard: plainDuration(BURST_SIX.spacing.least),
      parse: duration("--interval", DURATIONS.interval),
    },
    {
      flags: "--accuracy <duration>",
      text: "end as soon as the uncertainty is below this",
      parse: duration("--accuracy", DURATIONS.accuracy),
    },
    {
      flags: "--call-delay [duration]",
      text: `eight requests at random 1 to 4 s intervals, the second this long after the first`,
      preset: plainDuration(BURST_EIGHT.callDelay ?? 0),
      parse: duration("--call-delay", DURATIONS.callDelay),
    },
    {
      flags: "--timeout <duration>",
      text: "wait this long for a reply",
      standard: plainDuration(ONCE_DEFAULTS.timeout),
      parse: duration("--timeout", DURATIONS.timeout),
    },
    {
      flags: "--deadline <duration>",
      text: "give up after this long in all, or inf",
      standard: plainDuration(ONCE_DEFAULTS.deadline),
      parse: duration("--deadline", DURATIONS.deadline),
    },
    {
      flags: "--wait-network <duration>",
      text: "go on trying for this long while there is no network; added to the default deadline",
      standard: "0s",
      parse: duration("--wait-network", DURATIONS.waitNetwork),
    },
  ],
};

export const SELECTION: OptionGroup = {
  heading: "Which servers are believed:",
  rows: [
    {
      flags: "--minclock <n>",
      text: "stop discarding outliers at this many survivors",
      standard: `${DEFAULT_LIMITS.minclock}`,
      parse: whole("--minclock", INTEGERS.minclock),
    },
    {
      flags: "--maxclock <n>",
      text: "keep this many servers at most",
      standard: `${DEFAULT_LIMITS.maxclock}`,
      parse: whole("--maxclock", INTEGERS.maxclock),
    },
    {
      flags: "--minsane <n>",
      text: "need this many survivors at least",
      standard: `${DEFAULT_LIMITS.minsane}`,
      parse: whole("--minsane", INTEGERS.minsane),
    },
    {
      flags: "--maxdist <duration>",
      text: "refuse servers at this root distance",
      standard: plainDuration(DEFAULT_LIMITS.maxdist),
      parse: duration("--maxdist", DURATIONS.maxdist),
    },
    {
      flags: "--floor <stratum>",
      text: "refuse servers of lower stratum",
      standard: `${DEFAULT_LIMITS.floor}`,
      parse: whole("--floor", INTEGERS.floor),
    },
    {
      flags: "--ceiling <stratum>",
      text: "refuse servers of this stratum and above",
      standard: `${DEFAULT_LIMITS.ceiling}`,
      parse: whole("--ceiling", INTEGERS.ceiling),
    },
  ],
};

export const CLOCK: OptionGroup = {
  heading: "How the clock is corrected:",
  rows: [
    { flags: "-n, --dry-run", text: "say what would be done, and leave the clock alone" },
    { flags: "--step", text: "step the clock, however small the offset", conflicts: ["slew"] },
    { flags: "--slew", text: "slew the clock, however large the offset" },
    {
      flags: "--step-threshold <duration>",
      text: "slew below, step from here on",
      standard: plainDuration(DEFAULT_STEP_LIMITS.stepThreshold),
      parse: duration("--step-threshold", DURATIONS.stepThreshold),
    },
    {
      flags: "--panic <duration>",
      text: "change nothing beyond this offset, or inf",
      standard: plainDuration(DEFAULT_STEP_LIMITS.panic),
      parse: duration("--panic", DURATIONS.panic),
    },
    {
      flags: "--max-step <limits>",
      text: "the largest step each way, as forward=1h,backward=10m",
      standard: "forward=inf,backward=inf",
      parse: parseMaxStep,
    },
    { flags: "--force", text: "correct the clock even if another time daemon does" },
  ],
};

export const OUTPUT: OptionGroup = {
  heading: "What is printed:",
  rows: [
    { flags: "--json", text: "one JSON document on standard output, also on failure" },
    { flags: "-q, --quiet", text: "nothing when all went well" },
    { flags: "-v, --verbose", text: "say on standard error what is done and why" },
    { flags: "--debug", text: "with -v, and a stack trace when something breaks" },
    { flags: "--no-color", text: "no colours, as with NO_COLOR in the environment" },
  ],
};

/** Figures for a monitoring system. */
export const METRICS: OptionGroup = {
  heading: "Figures for a monitoring system:",
  rows: [
    {
      flags: "--format <format>",
      text: "print figures instead of text",
      choices: ["openmetrics"],
      conflicts: ["json"],
    },
    {
      flags: "--textfile <path>",
      text: "write them to this file, all at once, in the text format 0.0.4 of node_exporter's textfile collector",
      conflicts: ["json"],
    },
  ],
};

/** What the options say of figures. */
export interface MetricsOptions {
  readonly format?: "openmetrics";
  readonly textfile?: string;
}

/** What the options of `query` say of older tools. */
export interface CompatOptions {
  readonly compat?: QueryTool;
}

/** Whether figures are wanted. */
export function wantsMetrics({ format, textfile }: MetricsOptions): boolean {
  return format !== undefined || textfile !== undefined;
}

/** The tools whose output `query` can give; named here so that showing help loads none of it. */
const QUERY_TOOLS: readonly QueryTool[] = ["ntpdate", "sntp", "ntpdig", "ntpdig-json"];

/** Output for scripts that parse an older tool's. */
export function compatRow(tools: readonly string[]): OptionRow {
  return {
    flags: "--compat <tool>",
    text: "print what this tool would have printed",
    choices: tools,
    conflicts: ["json", "format", "textfile"],
  };
}

/** Disciplines by name, and how log lines look; named here so that showing help loads neither. */
const DISCIPLINE_NAMES: readonly DisciplineName[] = ["adaptive", "rfc5905"];
const LOG_FORMATS: readonly ("text" | "json")[] = ["text", "json"];

const DAEMON: OptionGroup = {
  heading: "How the daemon runs:",
  rows: [
    { flags: "-c, --config <file>", text: "read this configuration file, in ntp.conf syntax" },
    {
      flags: "--check",
      text: "read the configuration, print it as JSON with every default, and end",
      conflicts: ["from"],
    },
    { flags: "--from <file>", text: "translate this chrony.conf or ntp.toml (ntpd-rs) to ntp.conf; with --print" },
    { flags: "--print", text: "print the translation and end" },
    { flags: "--no-clock", text: "measure and serve, and say what would be done, but leave the clock alone" },
    { flags: "--discipline <name>", text: "how the clock is steered", choices: DISCIPLINE_NAMES, standard: "adaptive" },
    { flags: "-g, --any-offset", text: "let the first correction be of any size" },
    {
      flags: "--port <port>",
      text: "UDP port to serve",
      standard: `${ONCE_DEFAULTS.port}`,
      parse: integer("--port", 1, 65_535),
    },
    {
      flags: "--user <user>",
      text: "become this user once the sockets are open, keeping the leave to set the clock and to bind ports",
    },
    {
      flags: "--metrics <[host:]port>",
      text: "give OpenMetrics at http://HOST:PORT/metrics; a loopback address (127.0.0.1)",
    },
    { flags: "--log <format>", text: "how log lines are written", choices: LOG_FORMATS, standard: "text" },
    { flags: "--force", text: "start even if another time daemon disciplines the clock" },
  ],
};

/** The algorithms of `--type`; named here so that showing help loads no cryptography. */
export const ALGORITHM_NAMES: readonly Algorithm[] = [
  "MD5",
  "SHA1",
  "SHA256",
  "SHA384",
  "SHA512",
  "AES128CMAC",
  "AES256CMAC",
];

const KEYGEN: OptionGroup = {
  heading: "Which keys:",
  rows: [
    { flags: "--type <algorithm>", text: "the algorithm", choices: ALGORITHM_NAMES, standard: "AES128CMAC" },
    { flags: "--count <n>", text: "how many", standard: "1", parse: integer("--count", 1, 1000) },
    {
      flags: "--first-id <id>",
      text: "the identifier of the first, the others count up",
      standard: "1",
      parse: integer("--first-id", 1, KEY_ID_LIMIT),
    },
    { flags: "--format <format>", text: "for whose key file", choices: ["ntp", "chrony"], standard: "ntp" },
    { flags: "--force", text: "replace the file if it exists" },
  ],
};

/** The shells that completion is offered for. */
export const SHELLS: readonly string[] = ["bash", "zsh", "fish"];

/** The options of each command, by heading. */
export const OPTION_GROUPS: Readonly<Record<"query" | "run" | "demo" | "keygen", readonly OptionGroup[]>> = {
  query: [SERVERS, MEASURING, SELECTION, METRICS, { ...OUTPUT, rows: [compatRow(QUERY_TOOLS), ...OUTPUT.rows] }],
  run: [DAEMON, OUTPUT],
  demo: [OUTPUT],
  keygen: [KEYGEN, OUTPUT],
};

/** What the options of a one-shot parse to. */
export interface CommonOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly debug?: boolean;
  /** False with `--no-color`. */
  readonly color: boolean;
}

/** What the options of `sync` and `query` parse to; the names are commander's. */
export interface RunOptions
  extends CommonOptions, MetricsOptions, CompatOptions, Omit<OnceOptions, "family" | "method" | "remember"> {
  readonly state?: string | true;
  readonly ipv4?: boolean;
  readonly ipv6?: boolean;
  readonly keys?: string;
  readonly keysFormat?: "auto" | "ntp" | "chrony";
  readonly config?: string;
  readonly forget?: boolean;
  readonly step?: boolean;
  readonly slew?: boolean;
  readonly force?: boolean;
}

/** What the options of `run` parse to. */
export interface DaemonRunOptions extends CommonOptions {
  readonly config?: string;
  readonly check?: boolean;
  readonly from?: string;
  readonly print?: boolean;
  /** False with `--no-clock`. */
  readonly clock: boolean;
  readonly discipline?: DisciplineName;
  readonly anyOffset?: boolean;
  readonly port?: number;
  readonly user?: string;
  readonly metrics?: string;
  readonly log?: "text" | "json";
  readonly force?: boolean;
}

/** What the options of `keygen` parse to. */
export interface KeygenOptions extends CommonOptions {
  readonly type?: Algorithm;
  readonly count?: number;
  readonly firstId?: number;
  readonly format?: "ntp" | "chrony";
  readonly force?: boolean;
}

/** Adds options to a command, under their headings. */
export function addOptions(command: Command, groups: readonly OptionGroup[]): Command {
  for (const { heading, rows } of groups) {
    command.optionsGroup(heading);
    for (const row of rows) command.addOption(optionOf(row));
  }
  return command;
}

function optionOf({ flags, text, standard, parse, choices, conflicts, preset }: OptionRow): Option {
  const option = new Option(flags, standard === undefined ? text : `${text} (${standard})`);
  if (choices !== undefined) option.choices(choices);
  if (parse !== undefined) option.argParser(parse);
  if (conflicts !== undefined) option.conflicts([...conflicts]);
  if (preset !== undefined) option.preset(preset);
  return option;
}

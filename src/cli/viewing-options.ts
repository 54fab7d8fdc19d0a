/** The options of the commands that look at daemons and servers. */
import type { ChronycReport } from "../view/chronyc.ts";
import { stateRow } from "./remembering-options.ts";
import type { MruOrder } from "../view/peers-rows.ts";
import { KEY_ID_LIMIT } from "../security/keyids.ts";
import { plainDuration } from "../config/values.ts";
import { parseRange, parseThresholds, type Range, type Thresholds } from "../config/ranges.ts";
import {
  compatRow,
  duration,
  integer,
  MEASURING,
  METRICS,
  OUTPUT,
  SELECTION,
  SERVERS,
  type CommonOptions,
  type MetricsOptions,
  type OptionGroup,
  type OptionRow,
  type RunOptions,
} from "./options.ts";

/** What the options of every such command parse to; the names are commander's. */
export interface AskingOptions extends CommonOptions {
  readonly ipv4?: boolean;
  readonly ipv6?: boolean;
  readonly key?: number;
  readonly keys?: string;
  readonly keysFormat?: "auto" | "ntp" | "chrony";
  readonly timeout?: number;
  readonly deadline?: number;
  readonly numeric?: boolean;
}

/** What the options of `peers` parse to. */
export interface PeersCommandOptions extends AskingOptions, MetricsOptions {
  readonly wideRemote?: boolean;
  readonly all?: boolean;
  readonly associations?: boolean;
  readonly wide?: boolean;
  readonly explain?: boolean;
  readonly watch?: number;
  readonly state?: string | true;
  readonly config?: string;
  readonly compat?: "ntpq" | ChronycReport;
}

/** What the options of the single questions parse to. */
export interface QuestionOptions extends AskingOptions {
  readonly association?: number;
  readonly clock?: boolean;
  readonly all?: boolean;
  readonly limit?: number;
  readonly sort?: MruOrder;
  readonly mincount?: number;
}

/** What the options of `trace` parse to. */
export interface TraceOptions extends AskingOptions {
  readonly hops?: number;
}

/** Named here, so that showing help loads no tables. */
const CHRONYC: readonly ChronycReport[] = [
  "chronyc",
  "chronyc-sourcestats",
  "chronyc-tracking",
  "chronyc-csv",
  "chronyc-sourcestats-csv",
  "chronyc-tracking-csv",
];
const MRU_ORDERS: readonly MruOrder[] = ["lstint", "-lstint", "avgint", "-avgint", "addr", "-addr", "count", "-count"];

/** What the options of `wait` parse to. */
export interface WaitOptions extends AskingOptions {
  readonly daemon?: string;
  readonly offset?: number;
  readonly distance?: number;
  readonly interval?: number;
}

/** What the options of `check` parse to. */
export interface CheckOptions extends Omit<RunOptions, "config" | "compat"> {
  readonly config?: string;
  readonly warning?: Range;
  readonly critical?: Range;
  readonly jitter?: Thresholds;
  readonly stratum?: Thresholds;
  readonly truechimers?: Thresholds;
  readonly rootdistance?: Thresholds;
  readonly leap?: boolean;
  readonly daemon?: string;
}

/** What the options of `watch` parse to. */
export interface WatchOptions extends Omit<RunOptions, "compat"> {
  readonly every?: number;
  readonly count?: number;
}

/** To wait in all, and between two looks; seconds. */
export const WAIT_DEFAULTS = { timeout: 600, interval: 1 } as const;

/** check_ntp_time's thresholds, seconds. */
export const CHECK_DEFAULTS: { readonly warning: Range; readonly critical: Range } = {
  warning: parseRange("60", ""),
  critical: parseRange("120", ""),
};

const range =
  (name: string) =>
  (text: string): Range =>
    parseRange(text, name);
const thresholds =
  (name: string) =>
  (text: string): Thresholds =>
    parseThresholds(text, name);

const WAITING: OptionGroup = {
  heading: "What is waited for:",
  rows: [
    {
      flags: "--offset <duration>",
      text: "an offset of at most this, as the daemon knows it",
      parse: duration("--offset"),
    },
    {
      flags: "--distance <duration>",
      text: "a root distance (of the kernel: a maximum error) of at most this",
      parse: duration("--distance"),
    },
    {
      flags: "--timeout <duration>",
      text: "wait this long in all, or inf; --deadline is the same",
      standard: plainDuration(WAIT_DEFAULTS.timeout),
      parse: duration("--timeout", { infinite: true }),
    },
    {
      flags: "--deadline <duration>",
      text: "the same as --timeout",
      parse: duration("--deadline", { infinite: true }),
    },
    {
      flags: "--interval <duration>",
      text: "between two looks",
      standard: plainDuration(WAIT_DEFAULTS.interval),
      parse: duration("--interval", { least: 0.01, most: 3600 }),
    },
    { flags: "--daemon <host>", text: "look at the daemon there, and not at the kernel" },
  ],
};

const CHECKING: OptionGroup = {
  heading: "What is demanded (ranges of monitoring plugins: 10, 10:, ~:10, 10:20, @10:20; durations may have a unit):",
  rows: [
    {
      flags: "-w, --warning <range>",
      text: "warn unless the offset is within this; without a colon its size counts",
      standard: "60",
      parse: range("--warning"),
    },
    { flags: "-c, --critical <range>", text: "the same, critical", standard: "120", parse: range("--critical") },
    { flags: "--jitter <warning,critical>", text: "of the jitter", parse: thresholds("--jitter") },
    { flags: "--stratum <warning,critical>", text: "of the stratum", parse: thresholds("--stratum") },
    {
      flags: "--truechimers <warning,critical>",
      text: "of the number of servers that agree, as 3:,1:",
      parse: thresholds("--truechimers"),
    },
    { flags: "--rootdistance <warning,critical>", text: "of the root distance", parse: thresholds("--rootdistance") },
    { flags: "--leap", text: "warn of a leap second that is announced" },
    { flags: "--daemon <host>", text: "check the daemon there by its control protocol instead of asking servers" },
  ],
};

/** Measuring options of `query` that are not needed where somebody looks. */
const SERVERS_WITHOUT_SHORT: OptionGroup = {
  ...SERVERS,
  rows: SERVERS.rows.map((row) => (row.flags.startsWith("-c, ") ? { ...row, flags: row.flags.slice(4) } : row)),
};

const NUMERIC: OptionRow = { flags: "-n, --numeric", text: "addresses as they are, no names" };

const HOW: OptionGroup = {
  heading: "How they are asked:",
  rows: [
    { flags: "-4, --ipv4", text: "use IPv4 addresses only", conflicts: ["ipv6"] },
    { flags: "-6, --ipv6", text: "use IPv6 addresses only" },
    {
      flags: "--timeout <duration>",
      text: "wait this long for an answer, and once more",
      standard: plainDuration(1),
      parse: duration("--timeout", { least: 0.001, most: 300 }),
    },
    {
      flags: "--deadline <duration>",
      text: "give up after this long in all, or inf",
      standard: plainDuration(15),
      parse: duration("--deadline", { least: 0.001, infinite: true }),
    },
    { flags: "--keys <file>", text: "read the control key from this file" },
    {
      flags: "--keys-format <format>",
      text: "by whose rules the key file is read",
      choices: ["auto", "ntp", "chrony"],
      standard: "auto",
    },
    {
      flags: "--key <id>",
      text: "the control key, where the file has several",
      parse: integer("--key", 1, KEY_ID_LIMIT),
    },
  ],
};

const PEERS: OptionGroup = {
  heading: "What is shown:",
  rows: [
    NUMERIC,
    { flags: "-w, --wide-remote", text: "names in full, on a line of their own where they are long (as ntpq -w)" },
    { flags: "--all", text: "associations that are neither configured nor reachable, too (as ntpq's lpeers)" },
    { flags: "--associations", text: "the identifiers of the associations beside them (as ntpq's apeers)" },
    {
      flags: "--wide",
      text: "a wider table: names, who is authenticated how, the last eight polls, why a server is not used",
      conflicts: ["associations"],
    },
    { flags: "--explain", text: "draw what each server says of the time, and say why the others are not used" },
    {
      flags: "--watch <duration>",
      text: "ask again this often until interrupted",
      parse: duration("--watch", { least: 0.1, most: 86_400 }),
      conflicts: ["format", "textfile"],
    },
    { flags: "-c, --config <file>", text: "where no daemon answers: the servers of this file" },
    stateRow("what runs of sync --state have left for the next, in this file; nobody is asked", [
      "watch",
      "format",
      "textfile",
      "compat",
      "explain",
    ]),
  ],
};

const ASSOCIATION: OptionRow = {
  flags: "--association <id>",
  text: "of this association; 0 is the system",
  standard: "0",
  parse: integer("--association", 0, 65_535),
};

/** The options of each command, by heading. */
export const VIEWING_GROUPS: Readonly<
  Record<
    "peers" | "associations" | "readvar" | "list" | "pstats" | "mru" | "rows" | "trace" | "check" | "wait" | "watch",
    readonly OptionGroup[]
  >
> = {
  peers: [PEERS, HOW, METRICS, { ...OUTPUT, rows: [compatRow(["ntpq", ...CHRONYC]), ...OUTPUT.rows] }],
  associations: [
    {
      heading: "What is shown:",
      rows: [{ flags: "--all", text: "those that are neither configured nor reachable, too" }],
    },
    HOW,
    OUTPUT,
  ],
  readvar: [
    {
      heading: "What is shown:",
      rows: [ASSOCIATION, { flags: "--clock", text: "the variables of the reference clock (clockvar)" }, NUMERIC],
    },
    HOW,
    OUTPUT,
  ],
  list: [{ heading: "What is shown:", rows: [NUMERIC] }, HOW, OUTPUT],
  pstats: [
    {
      heading: "What is shown:",
      rows: [
        { flags: "--association <id>", text: "of this association", parse: integer("--association", 1, 65_535) },
        NUMERIC,
      ],
    },
    HOW,
    OUTPUT,
  ],
  mru: [
    {
      heading: "What is shown:",
      rows: [
        NUMERIC,
        { flags: "--limit <n>", text: "stop at so many addresses", parse: integer("--limit", 1, 10_000_000) },
        {
          flags: "--sort <order>",
          text: "the order; with - the other way round",
          choices: MRU_ORDERS,
          standard: "lstint",
        },
        {
          flags: "--mincount <n>",
          text: "addresses with at least so many packets",
          parse: integer("--mincount", 1, 0x7fff_ffff),
        },
      ],
    },
    HOW,
    OUTPUT,
  ],
  rows: [HOW, OUTPUT],
  trace: [
    {
      heading: "What is shown:",
      rows: [
        NUMERIC,
        { flags: "--hops <n>", text: "go so far at most", standard: "32", parse: integer("--hops", 1, 255) },
      ],
    },
    HOW,
    OUTPUT,
  ],
  check: [
    CHECKING,
    SERVERS_WITHOUT_SHORT,
    MEASURING,
    SELECTION,
    METRICS,
    { ...OUTPUT, rows: [compatRow(["check_ntp_time"]), ...OUTPUT.rows] },
  ],
  wait: [
    WAITING,
    { ...HOW, rows: HOW.rows.filter(({ flags }) => !flags.startsWith("--timeout") && !flags.startsWith("--deadline")) },
    OUTPUT,
  ],
  watch: [
    {
      heading: "How it is shown:",
      rows: [
        {
          flags: "--every <duration>",
          text: "a line this often where the output is no terminal",
          standard: "10s",
          parse: duration("--every", { least: 0.1, most: 86_400 }),
        },
        { flags: "--count <n>", text: "end after so many of them", parse: integer("--count", 1, 1_000_000) },
      ],
    },
    SERVERS,
    {
      ...MEASURING,
      rows: MEASURING.rows.filter(({ flags }) => flags.startsWith("--timeout") || flags.startsWith("--interval")),
    },
    SELECTION,
    OUTPUT,
  ],
};

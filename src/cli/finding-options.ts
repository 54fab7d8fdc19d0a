/** The options of the commands that find servers, `pool`, `manycast` and `broadcast`: rows of their own, and those of `query`. */
import { DISCOVERY_DEFAULTS, type DiscoveryOptions } from "../config/discovery.ts";
import { parseHops } from "../config/groups.ts";
import { plainDuration } from "../config/values.ts";
import { DEFAULT_LIMITS } from "../system/limits.ts";
import {
  duration,
  integer,
  MEASURING,
  OUTPUT,
  SELECTION,
  SERVERS,
  type CommonOptions,
  type OptionGroup,
  type OptionRow,
} from "./options.ts";

/** What the options of `pool`, `manycast` and `broadcast` parse to; the names are commander's. */
export interface FindingOptions extends CommonOptions, Omit<DiscoveryOptions, "family"> {
  readonly ipv4?: boolean;
  readonly ipv6?: boolean;
  readonly keys?: string;
  readonly keysFormat?: "auto" | "ntp" | "chrony";
  readonly trusted?: string;
  readonly config?: string;
  readonly forget?: boolean;
}

/** Keys that whoever is found may have. */
export const TRUST_ROWS: readonly OptionRow[] = [
  { flags: "--trusted <ids>", text: "believe only these keys of the file, as 1,2,10...19; without it all of them" },
  { flags: "--no-auth", text: "believe servers that have no key, too; then anybody may pass for one" },
];

const FOLLOW: OptionRow = {
  flags: "--follow",
  text: "go on after the first report: poll, prune, find others, until interrupted",
};
const COHORT: OptionRow = { flags: "--cohort", text: "take servers of our own stratum, too" };
const TTL: OptionRow = {
  flags: "--ttl <hops>",
  text: "ask this many hops away at most",
  standard: `${DISCOVERY_DEFAULTS.ttl}`,
  parse: parseHops,
};
const ALL: OptionRow = { flags: "--all", text: "ask all rings, however many servers were found" };
const MINCLOCK: OptionRow = {
  flags: "--minclock <n>",
  text: "so many servers are enough: no more are searched for, and no more outliers discarded",
  standard: `${DEFAULT_LIMITS.minclock}`,
  parse: integer("--minclock", 1, 1000),
};
const RING_INTERVAL: OptionRow = {
  flags: "--interval <duration>",
  text: "between two rings, and between two requests of a volley; less than 2s only within a site",
  standard: plainDuration(DISCOVERY_DEFAULTS.interval),
  parse: duration("--interval", { least: 0.001, most: 1024 }),
};
const VOLLEY: OptionRow = {
  flags: "--samples <n>",
  text: "exchanges of a volley",
  standard: `${DISCOVERY_DEFAULTS.samples}`,
  parse: integer("--samples", 1, 64),
};
const SEARCH_KEY: OptionRow = {
  flags: "--key <id>",
  text: "sign the search with this key (the first trusted one of the file); servers answer with the same",
  parse: integer("--key", 1, 65_535),
};
const NO_DEADLINE: OptionRow = {
  flags: "--deadline <duration>",
  text: "end after this long",
  standard: "inf",
  parse: duration("--deadline", { least: 0.001, infinite: true }),
};

/** Rows of a group, with others in place of some, and more behind them. */
function changed(
  { heading, rows }: OptionGroup,
  changes: {
    readonly without?: readonly string[];
    readonly instead?: readonly OptionRow[];
    readonly more?: readonly OptionRow[];
  },
): OptionGroup {
  const { without = [], instead = [], more = [] } = changes;
  const kept = rows.filter(({ flags }) => !without.some((name) => wordOf(flags) === name));
  return {
    heading,
    rows: [...kept.map((row) => instead.find(({ flags }) => wordOf(flags) === wordOf(row.flags)) ?? row), ...more],
  };
}

/** `--port` of `-p, --port <port>`. */
function wordOf(flags: string): string {
  return /--[a-z0-9-]+/.exec(flags)?.[0] ?? flags;
}

const ASKED_ALONE = ["--call-delay", "--accuracy"];
const SELECTING = changed(SELECTION, { instead: [MINCLOCK] });

/** The options of each command, by heading. */
export const FINDING_GROUPS: Readonly<Record<"pool" | "manycast" | "broadcast", readonly OptionGroup[]>> = {
  pool: [
    SERVERS,
    changed(MEASURING, { without: ASKED_ALONE, instead: [VOLLEY, NO_DEADLINE], more: [FOLLOW] }),
    SELECTION,
    OUTPUT,
  ],
  manycast: [
    { heading: "How they are searched for:", rows: [TTL, RING_INTERVAL, ALL, FOLLOW, COHORT] },
    {
      ...changed(SERVERS, {
        without: ["--forget", "--config", "--source-port"],
        instead: [SEARCH_KEY],
        more: TRUST_ROWS,
      }),
      heading: "How they are reached, and who is believed:",
    },
    changed(MEASURING, { without: [...ASKED_ALONE, "--interval", "--wait-network"], instead: [VOLLEY, NO_DEADLINE] }),
    SELECTING,
    OUTPUT,
  ],
  broadcast: [
    {
      heading: "What is listened to:",
      rows: [
        { flags: "--multicast", text: "the groups assigned to NTP, too: 224.0.1.1, ff02::101 and ff05::101" },
        { flags: "--port <port>", text: "UDP port", standard: "123", parse: integer("--port", 1, 65_535) },
        { flags: "--interface <name>", text: "this interface only" },
        {
          flags: "--count <n>",
          text: "end after so many broadcasts were used",
          parse: integer("--count", 1, 1_000_000),
        },
        NO_DEADLINE,
        {
          flags: "--broadcast-delay <duration>",
          text: "take this for the time that broadcasts travel, and send no volley",
          parse: duration("--broadcast-delay", { most: 1 }),
        },
      ],
    },
    {
      ...changed(SERVERS, {
        without: ["--forget", "--config", "--source-port", "--port", "--interface", "--key"],
        more: TRUST_ROWS,
      }),
      heading: "Who is believed:",
    },
    changed(MEASURING, { without: [...ASKED_ALONE, "--deadline", "--wait-network"], instead: [VOLLEY] }),
    SELECTION,
    OUTPUT,
  ],
};

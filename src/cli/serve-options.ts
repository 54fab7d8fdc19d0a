/** The options of `serve`. */
import {
  BROADCAST_DEFAULTS,
  parseLocalAddress,
  parseNetworkOption,
  parseRateLimit,
  parseStratum,
  type ServeOptions,
} from "../config/serve.ts";
import { parseHops } from "../config/groups.ts";
import { plainDuration } from "../config/values.ts";
import { ORPHAN_WAIT } from "../server/local.ts";
import { DEFAULT_RATE } from "../server/rate.ts";
import type { Seconds } from "../time/seconds.ts";
import type { CommandRow } from "./commands.ts";
import { examplesHelp, FINDING_EXAMPLES } from "./finding-examples.ts";
import { addOptions, duration, integer, OUTPUT, SELECTION, type CommonOptions, type OptionGroup } from "./options.ts";

/** What the options of `serve` parse to; the names are commander's. */
export interface ServeCommandOptions extends CommonOptions, Omit<ServeOptions, "family"> {
  readonly ipv4?: boolean;
  readonly ipv6?: boolean;
  readonly keys?: string;
  readonly keysFormat?: "auto" | "ntp" | "chrony";
  readonly trusted?: string;
  readonly key?: number;
  readonly config?: string;
  readonly user?: string;
  /** The interval of the smear. */
  readonly leapSmear?: Seconds;
  readonly leapFile?: string;
}

/** Where the system's time zone data keep the list of leap seconds. */
export const LEAP_FILE = "/usr/share/zoneinfo/leap-seconds.list";

/** Who serves once the port is open. */
export const LEAST_USER = "nobody";

/** An option that may be given again. */
const each =
  (read: (text: string) => string) =>
  (text: string, before: readonly string[] = []): readonly string[] => [...before, read(text)];

const asIs = (text: string): string => text;

/** The options by heading. */
export const SERVE_GROUPS: readonly OptionGroup[] = [
  {
    heading: "Where it answers:",
    rows: [
      { flags: "-4, --ipv4", text: "IPv4 only", conflicts: ["ipv6"] },
      { flags: "-6, --ipv6", text: "IPv6 only" },
      { flags: "--port <port>", text: "UDP port", standard: "123", parse: integer("--port", 1, 65_535) },
      { flags: "--address <address>", text: "this address of the host only", parse: parseLocalAddress },
      { flags: "--interface <name>", text: "this interface only" },
      { flags: "--user <user>", text: "become this user once the port is open; root: stay root", standard: LEAST_USER },
    ],
  },
  {
    heading: "What it tells:",
    rows: [
      {
        flags: "--local-stratum <stratum>",
        text: "without a source trust the local clock, at once, as this stratum",
        parse: (text) => parseStratum(text, "--local-stratum"),
      },
      {
        flags: "--orphan <stratum>",
        text: "without a source for a while, be an orphan parent of this stratum",
        parse: (text) => parseStratum(text, "--orphan"),
      },
      {
        flags: "--orphan-wait <duration>",
        text: "for how long",
        standard: plainDuration(ORPHAN_WAIT),
        parse: duration("--orphan-wait", { most: 86_400 }),
      },
      {
        flags: "--leap-smear [duration]",
        text: "spread the next leap second over this time, centred on it",
        preset: 86_400,
        parse: duration("--leap-smear", { least: 60, most: 172_800 }),
      },
      { flags: "--leap-file <file>", text: "where leap seconds are listed", standard: LEAP_FILE },
      { flags: "-c, --config <file>", text: "read this configuration file, in ntp.conf syntax" },
    ],
  },
  {
    heading: "Whom it tells:",
    rows: [
      {
        flags: "--allow <network>",
        text: "answer this network, and none that is not allowed; may be given again",
        parse: each((text) => parseNetworkOption(text, "--allow")),
      },
      {
        flags: "--deny <network>",
        text: "do not answer this network; may be given again, the most specific decides",
        parse: each((text) => parseNetworkOption(text, "--deny")),
      },
      {
        flags: "--rate-limit [limits]",
        text: `answer a client every AVERAGE,MINIMUM at most (${2 ** DEFAULT_RATE.average}s,${DEFAULT_RATE.minimum}s), and tell it once`,
        preset: DEFAULT_RATE,
        parse: parseRateLimit,
      },
      { flags: "--keys <file>", text: "read symmetric keys from this file; clients may use any of them" },
      {
        flags: "--keys-format <format>",
        text: "by whose rules the key file is read",
        choices: ["auto", "ntp", "chrony"],
        standard: "auto",
      },
      { flags: "--trusted <ids>", text: "trust only these keys of the file, as 1,2,10...19" },
    ],
  },
  {
    heading: "Making itself known:",
    rows: [
      {
        flags: "--broadcast <address>",
        text: "broadcast to this address or group; may be given again",
        parse: each(asIs),
      },
      {
        flags: "--minpoll <exponent>",
        text: "broadcast every 2^n seconds",
        standard: `${BROADCAST_DEFAULTS.minpoll}`,
        parse: integer("--minpoll", 3, 17),
      },
      {
        flags: "--ttl <hops>",
        text: "broadcasts to groups go this far",
        standard: `${BROADCAST_DEFAULTS.ttl}`,
        parse: parseHops,
      },
      {
        flags: "--xleave",
        text: "broadcasts tell when the one before truly left, for clients that interleave (RFC 9769)",
      },
      {
        flags: "--key <id>",
        text: "sign broadcasts with this key (the first trusted one of the file)",
        parse: integer("--key", 1, 65_535),
      },
      {
        flags: "--manycast <group>",
        text: "answer whoever searches this group; may be given again",
        parse: each(asIs),
      },
      { flags: "--cohort", text: "answer searchers of our own stratum, too" },
    ],
  },
  SELECTION,
  OUTPUT,
];

/** `serve` in the table of commands. */
export const SERVE_COMMAND: CommandRow = {
  name: "serve",
  text: "answer clients with the time of the servers named, or of the local clock",
  build(command, { io, done }) {
    command.argument(
      "[servers...]",
      "servers to follow: HOST, HOST:PORT, [IPv6]:PORT, with ,prefer ,noselect ,true ,key=ID behind it",
    );
    command.addHelpText("after", examplesHelp(FINDING_EXAMPLES.serve));
    addOptions(command, SERVE_GROUPS).action(async (servers: string[], options: ServeCommandOptions) => {
      done(await (await import("./serve.ts")).runServe(servers, options, io));
    });
  },
};

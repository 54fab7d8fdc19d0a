/**
 * The one table of ntp.conf commands: what each takes, and whether it is used here.
 *
 * The parser only interprets this table, and the man page is drawn from it. A command that is known but not used is
 * read over: with a warning where leaving it out changes which servers are asked, with a note where it only matters to
 * a daemon.
 */

/** What one option of a command takes. */
export type Takes =
  | { readonly takes: "nothing" }
  | { readonly takes: "integer"; readonly least: number; readonly most: number }
  | { readonly takes: "seconds"; readonly least: number; readonly most: number }
  | { readonly takes: "word" };

/** One option of a command. */
export type OptionSyntax = Takes & {
  /** Read over here, and why. */
  readonly unused?: string;
  /** The whole line must be left out when this is given, and why. */
  readonly drops?: string;
};

/** What stands between the command and its options. */
export type Operand = "none" | "host" | "file" | "keys" | "restricted" | "anything";

/** One command. */
export interface CommandSyntax {
  readonly operand: Operand;
  readonly options: Readonly<Record<string, OptionSyntax>>;
  /** One line for the manual; for unused commands, why. */
  readonly text: string;
  /** How the command is treated: used, left out silently (said with -v), or left out with a warning. */
  readonly use: "used" | "noted" | "warned";
}

const FLAG: OptionSyntax = { takes: "nothing" };
const integer = (least: number, most: number): Takes => ({ takes: "integer", least, most });
const seconds = (least: number, most: number): Takes => ({ takes: "seconds", least, most });

/** ntpd's bounds of poll exponents (ntp.h NTP_MINPOLL, NTP_MAXPOLL). */
const POLL = integer(3, 17);

/** The options of `server` and `pool`. */
const SERVER_OPTIONS: Readonly<Record<string, OptionSyntax>> = {
  key: integer(1, 65_535),
  iburst: FLAG,
  burst: FLAG,
  version: integer(1, 4),
  prefer: FLAG,
  noselect: FLAG,
  true: FLAG,
  minpoll: POLL,
  maxpoll: POLL,
  preempt: { ...FLAG, unused: "it is for daemons" },
  xleave: { ...FLAG, unused: "it is for symmetric and broadcast modes" },
  xmtnonce: { ...FLAG, unused: "every request has a random transmit timestamp" },
  mode: { ...integer(0, 0xffff_ffff), unused: "it is for reference clocks" },
  ttl: { ...integer(0, 255), unused: "it is for broadcast and manycast" },
  autokey: { ...FLAG, drops: "it asks for Autokey, and is not asked without it" },
  nts: { ...FLAG, drops: "it asks for NTS, and is not asked without it" },
};

const RESTRICT_OPTIONS: Readonly<Record<string, OptionSyntax>> = {
  mask: { takes: "word" },
  ...Object.fromEntries(
    "ignore kod limited lowpriotrap mssntp noepeer nomodify nopeer noquery noserve notrap notrust ntpport version".split(" ").map((flag) => [flag, FLAG]),
  ),
  ippeerlimit: integer(-1, 0x7fff_ffff),
};

const TOS_OPTIONS: Readonly<Record<string, OptionSyntax>> = {
  minclock: integer(1, 1000),
  maxclock: integer(1, 1000),
  minsane: integer(0, 1000),
  floor: integer(0, 16),
  ceiling: integer(1, 16),
  mindist: seconds(0, 16),
  maxdist: seconds(0.001, 16),
  cohort: { ...integer(0, 1), unused: "it is for manycast" },
  orphan: { ...integer(1, 17), unused: "it is for daemons" },
  orphanwait: { ...seconds(0, 86_400), unused: "it is for daemons" },
  beacon: { ...seconds(0, 1e6), unused: "it is for manycast" },
  bcpollbstep: { ...integer(0, 4), unused: "it is for broadcast" },
  basedate: { takes: "word", unused: "eras are unfolded round the local clock" },
};

const used = (operand: Operand, text: string, options: Readonly<Record<string, OptionSyntax>> = {}): CommandSyntax => ({ operand, options, text, use: "used" });
const group = (use: "noted" | "warned", text: string, names: string): [string, CommandSyntax][] =>
  names.split(" ").map((name) => [name, { operand: "anything", options: {}, text, use }]);

/** Every command known. */
export const COMMANDS: Readonly<Record<string, CommandSyntax>> = {
  server: used("host", "a server to ask", SERVER_OPTIONS),
  pool: used("host", "a name whose addresses are servers to ask", SERVER_OPTIONS),
  keys: used("file", "the file of symmetric keys"),
  trustedkey: used("keys", "the keys that may authenticate; ranges as (LOW ... HIGH)"),
  restrict: used("restricted", "what a network may do with a daemon; read and checked, without effect on sync and query", RESTRICT_OPTIONS),
  discard: used("none", "the rate limit of a daemon's clients; read and checked, without effect on sync and query", { average: integer(0, 16), minimum: seconds(0, 3600), monitor: seconds(0, 86_400) }),
  tos: used("none", "the limits of selection", TOS_OPTIONS),
  includefile: used("file", "another file to read in place"),
  ...Object.fromEntries([
    ...group("warned", "this way of finding or following time is not used here", "peer broadcastclient multicastclient manycastclient refclock"),
    ...group("warned", "Autokey and NTS are not used here", "crypto autokey nts"),
    ...group("noted", "it is for daemons that serve", "broadcast manycastserver leapfile leapsmearinterval mssntp ntpsigndsocket mru ttl dscp"),
    ...group("noted", "it is for daemons", "driftfile tinker disable enable fudge interface nic calldelay broadcastdelay tick rlimit pidfile phone simulate reset monitor pollskewlist"),
    ...group("noted", "it is for the daemon's files and control", "statistics statsdir filegen logfile logconfig saveconfigdir setvar trap controlkey requestkey keysdir revoke unconfig unpeer auth end"),
  ]),
};

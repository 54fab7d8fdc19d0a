/** The rows of the commands that say with whom associations are made, and how far they are believed. */
import { DEFAULT_LIMITS } from "../../system/limits.ts";
import {
  any,
  common,
  daemonOnly,
  FLAG,
  flags,
  idle,
  integer,
  missing,
  number,
  one,
  seconds,
  several,
  WORD,
  type CommandSyntax,
  type Options,
  type OptionSyntax,
  type Takes,
} from "./syntax.ts";

const HOST: Takes = { takes: "host" };
const GROUP: Takes = { takes: "group" };
const PEER: Takes = { takes: "peer" };

/** ntpd's bounds of poll exponents (ntp.h NTP_MINPOLL, NTP_MAXPOLL). */
const POLL = integer(3, 17);
/** Its defaults (RFC 5905 §A.1.1 MINPOLL, MAXPOLL as deployed). */
const LEAST_POLL: OptionSyntax = { ...POLL, standard: 6 };
const MOST_POLL: OptionSyntax = { ...POLL, standard: 10 };

/** Nobody is asked without the key that was meant, nor in a version that there is not. */
const KEY: OptionSyntax = { ...integer(1, 65_535, "drop"), standard: null };
const VERSION: OptionSyntax = { ...integer(1, 4, "drop"), standard: 4 };
const PORT: OptionSyntax = { ...integer(1, 65_535, "drop"), standard: 123 };
const AUTOKEY: OptionSyntax = { ...FLAG, drops: "it asks for Autokey, and is not asked without it" };
/** The same where the keys are at hand: it is spoken with servers, and with who answers a search by manycast. */
const NOT_UNDER_AUTOKEY: OptionSyntax = {
  ...FLAG,
  drops: "it asks for Autokey, which a pool has no keys for",
};
/** Of NTPsec's words for NTS, those that are not used here, and why. */
const OF_NTS: Options = Object.fromEntries(
  Object.entries({
    ca: "--ca FILE names who is trusted besides",
    cert: "it is for servers",
    aead: "any AEAD that both sides have is taken",
    mintls: "it is TLS 1.3 in any case",
    maxtls: "it is TLS 1.3 in any case",
  }).map(([name, why]) => [name, { ...WORD, standard: null, unused: why, idle: why } satisfies OptionSyntax]),
);

/** What ntpd takes and nothing here depends on. */
const ELSEWHERE: Options = {
  mode: {
    ...integer(0, 0xffff_ffff),
    standard: 0,
    unused: "it is for reference clocks",
    idle: "it is for reference clocks",
  },
  xmtnonce: {
    ...FLAG,
    unused: "every request has a random transmit timestamp",
    idle: "every request has a random transmit timestamp",
  },
  ident: { ...WORD, standard: null, unused: "it is for Autokey", idle: "it is for Autokey" },
  bias: {
    ...number(-10, 10),
    standard: 0,
    unused: "offsets are taken as they are",
    idle: "offsets are taken as they are",
  },
};

/** What is found goes without being told to. */
const FOUND: Options = { preempt: { ...FLAG, unused: "it is for daemons", idle: "what is found may go in any case" } };

/** Options of every client association. */
const CLIENT: Options = {
  key: KEY,
  iburst: FLAG,
  burst: FLAG,
  version: VERSION,
  prefer: FLAG,
  noselect: FLAG,
  true: FLAG,
  minpoll: LEAST_POLL,
  maxpoll: MOST_POLL,
  port: PORT,
  preempt: { ...FLAG, unused: "it is for daemons" },
  xleave: { ...FLAG, unused: "it is for symmetric and broadcast modes", idle: "servers are asked in basic mode" },
  ttl: { ...integer(1, 255), standard: null, unused: "it is for broadcast and manycast" },
  ...ELSEWHERE,
  autokey: AUTOKEY,
  nts: FLAG,
  ...OF_NTS,
  ntsname: { ...WORD, standard: null, unused: "it is for who is found by a group" },
  noval: { ...FLAG, unused: "certificates are checked in any case", idle: "certificates are checked in any case" },
};

/** The commands that may ask for Autokey, and for a group's proof of identity, where its keys are at hand. */
const UNDER_AUTOKEY: ReadonlySet<string> = new Set([
  "server",
  "peer",
  "broadcast",
  "broadcastclient",
  "multicastclient",
  "manycastclient",
]);

/** The syntax of a command where the keys of Autokey are at hand. */
export function withAutokey(command: string, syntax: CommandSyntax): CommandSyntax {
  const { options } = syntax;
  if (!UNDER_AUTOKEY.has(command))
    return options?.["autokey"] === undefined
      ? syntax
      : { ...syntax, options: { ...options, autokey: NOT_UNDER_AUTOKEY } };
  return { ...syntax, options: { ...syntax.options, autokey: FLAG, ident: { ...WORD, standard: null } } };
}

const BROADCAST: Options = {
  key: KEY,
  version: VERSION,
  minpoll: LEAST_POLL,
  maxpoll: { ...MOST_POLL, idle: "broadcasts leave at minpoll" },
  port: PORT,
  /** Hops (seed 002); ntpd 4.2.8 reads an index into its `ttl` list. */
  ttl: { ...integer(1, 255), standard: 127 },
  xleave: FLAG,
  ...idle(
    flags("burst iburst noselect preempt prefer true"),
    "it is for servers that are asked, and a broadcast asks nobody",
  ),
  ...ELSEWHERE,
  autokey: AUTOKEY,
};

/** Options of who listens to broadcasts. */
const HEARD: Options = {
  nts: FLAG,
  ntsname: { ...WORD, standard: null },
  autokey: AUTOKEY,
  ident: { ...WORD, standard: null, idle: "it is for Autokey" },
};

const OF_FOUND =
  "; with nts who is found is followed only once keys were established with it, by a certificate for its address or for ntsname";

const TOS: Options = {
  minclock: { ...number(1, 1000), standard: DEFAULT_LIMITS.minclock },
  maxclock: { ...number(1, 1000), standard: DEFAULT_LIMITS.maxclock },
  minsane: { ...integer(0, 1000), standard: DEFAULT_LIMITS.minsane },
  floor: { ...integer(0, 16), standard: DEFAULT_LIMITS.floor },
  ceiling: { ...integer(1, 16), standard: DEFAULT_LIMITS.ceiling },
  mindist: { ...seconds(0, 1e6), standard: DEFAULT_LIMITS.mindist },
  /** No bound of ours: servers of some vendors tell of tens of seconds, and are to be followed. */
  maxdist: { ...seconds(0.001, 1e6), standard: DEFAULT_LIMITS.maxdist },
  maxdisp: { ...seconds(0.001, 16), standard: null, unused: "maxdist counts", idle: "maxdist counts" },
  cohort: { ...integer(0, 1), standard: 0, unused: "it is for manycast" },
  /** 16 and 17: off (ntp_proto.c sys_orphan). */
  orphan: { ...integer(1, 17, "ignoreBelow"), standard: 17, unused: "it is for daemons" },
  orphanwait: { ...seconds(0, 86_400), standard: 300, unused: "it is for daemons" },
  beacon: { ...seconds(0, 1e6), standard: 3600, unused: "it is for manycast" },
  bcpollbstep: {
    ...integer(0, 4),
    standard: 0,
    unused: "it is for broadcast",
    idle: "broadcasts are guarded by their timestamps",
  },
  basedate: {
    ...WORD,
    standard: null,
    unused: "eras are unfolded round the local clock",
    idle: "eras are unfolded round the local clock",
  },
};

const FUDGE: Options = {
  /** 16: it is not synchronized, and followed by nobody. */
  stratum: { ...integer(0, 16, "ignore"), standard: 5 },
  refid: missing({ ...WORD, standard: "LOCL" }, "the local clock's is that of its address"),
  time1: missing({ ...number(-1e6, 1e6), standard: 0 }, "the local clock is taken as it is"),
  time2: missing({ ...number(-1e6, 1e6), standard: 0 }, "the local clock is taken as it is"),
  ...Object.fromEntries(
    [1, 2, 3, 4].map((flag) => [
      `flag${flag}`,
      { ...integer(0, 1), standard: 0, idle: "the local clock's driver has no flags" } satisfies OptionSyntax,
    ]),
  ),
  minjitter: { ...number(0, 1e6), standard: null, idle: "the local clock's driver has no jitter" },
};

/** The rings of `ttl` where it is not given: the hops a manycast search may go. */
export const DEFAULT_RINGS: readonly number[] = [1, 2, 3, 4, 5, 6, 7];

/** Rows by command. */
export const ASSOCIATION_COMMANDS: Readonly<Record<string, CommandSyntax>> = {
  server: common(
    "a server to ask; with a multicast group: a manycast search for servers; with 127.127.1.x: the local clock, for want of better",
    { operands: [one("HOST", HOST)], family: true, options: CLIENT },
  ),
  pool: common("a name whose addresses are servers to ask", {
    operands: [one("HOST", HOST)],
    family: true,
    options: { ...CLIENT, ...FOUND },
  }),
  peer: daemonOnly("a symmetric active association", {
    operands: [one("HOST", HOST)],
    family: true,
    options: { ...CLIENT, xleave: FLAG },
    once: "warned",
    onceWhy: "symmetric modes are for daemons",
  }),
  broadcast: daemonOnly("send the time to a broadcast address or a multicast group; ttl is the hop limit", {
    operands: [one("ADDRESS", HOST)],
    family: true,
    options: BROADCAST,
  }),
  broadcastclient: daemonOnly(`follow broadcast servers${OF_FOUND}`, {
    options: { novolley: FLAG, ...HEARD },
    once: "warned",
    onceWhy: "ntpkit broadcast listens to them",
  }),
  multicastclient: daemonOnly(
    `follow the broadcast servers of multicast groups, 224.0.1.1 and ff05::101 unless said${OF_FOUND}`,
    {
      operands: [any("GROUP", GROUP)],
      options: HEARD,
      once: "warned",
      onceWhy: "ntpkit broadcast listens to them",
    },
  ),
  manycastclient: daemonOnly(`search a multicast group for servers, ring by ring${OF_FOUND}`, {
    operands: [one("GROUP", HOST)],
    family: true,
    options: { ...CLIENT, ...FOUND },
    once: "warned",
    onceWhy: "ntpkit manycast asks them",
  }),
  manycastserver: daemonOnly("answer manycast searches in these groups", {
    operands: [several("GROUP", GROUP)],
    family: true,
  }),
  unpeer: daemonOnly("forget the associations with this host that lines before have named", {
    operands: [one("HOST", PEER)],
    family: true,
  }),
  unconfig: daemonOnly("the same as unpeer", { operands: [one("HOST", PEER)], family: true }),
  tos: common("the limits of selection", { options: TOS, needsOption: true }),
  ttl: daemonOnly("the rings of manycast searches, hops in rising order", {
    operands: [several("HOPS", integer(1, 255, "ignoreBelow"))],
  }),
  fudge: daemonOnly("the stratum of the local clock", {
    operands: [one("127.127.1.UNIT", { takes: "clock" })],
    family: true,
    options: FUDGE,
  }),
  broadcastdelay: daemonOnly("the one-way delay of broadcasts, in place of measuring it by a volley; 0 measures it", {
    operands: [one("SECONDS", number(-1, 1))],
  }),
  calldelay: daemonOnly("wait so long after the first packet of a burst, for a modem to complete the call", {
    operands: [one("SECONDS", seconds(0, 255))],
  }),
};

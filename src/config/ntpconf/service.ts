/** The rows of the commands that say who is served, how the clock is kept, and what is written where. */
import { DISCIPLINE } from "../../discipline/constants.ts";
import { KE_PORT } from "../../wire/ntske.ts";
import { PHI } from "../../time/seconds.ts";
import {
  choice,
  common,
  daemonOnly,
  FLAG,
  flags,
  idle,
  integer,
  leftOut,
  missing,
  number,
  one,
  optional,
  seconds,
  several,
  WORD,
  type CommandSyntax,
  type Options,
} from "./syntax.ts";

const FILE = one("FILE", WORD);
const KEY_IDS = several("ID", WORD);
const KEY_ID = one("ID", integer(1, 65_535, "ignore"));
/** A count of no consequence but that it must be one. */
const COUNT = integer(0, 0x7fff_ffff, "ignoreBelow");
/** Without any of it nothing works. */
const SOME = integer(1, 0x7fff_ffff, "ignoreBelow");

/** What may be switched, and how it stands. */
const SWITCHES: Options = {
  auth: { ...FLAG, standard: true },
  bclient: FLAG,
  kernel: { ...FLAG, standard: true },
  monitor: { ...FLAG, standard: true },
  ntp: { ...FLAG, standard: true },
  stats: { ...FLAG, standard: true },
  calibrate: { ...FLAG, idle: "it is for reference clocks" },
  mode7: { ...FLAG, idle: "ntpdc's protocol is not spoken here" },
  ...idle(
    flags("peer_clear_digest_early unpeer_crypto_early unpeer_crypto_nak_early unpeer_digest_early"),
    "it is for Autokey",
  ),
};

const TINKER: Options = {
  step: { ...seconds(0, 1e6, "ignoreBelow"), standard: DISCIPLINE.stepThreshold },
  stepback: { ...seconds(0, 1e6, "ignoreBelow"), standard: null },
  stepfwd: { ...seconds(0, 1e6, "ignoreBelow"), standard: null },
  stepout: { ...seconds(0, 1e6, "ignoreBelow"), standard: DISCIPLINE.stepout },
  panic: { ...seconds(0, 1e9, "ignoreBelow"), standard: DISCIPLINE.panic },
  allan: { ...number(3, 17), standard: null },
  dispersion: { ...number(0, 500), standard: PHI * 1e6 },
  freq: { ...number(-500, 500), standard: null },
  huffpuff: { ...seconds(0, 1e6, "ignoreBelow"), standard: 0 },
  tick: { ...number(0, 1e6), standard: null, idle: "the kernel's tick is left alone" },
};

const RESTRICT: Options = {
  mask: { ...WORD, standard: null },
  ...flags("ignore kod limited noepeer nomodify nopeer noquery noserve notrap notrust ntpport version"),
  lowpriotrap: { ...FLAG, idle: "there are no traps here" },
  mssntp: { ...FLAG, idle: "Microsoft's signatures are not used here" },
  ...idle(flags("flake serverresponse fuzz nomrulist epeer"), "it is not known here"),
  ippeerlimit: missing({ ...integer(-1, 0x7fff_ffff), standard: -1 }, "associations by address are not counted"),
};

const TLS_ONLY = "TLS 1.3 is spoken, as the system's OpenSSL has it, and nothing else";

/** Of NTPsec; and `port`. */
const NTS: Options = {
  enable: FLAG,
  disable: FLAG,
  cert: { ...WORD, standard: null },
  key: { ...WORD, standard: null },
  cookie: { ...WORD, standard: null },
  port: { ...integer(1, 65_535, "ignore"), standard: KE_PORT },
  server: { ...WORD, standard: null },
  ca: missing({ ...WORD, standard: null }, "--ca says who is trusted besides"),
  aead: missing({ ...WORD, standard: null }, "the first of a client's that is known here counts"),
  mintls: { ...WORD, standard: null, idle: TLS_ONLY },
  maxtls: { ...WORD, standard: null, idle: TLS_ONLY },
  tlsciphers: { ...WORD, standard: null, idle: TLS_ONLY },
  tlsciphersuites: missing({ ...WORD, standard: null }, TLS_ONLY),
  tlsecdhcurves: missing({ ...WORD, standard: null }, TLS_ONLY),
  tlscipherserverpreference: { ...WORD, standard: null, idle: TLS_ONLY },
};

const BY_LINKS = "the links in keysdir say which files";

/** Of `crypto`, with OpenSSL's names of digests, as ntpd has them. */
const CRYPTO: Options = {
  pw: { ...WORD, standard: null },
  host: { ...WORD, standard: null },
  ident: { ...WORD, standard: null },
  digest: { ...choice("MD5", "SHA1", "SHA256", "SHA384", "SHA512"), standard: "MD5" },
  randfile: { ...WORD, standard: null, idle: "chance is the system's" },
  leap: { ...WORD, standard: null, idle: "leapfile names the list of leap seconds" },
  cert: { ...WORD, standard: null, idle: BY_LINKS },
  sign: { ...WORD, standard: null, idle: BY_LINKS },
  gq: { ...WORD, standard: null, idle: BY_LINKS },
  gqpar: { ...WORD, standard: null, idle: BY_LINKS },
  iffpar: { ...WORD, standard: null, idle: BY_LINKS },
  mvpar: { ...WORD, standard: null, idle: BY_LINKS },
};

/** ntpd's defaults of the list of recent clients (ntp_monitor.c). */
const MRU: Options = {
  maxage: { ...COUNT, standard: 64 },
  maxdepth: { ...SOME, standard: null },
  maxmem: { ...SOME, standard: 1024 },
  mindepth: { ...COUNT, standard: 600 },
  minage: { ...COUNT, standard: null, idle: "maxage counts" },
  ...idle(
    {
      incalloc: { ...COUNT, standard: null },
      incmem: { ...COUNT, standard: 4 },
      initalloc: { ...COUNT, standard: null },
      initmem: { ...COUNT, standard: 4 },
    },
    "the list has its whole size from the start",
  ),
};

/** The statistics that are written. */
export const STATISTICS: readonly string[] = ["loopstats", "peerstats", "rawstats", "clockstats", "sysstats"];
/** Known as those that are written, but nothing is. */
export const NO_CLOCKSTATS = "reference clocks are not used here";
const MORE_STATISTICS: readonly string[] = [
  "cryptostats",
  "protostats",
  "timingstats",
  "usestats",
  "ntsstats",
  "ntskestats",
];

/** How a statistics file is cut into generations (ntp_filegen.c). */
export const GENERATIONS: readonly string[] = ["none", "pid", "day", "week", "month", "year", "age"];

const FILEGEN: Options = {
  file: { ...WORD, standard: null },
  type: { ...choice(...GENERATIONS), standard: "day" },
  link: { ...FLAG, standard: true },
  nolink: FLAG,
  enable: { ...FLAG, standard: true },
  disable: FLAG,
};

/** Rows by command. */
export const SERVICE_COMMANDS: Readonly<Record<string, CommandSyntax>> = {
  keys: common("the file of symmetric keys; and by whose rules it is read (auto: line by line)", {
    operands: [FILE, optional("FORMAT", choice("auto", "ntp", "chrony"))],
  }),
  trustedkey: common("the keys that may authenticate; ranges as (LOW ... HIGH)", { operands: [KEY_IDS] }),
  controlkey: daemonOnly("the key that control queries must have to change something", { operands: [KEY_ID] }),
  requestkey: daemonOnly("ntpdc's key", { operands: [KEY_ID], idle: "ntpdc's protocol is not spoken here" }),
  restrict: common(
    "what a network, or the addresses of a name, may do with a daemon; read and checked, without effect on sync and query",
    { operands: [one("ADDRESS|NAME|default|source", WORD)], family: true, options: RESTRICT },
  ),
  unrestrict: daemonOnly("take flags, or without any the whole line, of a restrict line away", {
    operands: [one("ADDRESS|default|source", WORD)],
    family: true,
    options: RESTRICT,
  }),
  discard: common("the rate limit of a daemon's clients; read and checked, without effect on sync and query", {
    options: {
      average: { ...integer(0, 16), standard: 3 },
      minimum: { ...seconds(0, 3600), standard: 2 },
      monitor: {
        ...seconds(0, 86_400),
        standard: 3000,
        idle: "the list of recent clients has limits of its own (mru)",
      },
    },
    needsOption: true,
  }),
  mru: daemonOnly("the list of recent clients", { options: MRU, needsOption: true }),
  nts: daemonOnly("answer clients under NTS, and establish keys with them over TLS 1.3", {
    options: NTS,
    needsOption: true,
  }),
  crypto: daemonOnly(
    "speak Autokey (RFC 5906): answer under it, and ask whom a server line with autokey names, by the keys in keysdir; weak, for networks that have nothing else: NTS is the way to go",
    { options: CRYPTO },
  ),
  keysdir: daemonOnly("the folder of Autokey's keys, /usr/local/etc unless named", { operands: [one("FOLDER", WORD)] }),
  ident: daemonOnly(
    "the group that whoever comes by himself under Autokey must prove to be of, by a broadcast or as a peer; of several lines one of theirs",
    { operands: [one("GROUP", WORD)] },
  ),
  includefile: common("another file to read in place", { operands: [FILE] }),

  enable: daemonOnly("switch something on", { options: SWITCHES, needsOption: true }),
  disable: daemonOnly("switch something off", { options: SWITCHES, needsOption: true }),
  tinker: daemonOnly("the limits and time constants of the clock discipline; 0 for step or panic: never", {
    options: TINKER,
    needsOption: true,
  }),
  driftfile: daemonOnly(
    "where the frequency error is kept from run to run, in ppm; and what change of it, in ppm, is worth a write; chrony: it is chronyd's file, read where there is none of our own beside it (FILE.ntpkit), and never written",
    { operands: [optional("FILE", WORD), optional("TOLERANCE", number(0, 500))], options: { chrony: FLAG } },
  ),
  nonvolatile: daemonOnly("what change of the frequency error is worth a write to driftfile, in s/s", {
    operands: [one("TOLERANCE", number(0, 5e-4))],
  }),
  leapfile: daemonOnly("the list of leap seconds, as IERS and NIST publish it", {
    operands: [FILE, optional("CHECK", choice("checkhash", "ignorehash"))],
  }),
  leapsmearinterval: daemonOnly(
    "serve the leap second of leapfile, or without one that which servers announce, smeared over so many seconds before it",
    { operands: [one("SECONDS", integer(0, 86_400))] },
  ),

  statistics: daemonOnly("which statistics are written", {
    options: {
      ...flags(STATISTICS.join(" ")),
      clockstats: missing(FLAG, NO_CLOCKSTATS),
      ...idle(flags(MORE_STATISTICS.join(" ")), "these are not written here"),
    },
    needsOption: true,
  }),
  statsdir: daemonOnly("the folder of statistics files", { operands: [one("FOLDER", WORD)] }),
  filegen: daemonOnly("the file of one kind of statistics", {
    operands: [one("NAME", choice(...STATISTICS, ...MORE_STATISTICS))],
    options: FILEGEN,
  }),
  logfile: daemonOnly("write the log to this file", { operands: [FILE] }),
  logconfig: daemonOnly("which messages are logged", {
    operands: [several("CLASS", WORD)],
    idle: "messages have levels here (--quiet, -v)",
  }),

  interface: daemonOnly("which addresses are listened on", {
    operands: [
      one("ACTION", choice("listen", "ignore", "drop")),
      optional("all|ipv4|ipv6|wildcard|NAME|ADDRESS[/BITS]", WORD),
    ],
  }),
  nic: daemonOnly("the same as interface", {
    operands: [
      one("ACTION", choice("listen", "ignore", "drop")),
      optional("all|ipv4|ipv6|wildcard|NAME|ADDRESS[/BITS]", WORD),
    ],
  }),
  setvar: daemonOnly("a variable that control queries see", { operands: [several("NAME = VALUE [default]", WORD)] }),
  pidfile: daemonOnly("where the process number is written", { operands: [FILE] }),
  dscp: daemonOnly("the DiffServ code point of packets", {
    operands: [one("N", integer(0, 63))],
    daemon: { does: "leaves", why: "packets have the system's code point" },
  }),

  ...Object.fromEntries([
    ...leftOut(
      "autokey revoke automax",
      "noted",
      "leaves",
      "lists of Autokey's keys are made anew when they are used up, and values signed anew daily",
    ),
    ...leftOut(
      "refclock phone",
      "warned",
      "leaves",
      'reference clocks are not used here, but for the local clock as "server 127.127.1.0"',
    ),
    ...leftOut("mssntp ntpsigndsocket", "noted", "leaves", "Microsoft's signatures are not used here"),
    ...leftOut("trap saveconfigdir reset simulate", "noted", "leaves", "control queries change nothing here"),
    ...leftOut(
      "tick rlimit monitor pollskewlist mdnstries end auth limit extra",
      "noted",
      "leaves",
      "nothing here depends on it",
    ),
  ]),
};

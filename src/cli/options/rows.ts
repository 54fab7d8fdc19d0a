/**
 * The one table of options: flag, value, bounds, default, and the word of ntp.conf for the same. Help, man pages, completion
 * and the types of what commands are given are drawn from it; which command offers which stands in `offers.ts`.
 *
 * Where a flag means different things to different commands it has a row for each.
 */
import { DURATIONS, INTEGERS, type IntegerBounds } from "../../config/bounds.ts";
import { DISCOVERY_DEFAULTS } from "../../config/discovery.ts";
import { parseHops } from "../../config/groups.ts";
import { parseMaxStep } from "../../config/maxstep.ts";
import { ONCE_DEFAULTS } from "../../config/options.ts";
import { parseRange, parseThresholds, type Range, type Thresholds } from "../../config/ranges.ts";
import {
  BROADCAST_DEFAULTS,
  parseLocalAddress,
  parseNetworkOption,
  parseRateLimit,
  parseStratum,
} from "../../config/serve.ts";
import type { DurationBounds } from "../../config/values.ts";
import { DEFAULT_STEP_LIMITS, type StepLimits } from "../../discipline/limits.ts";
import { BURST_SIX } from "../../engine/port/config.ts";
import { ORPHAN_WAIT } from "../../server/local.ts";
import type { RateLimits } from "../../server/rate.ts";
import { DEFAULT_LIMITS } from "../../system/limits.ts";
import {
  ASKING_DEFAULTS,
  NTS_DEFAULTS,
  CHECK_DEFAULTS,
  DECODE_DEFAULTS,
  LEAP_FILE,
  LEAST_USER,
  REPORT_DEFAULTS,
  WAIT_DEFAULTS,
  WATCH_DEFAULTS,
} from "./defaults.ts";
import { parseStatePath } from "./state-path.ts";

// The types of exports must be readable from their file alone (isolatedDeclarations): what is imported says its type again.
// oxlint-disable typescript/no-unnecessary-type-assertion

/** Every option, by a name of its own. */
export const ROWS = {
  // Which servers, and how they are reached.
  ipv4: { flag: "--ipv4", short: "-4", text: "use IPv4 addresses only", excludes: ["--ipv6"] },
  ipv6: { flag: "--ipv6", short: "-6", text: "use IPv6 addresses only" },
  port: {
    flag: "--port",
    takes: "port",
    text: "UDP port of servers that name none",
    whole: INTEGERS.port as IntegerBounds,
    standard: ONCE_DEFAULTS.port as number,
  },
  interface: { flag: "--interface", takes: "name", text: "send by this interface only" },
  sourcePort: {
    flag: "--source-port",
    takes: "port",
    text: "send from this port instead of a fresh random one each time",
    whole: INTEGERS.sourcePort as IntegerBounds,
  },
  key: {
    flag: "--key",
    takes: "id",
    text: "authenticate with this symmetric key, unless a server has its own",
    whole: INTEGERS.key as IntegerBounds,
    conf: "server key",
  },
  nts: {
    flag: "--nts",
    text: "ask under Network Time Security, but servers with a key of their own; ports are those of key establishment, 4460 unless said",
    excludes: ["--key"],
    conf: "server nts",
  },
  foundNts: {
    flag: "--nts",
    text: "follow only who has proved who he is under Network Time Security: keys are established with whoever is found, at TCP port 4460, by a certificate for his address, or for --nts-name",
    excludes: ["--key"],
    conf: "manycastclient nts",
  },
  ntsName: {
    flag: "--nts-name",
    takes: "name",
    text: "with --nts, whoever is found must have a certificate for this name, not for his address",
    conf: "manycastclient ntsname",
  },
  autokey: {
    flag: "--autokey",
    takes: "dir",
    text: "ask under Autokey (RFC 5906) by the keys in this folder, as ntp-keygen leaves it: weak by predictable cookies, MD5 and 512 bit keys, for networks that have nothing else; else --nts",
    excludes: ["--key", "--nts"],
  },
  foundAutokey: {
    flag: "--autokey",
    takes: "dir",
    text: "follow only who has proved who he is under Autokey (RFC 5906), by the keys in this folder, as ntp-keygen leaves it: weak, for networks that have nothing else; else --nts",
    excludes: ["--key", "--nts", "--no-auth"],
    conf: "manycastclient autokey",
  },
  serveAutokey: {
    flag: "--autokey",
    takes: "dir",
    text: "answer under Autokey (RFC 5906), too, by the keys in this folder, as ntp-keygen leaves it: weak by MD5 and 512 bit keys, and its answers are longer than what they answer; --nts-cert offers what is not weak",
  },
  runAutokey: {
    flag: "--autokey",
    takes: "dir",
    text: "ask and answer under Autokey (RFC 5906), where the file has it, by the keys in this folder instead of keysdir's: weak, for networks that have nothing else",
    conf: "keysdir",
  },
  decodeAutokey: {
    flag: "--autokey",
    takes: "dir",
    text: "check the MACs of Autokey (RFC 5906), whose cookies were encrypted for the host keys in this folder, or can be guessed as ntpd's can",
  },
  autokeyPassword: {
    flag: "--autokey-password",
    takes: "file",
    text: "the password of its encrypted files is this file's first line; without it the host's name, as ntpd has it",
  },
  autokeyGroup: {
    flag: "--autokey-group",
    takes: "group",
    text: "believe only servers that prove by IFF to be of this group",
  },
  ca: {
    flag: "--ca",
    takes: "file",
    text: "with NTS, trust the certificates of this file besides the system's, PEM",
  },
  pin: {
    flag: "--pin",
    takes: "sha256",
    text: "with NTS, accept no certificate but the one of this SHA-256, its own or its public key's; nobody need vouch for it",
  },
  ntsBootstrap: {
    flag: "--nts-bootstrap",
    text: "with NTS, for a clock that was never set: judge certificates by the time that minsane + 1 servers agree on, not by the clock; whoever has the key of an expired one could pass for it",
  },
  keys: { flag: "--keys", takes: "file", text: "read symmetric keys from this file", conf: "keys" },
  keysFormat: {
    flag: "--keys-format",
    takes: "format",
    text: "by whose rules the key file is read",
    choices: ["auto", "ntp", "chrony"],
    standard: "auto",
  },
  config: { flag: "--config", short: "-c", takes: "file", text: "read this configuration file, in ntp.conf syntax" },
  // Of `check`, whose -c is the critical range, as plugins have it.
  longConfig: { flag: "--config", takes: "file", text: "read this configuration file, in ntp.conf syntax" },
  forget: {
    flag: "--forget",
    text: "forget what earlier runs remembered: ask servers again that sent us away (DENY, RSTR)",
  },
  trusted: {
    flag: "--trusted",
    takes: "ids",
    text: "believe only these keys of the file, as 1,2,10...19; without it all of them",
    conf: "trustedkey",
  },
  noAuth: { flag: "--no-auth", text: "believe servers that have no key, too; then anybody may pass for one" },

  // How they are measured.
  syncSamples: {
    flag: "--samples",
    takes: "n",
    text: "samples of each server, at most",
    whole: INTEGERS.samples as IntegerBounds,
    standard: ONCE_DEFAULTS.samples.sync as number,
  },
  samples: {
    flag: "--samples",
    takes: "n",
    text: "samples of each server, at most",
    whole: INTEGERS.samples as IntegerBounds,
    standard: ONCE_DEFAULTS.samples.query as number,
  },
  volley: {
    flag: "--samples",
    takes: "n",
    text: "exchanges of a volley",
    whole: INTEGERS.samples as IntegerBounds,
    standard: DISCOVERY_DEFAULTS.samples as number,
  },
  interval: {
    flag: "--interval",
    takes: "duration",
    text: "between two requests to a server; less than 2s only nearby",
    duration: DURATIONS.interval as DurationBounds,
    standard: BURST_SIX.spacing.least as number,
  },
  ringInterval: {
    flag: "--interval",
    takes: "duration",
    text: "between two rings, and between two requests of a volley; less than 2s only within a site",
    duration: DURATIONS.interval as DurationBounds,
    standard: DISCOVERY_DEFAULTS.interval as number,
  },
  accuracy: {
    flag: "--accuracy",
    takes: "duration",
    text: "end as soon as the uncertainty is below this",
    duration: DURATIONS.accuracy as DurationBounds,
  },
  callDelay: {
    flag: "--call-delay",
    takes: "duration",
    text: "eight requests at random 1 to 4 s intervals, the second this long after the first",
    duration: DURATIONS.callDelay as DurationBounds,
    without: "16s",
  },
  timeout: {
    flag: "--timeout",
    takes: "duration",
    text: "after this long without a reply the next request may go; the reply still counts",
    duration: DURATIONS.timeout as DurationBounds,
    standard: ONCE_DEFAULTS.timeout as number,
  },
  deadline: {
    flag: "--deadline",
    takes: "duration",
    text: "give up after this long in all, or inf",
    duration: DURATIONS.deadline as DurationBounds,
    standard: ONCE_DEFAULTS.deadline as number,
  },
  examining: {
    flag: "--deadline",
    takes: "duration",
    text: "give up after this long in all, or inf",
    duration: DURATIONS.deadline as DurationBounds,
    standard: NTS_DEFAULTS.deadline as number,
  },
  endless: {
    flag: "--deadline",
    takes: "duration",
    text: "end after this long",
    duration: DURATIONS.deadline as DurationBounds,
    standard: "inf",
  },
  waitNetwork: {
    flag: "--wait-network",
    takes: "duration",
    text: "go on trying for this long while there is no network; added to the default deadline",
    duration: DURATIONS.waitNetwork as DurationBounds,
    standard: 0,
  },

  // Which servers are believed.
  minclock: {
    flag: "--minclock",
    takes: "n",
    text: "stop discarding outliers at this many survivors",
    whole: INTEGERS.minclock as IntegerBounds,
    standard: DEFAULT_LIMITS.minclock as number,
    conf: "tos minclock",
  },
  searchedMinclock: {
    flag: "--minclock",
    takes: "n",
    text: "so many servers are enough: no more are searched for, and no more outliers discarded",
    whole: INTEGERS.minclock as IntegerBounds,
    standard: DEFAULT_LIMITS.minclock as number,
    conf: "tos minclock",
  },
  maxclock: {
    flag: "--maxclock",
    takes: "n",
    text: "keep this many servers at most",
    whole: INTEGERS.maxclock as IntegerBounds,
    standard: DEFAULT_LIMITS.maxclock as number,
    conf: "tos maxclock",
  },
  minsane: {
    flag: "--minsane",
    takes: "n",
    text: "need this many survivors at least",
    whole: INTEGERS.minsane as IntegerBounds,
    standard: DEFAULT_LIMITS.minsane as number,
    conf: "tos minsane",
  },
  maxdist: {
    flag: "--maxdist",
    takes: "duration",
    text: "refuse servers at this root distance",
    duration: DURATIONS.maxdist as DurationBounds,
    standard: DEFAULT_LIMITS.maxdist as number,
    conf: "tos maxdist",
  },
  floor: {
    flag: "--floor",
    takes: "stratum",
    text: "refuse servers of lower stratum",
    whole: INTEGERS.floor as IntegerBounds,
    standard: DEFAULT_LIMITS.floor as number,
    conf: "tos floor",
  },
  ceiling: {
    flag: "--ceiling",
    takes: "stratum",
    text: "refuse servers of this stratum and above",
    whole: INTEGERS.ceiling as IntegerBounds,
    standard: DEFAULT_LIMITS.ceiling as number,
    conf: "tos ceiling",
  },

  // How the clock is corrected.
  dryRun: { flag: "--dry-run", short: "-n", text: "say what would be done, and leave the clock alone" },
  step: { flag: "--step", text: "step the clock, however small the offset", excludes: ["--slew"] },
  slew: { flag: "--slew", text: "slew the clock, however large the offset" },
  stepThreshold: {
    flag: "--step-threshold",
    takes: "duration",
    text: "slew below, step from here on",
    duration: DURATIONS.stepThreshold as DurationBounds,
    standard: DEFAULT_STEP_LIMITS.stepThreshold as number,
    conf: "tinker step",
  },
  panic: {
    flag: "--panic",
    takes: "duration",
    text: "change nothing beyond this offset, or inf",
    duration: DURATIONS.panic as DurationBounds,
    standard: DEFAULT_STEP_LIMITS.panic as number,
    conf: "tinker panic",
  },
  maxStep: {
    flag: "--max-step",
    takes: "limits",
    text: "the largest step each way, as forward=1h,backward=10m",
    read: parseMaxStep as (text: string) => StepLimits["maxStep"],
    standard: "forward=inf,backward=inf",
  },
  force: { flag: "--force", text: "correct the clock even if another time daemon does" },

  // What is remembered.
  state: {
    flag: "--state",
    takes: "path",
    text: "start from what earlier runs have learned of the servers and of this clock, and keep it; in this file",
    read: parseStatePath as (text: string) => string,
    without: true,
  },
  shownState: {
    flag: "--state",
    takes: "path",
    text: "what runs of sync --state have left for the next, in this file; nobody is asked",
    read: parseStatePath as (text: string) => string,
    without: true,
    excludes: ["--watch", "--format", "--textfile", "--compat", "--explain"],
  },
  frequency: {
    flag: "--frequency",
    text: "correct the clock's rate, too, once runs have learned it; implies --state",
  },
  spread: {
    flag: "--spread",
    takes: "duration",
    text: "where nobody watches, wait a random part of this before public servers are asked",
    duration: { least: 0, most: 86_400 },
    without: "1m",
  },

  // How servers are found.
  ttl: {
    flag: "--ttl",
    takes: "hops",
    text: "ask this many hops away at most",
    read: parseHops as (text: string) => number,
    standard: DISCOVERY_DEFAULTS.ttl as number,
  },
  all: { flag: "--all", text: "ask all rings, however many servers were found" },
  follow: { flag: "--follow", text: "go on after the first report: poll, prune, find others, until interrupted" },
  cohort: { flag: "--cohort", text: "take servers of our own stratum, too", conf: "tos cohort" },
  searchKey: {
    flag: "--key",
    takes: "id",
    text: "sign the search with this key (the first trusted one of the file); servers answer with the same",
    whole: INTEGERS.key as IntegerBounds,
  },
  multicast: {
    flag: "--multicast",
    text: "the groups assigned to NTP, too: 224.0.1.1, ff02::101 and ff05::101",
    conf: "multicastclient",
  },
  udpPort: {
    flag: "--port",
    takes: "port",
    text: "UDP port",
    whole: INTEGERS.port as IntegerBounds,
    standard: ONCE_DEFAULTS.port as number,
  },
  onlyInterface: { flag: "--interface", takes: "name", text: "this interface only" },
  broadcasts: {
    flag: "--count",
    takes: "n",
    text: "end after so many broadcasts were used",
    whole: { least: 1, most: 1_000_000 },
  },
  broadcastDelay: {
    flag: "--broadcast-delay",
    takes: "duration",
    text: "take this for the time that broadcasts travel, and send no volley",
    duration: { most: 1 },
    conf: "broadcastdelay",
  },

  // Where, what and whom a server tells.
  address: {
    flag: "--address",
    takes: "address",
    text: "this address of the host only",
    read: parseLocalAddress as (text: string) => string,
  },
  servingUser: {
    flag: "--user",
    takes: "user",
    text: "become this user once the port is open; root: stay root",
    standard: LEAST_USER as string,
  },
  localStratum: {
    flag: "--local-stratum",
    takes: "stratum",
    text: "without a source trust the local clock, at once, as this stratum",
    read: parseStratum as (text: string, flag: string) => number,
  },
  ntsCert: {
    flag: "--nts-cert",
    takes: "file",
    text: "answer clients under NTS, as whom this certificate names; those above it follow it in the file, PEM",
    conf: "nts cert",
  },
  ntsKey: { flag: "--nts-key", takes: "file", text: "the key of that certificate, PEM", conf: "nts key" },
  ntsPort: {
    flag: "--nts-port",
    takes: "port",
    text: "TCP port of key establishment",
    whole: INTEGERS.port as IntegerBounds,
    standard: ONCE_DEFAULTS.ntsPort as number,
    conf: "nts port",
  },
  ntsServer: {
    flag: "--nts-server",
    takes: "host",
    text: "HOST[:PORT], by UDP port 123 unless said, is asked for the time by whoever is given keys here; it has to open the same cookies (--nts-cookies)",
    conf: "nts server",
  },
  ntsCookies: {
    flag: "--nts-cookies",
    takes: "file",
    text: "keep the master keys of cookies in this file; nts-keys in the state directory, unless said",
    conf: "nts cookie",
  },
  orphan: {
    flag: "--orphan",
    takes: "stratum",
    text: "without a source for a while, be an orphan parent of this stratum",
    read: parseStratum as (text: string, flag: string) => number,
    conf: "tos orphan",
  },
  orphanWait: {
    flag: "--orphan-wait",
    takes: "duration",
    text: "for how long",
    duration: { most: 86_400 },
    standard: ORPHAN_WAIT as number,
    conf: "tos orphanwait",
  },
  leapSmear: {
    flag: "--leap-smear",
    takes: "duration",
    text: "spread the next leap second over this time, centred on it",
    duration: { least: 60, most: 172_800 },
    without: "1d",
  },
  leapFile: {
    flag: "--leap-file",
    takes: "file",
    text: "with --leap-smear, where leap seconds are listed",
    standard: LEAP_FILE as string,
    conf: "leapfile",
  },
  allow: {
    flag: "--allow",
    takes: "network",
    text: "answer this network, and none that is not allowed; may be given again",
    read: parseNetworkOption as (text: string, flag: string) => string,
    again: true,
  },
  deny: {
    flag: "--deny",
    takes: "network",
    text: "do not answer this network; may be given again, the most specific decides",
    read: parseNetworkOption as (text: string, flag: string) => string,
    again: true,
  },
  rateLimit: {
    flag: "--rate-limit",
    takes: "limits",
    text: "answer a client every AVERAGE,MINIMUM at most, and tell it once",
    read: parseRateLimit as (text: string) => RateLimits,
    without: "8s,2s",
    conf: "discard",
  },
  servingKeys: {
    flag: "--keys",
    takes: "file",
    text: "read symmetric keys from this file; clients may use any of them",
    conf: "keys",
  },
  servingTrusted: {
    flag: "--trusted",
    takes: "ids",
    text: "trust only these keys of the file, as 1,2,10...19",
    conf: "trustedkey",
  },
  broadcast: {
    flag: "--broadcast",
    takes: "address",
    text: "broadcast to this address or group; may be given again",
    again: true,
    conf: "broadcast",
  },
  minpoll: {
    flag: "--minpoll",
    takes: "exponent",
    text: "broadcast every 2^n seconds",
    whole: { least: 3, most: 17 },
    standard: BROADCAST_DEFAULTS.minpoll as number,
    conf: "broadcast minpoll",
  },
  broadcastTtl: {
    flag: "--ttl",
    takes: "hops",
    text: "broadcasts to groups go this far",
    read: parseHops as (text: string) => number,
    standard: BROADCAST_DEFAULTS.ttl as number,
    conf: "broadcast ttl",
  },
  xleave: {
    flag: "--xleave",
    text: "broadcasts tell when the one before truly left, for clients that interleave (RFC 9769)",
    conf: "broadcast xleave",
  },
  broadcastKey: {
    flag: "--key",
    takes: "id",
    text: "sign broadcasts with this key (the first trusted one of the file)",
    whole: INTEGERS.key as IntegerBounds,
    conf: "broadcast key",
  },
  manycast: {
    flag: "--manycast",
    takes: "group",
    text: "answer whoever searches this group; may be given again",
    again: true,
    conf: "manycastserver",
  },
  servingCohort: { flag: "--cohort", text: "accepted, and without effect: searchers of our own stratum are answered" },

  // How the daemon runs.
  check: {
    flag: "--check",
    text: "read the configuration, print it as JSON with every default, and end",
    excludes: ["--from"],
  },
  from: {
    flag: "--from",
    takes: "file",
    text: "translate this chrony.conf, ntp.toml (ntpd-rs), timesyncd.conf or OpenNTPD ntpd.conf to ntp.conf; with --print",
  },
  print: { flag: "--print", text: "print the translation and end" },
  noClock: {
    flag: "--no-clock",
    text: "measure and serve, and say what would be done, but leave the clock alone",
    conf: "disable ntp",
  },
  discipline: {
    flag: "--discipline",
    takes: "name",
    text: "how the clock is steered",
    choices: ["adaptive", "rfc5905"],
    standard: "adaptive",
  },
  anyOffset: { flag: "--any-offset", short: "-g", text: "let the first correction be of any size" },
  servingPort: {
    flag: "--port",
    takes: "port",
    text: "UDP port to serve",
    whole: INTEGERS.port as IntegerBounds,
    standard: ONCE_DEFAULTS.port as number,
  },
  daemonUser: {
    flag: "--user",
    takes: "user",
    text: "become this user once the sockets are open, keeping the leave to set the clock and to bind ports",
  },
  metrics: {
    flag: "--metrics",
    takes: "[host:]port",
    text: "give OpenMetrics at http://HOST:PORT/metrics; a loopback address (127.0.0.1)",
  },
  log: {
    flag: "--log",
    takes: "format",
    text: "how log lines are written",
    choices: ["text", "json"],
    standard: "text",
  },
  startAnyway: { flag: "--force", text: "start even if another time daemon disciplines the clock" },

  // How daemons are asked.
  askingTimeout: {
    flag: "--timeout",
    takes: "duration",
    text: "wait this long for an answer, and once more",
    duration: DURATIONS.timeout as DurationBounds,
    standard: ASKING_DEFAULTS.timeout as number,
  },
  controlKeys: { flag: "--keys", takes: "file", text: "read the control key from this file" },
  controlKey: {
    flag: "--key",
    takes: "id",
    text: "the control key, where the file has several",
    whole: INTEGERS.key as IntegerBounds,
    conf: "controlkey",
  },

  // What is shown of a daemon.
  numeric: { flag: "--numeric", short: "-n", text: "addresses as they are, no names" },
  wideRemote: {
    flag: "--wide-remote",
    short: "-w",
    text: "names in full, on a line of their own where they are long (as ntpq -w)",
  },
  allPeers: { flag: "--all", text: "associations that are neither configured nor reachable, too (as ntpq's lpeers)" },
  associations: { flag: "--associations", text: "the identifiers of the associations beside them (as ntpq's apeers)" },
  wide: {
    flag: "--wide",
    text: "a wider table: names, who is authenticated how, the last eight polls, why a server is not used",
    excludes: ["--associations"],
  },
  explain: {
    flag: "--explain",
    text: "draw what each server says of the time, and say why the others are not used",
  },
  explainQuery: {
    flag: "--explain",
    text: "draw what each server says of the time, and say why the others are not used",
    excludes: ["--json", "--format", "--textfile", "--compat"],
  },
  explainedPicture: {
    flag: "--svg",
    takes: "file",
    text: "write what --explain draws to this file, as a picture; - is standard output",
    excludes: ["--watch", "--format", "--textfile"],
  },
  queryPicture: {
    flag: "--svg",
    takes: "file",
    text: "write what --explain draws to this file, as a picture; - is standard output",
    excludes: ["--format", "--textfile"],
  },
  watch: {
    flag: "--watch",
    takes: "duration",
    text: "ask again this often until interrupted",
    duration: { least: 0.1, most: 86_400 },
    excludes: ["--format", "--textfile"],
  },
  insteadConfig: {
    flag: "--config",
    short: "-c",
    takes: "file",
    text: "where no daemon answers: the servers of this file",
  },
  allAssociations: { flag: "--all", text: "those that are neither configured nor reachable, too" },
  association: {
    flag: "--association",
    takes: "id",
    text: "of this association; 0 is the system",
    whole: { least: 0, most: 65_535 },
    standard: 0,
  },
  countedAssociation: {
    flag: "--association",
    takes: "id",
    text: "of this association",
    whole: { least: 1, most: 65_535 },
  },
  clock: { flag: "--clock", text: "the variables of the reference clock (clockvar)" },
  limit: { flag: "--limit", takes: "n", text: "stop at so many addresses", whole: { least: 1, most: 10_000_000 } },
  sort: {
    flag: "--sort",
    takes: "order",
    text: "the order; with - the other way round",
    choices: ["lstint", "-lstint", "avgint", "-avgint", "addr", "-addr", "count", "-count"],
    standard: "lstint",
  },
  mincount: {
    flag: "--mincount",
    takes: "n",
    text: "addresses with at least so many packets",
    whole: { least: 1, most: 0x7fff_ffff },
  },
  hops: { flag: "--hops", takes: "n", text: "go so far at most", whole: { least: 1, most: 255 }, standard: 32 },

  // What is demanded or waited for.
  warning: {
    flag: "--warning",
    short: "-w",
    takes: "range",
    text: "warn unless the offset is within this; without a colon its size counts",
    read: parseRange as (text: string, flag: string) => Range,
    standard: CHECK_DEFAULTS.warning as string,
  },
  critical: {
    flag: "--critical",
    short: "-c",
    takes: "range",
    text: "the same, critical",
    read: parseRange as (text: string, flag: string) => Range,
    standard: CHECK_DEFAULTS.critical as string,
  },
  jitter: {
    flag: "--jitter",
    takes: "warning,critical",
    text: "of the jitter",
    read: parseThresholds as (text: string, flag: string) => Thresholds,
  },
  stratum: {
    flag: "--stratum",
    takes: "warning,critical",
    text: "of the stratum",
    read: parseThresholds as (text: string, flag: string) => Thresholds,
  },
  truechimers: {
    flag: "--truechimers",
    takes: "warning,critical",
    text: "of the number of servers that agree, as 3:,1:",
    read: parseThresholds as (text: string, flag: string) => Thresholds,
  },
  falsetickers: {
    flag: "--falsetickers",
    takes: "warning,critical",
    text: "of the number of servers that disagree, as 0,1",
    read: parseThresholds as (text: string, flag: string) => Thresholds,
  },
  rootdistance: {
    flag: "--rootdistance",
    takes: "warning,critical",
    text: "of the root distance",
    read: parseThresholds as (text: string, flag: string) => Thresholds,
  },
  certificate: {
    flag: "--certificate",
    takes: "warning,critical",
    text: "of the days until the first certificate expires by which keys of NTS were established, as 14:,7:",
    read: parseThresholds as (text: string, flag: string) => Thresholds,
  },
  host: {
    flag: "--hostname",
    short: "-H",
    takes: "host",
    text: "check this server, as plugins write it; may be given again, and beside SERVER",
    again: true,
  },
  pluginTimeout: {
    flag: "--plugin-timeout",
    short: "-t",
    takes: "duration",
    text: "the same as --deadline, as plugins write it",
    duration: DURATIONS.deadline as DurationBounds,
    excludes: ["--deadline"],
  },
  leap: { flag: "--leap", text: "warn of a leap second that is announced" },
  checkedDaemon: {
    flag: "--daemon",
    takes: "host",
    text: "check the daemon there by its control protocol instead of asking servers",
  },
  offset: {
    flag: "--offset",
    takes: "duration",
    text: "an offset of at most this, as the daemon knows it",
    duration: {},
  },
  distance: {
    flag: "--distance",
    takes: "duration",
    text: "a root distance (of the kernel: a maximum error) of at most this",
    duration: {},
  },
  waitTimeout: {
    flag: "--timeout",
    takes: "duration",
    text: "wait this long in all, or inf; --deadline is the same",
    duration: { infinite: true },
    standard: WAIT_DEFAULTS.timeout as number,
  },
  waitDeadline: { flag: "--deadline", takes: "duration", text: "the same as --timeout", duration: { infinite: true } },
  lookInterval: {
    flag: "--interval",
    takes: "duration",
    text: "between two looks",
    duration: { least: 0.01, most: 3600 },
    standard: WAIT_DEFAULTS.interval as number,
  },
  waitDaemon: { flag: "--daemon", takes: "host", text: "look at the daemon there, and not at the kernel" },
  bound: {
    flag: "--wait",
    takes: "duration",
    text: "wait until the best estimate is known to within this",
    duration: { least: 1e-9 },
  },
  nowDeadline: {
    flag: "--deadline",
    takes: "duration",
    text: "give up after this long in all, or inf (15s; with --wait 10m)",
    duration: DURATIONS.deadline as DurationBounds,
  },
  nowDaemon: { flag: "--daemon", takes: "host", text: "ask this daemon only, or the one behind this Unix socket" },
  every: {
    flag: "--every",
    takes: "duration",
    text: "a line this often where the output is no terminal",
    duration: { least: 0.1, most: 86_400 },
    standard: WATCH_DEFAULTS.every as number,
  },
  livePage: {
    flag: "--html",
    takes: "file",
    text: "write a page with all that was measured so far to this file, each time that something is shown",
  },
  lines: { flag: "--count", takes: "n", text: "end after so many of them", whole: { least: 1, most: 1_000_000 } },

  // What is shown of a capture.
  summary: { flag: "--summary", text: "a page on the whole capture instead of a line a packet" },
  bad: { flag: "--bad", text: "only packets with which something is the matter" },
  captured: {
    flag: "--host",
    takes: "net",
    text: "only packets from or to this address or network; may be repeated",
    read: (text: string, flag: string): string => parseNetworkOption(text, flag),
    again: true,
  },
  decodedMode: {
    flag: "--mode",
    takes: "mode",
    text: "only packets of this mode",
    choices: ["client", "server", "broadcast", "symmetricActive", "symmetricPassive", "control", "private"],
  },
  capturedPort: {
    flag: "--port",
    takes: "port",
    text: "the UDP port of NTP",
    whole: INTEGERS.port as IntegerBounds,
    standard: DECODE_DEFAULTS.port as number,
  },
  macKeys: { flag: "--keys", takes: "file", text: "check MACs with the symmetric keys of this file" },

  // Where a report goes.
  page: {
    flag: "--output",
    short: "-o",
    takes: "file",
    text: "write the page to this file, all at once; - is standard output",
    standard: REPORT_DEFAULTS.output as string,
  },
  redrawn: {
    flag: "--watch",
    takes: "duration",
    text: "look this often for what has been added, and write the page anew, until interrupted",
    duration: { least: 0.1, most: 86_400 },
  },

  simulatedPage: {
    flag: "--html",
    takes: "file",
    text: "write the run, of several the first, as a page to this file; - is standard output",
  },

  // What is simulated.
  simulatedConfig: {
    flag: "--config",
    short: "-c",
    takes: "file",
    text: "instead of a world: a host with this configuration, in ntp.conf syntax, and good servers for it",
  },
  network: {
    flag: "--network",
    takes: "network",
    text: "with --config: what the way to the servers is like",
    choices: ["lan", "wan", "jittery"],
    standard: "wan",
  },
  seed: {
    flag: "--seed",
    takes: "seed",
    text: "what decides all that looks random; that of the file, or 1, unless given",
  },
  runs: {
    flag: "--runs",
    takes: "n",
    text: "so many runs, each with a seed of its own, on all processors; tells quantiles",
    whole: { least: 1, most: 100_000 },
    standard: 1,
  },
  simulatedTime: {
    flag: "--for",
    takes: "duration",
    text: "simulate so long instead of as the world says",
    duration: { least: 1, most: 31_622_400 },
  },
  trace: {
    flag: "--trace",
    takes: "file",
    text: "write everything that happens, packet by packet, to this file, of several runs that of the first; alone: to standard error",
    without: true,
  },
  replay: {
    flag: "--replay",
    takes: "file",
    text: "run again what a trace is of, and say where the run first differs from it",
    excludes: ["--trace", "--seed", "--runs", "--for"],
  },

  // Which keys are made.
  type: {
    flag: "--type",
    takes: "algorithm",
    text: "the algorithm",
    choices: ["MD5", "SHA1", "SHA256", "SHA384", "SHA512", "AES128CMAC", "AES256CMAC"],
    standard: "AES128CMAC",
  },
  keyCount: { flag: "--count", takes: "n", text: "how many", whole: { least: 1, most: 1000 }, standard: 1 },
  firstId: {
    flag: "--first-id",
    takes: "id",
    text: "the identifier of the first, the others count up",
    whole: INTEGERS.key as IntegerBounds,
    standard: 1,
  },
  keyFormat: {
    flag: "--format",
    takes: "format",
    text: "for whose key file",
    choices: ["ntp", "chrony"],
    standard: "ntp",
  },
  keygenAutokey: {
    flag: "--autokey",
    takes: "dir",
    text: "make what a host needs for Autokey (RFC 5906) in this folder instead, as ntp-keygen does: host key, certificate, links; keys that are there stay, the certificate is made anew. Autokey is weak; --nts-cert of serve offers what is not",
    excludes: ["--type", "--count", "--first-id", "--format"],
  },
  keygenHost: { flag: "--host", takes: "name", text: "whose; this host's name unless given" },
  keygenGroup: {
    flag: "--group",
    takes: "group",
    text: "the group whose server it becomes, in the names of identity parameters and of the certificate; its own name unless given",
  },
  trustedHost: { flag: "--trusted", text: "a trusted host, where certificate trails end" },
  modulus: {
    flag: "--modulus",
    takes: "bits",
    text: "bits of the host key, and of a sign key",
    whole: { least: 1024, most: 4096 },
    standard: 2048,
  },
  sign: { flag: "--sign", takes: "kind", text: "a key of its own to sign by", choices: ["rsa", "dsa"] },
  scheme: {
    flag: "--scheme",
    takes: "scheme",
    text: "the certificate's signature; RSA-SHA256 unless given, with a DSA sign key DSA-SHA256",
    choices: ["RSA-SHA1", "RSA-SHA256", "RSA-SHA384", "RSA-SHA512", "DSA-SHA1", "DSA-SHA256"],
  },
  identity: {
    flag: "--identity",
    takes: "scheme",
    text: "identity parameters of its group, the servers' and the clients'",
    choices: ["iff", "gq", "mv"],
  },
  identityBits: {
    flag: "--identity-bits",
    takes: "bits",
    text: "bits of their modulus; of GQ ntpd can check 1016 at most",
    whole: { least: 512, most: 2048 },
    standard: 2048,
  },
  clientKeys: {
    flag: "--client-keys",
    takes: "n",
    text: "with MV, for how many clients",
    whole: { least: 1, most: 30 },
    standard: 1,
  },
  lifetime: {
    flag: "--lifetime",
    takes: "days",
    text: "how long the certificate is valid",
    whole: { least: 1, most: 3650 },
    standard: 365,
  },
  root: {
    flag: "--root",
    takes: "folder",
    text: "look at, and write to, the machine whose root is there, instead of this one",
  },
  write: { flag: "--write", text: "write the files instead of printing what would be in them" },
  keepOld: { flag: "--force", text: "replace files that exist, keeping them with .old behind their names" },
  replace: {
    flag: "--force",
    text: "replace the file if it exists; with --autokey, make the keys that are there anew, too",
  },

  // What is printed.
  json: { flag: "--json", text: "one JSON document on standard output, also on failure" },
  quiet: { flag: "--quiet", short: "-q", text: "nothing when all went well" },
  verbose: { flag: "--verbose", short: "-v", text: "say on standard error what is done and why" },
  debug: { flag: "--debug", text: "with -v, and a stack trace when something breaks" },
  noColor: { flag: "--no-color", text: "no colours, as with NO_COLOR in the environment" },
  format: {
    flag: "--format",
    takes: "format",
    text: "print figures instead of text",
    choices: ["openmetrics"],
    excludes: ["--json"],
  },
  textfile: {
    flag: "--textfile",
    takes: "path",
    text: "write them to this file, all at once, in the text format 0.0.4 of node_exporter's textfile collector",
    excludes: ["--json"],
  },
  queryCompat: {
    flag: "--compat",
    takes: "tool",
    text: "print what this tool would have printed",
    choices: ["ntpdate", "sntp", "ntpdig", "ntpdig-json"],
    excludes: ["--json", "--format", "--textfile"],
  },
  peersCompat: {
    flag: "--compat",
    takes: "tool",
    text: "print what this tool would have printed",
    choices: [
      "ntpq",
      "chronyc",
      "chronyc-sourcestats",
      "chronyc-tracking",
      "chronyc-authdata",
      "chronyc-csv",
      "chronyc-sourcestats-csv",
      "chronyc-tracking-csv",
      "chronyc-authdata-csv",
    ],
    excludes: ["--json", "--format", "--textfile"],
  },
  checkCompat: {
    flag: "--compat",
    takes: "tool",
    text: "print what this tool would have printed",
    choices: ["check_ntp_time"],
    excludes: ["--json", "--format", "--textfile"],
  },

  // Of every command, and of the program.
  help: { flag: "--help", short: "-h", text: "print this help" },
  version: { flag: "--version", short: "-V", text: "print the version" },
} as const;

/** The name of a row. */
export type RowName = keyof typeof ROWS;

/** Where each option is offered: a command is a list of groups, a group a heading and the names of its rows. */
import type { Parsed, Property, Row } from "./row.ts";
import { ROWS, type RowName } from "./rows.ts";

/** The groups. */
export const GROUPS = {
  servers: {
    heading: "Which servers, and how they are reached:",
    rows: [
      "ipv4",
      "ipv6",
      "port",
      "interface",
      "sourcePort",
      "key",
      "nts",
      "ca",
      "pin",
      "keys",
      "keysFormat",
      "config",
      "forget",
    ],
  },
  bootstrapping: { heading: "Where the clock was never set:", rows: ["ntsBootstrap"] },
  autokey: {
    heading: "Servers under Autokey, which is weak; NTS is the way to go:",
    rows: ["autokey", "autokeyPassword", "autokeyGroup"],
  },
  foundAutokey: {
    heading: "Servers under Autokey, which is weak; NTS is the way to go:",
    rows: ["foundAutokey", "autokeyPassword", "autokeyGroup"],
  },
  runAutokey: {
    heading: "Autokey, which is weak; NTS is the way to go:",
    rows: ["runAutokey", "autokeyPassword"],
  },
  serveAutokey: {
    heading: "Clients under Autokey, which is weak; NTS is the way to go:",
    rows: ["serveAutokey", "autokeyPassword"],
  },
  checkedServers: {
    heading: "Which servers, and how they are reached:",
    rows: [
      "ipv4",
      "ipv6",
      "port",
      "interface",
      "sourcePort",
      "key",
      "nts",
      "ca",
      "pin",
      "keys",
      "keysFormat",
      "longConfig",
      "forget",
    ],
  },
  syncMeasuring: {
    heading: "How they are measured:",
    rows: ["syncSamples", "interval", "accuracy", "callDelay", "timeout", "deadline", "waitNetwork"],
  },
  measuring: {
    heading: "How they are measured:",
    rows: ["samples", "interval", "accuracy", "callDelay", "timeout", "deadline", "waitNetwork"],
  },
  poolMeasuring: {
    heading: "How they are measured:",
    rows: ["volley", "interval", "timeout", "endless", "waitNetwork", "follow"],
  },
  searchMeasuring: { heading: "How they are measured:", rows: ["volley", "timeout", "endless"] },
  listenMeasuring: { heading: "How they are measured:", rows: ["volley", "interval", "timeout"] },
  watchMeasuring: { heading: "How they are measured:", rows: ["interval", "timeout"] },
  selection: {
    heading: "Which servers are believed:",
    rows: ["minclock", "maxclock", "minsane", "maxdist", "floor", "ceiling"],
  },
  searchSelection: {
    heading: "Which servers are believed:",
    rows: ["searchedMinclock", "maxclock", "minsane", "maxdist", "floor", "ceiling"],
  },
  clock: {
    heading: "How the clock is corrected:",
    rows: ["dryRun", "step", "slew", "stepThreshold", "panic", "maxStep", "force"],
  },
  remembering: { heading: "What is remembered:", rows: ["state", "frequency", "spread"] },
  search: { heading: "How they are searched for:", rows: ["ttl", "ringInterval", "all", "follow", "cohort"] },
  searched: {
    heading: "How they are reached, and who is believed:",
    rows: [
      "ipv4",
      "ipv6",
      "port",
      "interface",
      "searchKey",
      "foundNts",
      "ntsName",
      "ca",
      "pin",
      "keys",
      "keysFormat",
      "trusted",
      "noAuth",
    ],
  },
  listening: {
    heading: "What is listened to:",
    rows: ["multicast", "udpPort", "onlyInterface", "broadcasts", "endless", "broadcastDelay"],
  },
  heard: {
    heading: "Who is believed:",
    rows: ["ipv4", "ipv6", "foundNts", "ntsName", "ca", "pin", "keys", "keysFormat", "trusted", "noAuth"],
  },
  serving: {
    heading: "Where it answers:",
    rows: ["ipv4", "ipv6", "udpPort", "address", "onlyInterface", "servingUser"],
  },
  told: {
    heading: "What it tells:",
    rows: ["localStratum", "orphan", "orphanWait", "leapSmear", "leapFile", "ca", "pin", "config"],
  },
  clients: {
    heading: "Whom it tells:",
    rows: ["allow", "deny", "rateLimit", "servingKeys", "keysFormat", "servingTrusted"],
  },
  proving: {
    heading: "Proving who it is (Network Time Security):",
    rows: ["ntsCert", "ntsKey", "ntsPort", "ntsServer", "ntsCookies"],
  },
  announcing: {
    heading: "Making itself known:",
    rows: ["broadcast", "minpoll", "broadcastTtl", "xleave", "broadcastKey", "manycast", "servingCohort"],
  },
  daemon: {
    heading: "How the daemon runs:",
    rows: [
      "config",
      "check",
      "from",
      "print",
      "noClock",
      "discipline",
      "anyOffset",
      "ca",
      "pin",
      "servingPort",
      "daemonUser",
      "metrics",
      "log",
      "startAnyway",
    ],
  },
  peers: {
    heading: "What is shown:",
    rows: [
      "numeric",
      "wideRemote",
      "allPeers",
      "associations",
      "wide",
      "explain",
      "explainedPicture",
      "watch",
      "insteadConfig",
      "shownState",
    ],
  },
  associations: { heading: "What is shown:", rows: ["allAssociations"] },
  variables: { heading: "What is shown:", rows: ["association", "clock", "numeric"] },
  list: { heading: "What is shown:", rows: ["numeric"] },
  counters: { heading: "What is shown:", rows: ["countedAssociation", "numeric"] },
  addresses: { heading: "What is shown:", rows: ["numeric", "limit", "sort", "mincount"] },
  way: { heading: "What is shown:", rows: ["numeric", "hops"] },
  asking: {
    heading: "How they are asked:",
    rows: ["ipv4", "ipv6", "askingTimeout", "deadline", "controlKeys", "keysFormat", "controlKey"],
  },
  examined: { heading: "How it is reached, and who is trusted:", rows: ["ipv4", "ipv6", "ca", "pin", "examining"] },
  waitAsking: { heading: "How they are asked:", rows: ["ipv4", "ipv6", "controlKeys", "keysFormat", "controlKey"] },
  demands: {
    heading:
      "What is demanded (ranges of monitoring plugins: 10, 10:, ~:10, 10:20, @10:20; durations may have a unit):",
    rows: [
      "warning",
      "critical",
      "jitter",
      "stratum",
      "truechimers",
      "falsetickers",
      "rootdistance",
      "certificate",
      "leap",
      "checkedDaemon",
      "host",
      "pluginTimeout",
    ],
  },
  waiting: {
    heading: "What is waited for:",
    rows: ["offset", "distance", "waitTimeout", "waitDeadline", "lookInterval", "waitDaemon"],
  },
  knowing: { heading: "Who is asked, and how well it is to be known:", rows: ["bound", "nowDaemon"] },
  nowMeasuring: {
    heading: "How servers are measured:",
    rows: ["samples", "interval", "timeout", "nowDeadline", "waitNetwork"],
  },
  drawing: { heading: "How it is shown:", rows: ["every", "lines", "livePage"] },
  decoding: {
    heading: "What is shown:",
    rows: [
      "summary",
      "bad",
      "captured",
      "decodedMode",
      "capturedPort",
      "macKeys",
      "keysFormat",
      "decodeAutokey",
      "autokeyPassword",
    ],
  },
  reporting: { heading: "Where it goes:", rows: ["page", "redrawn"] },
  simulating: {
    heading: "What is simulated:",
    rows: ["simulatedConfig", "network", "seed", "runs", "simulatedTime", "trace", "replay", "simulatedPage"],
  },
  keygen: { heading: "Which keys:", rows: ["type", "keyCount", "firstId", "keyFormat", "replace"] },
  keygenAutokey: {
    heading: "Keys for Autokey:",
    rows: [
      "keygenAutokey",
      "autokeyPassword",
      "keygenHost",
      "keygenGroup",
      "trustedHost",
      "modulus",
      "sign",
      "scheme",
      "identity",
      "identityBits",
      "clientKeys",
      "lifetime",
    ],
  },
  figures: { heading: "Figures for a monitoring system:", rows: ["format", "textfile"] },
  adopting: { heading: "What is taken over:", rows: ["root", "write", "keepOld"] },
  output: { heading: "What is printed:", rows: ["json", "quiet", "verbose", "debug", "noColor"] },
  queryOutput: {
    heading: "What is printed:",
    rows: ["explainQuery", "queryPicture", "queryCompat", "json", "quiet", "verbose", "debug", "noColor"],
  },
  peersOutput: { heading: "What is printed:", rows: ["peersCompat", "json", "quiet", "verbose", "debug", "noColor"] },
  checkOutput: { heading: "What is printed:", rows: ["checkCompat", "json", "quiet", "verbose", "debug", "noColor"] },
} as const;

/** The commands. */
export const OFFERS = {
  sync: ["servers", "bootstrapping", "autokey", "syncMeasuring", "selection", "clock", "remembering", "output"],
  query: ["servers", "bootstrapping", "autokey", "measuring", "selection", "figures", "queryOutput"],
  pool: ["servers", "poolMeasuring", "selection", "output"],
  broadcast: ["listening", "heard", "foundAutokey", "listenMeasuring", "selection", "output"],
  manycast: ["search", "searched", "foundAutokey", "searchMeasuring", "searchSelection", "output"],
  serve: ["serving", "told", "clients", "proving", "serveAutokey", "announcing", "selection", "output"],
  run: ["daemon", "runAutokey", "output"],
  peers: ["peers", "asking", "figures", "peersOutput"],
  associations: ["associations", "asking", "output"],
  readvar: ["variables", "asking", "output"],
  sysinfo: ["list", "asking", "output"],
  kerninfo: ["list", "asking", "output"],
  sysstats: ["list", "asking", "output"],
  iostats: ["list", "asking", "output"],
  timerstats: ["list", "asking", "output"],
  authinfo: ["list", "asking", "output"],
  monstats: ["list", "asking", "output"],
  pstats: ["counters", "asking", "output"],
  mru: ["addresses", "asking", "output"],
  ifstats: ["asking", "output"],
  reslist: ["asking", "output"],
  trace: ["way", "asking", "output"],
  nts: ["examined", "output"],
  check: ["demands", "checkedServers", "measuring", "selection", "figures", "checkOutput"],
  wait: ["waiting", "waitAsking", "output"],
  now: ["knowing", "servers", "nowMeasuring", "selection", "output"],
  watch: ["drawing", "servers", "watchMeasuring", "selection", "output"],
  decode: ["decoding", "output"],
  report: ["reporting", "output"],
  simulate: ["simulating", "output"],
  demo: ["output"],
  keygen: ["keygen", "keygenAutokey", "output"],
  adopt: ["adopting", "output"],
  man: [],
  completion: [],
} as const;

/** A command by its name. */
export type CommandName = keyof typeof OFFERS;

type Rows = typeof ROWS;
type Groups = typeof GROUPS;
type Offered<C extends CommandName> = C extends unknown ? Groups[(typeof OFFERS)[C][number]]["rows"][number] : never;

/** What some rows parse to: those that switch something off are `true` unless given, of the others none need be there. */
export type Options<N extends RowName> = {
  readonly [K in N as Rows[K]["flag"] extends `--no-${string}` ? never : Property<Rows[K]["flag"]>]?: Parsed<Rows[K]>;
} & { readonly [K in N as Rows[K]["flag"] extends `--no-${string}` ? Property<Rows[K]["flag"]> : never]: boolean };

/** What the options of a command parse to. */
export type OptionsOf<C extends CommandName> = Options<Offered<C>>;

/** What the options of every command parse to. */
export type CommonOptions = Options<Groups["output"]["rows"][number]>;

/** What the options of the commands that ask daemons parse to. */
export type AskingOptions = Options<Groups["asking"]["rows"][number] | "numeric">;

/** What the options say of figures. */
export type MetricsOptions = Options<Groups["figures"]["rows"][number]>;

/** Whether figures are wanted. */
export function wantsMetrics({ format, textfile }: MetricsOptions): boolean {
  return format !== undefined || textfile !== undefined;
}

/** The rows that a command offers, each with the heading of its group. */
export function offered(command: CommandName): readonly { readonly heading: string; readonly rows: readonly Row[] }[] {
  return OFFERS[command].map((name) => ({
    heading: GROUPS[name].heading,
    rows: GROUPS[name].rows.map((row): Row => ROWS[row]),
  }));
}

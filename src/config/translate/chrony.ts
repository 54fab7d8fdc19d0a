/** chrony.conf(5) → ntp.conf. */
import { basename, dirname, isAbsolute, join } from "node:path";
import { KEY_ID_LIMIT } from "../../security/keyids.ts";
import type { Place } from "../../security/place.ts";
import { literalFamily } from "../literal.ts";
import { UsageError } from "../usage.ts";
import { accessLines, ChronyAccess, NOBODY } from "./access.ts";
import type { ConfigFiles, Translation } from "./translate.ts";
import { hostFault, quoted, Writer } from "./writer.ts";

/** One directive. */
interface Directive {
  /** In lower case, as chrony takes them. */
  readonly name: string;
  readonly words: readonly string[];
  readonly text: string;
  readonly at: Place;
}

/** What is gathered while lines are read, to be said once at the end. */
interface Gathered {
  readonly statistics: Set<string>;
  readonly access: ChronyAccess;
  /** Addresses to listen on; none: all. */
  readonly listens: Set<string>;
  /** Which of certificate and key there is already. */
  readonly proofs: Set<string>;
  limited: boolean;
  /** `port 0`: no port is open for clients. */
  closed: boolean;
  /** `tinker step` and `tinker panic`, as they stand at the end; 0: never. */
  step: number;
  panic: number;
  /** `tos maxdist`. */
  maxdist: number;
}

/** chronyd's `maxdistance` unless said, seconds: twice what ours is. */
const MAXDISTANCE = 3;

/** How deep files may include files (chrony's MAX_INCLUDE_LEVEL is 10). */
const DEEPEST = 10;

/** Translates chrony.conf. */
export function translateChrony(text: string, file: string, files: ConfigFiles): Translation {
  const writer = new Writer();
  const gathered: Gathered = {
    statistics: new Set(),
    access: new ChronyAccess(),
    listens: new Set(),
    proofs: new Set(),
    limited: false,
    closed: false,
    step: 0,
    panic: 0,
    maxdist: MAXDISTANCE,
  };
  translateText(text, file, 0);
  finish(writer, gathered);
  return writer.done(file);

  function translateText(part: string, name: string, depth: number): void {
    for (const directive of directives(part, name)) {
      const included = INCLUDES.get(directive.name);
      if (included !== undefined) include(directive, included, depth);
      else translate(directive, writer, gathered);
    }
  }

  function include(directive: Directive, ending: string | null, depth: number): void {
    if (depth >= DEEPEST)
      return writer.left(directive.text, directive.at, `files are included more than ${DEEPEST} deep`);
    const from = dirname(directive.at.file);
    for (const word of directive.words) {
      const path = isAbsolute(word) ? word : join(from, word);
      try {
        for (const found of ending === null
          ? matching(path, files)
          : files
              .list(path)
              .filter((name) => name.endsWith(ending))
              .toSorted()
              .map((name) => join(path, name))) {
          translateText(files.read(found), found, depth + 1);
        }
      } catch (error) {
        if (error instanceof UsageError) throw error;
        // A folder that is missing says nothing; of a file nobody knows what it would have said.
        if (ending === null && !isPattern(path)) writer.refuse(`${path} cannot be read`, directive.at);
        writer.left(directive.text, directive.at, `${path} cannot be read`);
      }
    }
  }
}

/** Directives that name other files: all that end so in a folder, or (`null`) a pattern. */
const INCLUDES: ReadonlyMap<string, string | null> = new Map([
  ["include", null],
  ["confdir", ".conf"],
  ["sourcedir", ".sources"],
]);

function isPattern(path: string): boolean {
  return /[*?]/.test(basename(path));
}

/** The files of a pattern with stars in its last part. */
function matching(pattern: string, files: ConfigFiles): readonly string[] {
  if (!isPattern(pattern)) return [pattern];
  const expression = new RegExp(
    `^${basename(pattern)
      .replaceAll(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".")}$`,
  );
  return files
    .list(dirname(pattern))
    .filter((name) => expression.test(name))
    .toSorted()
    .map((name) => join(dirname(pattern), name));
}

/** A line that begins with `!`, `;`, `#` or `%` is a comment. */
function directives(text: string, file: string): Directive[] {
  return text.split(/\r?\n/).flatMap((line, index) => {
    const [name, ...words] = line.trim().split(/\s+/);
    if (name === undefined || name === "" || /^[!;#%]/.test(name)) return [];
    return [
      {
        name: name.toLowerCase(),
        words,
        text: line,
        at: { file, line: index + 1, column: line.length - line.trimStart().length + 1 },
      },
    ];
  });
}

/** What becomes of each directive. */
const TRANSLATE = table<(directive: Directive, writer: Writer, gathered: Gathered) => void>({
  server: source,
  pool: source,
  peer: source,
  driftfile: ({ words: [path = ""] }, writer) => writer.line(`driftfile ${quoted(path)} chrony`),
  keyfile: ({ words: [path = ""] }, writer) => {
    writer.line(`keys ${quoted(path)} chrony`);
    writer.line(`trustedkey (1 ... ${KEY_ID_LIMIT})`);
  },
  leapseclist: ({ words: [path = ""] }, writer) => writer.line(`leapfile ${quoted(path)}`),
  leapsectz: (_directive, writer) => writer.line("leapfile /usr/share/zoneinfo/leap-seconds.list"),
  pidfile: ({ words: [path = ""] }, writer) => writer.line(`pidfile ${quoted(path)}`),
  logdir: ({ words: [path = ""] }, writer) => writer.line(`statsdir ${quoted(path)}`),
  log: ({ words }, _writer, { statistics }) => {
    for (const word of words) for (const kind of LOGS.get(word.toLowerCase()) ?? []) statistics.add(kind);
  },
  makestep,
  maxchange,
  maxdistance: ({ words: [seconds], text, at }, writer, gathered) => {
    const value = bounded(seconds, 0.001, 1e6, writer, { text, at });
    if (value !== null) gathered.maxdist = value;
  },
  minsources: number("tos minsane", 0, 1000),
  local(directive, writer) {
    for (const name of ["distance", "activate", "waitsynced", "waitunsynced"])
      if (directive.words.includes(name)) writer.warn(directive.at, `"${name}" of "local" is left out`);
    const stratum = option(directive, "stratum") ?? 10;
    if (directive.words.includes("orphan")) return writer.line(`tos orphan ${stratum}`);
    writer.line("server 127.127.1.0");
    writer.line(`fudge 127.127.1.0 stratum ${Math.max(stratum - 1, 0)}`);
  },
  allow: access,
  deny: access,
  ratelimit(directive, writer, gathered) {
    gathered.limited = true;
    for (const name of ["burst", "leak", "kod"])
      if (directive.words.includes(name)) writer.warn(directive.at, `"${name}" of "ratelimit" is left out`);
    const interval = option(directive, "interval") ?? 3;
    const average = Math.min(Math.max(interval, 0), 16);
    if (average !== interval) writer.warn(directive.at, `"interval ${interval}" of "ratelimit" becomes ${average}`);
    // A burst may come as close together as it likes there.
    writer.line(`discard average ${average} minimum 0`);
  },
  broadcast(directive, writer) {
    const [interval = "64", address = "", port] = directive.words;
    if (literalFamily(address) === 0) return writer.left(directive.text, directive.at, "it names no address");
    writer.line(
      `broadcast ${address} minpoll ${exponent(Number(interval))}${port === undefined ? "" : ` port ${port}`}`,
    );
  },
  bindaddress(directive, writer, { listens }) {
    const [address = ""] = directive.words;
    if (literalFamily(address) === 0) writer.left(directive.text, directive.at, "it names no address");
    else listens.add(address);
  },
  ntsservercert: (directive, writer, gathered) => served(directive, "enable cert", writer, gathered),
  ntsserverkey: (directive, writer, gathered) => served(directive, "key", writer, gathered),
  ntsport({ words: [port = ""], text, at }, writer) {
    if (/^[1-9][0-9]{0,4}$/.test(port) && Number(port) <= 65_535) writer.line(`nts port ${port}`);
    else writer.left(text, at, "it names no port");
  },
  ntstrustedcerts: ({ words, text, at }, writer) =>
    writer.left(text, at, `who is trusted besides is named on the command line (run --ca ${words.at(-1) ?? "FILE"})`),
  ntsntpserver({ words: [host = ""], text, at }, writer) {
    const fault = host === "" ? "it names no host" : hostFault(host);
    if (fault !== null) return writer.left(text, at, fault);
    writer.line(`nts server ${host}`);
    writer.warn(at, `${host} has to open the same cookies: give both the same "nts cookie FILE"`);
  },
  binddevice: ({ words: [name = ""] }, _writer, { listens }) => void listens.add(quoted(name)),
  port({ words: [port = ""], at }, writer, gathered) {
    gathered.closed = Number(port) === 0;
    if (!gathered.closed && port !== "123") writer.warn(at, `clients are answered on port 123 (run --port ${port})`);
  },
});

/** The certificate or the key that clients are answered by; chronyd has several, one for each name. */
function served(
  { name, words: [file = ""], text, at }: Directive,
  words: string,
  writer: Writer,
  gathered: Gathered,
): void {
  if (file === "") return writer.left(text, at, "it names no file");
  if (gathered.proofs.has(name)) return writer.left(text, at, "one certificate is served, the first");
  gathered.proofs.add(name);
  writer.line(`nts ${words} ${quoted(file)}`);
}

/** Rows by name; names that every object has are none of them. */
function table<Row>(rows: Readonly<Record<string, Row>>): ReadonlyMap<string, Row> {
  return new Map(Object.entries(rows));
}

/** chrony's logs, by the statistics that tell the same. */
const LOGS = table<readonly string[]>({
  measurements: ["rawstats"],
  rawmeasurements: ["rawstats"],
  statistics: ["peerstats"],
  tracking: ["loopstats"],
  refclocks: ["clockstats"],
});

/** What becomes of directives that have no line of their own here, and whether something is lost by it. */
interface Unlike {
  readonly names: string;
  readonly why: string;
  readonly isLost?: true;
}

const UNLIKE: readonly Unlike[] = [
  { names: "rtcsync", why: "the kernel sets the hardware clock while it is told that its own is synchronized" },
  {
    names: "rtcfile rtcdevice rtconutc rtcautotrim hwclockfile",
    why: "the hardware clock is the kernel's to set, and is not measured",
    isLost: true,
  },
  { names: "logbanner", why: "what is logged has its names in its own lines" },
  { names: "logchange", why: "each step is logged" },
  { names: "mailonchange", why: "no mail is sent; each step is logged", isLost: true },
  { names: "dumpdir dumponexit ntsdumpdir", why: "what is known of servers is kept in the state directory" },
  { names: "user", why: "--user names whom it becomes" },
  { names: "lock_all sched_priority", why: "memory and priority are for the service manager to say" },
  { names: "noclientlog clientloglimit", why: "clients are remembered within a bound of its own" },
  { names: "ntsprocesses", why: "one process establishes keys" },
  {
    names: "cmdport cmdallow cmddeny bindcmdaddress cmdratelimit opencommands",
    why: "there is no port of commands; questions of ntpq are answered on the port of NTP, to whom restrict lets ask",
    isLost: true,
  },
  {
    names: "maxupdateskew corrtimeratio maxslewrate",
    why: "how fast it corrects follows from what is measured",
    isLost: true,
  },
  { names: "hwtimestamp", why: "timestamps are the kernel's, not the network card's", isLost: true },
  { names: "combinelimit reselectdist stratumweight", why: "servers are chosen by RFC 5905's rules", isLost: true },
];

const UNLIKE_BY_NAME = table<Unlike>(
  Object.fromEntries(UNLIKE.flatMap((row) => row.names.split(" ").map((name) => [name, row]))),
);

/** Directives of NTS, and what is done here whatever they say. */
const OF_NTS = table<string>({
  nocerttimecheck: "certificates are checked in any case",
  ntsaeads: "any AEAD that both sides have is taken",
  ntsrefresh: "keys are established anew when they are needed",
  ntsrotate: "a key of cookies is drawn each day, and ten former ones open them",
  ntsratelimit: "handshakes are limited to what is bearable",
  maxntsconnections: "handshakes are limited to what is bearable",
});

function translate(directive: Directive, writer: Writer, gathered: Gathered): void {
  const known = TRANSLATE.get(directive.name);
  const why = OF_NTS.get(directive.name);
  if (why !== undefined) return writer.left(directive.text, directive.at, why);
  if (known !== undefined) return known(directive, writer, gathered);
  const unlike = UNLIKE_BY_NAME.get(directive.name);
  if (unlike === undefined) return writer.left(directive.text, directive.at, "there is nothing like it");
  if (unlike.isLost === true) return writer.left(directive.text, directive.at, unlike.why);
  writer.line(`# ${directive.text.trim()}   (${unlike.why})`);
}

/** Options of sources: by how many values each has, and what is written. `null`: nothing like it. */
const SOURCE_OPTIONS = table<{ readonly values: number; readonly as: ((value: string) => string) | null }>({
  iburst: { values: 0, as: () => "iburst" },
  burst: { values: 0, as: () => "burst" },
  prefer: { values: 0, as: () => "prefer" },
  noselect: { values: 0, as: () => "noselect" },
  trust: { values: 0, as: () => "true" },
  nts: { values: 0, as: () => "nts" },
  ipv4: { values: 0, as: null },
  ipv6: { values: 0, as: null },
  key: { values: 1, as: (value) => `key ${value}` },
  minpoll: { values: 1, as: (value) => `minpoll ${Math.min(Math.max(Number(value), 3), 17)}` },
  maxpoll: { values: 1, as: (value) => `maxpoll ${Math.min(Math.max(Number(value), 3), 17)}` },
  version: { values: 1, as: (value) => `version ${value}` },
  port: { values: 1, as: (value) => `port ${value}` },
  // Of key establishment, as `port` is here where there is nts.
  ntsport: { values: 1, as: (value) => `ntsport ${value}` },
  ...Object.fromEntries(
    "xleave offline auto_offline require copy".split(" ").map((name) => [name, { values: 0, as: null }]),
  ),
  ...Object.fromEntries(
    "presend maxdelay maxdelayratio maxdelaydevratio maxdelayquant mindelay asymmetry offset minsamples maxsamples minstratum polltarget maxsources maxunreach filter certset extfield"
      .split(" ")
      .map((name) => [name, { values: 1, as: null }]),
  ),
});

function source(directive: Directive, writer: Writer): void {
  const [host, ...words] = directive.words;
  if (host === undefined) return writer.left(directive.text, directive.at, "it names no host");
  const fault = hostFault(host);
  if (fault !== null) return writer.left(directive.text, directive.at, fault);
  const written: string[] = [];
  const dropped: string[] = [];
  for (let index = 0; index < words.length; index += 1) {
    const name = words[index]!.toLowerCase();
    const known = SOURCE_OPTIONS.get(name);
    const value = known?.values === 1 ? words[(index += 1)] : "";
    if (name === "xleave" && directive.name === "peer") written.push(name);
    else if (known === undefined || value === undefined) dropped.push(name);
    else if (known.values === 1 && known.as !== null && !/^-?\d+$/.test(value)) dropped.push(`${name} ${value}`);
    else if (known.as === null) dropped.push(value === "" ? name : `${name} ${value}`);
    else written.push(known.as(value));
  }
  const key = option(directive, "key") ?? 0;
  if (key > KEY_ID_LIMIT)
    return writer.left(
      directive.text,
      directive.at,
      `${host} is not asked without its key, and keys go up to ${KEY_ID_LIMIT}`,
    );
  const family = words.includes("ipv4") ? "-4 " : words.includes("ipv6") ? "-6 " : "";
  writer.line([`${directive.name} ${family}${host}`, ...ported(written)].join(" "));
  const left = dropped.filter((word) => word !== "ipv4" && word !== "ipv6");
  if (left.length > 0) writer.warn(directive.at, `${host}: left out: ${left.join(", ")}`);
}

/** A line has one port here: under NTS that of key establishment, which says itself at which port the time is asked. */
function ported(words: readonly string[]): readonly string[] {
  const lost = words.includes("nts") ? "port " : "ntsport ";
  return words.filter((word) => !word.startsWith(lost)).map((word) => word.replace(/^ntsport /, "port "));
}

/** Beyond what `tinker` takes nothing is meant but "never". */
const LONGEST_STEP = 1e6;
const LONGEST_PANIC = 1e9;
/** In place of 0, which `tinker step` takes for "never". */
const LEAST_STEP = 0.001;

/** `makestep THRESHOLD LIMIT`: at the first LIMIT updates what is beyond the threshold is stepped; without a limit (< 0), always. */
function makestep({ words, text, at }: Directive, writer: Writer, gathered: Gathered): void {
  const [threshold = Number.NaN, limit = Number.NaN] = words.map(Number);
  if (!(threshold >= 0)) return writer.left(text, at, "it has no threshold");
  if (Number.isNaN(limit)) return writer.left(text, at, "it has no limit");
  gathered.step = limit === 0 || threshold > LONGEST_STEP ? 0 : Math.max(threshold, LEAST_STEP);
  if (gathered.step === 0) return;
  if (threshold < LEAST_STEP) writer.warn(at, `a step threshold of ${threshold} s becomes ${LEAST_STEP} s`);
  if (limit > 0) writer.warn(at, `the clock may be stepped at any time, not only at the first ${limit} updates`);
}

/** `maxchange OFFSET START IGNORE`: after START updates an offset beyond it is ignored IGNORE times, then ends the daemon. */
function maxchange({ words, text, at }: Directive, writer: Writer, gathered: Gathered): void {
  const [offset = Number.NaN, start = 0, ignore = 0] = words.map(Number);
  if (!(offset > 0)) return writer.left(text, at, "it has no offset above 0");
  gathered.panic = offset > LONGEST_PANIC ? 0 : offset;
  if (start > 0)
    writer.warn(
      at,
      `offsets are compared with ${offset} s from the first update on, not after ${start} (run --any-offset lets the first correction be of any size)`,
    );
  if (ignore !== 0) writer.warn(at, `the first offset beyond ${offset} s ends the daemon; none is ignored`);
}

function access({ name, words, text, at }: Directive, writer: Writer, gathered: Gathered): void {
  const fault = gathered.access.add(name === "allow", words);
  if (fault !== null) writer.refuse(`"${text.trim()}" cannot be translated: ${fault}`, at);
}

/** A directive whose one number another command takes, within its bounds. */
function number(command: string, least: number, most: number): (directive: Directive, writer: Writer) => void {
  return ({ words: [word], text, at }, writer) => {
    const taken = bounded(word, least, most, writer, { text, at });
    if (taken !== null) writer.line(`${command} ${taken}`);
  };
}

/** A directive's number, within bounds; `null`: it has none, which is told. */
function bounded(
  word: string | undefined,
  least: number,
  most: number,
  writer: Writer,
  { text, at }: Pick<Directive, "text" | "at">,
): number | null {
  const value = Number(word);
  if (!(value >= 0)) {
    writer.left(text, at, "it has no number");
    return null;
  }
  const taken = Math.min(Math.max(value, least), most);
  if (taken !== value) writer.warn(at, `${value} becomes ${taken}`);
  return taken;
}

/** The number behind a word. */
function option({ words }: Directive, name: string): number | null {
  const place = words.indexOf(name);
  const value = Number(words[place + 1]);
  return place >= 0 && Number.isFinite(value) ? value : null;
}

function exponent(interval: number): number {
  return Math.min(Math.max(Math.round(Math.log2(Math.max(interval, 1))), 3), 17);
}

/** chronyd answers nobody but those it allows, steps only if told to, and has no panic threshold; ntp.conf says the opposite, unless told. */
function finish(writer: Writer, gathered: Gathered): void {
  const { access: list, statistics, listens, limited, closed, step, panic, maxdist } = gathered;
  writer.line(`tinker step ${step} panic ${panic}`);
  writer.line(`tos maxdist ${maxdist}`);
  if (statistics.size > 0) writer.line(`statistics ${[...statistics].join(" ")}`);
  // The last rule that fits an address decides.
  if (listens.size > 0) writer.line("interface ignore all");
  for (const address of listens) writer.line(`interface listen ${address}`);
  for (const line of accessLines(closed ? NOBODY : list.access, limited ? " limited" : "")) writer.line(line);
}

/** chrony.conf(5) → ntp.conf. */
import { basename, dirname, isAbsolute, join } from "node:path";
import { parseNetwork } from "../../server/access.ts";
import type { Place } from "../../security/place.ts";
import { literalFamily } from "../literal.ts";
import type { ConfigFiles, Translation } from "./translate.ts";
import { CLOSED, quoted, Writer } from "./writer.ts";

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
  readonly access: { readonly verb: string; readonly network: string; readonly directive: Directive }[];
  limited: boolean;
}

/** How deep files may include files (chrony's MAX_INCLUDE_LEVEL is 10). */
const DEEPEST = 10;

/** Translates chrony.conf. */
export function translateChrony(text: string, file: string, files: ConfigFiles): Translation {
  const writer = new Writer();
  const gathered: Gathered = { statistics: new Set(), access: [], limited: false };
  translateText(text, file, 0);
  finish(writer, gathered);
  return writer.done(file);

  function translateText(part: string, name: string, depth: number): void {
    for (const directive of directives(part, name)) {
      const included = INCLUDES[directive.name];
      if (included !== undefined) include(directive, included, depth);
      else translate(directive, writer, gathered);
    }
  }

  function include(directive: Directive, ending: string | null, depth: number): void {
    if (depth >= DEEPEST) return writer.left(directive.text, directive.at, `files are included more than ${DEEPEST} deep`);
    const from = dirname(directive.at.file);
    for (const word of directive.words) {
      const path = isAbsolute(word) ? word : join(from, word);
      try {
        for (const found of ending === null ? matching(path, files) : files.list(path).filter((name) => name.endsWith(ending)).toSorted().map((name) => join(path, name))) {
          translateText(files.read(found), found, depth + 1);
        }
      } catch {
        writer.left(directive.text, directive.at, `${path} cannot be read`);
      }
    }
  }
}

/** Directives that name other files: all that end so in a folder, or (`null`) a pattern. */
const INCLUDES: Readonly<Record<string, string | null>> = { include: null, confdir: ".conf", sourcedir: ".sources" };

/** The files of a pattern with stars in its last part. */
function matching(pattern: string, files: ConfigFiles): readonly string[] {
  if (!/[*?]/.test(basename(pattern))) return [pattern];
  const expression = new RegExp(`^${basename(pattern).replaceAll(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*").replaceAll("?", ".")}$`);
  return files.list(dirname(pattern)).filter((name) => expression.test(name)).toSorted().map((name) => join(dirname(pattern), name));
}

/** A line that begins with `!`, `;`, `#` or `%` is a comment. */
function directives(text: string, file: string): Directive[] {
  return text.split(/\r?\n/).flatMap((line, index) => {
    const [name, ...words] = line.trim().split(/\s+/);
    if (name === undefined || name === "" || /^[!;#%]/.test(name)) return [];
    return [{ name: name.toLowerCase(), words, text: line, at: { file, line: index + 1, column: line.length - line.trimStart().length + 1 } }];
  });
}

/** What becomes of each directive. */
const TRANSLATE: Readonly<Record<string, (directive: Directive, writer: Writer, gathered: Gathered) => void>> = {
  server: source,
  pool: source,
  peer: source,
  driftfile: ({ words: [path = ""] }, writer) => writer.line(`driftfile ${quoted(path)}`),
  keyfile: ({ words: [path = ""] }, writer) => {
    writer.line(`keys ${quoted(path)}`);
    writer.line("trustedkey (1 ... 65534)");
  },
  leapseclist: ({ words: [path = ""] }, writer) => writer.line(`leapfile ${quoted(path)}`),
  leapsectz: (_directive, writer) => writer.line("leapfile /usr/share/zoneinfo/leap-seconds.list"),
  pidfile: ({ words: [path = ""] }, writer) => writer.line(`pidfile ${quoted(path)}`),
  logdir: ({ words: [path = ""] }, writer) => writer.line(`statsdir ${quoted(path)}`),
  log: ({ words }, _writer, { statistics }) => {
    for (const word of words) for (const kind of LOGS[word.toLowerCase()] ?? []) statistics.add(kind);
  },
  makestep(directive, writer) {
    const [threshold, limit] = directive.words.map(Number);
    if (threshold === undefined || !(threshold >= 0)) return writer.left(directive.text, directive.at, "it has no threshold");
    writer.line(`tinker step ${threshold}`);
    if (limit !== undefined && limit >= 0) writer.warn(directive.at, `the clock may be stepped at any time, not only at the first ${limit} updates`);
  },
  maxchange: number("tinker panic", 0),
  maxdistance: number("tos maxdist", 0),
  minsources: number("tos minsane", 0),
  local(directive, writer) {
    const stratum = option(directive, "stratum") ?? 10;
    if (directive.words.includes("orphan")) return writer.line(`tos orphan ${stratum}`);
    writer.line("server 127.127.1.0");
    writer.line(`fudge 127.127.1.0 stratum ${Math.max(stratum - 1, 0)}`);
  },
  allow: (directive, _writer, { access }) => void access.push({ verb: "allow", network: network(directive), directive }),
  deny: (directive, _writer, { access }) => void access.push({ verb: "deny", network: network(directive), directive }),
  ratelimit(directive, writer, gathered) {
    gathered.limited = true;
    writer.line(`discard average ${Math.max(option(directive, "interval") ?? 3, 0)}`);
  },
  broadcast(directive, writer) {
    const [interval = "64", address = "", port] = directive.words;
    if (literalFamily(address) === 0) return writer.left(directive.text, directive.at, "it names no address");
    writer.line(`broadcast ${address} minpoll ${exponent(Number(interval))}${port === undefined ? "" : ` port ${port}`}`);
  },
  bindaddress: ({ words: [address = ""] }, writer) => {
    writer.line("interface ignore all");
    writer.line(`interface listen ${address}`);
  },
};

/** chrony's logs, by the statistics that tell the same. */
const LOGS: Readonly<Record<string, readonly string[]>> = { measurements: ["rawstats"], rawmeasurements: ["rawstats"], statistics: ["peerstats"], tracking: ["loopstats"], refclocks: ["clockstats"] };

/** Directives that change nothing of what is measured or served. */
const WITHOUT_LIKE: ReadonlySet<string> = new Set(
  "rtcsync rtcfile rtcdevice rtconutc rtcautotrim hwclockfile cmdport cmdallow cmddeny bindcmdaddress cmdratelimit logbanner logchange mailonchange dumpdir dumponexit user lock_all sched_priority noclientlog clientloglimit opencommands ntsdumpdir ntsrefresh nocerttimecheck maxupdateskew corrtimeratio maxslewrate hwtimestamp combinelimit reselectdist stratumweight".split(" "),
);

function translate(directive: Directive, writer: Writer, gathered: Gathered): void {
  const known = TRANSLATE[directive.name];
  if (known !== undefined) return known(directive, writer, gathered);
  if (WITHOUT_LIKE.has(directive.name)) return writer.line(`# ${directive.text.trim()}`);
  writer.left(directive.text, directive.at, "there is nothing like it");
}

/** Options of sources: by how many values each has, and what is written. `null`: nothing like it. */
const SOURCE_OPTIONS: Readonly<Record<string, { readonly values: number; readonly as: ((value: string) => string) | null }>> = {
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
  ...Object.fromEntries("xleave offline auto_offline require copy".split(" ").map((name) => [name, { values: 0, as: null }])),
  ...Object.fromEntries(
    "presend maxdelay maxdelayratio maxdelaydevratio maxdelayquant mindelay asymmetry offset minsamples maxsamples minstratum polltarget maxsources maxunreach filter ntsport certset extfield".split(" ").map((name) => [name, { values: 1, as: null }]),
  ),
};

function source(directive: Directive, writer: Writer): void {
  const [host, ...words] = directive.words;
  if (host === undefined) return writer.left(directive.text, directive.at, "it names no host");
  const written: string[] = [];
  const dropped: string[] = [];
  for (let index = 0; index < words.length; index += 1) {
    const name = words[index]!.toLowerCase();
    const known = SOURCE_OPTIONS[name];
    const value = known?.values === 1 ? words[(index += 1)] : "";
    if (known === undefined || value === undefined) dropped.push(name);
    else if (known.as === null) dropped.push(value === "" ? name : `${name} ${value}`);
    else written.push(known.as(value));
  }
  const family = words.includes("ipv4") ? "-4 " : words.includes("ipv6") ? "-6 " : "";
  writer.line([`${directive.name} ${family}${host}`, ...written].join(" "));
  const left = dropped.filter((word) => word !== "ipv4" && word !== "ipv6");
  if (left.length > 0) writer.warn(directive.at, `${host}: left out: ${left.join(", ")}`);
}

/** A directive whose one number another command takes. */
function number(command: string, least: number): (directive: Directive, writer: Writer) => void {
  return (directive, writer) => {
    const value = Number(directive.words[0]);
    if (value >= least) writer.line(`${command} ${value}`);
    else writer.left(directive.text, directive.at, "it has no number");
  };
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

/** What `allow` and `deny` name; `all` is a word before it, and alone. */
function network({ words }: Directive): string {
  return words.filter((word) => word.toLowerCase() !== "all")[0] ?? "default";
}

/** chronyd answers nobody but those it allows; ntp.conf says the opposite, unless told. */
function finish(writer: Writer, { access, statistics, limited }: Gathered): void {
  if (statistics.size > 0) writer.line(`statistics ${[...statistics].join(" ")}`);
  const openFlags = `nomodify notrap nopeer noquery${limited ? " limited" : ""}`;
  for (const line of CLOSED) writer.line(line);
  for (const { verb, network: of, directive } of access) {
    const flags = verb === "allow" ? openFlags : "noserve nomodify notrap nopeer noquery";
    if (of === "default") {
      if (verb === "allow") writer.line("unrestrict default noserve");
      writer.line(`restrict default ${flags}`);
    } else if (parseNetwork(expanded(of)) === null) {
      writer.left(directive.text, directive.at, "names are not resolved for access lists");
    } else {
      writer.line(`restrict ${expanded(of)} ${flags}`);
    }
  }
}

/** chrony takes `10.0` and `10.0/16` for 10.0.0.0/16. */
function expanded(text: string): string {
  const [address = "", bits] = text.split("/");
  if (!/^\d+(\.\d+){0,2}$/.test(address)) return text;
  const parts = address.split(".");
  return `${[...parts, "0", "0", "0"].slice(0, 4).join(".")}/${bits ?? parts.length * 8}`;
}

/** timesyncd.conf(5) of systemd → ntp.conf. */
import { join } from "node:path";
import type { Place } from "../../security/place.ts";
import { accessLines, NOBODY } from "./access.ts";
import { foldedLines, type FoldedLine } from "./folded.ts";
import type { ConfigFiles, Translation } from "./translate.ts";
import { hostFault, Writer } from "./writer.ts";

/** One assignment. */
interface Setting {
  readonly words: readonly string[];
  readonly at: Place;
}

/** Translates timesyncd.conf, and the drop-in files beside it. */
export function translateTimesyncd(text: string, file: string, files: ConfigFiles): Translation {
  const writer = new Writer();
  const settings = settingsOf([{ file, text }, ...dropIns(file, files)], writer);
  const servers = settings.get("NTP")?.words ?? [];
  const fallback = settings.get("FallbackNTP");
  const asked = servers.length > 0 ? servers : (fallback?.words ?? []);
  const { at } = settings.get("NTP") ?? fallback ?? { at: { file, line: 1, column: 1 } };
  const polls = pollsOf(settings, writer);
  for (const server of asked) {
    const fault = hostFault(server);
    if (fault === null) writer.line(`server ${server} iburst${polls}`);
    else writer.left(server, at, fault);
  }
  if (asked.length === 0)
    writer.warn(at, "it names no server: systemd's own, or the network's by DHCP, are not known here");
  else if (servers.length > 0 && fallback !== undefined)
    writer.left(`FallbackNTP=${fallback.words.join(" ")}`, fallback.at, "all servers are asked at once here");
  const distance = settings.get("RootDistanceMaxSec");
  // systemd: 5 s unless said.
  writer.line(`tos maxdist ${Math.min(spanOf(distance, "RootDistanceMaxSec", writer) ?? 5, FOREVER)}`);
  // It follows one server, steps at any offset beyond 0.4 s, and answers nobody.
  writer.line("tos minsane 1");
  writer.line("tinker step 0.4 panic 0");
  for (const line of accessLines(NOBODY)) writer.line(line);
  return writer.done(file);
}

/** What is understood, and what changes nothing here. */
const KNOWN: ReadonlySet<string> = new Set([
  "NTP",
  "FallbackNTP",
  "RootDistanceMaxSec",
  "PollIntervalMinSec",
  "PollIntervalMaxSec",
  "ConnectionRetrySec",
  "SaveIntervalSec",
]);

/** Of these what comes again is added, and an empty one takes all back (systemd.syntax); of others the last one counts. */
const LISTS: ReadonlySet<string> = new Set(["NTP", "FallbackNTP"]);

/** One file's name and text. */
interface NamedText {
  readonly file: string;
  readonly text: string;
}

/** `timesyncd.conf.d/*.conf`, which have the last word, by their names' order (systemd's CONFIGURATION DIRECTORIES). */
function dropIns(file: string, files: ConfigFiles): readonly NamedText[] {
  const folder = `${file}.d`;
  let names: readonly string[];
  try {
    names = files.list(folder).filter((name) => name.endsWith(".conf"));
  } catch {
    // Most have none.
    return [];
  }
  return names
    .toSorted()
    .map((name) => join(folder, name))
    .map((path) => ({ file: path, text: files.read(path) }));
}

function settingsOf(texts: readonly NamedText[], writer: Writer): ReadonlyMap<string, Setting> {
  const settings = new Map<string, Setting>();
  for (const { file, text } of texts) {
    let section: string | null = null;
    for (const line of foldedLines(text.replace(/^\uFEFF/, ""), /^\s*[#;]/)) {
      const named = /^\s*\[([^\]]*)\]\s*$/.exec(line.text);
      if (named !== null) section = named[1]!;
      else readSetting(line, { file, line: line.line, column: line.column }, section === "Time", settings, writer);
    }
  }
  return settings;
}

function readSetting(
  { text }: FoldedLine,
  at: Place,
  isTime: boolean,
  settings: Map<string, Setting>,
  writer: Writer,
): void {
  const [, name, value = ""] = /^\s*(\w+)\s*=\s*(.*?)\s*$/s.exec(text) ?? [];
  if (name === undefined) writer.left(text, at, "it is neither [Time] nor NAME=VALUE");
  else if (!isTime) writer.left(text, at, "it does not stand under [Time]");
  else if (!KNOWN.has(name)) writer.left(text, at, "there is nothing like it");
  else if (value === "") settings.delete(name);
  else {
    const before = LISTS.has(name) ? (settings.get(name)?.words ?? []) : [];
    settings.set(name, { words: [...before, ...value.split(/\s+/)], at });
  }
}

/** ` minpoll 5 maxpoll 11`; systemd has 32 s and 2048 s unless said. */
function pollsOf(settings: ReadonlyMap<string, Setting>, writer: Writer): string {
  const exponent = (name: string, standard: number): number => {
    const seconds = spanOf(settings.get(name), name, writer);
    return seconds === null ? standard : Math.min(Math.max(Math.round(Math.log2(Math.max(seconds, 1))), 3), 17);
  };
  const [least, most] = [exponent("PollIntervalMinSec", 5), exponent("PollIntervalMaxSec", 11)];
  return ` minpoll ${Math.min(least, most)} maxpoll ${most}`;
}

const LONG_UNITS = {
  h: 3600,
  hr: 3600,
  hour: 3600,
  hours: 3600,
  d: 86_400,
  day: 86_400,
  days: 86_400,
  w: 604_800,
  week: 604_800,
  weeks: 604_800,
  M: 2_629_800,
  month: 2_629_800,
  months: 2_629_800,
  y: 31_557_600,
  year: 31_557_600,
  years: 31_557_600,
};

const UNITS: ReadonlyMap<string, number> = new Map(
  Object.entries({
    "": 1,
    ns: 1e-9,
    nsec: 1e-9,
    usec: 1e-6,
    µs: 1e-6,
    msec: 1e-3,
    us: 1e-6,
    ms: 1e-3,
    s: 1,
    sec: 1,
    second: 1,
    seconds: 1,
    m: 60,
    min: 60,
    minute: 60,
    minutes: 60,
  }).concat(Object.entries(LONG_UNITS)),
);

/** The seconds of a setting; `null`: it is not made, or is no span of time, which is told. */
function spanOf(setting: Setting | undefined, name: string, writer: Writer): number | null {
  if (setting === undefined) return null;
  const seconds = timeSpan(setting.words);
  if (seconds === null) writer.left(`${name}=${setting.words.join(" ")}`, setting.at, "it is no span of time");
  return seconds;
}

/** Longer than any bound of ours. */
const FOREVER = 1e6;

/** `34min 8s`, seconds; `null`: no span of time (systemd.time(7)). */
function timeSpan(words: readonly string[]): number | null {
  let seconds = 0;
  let rest = words.join("");
  if (rest === "infinity") return FOREVER;
  while (rest !== "") {
    const [part, figure = "", name = ""] = /^(\d+(?:\.\d+)?)([a-zµ]*)/i.exec(rest) ?? [];
    const unit = UNITS.get(name);
    if (part === undefined || unit === undefined) return null;
    seconds += Number(figure) * unit;
    rest = rest.slice(part.length);
  }
  return seconds;
}

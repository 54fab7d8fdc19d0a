/** timesyncd.conf(5) of systemd → ntp.conf. */
import type { Place } from "../../security/place.ts";
import { accessLines, NOBODY } from "./access.ts";
import type { Translation } from "./translate.ts";
import { Writer } from "./writer.ts";

/** One assignment; of a name that comes again the values add up, and an empty one takes them back (systemd.syntax). */
interface Setting {
  readonly words: readonly string[];
  readonly at: Place;
}

/** Translates timesyncd.conf. */
export function translateTimesyncd(text: string, file: string): Translation {
  const writer = new Writer();
  const settings = settingsOf(text, file, writer);
  const servers = settings.get("NTP")?.words ?? [];
  const fallback = settings.get("FallbackNTP");
  const asked = servers.length > 0 ? servers : (fallback?.words ?? []);
  const polls = pollsOf(settings, writer);
  for (const server of asked) writer.line(`server ${server} iburst${polls}`);
  if (asked.length === 0)
    writer.warn(
      { file, line: 1, column: 1 },
      "it names no server: systemd's own, or the network's by DHCP, are not known here",
    );
  else if (servers.length > 0 && fallback !== undefined)
    writer.left(`FallbackNTP=${fallback.words.join(" ")}`, fallback.at, "all servers are asked at once here");
  const distance = settings.get("RootDistanceMaxSec");
  // systemd: 5 s unless said.
  writer.line(`tos maxdist ${distance === undefined ? 5 : (timeSpan(distance.words) ?? 5)}`);
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

function settingsOf(text: string, file: string, writer: Writer): ReadonlyMap<string, Setting> {
  const settings = new Map<string, Setting>();
  for (const [index, line] of text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .entries()) {
    const [, indent = "", name, value = ""] = /^(\s*)(\w+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    const at = { file, line: index + 1, column: indent.length + 1 };
    if (name === undefined) {
      if (!/^\s*([#;].*|\[Time\]\s*)?$/.test(line)) writer.left(line, at, "it is neither [Time] nor NAME=VALUE");
    } else if (!KNOWN.has(name)) writer.left(line, at, "there is nothing like it");
    else if (value === "") settings.delete(name);
    else settings.set(name, { words: [...(settings.get(name)?.words ?? []), ...value.split(/\s+/)], at });
  }
  return settings;
}

/** ` minpoll 5 maxpoll 11`; systemd has 32 s and 2048 s unless said. */
function pollsOf(settings: ReadonlyMap<string, Setting>, writer: Writer): string {
  const exponent = (name: string, standard: number): number => {
    const setting = settings.get(name);
    if (setting === undefined) return standard;
    const seconds = timeSpan(setting.words);
    if (seconds === null) writer.left(`${name}=${setting.words.join(" ")}`, setting.at, "it is no span of time");
    return seconds === null ? standard : Math.min(Math.max(Math.round(Math.log2(Math.max(seconds, 1))), 3), 17);
  };
  const [least, most] = [exponent("PollIntervalMinSec", 5), exponent("PollIntervalMaxSec", 11)];
  return ` minpoll ${Math.min(least, most)} maxpoll ${most}`;
}

const UNITS: ReadonlyMap<string, number> = new Map(
  Object.entries({
    "": 1,
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
  }).concat(Object.entries({ h: 3600, hr: 3600, hour: 3600, hours: 3600, d: 86_400, day: 86_400, days: 86_400 })),
);

/** `34min 8s`, seconds; `null`: no span of time (systemd.time(7)). */
function timeSpan(words: readonly string[]): number | null {
  let seconds = 0;
  let rest = words.join("");
  while (rest !== "") {
    const [part, figure = "", name = ""] = /^(\d+(?:\.\d+)?)([a-z]*)/.exec(rest) ?? [];
    const unit = UNITS.get(name);
    if (part === undefined || unit === undefined) return null;
    seconds += Number(figure) * unit;
    rest = rest.slice(part.length);
  }
  return seconds;
}

/**
 * A line of whatever a time daemon has written down, as a row: ntpd's and NTPsec's loopstats, peerstats, rawstats and sysstats
 * (ours are the same), chrony's tracking, measurements and statistics, and our own `--json` lines. Which it is a line tells by its shape.
 *
 * Offsets are the server's time less the local clock's, wherever they come from; chrony's tracking and statistics have the other sign.
 */
import type { Seconds } from "../time/seconds.ts";

/** What is known of a moment. Moments are seconds since 1970. */
export type Row =
  | {
      readonly kind: "clock";
      readonly at: Seconds;
      readonly offset: Seconds;
      /** Correction of the oscillator's frequency, ppm. */
      readonly frequency: number | null;
      readonly jitter: Seconds | null;
    }
  | {
      readonly kind: "server";
      readonly at: Seconds;
      readonly server: string;
      readonly offset: Seconds;
      readonly delay: Seconds | null;
      readonly dispersion: Seconds | null;
      /** What became of it, where that was written down. */
      readonly verdict: Followed | null;
    }
  | {
      /** What a daemon's clients asked of it: packets since it began to count them. */
      readonly kind: "service";
      readonly at: Seconds;
      /** How long it has counted. */
      readonly since: Seconds;
      readonly received: number;
      /** Not answered: access was denied, the MAC was wrong, it was no packet, or it was declined. */
      readonly refused: number;
      /** Answered by none or by a kiss, since they came too often. */
      readonly limited: number;
    };

/** Whether a server was followed, would do, or was not believed. */
export type Followed = "followed" | "good" | "refused";

/** Why a line is none. */
export type Unread = "comment" | "foreign" | "broken";

/** MJD of 1970-01-01. */
const UNIX_DAY = 40_587;
/** Seconds from 1900 to 1970. */
const ERA = 2_208_988_800;
/** No statistics are older than NTP, and none of the next century. */
const [FIRST, LAST] = [315_532_800, 4_102_444_800];
/** Seconds of a day with a leap second. */
export const LONGEST_DAY = 86_401;
/** Beyond this it is no offset: an era of NTP. */
const FARTHEST: Seconds = 2 ** 32;

/** Reads a line, without its line feed. */
export function readLine(line: string): Row | Unread {
  const text = line.trim();
  if (text === "" || text.startsWith("#") || text.startsWith("=")) return "comment";
  if (text.startsWith("{")) return readJson(text);
  const words = text.split(/\s+/);
  const row = readStats(words) ?? readChrony(words) ?? "foreign";
  return typeof row === "string" || isSound(row) ? row : "broken";
}

/** A moment that ntpd writes down: the modified Julian day, and the second of it. */
export function momentOf(day: number, second: number): Seconds {
  return (day - UNIX_DAY) * 86_400 + second;
}

/** What became of a server, by the select field of its status word. */
export function verdictOf(status: number): Followed {
  const select = (status >> 8) & 7;
  return select >= 6 ? "followed" : select >= 3 ? "good" : "refused";
}

/** ntpd's: the day, the second of it, and then by how much there is. */
function readStats(words: readonly string[]): Row | Unread | null {
  if (!/^\d{5}$/.test(words[0]!) || !/^\d+(?:\.\d+)?$/.test(words[1] ?? "")) return null;
  if (Number(words[1]) >= LONGEST_DAY) return "broken";
  const at = momentOf(Number(words[0]), Number(words[1]));
  if (words.length === 7) {
    const [offset, frequency, jitter] = numbers(words.slice(2)) ?? [];
    return offset === undefined ? "broken" : { kind: "clock", at, offset, frequency: frequency!, jitter: jitter! };
  }
  if (words.length === 13 && words.slice(2).every((word) => /^\d{1,15}$/.test(word))) return service(words, at);
  if (words.length === 8 && /^[\da-f]{3,4}$/i.test(words[3]!)) return peer(words, at);
  return words.length >= 8 && /^\d{8,}\.\d+$/.test(words[4]!) ? raw(words, at) : "foreign";
}

function peer([, , server, status, ...rest]: readonly string[], at: Seconds): Row | Unread {
  const [offset, delay, dispersion] = numbers(rest.slice(0, 4)) ?? [];
  if (offset === undefined) return "broken";
  const verdict = verdictOf(Number.parseInt(status!, 16));
  return { kind: "server", at, server: server!, offset, delay: delay!, dispersion: dispersion!, verdict };
}

/** Counts, as ntpd's `sysstats` names them. */
function service(words: readonly string[], at: Seconds): Row | Unread {
  const [since, received, , , , denied, misshapen, forged, declined, limited] = words.slice(2).map(Number);
  if (since === 0) return "broken";
  const refused = denied! + misshapen! + forged! + declined!;
  return { kind: "service", at, since: since!, received: received!, refused, limited: limited! };
}

/** Four timestamps of an exchange. Taken whole seconds first, for a number has no nanoseconds of those since 1900. */
function raw([, , server, , ...stamps]: readonly string[], at: Seconds): Row | Unread {
  const parts = stamps.slice(0, 4).map((stamp) => stamp.split("."));
  const [t1, t2, t3, t4] = parts.map(
    ([whole, part]) => Number(whole) - ERA - Math.floor(at) + Number(`0.${part ?? 0}`),
  );
  if (parts.some(([whole]) => Number(whole) === 0)) return "broken";
  const [out, back] = [t2! - t1!, t3! - t4!];
  return {
    kind: "server",
    at,
    server: server!,
    offset: (out + back) / 2,
    delay: out - back,
    dispersion: null,
    verdict: null,
  };
}

/** chrony's: the date, the time, the server, and then by how many columns there are. */
function readChrony(words: readonly string[]): Row | Unread | null {
  const [date, time, server] = words;
  if (date === "Date") return "comment";
  if (!/^\d{4}-\d\d-\d\d$/.test(date!)) return null;
  const at = dateOf(`${date}T${time}Z`);
  if (at === null) return "broken";
  if (words.length >= 13 && /^[N+\-?]$/.test(words[7] ?? "") && /^\d+$/.test(words[8]!)) {
    const [frequency, , offset, jitter] = numbers([words[4]!, words[5]!, words[6]!, words[9]!]) ?? [];
    // What chrony calls the frequency is how fast the clock would run; what corrects it has the other sign.
    return offset === undefined
      ? "broken"
      : { kind: "clock", at, offset: 0 - offset, frequency: 0 - frequency!, jitter: jitter! };
  }
  if (words.length >= 16 && /^[NIDU+\-?]$/.test(words[3]!)) {
    const [offset, delay, dispersion] = numbers(words.slice(11, 14)) ?? [];
    const passed = /^1+$/.test(words.slice(5, 8).join(""));
    return offset === undefined
      ? "broken"
      : {
          kind: "server",
          at,
          server: server!,
          offset,
          delay: delay!,
          dispersion: dispersion!,
          verdict: passed ? "good" : "refused",
        };
  }
  if (words.length === 13) {
    const [deviation, offset] = numbers(words.slice(3, 5)) ?? [];
    return offset === undefined
      ? "broken"
      : { kind: "server", at, server: server!, offset: 0 - offset, delay: null, dispersion: deviation!, verdict: null };
  }
  return "foreign";
}

/** A date in ISO 8601; `null` for one that cannot be, as 30 February, which `Date` takes for one of March. */
function dateOf(text: string): Seconds | null {
  const milliseconds = Date.parse(text);
  const isReal = Number.isFinite(milliseconds) && new Date(milliseconds).toISOString().startsWith(text.slice(0, 10));
  return isReal ? milliseconds / 1000 : null;
}

/** Our own documents: the system's offset, by when it was told, for those of `watch` are all of one run. */
function readJson(text: string): Row | Unread {
  try {
    const { schema, startedAt, elapsed, clock } = JSON.parse(text) as {
      readonly schema?: unknown;
      readonly startedAt?: unknown;
      readonly elapsed?: unknown;
      readonly clock?: { readonly offset?: unknown; readonly jitter?: unknown } | null;
    };
    if (typeof schema !== "string" || !schema.startsWith("ntpkit/")) return "foreign";
    if (typeof startedAt !== "string" || typeof clock?.offset !== "number") return "foreign";
    const began = dateOf(startedAt.replace(/(\.\d{3})\d+/, "$1"));
    if (began === null) return "broken";
    const row: Row = {
      kind: "clock",
      at: began + (typeof elapsed === "number" ? elapsed : 0),
      offset: clock.offset,
      frequency: null,
      jitter: typeof clock.jitter === "number" ? clock.jitter : null,
    };
    return isSound(row) ? row : "broken";
  } catch {
    return "broken";
  }
}

/** All of them as numbers; `null` where one is none. */
function numbers(words: readonly string[]): readonly number[] | null {
  const values = words.map((word) => (/^[+-]?[\d.]+(?:e[+-]?\d+)?$/i.test(word) ? Number(word) : Number.NaN));
  return values.every(Number.isFinite) ? values : null;
}

/** Whether it is of a time and a size that can be. */
export function isSound(row: Row): boolean {
  if (!(row.at >= FIRST && row.at < LAST)) return false;
  if (row.kind === "service") return true;
  const [one, other] = row.kind === "server" ? [row.delay, row.dispersion] : [row.frequency, row.jitter];
  return Math.abs(row.offset) < FARTHEST && isFigure(one) && isFigure(other);
}

function isFigure(value: number | null): boolean {
  return value === null || Number.isFinite(value);
}

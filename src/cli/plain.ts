/** Plain ASCII for a locale that has nothing else (`LC_ALL=C`, a Latin-1 terminal): our own signs, as they were typed before. */
import type { Io, Sink } from "./io.ts";

/** Our signs, and what stands for each; of the same width wherever they stand in columns. */
const SIGNS: ReadonlyMap<string, string> = new Map([
  ["±", "+/-"],
  ["µ", "u"],
  ["…", "..."],
  ["≤", "<="],
  ["≥", ">="],
  ["─", "-"],
  ["│", "|"],
  ["└", "+"],
  ["├", "|"],
  ["┤", "|"],
  ["░", ":"],
  ["▒", "#"],
  ["█", "#"],
  ["●", "o"],
  ["·", "."],
  ["▲", "^"],
  ["▼", "v"],
  ["◀", "<"],
  ["▶", ">"],
]);

const ANY_SIGN = new RegExp(`[${[...SIGNS.keys()].join("")}]`, "gu");

/** Whether a locale is named that has no UTF-8. Where none is named, as in many containers, terminals have it all the same. */
export function isPlain({ LC_ALL, LC_CTYPE, LANG }: Io["env"]): boolean {
  const locale = [LC_ALL, LC_CTYPE, LANG].find((name) => name !== undefined && name !== "");
  return locale !== undefined && !/utf-?8/i.test(locale);
}

/** Text in plain ASCII, as far as it is ours; what a file or a server calls itself is left as it is. */
export function plain(text: string): string {
  // A heading keeps its column.
  return text.replaceAll(/ {3}±/g, " +/-").replaceAll(ANY_SIGN, (sign) => SIGNS.get(sign)!);
}

/** The same surroundings, written to in plain ASCII. JSON is UTF-8 whatever the locale. */
export function plainly(io: Io): Io {
  return { ...io, out: sink(io.out), err: sink(io.err), onStop: (listener) => io.onStop(listener) };
}

function sink(under: Sink): Sink {
  return {
    write: (text) => under.write(plain(text)),
    get isTerminal() {
      return under.isTerminal;
    },
    get columns() {
      return under.columns;
    },
    get rows() {
      return under.rows ?? null;
    },
  };
}

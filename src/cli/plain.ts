/** Plain ASCII for a locale that has nothing else (`LC_ALL=C`, a Latin-1 terminal): our own signs, as they were typed before. */
import type { Io, Sink } from "./io.ts";

/** Our signs, and what stands for each; of the same width wherever they stand in columns, or see {@link plain}. */
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
  ["✓", "+"],
  ["✗", "x"],
  ["×", "x"],
]);

const ANY_SIGN = new RegExp(`[${[...SIGNS.keys()].join("")}]`, "gu");

/** Whether a locale is named that has no UTF-8. Where none is named, as in many containers, terminals have it all the same. */
export function isPlain({ LC_ALL, LC_CTYPE, LANG }: Io["env"]): boolean {
  const locale = [LC_ALL, LC_CTYPE, LANG].find((name) => name !== undefined && name !== "");
  return locale !== undefined && !/utf-?8/i.test(locale);
}

/** Over a column of figures; they stand at its right, behind blanks and the beginnings of colours. */
const HEADING = /( +)((?:\p{Cc}\[[\d;]*m)*) {2}±/gu;
/** Over a column that has none, between two others. */
const NARROW_HEADING = / {2}±((?:\p{Cc}\[[\d;]*m)*) {2}/gu;
/** What was taken out of a name, or off its end, in a column. */
const CUT = /(?<=\S)…(?=[\w:.-]|\]:| {2})/g;

/**
 * Text in plain ASCII, as far as it is ours; what a file or a server calls itself is left as it is. Tables keep their width, and no
 * other line becomes longer by more than {@link LONGER}.
 */
export function plain(text: string): string {
  return text
    .replaceAll(HEADING, (_, blanks: string, colours: string) => `${blanks.slice(1)}${colours} +/-`)
    .replaceAll(NARROW_HEADING, " +/-$1 ")
    .replaceAll(CUT, "~")
    .replaceAll(ANY_SIGN, (sign) => SIGNS.get(sign)!);
}

/** A sentence has one ± at most. */
const LONGER = 2;

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
      return under.columns === null ? null : under.columns - LONGER;
    },
    get rows() {
      return under.rows ?? null;
    },
  };
}

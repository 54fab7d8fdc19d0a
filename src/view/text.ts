/** Numbers and names as people read them: units and signs chosen here and nowhere else, and nothing hostile let through. */
import type { Seconds } from "../time/seconds.ts";
import { DIGITS } from "../time/timestamp.ts";

/** Where there is nothing to show. */
export const NOTHING = "-";

/**
 * A duration in the unit that suits it, four digits or so.
 * @param seconds signed; `null`, NaN: unknown
 * @returns e.g. `250.0 ms`, `-12.3 µs`, `1.500 s`
 */
export function durationText(seconds: Seconds | null): string {
  if (seconds === null || Number.isNaN(seconds)) return NOTHING;
  const size = Math.abs(seconds);
  if (size === Infinity) return seconds < 0 ? "-inf" : "inf";
  for (const { unit, from, each, digits } of SCALES)
    if (size >= from) return `${fixed(seconds / each, digits)} ${unit}`;
  return "0 s";
}

/** What a fraction of so many digits is counted in. */
const PLACES = [1, 10, 100, 1000] as const;
/** So near to a half the product of doubles may be on the wrong side of it. */
const DOUBT = 1e-3;

/** What `toFixed` gives, for up to three digits, in a third of its time: lists and captures have thousands of figures. */
function fixed(value: number, digits: number): string {
  const places = PLACES[digits];
  const scaled = Math.abs(value) * (places ?? Infinity);
  const rounded = Math.round(scaled);
  if (places === undefined || !(scaled < 1e9) || rounded === 0) return value.toFixed(digits);
  if (Math.abs(scaled - Math.floor(scaled) - 0.5) < DOUBT) return value.toFixed(digits);
  const whole = Math.floor(rounded / places);
  const signed = value < 0 ? `-${whole}` : `${whole}`;
  return digits === 0 ? signed : `${signed}.${DIGITS[rounded - whole * places]!.slice(-digits)}`;
}

/** Where each unit begins, and how many digits after its point. The bounds are where rounding would carry over. */
const SCALES: readonly {
  readonly unit: string;
  readonly from: number;
  readonly each: number;
  readonly digits: number;
}[] = [
  { unit: "s", from: 99.9995, each: 1, digits: 1 },
  { unit: "s", from: 0.99995, each: 1, digits: 3 },
  { unit: "ms", from: 0.0999995, each: 1e-3, digits: 1 },
  { unit: "ms", from: 0.00099995, each: 1e-3, digits: 2 },
  { unit: "µs", from: 0.000009995, each: 1e-6, digits: 1 },
  { unit: "µs", from: 0.0000009995, each: 1e-6, digits: 2 },
  { unit: "ns", from: 0.5e-9, each: 1e-9, digits: 0 },
];

/** A duration with its sign always shown, as offsets are. */
export function signedText(seconds: Seconds | null): string {
  const text = durationText(seconds);
  return seconds !== null && seconds > 0 ? `+${text}` : text;
}

/**
 * Offsets of one scale, in one unit and with as many digits as tell them apart; at most nanoseconds.
 * @param seconds different ones, finite
 */
export function axisTexts(seconds: readonly Seconds[]): readonly string[] {
  const most = Math.max(...seconds.map(Math.abs));
  const { unit, each, digits } = SCALES.find(({ from }) => most >= from) ?? SCALES.at(-1)!;
  const finest = Math.round(Math.log10(each)) + 9;
  for (let places = digits; ; places += 1) {
    const texts = seconds.map((value) => `${value > 0 ? "+" : ""}${(value / each).toFixed(places)} ${unit}`);
    if (new Set(texts).size === texts.length || places >= finest) return texts;
  }
}

/** Days, hours and minutes of a long duration; `null` where the seconds say it well enough. */
export function longText(seconds: Seconds): string | null {
  let rest = Math.round(Math.abs(seconds));
  if (rest < 120 || rest === Infinity) return null;
  const parts: string[] = [];
  for (const [each, unit] of [
    [86_400, "d"],
    [3600, "h"],
    [60, "min"],
    [1, "s"],
  ] as const) {
    const count = Math.floor(rest / each);
    rest -= count * each;
    if (count > 0) parts.push(`${count} ${unit}`);
  }
  return parts.slice(0, 2).join(" ");
}

/** `1 server`, `3 servers`. */
export function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? "" : "s"}`;
}

/** A name of ours as words, for tables: `outside intersection` for `outsideIntersection`. */
export function inWords(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(items: readonly string[]): string {
  return items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)!}`;
}

/**
 * A line as lines of a terminal, broken between words; those behind the first stand in a little.
 * @param width columns; `null`: no terminal, and the line stays whole
 */
export function wrapped(line: string, width: number | null): readonly string[] {
  if (width === null || line.length <= width) return [line];
  const lines: string[] = [];
  let last = "";
  for (const word of line.split(" ")) {
    const longer = last === "" ? word : `${last} ${word}`;
    if (last.trim() === "" || longer.length <= width) last = longer;
    else {
      lines.push(last);
      last = `  ${word}`;
    }
  }
  return [...lines, last];
}

/**
 * Text from the network or a file, safe on a terminal: control characters, and those that reorder or hide what stands
 * round them, become `\xNN` or `\u{NNNN}`.
 */
export function printable(text: string): string {
  return PLAINLY.test(text)
    ? text
    : text.replace(UNSAFE, (character) => {
        const code = character.codePointAt(0)!;
        return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
      });
}

/** The same of a text of lines, which keeps its line ends and tabs. */
export function printableLines(text: string): string {
  return text.replaceAll(/[^\n\t]+/g, printable);
}

/** What nearly every text is, which is found out faster. */
const PLAINLY = /^[ -~]*$/;
// C0, DEL and C1; format and private characters (bidirectional overrides, zero-width); separators of lines; lone surrogates.
const UNSAFE = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu;

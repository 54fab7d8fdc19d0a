/** What an option is. The options are rows of one table, `rows.ts`; the types of what commands are given follow from them. */
import type { IntegerBounds } from "../../config/bounds.ts";
import { parseDuration, parseInteger, plainDuration, type DurationBounds } from "../../config/values.ts";

/**
 * One option. Of `whole`, `duration`, `choices` and `read` one says how its value is read; with none of them, but with
 * `takes`, it is text as it stands, and without `takes` it is a switch.
 */
export interface Row {
  /** E.g. `--dry-run`; `--no-clock` switches off what is on. */
  readonly flag: `--${string}`;
  /** E.g. `-n`. */
  readonly short?: `-${string}`;
  /** The word for its value in the help. */
  readonly takes?: string;
  readonly text: string;
  readonly whole?: IntegerBounds;
  readonly duration?: DurationBounds;
  readonly choices?: readonly string[];
  /** Reads the value; throws a UsageError that begins with the flag. */
  readonly read?: (text: string, flag: string) => unknown;
  /** What counts where it is not given; of a duration in seconds. */
  readonly standard?: number | string;
  /** Its value may be left out, and is then this, as it would be typed; `true`: that it was left out. */
  readonly without?: string | true;
  /** It may be given again: its value is a list. */
  readonly again?: true;
  /** The flags that exclude it. */
  readonly excludes?: readonly `--${string}`[];
  /** The word of ntp.conf that says the same. */
  readonly conf?: string;
}

/** The property that commander makes of a flag: `--dry-run` is `dryRun`, `--no-clock` is `clock`. */
export type Property<Flag extends string> = Flag extends `--no-${infer Name}`
  ? Camel<Name>
  : Flag extends `--${infer Name}`
    ? Camel<Name>
    : never;

type Camel<Name extends string> = Name extends `${infer First}-${infer Rest}`
  ? `${First}${Capitalize<Camel<Rest>>}`
  : Name;

/** What an option parses to. */
export type Parsed<R> = R extends { readonly again: true } ? readonly Single<R>[] : Single<R>;

type Single<R> = Value<R> | (R extends { readonly without: true } ? true : never);

type Value<R> = R extends { readonly whole: unknown } | { readonly duration: unknown }
  ? number
  : R extends { readonly choices: readonly (infer Choice)[] }
    ? Choice
    : R extends { readonly read: (text: string, flag: string) => infer T }
      ? T
      : R extends { readonly takes: string }
        ? string
        : boolean;

/** {@link Property}, of a flag as it is. */
export function propertyOf(flag: string): string {
  return flag.replace(/^--(no-)?/, "").replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** As commander writes flags, e.g. `-n, --dry-run`, `--state [path]`. */
export function flagsOf({ flag, short, takes, without }: Row): string {
  const value = takes === undefined ? "" : without === undefined ? ` <${takes}>` : ` [${takes}]`;
  return `${short === undefined ? "" : `${short}, `}${flag}${value}`;
}

/** What it is for, and what counts where it is not given, for the help. */
export function helpText(row: Row): string {
  const notes = [
    ...(row.choices === undefined ? [] : [`one of ${row.choices.join(", ")}`]),
    ...(typeof row.without === "string" ? [`alone: ${row.without}`] : []),
    ...(row.standard === undefined ? [] : [standardText(row)!]),
  ];
  return notes.length === 0 ? row.text : `${row.text} (${notes.join("; ")})`;
}

/** What counts where it is not given, as it would be typed. */
export function standardText({ standard, duration }: Row): string | null {
  if (standard === undefined) return null;
  return duration !== undefined && typeof standard === "number" ? plainDuration(standard) : `${standard}`;
}

/**
 * Reads a value as it was typed.
 * @param before what was given already of an option that may be given again
 * @throws UsageError
 */
export function readValue(row: Row, text: string, before: unknown): unknown {
  const value = singleValue(row, text);
  return row.again === true ? [...((before as readonly unknown[] | undefined) ?? []), value] : value;
}

function singleValue({ flag, whole, duration, read }: Row, text: string): unknown {
  if (whole !== undefined) return parseInteger(text, flag, whole.least, whole.most);
  if (duration !== undefined) return parseDuration(text, flag, duration);
  return read === undefined ? text : read(text, flag);
}

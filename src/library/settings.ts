/**
 * What programs may say: the options of the command by their names, as values instead of text. Checked by the rows that the command
 * line is read by, so that names, choices and bounds are the same: what is written otherwise would do nothing, in silence.
 */
import { checkOnceOptions } from "../config/bounds.ts";
import type { OnceOptions } from "../config/options.ts";
import { didYouMean } from "../config/suggest.ts";
import { UsageError } from "../config/usage.ts";
import { own } from "../wire/own.ts";
import { LONGEST } from "../config/values.ts";
import { GROUPS, offered, type CommandName } from "../cli/options/offers.ts";
import { propertyOf, readValue, type Row } from "../cli/options/row.ts";
import { ROWS } from "../cli/options/rows.ts";

/** Options that are for people: what is printed, and how. */
const PRINTED: ReadonlySet<string> = new Set([
  ...[...GROUPS.output.rows, ...GROUPS.figures.rows].map((name) => propertyOf(ROWS[name].flag)),
  "compat",
  "svg",
  "html",
  "wide",
  "wideRemote",
  "associations",
  "watch",
  "hostname",
  "pluginTimeout",
  "spread",
]);
/** Two switches of the command line are one setting. */
const SWITCHES: ReadonlySet<string> = new Set(["ipv4", "ipv6", "step", "slew"]);

/** What is the same whatever command it is of. */
interface Kind {
  readonly is: (value: unknown) => boolean;
  readonly words: string;
}

const FLAG: Kind = { is: (value) => typeof value === "boolean", words: "true or false" };
const TEXT: Kind = { is: (value) => typeof value === "string" && value !== "", words: "text" };
const FUNCTION: Kind = { is: (value) => typeof value === "function", words: "a function" };
/** Signals come from other realms, too, as test runners have them. */
const SIGNAL: Kind = {
  is(value) {
    const { aborted, addEventListener } = (value ?? {}) as Partial<AbortSignal>;
    return typeof aborted === "boolean" && typeof addEventListener === "function";
  },
  words: "an AbortSignal",
};

/** Settings that are no option, or another than on the command line, by the functions that have them. */
const OWN: Readonly<Record<string, Kind>> = {
  signal: SIGNAL,
  onNotes: FUNCTION,
  family: { is: (value) => value === 4 || value === 6, words: "4 or 6" },
  method: { is: (value) => value === "step" || value === "slew", words: "step or slew" },
  maxStep: { is: (value) => typeof value === "object" && value !== null, words: "{ forward, backward }" },
  wait: FLAG,
  state: { is: (value) => TEXT.is(value) || FLAG.is(value), words: "the path of a file, true or false" },
};

/** What a function takes: its rows by their properties, and what is its own. */
export interface Accepted {
  /** As errors name it, e.g. `query`. */
  readonly title: string;
  readonly command: CommandName;
  /** Settings of its own, by the names above. */
  readonly own: readonly string[];
  /** Options of the command that it does not have. */
  readonly without?: readonly string[];
}

/**
 * Checks settings, whoever wrote them.
 * @returns the options of the command, as the command line would have parsed them; settings of the function's own are left out
 * @throws UsageError for the first that is not one, or is not what it may be
 */
export function optionsOf(accepted: Accepted, settings: unknown): Record<string, unknown> {
  const rows = rowsOf(accepted);
  checkNames(accepted.title, [...rows.keys(), ...accepted.own].toSorted(), settings);
  const given = Object.entries(settings).filter(([, value]) => value !== undefined);
  // `--no-auth`: what is switched off is on unless it is said to be off.
  const options: Record<string, unknown> = { ...switchedOn(rows) };
  for (const [name, value] of given) {
    const kind = accepted.own.includes(name) ? own(OWN, name) : undefined;
    if (kind !== undefined) check(name, value, kind);
    else options[name] = valueOf(rows.get(name)!, name, value);
  }
  checkExclusions(rows, options);
  checkOnceOptions({ maxStep: (settings as OnceOptions).maxStep } as OnceOptions);
  return options;
}

/**
 * Checks settings of a function that has only some of its own, whoever wrote them.
 * @throws UsageError as `optionsOf`
 */
export function checkOwn(title: string, names: readonly string[], settings: unknown): void {
  checkNames(title, names, settings);
  for (const [name, value] of Object.entries(settings)) if (value !== undefined) check(name, value, own(OWN, name)!);
}

function checkNames(title: string, names: readonly string[], settings: unknown): asserts settings is object {
  if (typeof settings !== "object" || settings === null || Array.isArray(settings))
    throw new UsageError(`${title}: the settings are not an object`, "leave them out for the defaults");
  const strange = Object.keys(settings).find((name) => !names.includes(name));
  if (strange === undefined) return;
  const hint = didYouMean(strange, names) ?? `there is ${names.join(", ")}`;
  throw new UsageError(`${title}: there is no setting "${strange}"`, hint);
}

/** The rows of a command that programs have, by their properties. */
function rowsOf({ command, own: itsOwn, without = [] }: Accepted): ReadonlyMap<string, Row> {
  const rows = offered(command).flatMap(({ rows: all }) => all);
  const left = new Set([...itsOwn, ...without]);
  return new Map(
    rows.flatMap((row) => {
      const name = propertyOf(row.flag);
      return PRINTED.has(name) || SWITCHES.has(name) || left.has(name) ? [] : [[name, row] as const];
    }),
  );
}

function switchedOn(rows: ReadonlyMap<string, Row>): Record<string, boolean> {
  const off = [...rows].filter(([, { flag }]) => flag.startsWith("--no-"));
  return Object.fromEntries(off.map(([name]) => [name, true]));
}

/** A value as the row would have read it. */
function valueOf(row: Row, name: string, value: unknown): unknown {
  if (row.again === true && Array.isArray(value))
    return value.reduce<unknown>((before, one) => readValue(row, text(row, name, one), before), []);
  if (row.whole !== undefined) return checkWhole(row, name, value);
  if (row.duration !== undefined) return checkDuration(row, name, value);
  if (row.choices !== undefined) {
    const { choices } = row;
    return check(name, value, { is: (one) => choices.includes(one as string), words: oneOf(choices) });
  }
  if (row.takes === undefined) return check(name, value, FLAG);
  const typed = typeof value === "number" && row.takes === "hops" ? `${value}` : text(row, name, value);
  return readValue({ ...row, flag: name as Row["flag"] }, typed, undefined);
}

/** What text is to name, by the word for it in the help. */
const NAMED: Readonly<Record<string, string>> = { file: "the path of a file", name: "the name of an interface" };

function text({ takes }: Row, name: string, value: unknown): string {
  return check(name, value, { is: TEXT.is, words: own(NAMED, takes ?? "") ?? TEXT.words }) as string;
}

function oneOf(choices: readonly string[]): string {
  return `${choices.slice(0, -1).join(", ")} or ${choices.at(-1)!}`;
}

function checkWhole({ whole }: Row, name: string, value: unknown): unknown {
  const { least, most } = whole!;
  const is = (one: unknown): boolean => Number.isInteger(one) && (one as number) >= least && (one as number) <= most;
  return check(name, value, { is, words: `a whole number from ${least} to ${most}` });
}

function checkDuration({ duration }: Row, name: string, value: unknown): unknown {
  const { least = 0, most = LONGEST, infinite = false } = duration!;
  const words = `a number of seconds, from ${least} to ${most}${infinite ? ", or Infinity" : ""}`;
  const is = (one: unknown): boolean =>
    typeof one === "number" && ((infinite && one === Infinity) || (one >= least && one <= most));
  return check(name, value, { is, words });
}

function check(name: string, value: unknown, { is, words }: Kind): unknown {
  if (is(value)) return value;
  const hint =
    typeof value === "string" && /number/.test(words)
      ? "a program gives it as a number, not as text"
      : "leave it out for the default";
  throw new UsageError(`${name}: ${shown(value)} is not ${words}`, hint);
}

function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

/** @throws UsageError for two settings of which one rules the other out */
function checkExclusions(rows: ReadonlyMap<string, Row>, options: Readonly<Record<string, unknown>>): void {
  const isGiven = (name: string): boolean => options[name] !== undefined && options[name] !== false;
  for (const [name, { excludes = [] }] of rows) {
    const other = excludes.map(propertyOf).find((one) => rows.has(one) && isGiven(one));
    if (isGiven(name) && other !== undefined) throw new UsageError(`${name} and ${other} exclude each other`);
  }
}

/** `family` as the switches of the command line. */
export function familySwitches(family: 4 | 6 | undefined): { readonly ipv4?: true; readonly ipv6?: true } {
  return family === 4 ? { ipv4: true } : family === 6 ? { ipv6: true } : {};
}

/**
 * Reads whom or what a function is told to ask.
 * @param plural what they are, for errors
 * @throws UsageError for names that are no text
 */
export function namesOf(plural: string, named: unknown): readonly string[] {
  const names: readonly unknown[] = Array.isArray(named) ? named : [named];
  if (!names.every((name): name is string => typeof name === "string"))
    throw new UsageError(`${plural}: they are named by text, or by a list of texts`, 'as in ["ntp.example.net"]');
  return names;
}

/** Reads ntp.conf text by the table of `commands.ts` into statements; says what is wrong at file:line:column. */
import { didYouMean } from "../suggest.ts";
import { UsageError, type Place } from "../usage.ts";
import { COMMANDS, type CommandSyntax, type OptionSyntax } from "./commands.ts";
import { splitLines, type Line, type Word } from "./words.ts";

/** One line that was understood. */
export interface Statement {
  readonly command: string;
  readonly at: Place;
  /** What stood before the options: a host, a file, key identifiers. */
  readonly operands: readonly Word[];
  /** The line from the first operand on, as it stands. */
  readonly rest: string;
  /** `-4` or `-6` before the host. */
  readonly family: 4 | 6 | null;
  /** Options given, with their value; flags are `true`. */
  readonly options: ReadonlyMap<string, number | string | true>;
}

/** Something worth telling about a file that can still be used. */
export interface Remark {
  /** `note` is said with -v only. */
  readonly level: "warning" | "note";
  readonly text: string;
  readonly at: Place;
}

/** What a file says. */
export interface Statements {
  readonly statements: readonly Statement[];
  readonly remarks: readonly Remark[];
}

/** How to read. */
export interface ParseOptions {
  /** Reads an included file; `from` is the file that includes it. Returns its name and text, throws what the system said. */
  readonly include: (path: string, from: string) => { readonly file: string; readonly text: string };
  /** True for the daemon: an unknown command is an error, not a warning. */
  readonly strict: boolean;
}

/** ntpd's bound on files that include files (ntp_config.h MAXINCLUDELEVEL). */
const DEEPEST_INCLUDE = 5;

/**
 * Reads a configuration file.
 * @param text its contents
 * @param file its name for messages
 * @throws UsageError with file:line:column on the first thing that cannot be used
 */
export function parseNtpConf(text: string, file: string, options: ParseOptions): Statements {
  const statements: Statement[] = [];
  const remarks: Remark[] = [];
  read(text, file, 0);
  return { statements, remarks };

  function read(part: string, name: string, depth: number): void {
    for (const line of splitLines(part, name)) readLine(line, depth);
  }

  function readLine(line: Line, depth: number): void {
    const [word, ...rest] = line.words;
    const syntax = Object.hasOwn(COMMANDS, word.text) ? COMMANDS[word.text] : undefined;
    if (syntax === undefined) return unknown(word);
    if (syntax.use !== "used") {
      remarks.push({ level: syntax.use === "warned" ? "warning" : "note", text: `"${word.text}" is left out: ${syntax.text}`, at: word.at });
      return;
    }
    const statement = readStatement(line, rest, syntax, remarks);
    if (statement === null) return;
    if (word.text === "includefile") includeFile(statement.operands[0]!, depth);
    else statements.push(statement);
  }

  function unknown(word: Word): void {
    const hint = didYouMean(word.text, Object.keys(COMMANDS));
    if (options.strict) throw new UsageError(`unknown command "${word.text}"`, hint, word.at);
    remarks.push({ level: "warning", text: `unknown command "${word.text}" is left out${hint === null ? "" : `; ${hint}`}`, at: word.at });
  }

  function includeFile(path: Word, depth: number): void {
    if (depth >= DEEPEST_INCLUDE) throw new UsageError(`files are included more than ${DEEPEST_INCLUDE} deep`, "does a file include itself?", path.at);
    let included;
    try {
      included = options.include(path.text, path.at.file);
    } catch (error) {
      throw new UsageError(`cannot read "${path.text}": ${error instanceof Error ? error.message : String(error)}`, null, path.at);
    }
    read(included.text, included.file, depth + 1);
  }
}

/** One line by its syntax; `null` where an option says that the line must be left out. */
function readStatement(line: Line, words: readonly Word[], syntax: CommandSyntax, remarks: Remark[]): Statement | null {
  const command = line.words[0];
  const { family, operands, rest } = readOperands(command, words, syntax);
  const values = new Map<string, number | string | true>();
  let dropped: string | null = null;
  for (let index = 0; index < rest.length; index++) {
    const word = rest[index]!;
    const option = Object.hasOwn(syntax.options, word.text) ? syntax.options[word.text] : undefined;
    if (option === undefined) {
      throw new UsageError(`unknown option "${word.text}" of "${command.text}"`, didYouMean(word.text, Object.keys(syntax.options)), word.at);
    }
    values.set(word.text, option.takes === "nothing" ? true : readValue(word, rest[++index], option));
    if (option.drops !== undefined) dropped = option.drops;
    if (option.unused !== undefined) remarks.push({ level: "note", text: `"${word.text}" has no effect here: ${option.unused}`, at: word.at });
  }
  if (dropped !== null) {
    remarks.push({ level: "warning", text: `"${command.text} ${operands.map((word) => word.text).join(" ")}" is left out: ${dropped}`, at: command.at });
    return null;
  }
  const from = operands[0]?.at.column;
  return { command: command.text, at: command.at, operands, rest: from === undefined ? "" : line.text.slice(from - 1), family, options: values };
}

interface Operands {
  readonly family: 4 | 6 | null;
  readonly operands: readonly Word[];
  readonly rest: readonly Word[];
}

function readOperands(command: Word, words: readonly Word[], syntax: CommandSyntax): Operands {
  const addressed = syntax.operand === "host" || syntax.operand === "restricted";
  const flag = addressed ? words[0]?.text : undefined;
  const family = flag === "-4" ? 4 : flag === "-6" ? 6 : null;
  const after = family === null ? words : words.slice(1);
  if (syntax.operand === "none") {
    if (after.length === 0) throw new UsageError(`"${command.text}" needs an option`, `it takes ${Object.keys(syntax.options).join(", ")}`, command.at);
    return { family, operands: [], rest: after };
  }
  if (after.length === 0) throw new UsageError(`"${command.text}" needs ${NEEDS[syntax.operand]}`, null, command.at);
  const count = syntax.operand === "keys" ? after.length : 1;
  return { family, operands: after.slice(0, count), rest: after.slice(count) };
}

const NEEDS: Readonly<Record<Exclude<CommandSyntax["operand"], "none">, string>> = {
  host: "a host name or address",
  file: "a file name",
  keys: "key identifiers",
  restricted: "an address or \"default\"",
  anything: "something",
};

function readValue(name: Word, value: Word | undefined, option: OptionSyntax): number | string {
  if (value === undefined) throw new UsageError(`"${name.text}" needs a value`, null, name.at);
  if (option.takes === "integer" || option.takes === "seconds") return readNumber(name, value, option);
  return value.text;
}

function readNumber(name: Word, value: Word, option: OptionSyntax & { readonly takes: "integer" | "seconds" }): number {
  const pattern = option.takes === "integer" ? /^-?\d+$/ : /^(\d+\.?\d*|\.\d+)$/;
  if (!pattern.test(value.text)) {
    throw new UsageError(`"${name.text} ${value.text}": not a ${option.takes === "integer" ? "whole number" : "number of seconds"}`, null, value.at);
  }
  const number = Number(value.text);
  if (number < option.least || number > option.most) {
    throw new UsageError(`"${name.text} ${value.text}": out of range`, `from ${option.least} to ${option.most}`, value.at);
  }
  return number;
}

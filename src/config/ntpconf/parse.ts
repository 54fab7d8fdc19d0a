/** Reads ntp.conf text by the table of `commands.ts` into statements; says what is wrong at file:line:column. */
import { didYouMean } from "../suggest.ts";
import { guarded, UsageError, type OnFault, type Place } from "../usage.ts";
import { literalFamily } from "../literal.ts";
import { withAutokey } from "./associations.ts";
import { COMMANDS } from "./commands.ts";
import type { CommandSyntax, OperandSyntax, OptionSyntax } from "./syntax.ts";
import { beyondBounds, readWord, type Beyond, type Value } from "./values.ts";
import { splitLines, type Line, type Word } from "./words.ts";
import { own } from "../../wire/own.ts";

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
  /** The same words, read. */
  readonly values: readonly Value[];
  /** Options given, with their value; flags are `true`. */
  readonly options: ReadonlyMap<string, Value | true>;
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
  /** True for the daemon: an unknown command or option is an error, not a warning. */
  readonly strict: boolean;
  /** The keys of Autokey are at hand: lines that ask for it are not left out. */
  readonly autokey?: boolean;
  /** Takes what is wrong with a line, which is then left out. Absent: the first fault is thrown. */
  readonly onFault?: OnFault | null;
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
  const onFault = options.onFault ?? null;
  read(text, file, 0);
  return { statements, remarks };

  function read(part: string, name: string, depth: number): void {
    guarded(onFault, () => {
      for (const line of splitLines(part, name)) guarded(onFault, () => readLine(line, depth));
    });
  }

  function readLine(line: Line, depth: number): void {
    const [word, ...rest] = line.words;
    const known = Object.hasOwn(COMMANDS, word.text) ? COMMANDS[word.text] : undefined;
    if (known === undefined) return unknown(word);
    const syntax = options.autokey === true ? withAutokey(word.text, known) : known;
    const left = leftOut(word, syntax, options.strict);
    if (left !== null) return void remarks.push(left);
    const statement = readStatement(line, rest, syntax, options.strict, remarks);
    if (statement === null) return;
    if (word.text === "includefile") return includeFile(statement.operands[0]!, depth);
    const remark = replacing(statement, statements);
    if (remark !== null) remarks.push(remark);
    statements.push(statement);
  }

  function unknown(word: Word): void {
    const hint = didYouMean(word.text, Object.keys(COMMANDS));
    if (options.strict) throw new UsageError(`unknown command "${word.text}"`, hint, word.at);
    remarks.push({
      level: "warning",
      text: `unknown command "${word.text}" is left out${hint === null ? "" : `; ${hint}`}`,
      at: word.at,
    });
  }

  function includeFile(path: Word, depth: number): void {
    if (depth >= DEEPEST_INCLUDE)
      throw new UsageError(
        `files are included more than ${DEEPEST_INCLUDE} deep`,
        "does a file include itself?",
        path.at,
      );
    let included;
    try {
      included = options.include(path.text, path.at.file);
    } catch (error) {
      throw new UsageError(
        `cannot read "${path.text}": ${error instanceof Error ? error.message : String(error)}`,
        null,
        path.at,
      );
    }
    read(included.text, included.file, depth + 1);
  }
}

/** What is said of a command that this reader does not use; `null` where it does. */
function leftOut({ text, at }: Word, { daemon, once, onceWhy }: CommandSyntax, strict: boolean): Remark | null {
  if (!strict)
    return once === "used"
      ? null
      : { level: once === "warned" ? "warning" : "note", text: `"${text}" is left out: ${onceWhy}`, at };
  if (daemon.does === "uses") return null;
  if (daemon.does === "refuses") throw new UsageError(`"${text}" cannot be used: ${daemon.why}`, null, at);
  return { level: "warning", text: `"${text}" is left out: ${daemon.why}`, at };
}

/** Of these only one can hold. */
const SINGLE: ReadonlySet<string> = new Set(
  "keys controlkey driftfile leapfile leapsmearinterval statsdir logfile pidfile broadcastdelay calldelay ttl".split(
    " ",
  ),
);

/** What is said of a line that takes the place of an earlier one. */
function replacing({ command, at }: Statement, earlier: readonly Statement[]): Remark | null {
  const before = SINGLE.has(command) ? earlier.findLast((one) => one.command === command) : undefined;
  return before === undefined
    ? null
    : {
        level: "warning",
        text: `"${command}" is given again: this line counts, and not line ${before.at.line}${before.at.file === at.file ? "" : ` of ${before.at.file}`}`,
        at,
      };
}

/** One line by its syntax; `null` where an option says that the line must be left out. */
function readStatement(
  line: Line,
  words: readonly Word[],
  syntax: CommandSyntax,
  strict: boolean,
  remarks: Remark[],
): Statement | null {
  const command = line.words[0];
  const { family, operands, values, rest, beyond } = readOperands(command, words, syntax);
  const options = new Map<string, Value | true>();
  let dropped: string | null = null;
  for (const { text, at } of beyond) remarks.push({ level: "warning", text, at });
  // What a line without its operand would say nobody knows.
  if (beyond.some(({ drops }) => drops)) return null;
  let someLeft = false;
  for (let index = 0; index < rest.length; index++) {
    const word = rest[index]!;
    const option = Object.hasOwn(syntax.options, word.text) ? syntax.options[word.text] : undefined;
    if (option === undefined) {
      const fault = unknownOption(word, command, syntax);
      if (strict) throw new UsageError(fault.text, fault.hint, word.at);
      remarks.push({
        level: "warning",
        text: `${fault.text} is left out${fault.hint === null ? "" : `; ${fault.hint}`}`,
        at: word.at,
      });
      // What follows belongs to it, as far as it is no option either.
      while (index + 1 < rest.length && !Object.hasOwn(syntax.options, rest[index + 1]!.text)) index++;
      someLeft = true;
      continue;
    }
    if (options.has(word.text))
      remarks.push(
        option.takes === "nothing"
          ? { level: "note", text: `"${word.text}" is said twice`, at: word.at }
          : { level: "warning", text: `"${word.text}" is given twice: the last one counts`, at: word.at },
      );
    if (option.takes === "nothing") options.set(word.text, true);
    else {
      const value = readValue(word, rest[++index], option);
      const far = beyondBounds(value, `${word.text} ${value}`, option);
      if (far !== null) remarks.push({ level: "warning", text: far.text, at: rest[index]!.at });
      if (far?.drops === true) dropped ??= far.text;
      if (far !== null && far.instead === null) {
        someLeft = true;
        continue;
      }
      options.set(word.text, far?.instead ?? value);
    }
    dropped ??= option.drops ?? null;
    const why = strict ? option.idle : option.unused;
    const isAloud = strict && option.aloud === true && options.get(word.text) !== option.standard;
    if (why !== undefined)
      remarks.push({
        level: isAloud ? "warning" : "note",
        text: `"${word.text}" has no effect here: ${why}`,
        at: word.at,
      });
  }
  if (strict && syntax.idle !== null)
    remarks.push({ level: "note", text: `"${command.text}" has no effect here: ${syntax.idle}`, at: command.at });
  if (syntax.needsOption && options.size === 0 && !someLeft)
    throw new UsageError(
      `"${command.text}" needs an option`,
      `it takes ${Object.keys(syntax.options).join(", ")}`,
      command.at,
    );
  if (dropped !== null) {
    remarks.push({
      level: "warning",
      text: `"${command.text} ${operands.map((word) => word.text).join(" ")}" is left out: ${dropped}`,
      at: command.at,
    });
    return null;
  }
  const from = operands[0]?.at.column;
  return {
    command: command.text,
    at: command.at,
    operands,
    values,
    rest: from === undefined ? "" : line.text.slice(from - 1),
    family,
    options,
  };
}

function unknownOption(
  word: Word,
  command: Word,
  { options }: CommandSyntax,
): { readonly text: string; readonly hint: string | null } {
  const names = Object.keys(options);
  if (names.length === 0) return { text: `"${word.text}" after all that "${command.text}" takes`, hint: null };
  return { text: `unknown option "${word.text}" of "${command.text}"`, hint: didYouMean(word.text, names) };
}

interface Operands {
  readonly family: 4 | 6 | null;
  readonly operands: readonly Word[];
  readonly values: readonly Value[];
  readonly rest: readonly Word[];
  /** Numbers beyond their bounds, and whether the line is lost with them. */
  readonly beyond: readonly { readonly text: string; readonly drops: boolean; readonly at: Place }[];
}

function readOperands(command: Word, words: readonly Word[], syntax: CommandSyntax): Operands {
  const flag = syntax.family ? words[0]?.text : undefined;
  const family = flag === "-4" ? 4 : flag === "-6" ? 6 : null;
  const operands: Word[] = [];
  const values: Value[] = [];
  const beyond: Operands["beyond"][number][] = [];
  let index = family === null ? 0 : 1;
  for (const operand of syntax.operands) {
    for (let count = 0; count === 0 || operand.many; count++, index++) {
      const word = words[index];
      if (word === undefined && operand.needed && count === 0)
        throw new UsageError(`"${command.text}" needs ${needed(operand)}`, null, command.at);
      if (word === undefined || (!operand.needed && isOption(word, operand, syntax))) break;
      const named = `${command.text} ${word.text}`;
      const value = readWord(word, named, operand);
      const far = otherFamily(word, operand, family) ?? beyondBounds(value, named, operand);
      // One of many is passed over, and not the others with it.
      if (far !== null) beyond.push({ text: far.text, drops: far.instead === null && !operand.many, at: word.at });
      if (far !== null && far.instead === null) continue;
      operands.push(word);
      values.push(far?.instead ?? value);
    }
  }
  return { family, operands, values, rest: words.slice(index), beyond };
}

/** A word that is no number is not the number that may stand there, where an option may, too. */
function isOption({ text }: Word, { takes }: OperandSyntax, { options }: CommandSyntax): boolean {
  if (Object.hasOwn(options, text)) return true;
  // A group is an address: a word that nearly is an option is a mistake in one.
  if (takes === "group" && literalFamily(text) === 0 && didYouMean(text, Object.keys(options)) !== null) return true;
  const isNumber = takes === "integer" || takes === "seconds" || takes === "number";
  return isNumber && Object.keys(options).length > 0 && !/^[-+.\d]/.test(text);
}

/** An address behind `-4` or `-6` is of that family; with another the line is passed over. In a list each may have its own. */
function otherFamily({ text }: Word, { many }: OperandSyntax, family: 4 | 6 | null): Beyond | null {
  const literal = family === null || many ? 0 : literalFamily(text);
  return literal === 0 || literal === family
    ? null
    : { text: `"-${family} ${text}" is left out: it is not an IPv${family} address`, instead: null, drops: true };
}

function needed({ takes, name }: OperandSyntax): string {
  if (takes === "host" || takes === "peer") return "a host name or address";
  if (takes === "group") return "a multicast group";
  if (takes === "integer" || takes === "seconds" || takes === "number") return "a number";
  return own(NEEDS, name) ?? name;
}

/** Operands by the name they have in the manual. */
const NEEDS: Readonly<Record<string, string>> = {
  FILE: "a file name",
  FOLDER: "a folder",
  ID: "key identifiers",
  "ADDRESS|NAME|default|source": 'an address or "default"',
  "ADDRESS|default|source": 'an address or "default"',
};

function readValue(name: Word, value: Word | undefined, option: OptionSyntax): Value {
  if (value === undefined) throw new UsageError(`"${name.text}" needs a value`, null, name.at);
  return readWord(value, `${name.text} ${value.text}`, option);
}

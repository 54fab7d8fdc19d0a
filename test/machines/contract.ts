/** What is asked of every row: the command-line contract, as far as it holds for any command anywhere. */
import { readFileSync } from "node:fs";
import { OUTCOMES } from "../../src/engine/port/outcome.ts";
import { violations } from "../support/schema.ts";
import { COMMANDS, type Command } from "./commands.ts";
import { ENVIRONMENTS, type Environment } from "./environments.ts";
import type { Ran } from "./perform.ts";
import type { Row } from "./row.ts";

/** What a check is given. */
interface Seen {
  readonly row: Row;
  readonly command: Command;
  readonly environment: Environment;
  readonly ran: Ran;
  /** Seconds beyond the deadline's half second that a busy machine is given. */
  readonly grace: number;
}

type Check = (seen: Seen) => string | null;

/** After its deadline, seconds (CONTRACT). */
const LAST = 0.5;

/** The codes of the table but `internal`, which is a bug wherever it comes from. */
const CODES: ReadonlySet<number> = new Set(
  Object.entries(OUTCOMES).flatMap(([name, { exitCode }]) => (name === "internal" ? [] : [exitCode])),
);
const PLUGIN_CODES: ReadonlySet<number> = new Set([0, 1, 2, 3]);
const PLUGIN_WORDS = ["OK", "WARNING", "CRITICAL", "UNKNOWN"];

/** For so long without a processor, seconds, a process may miss its deadline and its server's answers. */
const STARVED = 0.5;

/** What a server of a name that is not found comes to. */
const UNFOUND = [10, 11, 17];

/** The checks, by what they promise. */
const CHECKS: Readonly<Record<string, Check>> = {
  "ends by itself": ({ ran }) => (ran.late ? `it had to be killed after ${ran.waited.toFixed(1)} s` : null),
  "ends by its deadline": ({ command, ran, grace }) => {
    const by = (command.deadline ?? command.stopped!.after) + LAST;
    return ran.waited > by + grace ? `it took ${ran.waited.toFixed(1)} s, which is not ${by} s` : null;
  },
  "ends with a code of the table": ({ command, ran }) => {
    const codes = command.plugin === true ? PLUGIN_CODES : CODES;
    return ran.code !== null && codes.has(ran.code) ? null : `it ended with ${ran.code ?? ran.signal}`;
  },
  "ends as it should": ({ row, command, environment, ran }) => {
    if (environment.takes === true) return null;
    const expected = command.ends[row.server] ?? command.ends.all;
    const unnamed = environment.takesNames === true ? (command.plugin === true ? [2, 3] : UNFOUND) : [];
    const late = ran.starved < STARVED ? [] : command.plugin === true ? [2, 3] : [17, 10];
    const codes = [...expected, ...unnamed, ...late];
    return codes.includes(ran.code ?? -1) ? null : `it ended with ${ran.code}, not ${codes.join(" or ")}`;
  },
  "prints documents": ({ row, command, environment, ran }) => {
    // On a terminal both streams are one.
    if (row.output !== "json" || command.json === null || isUnseen(environment)) return null;
    if (environment.columns !== undefined) return null;
    return command.json === "document" ? documentFault(ran.out, ran.code) : linesFault(ran.out, ran.code);
  },
  "says what went wrong": ({ row, command, environment, ran }) => {
    if (ran.code === 0 || command.stopped !== undefined || command.plugin === true || row.output === "json")
      return null;
    if (environment.unseen === "err" || environment.unseen === "both" || environment.columns !== undefined) return null;
    return /\S/.test(ran.err) ? null : "nothing on standard error";
  },
  "prints its results": ({ row, command, environment, ran }) => {
    if (
      ran.code !== 0 ||
      row.output === "quiet" ||
      row.output === "json" ||
      command.mute === true ||
      isUnseen(environment)
    )
      return null;
    return /\S/.test(ran.out) || row.command === "keygen" ? null : "nothing on standard output";
  },
  "has a plugin's line": ({ row, command, environment, ran }) => {
    if (command.plugin !== true || !PLUGIN_CODES.has(ran.code ?? -1) || row.output === "json" || isUnseen(environment))
      return null;
    if (row.output === "quiet" && ran.code === 0) return null;
    const word = PLUGIN_WORDS[ran.code ?? -1];
    return new RegExp(`^(\\u001b\\[\\d+m)*NTP (\\u001b\\[\\d+m)*${word}\\b`).test(ran.out)
      ? null
      : `no line of NTP ${word}`;
  },
  "is quiet where all went well": ({ row, command, environment, ran }) => {
    // Where nobody reads, it is no matter how it went; and what goes on may have something to say meanwhile.
    if (row.output !== "quiet" || ran.code !== 0 || command.json === null) return null;
    if (command.stopped !== undefined || isUnseen(environment)) return null;
    return ran.err === "" ? null : "words on standard error";
  },
  "keeps the streams apart": ({ environment, ran }) => {
    if (environment.columns !== undefined) return null;
    const line = ran.out.split("\n").find((text) => /^(ntpkit( [\w-]+)?: |warning\b|error\b)/i.test(text));
    return line === undefined ? null : `on standard output: ${line}`;
  },
  "tells no bug": ({ ran }) => {
    // A page has a program in it, whose words are not said.
    const out = ran.out.replace(/<script>[^]*?<\/script>/g, "");
    const found = BUGS.find((pattern) => pattern.test(out) || pattern.test(ran.err));
    return found === undefined ? null : `${found.source} is among what it says`;
  },
  "steers no terminal": ({ environment, ran }) => {
    const coloured = environment.columns !== undefined || environment.variables?.["FORCE_COLOR"] === "1";
    const said = coloured ? (ran.out + ran.err).replace(OWN_CONTROLS, "") : ran.out + ran.err;
    const [octet] = CONTROLS.exec(said) ?? [];
    return octet === undefined ? null : `a raw U+${octet.codePointAt(0)!.toString(16).padStart(4, "0")}`;
  },
  "leaves no file": ({ command, ran }) => {
    const left = ran.files.filter(
      (name) =>
        !(command.leaves ?? []).some((pattern) => pattern.test(name)) && !OURS.has(name) && !COMPILED.test(name),
    );
    const halves = ran.files.filter((name) => /\.new$|\.tmp$|~$/.test(name));
    const both = [...new Set([...left, ...halves])];
    return both.length === 0 ? null : `it left ${both.join(", ")}`;
  },
  "leaves no process": ({ ran }) => (ran.children.length === 0 ? null : `it left ${ran.children.join("; ")}`),
};

/** What is kept of compiled code, with its folders; an unfinished file of it is none of these. */
const COMPILED = /^home\/\.cache(?:\/ntpkit(?:\/[\w.-]+\.cache)?)?$/;

/** What only a programmer should ever see: a stack, and words of the language. */
const BUGS = [
  /internal error/i,
  /^\s+at .+[:(]\d+:\d+\)?$/m,
  /\(node:\d+\)/,
  /\bundefined\b/,
  /\bNaN\b/,
  /\[object /,
  /\bErrno\b|\bENOENT\b.*\bopen '/,
  /Node\.js v\d/,
];

// oxlint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ufffd]/;
/** What is ours on a terminal: colours, the cursor, and its carriage returns. */
// oxlint-disable-next-line no-control-regex
const OWN_CONTROLS = /\u001b\[[\d;?]*[A-Za-z]|\r/g;

/** What the surroundings have put there. */
const OURS: ReadonlySet<string> = new Set([
  "state/full",
  "run/full",
  "tmp/full",
  "state/known",
  "state/state.json",
  "gone",
]);

/** Whether its standard output is not seen. */
function isUnseen({ unseen }: Environment): boolean {
  return unseen === "out" || unseen === "both";
}

/** What is wrong with a row; empty: nothing. */
export function faultsOf(row: Row, told: Ran, grace: number): readonly string[] {
  const environment = ENVIRONMENTS[row.environment]!;
  const ran = environment.noise === undefined ? told : { ...told, err: told.err.replace(environment.noise, "") };
  const seen = { row, command: COMMANDS[row.command]!, environment, ran, grace };
  return Object.entries(CHECKS).flatMap(([promise, check]) => {
    const fault = check(seen);
    return fault === null ? [] : [`${promise}: ${fault}`];
  });
}

function documentFault(out: string, code: number | null): string | null {
  if (out === "") return "no document";
  let document: unknown;
  try {
    document = JSON.parse(out);
  } catch {
    return "not exactly one document";
  }
  return schemaFault(document, code);
}

function linesFault(out: string, code: number | null): string | null {
  for (const line of out.split("\n").filter((text) => text !== "")) {
    let document: unknown;
    try {
      document = JSON.parse(line);
    } catch {
      return `no document: ${line}`;
    }
    const fault = schemaFault(document, null);
    if (fault !== null) return fault;
  }
  return out === "" && code !== 0 && code !== 130 ? "no document" : null;
}

const schemas = new Map<string, { readonly [keyword: string]: unknown }>();

function schemaFault(document: unknown, code: number | null): string | null {
  const { schema, exitCode } = document as { readonly schema?: string; readonly exitCode?: number };
  const [, name] = /^ntpkit\/([\w-]+)\/1$/.exec(schema ?? "") ?? [];
  if (name === undefined) return `schema ${schema}`;
  let known = schemas.get(name);
  if (known === undefined) {
    known = JSON.parse(readFileSync(new URL(`../../schemas/${name}.json`, import.meta.url), "utf8")) as typeof known;
    schemas.set(name, known!);
  }
  const wrong = violations(document, known!);
  if (wrong.length > 0) return wrong.join("; ");
  if (code !== null && exitCode !== undefined && exitCode !== code)
    return `exitCode ${exitCode} in it, and ${code} outside`;
  return null;
}

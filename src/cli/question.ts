/** The single questions of mode 6: `associations`, `readvar`, `sysinfo` and its like, `mru`, `ifstats`, `reslist`. */
import { UsageError } from "../config/usage.ts";
import { namesOf, VARIABLE_LISTS, type ListName } from "../control/lists.ts";
import { readMru, type MruList } from "../control/mru.ts";
import {
  readClock,
  readInterfaces,
  readKnownVariables,
  readRestrictions,
  readStatus,
  readVariables,
  type ReadRows,
  type ReadVariables,
  type StatusList,
} from "../control/operations.ts";
import type { ControlFault, Dialogue } from "../control/request.ts";
import { askControl, LOCAL } from "../host/ask.ts";
import type { UnixNanoseconds } from "../time/timestamp.ts";
import { associationsData, head, mruData, rowsData, variablesData, type Data } from "../view/daemon-document.ts";
import { documentText, type FailureDocument } from "../view/document.ts";
import { associationsTable } from "../view/peers.ts";
import { endpointOf, interfacesTable, mruTable, restrictionsTable, sortedMru } from "../view/peers-rows.ts";
import { listText, variablesText, type VariablesOptions } from "../view/peers-variables.ts";
import { askFailure, askOptions, placeOf } from "./asking.ts";
import { ASKING_DEFAULTS } from "./options/defaults.ts";
import { exitCode, failureLine } from "./exit.ts";
import type { Io } from "./io.ts";
import type { OptionsOf } from "./options/offers.ts";
import type { QuestionName } from "./questions.ts";
import { Until } from "./until.ts";

/** What the options of the questions parse to. */
type QuestionOptions = OptionsOf<QuestionName>;

/** What somebody asked. */
interface Asked {
  readonly command: string;
  readonly variables: readonly string[];
  readonly options: QuestionOptions;
}

/** An answer, ready to be shown either way. */
interface Shown {
  text(options: VariablesOptions): string;
  /** What the document says besides its head and the host. */
  data(pivot: UnixNanoseconds): Data;
  /** The addresses in the text, which may have names. */
  addresses(): readonly string[];
}

type Answer = StatusList | ReadVariables | MruList | ReadRows;

/** A question: what is asked, and how the answer is shown. */
interface Question {
  readonly dialogue: (asked: Asked) => Dialogue<Answer | ControlFault>;
  readonly shown: (answer: never, asked: Asked) => Shown;
}

/**
 * Asks one question.
 * @param host this one for `null`
 * @returns the exit code
 * @throws UsageError
 */
export async function runQuestion(
  command: QuestionName,
  host: string | null,
  variables: readonly string[],
  options: QuestionOptions,
  io: Io,
): Promise<number> {
  const place = host === null ? LOCAL : placeOf(host);
  const question = QUESTIONS[command];
  const asked: Asked = { command, variables, options };
  const until = new Until(io, options.deadline ?? (command === "mru" ? Infinity : ASKING_DEFAULTS.deadline));
  try {
    const answer = await askControl<Answer>(place, () => question.dialogue(asked), await askOptions(options, until));
    if (answer.kind === "unasked") return failed(command, askFailure(place.host, answer, until), options, io);
    const shown = question.shown(answer as never, asked);
    const pivot = BigInt(Date.now()) * 1_000_000n;
    if (options.json === true)
      io.out.write(documentText({ ...head(command, null), host: place.host, ...shown.data(pivot) }, io.out.isTerminal));
    else if (options.quiet !== true)
      io.out.write(shown.text({ pivot, ...(options.numeric === true ? {} : await naming(shown.addresses())) }));
    return exitCode("ok");
  } finally {
    until.release();
  }
}

function failed(command: string, failure: FailureDocument, options: QuestionOptions, io: Io): number {
  if (options.json === true) io.out.write(documentText(head(command, failure), io.out.isTerminal));
  io.err.write(failureLine(`ntpkit ${command}`, failure));
  return exitCode(failure.code);
}

/** How long the resolver is waited for, seconds; and how many addresses it is asked for at most. */
const NAMING = 2;
const MOST_NAMES = 1000;

async function naming(addresses: readonly string[]): Promise<{ readonly name?: (address: string) => string }> {
  if (addresses.length === 0) return { name: (address) => address };
  const { namesOfAddresses } = await import("../host/reverse.ts");
  return { name: await namesOfAddresses(addresses.slice(0, MOST_NAMES), NAMING) };
}

/** What each question asks, and how its answer is shown. */
const QUESTIONS: Readonly<Record<QuestionName, Question>> = {
  associations: {
    dialogue: () => readStatus(),
    shown: ({ associations }: StatusList, { options: { all } }) => ({
      text: () => associationsTable(associations, all === true),
      data: () => associationsData(associations),
      addresses: () => [],
    }),
  },
  readvar: { dialogue: readvarDialogue, shown: shownVariables },
  sysinfo: listQuestion("sysinfo"),
  kerninfo: listQuestion("kerninfo"),
  sysstats: listQuestion("sysstats"),
  iostats: listQuestion("iostats"),
  timerstats: listQuestion("timerstats"),
  authinfo: listQuestion("authinfo"),
  monstats: listQuestion("monstats"),
  mru: {
    dialogue: ({ options: { limit, mincount } }) =>
      readMru({
        ...(limit === undefined ? {} : { entries: limit }),
        ...(mincount === undefined ? {} : { filter: { mincount } }),
      }),
    shown: shownMru,
  },
  pstats: {
    dialogue: ({ options: { association = 0 } }) => {
      if (association === 0)
        throw new UsageError(
          "no association is named",
          "name it with --association ID; ntpkit associations lists them",
        );
      return readKnownVariables(association, namesOf(VARIABLE_LISTS.pstats));
    },
    shown: (read: ReadVariables) => ({
      text: (options) => listText("pstats", read, options),
      data: () => variablesData(read, "peer"),
      addresses: () => addressesIn(read, ["srcadr", "dstadr"]),
    }),
  },
  ifstats: {
    dialogue: () => readInterfaces(),
    shown: (read: ReadRows) => ({
      text: () => interfacesTable(read),
      data: () => rowsData("interfaces", read.rows),
      addresses: () => [],
    }),
  },
  reslist: {
    dialogue: () => readRestrictions(),
    shown: (read: ReadRows) => ({
      text: () => restrictionsTable(read),
      data: () => rowsData("restrictions", read.rows),
      addresses: () => [],
    }),
  },
};

function listQuestion(name: ListName): Question {
  return {
    dialogue: () => readKnownVariables(0, namesOf(VARIABLE_LISTS[name])),
    shown: (read: ReadVariables) => ({
      text: (options) => listText(name, read, options),
      data: () => variablesData(read, "system"),
      addresses: () => addressesIn(read),
    }),
  };
}

function readvarDialogue({
  variables,
  options: { association = 0, clock },
}: Asked): Dialogue<ReadVariables | ControlFault> {
  const names = variables.flatMap((words) => words.split(",")).filter((name) => name !== "");
  const wrong = names.find((name) => /[^\x21-\x7e]/.test(name));
  if (wrong !== undefined) throw new UsageError("a variable's name has printable characters only");
  return clock === true ? readClock(association, names) : readVariables(association, names);
}

function shownVariables(read: ReadVariables, { variables, options: { clock } }: Asked): Shown {
  const kind = clock === true ? "clock" : read.association === 0 ? "system" : "peer";
  return {
    text: (options) => variablesText(read, kind, options, variables.length > 0),
    data: () => variablesData(read, kind),
    addresses: () => addressesIn(read),
  };
}

function addressesIn({ variables }: ReadVariables, names: readonly string[] = ["srcadr", "peeradr"]): string[] {
  return names.flatMap((name) => {
    const value = variables.get(name);
    return value === undefined ? [] : [name === "peeradr" ? endpointOf(value).ip : value];
  });
}

function shownMru(list: MruList, { options: { sort = "lstint", limit } }: Asked): Shown {
  // The daemon sends whole slices: the last may go beyond what was asked for.
  const kept: MruList = limit === undefined ? list : { ...list, entries: list.entries.slice(0, limit) };
  return {
    text: ({ name }) => mruTable(kept, sort, name),
    data: (pivot) => ({ ...mruData(sortedMru(kept.entries, sort), pivot), complete: list.complete }),
    addresses: () => kept.entries.map(({ address }) => endpointOf(address).ip),
  };
}

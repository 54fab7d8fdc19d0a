/** The questions of mode 6, each a dialogue that needs a conversation and nothing else (RFC 9327 §4). */
import type { Authentication } from "../security/security.ts";
import {
  faultOf,
  GARBLED,
  type ControlAnswer,
  type ControlFault,
  type ControlRequest,
  type Dialogue,
} from "./request.ts";
import {
  parseVariables,
  rowsOf,
  textOf,
  variablesByName,
  type Row,
  type Variable,
  type Variables,
} from "./variables.ts";

/** An association as a status list has it. */
export interface ListedAssociation {
  /** 1 … 65535 */
  readonly id: number;
  /** See `peerStatus`. */
  readonly status: number;
}

/** The answer to a read of the system's status. */
export interface StatusList {
  readonly kind: "status";
  /** See `systemStatus`. */
  readonly status: number;
  /** By identifier, lowest first. */
  readonly associations: readonly ListedAssociation[];
}

/** Variables as a daemon gave them. */
export interface ReadVariables {
  readonly kind: "variables";
  readonly association: number;
  /** The status word that came with them: the system's, a peer's, or a clock's. */
  readonly status: number;
  /** In the daemon's order. */
  readonly list: readonly Variable[];
  readonly variables: Variables;
  readonly authentication: Authentication;
}

/** What a daemon said to a command. */
export interface Said {
  readonly kind: "said";
  readonly status: number;
  /** Without the line end that closes it. */
  readonly text: string;
  readonly authentication: Authentication;
}

/** Rows of an indexed list. */
export interface ReadRows {
  readonly kind: "rows";
  /** By index. */
  readonly rows: readonly Row[];
}

/** Asks for the associations there are, and the system's status (`readstat`). */
export function* readStatus(): Dialogue<StatusList | ControlFault> {
  const [answer] = yield [{ operation: "readStatus" }];
  if (answer?.kind !== "answer") return failure(answer);
  const { data, status } = answer;
  if (data.length % 4 !== 0) return GARBLED;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const associations = Array.from({ length: data.length / 4 }, (_, index) => ({
    id: view.getUint16(index * 4),
    status: view.getUint16(index * 4 + 2),
  }));
  return { kind: "status", status, associations: associations.toSorted((left, right) => left.id - right.id) };
}

/**
 * Asks for variables (`readvar`).
 * @param association 0: the system
 * @param names none: the daemon's default list. One that the daemon does not know spoils the whole question
 */
export function* readVariables(
  association: number,
  names: readonly string[] = [],
): Dialogue<ReadVariables | ControlFault> {
  return yield* variablesDialogue({ operation: "readVariables", association, data: names.join(",") });
}

/**
 * As {@link readVariables}, but names that the daemon does not know are left out: when it refuses the list, every name is
 * asked for alone.
 */
export function* readKnownVariables(
  association: number,
  names: readonly string[],
): Dialogue<ReadVariables | ControlFault> {
  const all = yield* readVariables(association, names);
  if (all.kind === "variables" || all.fault !== "refused" || all.error !== "variable" || names.length < 2) return all;
  const answers = yield names.map((name): ControlRequest => ({ operation: "readVariables", association, data: name }));
  const found = answers.filter((answer) => answer.kind === "answer");
  const [first] = found;
  if (first === undefined) return failure(answers[0]);
  const list = found.flatMap(({ data }) => parseVariables(textOf(data)));
  return {
    kind: "variables",
    association,
    status: first.status,
    list,
    variables: variablesByName(list),
    authentication: first.authentication,
  };
}

/** Asks for a reference clock's variables (`clockvar`); association 0 is the system's clock. */
export function* readClock(association: number, names: readonly string[] = []): Dialogue<ReadVariables | ControlFault> {
  return yield* variablesDialogue({ operation: "readClock", association, data: names.join(",") });
}

/**
 * Sets variables (`writevar`); needs the daemon's control key.
 * @param assignments as `name=value, name=value`
 */
export function* writeVariables(association: number, assignments: string): Dialogue<ReadVariables | ControlFault> {
  return yield* variablesDialogue({ operation: "writeVariables", association, data: assignments, authenticated: true });
}

/** Gives a line of configuration (`:config`); needs the control key. A syntax error is in what the daemon says. */
export function* configure(line: string): Dialogue<Said | ControlFault> {
  return yield* command({ operation: "configure", data: line, authenticated: true });
}

/** Has the configuration written to a file of the daemon's (`saveconfig`); needs the control key. */
export function* saveConfiguration(file: string): Dialogue<Said | ControlFault> {
  return yield* command({ operation: "saveConfiguration", data: file, authenticated: true });
}

/** What is known of each local address (`ifstats`); needs the control key. */
export function* readInterfaces(): Dialogue<ReadRows | ControlFault> {
  return yield* orderedList("", INTERFACE_FIELDS);
}

/** The access list (`reslist`); needs the control key. */
export function* readRestrictions(): Dialogue<ReadRows | ControlFault> {
  return yield* orderedList("addr_restrictions", RESTRICTION_FIELDS);
}

/** The fields of an interface: address, broadcast address, enabled, flags, multicast groups, name, peers, received, TTL, sent, send failures, uptime. */
export const INTERFACE_FIELDS: ReadonlySet<string> = new Set([
  "addr",
  "bcast",
  "en",
  "flags",
  "mc",
  "name",
  "pc",
  "rx",
  "tl",
  "tx",
  "txerr",
  "up",
]);

/** The fields of an access list's entry. */
export const RESTRICTION_FIELDS: ReadonlySet<string> = new Set(["addr", "mask", "hits", "flags"]);

/** An association with its variables, or why there are none. */
export interface ReadAssociation {
  readonly id: number;
  /** The word of the variables' answer, the list's where there is none. */
  readonly status: number;
  readonly variables: ReadVariables | ControlFault;
}

/** The whole of what a daemon tells. */
export interface ReadDaemon {
  readonly kind: "daemon";
  readonly status: number;
  readonly system: ReadVariables | ControlFault;
  /** By identifier; those that went away while we asked are left out. */
  readonly associations: readonly ReadAssociation[];
}

/** Asks for everything a table of peers needs: the status list, the system's variables, each association's. */
export function* readDaemon(): Dialogue<ReadDaemon | ControlFault> {
  const listed = yield* readStatus();
  if (listed.kind !== "status") return listed;
  const questions: ControlRequest[] = [0, ...listed.associations.map(({ id }) => id)].map((association) => ({
    operation: "readVariables",
    association,
  }));
  const [system, ...answers] = yield questions;
  const associations = listed.associations.flatMap(({ id, status }, index): ReadAssociation[] => {
    const answer = answers[index];
    const variables = variablesOf(id, answer);
    if (variables.kind === "fault" && variables.fault === "refused" && variables.error === "association") return [];
    return [{ id, status: variables.kind === "variables" ? variables.status : status, variables }];
  });
  return { kind: "daemon", status: listed.status, system: variablesOf(0, system), associations };
}

/** Why a question that has no answer has none. */
export function failure(answer: ControlAnswer | undefined): ControlFault {
  return answer === undefined || answer.kind === "answer" ? GARBLED : faultOf(answer);
}

function* variablesDialogue(request: ControlRequest): Dialogue<ReadVariables | ControlFault> {
  const [answer] = yield [request];
  return variablesOf(request.association ?? 0, answer);
}

function variablesOf(association: number, answer: ControlAnswer | undefined): ReadVariables | ControlFault {
  if (answer?.kind !== "answer") return failure(answer);
  const list = parseVariables(textOf(answer.data));
  return {
    kind: "variables",
    association,
    status: answer.status,
    list,
    variables: variablesByName(list),
    authentication: answer.authentication,
  };
}

function* command(request: ControlRequest): Dialogue<Said | ControlFault> {
  const [answer] = yield [request];
  if (answer?.kind !== "answer") return failure(answer);
  const text = textOf(answer.data).replace(/[\r\n\0]+$/, "");
  return { kind: "said", status: answer.status, text, authentication: answer.authentication };
}

function* orderedList(which: string, fields: ReadonlySet<string>): Dialogue<ReadRows | ControlFault> {
  const [answer] = yield [{ operation: "readOrderedList", data: which, authenticated: true }];
  if (answer?.kind !== "answer") return failure(answer);
  return { kind: "rows", rows: rowsOf(parseVariables(textOf(answer.data)), fields) };
}

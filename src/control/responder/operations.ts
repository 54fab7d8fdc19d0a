/** What is answered to each operation of mode 6 (RFC 9327 table 1, §4), as data: a responder makes datagrams of it. */
import type { ControlPeer, ControlView } from "../../engine/port/control.ts";
import { OPERATIONS, type Control, type ControlError, type Operation } from "../../wire/control.ts";
import { octetsOf, textOf } from "../variables.ts";
import type { ResponderFacts } from "./facts.ts";
import { interfaceList, restrictionList } from "./lists.ts";
import { isValidNonce, makeNonce } from "./nonce.ts";
import { associationNumber } from "./number.ts";
import { CLOCK_VARIABLES, DEFAULT_CLOCK, DEFAULT_PEER, PEER_VARIABLES } from "./peer.ts";
import { readRecent, type SteadyTimes } from "./recent.ts";
import { peerWord, systemWord } from "./status.ts";
import { DEFAULT_SYSTEM, RECENT, SYSTEM_VARIABLES, type SystemThing } from "./system.ts";
import { namedItems, namesIn, orderedItems, type VariableTable } from "./table.ts";
import { listText } from "./text.ts";

/** An answer before it is cut. */
export type Reply =
  | { readonly kind: "data"; readonly status: number; readonly data: Uint8Array; readonly isProven: boolean }
  | { readonly kind: "error"; readonly error: ControlError }
  /** The question deserves none: it shows no good nonce. */
  | { readonly kind: "nonce" };

/** What questions are answered with. */
export interface Asked {
  readonly request: Control;
  /** IP literal of whoever asks. */
  readonly ip: string;
  readonly view: ControlView;
  readonly facts: ResponderFacts;
  readonly times: SteadyTimes;
  /** Control queries so far. */
  readonly queries: number;
}

/** How an operation is answered. */
export interface Answerer {
  /** Only with the control key. */
  readonly needsKey: boolean;
  readonly answer: (asked: Asked) => Reply;
}

/** The operation of a code, `null` if it has none. */
export function answererOf(code: number): Answerer | null {
  const operation = BY_CODE.get(code);
  return operation === undefined ? null : ANSWERERS[operation];
}

const open = (answer: Answerer["answer"]): Answerer => ({ needsKey: false, answer });
const keyed = (answer: Answerer["answer"]): Answerer => ({ needsKey: true, answer });

/** A daemon is changed by its configuration file, not from afar; what ntpq shows whoever tries. */
const explained = (text: string): Answerer => keyed(() => said(0, `${text}\r\n`));

/** ntpd itself knows these no longer, or never did. */
const unknown = keyed(() => ({ kind: "error", error: "operation" }));

const ANSWERERS: Readonly<Record<Operation, Answerer>> = {
  reserved: open(answerNothing),
  readStatus: open(readStatus),
  readVariables: open(readVariables),
  writeVariables: keyed(writeVariables),
  readClock: open(readClock),
  writeClock: unknown,
  setTrap: unknown,
  trap: unknown,
  configure: keyed(configure),
  saveConfiguration: explained("saveconfig is not offered: the configuration is in its file"),
  readMru: open(readMru),
  readOrderedList: keyed(readOrderedList),
  requestNonce: open(requestNonce),
  unsetTrap: unknown,
};

const BY_CODE: ReadonlyMap<number, Operation> = new Map(
  Object.entries(OPERATIONS).map(([operation, code]) => [code, operation as Operation]),
);

const NO_ASSOCIATION: Reply = { kind: "error", error: "association" };
const UNKNOWN_VARIABLE: Reply = { kind: "error", error: "variable" };

/** Operation 0: the status word, and that we are here. */
function answerNothing({ request, view }: Asked): Reply {
  const status = statusOf(view, request.association);
  return status === null ? NO_ASSOCIATION : said(status, "");
}

/** All associations with their status words, newest first; or one with its variables. */
function readStatus(asked: Asked): Reply {
  const { request, view } = asked;
  if (request.association !== 0) return peerVariables(asked, []);
  const data = new Uint8Array(view.peers.length * 4);
  const words = new DataView(data.buffer);
  view.peers.toReversed().forEach((peer, index) => {
    words.setUint16(index * 4, associationNumber(peer.report.id));
    words.setUint16(index * 4 + 2, peerWord(peer));
  });
  return { kind: "data", status: systemWord(view), data, isProven: false };
}

function readVariables(asked: Asked): Reply {
  const names = namesIn(textOf(asked.request.data));
  return asked.request.association === 0 ? systemVariables(asked, names) : peerVariables(asked, names);
}

function systemVariables({ view, facts, queries }: Asked, names: readonly string[]): Reply {
  const thing: SystemThing = { view, facts, queries };
  const own = facts.variables ?? [];
  const status = systemWord(view);
  if (names.length === 0) {
    const also = own.filter(({ isDefault }) => isDefault).map(({ name, value }) => `${name}=${value}`);
    return said(status, listText([...orderedItems(SYSTEM_VARIABLES, DEFAULT_SYSTEM, thing), ...also]));
  }
  const wanted = new Set(names);
  if (names.some((name) => !SYSTEM_NAMES.has(name) && !own.some((one) => one.name === name))) return UNKNOWN_VARIABLE;
  const others = own
    .filter(({ name }) => wanted.has(name) && !SYSTEM_NAMES.has(name))
    .map(({ name, value }) => `${name}=${value}`);
  return said(status, listText([...namedItems(SYSTEM_TABLE, wanted, thing), ...others]));
}

function peerVariables({ request, view }: Asked, names: readonly string[]): Reply {
  const peer = peerOf(view, request.association);
  if (peer === undefined) return NO_ASSOCIATION;
  return variables(PEER_VARIABLES, DEFAULT_PEER, names, { view, peer }, peerWord(peer));
}

/** Of all reference clocks there is only the local one, which is the system's and no association. */
function readClock({ request, view }: Asked): Reply {
  if (request.association !== 0 || view.localStratum === null) return NO_ASSOCIATION;
  return variables(CLOCK_VARIABLES, DEFAULT_CLOCK, namesIn(textOf(request.data)), view, 0);
}

function variables<Thing>(
  table: VariableTable<Thing>,
  byDefault: readonly string[],
  names: readonly string[],
  thing: Thing,
  status: number,
): Reply {
  if (names.length === 0) return said(status, listText(orderedItems(table, byDefault, thing)));
  if (names.some((name) => !table.some(([known]) => known === name))) return UNKNOWN_VARIABLE;
  return said(status, listText(namedItems(table, new Set(names), thing)));
}

/** Lines of configuration, where the daemon takes any (ntpq's `:config`). */
function configure({ request, facts }: Asked): Reply {
  const lines = textOf(request.data).replace(/[\0\s]+$/, "");
  return said(
    0,
    `${facts.configure?.(lines) ?? "runtime configuration is not offered: change the configuration file and send SIGHUP"}\r\n`,
  );
}

/** Nothing here can be set, which ntpd says by the error of a missing permission; to set nothing is granted. */
function writeVariables({ request, view, facts }: Asked): Reply {
  const status = statusOf(view, request.association);
  if (status === null) return NO_ASSOCIATION;
  const names = namesIn(textOf(request.data));
  if (names.length === 0) return said(status, "");
  const variables = request.association === 0 ? SYSTEM_NAMES : PEER_NAMES;
  const isKnown = (name: string): boolean =>
    variables.has(name) || (facts.variables ?? []).some((one) => one.name === name);
  return names.every(isKnown) ? { kind: "error", error: "authentication" } : UNKNOWN_VARIABLE;
}

function requestNonce({ ip, facts, times, view }: Asked): Reply {
  return said(0, listText([`nonce=${makeNonce(facts.secret, ip, times.at(view.now.mono))}`]));
}

function readMru({ request, ip, view, facts, times }: Asked): Reply {
  const now = times.at(view.now.mono);
  const answer = readRecent(textOf(request.data), {
    view,
    times,
    isValidNonce: (nonce) => isValidNonce(facts.secret, ip, now, nonce),
    makeNonce: () => makeNonce(facts.secret, ip, now),
  });
  return answer.kind === "text" ? { ...said(0, answer.text), isProven: true } : answer;
}

function readOrderedList({ request, view }: Asked): Reply {
  const which = textOf(request.data).replace(/[\0\s]+$/, "");
  if (which === "" || which === "ifstats") return said(0, interfaceList(view));
  return which === "addr_restrictions" ? said(0, restrictionList(view)) : { kind: "error", error: "value" };
}

/** The recent counters are the same as those since the start. */
const SYSTEM_TABLE: VariableTable<SystemThing> = [
  ...SYSTEM_VARIABLES,
  ...SYSTEM_VARIABLES.map(([name, value]) => [`${name}${RECENT}`, value] as const),
];
const SYSTEM_NAMES: ReadonlySet<string> = new Set(SYSTEM_TABLE.map(([name]) => name));
const PEER_NAMES: ReadonlySet<string> = new Set(PEER_VARIABLES.map(([name]) => name));

function statusOf(view: ControlView, association: number): number | null {
  if (association === 0) return systemWord(view);
  const peer = peerOf(view, association);
  return peer === undefined ? null : peerWord(peer);
}

/** The newest with that number. */
function peerOf({ peers }: ControlView, association: number): ControlPeer | undefined {
  return peers.findLast(({ report }) => associationNumber(report.id) === association);
}

function said(status: number, text: string): Extract<Reply, { kind: "data" }> {
  return { kind: "data", status, data: octetsOf(text), isProven: false };
}

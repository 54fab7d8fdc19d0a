/**
 * Variables as ntpq 4.2.8 prints them: `rv`, `clockvar`, and the reports that are lists of variables (`sysinfo`,
 * `kerninfo`, …). Lines of `rv` are filled to 72 characters, and what a person would read otherwise is rewritten.
 */
import { VARIABLE_LISTS, type Listed, type ListName } from "../control/lists.ts";
import { isReferenceClock } from "../control/daemonmode6.ts";
import type { ReadVariables } from "../control/operations.ts";
import { clockStatus, flashNames, peerStatus, systemStatus } from "../control/status.ts";
import { integerOf, numbersOf, timestampOf, unquoted, type Variable, type Variables } from "../control/variables.ts";
import type { UnixNanoseconds } from "../time/timestamp.ts";
import { parseAddressLiteral } from "../wire/address.ts";
import { ipv4Word, refidText } from "../wire/refid.ts";
import { caret, dateText, milliseconds, type Zone } from "./peers-text.ts";

/** What a table needs besides the variables. */
export interface VariablesOptions {
  /** A Unix time near the daemon's. */
  readonly pivot: UnixNanoseconds;
  /** `local` unless given, as ntpq writes dates. */
  readonly zone?: Zone;
  /** The name of an address; without it addresses stay as they are (`-n`). */
  readonly name?: (address: string) => string;
}

/** What the variables are of. */
export type StatusKind = "system" | "peer" | "clock";

/**
 * The text of `rv` or `clockvar`.
 * @param asked that variables were asked for by name: then ntpq leaves the status out
 * @returns with a line feed at the end of every line
 */
export function variablesText(read: ReadVariables, kind: StatusKind, options: VariablesOptions, asked = false): string {
  if (read.list.length === 0) return nothingText(read.association, kind);
  const head = asked ? "" : `${statusLine(read.association, read.status, kind)}\n`;
  return `${head}${filled(read.list.map((variable) => cooked(variable, kind, options)))}\n`;
}

/** A report that is a list of variables. */
export function listText(name: ListName, read: ReadVariables, options: VariablesOptions): string {
  const { headed, width, lines } = VARIABLE_LISTS[name];
  const kind = read.association === 0 ? "system" : "peer";
  const head = headed ? `${statusLine(read.association, read.status, kind)}\n` : "";
  return head + lines.map((line) => listedLine(line, read.variables, width, options)).join("");
}

/** `associd=0 status=0615 leap_none, sync_ntp, 1 event, clock_sync,` */
export function statusLine(association: number, word: number, kind: StatusKind): string {
  return `associd=${association} status=${word.toString(16).padStart(4, "0")} ${statusText(word, kind)},`;
}

/** A status word in ntpq's words. */
export function statusText(word: number, kind: StatusKind): string {
  if (kind === "system") {
    const { source, count, event } = systemStatus(word);
    return [LEAP_WORDS[word >> 14], `sync_${source}`, events(count), event].join(", ");
  }
  if (kind === "clock") {
    const { count, code } = clockStatus(word);
    return `${events(count)}, clk_${code}`;
  }
  const { configured, authenticationEnabled, authentic, reachable, broadcast, selection, count, event } =
    peerStatus(word);
  const flags = [
    configured && "conf",
    authenticationEnabled && "authenb",
    authentic && "auth",
    reachable && "reach",
    broadcast && "bcast",
  ].filter((flag) => flag !== false);
  return [flags.join(", "), `sel_${selection}`, events(count), ...((word & 15) === 0 ? [] : [event])].join(", ");
}

const LEAP_WORDS = ["leap_none", "leap_add_sec", "leap_del_sec", "leap_alarm"];
const LEAP_BITS = ["00", "01", "10", "11"];
const MODE_WORDS = [
  "unspec",
  "sym_active",
  "sym_passive",
  "client",
  "server",
  "broadcast",
  "control",
  "private",
  "bclient",
];

/** The longest line of `rv`. */
const LINE = 72;

/** How the variables that ntpq does not print as they come are printed. */
const COOKED = new Map<string, (variable: Variable, kind: StatusKind, options: VariablesOptions) => string | null>([
  ["leap", ({ value }) => LEAP_BITS[integerOf(value) ?? -1] ?? null],
  ["reach", ({ value }) => integerOf(value)?.toString(8).padStart(3, "0") ?? null],
  ["refid", ({ value }, kind) => refidValue(value, kind)],
  ...["reftime", "clock", "org", "rec", "xmt"].map((name) => [name, cookedTime] as const),
  ["flash", ({ value }) => flashValue(integerOf(value))],
  ...["srcadr", "peeradr"].map(
    (name) =>
      [
        name,
        ({ value }: Variable, _kind: StatusKind, { name: named }: VariablesOptions) => addressValue(value, named),
      ] as const,
  ),
  ["dstadr", ({ value }) => addressValue(value, undefined)],
  ...["filtdelay", "filtdisp", "filterror"].map(
    (name) => [name, ({ value }: Variable) => arrayValue(name, value, "unsigned")] as const,
  ),
  ["filtoffset", ({ value }) => arrayValue("filtoffset", value, "signed")],
  ...["offset", "frequency"].map(
    (name) => [name, ({ value }: Variable) => (/^\d/.test(value) ? `+${caret(value)}` : caret(value))] as const,
  ),
]);

/** One `name=value`; what should have been cooked and could not be gets a question mark, as ntpq's do. */
function cooked(variable: Variable, kind: StatusKind, options: VariablesOptions): string {
  const name = caret(variable.name);
  const cook = COOKED.get(variable.name);
  if (cook === undefined) return `${name}=${caret(variable.value)}`;
  return `${name}=${cook(variable, kind, options) ?? `${caret(variable.value)}?`}`;
}

function filled(items: readonly string[]): string {
  let text = "";
  let line = 0;
  for (const item of items) {
    const fits = line + item.length + 2 <= LINE;
    if (text !== "") text += fits ? ", " : ",\n";
    line = text === "" ? item.length : fits ? line + 2 + item.length : item.length;
    text += item;
  }
  return text;
}

function cookedTime(
  { value }: Variable,
  _kind: StatusKind,
  { pivot, zone = "local" }: VariablesOptions,
): string | null {
  const time = timestampOf(value);
  return time === null ? null : dateText(time, pivot, zone);
}

/** A refid: addresses of reference clocks by their drivers, other addresses and short names as they are. */
function refidValue(value: string, kind: StatusKind): string | null {
  if (parseAddressLiteral(value) === null) return value.length <= 4 ? caret(value) : null;
  const word = ipv4Word(value);
  // Some daemons send a clock's name as if it were an address.
  if (kind === "clock" && word !== null) return refidText(1, word);
  return isReferenceClock(value) ? refidText(2, word ?? 0) : value;
}

function addressValue(value: string, named: VariablesOptions["name"]): string | null {
  if (parseAddressLiteral(value) === null) return null;
  if (named === undefined) return value;
  return isReferenceClock(value) ? refidText(2, ipv4Word(value) ?? 0) : caret(named(value));
}

function flashValue(flash: number | null): string | null {
  if (flash === null) return null;
  const bits = flash.toString(16).padStart(2, "0");
  return flash === 0 ? `${bits} ok` : `${bits} ${flashNames(flash).join(", ")}`;
}

/** Eight numbers in columns of seven characters; the first column begins where the longest name would end. */
function arrayValue(name: string, value: string, sign: "signed" | "unsigned"): string | null {
  const numbers = numbersOf(value);
  if (numbers === null) return null;
  const cells = numbers.slice(0, 8).map((number) =>
    milliseconds(number / 1000, sign, 2)
      .slice(0, 7)
      .padStart(7),
  );
  return `${" ".repeat(Math.max(0, 11 - name.length))}${cells.join(" ")}`;
}

function listedLine(
  { name, label, kind }: Listed,
  variables: Variables,
  width: number,
  options: VariablesOptions,
): string {
  const value = listedValue(name, kind, variables, options);
  return value === null ? "" : `${label.padEnd(width)}  ${value}\n`;
}

function listedValue(
  name: string,
  kind: Listed["kind"],
  variables: Variables,
  { pivot, zone = "local", name: named }: VariablesOptions,
): string | null {
  if (kind === "endpoint")
    return endpoint(variables.get(`${name}adr`) ?? "", variables.get(`${name}port`) ?? "0", named);
  const value = variables.get(name);
  if (value === undefined) return null;
  if (kind === "peer") return peerName(value, named);
  if (kind === "mode") return MODE_WORDS[integerOf(value) ?? -1] ?? `mode#${caret(value)}`;
  if (kind === "leap") return LEAP_BITS[(integerOf(value) ?? 0) & 3]!;
  if (kind === "time") return dateText(timestampOf(value) ?? (0n as Parameters<typeof dateText>[0]), pivot, zone);
  return caret(unquoted(value));
}

/** `127.0.0.1:123`, `[::1]:123`: an address and a port as ntpd writes them together. */
function peerName(value: string, named: VariablesOptions["name"]): string {
  if (named === undefined) return caret(value);
  const [, bracketed, plain, port = "0"] = /^(?:\[(.+)\]|([^:]+)):(\d+)$/.exec(value) ?? [];
  return endpoint(bracketed ?? plain ?? value, port, named);
}

function endpoint(address: string, port: string, named: VariablesOptions["name"]): string {
  if (named === undefined || /^[0.:]*$/.test(address))
    return caret(address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`);
  return isReferenceClock(address) ? refidText(2, ipv4Word(address) ?? 0) : `${caret(named(address))}:${caret(port)}`;
}

function nothingText(association: number, kind: StatusKind): string {
  const clock = kind === "clock" ? " clock" : "";
  return association === 0
    ? `No system${clock} variables returned\n`
    : `No information returned for${clock} association ${association}\n`;
}

function events(count: number): string {
  return count === 0 ? "no events" : `${count} event${count === 1 ? "" : "s"}`;
}

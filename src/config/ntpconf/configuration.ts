/** What a configuration file comes to: statements folded into one record, with the checks that need more than one word. */
import type { SelectionLimits } from "../../system/limits.ts";
import { parseKeyIds, type KeyIdRange } from "../../security/keyids.ts";
import { literalFamily } from "../literal.ts";
import { UsageError, type Place } from "../usage.ts";
import type { Remark, Statement } from "./parse.ts";
import type { Word } from "./words.ts";

/** A `server` or `pool` line. */
export interface ServerLine {
  readonly kind: "server" | "pool";
  readonly name: string;
  readonly family: 4 | 6 | null;
  readonly version: number;
  readonly minpoll: number;
  readonly maxpoll: number;
  readonly iburst: boolean;
  readonly burst: boolean;
  readonly prefer: boolean;
  readonly noselect: boolean;
  readonly trusted: boolean;
  readonly key: number | null;
  readonly at: Place;
}

/** A `restrict` line. */
export interface RestrictLine {
  /** An IP literal, a host name, `default` or `source`. */
  readonly address: string;
  readonly family: 4 | 6 | null;
  /** Netmask as an IP literal; `null`: the whole address. */
  readonly mask: string | null;
  readonly flags: readonly string[];
  readonly at: Place;
}

/** The rate limit of `discard`, ntpd's defaults filled in. */
export interface DiscardLimits {
  /** log₂ s, the average headway of a client. */
  readonly average: number;
  /** The least headway, seconds. */
  readonly minimum: number;
  /** Seconds after which the MRU list may forget a client. */
  readonly monitor: number;
}

/** Everything a file configures. */
export interface Configuration {
  readonly servers: readonly ServerLine[];
  readonly keys: { readonly path: string; readonly at: Place } | null;
  /** `null`: no `trustedkey` line. */
  readonly trusted: readonly KeyIdRange[] | null;
  readonly limits: Partial<SelectionLimits>;
  readonly restrict: readonly RestrictLine[];
  readonly discard: DiscardLimits;
  /** What is worth telling beyond the parser's own remarks. */
  readonly remarks: readonly Remark[];
}

/** ntpd's defaults of `discard` (ntp_restrict.c, ntp_monitor.c). */
export const DEFAULT_DISCARD: DiscardLimits = { average: 3, minimum: 2, monitor: 3000 };

/** ntpd's default poll exponents of `server` (RFC 5905 §A.1.1 MINPOLL, MAXPOLL as deployed). */
export const DEFAULT_POLL: { readonly min: number; readonly max: number } = { min: 6, max: 10 };

type Draft = { -readonly [K in keyof Configuration]: Configuration[K] };

/** What each command adds. */
const FOLD: Readonly<Record<string, (draft: Draft, statement: Statement) => void>> = {
  server: (draft, statement) => addServer(draft, statement, "server"),
  pool: (draft, statement) => addServer(draft, statement, "pool"),
  keys: (draft, { operands: [path] }) => void (draft.keys = { path: path!.text, at: path!.at }),
  trustedkey: (draft, statement) => void (draft.trusted = [...(draft.trusted ?? []), ...readKeyIds(statement)]),
  restrict: (draft, statement) => void (draft.restrict = [...draft.restrict, restrictLine(statement)]),
  discard: (draft, { options }) => void (draft.discard = { ...draft.discard, ...Object.fromEntries(options) }),
  tos: (draft, statement) => void (draft.limits = { ...draft.limits, ...limitsOf(statement) }),
};

/**
 * Folds statements in their order; later ones win where only one can hold.
 * @throws UsageError with file:line:column
 */
export function foldStatements(statements: readonly Statement[]): Configuration {
  const draft: Draft = { servers: [], keys: null, trusted: null, limits: {}, restrict: [], discard: DEFAULT_DISCARD, remarks: [] };
  for (const statement of statements) FOLD[statement.command]?.(draft, statement);
  return draft;
}

function addServer(draft: Draft, { operands: [host], options, family, at }: Statement, kind: ServerLine["kind"]): void {
  const minpoll = numberOf(options, "minpoll") ?? Math.min(DEFAULT_POLL.min, numberOf(options, "maxpoll") ?? DEFAULT_POLL.min);
  const maxpoll = numberOf(options, "maxpoll") ?? Math.max(DEFAULT_POLL.max, minpoll);
  if (minpoll > maxpoll) throw new UsageError(`minpoll ${minpoll} is above maxpoll ${maxpoll}`, null, at);
  if (host!.text.startsWith("127.127.")) {
    draft.remarks = [...draft.remarks, { level: "warning", text: `"${host!.text}" is left out: reference clocks are not used here`, at }];
    return;
  }
  const line: ServerLine = {
    kind,
    name: checkHost(host!, family),
    family,
    version: numberOf(options, "version") ?? 4,
    minpoll,
    maxpoll,
    iburst: options.has("iburst"),
    burst: options.has("burst"),
    prefer: options.has("prefer"),
    noselect: options.has("noselect"),
    trusted: options.has("true"),
    key: numberOf(options, "key"),
    at,
  };
  draft.servers = [...draft.servers, line];
}

function checkHost(host: Word, family: 4 | 6 | null): string {
  const literal = literalFamily(host.text);
  if (literal !== 0 && family !== null && literal !== family) throw new UsageError(`"${host.text}" is not an IPv${family} address`, null, host.at);
  if (literal === 0 && !/^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_.])?$/i.test(host.text)) throw new UsageError(`"${host.text}" is not a host name or an IP address`, null, host.at);
  if (literal === 0 && /^[\d.]+$/.test(host.text)) throw new UsageError(`"${host.text}" is not an IPv4 address`, null, host.at);
  return host.text;
}

function numberOf(options: Statement["options"], name: string): number | null {
  const value = options.get(name);
  return typeof value === "number" ? value : null;
}

/** `1 2 (5 ... 8)` */
function readKeyIds({ rest, operands: [first] }: Statement): readonly KeyIdRange[] {
  const { ranges, faults: [fault] } = parseKeyIds(rest, first!.at);
  if (fault !== undefined) throw new UsageError(fault.message, null, fault);
  return ranges;
}

function restrictLine({ operands: [address], options, family, at }: Statement): RestrictLine {
  const mask = options.get("mask");
  const literal = literalFamily(address!.text);
  if (typeof mask === "string" && literalFamily(mask) === 0) throw new UsageError(`"${mask}" is not a netmask`, null, at);
  if (typeof mask === "string" && literal !== 0 && literalFamily(mask) !== literal) throw new UsageError(`netmask ${mask} does not fit ${address!.text}`, null, at);
  const flags = [...options].filter(([, value]) => value === true).map(([name]) => name);
  return { address: address!.text, family, mask: typeof mask === "string" ? mask : null, flags, at };
}

const LIMITS: readonly (keyof SelectionLimits)[] = ["minclock", "maxclock", "minsane", "mindist", "maxdist", "floor", "ceiling"];

function limitsOf({ options }: Statement): Partial<SelectionLimits> {
  return Object.fromEntries([...options].filter(([name]) => (LIMITS as readonly string[]).includes(name)));
}

/** Statements folded into one record, with the checks that need more than one line. */
import { MAXSTRAT } from "../../wire/header.ts";
import type { SelectionLimits } from "../../system/limits.ts";
import type { KeyFormat } from "../../security/keyfile.ts";
import { parseKeyIds, type KeyIdRange } from "../../security/keyids.ts";
import { guarded, UsageError, type OnFault, type Place } from "../usage.ts";
import { ASSOCIATION_COMMANDS, DEFAULT_RINGS } from "./associations.ts";
import { checkNts, foldDaemon, tinkerOf } from "./daemon.ts";
import {
  isGroup,
  localUnit,
  readAssociation,
  readRestriction,
  type AssociationLine,
  type RestrictLine,
  type ServerLine,
} from "./lines.ts";
import type { Remark, Statement } from "./parse.ts";
import type { Configuration, DiscardLimits, DiscoverySettings, Draft, Switches } from "./record.ts";
import { SERVICE_COMMANDS, STATISTICS } from "./service.ts";
import { standards, type Options, type Standard } from "./syntax.ts";
import { isClock } from "./values.ts";
import { KE_PORT } from "../../wire/ntske.ts";
import { own } from "../../wire/own.ts";

export type { AssociationLine, RestrictLine, ServerLine } from "./lines.ts";
export type { Configuration, DiscardLimits } from "./record.ts";

/** The defaults of `discard`, from the table. */
export const DEFAULT_DISCARD: DiscardLimits = settings(SERVICE_COMMANDS, "discard") as unknown as DiscardLimits;

/** The default poll exponents of `server`, from the table. */
export const DEFAULT_POLL: { readonly min: number; readonly max: number } = pollsOf(
  settings(ASSOCIATION_COMMANDS, "server"),
);

/** What each command adds. */
const FOLD: Readonly<Record<string, (draft: Draft, statement: Statement) => void>> = {
  server: addAssociation,
  pool: addAssociation,
  peer: addAssociation,
  broadcast: addAssociation,
  manycastclient: addAssociation,
  unpeer,
  unconfig: unpeer,
  keys: (draft, { operands: [path], values: [, format = "auto"] }) =>
    void (draft.keys = { path: path!.text, format: format as KeyFormat, at: path!.at }),
  trustedkey: (draft, statement) => void (draft.trusted = [...(draft.trusted ?? []), ...readKeyIds(draft, statement)]),
  restrict(draft, statement) {
    const { line, remark } = readRestriction(statement);
    if (line !== null) draft.restrict.push(line);
    if (remark !== null) draft.remarks.push(remark);
  },
  unrestrict(draft, statement) {
    const { line, remark } = readRestriction(statement);
    if (line !== null) draft.restrict = without(draft.restrict, line);
    else if (remark !== null) draft.remarks.push(remark);
  },
  discard: (draft, { options }) => void (draft.discard = { ...draft.discard, ...Object.fromEntries(options) }),
  tos: (draft, { options }) => {
    draft.limits = { ...draft.limits, ...limitsOf(options) };
    draft.discovery = { ...draft.discovery, ...discoveryOf(Object.fromEntries(options)) };
  },
  fudge(draft, { operands: [clock], options }) {
    const unit = isClock(clock!.text) ? localUnit(clock!.text) : null;
    // ntpd: "inappropriate address for the fudge command, line ignored".
    if (unit === null)
      return void draft.remarks.push({
        level: "warning",
        text: `"fudge ${clock!.text}" is ignored: only the local clock, 127.127.1.x, can be fudged here`,
        at: clock!.at,
      });
    const stratum = options.get("stratum");
    if (typeof stratum === "number") draft.localStratum.set(unit, stratum);
  },
};

/**
 * Folds statements in their order; later ones win where only one can hold.
 * @param strict true for the daemon: what cannot be used is an error; a one-shot leaves it out
 * @param onFault takes what is wrong with a statement, which is then left out; `null`: the first fault is thrown
 * @throws UsageError with file:line:column
 */
export function foldStatements(
  statements: readonly Statement[],
  strict: boolean,
  onFault: OnFault | null = null,
): Configuration {
  const draft = emptyDraft();
  for (const statement of statements) {
    const unasked = strict ? null : unaskable(statement);
    if (unasked !== null) draft.remarks.push(unasked);
    else guarded(onFault, () => (own(FOLD, statement.command) ?? foldDaemon)(draft, statement));
  }
  checkLimits(draft, statements);
  checkNts(draft);
  const { localStratum: _, ...configuration } = draft;
  return { ...configuration, localClock: localClockOf(draft) };
}

/** The local clock, fudged; `null` where it is fudged to be unsynchronized: then nobody follows it, us included. */
function localClockOf({ localClock, localStratum }: Draft): Configuration["localClock"] {
  if (localClock === null) return null;
  const stratum = localStratum.get(localClock.unit) ?? localClock.stratum;
  return stratum < MAXSTRAT ? { ...localClock, stratum } : null;
}

/** What is said of a server that a one-shot has no question for: a reference clock, or a whole group. */
function unaskable({ command, operands: [host], at }: Statement): Remark | null {
  if (command !== "server" && command !== "pool") return null;
  if (isClock(host!.text))
    return { level: "warning", text: `"${host!.text}" is left out: reference clocks are not used here`, at };
  if (isGroup(host!.text))
    return { level: "warning", text: `"${host!.text}" is left out: ntpkit manycast asks groups`, at };
  return null;
}

function emptyDraft(): Draft {
  const tos = settings(ASSOCIATION_COMMANDS, "tos");
  const switches = settings(SERVICE_COMMANDS, "enable");
  const filegen = settings(SERVICE_COMMANDS, "filegen") as { type: string; link: boolean; enable: boolean };
  return {
    servers: [],
    associations: [],
    localClock: null,
    localStratum: new Map(),
    broadcastClient: false,
    provedBroadcasts: null,
    autokeyBroadcasts: null,
    idents: [],
    multicastClient: [],
    manycastServer: [],
    rings: DEFAULT_RINGS,
    broadcastDelay: null,
    callDelay: null,
    keys: null,
    trusted: null,
    controlKey: null,
    limits: {},
    discovery: discoveryOf(tos) as DiscoverySettings,
    restrict: [],
    discard: DEFAULT_DISCARD,
    crypto: null,
    keysFolder: null,
    nts: { enabled: false, certificate: null, key: null, cookies: null, port: KE_PORT, server: null, at: null },
    mru: settings(SERVICE_COMMANDS, "mru"),
    switches: switches as unknown as Switches,
    tinker: tinkerOf(settings(SERVICE_COMMANDS, "tinker")),
    driftFile: null,
    driftForm: "ntp",
    driftTolerance: null,
    leapFile: null,
    smear: 0,
    statistics: {
      folder: "/var/NTP/",
      kinds: Object.fromEntries(
        STATISTICS.map((kind) => [
          kind,
          { file: kind, type: filegen.type, link: filegen.link, enabled: filegen.enable, asked: false },
        ]),
      ),
    },
    interfaces: [],
    variables: [],
    logFile: null,
    pidFile: null,
    remarks: [],
  };
}

function settings(
  commands: Readonly<Record<string, { readonly options: Options }>>,
  command: string,
): Record<string, Standard> {
  return standards(commands[command]!.options);
}

function pollsOf({ minpoll, maxpoll }: Record<string, Standard>): { min: number; max: number } {
  return { min: minpoll as number, max: maxpoll as number };
}

function addAssociation(draft: Draft, statement: Statement): void {
  const associated = readAssociation(statement);
  if (associated.kind === "localClock") {
    const stratum = settings(ASSOCIATION_COMMANDS, "fudge")["stratum"] as number;
    draft.localClock ??= { ...associated.line, stratum };
    return;
  }
  if (associated.kind === "none") return void draft.remarks.push(associated.remark);
  const { line, remarks } = associated;
  draft.associations.push(line);
  draft.remarks.push(...remarks);
  if (line.kind === "server" || line.kind === "pool") draft.servers.push(asServer(line, line.kind));
}

function asServer(
  {
    name,
    family,
    version,
    minpoll,
    maxpoll,
    iburst,
    burst,
    prefer,
    noselect,
    trusted,
    key,
    nts,
    autokey,
    port,
    at,
  }: AssociationLine,
  kind: ServerLine["kind"],
): ServerLine {
  const ntsPort = nts ? port : null;
  return {
    kind,
    name,
    family,
    version,
    minpoll,
    maxpoll,
    iburst,
    burst,
    prefer,
    noselect,
    trusted,
    key,
    nts,
    ...(autokey === undefined ? {} : { autokey }),
    ntsPort,
    at,
  };
}

function unpeer(draft: Draft, { command, values: [name], at }: Statement): void {
  if (!draft.associations.some((line) => line.name === name))
    draft.remarks.push({
      level: "warning",
      text: `"${command} ${name}" has no effect: no line before it names that`,
      at,
    });
  forget(draft, String(name));
}

function forget(draft: Draft, name: string): void {
  draft.associations = draft.associations.filter((line) => line.name !== name);
  draft.servers = draft.servers.filter((line) => line.name !== name);
}

/** `1 2 (5 ... 8)`; numbers that cannot be identifiers are passed over (ntp_config.c config_auth()). */
function readKeyIds(draft: Draft, { rest, operands: [first] }: Statement): readonly KeyIdRange[] {
  const { ranges, faults } = parseKeyIds(rest, first!.at);
  const word = faults.find(({ isNumber }) => !isNumber);
  if (word !== undefined) throw new UsageError(word.message, null, placeOf(word));
  const ignored = faults.map((fault): Remark => ({
    level: "warning",
    text: `${fault.message}: it is ignored`,
    at: placeOf(fault),
  }));
  draft.remarks.push(...ignored);
  return ranges;
}

function placeOf({ file, line, column }: Place): Place {
  return { file, line, column };
}

/** The lines without those flags of that network, or without the network where no flag is named. */
function without(lines: readonly RestrictLine[], { address, mask, family, flags }: RestrictLine): RestrictLine[] {
  return lines.flatMap((line) => {
    if (line.address !== address || line.mask !== mask || (family !== null && line.family !== family)) return [line];
    return flags.length === 0 ? [] : [{ ...line, flags: line.flags.filter((flag) => !flags.includes(flag)) }];
  });
}

const LIMITS: readonly (keyof SelectionLimits)[] = [
  "minclock",
  "maxclock",
  "minsane",
  "mindist",
  "maxdist",
  "floor",
  "ceiling",
];

/** ntpd takes any number for a count of clocks, and the whole ones of it. */
function limitsOf(options: Statement["options"]): Partial<SelectionLimits> {
  return Object.fromEntries(
    [...options]
      .filter(([name]) => (LIMITS as readonly string[]).includes(name))
      .map(([name, value]) => [name, name.endsWith("clock") ? Math.trunc(value as number) : value]),
  );
}

/** From 16 on orphan mode is off: no client follows that stratum. */
const NO_ORPHAN = 16;

function discoveryOf({ cohort, orphan, orphanwait, beacon }: Record<string, Standard>): Partial<DiscoverySettings> {
  return {
    ...(cohort === undefined ? {} : { cohort: cohort !== 0 }),
    ...(typeof orphan === "number" ? { orphan: orphan < NO_ORPHAN ? orphan : null } : {}),
    ...(typeof orphanwait === "number" ? { orphanwait } : {}),
    ...(typeof beacon === "number" ? { beacon } : {}),
  };
}

/** Limits that exclude each other are told at the last line that has one of them; the one gives way to the other. */
function checkLimits(draft: Draft, statements: readonly Statement[]): void {
  const { limits } = draft;
  const { minclock, maxclock, floor, ceiling } = {
    ...(settings(ASSOCIATION_COMMANDS, "tos") as unknown as SelectionLimits),
    ...limits,
  };
  const at = (name: string): Place | null =>
    statements.findLast(({ command, options }) => command === "tos" && options.has(name))?.at ?? null;
  const tell = (text: string, place: Place | null): void =>
    void draft.remarks.push({ level: "warning", text, at: place! });
  if (minclock > maxclock) {
    draft.limits = { ...limits, maxclock: minclock };
    tell(
      `minclock ${minclock} is above maxclock ${maxclock}, which becomes ${minclock}`,
      at("minclock") ?? at("maxclock"),
    );
  }
  if (floor >= ceiling)
    tell(`floor ${floor} is not below ceiling ${ceiling}: no server is taken`, at("floor") ?? at("ceiling"));
}

/** Folding the lines that only a daemon follows. */
import { isMulticast } from "../../wire/address.ts";
import { UNZONED_NTP_GROUPS } from "../groups.ts";
import { literalFamily } from "../literal.ts";
import { parseNetwork } from "../../server/access.ts";
import { UsageError, type Place } from "../usage.ts";
import { certifiedBy, NOT_ASKED } from "./lines.ts";
import { NO_CLOCKSTATS } from "./service.ts";
import type { Standard } from "./syntax.ts";
import type { Statement } from "./parse.ts";
import type { CryptoLines, Draft, InterfaceLine, NtsLines, Switches, Tinker, Variable } from "./record.ts";
import { own } from "../../wire/own.ts";

/** What each command adds. */
const FOLD: Readonly<Record<string, (draft: Draft, statement: Statement) => void>> = {
  broadcastclient: (draft, { options, at }) => {
    draft.broadcastClient = true;
    heardUnder(draft, options, at);
    // What novolley was replaced by (seed 002): a fixed delay instead of a measured one.
    if (options.has("novolley"))
      draft.remarks.push({
        level: "warning",
        text: '"novolley" has no effect: broadcastdelay with a delay takes its place',
        at,
      });
  },
  multicastclient: (draft, statement) => {
    heardUnder(draft, statement.options, statement.at);
    draft.multicastClient = [
      ...draft.multicastClient,
      ...(statement.values.length === 0 ? UNZONED_NTP_GROUPS : groupsOf(draft, statement)),
    ];
  },
  manycastserver: (draft, statement) => void draft.manycastServer.push(...groupsOf(draft, statement)),
  ttl: (draft, statement) => void (draft.rings = rising(draft, statement)),
  broadcastdelay: (draft, { values: [delay] }) =>
    void (draft.broadcastDelay = (delay as number) > 0 ? (delay as number) : null),
  calldelay: (draft, { values: [delay] }) => void (draft.callDelay = (delay as number) > 0 ? (delay as number) : null),
  controlkey: (draft, { values: [key] }) => void (draft.controlKey = key as number),
  nts: (draft, { options, at }) => void (draft.nts = { ...ntsOf(draft.nts, options), at }),
  crypto: (draft, { options, at }) => void (draft.crypto = { ...cryptoOf(draft.crypto, options), at }),
  ident: (draft, { values: [group] }) => void (draft.idents = [...new Set([...draft.idents, String(group)])]),
  keysdir: (draft, { values: [folder] }) => void (draft.keysFolder = String(folder)),
  mru: (draft, { options }) => void (draft.mru = { ...draft.mru, ...Object.fromEntries(options) }),
  enable: (draft, { options }) => switched(draft, options, true),
  disable: (draft, { options }) => switched(draft, options, false),
  tinker: (draft, { options }) => void (draft.tinker = tinkered(draft.tinker, Object.fromEntries(options))),
  driftfile: (draft, { values: [path, tolerance], options }) => {
    // No name, or an empty one: none is kept (ntp_config.c, "driftfile disabled").
    draft.driftFile = path === undefined || path === "" ? null : String(path);
    draft.driftForm = options.has("chrony") ? "chrony" : "ntp";
    if (typeof tolerance === "number") draft.driftTolerance = tolerance;
  },
  nonvolatile: (draft, { values: [tolerance] }) =>
    void (draft.driftTolerance = Number(((tolerance as number) * 1e6).toPrecision(12))),
  leapfile: (draft, { operands: [file], values: [path, check] }) =>
    void (draft.leapFile = { path: String(path), checkHash: check !== "ignorehash", at: file!.at }),
  leapsmearinterval: (draft, { values: [interval] }) => void (draft.smear = interval as number),
  statistics: (draft, { options }) => asked(draft, [...options.keys()]),
  statsdir: (draft, { values: [folder] }) => void (draft.statistics = { ...draft.statistics, folder: String(folder) }),
  filegen: (draft, statement) => generate(draft, statement),
  logfile: (draft, { values: [path] }) => void (draft.logFile = String(path)),
  pidfile: (draft, { values: [path] }) => void (draft.pidFile = String(path)),
  interface: (draft, statement) => void draft.interfaces.push(...interfaceOf(draft, statement)),
  nic: (draft, statement) => void draft.interfaces.push(...interfaceOf(draft, statement)),
  setvar: (draft, statement) => void draft.variables.push(readVariable(statement)),
};

/**
 * Takes a line that only a daemon follows; others are none of its business.
 * @throws UsageError
 */
export function foldDaemon(draft: Draft, statement: Statement): void {
  own(FOLD, statement.command)?.(draft, statement);
}

/** The words that are groups. ntpd takes any, looks them up, and passes over what cannot be listened to. */
function groupsOf(draft: Draft, { command, operands }: Statement): readonly string[] {
  return operands.flatMap(({ text, at }) => {
    // Of a literal the family is plain.
    if (text === "-4" || text === "-6") return [];
    if (literalFamily(text) !== 0 && isMulticast(text)) return [text];
    return remark(draft, `"${text}" of "${command}" is ignored: it is not a multicast group`, at);
  });
}

/** Says that something is not taken; @returns nothing, to be taken in its place */
function remark(draft: Draft, text: string, at: Place): readonly [] {
  draft.remarks.push({ level: "warning", text, at });
  return [];
}

/** A search goes from ring to ring outwards; what does not lie beyond the ring before it is passed over. */
function rising(draft: Draft, { operands, values }: Statement): readonly number[] {
  const rings: number[] = [];
  for (const [index, ring] of (values as readonly number[]).entries()) {
    const before = rings.at(-1) ?? 0;
    if (ring > before) rings.push(ring);
    else remark(draft, `ring ${ring} is ignored: it does not lie beyond ring ${before}`, operands[index]!.at);
  }
  return rings.length === 0 ? draft.rings : rings;
}

/** One line that wants whom it hears to prove who he is speaks for all: nobody gets in by another one. */
function heardUnder(draft: Draft, options: Statement["options"], at: Place): void {
  if (options.has("nts")) draft.provedBroadcasts = certifiedBy(Object.fromEntries(options));
  else if (options.has("autokey"))
    draft.autokeyBroadcasts = { ident: (options.get("ident") as string | undefined) ?? null };
  else if (options.has("ntsname")) draft.remarks.push(NOT_ASKED(at));
}

function switched(draft: Draft, options: Statement["options"], on: boolean): void {
  const known = Object.keys(draft.switches);
  const changed = [...options.keys()].filter((name) => known.includes(name)).map((name) => [name, on]);
  draft.switches = { ...draft.switches, ...(Object.fromEntries(changed) as Partial<Switches>) };
  if (options.has("bclient")) draft.broadcastClient = on;
}

/** Later lines win. */
function cryptoOf(before: CryptoLines | null, options: Statement["options"]): Omit<CryptoLines, "at"> {
  const text = (name: string): string | null => (options.has(name) ? String(options.get(name)) : null);
  const digest = text("digest")?.toLowerCase() as CryptoLines["digest"] | undefined;
  return {
    host: text("host") ?? before?.host ?? null,
    ident: text("ident") ?? before?.ident ?? null,
    password: text("pw") ?? before?.password ?? null,
    digest: digest ?? before?.digest ?? "md5",
  };
}

function ntsOf(before: NtsLines, options: Statement["options"]): NtsLines {
  const file = (name: string, was: string | null): string | null => {
    const given = options.get(name);
    return typeof given === "string" ? given : was;
  };
  const port = options.get("port");
  return {
    enabled: options.has("enable") || (before.enabled && !options.has("disable")),
    certificate: file("cert", before.certificate),
    key: file("key", before.key),
    cookies: file("cookie", before.cookies),
    port: typeof port === "number" ? port : before.port,
    server: file("server", before.server),
    at: before.at,
  };
}

/** Who answers under NTS has a certificate and its key; without them it is not enabled. */
export function checkNts(draft: Draft): void {
  const { enabled, certificate, key, at } = draft.nts;
  if (!enabled || at === null || (certificate !== null && key !== null)) return;
  const lacking = certificate === null ? "cert" : "key";
  remark(draft, `"nts enable" is left out: there is no "nts ${lacking} FILE"`, at);
  draft.nts = { ...draft.nts, enabled: false };
}

/** Later lines win; on a line `stepfwd` and `stepback` say more than `step`. */
function tinkered(
  before: Tinker,
  { step, stepfwd, stepback, stepout, panic, freq, allan, dispersion, huffpuff }: Partial<Record<string, Standard>>,
): Tinker {
  const given = (value: Standard | undefined, was: number): number =>
    typeof value === "number" ? neverIfZero(value) : was;
  return {
    step: given(stepfwd ?? step, before.step),
    stepBack: given(stepback ?? step, before.stepBack),
    stepout: (stepout ?? before.stepout) as number,
    panic: given(panic, before.panic),
    freq: (freq ?? before.freq) as number | null,
    allan: typeof allan === "number" ? 2 ** allan : before.allan,
    dispersion: (dispersion ?? before.dispersion) as number,
    huffpuff: typeof huffpuff === "number" ? huffpuff || null : before.huffpuff,
  };
}

function asked(draft: Draft, names: readonly string[]): void {
  const { folder, kinds } = draft.statistics;
  draft.statistics = {
    folder,
    kinds: Object.fromEntries(
      Object.entries(kinds).map(([name, kind]) => [
        name,
        names.includes(name) && name !== "clockstats" ? { ...kind, asked: true } : kind,
      ]),
    ),
  };
}

/** `filegen loopstats file loops type day link enable` */
function generate(draft: Draft, { values: [name], options, at }: Statement): void {
  for (const [yes, no] of [
    ["link", "nolink"],
    ["enable", "disable"],
  ] as const)
    if (options.has(yes) && options.has(no))
      remark(draft, `"${yes}" and "${no}" exclude each other: the last one counts`, at);
  const last = (yes: string, no: string): boolean | null => {
    const [word] = [...options.keys()].filter((name) => name === yes || name === no).slice(-1);
    return word === undefined ? null : word === yes;
  };
  const link = last("link", "nolink");
  const enabled = last("enable", "disable");
  const { folder, kinds } = draft.statistics;
  const kind = kinds[String(name)];
  if (kind === undefined)
    return void draft.remarks.push({
      level: "note",
      text: `"filegen ${name}" has no effect here: these are not written`,
      at,
    });
  if (name === "clockstats")
    return void draft.remarks.push({
      level: "note",
      text: `"filegen clockstats" has no effect here: ${NO_CLOCKSTATS}`,
      at,
    });
  const file = options.get("file");
  const type = options.get("type");
  const changed = {
    ...kind,
    ...(typeof file === "string" ? { file } : {}),
    ...(typeof type === "string" ? { type } : {}),
    ...(link === null ? {} : { link }),
    ...(enabled === null ? {} : enabled ? { enabled, asked: true } : { enabled }),
  };
  draft.statistics = { folder, kinds: { ...kinds, [String(name)]: changed } };
}

/** `interface listen eth0`; nothing where no interface can have what it is about. */
function interfaceOf(draft: Draft, { values: [action, target], operands, at }: Statement): readonly InterfaceLine[] {
  if (target === undefined)
    throw new UsageError(
      `"interface ${action}" needs what it is about`,
      "all, ipv4, ipv6, wildcard, an interface's name, an address or a network",
      at,
    );
  const what = String(target);
  if (what.includes("/") && parseNetwork(what) === null)
    return remark(draft, `"${what}" is ignored: it is not a network, such as 192.0.2.0/24`, operands[1]!.at);
  if (literalFamily(what) !== 0 && isMulticast(what))
    return remark(draft, `"${what}" is ignored: it is a group, not an address of an interface`, operands[1]!.at);
  return [{ action: action as InterfaceLine["action"], what, at }];
}

/** `setvar name = value default` */
function readVariable({ rest, operands: [first] }: Statement): Variable {
  const match = /^\s*([^\s=",]+)\s*=\s*("[^"]*"|\S+)(?:\s+(default))?\s*$/.exec(rest);
  if (match === null)
    throw new UsageError(
      `"setvar ${rest.trim()}" sets nothing`,
      "write it as setvar NAME = VALUE, and default behind it for one that is always shown",
      first!.at,
    );
  return { name: match[1]!, value: match[2]!.replace(/^"|"$/g, ""), standard: match[3] === "default" };
}

/** `tinker` as its defaults have it. */
export function tinkerOf(standards: Partial<Record<string, Standard>>): Tinker {
  return tinkered(
    {
      step: Infinity,
      stepBack: Infinity,
      stepout: 0,
      panic: Infinity,
      freq: null,
      allan: null,
      dispersion: 0,
      huffpuff: null,
    },
    standards,
  );
}

function neverIfZero(limit: number): number {
  return limit === 0 ? Infinity : limit;
}

/** Lines of ntp.conf as records, with the checks that need more than one word of a line. */
import type { AssociationKind } from "../../association/template.ts";
import { parseNetwork } from "../../server/access.ts";
import { addressOctets, isMulticast } from "../../wire/address.ts";
import { scopeWarning } from "../groups.ts";
import { literalFamily } from "../literal.ts";
import { didYouMean } from "../suggest.ts";
import { UsageError, type Place } from "../usage.ts";
import { COMMANDS } from "./commands.ts";
import type { Remark, Statement } from "./parse.ts";
import { standards, type Standard } from "./syntax.ts";
import { isClock } from "./values.ts";
import { KE_PORT } from "../../wire/ntske.ts";
import { own } from "../../wire/own.ts";

/** A `server` or `pool` line, as the one-shots use it. */
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
  /** Under Network Time Security. */
  readonly nts: boolean;
  /** Under Autokey, and the group that its server must prove to be of; absent: it is not. */
  readonly autokey?: { readonly ident: string | null };
  /** Its `port`, where it is under NTS: that of key establishment; `null`: not said. */
  readonly ntsPort: number | null;
  readonly at: Place;
}

/** A line that makes an association, or something that finds others. */
export interface AssociationLine extends Omit<ServerLine, "kind" | "ntsPort"> {
  readonly kind: AssociationKind;
  readonly port: number;
  /** Hops, 1 … 255; `null`: what the kind has by default. */
  readonly ttl: number | null;
  /** `peer`: interleave as long as the peer does; `broadcast`: tell when the packet before left (RFC 9769). */
  readonly xleave: boolean;
  /** Who is found by a group under NTS has to have a certificate for this name; absent: for its address. */
  readonly certified?: string;
  /** A server that may be dropped when there are better ones. */
  readonly preempt: boolean;
}

/** `server 127.127.1.UNIT`: the local clock, for want of better. */
export interface LocalClockLine {
  readonly unit: number;
  readonly at: Place;
}

/** A `restrict` line. */
export interface RestrictLine {
  /** An IP literal, a host name, `default` or `source`. */
  readonly address: string;
  readonly family: 4 | 6 | null;
  /** Netmask as an IP literal, or a prefix length; `null`: the whole address. */
  readonly mask: string | number | null;
  readonly flags: readonly string[];
  readonly at: Place;
}

/** What one line of associations comes to. */
export type Associated =
  | { readonly kind: "association"; readonly line: AssociationLine; readonly remarks: readonly Remark[] }
  | { readonly kind: "localClock"; readonly line: LocalClockLine }
  | { readonly kind: "none"; readonly remark: Remark };

/** The kind of each command. */
const KINDS: Readonly<Record<string, AssociationKind>> = {
  server: "server",
  pool: "pool",
  peer: "peer",
  broadcast: "broadcast",
  manycastclient: "manycast",
};

/**
 * Reads a line of `server`, `pool`, `peer`, `broadcast` or `manycastclient`.
 * @throws UsageError
 */
export function readAssociation(statement: Statement): Associated {
  const { command, operands, options, family, at } = statement;
  const host = operands[0]!;
  if (isClock(host.text)) return localClock(statement);
  const searches = isGroup(host.text);
  // ntpd: "attempt to configure invalid address", and the line is passed over.
  if (searches ? command === "pool" || command === "peer" : command === "manycastclient")
    return {
      kind: "none",
      remark: {
        level: "warning",
        text: searches
          ? `"${command} ${host.text}" is ignored: manycastclient searches a group for servers, broadcast sends to it`
          : `"${command} ${host.text}" is ignored: it is not a multicast group`,
        at: host.at,
      },
    };
  const values = withStandards(command, options);
  const [minpoll, maxpoll, crossing] = polls(statement, values);
  // A server that is a group is a manycast search (seed 000).
  const kind = searches && command === "server" ? "manycast" : own(KINDS, command)!;
  const flag = (name: string): boolean => values[name] === true;
  const number = (name: string): number | null => (typeof values[name] === "number" ? values[name] : null);
  const line: AssociationLine = {
    kind,
    name: unbracketed(host.text),
    family,
    version: number("version")!,
    minpoll,
    maxpoll,
    iburst: flag("iburst"),
    burst: flag("burst"),
    prefer: flag("prefer"),
    noselect: flag("noselect"),
    trusted: flag("true"),
    key: number("key"),
    nts: flag("nts"),
    ...(flag("autokey") ? { autokey: { ident: typeof values["ident"] === "string" ? values["ident"] : null } } : {}),
    ...(kind === "manycast" ? certifiedBy(values) : {}),
    // A group is asked in the clear.
    port: flag("nts") && kind !== "manycast" && !options.has("port") ? KE_PORT : number("port")!,
    ttl: number("ttl"),
    xleave: (kind === "peer" || kind === "broadcast") && flag("xleave"),
    preempt: flag("preempt") || kind === "pool" || kind === "manycast",
    at,
  };
  const unproved = unprovable(line);
  if (unproved !== null)
    return {
      kind: "none",
      remark: { level: "warning", text: `"${command} ${host.text}" is left out: ${unproved}`, at: host.at },
    };
  const hops = options.get("ttl");
  const remark =
    kind === "broadcast"
      ? (ttlRemark(line, hops) ?? scopeRemark(line))
      : kind !== "manycast" && hops !== undefined
        ? NO_HOPS(at)
        : null;
  const isNamed = options.has("ntsname");
  const named = !isNamed ? null : kind !== "manycast" ? NO_NAME(at) : line.nts ? null : NOT_ASKED(at);
  return { kind: "association", line, remarks: [crossing, remark, named].filter((one) => one !== null) };
}

/** The name of `ntsname`, where it is given. */
export function certifiedBy({ ntsname }: Readonly<Record<string, unknown>>): { readonly certified?: string } {
  return typeof ntsname === "string" ? { certified: ntsname } : {};
}

/** Why NTS or Autokey cannot be had so, and the line is not asked without it; `null`: it can, or it asks for neither. */
function unprovable({ kind, key, nts, autokey }: AssociationLine): string | null {
  if (!nts && autokey === undefined) return null;
  const proof = nts ? "NTS" : "Autokey";
  if (nts && autokey !== undefined)
    return "it asks for NTS and for Autokey, and a server is asked under the one or the other";
  if (kind !== "server" && kind !== "pool" && kind !== "manycast" && (nts || (kind !== "peer" && kind !== "broadcast")))
    return `it asks for ${proof}, which is for servers that are named and asked`;
  return key === null ? null : `it asks for a key and for ${proof}, and a server is asked under the one or the other`;
}

/** Questions to one host go as far as they must. */
const NO_HOPS = (at: Place): Remark => ({
  level: "note",
  text: '"ttl" has no effect here: it is for broadcasts and searches',
  at,
});

/** Whom a line names is who has to prove it. */
const NO_NAME = (at: Place): Remark => ({
  level: "note",
  text: '"ntsname" has no effect here: it is for who is found by a group',
  at,
});

/** Nobody is asked for a certificate. */
export const NOT_ASKED = (at: Place): Remark => ({
  level: "warning",
  text: '"ntsname" has no effect without "nts": nobody is asked for a certificate',
  at,
});

function ttlRemark({ at }: AssociationLine, hops: unknown): Remark | null {
  if (typeof hops !== "number" || hops >= 8) return null;
  return {
    level: "warning",
    text: `"ttl ${hops}" is ${hops} ${hops === 1 ? "hop" : "hops"} here; ntpd 4.2.8 reads it as a place in its list of ttl`,
    at,
  };
}

/** A group that is everybody's leaves the site (RFC 2365). */
function scopeRemark({ name, ttl, at }: AssociationLine): Remark | null {
  const text = scopeWarning(name, ttl ?? 1);
  return text === null ? null : { level: "warning", text: text.replace("--ttl", "ttl"), at };
}

/** `[2001:db8::1]`, as addresses stand where a port may follow. */
function unbracketed(host: string): string {
  return /^\[([^\]]+)\]$/.exec(host)?.[1] ?? host;
}

/** Whether a host is a multicast group. */
export function isGroup(text: string): boolean {
  const host = unbracketed(text);
  return literalFamily(host) !== 0 && isMulticast(host);
}

/** The options of a command: those given, and the defaults of the others. */
export function withStandards(command: string, given: ReadonlyMap<string, Standard>): Record<string, Standard> {
  return { ...standards(COMMANDS[command]!.options), ...Object.fromEntries(given) };
}

/** ntpd polls at maxpoll then (ntp_peer.c newpeer()). */
const crossed = (minpoll: number, maxpoll: number, at: Place): Remark => ({
  level: "warning",
  text: `minpoll ${minpoll} is above maxpoll ${maxpoll}, and becomes ${maxpoll}`,
  at,
});

function polls({ options, at }: Statement, values: Record<string, Standard>): [number, number, Remark | null] {
  const { minpoll: leastStandard, maxpoll: mostStandard } = values as { minpoll: number; maxpoll: number };
  // One bound alone moves the default of the other out of its way.
  const minpoll = options.has("minpoll") ? leastStandard : Math.min(leastStandard, mostStandard);
  const maxpoll = options.has("maxpoll") ? mostStandard : Math.max(mostStandard, minpoll);
  return [Math.min(minpoll, maxpoll), maxpoll, minpoll > maxpoll ? crossed(minpoll, maxpoll, at) : null];
}

/** Type 1 is the local clock; there are no drivers for the others, as an ntpd without the device has none either, and goes on. */
function localClock({ command, operands, at }: Statement): Associated {
  const host = operands[0]!;
  const unit = localUnit(host.text);
  if (unit !== null && command === "server") return { kind: "localClock", line: { unit, at } };
  const [, , type] = host.text.split(".");
  const why = unit === null ? `it is a reference clock of type ${type!}` : "the local clock is no peer of others";
  const text = `"${command} ${host.text}" is ignored: ${why}; only "server 127.127.1.0", the local clock, can be used here`;
  return { kind: "none", remark: { level: "warning", text, at: host.at } };
}

/** The unit of a local clock; `null` for other reference clocks. */
export function localUnit(address: string): number | null {
  const [, , type, unit] = address.split(".").map(Number);
  return type === 1 ? unit! : null;
}

/** What is strange, yet possible, in a `restrict` line. */
function restrictionRemark({ address, mask, at }: RestrictLine): Remark | null {
  const meant =
    literalFamily(address) === 0 && /^[a-z]+$/.test(address) && address !== "localhost" && !TEMPLATES.includes(address)
      ? didYouMean(address, TEMPLATES)
      : null;
  if (meant !== null)
    return { level: "warning", text: `"restrict ${address}" is about a host of that name; ${meant}`, at };
  if (typeof mask === "string" && !isContiguous(mask))
    return {
      level: "warning",
      text: `netmask ${mask} of "restrict ${address}" has gaps: bits after the first 0 count, too`,
      at,
    };
  return null;
}

/** What a `restrict` line may be about in place of an address. */
const TEMPLATES: readonly string[] = ["default", "source"];

/** Ones, then zeros. */
function isContiguous(mask: string): boolean {
  const bits = Array.from(addressOctets(mask) ?? [], (octet) => octet.toString(2).padStart(8, "0")).join("");
  return !bits.includes("01");
}

/** What a line of access comes to; `null`: it is passed over, as by ntpd ("ignoring line …, mask unusable"). */
export interface Restricted {
  readonly line: RestrictLine | null;
  readonly remark: Remark | null;
}

/**
 * Reads a `restrict` or `unrestrict` line.
 * @throws UsageError where ntpd's grammar has no such line
 */
export function readRestriction({ command, operands: [address], options, family, at }: Statement): Restricted {
  const text = unbracketed(address!.text);
  const given = options.get("mask");
  const mask = typeof given === "string" ? unbracketed(given) : null;
  const flags = [...options].filter(([, value]) => value === true).map(([name]) => name);
  const ignored = (why: string): Restricted => ({
    line: null,
    remark: { level: "warning", text: `"${command} ${text}" is ignored: ${why}`, at: address!.at },
  });
  if (TEMPLATES.includes(text) && mask !== null) {
    const line = { address: text, family: family ?? (literalFamily(mask) as 4 | 6), mask: null, flags, at };
    return { line, remark: wholeRemark(text, mask, at) };
  }
  if (mask !== null && /^\d+$/.test(mask))
    throw new UsageError(`"${mask}" is not a netmask`, "such as 255.255.255.0", at);
  const network = text.includes("/") ? parseNetwork(text) : null;
  if (text.includes("/") && (network === null || mask !== null))
    return ignored("that is not a network, such as 192.0.2.0/24, without a mask beside it");
  const literal = literalFamily(network?.address ?? text);
  if (mask !== null && literalFamily(mask) === 0) return ignored(`"${mask}" is not a netmask`);
  if (mask !== null && literal !== 0 && literalFamily(mask) !== literal)
    return ignored(`netmask ${mask} is of the other family`);
  const line = { address: network?.address ?? text, family, mask: network?.mask ?? mask, flags, at };
  return { line, remark: restrictionRemark(line) };
}

/** The default has a mask of itself, of no bits. */
function wholeRemark(text: string, mask: string, at: Place): Remark {
  if (text !== "default" || addressOctets(mask)?.every((octet) => octet === 0) !== true)
    throw new UsageError(`"${text}" takes no netmask`, "only an address or a name does", at);
  return { level: "warning", text: `"mask ${mask}" is left out: "default" has it of itself`, at };
}

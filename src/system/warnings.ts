/**
 * What is wrong with a set of servers though each of them is right: that they are fewer sources than they seem, that some
 * smear leap seconds and others do not, that they follow each other. Found in what a snapshot says; the words are in `view`.
 */
import { family } from "../wire/address.ts";
import { MAXSTRAT } from "../wire/header.ts";
import { refidText } from "../wire/refid.ts";

/** What is asked of a server: the same fields of an `AssociationReport`. */
export interface WarnedServer {
  readonly name: string;
  /** IP literal; `null` while unresolved. */
  readonly address: string | null;
  /** As on the wire, or `null` before it answered. */
  readonly stratum: number | null;
  /** As ntpq shows it, or `null` before it answered. */
  readonly refid: string | null;
  /** Why nothing could be delivered to it. */
  readonly unreachable: string | null;
}

/** What is asked of a whole run: the same fields of a `Snapshot`. */
export interface WarnedServers {
  readonly associations: readonly WarnedServer[];
  readonly resolved: readonly { readonly name: string; readonly addresses: readonly string[] }[];
}

/** One warning. Servers are told by address. */
export type ServersWarning =
  /** Several servers follow one: together they are one source. `servers` and `sources` count all that answered. */
  | {
      readonly code: "sharedUpstream";
      readonly upstream: string;
      readonly addresses: readonly string[];
      readonly servers: number;
      readonly sources: number;
    }
  /** Round a leap second they will be up to half a second apart. */
  | { readonly code: "mixedSmear"; readonly smeared: readonly string[]; readonly unsmeared: readonly string[] }
  /** Each follows the next, and the last the first. */
  | { readonly code: "refidLoop"; readonly addresses: readonly string[] }
  /** This host has no IPv4, and the name gives nothing else; `instead` is the one that does. */
  | { readonly code: "ipv4Pool"; readonly name: string; readonly instead: string };

/**
 * Everything that is wrong with the servers of a run together.
 * @param referenceIdOf the reference identifier, unsigned 32 bits, of who is set by an address; of an IPv6 address it is a hash
 */
export function warningsOf(run: WarnedServers, referenceIdOf: (ip: string) => number): readonly ServersWarning[] {
  const answered = run.associations.flatMap(({ name, address, stratum, refid }) => {
    if (address === null || refid === null || stratum === null || stratum < 1 || stratum >= MAXSTRAT) return [];
    return [{ name, address, stratum, refid, own: refidText(FOLLOWER, referenceIdOf(address)) }];
  });
  const hashed = new Set(answered.filter(({ address }) => family(address) === 6).map(({ own }) => own));
  const set = answered.map((server) => ({ ...server, upstream: upstreamOf(server, hashed) }));
  return [...sharedUpstreams(set), ...mixedSmear(set), ...loops(set), ...ipv4Pools(run)];
}

/** A stratum at which the reference identifier is an address. */
const FOLLOWER = 2;

interface Answered {
  readonly name: string;
  readonly address: string;
  readonly stratum: number;
  readonly refid: string;
  /** What the reference identifier is of those that follow this server. */
  readonly own: string;
}

/** One of a set, with whom it follows, by reference identifier; `null`: nobody. */
interface Follower extends Answered {
  readonly upstream: string | null;
}

/** By what each of them is set: a server of stratum 1 by itself, all others by whom they name. Sources are told apart by reference identifier. */
function sharedUpstreams(servers: readonly Follower[]): ServersWarning[] {
  const bySource = new Map<string, string[]>();
  for (const { upstream, own, address } of servers)
    bySource.set(upstream ?? own, [...(bySource.get(upstream ?? own) ?? []), address]);
  // A server that others of the set follow is their source, whatever it follows itself.
  for (const { upstream, own, address } of servers) {
    if (upstream === null || upstream === own || !bySource.has(own)) continue;
    bySource.get(own)!.push(address);
    const remaining = bySource.get(upstream)!.filter((other) => other !== address);
    if (remaining.length > 0) bySource.set(upstream, remaining);
    else bySource.delete(upstream);
  }
  const counts = { servers: servers.length, sources: bySource.size };
  const addressOf = new Map(servers.map(({ own, address }) => [own, address]));
  return [...bySource].flatMap(([source, addresses]) =>
    addresses.length < 2
      ? []
      : [{ code: "sharedUpstream", upstream: addressOf.get(source) ?? source, addresses, ...counts }],
  );
}

/** Services that say they smear: Google, Amazon, Facebook. */
const SMEARING_NAME = /(^|\.)time\d?\.(google|android|facebook|aws)\.com$|^169\.254\.169\.123$|^fd00:ec2::123$/;

function mixedSmear(servers: readonly Follower[]): ServersWarning[] {
  const smears = ({ name, stratum, refid, upstream }: Follower): boolean =>
    SMEARING_NAME.test(name) || (stratum === 1 ? refid === "GOOG" : upstream === null && refid.startsWith("254."));
  const smeared = servers.filter(smears).map(({ address }) => address);
  const unsmeared = servers.filter((server) => !smears(server)).map(({ address }) => address);
  return smeared.length > 0 && unsmeared.length > 0 ? [{ code: "mixedSmear", smeared, unsmeared }] : [];
}

/** Each walk along the reference identifiers that comes back to where it began, told once, from its least address. */
function loops(servers: readonly Follower[]): ServersWarning[] {
  const byIdentifier = new Map(servers.map((server) => [server.own, server]));
  const next = ({ upstream }: Follower): Follower | undefined =>
    upstream === null ? undefined : byIdentifier.get(upstream);
  const found: ServersWarning[] = [];
  for (const start of byIdentifier.values()) {
    const walk = [start];
    for (let at = next(start); at !== undefined && !walk.includes(at); at = next(at)) walk.push(at);
    const closes = walk.length > 1 && next(walk.at(-1)!) === start;
    if (closes && walk.every(({ address }) => start.address <= address))
      found.push({ code: "refidLoop", addresses: walk.map(({ address }) => address) });
  }
  return found;
}

/** The NTP pool gives IPv6 addresses only under its zones numbered 2. */
const POOL_ZONE = /^(?:\d\.)?((?:[a-z-]+\.)?pool\.ntp\.org)\.?$/i;

function ipv4Pools({ associations, resolved }: WarnedServers): ServersWarning[] {
  return resolved.flatMap(({ name, addresses }) => {
    const zone = POOL_ZONE.exec(name)?.[1];
    if (zone === undefined || addresses.length === 0 || addresses.some((ip) => family(ip) === 6)) return [];
    const members = associations.filter(({ address }) => address !== null && addresses.includes(address));
    const unroutable =
      members.length > 0 && members.every(({ unreachable, refid }) => unreachable === "noRoute" && refid === null);
    return unroutable ? [{ code: "ipv4Pool", name, instead: `2.${zone}` }] : [];
  });
}

/**
 * From stratum 2 on the reference identifier is an address, but for local clocks (127.x.y.z, ntpd's drivers) and smears
 * (254.x.y.z); unless it is just what the hash of an IPv6 address of the set comes to.
 */
function upstreamOf({ stratum, refid }: Answered, hashed: ReadonlySet<string>): string | null {
  if (stratum <= 1) return null;
  const named = /^\d+\.\d+\.\d+\.\d+$/.test(refid) && !refid.startsWith("127.") && !refid.startsWith("254.");
  return named || hashed.has(refid) ? refid : null;
}

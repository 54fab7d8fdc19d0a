/** Groups and broadcast addresses as they are named on a command line, and how far they may go. */
import { addressOctets, isMulticast } from "../wire/address.ts";
import { literalFamily } from "./literal.ts";
import { parseServer, type ServerSpec } from "./servers.ts";
import { UsageError } from "./usage.ts";
import { parseInteger } from "./values.ts";

/** The groups assigned to NTP (RFC 5905 §8; IANA): all of IPv4, the link and the site of IPv6. */
export const NTP_GROUPS: readonly string[] = ["224.0.1.1", "ff02::101", "ff05::101"];

/** Those that are the same group on every link, for lines that name no interface. */
export const UNZONED_NTP_GROUPS: readonly string[] = NTP_GROUPS.filter((group) => !group.startsWith("ff02:"));

/** The most hops of an IP packet. */
const MOST_HOPS = 255;

/**
 * Reads one GROUP: an IP literal, `%ZONE` where it is for one link, and the options of a server behind it.
 * @throws UsageError for anything that is no multicast group
 */
export function parseGroup(text: string): ServerSpec {
  const group = parseServer(text);
  if (!isMulticast(group.name))
    throw new UsageError(
      `"${group.name}" is not a multicast group`,
      "groups are 224.0.0.0 to 239.255.255.255, and IPv6 addresses that begin with ff",
    );
  return group;
}

/**
 * Reads one ADDRESS of broadcasts: a group, or a broadcast address of this host's networks.
 * @param broadcasts those addresses; `null`: nobody tells them, and any address of IPv4 may be one
 * @throws UsageError
 */
export function parseBroadcastAddress(text: string, broadcasts: readonly string[] | null): ServerSpec {
  const address = parseServer(text);
  const usual = broadcasts === null || broadcasts.length === 0 ? "" : `, as ${broadcasts.join(", ")}`;
  const family = literalFamily(address.name);
  if (family === 0)
    throw new UsageError(`"${address.name}" is not an IP address`, `name a group or a broadcast address${usual}`);
  if (!isMulticast(address.name) && !(broadcasts?.includes(address.name) ?? family === 4)) {
    throw new UsageError(
      `"${address.name}" is neither a multicast group nor a broadcast address of this host`,
      `name a group or a broadcast address${usual}`,
    );
  }
  return address;
}

/**
 * Reads a number of hops.
 * @returns 1 … 255
 * @throws UsageError
 */
export function parseHops(text: string): number {
  return parseInteger(text, "--ttl", 1, MOST_HOPS);
}

/**
 * Whether a group stays within a site or an organization by its very address (RFC 2365 §6, RFC 4291 §2.7), or within the link.
 * @param group an IP literal of a group
 */
export function isScoped(group: string): boolean {
  const octets = addressOctets(group.split("%", 1)[0] ?? "");
  if (octets === null) return false;
  if (octets.length === 4) return octets[0] === 239 || (octets[0] === 224 && octets[1] === 0 && octets[2] === 0);
  return (octets[1]! & 0xf) <= ORGANIZATION_SCOPE;
}

/**
 * What speaks against sending to a group over so many hops (RFC 2365).
 * @returns one line; `null`: nothing
 */
export function scopeWarning(group: string, hops: number): string | null {
  if (!isMulticast(group) || hops === 1 || isScoped(group)) return null;
  const narrower = literalFamily(group) === 4 ? "239.0.0.0/8" : "ff05::101";
  return `${group} is not confined to your site, and packets go ${hops} hops: use ${narrower}, or --ttl 1 (RFC 2365)`;
}

/** The widest scope of IPv6 that is still somebody's own. */
const ORGANIZATION_SCOPE = 8;

/**
 * The addresses a key is restricted to: the fourth column of `ntp.keys` (ntpd 4.2.8p13 and later), `10.0.0.0/8,::1`.
 */
import { BlockList, isIP } from "node:net";

/**
 * An IP address or a network.
 * @param text `192.0.2.7`, `10.0.0.0/8`, `2001:db8::/32`
 * @returns the same without a zone, or `null` when it is neither
 */
export function parseNetwork(text: string): string | null {
  const [ip = "", bits, ...rest] = text.split("/");
  const most = MOST_BITS.get(isIP(ip));
  if (most === undefined || rest.length > 0) return null;
  if (bits === undefined) return withoutZone(ip);
  return /^\d{1,3}$/.test(bits) && Number(bits) <= most ? `${withoutZone(ip)}/${Number(bits)}` : null;
}

/**
 * A test whether an address is among those a key is restricted to.
 * @param networks as {@link parseNetwork} returns them; none: every address is
 * @returns takes an IP literal; an IPv4 address mapped into IPv6 counts as the IPv4 address, and a zone is ignored
 */
export function admission(networks: readonly string[]): (ip: string) => boolean {
  if (networks.length === 0) return () => true;
  const lists = { ipv4: listOf(networks, "ipv4"), ipv6: listOf(networks, "ipv6") };
  return (ip) => {
    if (isIP(ip) === 0) return false;
    const family = familyName(ip);
    const address = withoutZone(ip);
    return lists.ipv4.check(address, family) || (family === "ipv6" && lists.ipv6.check(address, family));
  };
}

/** A list a family: in one list `::/0` would hold every IPv4 address too, by way of the mapped ones. */
function listOf(networks: readonly string[], family: "ipv4" | "ipv6"): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [ip = "", bits] = network.split("/");
    if (familyName(ip) !== family) continue;
    if (bits === undefined) list.addAddress(ip, family);
    else list.addSubnet(ip, Number(bits), family);
  }
  return list;
}

/** The longest prefix, by address family. */
const MOST_BITS = new Map([
  [4, 32],
  [6, 128],
]);

function familyName(ip: string): "ipv4" | "ipv6" {
  return isIP(ip) === 6 ? "ipv6" : "ipv4";
}

function withoutZone(ip: string): string {
  return ip.replace(/%.*$/s, "");
}

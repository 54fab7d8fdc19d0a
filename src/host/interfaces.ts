/** The addresses of this host. */
import { networkInterfaces, type NetworkInterfaceInfo } from "node:os";

/** The interfaces by name, as `os.networkInterfaces` has them. */
export type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

/**
 * Every address that is ours: a server that follows one of them follows us (RFC 5905 §9.2, "loop").
 * @returns IP literals, IPv6 link-local ones with their `%zone`
 */
export function ownAddresses(interfaces: Interfaces = networkInterfaces()): readonly string[] {
  return Object.entries(interfaces).flatMap(([name, infos]) => (infos ?? []).map((info) => literal(name, info)));
}

/**
 * An address of one interface, for systems and users that cannot bind to the interface itself.
 * @returns an IP literal; `null` when the interface has none of that family, or does not exist
 */
export function interfaceAddress(name: string, family: 4 | 6, interfaces: Interfaces = networkInterfaces()): string | null {
  const info = interfaces[name]?.find((one) => one.family === (family === 4 ? "IPv4" : "IPv6"));
  return info === undefined ? null : literal(name, info);
}

function literal(name: string, info: NetworkInterfaceInfo): string {
  return info.family === "IPv6" && info.scopeid !== 0 ? `${info.address}%${name}` : info.address;
}

/** The addresses of this host. */
import { readFileSync } from "node:fs";
import type { HostAddresses } from "../engine/port/event.ts";
import { networkInterfaces, type NetworkInterfaceInfo } from "node:os";

/** The interfaces by name, as `os.networkInterfaces` has them. */
export type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

/**
 * The interfaces that are up. They are asked of the kernel by a netlink socket, which the sandbox of a service or a container, or
 * a phone, may refuse (`RestrictAddressFamilies=`): whatever they are good for is done without then.
 * @returns `null` where they are not told
 */
export function knownInterfaces(read: () => Interfaces = networkInterfaces): Interfaces | null {
  try {
    return read();
  } catch {
    return null;
  }
}

/** Whether nobody tells which interfaces there are. */
export function areInterfacesUnknown(): boolean {
  return knownInterfaces() === null;
}

function hostInterfaces(): Interfaces {
  return knownInterfaces() ?? {};
}

/**
 * Every address that is ours: a server that follows one of them follows us (RFC 5905 §9.2, "loop").
 * @returns IP literals, IPv6 link-local ones with their `%zone`
 */
export function ownAddresses(interfaces: Interfaces = hostInterfaces()): readonly string[] {
  return Object.values(addressesByInterface(interfaces)).flat();
}

/** The addresses of every interface that is up, as {@link ownAddresses} has them. */
export function addressesByInterface(interfaces: Interfaces = hostInterfaces()): HostAddresses {
  return Object.fromEntries(
    Object.entries(interfaces).map(([name, infos]) => [name, (infos ?? []).map((info) => literal(name, info))]),
  );
}

/**
 * An address of one interface, for systems and users that cannot bind to the interface itself.
 * @returns an IP literal; `null` when the interface has none of that family, or does not exist
 */
export function interfaceAddress(
  name: string,
  family: 4 | 6,
  interfaces: Interfaces = hostInterfaces(),
): string | null {
  const info = interfaces[name]?.find((one) => one.family === (family === 4 ? "IPv4" : "IPv6"));
  return info === undefined ? null : literal(name, info);
}

function literal(name: string, info: NetworkInterfaceInfo): string {
  return info.family === "IPv6" && info.scopeid !== 0 ? `${info.address}%${name}` : info.address;
}

/** A way by which what is sent to many leaves this host. */
export interface WayOut {
  /** The interface. */
  readonly name: string;
  /** Its address on that subnet. */
  readonly address: string;
}

/**
 * The interfaces that reach others: one a subnet, since a second would only bring everything twice. Loopback counts where there
 * is nothing else.
 */
export function waysOut(family: 4 | 6, interfaces: Interfaces = hostInterfaces()): readonly WayOut[] {
  const wanted = family === 4 ? "IPv4" : "IPv6";
  const all = Object.entries(interfaces).flatMap(([name, infos]) =>
    (infos ?? []).filter((info) => info.family === wanted).map((info) => ({ name, info })),
  );
  const outside = all.filter(({ info }) => !info.internal);
  const ways = new Map<string, WayOut>();
  for (const { name, info } of outside.length > 0 ? outside : all) {
    // A link-local prefix is another subnet on every link; of IPv6 one copy an interface will do.
    const subnet = family === 4 ? subnetOf(info) : name;
    if (!ways.has(subnet)) ways.set(subnet, { name, address: info.address });
  }
  return [...ways.values()];
}

/**
 * The address that what goes to a group leaves from, by whichever interface: "multicast packets carry a common source address"
 * (seed 000), so that a receiver with ways to several of ours knows one server. `null`: the interface's own, where the group is that of a
 * link (ff01::, ff02::), or no address is good beyond one.
 */
export function commonSource(group: string, interfaces: Interfaces = hostInterfaces()): string | null {
  if (!group.includes(":")) return waysOut(4, interfaces)[0]?.address ?? null;
  if (/^ff.[012]:/i.test(group)) return null;
  const all = Object.values(interfaces).flatMap((infos) => infos ?? []);
  const ours = all.find(
    ({ family, internal, address }) => family === "IPv6" && !internal && !/^fe[89ab]/i.test(address),
  );
  return ours?.address ?? null;
}

/** The broadcast address of every IPv4 subnet of ours, and the limited one. */
export function broadcastAddresses(interfaces: Interfaces = hostInterfaces()): readonly string[] {
  const own = Object.values(interfaces).flatMap((infos) =>
    (infos ?? []).flatMap((info) => (info.family === "IPv4" && !info.internal ? broadcastOf(info) : [])),
  );
  return [...new Set([...own, "255.255.255.255"])];
}

/** The same; `null`: nobody tells which interfaces there are. */
export function knownBroadcastAddresses(interfaces: Interfaces | null = knownInterfaces()): readonly string[] | null {
  return interfaces === null ? null : broadcastAddresses(interfaces);
}

/** Interfaces that have an address of a family, by name. */
export function interfacesWith(family: 4 | 6, interfaces: Interfaces = hostInterfaces()): readonly string[] {
  const wanted = family === 4 ? "IPv4" : "IPv6";
  return Object.entries(interfaces).flatMap(([name, infos]) =>
    infos?.some((info) => info.family === wanted) === true ? [name] : [],
  );
}

/**
 * Whether an interface passes multicasts on. Linux joins groups on one that does not, and hears nothing there.
 * @param flags those of the system (linux/if.h), as sysfs shows them; what cannot be read is taken for able
 */
export function canMulticast(name: string, flags: number | null = flagsOf(name)): boolean {
  return flags === null || (flags & (IFF_MULTICAST | IFF_LOOPBACK)) !== 0;
}

const IFF_LOOPBACK = 0x8;
const IFF_MULTICAST = 0x1000;

function flagsOf(name: string): number | null {
  try {
    return Number(readFileSync(`/sys/class/net/${name}/flags`, "latin1"));
  } catch {
    return null;
  }
}

/** Whether nobody else can be reached: no interface but loopback has an address. Where they are not known, nobody can tell. */
export function isAlone(interfaces: Interfaces | null = knownInterfaces()): boolean {
  return (
    interfaces !== null &&
    Object.values(interfaces).every((infos) => infos?.every(({ internal }) => internal) !== false)
  );
}

/** The name of an interface that is given by its name or by one of its addresses. */
export function interfaceNamed(text: string, interfaces: Interfaces = hostInterfaces()): string {
  return (
    Object.entries(interfaces).find(([, infos]) => infos?.some(({ address }) => address === text) === true)?.[0] ?? text
  );
}

function subnetOf({ address, netmask }: NetworkInterfaceInfo): string {
  const mask = netmask.split(".").map(Number);
  return `${address
    .split(".")
    .map((octet, index) => Number(octet) & mask[index]!)
    .join(".")}/${netmask}`;
}

/** None for a point-to-point link. */
function broadcastOf({ address, netmask }: NetworkInterfaceInfo): string[] {
  const mask = netmask.split(".").map(Number);
  if (mask[3]! > 252) return [];
  return [
    address
      .split(".")
      .map((octet, index) => (Number(octet) | ~mask[index]!) & 255)
      .join("."),
  ];
}

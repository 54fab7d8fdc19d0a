/** Making a UDP descriptor on Linux: its options, where it is bound, what it is connected to, the groups it receives. */
import { family, type Address } from "../../wire/address.ts";
import type { HostFault } from "../../engine/port/event.ts";
import { errorNumber, faultOfErrno } from "../errno.ts";
import { areInterfacesUnknown, canMulticast, interfaceAddress, interfaceNamed, interfacesWith } from "../interfaces.ts";
import * as linux from "../layout.ts";
import type { Libc } from "../libc.ts";
import { parse4, parse6, toSockaddr } from "./sockaddr.ts";

/** Where a socket is. */
export interface Place {
  /** Connected to; `null`: to nobody, it serves. */
  readonly to: Address | null;
  /** Bound to; 0: a port that the kernel chooses. */
  readonly port: number;
  /** Bound to; `null`: any. */
  readonly address: string | null;
  /** Bound to, by name or by its address; `null`: any. */
  readonly interface: string | null;
  /** Others may be bound to the same port and address, if they agree, too. */
  readonly shared?: boolean;
}

/** What arrives is stamped, and stamps of what leaves are numbered and come without a copy. */
const STAMPS =
  linux.SOF_TIMESTAMPING_RX_SOFTWARE |
  linux.SOF_TIMESTAMPING_SOFTWARE |
  linux.SOF_TIMESTAMPING_OPT_ID |
  linux.SOF_TIMESTAMPING_OPT_TSONLY;
/** A socket that serves stamps what leaves only where that is asked for. */
const STAMPS_SERVING = int(STAMPS);
const STAMPS_ASKING = int(STAMPS | linux.SOF_TIMESTAMPING_TX_SOFTWARE);
const ON = int(1);
const OFF = int(0);
/** Expedited forwarding (DSCP 46), as ntpd marks its packets. */
const EXPEDITED = int(0xb8);
/** Room for the answers of a thousand servers at once. */
const RECEIVE_BUFFER = int(4 << 20);
const EPERM = errorNumber("EPERM");
const EADDRINUSE = errorNumber("EADDRINUSE");
const ENODEV = errorNumber("ENODEV");
const EADDRNOTAVAIL = errorNumber("EADDRNOTAVAIL");

/**
 * Makes a non-blocking UDP descriptor.
 * @param of its family, that of `place.to` or `place.address`
 * @returns the descriptor, or why there is none
 */
export function makeDescriptor(c: Libc, of: 4 | 6, place: Place): number | HostFault {
  const type = linux.SOCK_DGRAM | linux.SOCK_NONBLOCK | linux.SOCK_CLOEXEC;
  const fd = c.socket(of === 4 ? linux.AF_INET : linux.AF_INET6, type, 0);
  if (fd < 0) return faultOfErrno(c.errno());
  // Where it is refused, packets get our own stamps.
  set(c, fd, linux.SOL_SOCKET, linux.SO_TIMESTAMPING, place.to === null ? STAMPS_SERVING : STAMPS_ASKING);
  if (of === 4) set(c, fd, linux.IPPROTO_IP, linux.IP_TOS, EXPEDITED);
  else set(c, fd, linux.IPPROTO_IPV6, linux.IPV6_TCLASS, EXPEDITED);
  if (place.shared === true) set(c, fd, linux.SOL_SOCKET, linux.SO_REUSEADDR, ON);
  if (place.to === null) describePackets(c, fd, of);
  else if (of === 4) set(c, fd, linux.IPPROTO_IP, linux.IP_RECVERR, ON);
  else set(c, fd, linux.IPPROTO_IPV6, linux.IPV6_RECVERR, ON);
  const fault = bind(c, fd, of, place) ?? connect(c, fd, place.to);
  if (fault === null) return fd;
  c.close(fd);
  return fault;
}

/**
 * Receives a multicast group by one interface, or by every one that has an address of its family; returns why it cannot. By
 * every one: the kernel on its own would choose the one that the routing table says, or none.
 */
export function joinGroup(c: Libc, fd: number, group: string, name: string | null): HostFault | null {
  const only = name ?? group.split("%", 2)[1] ?? null;
  if (only !== null) return joinBy(c, fd, group, only);
  const all = interfacesWith(family(group));
  if (all.length === 0 && areInterfacesUnknown()) return joinAt(c, fd, group, 0);
  const faults = all.map((each) => joinBy(c, fd, group, each));
  return faults.includes(null) ? null : (faults[0] ?? "noMulticast");
}

function joinBy(c: Libc, fd: number, group: string, name: string): HostFault | null {
  const index = c.if_nametoindex(interfaceNamed(name));
  if (index === 0) return "noAddress";
  return canMulticast(interfaceNamed(name)) ? joinAt(c, fd, group, index) : "noMulticast";
}

/** @param index of the interface; 0: the kernel's choice */
function joinAt(c: Libc, fd: number, group: string, index: number): HostFault | null {
  const of = family(group);
  const address = of === 4 ? parse4(group) : parse6(group.split("%", 1)[0] ?? "");
  if (address === null) return "noMulticast";
  // ip_mreqn: group 4, address 4, index; ipv6_mreq: group 16, index
  const request = new Uint8Array(of === 4 ? 12 : 20);
  request.set(address);
  new DataView(request.buffer).setUint32(request.length - 4, index, true);
  const done =
    of === 4
      ? c.setsockopt(fd, linux.IPPROTO_IP, linux.IP_ADD_MEMBERSHIP, request, request.length)
      : c.setsockopt(fd, linux.IPPROTO_IPV6, linux.IPV6_JOIN_GROUP, request, request.length);
  if (done === 0) return null;
  const errno = c.errno();
  if (errno === EADDRINUSE) return null; // joined already
  return errno === ENODEV || errno === EADDRNOTAVAIL ? "noMulticast" : faultOfErrno(errno);
}

/** Sets the hop limit of what is sent from now on, to one host or to a group; `null`: the system's. */
export function setHopLimit(c: Libc, fd: number, of: 4 | 6, hops: number | null): void {
  const value = int(hops ?? -1);
  const [level, unicast, group] =
    of === 4
      ? [linux.IPPROTO_IP, linux.IP_TTL, linux.IP_MULTICAST_TTL]
      : [linux.IPPROTO_IPV6, linux.IPV6_UNICAST_HOPS, linux.IPV6_MULTICAST_HOPS];
  set(c, fd, level, unicast, value);
  set(c, fd, level, group, value);
}

/** Asks for what a server wants to know of each packet (destination, interface, hop limit), and for room for many. */
function describePackets(c: Libc, fd: number, of: 4 | 6): void {
  if (c.setsockopt(fd, linux.SOL_SOCKET, linux.SO_RCVBUFFORCE, RECEIVE_BUFFER, 4) < 0)
    set(c, fd, linux.SOL_SOCKET, linux.SO_RCVBUF, RECEIVE_BUFFER);
  if (of === 4) {
    set(c, fd, linux.IPPROTO_IP, linux.IP_MULTICAST_ALL, OFF); // not what others on this host have joined
    set(c, fd, linux.IPPROTO_IP, linux.IP_PKTINFO, ON);
    set(c, fd, linux.IPPROTO_IP, linux.IP_RECVTTL, ON);
    set(c, fd, linux.SOL_SOCKET, linux.SO_BROADCAST, ON);
  } else {
    set(c, fd, linux.IPPROTO_IPV6, linux.IPV6_V6ONLY, ON);
    set(c, fd, linux.IPPROTO_IPV6, linux.IPV6_MULTICAST_ALL, OFF);
    set(c, fd, linux.IPPROTO_IPV6, linux.IPV6_RECVPKTINFO, ON);
    set(c, fd, linux.IPPROTO_IPV6, linux.IPV6_RECVHOPLIMIT, ON);
  }
}

function bind(c: Libc, fd: number, of: 4 | 6, place: Place): HostFault | null {
  let { address } = place;
  if (place.interface !== null) {
    const bound = bindToInterface(c, fd, of, place.interface);
    if ("fault" in bound) return bound.fault;
    address ??= bound.address;
  }
  // A request from any port of any address is bound by connecting: one call less.
  if (place.to !== null && place.port === 0 && address === null) return null;
  const local = toSockaddr(address ?? (of === 4 ? "0.0.0.0" : "::"), place.port);
  if (local === null) return "noAddress";
  return c.bind(fd, local, local.length) < 0 ? faultOfErrno(c.errno()) : null;
}

function connect(c: Libc, fd: number, to: Address | null): HostFault | null {
  if (to === null) return null;
  const remote = toSockaddr(to.ip, to.port);
  if (remote === null) return "noRoute";
  return c.connect(fd, remote, remote.length) < 0 ? faultOfErrno(c.errno()) : null;
}

/** Binds to an interface by name, or says which address to bind to instead. */
function bindToInterface(
  c: Libc,
  fd: number,
  of: 4 | 6,
  name: string,
): { readonly address: string | null } | { readonly fault: HostFault } {
  if (parse4(name) !== null || parse6(name.split("%", 1)[0] ?? "") !== null) return { address: name };
  const bytes = new TextEncoder().encode(name);
  if (c.setsockopt(fd, linux.SOL_SOCKET, linux.SO_BINDTODEVICE, bytes, bytes.length) === 0) return { address: null };
  const errno = c.errno();
  if (errno !== EPERM) return { fault: faultOfErrno(errno) };
  const address = interfaceAddress(name, of); // kernels before 5.7 ask for CAP_NET_RAW
  return address === null ? { fault: "noAddress" } : { address };
}

function set(c: Libc, fd: number, level: number, option: number, value: Uint8Array): void {
  c.setsockopt(fd, level, option, value, value.length);
}

/** A C int. */
function int(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value, true);
  return bytes;
}

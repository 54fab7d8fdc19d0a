/**
 * `sendmsg` for sockets that serve: from which address a datagram leaves, by which interface, and whether the kernel is to
 * stamp it as it leaves.
 *
 * ```text
 * in_pktinfo   interface u32 | source 4 | destination 4, unused        in6_pktinfo   source 16 | interface u32
 * ```
 *
 * What goes to many leaves by every interface that can carry it, one copy a subnet, as ntpd sends it; the routing table would
 * choose one, or none where there is no default route. Copies to a group carry a common source address, broadcasts each subnet's own.
 */
import type { HostFault } from "../../engine/port/event.ts";
import type { Address } from "../../wire/address.ts";
import { family, isMulticast } from "../../wire/address.ts";
import {
  areInterfacesUnknown,
  canMulticast,
  interfaceAddress,
  interfaceNamed,
  commonSource,
  waysOut,
} from "../interfaces.ts";
import * as linux from "../layout.ts";
import type { Libc } from "../libc.ts";
import { parse4, parse6, toSockaddr } from "./sockaddr.ts";

/** How one copy leaves. */
export interface Way {
  /** Index of the interface; 0: the route's. */
  readonly interface: number;
  /** The address of ours it leaves from; `null`: the route's. */
  readonly from: string | null;
}

const LIMITED_BROADCAST = "255.255.255.255";
/** The longest packet of ours. */
const LONGEST = 4096;
const CONTROL = 64;

/** Buffers for `sendmsg`, filled anew by each call. */
export class OutgoingMessage {
  readonly #c: Pick<Libc, "sendmsg">;
  readonly #header: DataView = view(linux.SIZE.msghdr);
  readonly #name: Uint8Array = new Uint8Array(new ArrayBuffer(linux.SIZE.sockaddr_in6));
  readonly #vector: DataView = view(16);
  readonly #payload: Uint8Array = new Uint8Array(new ArrayBuffer(LONGEST));
  readonly #control: DataView = view(CONTROL);

  constructor(c: Pick<Libc, "sendmsg" | "address">) {
    this.#c = c;
    this.#vector.setBigUint64(0, c.address(this.#payload), true);
    this.#header.setBigUint64(0, c.address(this.#name), true);
    this.#header.setBigUint64(16, c.address(this.#vector), true);
    this.#header.setBigUint64(24, 1n, true);
    this.#header.setBigUint64(32, c.address(this.#control), true);
  }

  /**
   * Sends one copy.
   * @param name the destination as a `sockaddr`
   * @param isStamped whether a send stamp is to come by the error queue
   * @returns false when it was refused; errno says why
   */
  send(fd: number, bytes: Uint8Array, name: Uint8Array, way: Way, isStamped: boolean): boolean {
    this.#payload.set(bytes);
    this.#name.set(name);
    this.#vector.setBigUint64(8, BigInt(bytes.length), true);
    this.#header.setUint32(8, name.length, true);
    let length = 0;
    if (way.from !== null || way.interface !== 0) length = this.#setSource(name.length === linux.SIZE.sockaddr_in, way);
    if (isStamped) length = this.#askForStamp(length);
    this.#header.setBigUint64(40, BigInt(length), true);
    return this.#c.sendmsg(fd, this.#header, linux.MSG_DONTWAIT | linux.MSG_NOSIGNAL) >= 0;
  }

  #setSource(isIpv4: boolean, way: Way): number {
    const control = this.#control;
    control.setBigUint64(0, BigInt(linux.SIZE.cmsghdr + (isIpv4 ? 12 : 20)), true);
    control.setInt32(8, isIpv4 ? linux.IPPROTO_IP : linux.IPPROTO_IPV6, true);
    control.setInt32(12, isIpv4 ? linux.IP_PKTINFO : linux.IPV6_PKTINFO, true);
    const octets = new Uint8Array(control.buffer, 16, 24).fill(0);
    const from = way.from === null ? null : isIpv4 ? parse4(way.from) : parse6(way.from.split("%", 1)[0] ?? "");
    if (from !== null) octets.set(from, isIpv4 ? 4 : 0);
    control.setUint32(isIpv4 ? 16 : 32, way.interface, true);
    return isIpv4 ? 32 : 40;
  }

  /** The socket stamps nothing that leaves of its own accord: replies go without. */
  #askForStamp(at: number): number {
    this.#control.setBigUint64(at, BigInt(linux.SIZE.cmsghdr + 4), true);
    this.#control.setInt32(at + 8, linux.SOL_SOCKET, true);
    this.#control.setInt32(at + 12, linux.SO_TIMESTAMPING, true);
    this.#control.setUint32(at + 16, linux.SOF_TIMESTAMPING_TX_SOFTWARE, true);
    return at + 24;
  }
}

/** Where a datagram goes and how: its destination, and one way for each copy. */
export interface Route {
  readonly name: Uint8Array;
  readonly ways: readonly Way[];
  /** Why there is no way. */
  readonly obstacle: HostFault;
}

/**
 * How a datagram leaves a socket that serves.
 * @param from the address of ours it is to leave from
 * @param bound the interface the socket is bound to, which then decides
 * @returns `null` when the destination is no address, or its zone does not exist
 */
export function routeOf(
  c: Pick<Libc, "if_nametoindex">,
  to: Address,
  from: string | undefined,
  bound: string | null,
): Route | null {
  const name = toSockaddr(to.ip, to.port);
  if (name === null) return null;
  const toMany = isMulticast(to.ip) || to.ip === LIMITED_BROADCAST;
  const of = family(to.ip);
  const only = bound ?? to.ip.split("%", 2)[1] ?? null;
  const passes = (interfaceName: string): boolean => !isMulticast(to.ip) || canMulticast(interfaceNamed(interfaceName));
  if (!toMany || only !== null) {
    const way = {
      interface: 0,
      from: from ?? (toMany && bound !== null && of === 4 ? interfaceAddress(bound, 4) : null),
    };
    return { name, ways: only === null || passes(only) ? [way] : [], obstacle: "noMulticast" };
  }
  const all = waysOut(of);
  const common = isMulticast(to.ip) ? commonSource(to.ip) : null;
  if (all.length === 0 && areInterfacesUnknown())
    return { name, ways: [{ interface: 0, from: null }], obstacle: "noRoute" };
  const ways = all
    .filter((way) => passes(way.name))
    .map((way) => ({ interface: c.if_nametoindex(way.name), from: common ?? (of === 4 ? way.address : null) }));
  return { name, ways, obstacle: all.length === 0 ? "noRoute" : "noMulticast" };
}

function view(length: number): DataView {
  return new DataView(new ArrayBuffer(length));
}

/** The sockets of one simulated machine: which are open, on which ports, and which of them a datagram is for. */
import type { HostFault } from "../engine/port/event.ts";
import type { SocketToken } from "../engine/port/action.ts";
import { type Address, family, isMulticast } from "../wire/address.ts";
import type { SimChance } from "./chance.ts";
import type { Cast, Datagram, NetworkInterface } from "./network.ts";

/** One open socket. */
export interface Socket {
  readonly token: SocketToken;
  /** The address it is bound to; `null`: all of the machine's, of its family. */
  readonly ip: string | null;
  /** The family it is confined to; `null`: none. */
  readonly family: 4 | 6 | null;
  readonly port: number;
  /** Whom it is connected to, and hears alone; `null`: anybody. */
  readonly remote: Address | null;
  /** The interface it is confined to; `null`: none. */
  readonly interface: string | null;
  /** Plain requests may be answered at once. */
  readonly serves: boolean;
  /** Multicast groups it has joined, each with the interface; `null`: none. */
  groups: Set<string> | null;
}

/** What a request's socket is opened with. */
export interface OpenOptions {
  readonly to: Address;
  readonly sourcePort: number | null;
  readonly interface: string | null;
}

/** What a server's socket is opened with. */
export interface ListenOptions {
  readonly port: number;
  readonly address: string | null;
  readonly interface: string | null;
  readonly use?: "serve" | "hear";
}

/** All addresses of a family. */
const WILDCARD = { 4: "0.0.0.0", 6: "::" } as const;

/** Ephemeral ports (RFC 6335 §6). */
const FIRST = 49_152;
const COUNT = 16_384;

/** All sockets of a machine. */
export class Sockets {
  readonly #interfaces: readonly NetworkInterface[];
  readonly #chance: SimChance;
  readonly #byToken = new Map<SocketToken, Socket>();
  readonly #byPort = new Map<number, Socket[]>();

  constructor(interfaces: readonly NetworkInterface[], chance: SimChance) {
    this.#interfaces = interfaces;
    this.#chance = chance;
  }

  get(token: SocketToken): Socket | undefined {
    return this.#byToken.get(token);
  }

  /** Opens a connected one. @returns why not, or `null` */
  open(token: SocketToken, options: OpenOptions): HostFault | null {
    const { to } = options;
    const outgoing = this.interfaceFor(to.ip, { interface: options.interface });
    if (outgoing === null) return options.interface === null ? "noRoute" : "noAddress";
    const ip = this.sourceFor(to.ip, outgoing);
    const port = options.sourcePort ?? this.#freePort();
    const bound = { ip, family: family(ip) };
    const taken = this.#byPort
      .get(port)
      ?.some((other) => overlap(other, bound) && (other.remote === null || same(other.remote, to)));
    if (taken === true) return "portInUse";
    this.#add({ token, ...bound, port, remote: to, interface: options.interface, serves: false, groups: null });
    return null;
  }

  /** Opens one that serves. @returns why not, or `null` */
  listen(token: SocketToken, options: ListenOptions): HostFault | null {
    const ours = this.#interfaces.filter((one) => options.interface === null || one.name === options.interface);
    const of = options.address === null ? null : family(options.address);
    const ip = options.address === WILDCARD[of ?? 4] ? null : options.address;
    // All addresses may be none yet, on an interface that is there.
    const able = ip === null ? options.interface === null || ours.length > 0 : isMulticast(ip) || isOurs(ip, ours);
    if (!able) return "noAddress";
    const port = options.port === 0 ? this.#freePort() : options.port;
    const bound = { ip, family: of };
    if (this.#byPort.get(port)?.some((other) => overlap(other, bound)) === true) return "portInUse";
    const serves = options.use === "serve";
    this.#add({ token, ...bound, port, remote: null, interface: options.interface, serves, groups: null });
    return null;
  }

  /** Lets one receive a group. @returns why not, or `null` */
  join(token: SocketToken, group: string, on: string | null): HostFault | null {
    const socket = this.#byToken.get(token);
    if (socket === undefined) return "other";
    if (on !== null && !this.#interfaces.some((one) => one.name === on)) return "noAddress";
    // As on a host, by the interfaces that there are now.
    const by = this.#interfaces.filter(
      ({ name, addresses }) => (on === null || on === name) && addresses.some((own) => family(own) === family(group)),
    );
    if (by.length === 0) return "noMulticast";
    socket.groups ??= new Set();
    for (const { name } of by) socket.groups.add(membership(group, name));
    return null;
  }

  /** An interface has gone, and with it all memberships. */
  leave(on: string): void {
    for (const { groups } of this.#byToken.values()) {
      for (const one of groups ?? []) if (one.endsWith(membership("", on))) groups!.delete(one);
    }
  }

  close(token: SocketToken): void {
    const socket = this.#byToken.get(token);
    if (socket === undefined) return;
    this.#byToken.delete(token);
    const there = this.#byPort.get(socket.port)!;
    if (there.length === 1) this.#byPort.delete(socket.port);
    else there.splice(there.indexOf(socket), 1);
  }

  closeAll(): void {
    this.#byToken.clear();
    this.#byPort.clear();
  }

  /** The sockets that get a datagram: one at most, unless it was sent to many. */
  match(datagram: Datagram, cast: Cast, port: NetworkInterface): readonly Socket[] {
    const there = this.#byPort.get(datagram.to.port);
    if (there === undefined) return [];
    const open = there.filter((socket) => socket.interface === null || socket.interface === port.name);
    if (cast === "broadcast")
      return open.filter((socket) => socket.remote === null && socket.ip === null && socket.family !== 6);
    if (cast === "group") return open.filter((socket) => joined(socket, datagram.to.ip, port.name));
    const addressed = open.filter((socket) => overlap(socket, { ip: datagram.to.ip, family: family(datagram.to.ip) }));
    const asked = addressed.find((socket) => socket.remote !== null && same(socket.remote, datagram.from));
    const found = asked ?? addressed.find((socket) => socket.remote === null);
    return found === undefined ? [] : [found];
  }

  /** The connected socket that sent a datagram; only such a one hears of errors. */
  sender(datagram: Datagram): Socket | undefined {
    return this.#byPort
      .get(datagram.from.port)
      ?.find((socket) => socket.remote !== null && same(socket.remote, datagram.to));
  }

  /** The interface through which an address is reached; `null`: there is none of its family, or not that one. */
  interfaceFor(ip: string, socket: Pick<Socket, "interface"> | null): NetworkInterface | null {
    const wanted = socket?.interface ?? null;
    const able = this.#interfaces.find((one) => {
      return (wanted === null || one.name === wanted) && one.addresses.some((own) => family(own) === family(ip));
    });
    return able ?? null;
  }

  /** The address we have towards another. */
  sourceFor(ip: string, outgoing: NetworkInterface): string {
    return isOurs(ip, this.#interfaces) ? ip : outgoing.addresses.find((own) => family(own) === family(ip))!;
  }

  #add(socket: Socket): void {
    this.close(socket.token);
    this.#byToken.set(socket.token, socket);
    const there = this.#byPort.get(socket.port);
    if (there === undefined) this.#byPort.set(socket.port, [socket]);
    else there.push(socket);
  }

  #freePort(): number {
    for (;;) {
      const port = FIRST + this.#chance.below(COUNT);
      if (!this.#byPort.has(port)) return port;
    }
  }
}

function same(one: Address, other: Address): boolean {
  return one.ip === other.ip && one.port === other.port;
}

/** Whether two bound addresses get in each other's way; `null` is every address, of the family if there is one. */
function overlap(one: Bound, other: Bound): boolean {
  if (one.family !== null && other.family !== null && one.family !== other.family) return false;
  return one.ip === null || other.ip === null || one.ip === other.ip;
}

type Bound = Pick<Socket, "ip" | "family">;

function isOurs(ip: string, interfaces: readonly NetworkInterface[]): boolean {
  return ip === "::1" || ip.startsWith("127.") || interfaces.some((one) => one.addresses.includes(ip));
}

function joined(socket: Socket, group: string, on: string): boolean {
  return socket.groups?.has(membership(group, on)) === true;
}

function membership(group: string, on: string): string {
  return `${group.toLowerCase()} ${on}`;
}

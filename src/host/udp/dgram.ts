/**
 * Node's UDP sockets, for systems where libc cannot be called as `native.ts` does: macOS, the BSDs, Windows, other
 * machines. We stamp the packets ourselves, some tens of microseconds from when they pass; destination, hop limit and
 * interface of a packet stay unknown.
 *
 * Addresses are literals by now: each socket gets a `lookup` that answers at once, so that Node sends during `send()`,
 * not later, and a hop limit set before a packet is the one it leaves with.
 */
import { createSocket, type Socket as NodeSocket } from "node:dgram";
import { family } from "../../wire/address.ts";
import type { PacketToken, SocketToken } from "../../engine/port/action.ts";
import type { Event, HostFault } from "../../engine/port/event.ts";
import { faultOfCode } from "../errno.ts";
import { areInterfacesUnknown, interfaceAddress, interfaceNamed, interfacesWith } from "../interfaces.ts";
import { parse4, parse6, text6 } from "./sockaddr.ts";
import type { Udp, UdpHost } from "./udp.ts";

type Action<K extends keyof Udp> = Parameters<NonNullable<Udp[K]>> extends [infer A] ? A : never;

/** One socket, or two when it listens on all addresses of both families. */
interface Endpoint {
  readonly node: NodeSocket;
  readonly family: 4 | 6;
  readonly connected: boolean;
  /** What is told when it cannot be opened. */
  readonly refused: (why: HostFault) => Event;
  /** What is to be done once it is bound and connected; `null` when it is. */
  waiting: (() => void)[] | null;
  /** The hop limit it has; `null`: the system's. */
  ttl: number | null;
  closed: boolean;
}

/** Sockets by node:dgram. */
export class DgramUdp implements Udp {
  readonly #host: UdpHost;
  readonly #sockets: Map<SocketToken, Endpoint[]> = new Map();

  constructor(host: UdpHost) {
    this.#host = host;
  }

  ask({ token, to, sourcePort, interface: name, bytes }: Action<"ask">): void {
    const of = family(to.ip);
    const address = name === null ? null : boundAddress(name, of);
    const refused = (why: HostFault): Event => ({ kind: "failed", token, why, to });
    if (name !== null && address === null) {
      this.#host.put(refused("noAddress"));
      return;
    }
    const endpoint = this.#make(token, of, true, refused, sourcePort !== null);
    const packet = bytes.slice();
    // Port 0: the system chooses, at random on all current systems (RFC 9109 §3).
    endpoint.node.bind({ port: sourcePort ?? 0, exclusive: true, ...(address === null ? {} : { address }) }, () => {
      // Called with the error when it fails, which the types do not tell.
      endpoint.node.connect(to.port, to.ip, (...[error]: unknown[]) => {
        if (error !== undefined) return this.#failed(token, endpoint, faultOfCode(codeOf(error)));
        this.#opened(endpoint);
        this.#sendNow(endpoint, token, to, null, packet);
      });
    });
  }

  listen({ socket, port, address, interface: name, use }: Action<"listen">): void {
    const families: readonly (4 | 6)[] = address === null ? [4, 6] : [family(address)];
    const refused = (why: HostFault): Event => ({ kind: "notOpened", socket, why });
    const places = families.flatMap((of) => {
      const bound = address ?? (name === null ? (of === 4 ? "0.0.0.0" : "::") : boundAddress(name, of));
      return bound === null ? [] : [{ bound, endpoint: this.#make(socket, of, false, refused, use === "hear") }];
    });
    if (places.length === 0) this.#host.put(refused("noAddress"));
    for (const { bound, endpoint } of places) {
      if (endpoint.closed) continue; // the other family's failure was both's
      endpoint.node.bind({ port, address: bound, exclusive: true }, () => {
        if (endpoint.family === 4) allowBroadcasts(endpoint.node);
        this.#opened(endpoint);
      });
    }
  }

  join({ socket, group, interface: name }: Action<"join">): void {
    const endpoint = this.#sockets.get(socket)?.find((candidate) => candidate.family === family(group));
    const of = family(group);
    const [literal = "", zone] = group.split("%", 2);
    const only = name ?? zone ?? null;
    const joinBy = (each: string | null): HostFault | null => {
      try {
        if (each === null) endpoint?.node.addMembership(literal);
        else
          endpoint?.node.addMembership(
            literal,
            of === 6 ? `::%${interfaceNamed(each)}` : (boundAddress(each, 4) ?? each),
          );
        return null;
      } catch (error) {
        const fault = faultOfCode(codeOf(error));
        if (fault === "portInUse") return null; // joined already
        return fault === "noAddress" ? "noMulticast" : fault;
      }
    };
    // By every interface: the system on its own would choose one.
    const join = (): void => {
      const all = only === null ? interfacesWith(of) : [only];
      const faults = (all.length === 0 && areInterfacesUnknown() ? [null] : all).map(joinBy);
      if (!faults.includes(null)) this.#host.put({ kind: "notOpened", socket, why: faults[0] ?? "noMulticast", group });
    };
    if (endpoint === undefined) this.#host.put({ kind: "notOpened", socket, why: "other", group });
    else this.#whenOpen(endpoint, join);
  }

  send({ token, socket, to, ttl, bytes }: Action<"send">): void {
    const endpoint = this.#sockets.get(socket)?.find((candidate) => candidate.family === family(to.ip));
    if (endpoint === undefined) {
      this.#host.put({ kind: "failed", token, why: "other", to });
      return;
    }
    // A copy, should it wait: what was handed in may be used again by then.
    const packet = endpoint.waiting === null ? bytes : bytes.slice();
    this.#whenOpen(endpoint, () => this.#sendNow(endpoint, token, to, ttl, packet));
  }

  close({ socket }: Action<"close">): void {
    for (const endpoint of this.#sockets.get(socket) ?? []) {
      endpoint.closed = true;
      endpoint.node.close();
    }
    this.#sockets.delete(socket);
  }

  drain(): void {
    // Node reads for us.
  }

  end(): void {
    for (const socket of this.#sockets.keys()) this.close({ kind: "close", socket });
  }

  #make(token: SocketToken, of: 4 | 6, connected: boolean, refused: Endpoint["refused"], shared = false): Endpoint {
    const node = createSocket({
      reuseAddr: shared,
      type: of === 4 ? "udp4" : "udp6",
      ipv6Only: of === 6,
      lookup: (host, _options, done) => done(null, host, of),
    });
    const endpoint: Endpoint = { node, family: of, connected, refused, waiting: [], ttl: null, closed: false };
    node.on("message", (bytes, from) => {
      if (endpoint.closed) return;
      const at = this.#host.read();
      const ip = of === 6 ? canonical(from.address) : from.address;
      const { port } = from;
      // Node hands each datagram over in memory of its own.
      const octets = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      this.#host.put({
        kind: "datagram",
        socket: token,
        from: { ip, port },
        cast: "unicast",
        at,
        stamp: "user",
        bytes: octets,
      });
    });
    node.on("error", (error) => this.#failed(token, endpoint, faultOfCode(codeOf(error))));
    this.#sockets.set(token, [...(this.#sockets.get(token) ?? []), endpoint]);
    return endpoint;
  }

  #opened(endpoint: Endpoint): void {
    if (endpoint.closed) return;
    const waiting = endpoint.waiting ?? [];
    endpoint.waiting = null;
    for (const action of waiting) action();
  }

  #whenOpen(endpoint: Endpoint, action: () => void): void {
    if (endpoint.waiting === null) action();
    else endpoint.waiting.push(action);
  }

  /** An error of the socket: an ICMP error once it is open, else the reason why it is not. */
  #failed(socket: SocketToken, endpoint: Endpoint, why: HostFault): void {
    if (endpoint.closed) return;
    if (endpoint.waiting === null) {
      if (why === "portUnreachable" || why === "noRoute") this.#host.put({ kind: "unreachable", socket, why });
      return;
    }
    const rest = (this.#sockets.get(socket) ?? []).filter((other) => other !== endpoint);
    if (rest.length > 0 && why === "noRoute") {
      this.#sockets.set(socket, rest); // the other family will do
      endpoint.closed = true;
      endpoint.node.close();
      return;
    }
    const waiting = endpoint.waiting;
    this.close({ kind: "close", socket });
    this.#host.put(endpoint.refused(why));
    for (const action of waiting) action();
  }

  #sendNow(
    endpoint: Endpoint,
    token: PacketToken,
    to: { readonly ip: string; readonly port: number },
    ttl: number | null,
    bytes: Uint8Array,
  ): void {
    let at = this.#host.read();
    const done = (error: Error | null): void => {
      if (error === null) this.#host.put({ kind: "sent", token, at, stamp: "user" });
      else this.#host.put({ kind: "failed", token, why: faultOfCode(codeOf(error)), to });
    };
    try {
      if (endpoint.ttl !== ttl) setHopLimit(endpoint, ttl);
      at = this.#host.read();
      if (endpoint.connected) endpoint.node.send(bytes, done);
      else endpoint.node.send(bytes, to.port, to.ip, done);
    } catch (error) {
      done(error as Error);
    }
  }
}

/** Sets the hop limit of what is sent from now on, to one host or to a group. Node cannot take one back: the usual ones stand for the system's. */
function setHopLimit(endpoint: Endpoint, ttl: number | null): void {
  endpoint.ttl = ttl;
  endpoint.node.setTTL(ttl ?? HOPS);
  endpoint.node.setMulticastTTL(ttl ?? GROUP_HOPS);
}

/** Hop limits where nobody says otherwise: to one host (RFC 1700), and to a group (RFC 1112 §6.1). */
const HOPS = 64;
const GROUP_HOPS = 1;

/** Where it is refused, so is what needs it. */
function allowBroadcasts(node: NodeSocket): void {
  try {
    node.setBroadcast(true);
  } catch {
    // The sandbox of a service may refuse every option of sockets.
  }
}

/** The address to bind to for an interface given by name or by address. */
function boundAddress(name: string, of: 4 | 6): string | null {
  if (parse4(name) !== null || parse6(name.split("%", 1)[0] ?? "") !== null) return name;
  return interfaceAddress(name, of);
}

/** Node prints IPv6 as the C library does; RFC 5952 is what the engine compares. */
function canonical(ip: string): string {
  const [literal = "", zone] = ip.split("%", 2);
  const octets = parse6(literal);
  const text = octets === null ? literal : text6(octets, 0);
  return zone === undefined ? text : `${text}%${zone}`;
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

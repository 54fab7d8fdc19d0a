/**
 * Our own UDP sockets on Linux: the kernel stamps each packet as it arrives and as it leaves, says where it was sent to,
 * and brings back ICMP errors by socket.
 *
 * Sockets that serve read in batches, and answer plain requests on the spot once there is a {@link Responder} (`answerer.ts`).
 *
 * All sockets hang on one epoll descriptor, which Node's event loop watches: no thread, no busy waiting, and timers and
 * signals go on as ever. Send stamps come by a socket's error queue and are fetched straight after the send, where they
 * nearly always are by then; an interface with a queue may be later, and one that never stamps is not waited for.
 *
 * A socket that is bound to port 0, or connected without being bound, gets its port from the kernel, which on Linux draws
 * it at random from ip_local_port_range (RFC 9109 §3). One that is asked for is shared: each hears its own server only.
 */
import { family, type Address } from "../../wire/address.ts";
import type { PacketToken, SocketToken } from "../../engine/port/action.ts";
import type { HostFault } from "../../engine/port/event.ts";
import { difference, type NtpTimestamp } from "../../time/timestamp.ts";
import { errorNumber, faultOfErrno } from "../errno.ts";
import * as linux from "../layout.ts";
import type { Libc, Watch } from "../libc.ts";
import type { Responder } from "../../server/responder.ts";
import { broadcastAddresses } from "../interfaces.ts";
import { Answerer } from "./answerer.ts";
import { joinGroup, makeDescriptor, setHopLimit, type Place } from "./descriptor.ts";
import { castOf, MessageBuffer, type Control } from "./message.ts";
import { OutgoingMessage, routeOf } from "./outgoing.ts";
import type { Udp, UdpHost } from "./udp.ts";

type Action<K extends keyof Udp> = Parameters<NonNullable<Udp[K]>> extends [infer A] ? A : never;

/** A packet on its way whose stamp is not there yet. */
interface Leaving {
  readonly token: PacketToken;
  /** Our own reading before the send, if the kernel's never comes. */
  readonly at: NtpTimestamp;
}

/** One end of what a socket of the engine is: its descriptor of one family. */
interface Endpoint {
  readonly token: SocketToken;
  readonly fd: number;
  readonly family: 4 | 6;
  /** Connected to; `null` for one that serves. */
  readonly to: Address | null;
  /** Bound to, for one that serves. */
  readonly port: number;
  readonly interface: string | null;
  /** Plain requests may be answered at once. */
  readonly serves: boolean;
  /** By the number the kernel gives each packet (SOF_TIMESTAMPING_OPT_ID). */
  readonly leaving: Map<number, Leaving>;
  next: number;
  ttl: number | null;
}

/** Packets read from one socket before the others have their turn. */
const TURN = 64;
const READY = 256;
/** How long a send stamp is waited for, milliseconds; a reply that comes sooner ends the wait. */
const STAMP_WAIT = 50;
/** A kernel stamp further from our own reading than this is of another time, as chronyd has it: seconds. */
const PLAUSIBLE = 1;

const EAGAIN = errorNumber("EAGAIN");

/** Sockets by libc. */
export class NativeUdp implements Udp {
  readonly #c: Libc;
  readonly #host: UdpHost;
  readonly #message: MessageBuffer;
  readonly #outgoing: OutgoingMessage;
  readonly #ready: Uint8Array = new Uint8Array(READY * linux.SIZE.epoll_event);
  readonly #readyWords: DataView = new DataView(this.#ready.buffer);
  readonly #byFd: Map<number, Endpoint> = new Map();
  readonly #byToken: Map<SocketToken, Endpoint[]> = new Map();
  /** Sockets that share their port: by what was asked for, so that groups get sockets of their own. */
  readonly #sharing: Map<SocketToken, Action<"listen">> = new Map();
  #answerer: Answerer | null = null;
  #epoll = -1;
  #watch: Watch | undefined;
  #stampTimer: NodeJS.Timeout | undefined;

  constructor(c: Libc, host: UdpHost) {
    this.#c = c;
    this.#host = host;
    this.#message = new MessageBuffer(c);
    this.#outgoing = new OutgoingMessage(c);
  }

  ask({ token, to, sourcePort, interface: name, bytes }: Action<"ask">): void {
    const made = this.#make(token, family(to.ip), {
      to,
      port: sourcePort ?? 0,
      address: null,
      interface: name,
      shared: sourcePort !== null,
    });
    if (typeof made === "string") this.#host.put({ kind: "failed", token, why: made, to });
    else this.#leave(made, token, to, () => this.#sendto(made, bytes));
  }

  listen(action: Action<"listen">): void {
    const { socket, port, address, interface: name, use } = action;
    const families: readonly (4 | 6)[] = address === null ? [4, 6] : [family(address)];
    const faults = families.map((each) => {
      const fault = faultOf(this.#make(socket, each, { to: null, port, address, interface: name }, use === "serve"));
      return fault === "portInUse" && use === "hear" ? this.#share(action, each) : fault;
    });
    // On all addresses one family will do: a machine without IPv6 still serves.
    const why =
      faults.find((fault) => fault !== null && fault !== "noRoute") ?? (faults.includes(null) ? null : faults[0]);
    if (why === null || why === undefined) return;
    this.close({ kind: "close", socket });
    this.#host.put({ kind: "notOpened", socket, why });
  }

  join({ socket, group, interface: name }: Action<"join">): void {
    const shared = this.#sharing.get(socket);
    const fault = shared === undefined ? this.#join(socket, group, name) : this.#shareGroup(shared, group, name);
    if (fault !== null) this.#host.put({ kind: "notOpened", socket, why: fault, group });
  }

  answerBy(responder: Responder): void {
    this.#answerer = new Answerer(this.#c, responder);
  }

  send({ token, socket, to, from, ttl, bytes }: Action<"send">): void {
    const endpoint = this.#byToken.get(socket)?.find((candidate) => candidate.family === family(to.ip));
    if (endpoint === undefined) {
      this.#host.put({ kind: "failed", token, why: "other", to });
      return;
    }
    if (endpoint.ttl !== ttl) setHopLimit(this.#c, endpoint.fd, endpoint.family, ttl);
    endpoint.ttl = ttl;
    this.#leave(endpoint, token, to, () =>
      endpoint.to === null ? this.#sendmsg(endpoint, bytes, to, from) : this.#sendto(endpoint, bytes),
    );
  }

  /** A packet leaves, or does not, and its stamp is waited for. */
  #leave(endpoint: Endpoint, token: PacketToken, to: Address, sendOnce: () => HostFault | null): void {
    let at = this.#host.read();
    let fault = sendOnce();
    if (fault === "portUnreachable" || fault === "noRoute") {
      // An ICMP error of a packet before is reported in place of the send: take it off, and try again.
      this.#readErrors(endpoint);
      at = this.#host.read();
      fault = sendOnce();
    }
    if (fault !== null) {
      this.#host.put({ kind: "failed", token, why: fault, to });
      return;
    }
    endpoint.leaving.set(endpoint.next, { token, at });
    endpoint.next += 1;
    this.#readErrors(endpoint);
    if (endpoint.leaving.size > 0) this.#awaitStamps();
  }

  close({ socket }: Action<"close">): void {
    for (const endpoint of this.#byToken.get(socket) ?? []) {
      this.#giveUpStamps(endpoint);
      this.#byFd.delete(endpoint.fd);
      this.#c.close(endpoint.fd);
    }
    this.#byToken.delete(socket);
    this.#sharing.delete(socket);
  }

  drain(): void {
    // A round more for every full one, but not for ever: a flood must not keep the engine from its timers.
    for (let round = 0; round < 16 && this.#epoll >= 0; round += 1) {
      const count = this.#c.epoll_wait(this.#epoll, this.#ready, READY, 0);
      for (let index = 0; index < count; index += 1) {
        const fd = this.#readyWords.getInt32(index * linux.SIZE.epoll_event + linux.EPOLL_DATA, true);
        const endpoint = this.#byFd.get(fd);
        if (endpoint === undefined) continue;
        const hasErrors = (this.#readyWords.getUint32(index * linux.SIZE.epoll_event, true) & linux.EPOLLERR) !== 0;
        if (!this.#answerAll(endpoint, hasErrors)) this.#readAll(endpoint);
      }
      if (count < READY) return;
    }
  }

  end(): void {
    for (const socket of this.#byToken.keys()) this.close({ kind: "close", socket });
    clearTimeout(this.#stampTimer);
    this.#watch?.close();
    if (this.#epoll >= 0) this.#c.close(this.#epoll);
    this.#epoll = -1;
  }

  /** Makes one socket; or says why it could not. */
  #make(token: SocketToken, of: 4 | 6, place: Place, serves = false): Endpoint | HostFault {
    const fd = makeDescriptor(this.#c, of, place);
    if (typeof fd === "string") return fd;
    const fault = this.#enlist(fd);
    if (fault !== null) this.#c.close(fd);
    if (fault !== null) return fault;
    const endpoint: Endpoint = {
      token,
      fd,
      family: of,
      to: place.to,
      port: place.port,
      interface: place.interface,
      serves,
      leaving: new Map(),
      next: 0,
      ttl: null,
    };
    this.#byFd.set(fd, endpoint);
    this.#byToken.set(token, [...(this.#byToken.get(token) ?? []), endpoint]);
    return endpoint;
  }

  /** Has the event loop watch a descriptor. */
  #enlist(fd: number): HostFault | null {
    if (this.#epoll < 0) {
      this.#epoll = this.#c.epoll_create1(linux.EPOLL_CLOEXEC);
      if (this.#epoll < 0) return faultOfErrno(this.#c.errno());
      this.#watch = this.#c.watch(this.#epoll, () => this.drain());
    }
    const event = new DataView(new ArrayBuffer(linux.SIZE.epoll_event));
    event.setUint32(0, linux.EPOLLIN, true);
    event.setInt32(linux.EPOLL_DATA, fd, true);
    return this.#c.epoll_ctl(this.#epoll, linux.EPOLL_CTL_ADD, fd, event) < 0 ? faultOfErrno(this.#c.errno()) : null;
  }

  /**
   * Somebody else has the port: where they share it, hears what is sent to many through sockets bound to those very addresses, so
   * that what is sent to the other one alone stays with it.
   */
  #share(action: Action<"listen">, of: 4 | 6): HostFault | null {
    const { socket, port, address, interface: name } = action;
    this.#sharing.set(socket, action);
    if (of === 6) return null; // its groups are bound to as they are joined
    const faults = (address === null || address === "0.0.0.0" ? broadcastAddresses() : [address]).map((each) =>
      faultOf(this.#make(socket, of, { to: null, port, address: each, interface: name, shared: true })),
    );
    return faults.includes(null) ? null : (faults[0] ?? "portInUse");
  }

  #shareGroup({ socket, port, interface: on }: Action<"listen">, group: string, name: string | null): HostFault | null {
    const made = this.#make(socket, family(group), { to: null, port, address: group, interface: on, shared: true });
    return typeof made === "string" ? made : joinGroup(this.#c, made.fd, group, name);
  }

  #join(socket: SocketToken, group: string, name: string | null): HostFault | null {
    const endpoint = this.#byToken.get(socket)?.find((candidate) => candidate.family === family(group));
    return endpoint === undefined ? "other" : joinGroup(this.#c, endpoint.fd, group, name);
  }

  #sendto(endpoint: Endpoint, bytes: Uint8Array): HostFault | null {
    const flags = linux.MSG_DONTWAIT | linux.MSG_NOSIGNAL;
    return this.#c.sendto(endpoint.fd, bytes, bytes.length, flags, null, 0) >= 0 ? null : this.#sendFault();
  }

  /** One copy a way; it has left when one has. The first that leaves is stamped. */
  #sendmsg(endpoint: Endpoint, bytes: Uint8Array, to: Address, from: string | undefined): HostFault | null {
    const route = routeOf(this.#c, to, from, endpoint.interface);
    if (route === null) return "other";
    let fault: HostFault | null = route.obstacle;
    let hasLeft = false;
    for (const way of route.ways) {
      if (this.#outgoing.send(endpoint.fd, bytes, route.name, way, !hasLeft)) hasLeft = true;
      else fault = this.#sendFault();
    }
    return hasLeft ? null : fault;
  }

  #sendFault(): HostFault {
    const errno = this.#c.errno();
    return errno === EAGAIN ? "noResources" : faultOfErrno(errno);
  }

  /** Answers what can be answered at once; the rest of what has come is told as ever. */
  #answerAll(endpoint: Endpoint, hasErrors: boolean): boolean {
    const answerer = this.#answerer;
    if (answerer === null || !endpoint.serves) return false;
    if (hasErrors) this.#readErrors(endpoint);
    answerer.answerAll(endpoint.fd, (bytes, from, control) =>
      this.#datagram(endpoint, from, bytes, control, this.#host.read()),
    );
    return true;
  }

  /** Reads a socket until it is empty, or its turn is over. */
  #readAll(endpoint: Endpoint): void {
    this.#readErrors(endpoint);
    for (let turn = 0; turn < TURN; turn += 1) {
      const length = this.#message.receive(endpoint.fd, linux.MSG_DONTWAIT);
      if (length < 0) {
        if (this.#c.errno() === EAGAIN) return;
        this.#readErrors(endpoint); // an ICMP error that came just now
        continue;
      }
      this.#received(endpoint, length);
    }
  }

  #received(endpoint: Endpoint, length: number): void {
    const user = this.#host.read();
    const control = this.#message.control();
    const from = endpoint.to ?? this.#message.sender();
    if (from === null) return;
    // What the packet answers has left: its stamp is here by now, or will not be waited for.
    if (endpoint.to !== null && endpoint.leaving.size > 0) {
      const bytes = this.#message.bytes(length);
      this.#readErrors(endpoint);
      this.#giveUpStamps(endpoint);
      this.#datagram(endpoint, from, bytes, control, user);
    } else this.#datagram(endpoint, from, this.#message.bytes(length), control, user);
  }

  #datagram(endpoint: Endpoint, from: Address, bytes: Uint8Array, control: Control, user: NtpTimestamp): void {
    const stamped = control.at !== undefined && Math.abs(difference(user, control.at)) < PLAUSIBLE;
    this.#host.put({
      kind: "datagram",
      socket: endpoint.token,
      from,
      ...(control.destination === undefined ? {} : { to: { ip: control.destination, port: endpoint.port } }),
      cast: castOf(control),
      ...(control.ttl === undefined ? {} : { ttl: control.ttl }),
      ...(control.interface === undefined ? {} : { interface: control.interface }),
      at: stamped && control.at !== undefined ? control.at : user,
      stamp: stamped ? "kernel" : "user",
      bytes,
    });
  }

  /** Empties a socket's error queue: send stamps, and ICMP errors. */
  #readErrors(endpoint: Endpoint): void {
    while (this.#message.receive(endpoint.fd, linux.MSG_ERRQUEUE | linux.MSG_DONTWAIT) >= 0) {
      const { at, error } = this.#message.control();
      if (error === undefined) continue;
      if (error.origin === linux.SO_EE_ORIGIN_TIMESTAMPING) this.#stamped(endpoint, error.data, at);
      else {
        const why = faultOfErrno(error.errno);
        if (why === "portUnreachable" || why === "noRoute")
          this.#host.put({ kind: "unreachable", socket: endpoint.token, why });
      }
    }
  }

  /** A send stamp has come. */
  #stamped(endpoint: Endpoint, number: number, at: NtpTimestamp | undefined): void {
    // Older kernels count a packet that failed to leave; with one packet on its way there is no doubt which it is.
    const only = endpoint.leaving.size === 1 ? endpoint.leaving.keys().next().value : undefined;
    const key = endpoint.leaving.has(number) || only === undefined || only > number ? number : only;
    const packet = key === undefined ? undefined : endpoint.leaving.get(key);
    if (key === undefined || packet === undefined) return;
    endpoint.leaving.delete(key);
    if (key !== number) endpoint.next = number + 1;
    const plausible = at !== undefined && Math.abs(difference(at, packet.at)) < PLAUSIBLE;
    this.#host.put({
      kind: "sent",
      token: packet.token,
      at: plausible ? at : packet.at,
      stamp: plausible ? "kernel" : "user",
    });
  }

  /** Says of every packet on its way that it left, by our own reading. */
  #giveUpStamps(endpoint: Endpoint): void {
    for (const { token, at } of endpoint.leaving.values()) this.#host.put({ kind: "sent", token, at, stamp: "user" });
    endpoint.leaving.clear();
  }

  #awaitStamps(): void {
    this.#stampTimer ??= setTimeout(() => {
      this.#stampTimer = undefined;
      for (const endpoint of this.#byFd.values()) {
        if (endpoint.leaving.size === 0) continue;
        this.#readErrors(endpoint);
        this.#giveUpStamps(endpoint);
      }
    }, STAMP_WAIT);
  }
}

/** Why a socket was not made; `null`: it was. */
function faultOf(made: Endpoint | HostFault): HostFault | null {
  return typeof made === "string" ? made : null;
}

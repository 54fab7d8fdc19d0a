/**
 * A simulated network: stations with addresses, the links that attach them, routers, and what goes wrong between them.
 *
 * A datagram passes the sender's outward way, the routers, and the receiver's inward way. Every pair of interfaces has a
 * stream of chance of its own, so that more traffic elsewhere changes nothing here.
 */
import type { Seconds } from "../time/seconds.ts";
import { type Address, addressText, family } from "../wire/address.ts";
import type { SimChance } from "./chance.ts";
import { createLink, createWay, type LinkOptions, passage, type Way } from "./link.ts";
import { Routes } from "./routes.ts";
import type { Timeline } from "./timeline.ts";
import type { Trace } from "./trace.ts";
import { later, type Span, type TrueTime, within } from "./truth.ts";

/** A UDP datagram on its way. */
export interface Datagram {
  readonly from: Address;
  readonly to: Address;
  /** Hops it may still take, 1 … 255. */
  readonly ttl: number;
  /** Never changed once it is on its way: the copies of a datagram share them. */
  readonly bytes: Uint8Array;
}

/** How a datagram was addressed. */
export type Cast = "unicast" | "broadcast" | "group";

/** Why the network sends an error back. */
export type Undeliverable = "portUnreachable" | "noRoute";

/** Something that can be plugged into a network. */
export interface Station {
  readonly name: string;
  /** Takes a datagram in; false when nothing listens there, and the network is to say so to the sender. */
  receive(datagram: Datagram, cast: Cast, port: NetworkInterface): boolean;
  /** Whether anything here hears what is sent to many; without this every copy is carried to its end. */
  hears?(datagram: Datagram, cast: Cast, port: NetworkInterface): boolean;
  /** Hears that a datagram it sent could not be delivered. */
  undeliverable(datagram: Datagram, why: Undeliverable): void;
}

/** How a station is attached. */
export interface InterfaceOptions {
  /** Default `eth0`. */
  readonly name?: string;
  /** The LAN it is on. Default `lan`. */
  readonly lan?: string;
  /** IP literals, IPv4 and IPv6. */
  readonly addresses: readonly string[];
  /** The directed broadcast address, where it has one. */
  readonly broadcast?: string;
  readonly link?: LinkOptions;
  /** While in one of these it is down: the station itself knows that it has no network. */
  readonly down?: readonly Span[];
}

/** One attachment. */
export interface NetworkInterface {
  readonly station: Station;
  readonly name: string;
  readonly lan: string;
  /** Changed by {@link Network.readdress} only. */
  addresses: readonly string[];
  readonly broadcast: string | null;
  readonly out: Way;
  readonly in: Way;
  down: readonly Span[];
}

/** What somebody on the path makes of a datagram: lets it pass, drops it, holds it up, or changes it. */
export type Interference = "pass" | "drop" | { readonly delay?: Seconds; readonly bytes?: Uint8Array };

/** Somebody on the path, who sees every datagram as it sets out. */
export type Tap = (datagram: Datagram, at: TrueTime) => Interference;

/** Two sets of stations, by name, that cannot reach each other for a while. */
export interface Partition extends Span {
  readonly stations: readonly string[];
}

interface Path {
  readonly ways: Way[];
  readonly hops: number;
  readonly chance: SimChance;
}

/** The paths from one interface, by where they lead; `null`: there is none. */
type Paths = Map<NetworkInterface, Path | null>;

const LOOPBACK: Way = createWay({ delay: 10e-6 });
const ANYBODY = "255.255.255.255";

/** One network. */
export class Network {
  /** LANs and routers; laid out before anything is sent. */
  readonly routes: Routes = new Routes();
  /** Addresses to which a router knows no way and says so; to others that nobody has, packets vanish. */
  readonly unroutable: Set<string> = new Set();
  /** Times in which the named stations reach only each other. */
  readonly partitions: Partition[] = [];
  readonly #timeline: Timeline;
  readonly #chance: SimChance;
  readonly #trace: Trace;
  readonly #interfaces: NetworkInterface[] = [];
  readonly #byAddress = new Map<string, NetworkInterface>();
  readonly #paths = { unicast: new Map<NetworkInterface, Paths>(), multicast: new Map<NetworkInterface, Paths>() };
  readonly #extra = new Map<string, readonly Way[]>();
  readonly #taps: Tap[] = [];

  constructor(timeline: Timeline, chance: SimChance, trace: Trace) {
    this.#timeline = timeline;
    this.#chance = chance;
    this.#trace = trace;
  }

  /** Plugs a station in. Two stations cannot have one address. */
  attach(station: Station, options: InterfaceOptions): NetworkInterface {
    const link = createLink(options.link);
    const added: NetworkInterface = {
      station,
      name: options.name ?? "eth0",
      lan: options.lan ?? "lan",
      addresses: options.addresses,
      broadcast: options.broadcast ?? null,
      out: link.out,
      in: link.in,
      down: options.down ?? [],
    };
    this.#give(added, options.addresses);
    this.#interfaces.push(added);
    return added;
  }

  /** Unplugs an interface: nothing reaches it any more, and its addresses are free. */
  detach(port: NetworkInterface): void {
    this.readdress(port, []);
    this.#interfaces.splice(this.#interfaces.indexOf(port), 1);
  }

  /** Gives an interface other addresses. */
  readdress(port: NetworkInterface, addresses: readonly string[]): void {
    for (const ip of port.addresses) this.#byAddress.delete(ip);
    this.#give(port, addresses);
  }

  /**
   * A way of its own from one station to another, passed besides their links: what only these two suffer.
   * @param from, to stations' names
   * @returns the way, which may be changed while the world runs
   */
  between(from: string, to: string, options: Partial<Way>): Way {
    const way = createWay(options);
    const pair = `${from}\n${to}`;
    this.#extra.set(pair, [...(this.#extra.get(pair) ?? []), way]);
    for (const [start, paths] of [...this.#paths.unicast, ...this.#paths.multicast]) {
      for (const [end, path] of paths) if (start.station.name === from && end.station.name === to) path?.ways.push(way);
    }
    return way;
  }

  /**
   * Sets somebody on the path, who sees and may change everything.
   * @returns takes him away again
   */
  tap(tap: Tap): () => void {
    this.#taps.push(tap);
    return () => void this.#taps.splice(this.#taps.indexOf(tap), 1);
  }

  /** Sends a datagram from an interface. What the station cannot know (loss, no such host) it is not told. */
  send(datagram: Datagram, from: NetworkInterface): void {
    if (this.#trace.on) this.#trace.add(from.station.name, "sends", describe(datagram));
    let changed = datagram;
    let delay = 0;
    for (const tap of this.#taps) {
      const interference = tap(changed, this.#timeline.now);
      if (interference === "drop") return;
      if (interference === "pass") continue;
      delay += interference.delay ?? 0;
      if (interference.bytes !== undefined) changed = { ...changed, bytes: interference.bytes };
    }
    if (delay === 0) this.#forward(changed, from);
    else this.#timeline.in(delay, () => this.#forward(changed, from));
  }

  /**
   * Lets a datagram appear from nowhere, with any source: what an attacker off the path can do. It goes straight to whoever
   * has the destination's address.
   * @param delay seconds until it arrives
   * @param victim who has it, where it is for a broadcast address
   */
  inject(datagram: Datagram, delay: Seconds = 0, victim: string | null = null): void {
    const to = this.#byAddress.get(victim ?? datagram.to.ip);
    if (to === undefined) return;
    if (this.#trace.on) this.#trace.add("(nobody)", "injects", describe(datagram));
    this.#timeline.in(delay, () => this.#arrive(datagram, victim === null ? "unicast" : "broadcast", to));
  }

  /** Who has an address. */
  find(ip: string): NetworkInterface | undefined {
    return this.#byAddress.get(ip);
  }

  #give(port: NetworkInterface, addresses: readonly string[]): void {
    for (const ip of addresses) {
      if (this.#byAddress.has(ip)) throw new Error(`${ip} is taken by ${this.#byAddress.get(ip)!.station.name}`);
      this.#byAddress.set(ip, port);
    }
    port.addresses = addresses;
  }

  #forward(datagram: Datagram, from: NetworkInterface): void {
    const ip = datagram.to.ip;
    const cast = castOf(ip, from);
    if (cast !== "unicast") return this.#spread(datagram, cast, from);
    if (isLoopback(ip) || this.#byAddress.get(ip)?.station === from.station) return this.#loop(datagram, from);
    const to = this.#byAddress.get(ip);
    if (to !== undefined) this.#travel(datagram, cast, from, to);
    else if (this.unroutable.has(ip)) this.#refuse(datagram, from, "noRoute", 2 * from.out.delay);
  }

  /** Multicast and broadcast: a copy for every interface within reach. */
  #spread(datagram: Datagram, cast: Cast, from: NetworkInterface): void {
    const local = cast === "broadcast" || datagram.to.ip.toLowerCase().startsWith("ff02:");
    for (const to of this.#interfaces) {
      if (to.station === from.station || (local && to.lan !== from.lan)) continue;
      if (!to.addresses.some((ip) => family(ip) === family(datagram.to.ip))) continue;
      if (to.station.hears?.(datagram, cast, to) === false) continue;
      this.#travel(datagram, cast, from, to);
    }
  }

  #loop(datagram: Datagram, port: NetworkInterface): void {
    this.#timeline.in(LOOPBACK.delay, () => {
      if (!port.station.receive(datagram, "unicast", port)) port.station.undeliverable(datagram, "portUnreachable");
    });
  }

  #travel(datagram: Datagram, cast: Cast, from: NetworkInterface, to: NetworkInterface): void {
    const path = this.#path(from, to, cast === "group" ? "multicast" : "unicast");
    const at = this.#timeline.now;
    if (path === null || datagram.ttl <= path.hops || this.#parted(from, to, at)) return;
    const arriving = path.hops === 0 ? datagram : { ...datagram, ttl: datagram.ttl - path.hops };
    for (const delay of passage(path.ways, at, path.chance)) {
      this.#timeline.at(later(at, delay), () => this.#arrive(arriving, cast, to));
    }
  }

  #arrive(datagram: Datagram, cast: Cast, to: NetworkInterface): void {
    if (within(this.#timeline.now, to.down)) return;
    if (this.#trace.on && cast === "unicast") this.#trace.add(to.station.name, "receives", describe(datagram));
    if (to.station.receive(datagram, cast, to) || cast !== "unicast") return;
    const sender = this.#byAddress.get(datagram.from.ip);
    const path = sender === undefined ? null : this.#path(to, sender, "unicast");
    if (sender === undefined || path === null || this.#parted(to, sender, this.#timeline.now)) return;
    for (const delay of passage(path.ways, this.#timeline.now, path.chance))
      this.#refuse(datagram, sender, "portUnreachable", delay);
  }

  /** ICMP: tells the sender, after a while. */
  #refuse(datagram: Datagram, sender: NetworkInterface, why: Undeliverable, delay: Seconds): void {
    this.#timeline.in(delay, () => {
      if (this.#trace.on) this.#trace.add(sender.station.name, "hears", `${why} for ${addressText(datagram.to)}`);
      sender.station.undeliverable(datagram, why);
    });
  }

  #parted(one: NetworkInterface, other: NetworkInterface, at: TrueTime): boolean {
    for (const partition of this.partitions) {
      if (at < partition.from || at >= partition.until) continue;
      if (partition.stations.includes(one.station.name) !== partition.stations.includes(other.station.name))
        return true;
    }
    return false;
  }

  #path(from: NetworkInterface, to: NetworkInterface, cast: "unicast" | "multicast"): Path | null {
    let paths = this.#paths[cast].get(from);
    if (paths === undefined) this.#paths[cast].set(from, (paths = new Map<NetworkInterface, Path | null>()));
    let path = paths.get(to);
    if (path === undefined) paths.set(to, (path = this.#plan(from, to, cast)));
    return path;
  }

  #plan(from: NetworkInterface, to: NetworkInterface, cast: "unicast" | "multicast"): Path | null {
    const route = this.routes.find(from.lan, to.lan, cast);
    if (route === null) return null;
    const pair = `${from.station.name}\n${to.station.name}`;
    const ways = [
      from.out,
      ...(route.delay > 0 ? [createWay({ delay: route.delay })] : []),
      to.in,
      ...(this.#extra.get(pair) ?? []),
    ];
    return { ways, hops: route.hops, chance: this.#chance.split(`${cast} ${from.name} ${to.name} ${pair}`) };
  }
}

function castOf(ip: string, from: NetworkInterface): Cast {
  if (ip === ANYBODY || ip === from.broadcast) return "broadcast";
  if (family(ip) === 6) return ip.toLowerCase().startsWith("ff") ? "group" : "unicast";
  const first = Number.parseInt(ip, 10);
  return first >= 224 && first < 240 ? "group" : "unicast";
}

function isLoopback(ip: string): boolean {
  return ip === "::1" || ip.startsWith("127.");
}

function describe(datagram: Datagram): string {
  return `${addressText(datagram.from)} > ${addressText(datagram.to)}, ${datagram.bytes.length} octets ${hex(datagram.bytes)}`;
}

function hex(bytes: Uint8Array): string {
  let text = "";
  for (const octet of bytes.subarray(0, 96)) text += octet.toString(16).padStart(2, "0");
  return text;
}

/**
 * The real world: sockets, names and the local clock, behind the port that the engine's driver uses.
 *
 * Whatever happens is put into one queue; {@link HostWorld.next} hands it out. Nothing here decides anything.
 */
import type { Event, HostAddresses } from "../engine/port/event.ts";
import type { World, WorldAction } from "../engine/port/world.ts";
import type { HandshakeToken, SocketToken } from "../engine/port/action.ts";
import type { Responder } from "../server/responder.ts";
import type { Frequency, Seconds } from "../time/seconds.ts";
import type { Mono } from "../time/mono.ts";
import type { Now } from "../time/now.ts";
import { Clocks, clockReader, steady, wakeReader, type ClockReader } from "./clock.ts";
import { establishKeys, type Establish } from "./establish.ts";
import type { LocalClock } from "./local-clock.ts";
import { watchInterfaces, type InterfaceWatch } from "./interface-watch.ts";
import { resolve } from "./resolve.ts";
import { tellRoute } from "./route.ts";
import type { Lookup } from "./resolver.ts";
import { chooseUdp } from "./udp/choose.ts";
import type { Udp, UdpHost } from "./udp/udp.ts";

/** What a world is made of; everything has a default but the leave to set the clock. */
export interface HostOptions {
  /** The clock that `step` and `slew` set. `null`: none, and both are refused as `unsupported`. */
  readonly clock: LocalClock | null;
  /** Reads the clock. */
  readonly read?: ClockReader;
  /** Looks names up. */
  readonly lookup?: Lookup;
  /** Establishes keys for NTS; told to end, it need say nothing. */
  readonly establish?: (action: Establish, abandoned: AbortSignal, put: (event: Event) => void) => void;
  /** Makes the sockets. */
  readonly udp?: (host: UdpHost) => Udp | Promise<Udp>;
  /** Reads a clock that goes on while the machine is suspended, seconds; `null`: there is none. */
  readonly awake?: (() => Seconds) | null;
  /** Tells of changed interfaces. */
  readonly watch?: (tell: (addresses: HostAddresses) => void) => InterfaceWatch;
}

/** Opens the real world. */
export async function openWorld(options: HostOptions): Promise<World> {
  const world = new HostWorld(options);
  await world.begin(options.udp ?? chooseUdp);
  return world;
}

/** So often at least it is looked whether somebody has set the clock: until then it is served as it is. Milliseconds. */
const LOOK = 4000;

class HostWorld implements World {
  readonly #clocks: Clocks;
  readonly #read: ClockReader;
  readonly #clock: LocalClock | null;
  readonly #lookup: Lookup | undefined;
  readonly #establishBy: NonNullable<HostOptions["establish"]>;
  readonly #handshakes: Map<HandshakeToken, AbortController> = new Map();
  readonly #watchBy: NonNullable<HostOptions["watch"]>;
  readonly #open: Set<SocketToken> = new Set();
  #udp: Udp | undefined;
  #watch: InterfaceWatch | undefined;
  #queue: Event[] = [];
  #head = 0;
  #wanted: (() => void) | undefined;
  #closed = false;

  constructor(options: HostOptions) {
    this.#read = options.read ?? clockReader();
    this.#clocks = new Clocks(this.#read, options.awake === undefined ? wakeReader() : options.awake);
    this.#clock = options.clock;
    if (this.#clock !== null) this.#clock.strayed = (by) => this.put({ kind: "stepped", by, whose: "another" });
    this.#lookup = options.lookup;
    this.#establishBy = options.establish ?? establishKeys();
    this.#watchBy = options.watch ?? watchInterfaces;
  }

  async begin(makeUdp: (host: UdpHost) => Udp | Promise<Udp>): Promise<void> {
    this.#udp = await makeUdp({ put: (event) => this.put(event), read: this.#read });
  }

  now(): Now {
    return this.#clocks.now();
  }

  put(event: Event): void {
    if (this.#closed) return;
    this.#queue.push(event);
    this.#wanted?.();
  }

  next(until: Mono | undefined): Event | Promise<Event> {
    const stepped = this.#stepped();
    if (stepped !== null) return stepped;
    const event = this.#take();
    if (event !== undefined) return event;
    // Replies that are already here come before the end of waiting for them.
    if (until !== undefined && steady() >= until) this.#udp?.drain();
    return this.#take() ?? this.#wait(until);
  }

  perform(action: WorldAction): void {
    if (this.#closed) return;
    switch (action.kind) {
      case "resolve":
        return resolve(action.name, action.family, (event) => this.put(event), this.#lookup);
      case "establish":
        return this.#establish(action);
      case "route":
        return tellRoute(action.to, action.interface, (event) => this.put(event));
      case "abandon":
        this.#handshakes.get(action.token)?.abort();
        return void this.#handshakes.delete(action.token);
      case "ask":
        this.#open.add(action.token);
        return this.#udp?.ask(action);
      case "listen":
        this.#open.add(action.socket);
        return this.#udp?.listen(action);
      case "join":
        return this.#udp?.join(action);
      case "watchInterfaces":
        this.#watch ??= this.#watchBy((addresses) => this.put({ kind: "interfaces", addresses }));
        return;
      case "send":
        return this.#udp?.send(action);
      case "close":
        this.#open.delete(action.socket);
        return this.#udp?.close(action);
      case "step":
        return this.#step(action.offset);
      case "slew":
        return this.#slew(action.offset);
      case "steer":
        return this.#steer(action.phase, action.frequency, action.attended ?? false);
      case "lock":
        return this.#lock(action.phase, action.timeConstant);
      case "kernel":
        return void this.#clock?.claim?.(action.claim);
    }
  }

  answerBy(responder: Responder): void {
    this.#udp?.answerBy?.(responder);
  }

  close(): void {
    this.#closed = true;
    this.#watch?.close();
    for (const handshake of this.#handshakes.values()) handshake.abort();
    this.#udp?.end();
    this.#clock?.leave?.();
    this.#queue = [];
    this.#head = 0;
    this.#wanted?.();
  }

  /** The oldest event that still matters. */
  #take(): Event | undefined {
    while (this.#head < this.#queue.length) {
      const event = this.#queue[this.#head];
      this.#head += 1;
      if (event !== undefined && this.#heard(event)) return event;
    }
    this.#queue = [];
    this.#head = 0;
    return undefined;
  }

  /** False for what a socket received before it was closed: nothing more is heard from it. */
  #heard(event: Event): boolean {
    return (event.kind !== "datagram" && event.kind !== "unreachable") || this.#open.has(event.socket);
  }

  /** Waits for an event, a step of the clock or the moment, whichever is first. */
  async #wait(until: Mono | undefined): Promise<Event> {
    for (;;) {
      await this.#pause(until);
      const stepped = this.#stepped();
      if (stepped !== null) return stepped;
      const event = this.#take();
      if (event !== undefined) return event;
      if (this.#closed || (until !== undefined && steady() >= until)) return { kind: "wake" };
    }
  }

  /** Somebody else has set the clock, or it has gone on while the machine slept. */
  #stepped(): Event | null {
    const by = this.#clocks.stepped();
    if (by === 0) return null;
    const slept = this.#clocks.slept();
    return { kind: "stepped", by, whose: "another", ...(slept === 0 ? {} : { slept }) };
  }

  /** Lets Node's event loop run until something is put, the clocks are to be looked at, or the moment has come; one turn of it at least. */
  #pause(until: Mono | undefined): Promise<void> {
    return new Promise((done) => {
      const wait = until === undefined ? LOOK : Math.min(LOOK, (until - steady()) * 1000);
      const immediate = wait <= 0 ? setImmediate(() => end()) : undefined;
      const timer = wait > 0 ? setTimeout(() => end(), Math.ceil(wait)) : undefined;
      const end = (): void => {
        clearImmediate(immediate);
        clearTimeout(timer);
        this.#wanted = undefined;
        done();
      };
      this.#wanted = end;
      if (this.#closed) end();
    });
  }

  /** What comes of it comes once, and not after it was abandoned. */
  #establish(action: Establish): void {
    const abandon = new AbortController();
    this.#handshakes.set(action.token, abandon);
    this.#establishBy(action, abandon.signal, (event) => {
      if (this.#handshakes.delete(action.token)) this.put(event);
    });
  }

  #step(offset: Seconds): void {
    const fault = this.#clock === null ? "unsupported" : this.#clock.step(offset);
    if (fault !== null) return this.put({ kind: "clockRefused", why: fault });
    this.#clocks.settle();
    this.put({ kind: "stepped", by: offset, whose: "ours" });
  }

  #slew(offset: Seconds): void {
    const done = this.#clock === null ? "unsupported" : this.#clock.slew(offset);
    if (typeof done === "string") this.put({ kind: "clockRefused", why: done });
    else this.put({ kind: "slewing", by: offset, ...done });
  }

  #steer(phase: Seconds, frequency: Frequency, attended: boolean): void {
    const done = this.#clock === null ? "unsupported" : this.#clock.steer(phase, frequency, attended);
    if (typeof done === "string") this.put({ kind: "clockRefused", why: done });
    else this.put({ kind: "steered", ...done });
  }

  #lock(phase: Seconds, timeConstant: number): void {
    const done = this.#clock?.lock === undefined ? "unsupported" : this.#clock.lock(phase, timeConstant);
    if (typeof done === "string") this.put({ kind: "clockRefused", why: done });
    else this.put({ kind: "locked", ...done, timeConstant });
  }
}

/**
 * One simulated machine: an oscillator with the two clocks it drives, sockets on a network, a resolver, and whatever
 * program runs on it. It performs the actions of `engine/port/action.ts` and tells the program what comes of them, as a host does.
 */
import type { Glide } from "../discipline/corrections.ts";
import type { KernelClaim } from "../discipline/claim.ts";
import type { EstablishFault } from "../engine/port/establish.ts";
import type { ClockFault, Event, HostFault } from "../engine/port/event.ts";
import type { Action, HandshakeToken, SocketToken } from "../engine/port/action.ts";
import type { WorldAction } from "../engine/port/world.ts";
import type { Responder } from "../server/responder.ts";
import type { Mono } from "../time/mono.ts";
import type { Now } from "../time/now.ts";
import type { Frequency, Seconds } from "../time/seconds.ts";
import type { NtpTimestamp } from "../time/timestamp.ts";
import type { Address } from "../wire/address.ts";
import { Answerer } from "./answerer.ts";
import type { SimChance } from "./chance.ts";
import { SimClock } from "./clock.ts";
import type { Names } from "./dns.ts";
import { OFFERED_AEADS, SHORTEST_FIRST } from "../security/nts/ke.ts";
import type { KeyServers } from "./nts.ts";
import type { Cast, Datagram, InterfaceOptions, Network, NetworkInterface, Station, Undeliverable } from "./network.ts";
import { MAXFREQ, MAXPHASE, SimKernel } from "./kernel.ts";
import { steeringOf, unattended } from "./machine-options.ts";
import type { MachineOptions, StampOptions, Steering } from "./machine-options.ts";
import { Oscillator } from "./oscillator.ts";
import { type Socket, Sockets } from "./sockets.ts";
import type { Timeline } from "./timeline.ts";
import { inWords, type Trace } from "./trace.ts";
import { later, type TrueTime, within } from "./truth.ts";

/** What a machine stands in. */
export interface Setting {
  readonly timeline: Timeline;
  readonly network: Network;
  readonly names: Names;
  readonly keyServers: KeyServers;
  readonly trace: Trace;
  /** What a true clock shows when the world begins. */
  readonly beginning: NtpTimestamp;
  /** The machine's own stream. */
  readonly chance: SimChance;
}

/** A packet that is to leave. */
type Leaving = Pick<Extract<Action, { readonly kind: "send" }>, "token" | "socket" | "to" | "ttl" | "bytes"> & {
  readonly from?: string | null;
};

/** What runs on a machine. */
export interface Program {
  /** Hears what happened. Never called while it is performing an action. */
  handle(event: Event): void;
  /** The machine has been asleep, and the steady clock goes on. */
  resumed?(): void;
}

/** The largest UDP payload over IPv4, octets. */
const LARGEST = 65_507;
/** How long a handshake is waited for, seconds. */
const HANDSHAKE = 5;
/** Default hop limit of unicast datagrams. */
const HOPS = 64;

/** One machine. */
export class Machine implements Station {
  readonly name: string;
  readonly clock: SimClock;
  readonly oscillator: Oscillator;
  readonly interfaces: NetworkInterface[];
  /** Why the clock may not be touched; may be changed while the world runs. */
  clockFault: ClockFault | null;
  readonly #setting: Setting;
  readonly #kernel: SimKernel;
  readonly #sockets: Sockets;
  readonly #stamps: Required<StampOptions>;
  readonly #slewing: "kernel" | "at once";
  readonly #steering: Steering;
  readonly #icmp: boolean;
  /** What the steady clock shows when the world begins: nobody is to take it for true time. */
  readonly #uptime: Seconds;
  #slept: Seconds = 0;
  #asleepSince: TrueTime | null = null;
  /** What became known while it was asleep. */
  #missed: Event[] = [];
  #program: Program | null = null;
  /** Handshakes whose outcome the program waits for. */
  readonly #handshakes = new Set<HandshakeToken>();
  /** The program wants to hear of changed addresses. */
  #watching = false;
  /** Answers what can be answered at once; `null`: the program hears of everything. */
  #answerer: Answerer | null = null;

  constructor(name: string, options: MachineOptions, setting: Setting) {
    this.name = name;
    this.#setting = setting;
    this.oscillator = new Oscillator(options.oscillator ?? {}, setting.chance.split("oscillator"));
    this.clock = new SimClock(this.oscillator, setting.beginning, options.clockError ?? 0);
    // A host sees a leap second as it sees any other step.
    this.#kernel = new SimKernel(this.clock, setting.timeline, (by) =>
      this.#later(0, { kind: "stepped", by, whose: "another" }),
    );
    this.#kernel.steer(options.before?.frequency ?? 0);
    this.#kernel.glide(options.before?.phase ?? 0);
    this.clockFault = options.clockFault ?? null;
    this.interfaces = options.interfaces.map((one) => setting.network.attach(this, one));
    this.#sockets = new Sockets(this.interfaces, setting.chance.split("ports"));
    this.#stamps = { source: "kernel", noise: 20e-6, late: 0, queueing: 0, crowding: 0, ...options.stamps };
    this.#slewing = options.slewRate === Infinity ? "at once" : "kernel";
    this.#steering = steeringOf(options.steerRate);
    this.#icmp = options.icmp ?? true;
    this.#uptime = 1000 + Math.floor(setting.chance.split("uptime").uniform() * 1e6);
  }

  /** Its first address of a family, or of any. */
  address(family?: 4 | 6): string {
    const all = this.interfaces.flatMap((one) => one.addresses);
    const found = family === undefined ? all[0] : all.find((ip) => ip.includes(":") === (family === 6));
    if (found === undefined) throw new Error(`${this.name} has no such address`);
    return found;
  }

  /** Error of its clock now, clock − true, seconds. */
  get error(): Seconds {
    return this.clock.error(this.#setting.timeline.now);
  }

  /** What its kernel says of its clock now. */
  get kernel(): KernelClaim {
    return this.#kernel.claim;
  }

  /** The frequency correction in force, s/s, as its kernel tells it. */
  get frequency(): Frequency {
    return this.#kernel.frequency;
  }

  /** Both readings, now. */
  now(): Now {
    return { mono: this.mono(), clock: this.clock.read(this.#setting.timeline.now) };
  }

  /** The steady clock, now. It stands still while the machine is asleep. */
  mono(): Mono {
    const now = this.#asleepSince ?? this.#setting.timeline.now;
    return (this.#uptime + this.clock.steady(now) - this.#slept) as Mono;
  }

  /** The moment at which the steady clock will have come to a reading, as far as can be told now; never before it. */
  whenMono(due: Mono): TrueTime {
    const now = this.#setting.timeline.now;
    const wait = (due - this.mono()) / (1 + this.clock.frequency(now));
    // A timer is always a little late; and the last digits of a sum must not make it early.
    return later(now, Math.max(0, wait) + 1e-7);
  }

  /** Starts a program, in place of the one before, whose sockets are closed. */
  load(program: Program): void {
    this.#sockets.closeAll();
    this.#program = program;
    this.#watching = false;
    this.#answerer = null;
  }

  /** Answers plain requests on serving sockets at once from now on; see `World.answerBy`. */
  answerBy(responder: Responder): void {
    this.#answerer = new Answerer(responder);
  }

  /** Plugs another interface in. */
  plug(options: InterfaceOptions): void {
    this.interfaces.push(this.#setting.network.attach(this, options));
    this.#readdressed();
  }

  /** Takes an interface out. */
  unplug(name: string): void {
    const [gone] = this.interfaces.splice(
      this.interfaces.findIndex((one) => one.name === name),
      1,
    );
    this.#setting.network.detach(gone!);
    this.#sockets.leave(name);
    this.#readdressed();
  }

  /** Gives an interface other addresses. */
  readdress(name: string, addresses: readonly string[]): void {
    this.#setting.network.readdress(
      this.interfaces.find((one) => one.name === name)!,
      addresses,
    );
    this.#readdressed();
  }

  /** Suspends the machine: nothing is received, no timer runs, the steady clock stands; the clock goes on. */
  sleep(duration: Seconds): void {
    const { timeline } = this.#setting;
    if (this.#asleepSince !== null) return;
    this.#asleepSince = timeline.now;
    timeline.in(duration, () => {
      this.#slept += this.clock.steady(timeline.now) - this.clock.steady(this.#asleepSince!);
      this.#asleepSince = null;
      // A host sees that its clock has run away from its steady clock.
      this.#tell({ kind: "stepped", by: duration, whose: "another", slept: duration });
      for (const event of this.#missed.splice(0)) this.#tell(event);
      this.#program?.resumed?.();
    });
  }

  /** Whether it is suspended. */
  get asleep(): boolean {
    return this.#asleepSince !== null;
  }

  /**
   * Somebody else steps the clock.
   * @param notice how long until the program is told, seconds; `null`: it is not
   */
  stepClock(by: Seconds, notice: Seconds | null = 0): void {
    this.#step(by);
    this.#setting.trace.add(this.name, "stepped by another", String(by));
    if (notice !== null) this.#later(notice, { kind: "stepped", by, whose: "another" });
  }

  /** Does what a program asks; see {@link WorldAction}. */
  perform(action: WorldAction): void {
    switch (action.kind) {
      case "resolve":
        return this.#resolve(action.name, action.family);
      case "establish":
        return this.#establish(action);
      case "route":
        return this.#later(0, { kind: "routed", to: action.to, from: this.#facing(action.to.ip) });
      case "abandon":
        return void this.#handshakes.delete(action.token);
      case "ask":
        return this.#ask(action);
      case "listen":
        return this.#opened(action.socket, this.#sockets.listen(action.socket, action));
      case "join":
        return this.#opened(
          action.socket,
          this.#sockets.join(action.socket, action.group, action.interface),
          action.group,
        );
      case "watchInterfaces":
        return void (this.#watching = true);
      case "close":
        return this.#sockets.close(action.socket);
      case "send":
        return this.#send(action);
      case "step":
        return this.#set(Number.isFinite(action.offset), () => {
          this.#step(action.offset);
          this.#kernel.stay();
          return { kind: "stepped", by: action.offset, whose: "ours" };
        });
      case "steer":
        return this.#set(Math.abs(action.frequency) <= MAXFREQ, () => {
          const { phase, frequency } = action;
          this.#kernel.steer(frequency);
          return {
            kind: "steered",
            frequency,
            ...this.#glide(phase, action.attended ? this.#steering : unattended(this.#steering)),
          };
        });
      case "lock":
        return this.#set(Math.abs(action.phase) <= MAXPHASE, () => {
          const { phase, timeConstant } = action;
          return { kind: "locked", phase, frequency: this.#kernel.lock(phase, timeConstant), timeConstant };
        });
      case "slew":
        return this.#set(Number.isFinite(action.offset), () => {
          const { phase: by, ...glide } = this.#glide(action.offset, this.#slewing);
          return { kind: "slewing", by, ...glide };
        });
      case "kernel":
        if (this.clockFault === null) this.#kernel.tell(action.claim);
        return;
    }
  }

  /** Sends from a socket without telling the program when it left: for programs that do not ask. */
  transmit(
    socket: SocketToken,
    to: Address,
    bytes: Uint8Array,
    ttl: number | null = null,
    source: string | null = null,
  ): HostFault | null {
    const sender = this.#sockets.get(socket);
    if (sender === undefined) return "other";
    if (bytes.length > LARGEST) return "tooLarge";
    const port = this.#sockets.interfaceFor(to.ip, sender);
    if (port === null || this.#isDown(port)) return "noRoute";
    const from = { ip: sender.ip ?? source ?? this.#sockets.sourceFor(to.ip, port), port: sender.port };
    // The program may go on using its octets.
    this.#setting.network.send({ from, to, ttl: ttl ?? HOPS, bytes: bytes.slice() }, port);
    return null;
  }

  receive(datagram: Datagram, cast: Cast, port: NetworkInterface): boolean {
    if (this.asleep) return true;
    const taken = this.#sockets.match(datagram, cast, port);
    if (taken.length === 0) return !this.#icmp;
    for (const socket of taken) this.#deliver(socket, datagram, cast, port);
    return true;
  }

  hears(datagram: Datagram, cast: Cast, port: NetworkInterface): boolean {
    return this.#sockets.match(datagram, cast, port).length > 0;
  }

  undeliverable(datagram: Datagram, why: Undeliverable): void {
    const socket = this.#sockets.sender(datagram);
    if (socket !== undefined && !this.asleep) this.#tell({ kind: "unreachable", socket: socket.token, why });
  }

  #deliver(socket: Socket, datagram: Datagram, cast: Cast, port: NetworkInterface): void {
    const at = this.clock.read(later(this.#setting.timeline.now, this.#noise()));
    const answer = socket.serves ? (this.#answerer?.answer(datagram, cast, at, this.now()) ?? null) : null;
    if (answer !== null) return this.#answer(socket, datagram, answer);
    this.#tell({
      kind: "datagram",
      socket: socket.token,
      from: datagram.from,
      to: datagram.to,
      cast,
      ttl: datagram.ttl,
      interface: port.name,
      at,
      stamp: this.#stamps.source,
      bytes: datagram.bytes,
    });
  }

  /** An answer leaves from where it was asked, and nobody is told. */
  #answer(socket: Socket, { from, to }: Datagram, bytes: Uint8Array): void {
    if (bytes.length > 0) this.#in(this.#queue(), () => void this.transmit(socket.token, from, bytes, null, to.ip));
  }

  #resolve(name: string, family: 4 | 6 | null): void {
    const { names, timeline, chance } = this.#setting;
    const offline = this.interfaces.every((port) => this.#isDown(port));
    const answer = names.ask(name, family, timeline.now, chance.split(`ask ${name} ${timeline.now}`));
    if (offline && answer.delay > 0) return this.#later(answer.delay, { kind: "unresolved", name, why: "again" });
    if (answer.fault !== null) return this.#later(answer.delay, { kind: "unresolved", name, why: answer.fault });
    this.#later(answer.delay, { kind: "resolved", name, addresses: answer.addresses });
  }

  #establish({ token, name, with: { ip, port }, shortest }: WorldAction & { readonly kind: "establish" }): void {
    this.#handshakes.add(token);
    const tell = (delay: Seconds, event: Event): void => {
      const program = this.#program;
      this.#setting.timeline.in(delay, () => {
        if (program === this.#program && this.#handshakes.delete(token)) this.#tell(event);
      });
    };
    const there = this.#setting.keyServers.get(`${ip} ${port}`);
    const failed = (delay: Seconds, why: EstablishFault): void =>
      tell(delay, { kind: "notEstablished", token, why, detail: null });
    if (this.#route(ip) !== null) return failed(0, "unreached");
    if (there === undefined)
      return this.#setting.network.find(ip) === undefined ? failed(HANDSHAKE, "silent") : failed(0.01, "refused");
    const answer = there.establish(name, shortest ? SHORTEST_FIRST : OFFERED_AEADS);
    if (answer.why !== null) return failed(answer.delay, answer.why);
    const { keys, server, port: serverPort } = answer;
    tell(answer.delay, { kind: "established", token, keys, server, port: serverPort });
  }

  #facing(ip: string): string | null {
    const out = this.interfaces[0];
    return out === undefined || this.#route(ip) !== null ? null : this.#sockets.sourceFor(ip, out);
  }

  #ask(action: WorldAction & { readonly kind: "ask" }): void {
    const { token, to, bytes } = action;
    const why = this.#route(to.ip) ?? this.#sockets.open(token, action);
    if (why === null) this.#send({ token, socket: token, to, ttl: null, bytes });
    else this.#later(0, { kind: "failed", token, why, to });
  }

  #send({ token, socket, to, ttl, bytes, from = null }: Leaving): void {
    const { late, source } = this.#stamps;
    const wait = this.#queue();
    const handedOver = this.clock.read(later(this.#setting.timeline.now, -this.#noise()));
    this.#in(wait, () => {
      const at = source === "user" ? handedOver : this.clock.read(this.#setting.timeline.now);
      const why = this.transmit(socket, to, bytes, ttl, from);
      this.#later(
        why === null ? late : 0,
        why === null ? { kind: "sent", token, at, stamp: source } : { kind: "failed", token, why, to },
      );
    });
  }

  /** How long a packet waits in the machine until it leaves. */
  #queue(): Seconds {
    const { queueing, crowding } = this.#stamps;
    return queueing + (crowding === 0 ? 0 : crowding * this.#setting.chance.exponential());
  }

  /** Does something at once, or after a wait. */
  #in(wait: Seconds, act: () => void): void {
    if (wait === 0) act();
    else this.#setting.timeline.in(wait, act);
  }

  /** A kernel relies on no clock that was stepped, until it is told to. */
  #step(by: Seconds): void {
    this.clock.step(this.#setting.timeline.now, by);
    this.#kernel.forget();
  }

  #glide(phase: Seconds, how: Steering): Glide {
    if (how === "hurried") return this.#kernel.correct(phase);
    if (how === "kernel") return this.#kernel.glide(phase);
    this.#kernel.stay();
    this.clock.step(this.#setting.timeline.now, phase);
    return { phase, lasting: 0 };
  }

  /** @param isInRange whether a kernel would take it */
  #set(isInRange: boolean, change: () => Event): void {
    const why = this.clockFault ?? (isInRange ? null : "outOfRange");
    this.#later(0, why === null ? change() : { kind: "clockRefused", why });
  }

  #opened(socket: SocketToken, why: HostFault | null, group?: string): void {
    if (why !== null) this.#later(0, { kind: "notOpened", socket, why, ...(group === undefined ? {} : { group }) });
  }

  #readdressed(): void {
    if (this.#watching)
      this.#later(0, {
        kind: "interfaces",
        addresses: Object.fromEntries(this.interfaces.map(({ name, addresses }) => [name, addresses])),
      });
  }

  /** Why nothing can be sent to an address; `null`: something can. */
  #route(ip: string): HostFault | null {
    const port = this.#sockets.interfaceFor(ip, null);
    return port === null || this.#isDown(port) ? "noRoute" : null;
  }

  #isDown(port: NetworkInterface): boolean {
    return within(this.#setting.timeline.now, port.down);
  }

  #noise(): Seconds {
    return this.#stamps.source === "kernel" ? 0 : this.#stamps.noise * this.#setting.chance.exponential();
  }

  /** Tells the program in a while, unless another has been loaded by then. */
  #later(delay: Seconds, event: Event): void {
    const program = this.#program;
    this.#setting.timeline.in(delay, () => {
      if (program === this.#program) this.#tell(event);
    });
  }

  /** Tells the program; if the machine is asleep, when it wakes. */
  #tell(event: Event): void {
    if (this.asleep) return void this.#missed.push(event);
    const { trace } = this.#setting;
    if (trace.on && event.kind !== "datagram") trace.add(this.name, "event", inWords(event));
    this.#program?.handle(event);
  }
}

/**
 * A world of arithmetic: machines with clocks that err, a network that delays and loses, names, and true time to measure
 * everything against. One seed decides all that happens in it.
 *
 * ```ts
 * const world = createWorld({ seed: 7 });
 * const server = world.server("ntp1", { link: { delay: 0.01 } });
 * const client = world.client("client", (chance) => createEngine(config, { chance, security }), { clockError: -0.25 });
 * world.run(60, () => client.outcome !== null);
 * ```
 */
import type { Chance, Engine } from "../engine/port/engine.ts";
import type { Memory } from "../engine/port/memory.ts";
import type { World } from "../engine/port/world.ts";
import type { Seconds } from "../time/seconds.ts";
import { KE_PORT } from "../wire/ntske.ts";
import { fromUnix, type NtpTimestamp } from "../time/timestamp.ts";
import { createChance, type SimChance } from "./chance.ts";
import { Names } from "./dns.ts";
import type { LinkOptions } from "./link.ts";
import { Machine } from "./machine.ts";
import type { MachineOptions } from "./machine-options.ts";
import { type InterfaceOptions, Network } from "./network.ts";
import type { KeyServers, SimNts } from "./nts.ts";
import { SimPort } from "./port.ts";
import { ErrorRecord } from "./record.ts";
import { Runner } from "./runner.ts";
import { ScriptedServer, type ServerOptions } from "./server.ts";
import { Timeline } from "./timeline.ts";
import { Trace, type Witness } from "./trace.ts";
import { later, type TrueTime } from "./truth.ts";

/** What a world is made from. */
export interface WorldOptions {
  /** Any text or number; decides everything that looks random. */
  readonly seed: string | number;
  /** What a true clock shows when the world begins, ISO 8601 with a time zone. Default 2026-11-21T00:00:00Z. */
  readonly beginning?: string;
  /** Keep a record of everything, or tell somebody of it as it happens; leave it out for long runs. Default true. */
  readonly trace?: boolean | Witness;
}

/** What a machine is like, with a shorter way to say how it is attached: by one interface. */
export interface HostOptions
  extends Omit<MachineOptions, "interfaces">, Partial<Pick<InterfaceOptions, "lan" | "broadcast" | "down">> {
  /** IP literals. Default: the next of 10.0.0.0/8. */
  readonly addresses?: readonly string[];
  readonly link?: LinkOptions;
  /** Several interfaces, in place of the one. */
  readonly interfaces?: readonly InterfaceOptions[];
}

/** A machine with an engine. */
export interface ClientOptions extends HostOptions {
  /** What an earlier run remembered. */
  readonly memory?: Memory;
}

/** Makes an empty world. */
export function createWorld(options: WorldOptions): SimWorld {
  return new SimWorld(options);
}

/** One world. */
export class SimWorld {
  readonly seed: string | number;
  readonly beginning: NtpTimestamp;
  readonly timeline: Timeline = new Timeline();
  readonly names: Names = new Names();
  /** Who establishes keys for NTS, by address and port. */
  readonly keyServers: KeyServers = new Map();
  readonly trace: Trace;
  readonly network: Network;
  readonly #chance: SimChance;
  readonly #machines = new Map<string, Machine>();
  #lastAddress = 0;

  constructor(options: WorldOptions) {
    this.seed = options.seed;
    this.beginning = instant(options.beginning ?? "2026-11-21T00:00:00Z");
    this.#chance = createChance(options.seed);
    this.trace = new Trace(this.timeline, options.trace ?? true);
    this.network = new Network(this.timeline, this.#chance.split("network"), this.trace);
  }

  /** What time it truly is, seconds since the world began. */
  get now(): TrueTime {
    return this.timeline.now;
  }

  /** A stream of chance for the test's own use. */
  chance(label: string): SimChance {
    return this.#chance.split(`test ${label}`);
  }

  /** Adds a machine without a program. Its name resolves to its addresses. */
  machine(name: string, options: HostOptions = {}): Machine {
    if (this.#machines.has(name)) throw new Error(`there is a ${name} already`);
    const { timeline, network, names, keyServers, trace, beginning } = this;
    const setting = {
      timeline,
      network,
      names,
      keyServers,
      trace,
      beginning,
      chance: this.#chance.split(`machine ${name}`),
    };
    const machine = new Machine(name, { ...options, interfaces: this.#interfaces(options) }, setting);
    this.#machines.set(name, machine);
    names.set(name, { addresses: machine.interfaces.flatMap((one) => one.addresses) });
    return machine;
  }

  /** Adds a machine with a scripted server. */
  server(name: string, options: HostOptions & ServerOptions = {}): ScriptedServer {
    return new ScriptedServer(this.machine(name, options), options, this.timeline, this.network, this.trace.on);
  }

  /** Lets a machine establish keys for NTS, on all its addresses. */
  establishes(machine: Machine, nts: SimNts, port: number = KE_PORT): void {
    for (const ip of machine.interfaces.flatMap((one) => one.addresses)) this.keyServers.set(`${ip} ${port}`, nts);
  }

  /**
   * Adds a machine with an engine, or starts an engine on one that is there, in place of what runs on it.
   * @param make makes the engine, with the chance it is given
   */
  client(where: string | Machine, make: (chance: Chance) => Engine, options: ClientOptions = {}): Runner {
    const machine = typeof where === "string" ? this.machine(where, options) : where;
    const chance = this.#chance.split(`engine ${machine.name} ${this.now}`);
    return new Runner(machine, make(chance), this.timeline, this.trace, options.memory);
  }

  /** A machine as a world that a driver can be plugged into. */
  port(machine: Machine): World {
    return new SimPort(machine, this.timeline);
  }

  /** Lets something happen at a moment, seconds since the world began. */
  at(moment: Seconds, happening: () => void): void {
    this.timeline.at(moment as TrueTime, happening);
  }

  /** Lets something happen again and again, first now. */
  every(interval: Seconds, happening: () => void): void {
    let count = 0;
    const start = this.now;
    const again = (): void => {
      happening();
      this.timeline.at(later(start, ++count * interval), again);
    };
    this.timeline.in(0, again);
  }

  /** Records a machine's true error from now on. */
  measure(machine: Machine, interval: Seconds = 1): ErrorRecord {
    const record = new ErrorRecord();
    this.every(interval, () => record.samples.push({ at: this.now, error: machine.error }));
    return record;
  }

  /**
   * Lets the world run.
   * @param duration how much longer, seconds
   * @param enough asked after each happening; ends the run early
   */
  run(duration: Seconds, enough?: () => boolean): void {
    this.timeline.run(later(this.now, duration), enough);
  }

  #interfaces(options: HostOptions): readonly InterfaceOptions[] {
    if (options.interfaces !== undefined) return options.interfaces;
    const { lan, broadcast, down, link } = options;
    return [
      {
        addresses: options.addresses ?? [this.#nextAddress()],
        ...(lan === undefined ? {} : { lan }),
        ...(broadcast === undefined ? {} : { broadcast }),
        ...(down === undefined ? {} : { down }),
        ...(link === undefined ? {} : { link }),
      },
    ];
  }

  #nextAddress(): string {
    for (;;) {
      const number = ++this.#lastAddress;
      const ip = `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`;
      if (this.network.find(ip) === undefined) return ip;
    }
  }
}

/** The timestamp of an ISO 8601 instant. */
export function instant(iso: string): NtpTimestamp {
  const milliseconds = Date.parse(iso);
  if (Number.isNaN(milliseconds)) throw new RangeError(`${iso} is not an instant`);
  return fromUnix(BigInt(milliseconds) * 1_000_000n);
}

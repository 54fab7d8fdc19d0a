/** A plan → a simulated world at work: the same engine as the daemon's on every host, by the host's own ntp.conf. */
import { createEngine } from "../engine/engine.ts";
import type { Engine } from "../engine/port/engine.ts";
import type { Note } from "../engine/port/note.ts";
import { parseKeys } from "../security/keyfile.ts";
import { openKeyring } from "../security/keyring.ts";
import { md5 } from "../security/md5.ts";
import { securityProvider } from "../security/symmetric.ts";
import type { SecurityProvider } from "../security/security.ts";
import type { SimChance } from "../sim/chance.ts";
import type { LinkOptions } from "../sim/link.ts";
import { lies, silent } from "../sim/oddities.ts";
import type { Runner } from "../sim/runner.ts";
import type { ScriptedServer } from "../sim/server.ts";
import type { Witness } from "../sim/trace.ts";
import type { TrueTime } from "../sim/truth.ts";
import { createWorld, instant, type SimWorld } from "../sim/world.ts";
import type { Seconds } from "../time/seconds.ts";
import { unfold } from "../time/timestamp.ts";
import { refidOfAddress } from "../wire/refid.ts";
import { withShadow } from "../world/shadow.ts";
import {
  linkOptions,
  type PlannedEvent,
  type PlannedHost,
  type PlannedLink,
  type Range,
  type WorldPlan,
} from "./plan.ts";

/** A note, whose it is, and when. */
export interface HostNote {
  readonly at: TrueTime;
  readonly host: string;
  readonly note: ToldNote;
}

/** How many packets a station has sent and got. */
export interface Traffic {
  sent: number;
  received: number;
}

/** A world at work. */
export interface Built {
  readonly world: SimWorld;
  readonly hosts: ReadonlyMap<string, Runner>;
  readonly sources: ReadonlyMap<string, ScriptedServer>;
  /** What the hosts noted of what is worth telling. */
  readonly notes: readonly HostNote[];
  readonly traffic: ReadonlyMap<string, Traffic>;
  /** What UTC has leapt by since the world began, seconds. */
  readonly leapt: () => Seconds;
  /** Whose address it is; the address itself where it is nobody's. */
  readonly nameOf: (ip: string) => string;
}

/** Of all that hosts note: whom they follow, and what becomes of their clocks. */
const TOLD = ["systemPeer", "clockStepped", "clockRefused", "kiss", "leapSecond"] as const;

/** One of these notes. */
export type ToldNote = Extract<Note, { readonly what: (typeof TOLD)[number] }>;

function isTold(note: Note): note is ToldNote {
  return (TOLD as readonly Note["what"][]).includes(note.what);
}

/** A step of the walk of a frequency, seconds: shorter ones show nowhere, and a day has many. */
const WANDER_TICK: Seconds = 16;

/**
 * Builds a world.
 * @param witness is told of everything that happens; `null`: nobody is
 */
export async function build(plan: WorldPlan, seed: string, witness: Witness | null): Promise<Built> {
  const world = createWorld({ seed, trace: witness ?? false, beginning: plan.beginning });
  const builder = new Builder(world, plan);
  for (const source of plan.sources) builder.addSource(source);
  for (const host of plan.hosts) await builder.addHost(host);
  return builder.finish();
}

class Builder {
  readonly #world: SimWorld;
  readonly #plan: WorldPlan;
  readonly #chance: SimChance;
  readonly #hosts: Map<string, Runner> = new Map();
  readonly #sources: Map<string, ScriptedServer> = new Map();
  readonly #securities: Map<string, SecurityProvider> = new Map();
  readonly #notes: HostNote[] = [];
  readonly #traffic: Map<string, Traffic> = new Map();
  readonly #byAddress: Map<string, string> = new Map();
  readonly #referenceIds = new Map<string, number>();
  #leapt: Seconds = 0;

  constructor(world: SimWorld, plan: WorldPlan) {
    this.#world = world;
    this.#plan = plan;
    this.#chance = world.chance("plan");
  }

  addSource({
    name,
    addresses,
    stratum,
    rootDelay,
    rootDispersion,
    lie,
    ...station
  }: WorldPlan["sources"][number]): void {
    this.#admit(name, addresses);
    const chance = this.#chance.split(name);
    const server = this.#world.server(name, {
      addresses,
      link: linkOf(station.link, chance),
      clockError: drawn(station.clockError, chance.split("error")),
      oscillator: { frequency: drawn(station.drift, chance.split("drift")) },
      stratum,
      rootDelay,
      rootDispersion,
      oddities: lie === 0 ? [] : [lies(lie)],
    });
    this.#sources.set(name, server);
  }

  async addHost(host: PlannedHost): Promise<void> {
    const { name, addresses, temperature, wander, keys } = host;
    this.#admit(name, addresses);
    this.#securities.set(name, keys === null ? securityProvider(null) : await providerOf(keys));
    const chance = this.#chance.split(name);
    const runner = this.#world.client(name, (draws) => this.#engine(host, draws), {
      addresses,
      broadcast: "10.255.255.255",
      link: linkOf(host.link, chance),
      clockError: drawn(host.clockError, chance.split("error")),
      oscillator: {
        frequency: drawn(host.drift, chance.split("drift")),
        wander,
        tick: WANDER_TICK,
        ...(temperature === null ? {} : { cycles: [temperature] }),
      },
    });
    this.#hosts.set(name, runner);
  }

  finish(): Built {
    const world = this.#world;
    for (const [name, stations] of this.#plan.names)
      world.names.set(name, { addresses: stations.flatMap((station) => this.#addressesOf(station)) });
    for (const { between, link } of this.#plan.pairs) this.#join(between, link);
    for (const event of this.#plan.events) world.at(event.at, () => this.#happen(event));
    for (const event of this.#plan.events) if (event.what === "leap") this.#announce(event.at, event.leap);
    world.network.tap(({ from }) => {
      const sender = this.#traffic.get(this.#byAddress.get(from.ip) ?? "");
      if (sender !== undefined) sender.sent += 1;
      return "pass";
    });
    return {
      world,
      hosts: this.#hosts,
      sources: this.#sources,
      notes: this.#notes,
      traffic: this.#traffic,
      leapt: () => this.#leapt,
      nameOf: (ip) => this.#byAddress.get(ip) ?? ip,
    };
  }

  #admit(name: string, addresses: readonly string[]): void {
    for (const ip of addresses) this.#byAddress.set(ip, name);
    this.#traffic.set(name, { sent: 0, received: 0 });
  }

  #addressesOf(station: string): readonly string[] {
    const machine = this.#hosts.get(station)?.machine ?? this.#sources.get(station)!.machine;
    return machine.interfaces.flatMap(({ addresses }) => addresses);
  }

  /** Asked at every judgement, and always of the same few. */
  readonly #referenceIdOf = (ip: string): number => {
    let id = this.#referenceIds.get(ip);
    if (id === undefined) this.#referenceIds.set(ip, (id = refidOfAddress(ip, md5) ?? 0));
    return id;
  };

  /** A host's engine, of which is kept what it notes and how many packets it gets. */
  #engine({ name, config }: PlannedHost, chance: Parameters<Parameters<SimWorld["client"]>[1]>[0]): Engine {
    const surroundings = {
      chance,
      security: this.#securities.get(name)!,
      referenceIdOf: this.#referenceIdOf,
      era: unfold(instant(this.#plan.beginning), BigInt(Date.parse(this.#plan.beginning)) * 1_000_000n),
    };
    const engine = withShadow(config, (told) => createEngine(told, surroundings));
    const traffic = this.#traffic.get(name)!;
    return {
      handle: (event, now) => {
        if (event.kind === "datagram") traffic.received += 1;
        const actions = engine.handle(event, now);
        for (const action of actions)
          if (action.kind === "note" && isTold(action.note))
            this.#notes.push({ at: this.#world.now, host: name, note: action.note });
        return actions;
      },
      get wakeAt() {
        return engine.wakeAt;
      },
      get outcome() {
        return engine.outcome;
      },
      memory: (now) => engine.memory(now),
      snapshot: (now) => engine.snapshot(now),
    };
  }

  /** What only two suffer of each other, both ways. */
  #join([one, other]: readonly [string, string], link: PlannedLink): void {
    const { out, in: inwards, ...alike } = linkOf(link, this.#chance.split(`${one} ${other}`));
    this.#world.network.between(one, other, { ...alike, ...out });
    this.#world.network.between(other, one, { ...alike, ...inwards });
  }

  #happen(event: PlannedEvent): void {
    switch (event.what) {
      case "step":
        return this.#each(event.who, ({ machine }) => machine.stepClock(event.by));
      case "drift":
        return this.#each(event.who, ({ machine }) => machine.oscillator.jump(this.#world.now, event.by));
      case "sleep":
        return this.#each(event.who, ({ machine }) => machine.sleep(event.lasting));
      case "restart":
        return event.who.forEach((name) => this.#restart(name));
      case "lie":
        return this.#turn(event.who, [lies(event.by)]);
      case "fail":
        return this.#turn(event.who, [silent()]);
      case "recover":
        return this.#turn(event.who, []);
      case "partition":
        return void this.#world.network.partitions.push({
          from: event.at,
          until: event.at + event.lasting,
          stations: event.who,
        });
      case "leap":
        return this.#leap(event.leap);
    }
  }

  #each(who: readonly string[], act: (runner: Runner) => void): void {
    for (const name of who) act(this.#hosts.get(name)!);
  }

  #turn(who: readonly string[], oddities: ScriptedServer["script"]["oddities"]): void {
    for (const name of who) {
      const source = this.#sources.get(name)!;
      source.script = { ...source.script, oddities };
    }
  }

  /** Another daemon where one was, with what that one leaves. */
  #restart(name: string): void {
    const old = this.#hosts.get(name)!;
    if (old.machine.asleep) return;
    old.stop();
    const { memory, machine } = old;
    const host = this.#plan.hosts.find((one) => one.name === name)!;
    this.#hosts.set(
      name,
      this.#world.client(machine, (chance) => this.#engine(host, chance), { memory }),
    );
  }

  /** Sources announce it from the day before on. */
  #announce(at: Seconds, leap: "insert" | "delete"): void {
    this.#world.at(Math.max(0, at - 86_400), () => this.#say(leap));
  }

  #leap(leap: "insert" | "delete"): void {
    const by = leap === "insert" ? -1 : 1;
    for (const { machine } of this.#sources.values()) machine.stepClock(by, null);
    this.#leapt += by;
    this.#say("none");
  }

  #say(leap: "insert" | "delete" | "none"): void {
    for (const source of this.#sources.values()) source.script = { ...source.script, leap };
  }
}

function linkOf(link: PlannedLink, chance: SimChance): LinkOptions {
  return linkOptions(link, drawn(link.delay, chance.split("delay")), drawn(link.asymmetry, chance.split("asymmetry")));
}

function drawn({ low, high }: Range, chance: SimChance): number {
  return low === high ? low : low + (high - low) * chance.uniform();
}

async function providerOf(keys: string): Promise<SecurityProvider> {
  const { keys: parsed } = parseKeys(keys, { format: "auto", file: "keys" });
  return securityProvider((await openKeyring(parsed, "all")).keyring);
}

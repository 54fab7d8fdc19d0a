/**
 * A site: simulated hosts that run the engine as a daemon, in any mode, client and server at once; and what is asked of them
 * afterwards. Scenarios of discovery are said with it in a few lines.
 */
import { createHash } from "node:crypto";
import type {
  AssociationConfig,
  ClockConfig,
  DiscoveryConfig,
  EngineConfig,
  ServingConfig,
} from "../../src/engine/port/config.ts";
import { createEngine } from "../../src/engine/engine.ts";
import type { Note } from "../../src/engine/port/note.ts";
import type { AssociationReport } from "../../src/engine/port/snapshot.ts";
import { openKeyring } from "../../src/security/keyring.ts";
import type { Keyring } from "../../src/security/keyring.ts";
import { parseKeys } from "../../src/security/keyfile.ts";
import type { SecurityProvider } from "../../src/security/security.ts";
import { securityProvider } from "../../src/security/symmetric.ts";
import type { Machine } from "../../src/sim/machine.ts";
import type { Datagram } from "../../src/sim/network.ts";
import type { Runner } from "../../src/sim/runner.ts";
import type { ScriptedServer, ServerOptions } from "../../src/sim/server.ts";
import type { ClientOptions, HostOptions, SimWorld } from "../../src/sim/world.ts";
import { DEFAULT_LIMITS } from "../../src/system/limits.ts";
import type { SelectionLimits } from "../../src/system/limits.ts";
import type { Seconds } from "../../src/time/seconds.ts";
import { shift } from "../../src/time/timestamp.ts";
import type { NtpTimestamp } from "../../src/time/timestamp.ts";
import { encodeHeader, MODES } from "../../src/wire/header.ts";
import type { Header, Mode } from "../../src/wire/header.ts";
import { refidOfAddress } from "../../src/wire/refid.ts";
import { withShadow } from "../../src/world/shadow.ts";
import { template } from "./association.ts";
import { BASE, BASE_DISCOVERY, BASE_SERVICE, BASE_SERVING, FOLLOW } from "../../src/config/base.ts";

/** One host. */
export interface SiteHost extends Omit<ClientOptions, "memory"> {
  /** Configured lines; all else takes its default but for the poll bounds, 4 … 10. */
  readonly lines?: readonly Partial<AssociationConfig>[];
  readonly limits?: Partial<SelectionLimits>;
  /** Without a key anybody is believed. */
  readonly discovery?: Partial<DiscoveryConfig>;
  /** Answers clients. Default true. */
  readonly serves?: boolean;
  readonly serving?: Partial<ServingConfig>;
  /** Answers solicitations to these groups. */
  readonly manycastServer?: readonly string[];
  /** Listens to these groups. */
  readonly groups?: readonly string[];
  readonly keys?: SecurityProvider;
  readonly clock?: ClockConfig;
  readonly rest?: Partial<EngineConfig>;
}

/** A site in a world. Hosts get addresses in 10.1.0.0/16 unless they bring their own. */
export class Site {
  readonly world: SimWorld;
  readonly hosts: Map<string, Runner> = new Map();
  readonly #names = new Map<string, string>();
  readonly #specs = new Map<string, SiteHost>();
  #count = 0;

  constructor(world: SimWorld) {
    this.world = world;
  }

  /** A host with a daemon. */
  host(name: string, spec: SiteHost = {}): Runner {
    const addresses = spec.addresses ?? spec.interfaces?.flatMap((one) => one.addresses) ?? [this.#nextAddress()];
    for (const ip of addresses) this.#names.set(ip, name);
    const attached = spec.interfaces === undefined ? { addresses } : {};
    this.#specs.set(name, spec);
    const runner = this.world.client(name, maker(spec, addresses), {
      link: CABLE,
      ...spec,
      ...attached,
    });
    this.hosts.set(name, runner);
    return runner;
  }

  /** Another daemon on a host, in place of the one that is there, with what that one remembers. */
  restart(name: string, change: Partial<Pick<SiteHost, "keys">> = {}): Runner {
    const { machine, memory } = this.hosts.get(name)!;
    const spec = { ...this.#specs.get(name)!, ...change };
    this.#specs.set(name, spec);
    const addresses = machine.interfaces.flatMap((one) => one.addresses);
    const runner = this.world.client(machine, maker(spec, addresses), { memory });
    this.hosts.set(name, runner);
    return runner;
  }

  /** A host is told to go on by something else. */
  reconfigure(name: string, change: Partial<SiteHost>): void {
    const runner = this.hosts.get(name)!;
    const spec = { ...this.#specs.get(name)!, ...change };
    this.#specs.set(name, spec);
    const addresses = runner.machine.interfaces.flatMap((one) => one.addresses);
    runner.handle({ kind: "reconfigure", config: daemonConfig(spec, addresses) });
  }

  /** Gives a host or a reference another address, in place of those it has. */
  renumber(name: string, machine: Machine, address: string): void {
    this.#names.set(address, name);
    machine.readdress(machine.interfaces[0]!.name, [address]);
  }

  /** A server that stands for a radio clock and what is set by it: stratum 1, whatever happens. */
  reference(name: string, options: HostOptions & ServerOptions = {}): ScriptedServer {
    const addresses = options.addresses ?? [this.#nextAddress()];
    for (const ip of addresses) this.#names.set(ip, name);
    return this.world.server(name, { link: CABLE, stratum: 1, ...options, addresses });
  }

  /** Whose address it is. */
  nameOf(ip: string | null): string {
    return this.#names.get(ip ?? "") ?? String(ip);
  }

  /** The names of those a host has associations with, sorted. */
  friendsOf(host: Runner): string[] {
    return associationsOf(host)
      .map(({ address }) => this.nameOf(address))
      .sort();
  }

  /** Whom a host follows. */
  systemPeerOf(host: Runner): string | null {
    const { system, associations } = host.snapshot();
    const peer = associations.find(({ id }) => id === system.systemPeer);
    return peer === undefined ? null : this.nameOf(peer.address);
  }

  #nextAddress(): string {
    this.#count += 1;
    return `10.1.${this.#count >> 8}.${this.#count & 255}`;
  }
}

/** A path through a quiet LAN: a tenth of a millisecond each way and a little more. */
export const CABLE = { delay: 0.0001, jitter: { shape: "exponential", mean: 0.00002 } } as const;

/** The associations a host has, without those that only say that a name has no address. */
export function associationsOf(host: Runner): readonly AssociationReport[] {
  return host.snapshot().associations.filter(({ address }) => address !== null);
}

/** The notes of one kind. */
export function notesOf<What extends Note["what"]>(host: Runner, what: What): readonly Extract<Note, { what: What }>[] {
  return host.notes.flatMap(({ note }) => (note.what === what ? [note as Extract<Note, { what: What }>] : []));
}

/** What a host would tell to be the time, less true time: its clock's error, and the offset that it knows of. */
export function errorOf(host: Runner): Seconds {
  const { offset } = host.snapshot().clock;
  if (offset === null) throw new Error(`${host.machine.name} has no idea what time it is`);
  return host.machine.error + offset;
}

/** Keys that a test names: `1 SHA1 secret`, a line each. */
export async function keysOf(text: string): Promise<Keyring> {
  const { keys } = parseKeys(text, { format: "auto", file: "keys" });
  return (await openKeyring(keys, "all")).keyring;
}

/** The mode of a datagram. */
export function modeOf({ bytes }: Datagram): Mode {
  return MODES[bytes[0]! & 7]!;
}

/** The most packets of a mode that set out for an address in any span of so many seconds. */
export function peakTo(world: SimWorld, ip: string, mode: Mode, span: number): { most: number; all: number } {
  const counted = { most: 0, all: 0 };
  const recent: number[] = [];
  world.network.tap((datagram, at) => {
    if (datagram.to.ip !== ip || modeOf(datagram) !== mode) return "pass";
    while (recent.length > 0 && recent[0]! <= at - span) recent.shift();
    recent.push(at);
    counted.all += 1;
    counted.most = Math.max(counted.most, recent.length);
    return "pass";
  });
  return counted;
}

/** To each address, the most packets of a mode that set out for it in any span of so many seconds. */
export function peaksTo(world: SimWorld, mode: Mode, span: number): ReadonlyMap<string, number> {
  const peaks = new Map<string, number>();
  const recent = new Map<string, number[]>();
  world.network.tap((datagram, at) => {
    if (modeOf(datagram) !== mode) return "pass";
    const { ip } = datagram.to;
    const latest = (recent.get(ip) ?? []).filter((earlier) => earlier > at - span);
    latest.push(at);
    recent.set(ip, latest);
    peaks.set(ip, Math.max(peaks.get(ip) ?? 0, latest.length));
    return "pass";
  });
  return peaks;
}

/** What a broadcast server says at a moment of the world, but for what is changed. */
export function broadcastHeader(world: SimWorld, change: Partial<Header> = {}, error: Seconds = 0): Header {
  const transmit = shift(world.beginning, world.now + error);
  const zero = 0n as NtpTimestamp;
  return {
    leap: "none",
    version: 4,
    mode: "broadcast",
    stratum: 1,
    poll: 4,
    precision: -24,
    rootDelay: 0,
    rootDispersion: 0.0001,
    referenceId: 0x47505300,
    reference: shift(transmit, -3.3),
    origin: zero,
    receive: zero,
    transmit,
    ...change,
  };
}

/** Its octets, sealed by a key if one is given. */
export function sealedHeader(header: Header, keys: SecurityProvider | null = null, keyId = 1): Uint8Array {
  const bytes = encodeHeader(header);
  const sealed = keys?.sealWith(keyId, bytes);
  return sealed?.kind === "sealed" ? sealed.bytes : bytes;
}

/** Makes a host's engine. */
function maker(spec: SiteHost, addresses: readonly string[]): Parameters<SimWorld["client"]>[1] {
  return (chance) =>
    withShadow(daemonConfig(spec, addresses), (told) =>
      createEngine(told, {
        chance,
        security: spec.keys ?? securityProvider(null),
        referenceIdOf,
        era: 1_795_219_200n * 1_000_000_000n,
      }),
    );
}

function daemonConfig(spec: SiteHost, addresses: readonly string[]): EngineConfig {
  const {
    lines = [],
    limits = {},
    discovery = {},
    serves = true,
    serving = {},
    manycastServer = [],
    groups = [],
    keys,
    clock,
    rest = {},
  } = spec;
  const cohort = discovery.cohort ?? false;
  return {
    ...BASE,
    associations: lines.map((line) => template({ minpoll: 4, maxpoll: clock === undefined ? 4 : 10, ...line })),
    limits: { ...DEFAULT_LIMITS, ...limits },
    clock: clock ?? FOLLOW,
    ownReferenceIds: addresses.map(referenceIdOf),
    discovery: {
      ...BASE_DISCOVERY,
      authenticate: keys !== undefined,
      cohort,
      ...discovery,
    },
    service: {
      ...BASE_SERVICE,
      groups: [...manycastServer, ...groups].map((group) => ({ group, interface: null })),
    },
    serving: !serves
      ? null
      : {
          ...BASE_SERVING,
          manycast: manycastServer.length > 0,
          ownAddresses: addresses,
          ...serving,
        },
    ...rest,
  };
}

function referenceIdOf(ip: string): number {
  return refidOfAddress(ip, (octets) => createHash("md5").update(octets).digest()) ?? 0xffff_ffff;
}

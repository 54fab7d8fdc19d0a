/**
 * `pool`, `manycast` and `broadcast`: options → what the engine is told, every default filled in.
 *
 * All three find servers and then do what `query` does: volley, select, report. They differ in what they start from.
 */
import {
  BURST_SIX,
  type AssociationConfig,
  type BurstProfile,
  type DiscoveryConfig,
  type EngineConfig,
  type OnceConfig,
} from "../engine/port/config.ts";
import { ALL_ADDRESSES } from "../engine/serving/listening.ts";
import type { Seconds } from "../time/seconds.ts";
import { isMulticast } from "../wire/address.ts";
import { BASE, BASE_DISCOVERY, BASE_ONCE, BASE_SERVICE, NO_LIMIT } from "./base.ts";
import { LEAST_INTERVAL } from "../association/template.ts";
import { isScoped, NTP_GROUPS } from "./groups.ts";
import { literalFamily } from "./literal.ts";
import type { Configuration } from "./ntpconf/configuration.ts";
import { named, ONCE_DEFAULTS, selectionLimits, type LocalFacts, type OnceOptions } from "./options.ts";
import type { ServerSpec } from "./servers.ts";
import { UsageError } from "./usage.ts";

/** The commands that find servers. */
export type DiscoveryCommand = "pool" | "manycast" | "broadcast";

/** The options that somebody gave; what is absent takes its default. */
export interface DiscoveryOptions extends Omit<
  OnceOptions,
  "callDelay" | "method" | "stepThreshold" | "panic" | "maxStep" | "dryRun"
> {
  /** False: whoever answers or broadcasts is trusted. */
  readonly auth?: boolean;
  /** Under NTS who is found by a group has to have a certificate for this name; absent: for its address. */
  readonly ntsName?: string;
  /** Go on, and keep the set as it should be. */
  readonly follow?: boolean;
  /** Ask all rings, whatever is found. */
  readonly all?: boolean;
  /** Hops of the last ring, 1 … 255. */
  readonly ttl?: number;
  readonly cohort?: boolean;
  /** End after so many broadcasts were used. */
  readonly count?: number;
  /** Listen to the groups assigned to NTP. */
  readonly multicast?: boolean;
  /** The one-way delay of broadcasts, which saves the volley. */
  readonly broadcastDelay?: Seconds;
}

/** The defaults that the contract states. */
export const DISCOVERY_DEFAULTS = {
  /** A volley. */
  samples: 6,
  /** Hops of the last ring. */
  ttl: 7,
  /** Between two rings, and between the packets of a volley. */
  interval: 2,
} as const;

/** With an end in sight a listener does not wait for its volley as long as the server's poll interval. */
const SHORT_WAIT: Seconds = 2;

/** The daemon's longest interval between solicitations comes of this (seed 002 recommends 12). */
const MANYCAST_MAXPOLL = 12;

/** The server's addresses that a broadcast may carry are not known beforehand: the template has a name of its own. */
const ANYBODY = "any";

/**
 * The engine's configuration.
 * @param named what the command line names: pools, groups, or broadcast addresses
 * @throws UsageError
 */
export function discoveryConfig(
  command: DiscoveryCommand,
  specs: readonly ServerSpec[],
  options: DiscoveryOptions,
  file: Configuration | null,
  facts: LocalFacts,
): EngineConfig {
  const associations = TEMPLATES[command](specs, options);
  const burst = burstOf(options);
  const limits = selectionLimits(options, file);
  const once = onceOf(options);
  return {
    ...BASE,
    precision: facts.precision,
    ownReferenceIds: facts.ownReferenceIds,
    associations,
    limits,
    timeout: options.timeout ?? ONCE_DEFAULTS.timeout,
    burst,
    emptyStages: once === null ? "rfc5905" : "brief",
    once,
    sourcePort: options.sourcePort ?? null,
    interface: options.interface ?? null,
    discovery: discoveryOf(command, specs, options),
    service: command === "broadcast" ? listenerOf(specs, options) : null,
    poolSize: limits.maxclock,
  };
}

/** What each command mobilizes by. */
const TEMPLATES: Readonly<
  Record<DiscoveryCommand, (specs: readonly ServerSpec[], options: DiscoveryOptions) => readonly AssociationConfig[]>
> = {
  pool: (specs, options) => specs.map((spec) => ({ ...named(spec, options), kind: "pool" as const })),
  manycast: (specs, options) =>
    specs.map((spec) => ({
      ...byGroup(spec, options),
      kind: "manycast",
      maxpoll: MANYCAST_MAXPOLL,
      ttl: options.ttl ?? DISCOVERY_DEFAULTS.ttl,
    })),
  broadcast(specs, options) {
    const anybody: ServerSpec = specs[0] ?? {
      name: ANYBODY,
      port: null,
      prefer: false,
      noselect: false,
      trusted: false,
      nts: false,
      key: null,
      samples: null,
    };
    return [{ ...byGroup({ ...anybody, name: ANYBODY }, options), kind: "broadcastClient" }];
  },
};

/** A group is asked and heard in the clear; who is found by it proves who he is, if that is asked for. */
function byGroup(spec: ServerSpec, options: DiscoveryOptions): AssociationConfig {
  const { ntsName } = options;
  if (ntsName !== undefined && options.nts !== true)
    throw new UsageError("--nts-name is for who is found under NTS; add --nts");
  const port = spec.port ?? options.port ?? ONCE_DEFAULTS.port;
  return { ...named(spec, options), port, ...(ntsName === undefined ? {} : { certified: ntsName }) };
}

function discoveryOf(
  command: DiscoveryCommand,
  specs: readonly ServerSpec[],
  options: DiscoveryOptions,
): DiscoveryConfig {
  const ends = options.count !== undefined || (options.deadline !== undefined && options.deadline !== Infinity);
  return {
    ...BASE_DISCOVERY,
    authenticate: options.auth ?? true,
    ringInterval: command === "manycast" ? ringIntervalOf(specs, options) : null,
    allRings: options.all ?? false,
    broadcastDelay: options.broadcastDelay ?? null,
    longestWait: ends ? Math.min(SHORT_WAIT, (options.deadline ?? Infinity) / 10) : NO_LIMIT,
    count: options.count ?? null,
    cohort: options.cohort ?? false,
  };
}

/** Every server found is heard out: a volley is a volley. */
function onceOf(options: DiscoveryOptions): OnceConfig | null {
  if (options.follow === true) return null;
  const samples = options.samples ?? DISCOVERY_DEFAULTS.samples;
  const deadline = options.deadline ?? Infinity;
  return {
    ...BASE_ONCE,
    samples,
    accuracy: options.accuracy ?? null,
    deadline: deadline === Infinity ? null : deadline,
    waitNetwork: options.waitNetwork ?? 0,
  };
}

/** What is within one site may be asked more often; strangers may not, as the engine sees to. */
function burstOf({ samples, interval }: DiscoveryOptions): BurstProfile {
  const packets = samples ?? DISCOVERY_DEFAULTS.samples;
  return { ...BURST_SIX, packets, ...(interval === undefined ? {} : { spacing: { least: interval, most: interval } }) };
}

/** Seconds between two rings: where one of the groups is not confined to a site, no less than strangers bear. */
function ringIntervalOf(specs: readonly ServerSpec[], options: DiscoveryOptions): Seconds {
  const { interval = DISCOVERY_DEFAULTS.interval } = options;
  return groupsOf(specs, options).every(isScoped) ? interval : Math.max(interval, LEAST_INTERVAL);
}

/** Bound to the one IPv4 address that is to be heard, so that nothing else is; else to all. */
function listenerOf(specs: readonly ServerSpec[], options: DiscoveryOptions): NonNullable<EngineConfig["service"]> {
  const [only] = specs;
  const ports = new Set(specs.flatMap(({ port }) => port ?? []));
  if (ports.size > 1) throw new UsageError("one run listens to one port", "start another for the other port");
  const bound = specs.length === 1 && options.multicast !== true && literalFamily(only!.name) === 4 ? only!.name : null;
  return {
    ...BASE_SERVICE,
    port: [...ports][0] ?? options.port ?? ONCE_DEFAULTS.port,
    addresses: bound === null ? ALL_ADDRESSES : [bound],
    interface: options.interface ?? null,
    groups: groupsOf(specs, options).map((group) => ({ group, interface: options.interface ?? null })),
  };
}

/** The groups of a run; only those of the family that is used. */
export function groupsOf(
  specs: readonly Pick<ServerSpec, "name">[],
  options: Pick<DiscoveryOptions, "multicast" | "family">,
): readonly string[] {
  const groups = new Set([
    ...specs.map(({ name }) => name).filter(isMulticast),
    ...(options.multicast === true ? NTP_GROUPS : []),
  ]);
  return [...groups].filter((group) => options.family === undefined || literalFamily(group) === options.family);
}

/** `serve`: options and configuration file → what the engine is told, every default filled in. */
import type { AssociationConfig, EngineConfig, ServingConfig } from "../engine/port/config.ts";
import { ALL_ADDRESSES } from "../engine/serving/listening.ts";
import {
  type AccessRule,
  accessOfRules,
  defaultRules,
  parseNetwork,
  type NetworkRule,
  type RestrictFlag,
} from "../server/access.ts";
import { ORPHAN_WAIT } from "../server/local.ts";
import { DEFAULT_RATE, type RateLimits } from "../server/rate.ts";
import type { SmearConfig } from "../server/smear.ts";
import type { SelectionLimits } from "../system/limits.ts";
import type { PollExponent, Seconds } from "../time/seconds.ts";
import { BASE, BASE_SERVICE, BASE_SERVING, FOLLOW } from "./base.ts";
import { parseBroadcastAddress, parseGroup, scopeWarning } from "./groups.ts";
import { literalFamily } from "./literal.ts";
import type { Configuration } from "./ntpconf/configuration.ts";
import { configured, named, ONCE_DEFAULTS, selectionLimits, type LocalFacts } from "./options.ts";
import type { ServerSpec } from "./servers.ts";
import { accessOf, localStratumOf, rateOf } from "./serving.ts";
import { UsageError } from "./usage.ts";
import { parseInteger, parseDuration } from "./values.ts";

/** The options that somebody gave; what is absent takes its default. */
export interface ServeOptions extends Partial<SelectionLimits> {
  readonly family?: 4 | 6;
  readonly port?: number;
  readonly address?: string;
  readonly interface?: string;
  readonly localStratum?: number;
  readonly orphan?: number;
  readonly orphanWait?: Seconds;
  readonly broadcast?: readonly string[];
  readonly manycast?: readonly string[];
  /** log₂ of the interval of broadcasts, seconds. */
  readonly minpoll?: PollExponent;
  /** Hops of broadcasts. */
  readonly ttl?: number;
  /** Broadcasts tell when the one before left (RFC 9769). */
  readonly xleave?: boolean;
  /** Without effect: searchers of our own stratum are answered anyway. */
  readonly cohort?: boolean;
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
  readonly rateLimit?: RateLimits;
}

/** What the machine knows, beside the options. */
export interface ServeFacts extends LocalFacts {
  /** IP literals of this host. */
  readonly addresses: readonly string[];
  /** Broadcast addresses of its networks; `null`: a sandbox does not tell them. */
  readonly broadcasts: readonly string[] | null;
  /** A leap second to be smeared. */
  readonly smear: SmearConfig | null;
  /** The key that broadcasts are sealed with. */
  readonly broadcastKey: number | null;
}

/** The defaults of broadcasts (seed 002). */
export const BROADCAST_DEFAULTS: { readonly minpoll: PollExponent; readonly ttl: number } = { minpoll: 6, ttl: 127 };

/** What a configuration comes to, and what is worth telling about it. */
export interface ServeConfig {
  readonly config: EngineConfig;
  readonly warnings: readonly string[];
}

/**
 * The engine's configuration of a server.
 * @param servers that are followed; when empty, the file's are
 * @throws UsageError
 */
export function serveConfig(
  servers: readonly ServerSpec[],
  options: ServeOptions,
  file: Configuration | null,
  facts: ServeFacts,
): ServeConfig {
  const port = options.port ?? ONCE_DEFAULTS.port;
  const family = options.family === undefined ? {} : { family: options.family };
  const followed =
    servers.length > 0
      ? servers.map((spec) => named(spec, family))
      : (file?.servers ?? []).map((line) => configured(line, family));
  const broadcasts = broadcastersOf(options, file, port, facts);
  const limits = selectionLimits(options, file);
  const config: EngineConfig = {
    ...BASE,
    precision: facts.precision,
    ownReferenceIds: facts.ownReferenceIds,
    associations: [...followed, ...broadcasts],
    limits,
    clock: followed.length > 0 ? FOLLOW : BASE.clock,
    timeout: ONCE_DEFAULTS.timeout,
    serving: servingOf(options, file, facts),
    service: {
      ...BASE_SERVICE,
      port,
      addresses: addressesOf(options),
      interface: options.interface ?? null,
      groups: manycastGroups(options, file).map((group) => ({ group, interface: options.interface ?? null })),
    },
    poolSize: limits.maxclock,
  };
  return {
    config,
    warnings: broadcasts.flatMap(({ name, ttl }) => scopeWarning(name, ttl ?? BROADCAST_DEFAULTS.ttl) ?? []),
  };
}

/**
 * Reads `--rate-limit AVERAGE,MINIMUM`, both seconds; the average is rounded to a power of two, as `discard` has it.
 * @throws UsageError
 */
export function parseRateLimit(text: string): RateLimits {
  const [average, minimum, ...more] = text.split(",");
  if (more.length > 0)
    throw new UsageError(`--rate-limit: "${text}" is not a limit`, "write AVERAGE,MINIMUM, as in 8s,2s");
  const seconds = parseDuration(average!, "--rate-limit, average", { least: 1, most: 65_536 });
  return {
    average: Math.round(Math.log2(seconds)),
    minimum:
      minimum === undefined ? DEFAULT_RATE.minimum : parseDuration(minimum, "--rate-limit, minimum", { most: 3600 }),
  };
}

/**
 * Reads `--allow NET` or `--deny NET`.
 * @throws UsageError
 */
export function parseNetworkOption(text: string, option: string): string {
  if (parseNetwork(text) === null)
    throw new UsageError(`${option}: "${text}" is not a network`, "write it as 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32");
  return text;
}

/**
 * Reads an address to listen on.
 * @throws UsageError
 */
export function parseLocalAddress(text: string): string {
  if (literalFamily(text) === 0)
    throw new UsageError(
      `--address: "${text}" is not an IP address`,
      "name an address of this host; --interface names an interface",
    );
  return text;
}

/** A stratum that a server may claim. */
export function parseStratum(text: string, option: string): number {
  return parseInteger(text, option, 1, 15);
}

function servingOf(options: ServeOptions, file: Configuration | null, facts: ServeFacts): ServingConfig {
  const { localStratum, orphan } = options;
  const ofFile = file?.discovery;
  const stratum = orphan ?? ofFile?.orphan ?? null;
  const wait = options.orphanWait ?? ofFile?.orphanwait ?? ORPHAN_WAIT;
  return {
    ...BASE_SERVING,
    access: accessFor(options, file),
    rate: options.rateLimit ?? (file === null ? DEFAULT_RATE : rateOf(file.discard)),
    fallbacks: {
      local: localStratum ?? (file === null ? null : localStratumOf(file)),
      orphan: stratum === null ? null : { stratum, wait },
    },
    manycast: manycastGroups(options, file).length > 0,
    smear: facts.smear,
    ownAddresses: facts.addresses,
  };
}

/** The file's list, and what the command line adds to it; the most specific network decides. */
function accessFor(
  { allow = [], deny = [], rateLimit }: ServeOptions,
  file: Configuration | null,
): readonly AccessRule[] {
  const flags: readonly RestrictFlag[] = rateLimit === undefined ? [] : ["limited", "kod"];
  const rules: readonly NetworkRule[] = [
    ...allow.map((network) => ({ verb: "allow", network }) as const),
    ...deny.map((network) => ({ verb: "deny", network }) as const),
  ];
  if (file !== null && file.restrict.length > 0) {
    if (rules.length > 0)
      throw new UsageError(
        "--allow and --deny do not go with restrict lines",
        `put them into the configuration file, as restrict lines beside that at line ${file.restrict[0]!.at.line}`,
      );
    return [...accessOf(file.restrict), ...(flags.length > 0 ? defaultRules(flags) : [])];
  }
  const made = accessOfRules(rules, flags);
  if ("fault" in made)
    throw new UsageError(`"${made.fault}" is not a network`, "write it as 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32");
  return made;
}

function broadcastersOf(
  options: ServeOptions,
  file: Configuration | null,
  port: number,
  facts: ServeFacts,
): readonly AssociationConfig[] {
  const { minpoll = BROADCAST_DEFAULTS.minpoll, ttl = BROADCAST_DEFAULTS.ttl } = options;
  const given = (options.broadcast ?? []).map((text): AssociationConfig => {
    const spec = parseBroadcastAddress(text, facts.broadcasts);
    return {
      ...named({ ...spec, port: spec.port ?? port, key: spec.key ?? facts.broadcastKey }, {}),
      kind: "broadcast",
      minpoll,
      maxpoll: minpoll,
      ttl,
      xleave: options.xleave ?? false,
    };
  });
  const lines = given.length > 0 ? [] : (file?.associations ?? []).filter(({ kind }) => kind === "broadcast");
  return [
    ...given,
    ...lines.map(({ at: _at, preempt: _preempt, ttl: hops, ...line }): AssociationConfig => ({
      ...line,
      samples: null,
      ttl: hops ?? ttl,
    })),
  ];
}

function manycastGroups({ manycast }: ServeOptions, file: Configuration | null): readonly string[] {
  return manycast === undefined ? (file?.manycastServer ?? []) : manycast.map((text) => parseGroup(text).name);
}

function addressesOf({ address, family }: ServeOptions): readonly string[] {
  if (address !== undefined) return [address];
  return family === undefined ? ALL_ADDRESSES : ALL_ADDRESSES.filter((all) => literalFamily(all) === family);
}

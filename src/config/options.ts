/**
 * Options and a configuration file → what the engine is told, every default filled in.
 *
 * This is the one place that knows the defaults of the one-shots; `--help` and the man pages print them from here.
 */
import { DEFAULT_STEP_LIMITS } from "../discipline/limits.ts";
import {
  BURST_EIGHT,
  BURST_SIX,
  type AssociationConfig,
  type BurstProfile,
  type ClockConfig,
  type EngineConfig,
} from "../engine/port/config.ts";
import { DEFAULT_LIMITS, type SelectionLimits } from "../system/limits.ts";
import type { Seconds } from "../time/seconds.ts";
import { KE_PORT } from "../wire/ntske.ts";
import { BASE, plainLimits } from "./base.ts";
import { isNearby } from "./etiquette.ts";
import { literalFamily } from "./literal.ts";
import { DEFAULT_POLL, type Configuration, type ServerLine } from "./ntpconf/configuration.ts";
import type { ServerSpec } from "./servers.ts";
import { UsageError } from "./usage.ts";

/** The options of a one-shot that somebody gave; what is absent takes its default. */
export interface OnceOptions {
  readonly family?: 4 | 6;
  readonly port?: number;
  readonly interface?: string;
  readonly sourcePort?: number;
  readonly samples?: number;
  /** Of a server that an earlier run measured one sample is enough. */
  readonly remember?: boolean;
  /** The clock's rate is set, too, once runs that remember know it. */
  readonly frequency?: boolean;
  /** A random part of this passes before anything is asked. */
  readonly spread?: Seconds;
  readonly accuracy?: Seconds;
  /** The call delay of the eight-packet burst. */
  readonly callDelay?: Seconds;
  readonly interval?: Seconds;
  readonly timeout?: Seconds;
  /** `Infinity`: none. */
  readonly deadline?: Seconds;
  readonly waitNetwork?: Seconds;
  readonly key?: number;
  /** Servers are asked under Network Time Security, but for those with a key of their own. */
  readonly nts?: boolean;
  /** Under Network Time Security the dates of certificates are judged by the time that more servers than usual agree on, not by the clock. */
  readonly ntsBootstrap?: boolean;
  /** Servers are asked under Autokey by the keys in this folder, but for those with a proof of their own. */
  readonly autokey?: string;
  /** The group that their servers must prove to be of. */
  readonly autokeyGroup?: string;
  readonly minclock?: number;
  readonly maxclock?: number;
  readonly minsane?: number;
  readonly maxdist?: Seconds;
  readonly floor?: number;
  readonly ceiling?: number;
  readonly method?: "step" | "slew";
  readonly stepThreshold?: Seconds;
  readonly panic?: Seconds;
  readonly maxStep?: { readonly forward: Seconds; readonly backward: Seconds };
  readonly dryRun?: boolean;
}

/** What the machine knows of itself. */
export interface LocalFacts {
  /** Precision of the local clock, log₂ s. */
  readonly precision: number;
  /** Our own addresses as reference identifiers. */
  readonly ownReferenceIds: readonly number[];
}

/** The one-shots. */
export type OnceCommand = "sync" | "query";

/** The defaults that the contract states. */
export const ONCE_DEFAULTS = {
  port: 123,
  /** Of key establishment (RFC 8915 §7.1). */
  ntsPort: KE_PORT as number,
  samples: { sync: 4, query: 1 },
  /** `sync` that remembers: of a server that an earlier run measured. */
  known: 1,
  /** `sync`: a majority with this many samples each that agree is enough. */
  enough: 3,
  timeout: 1,
  deadline: 15,
  /** How many addresses of one name are asked. */
  poolSize: 4,
  /** With `--call-delay`, whose burst alone takes up to 44 s. */
  deadlineCalling: 60,
} as const;

/**
 * The engine's configuration of a one-shot.
 * @param servers from the command line; when empty, the file's are used
 * @param file what the configuration file says, if one is used
 * @throws UsageError
 */
export function onceConfig(
  command: OnceCommand,
  servers: readonly ServerSpec[],
  options: OnceOptions,
  file: Configuration | null,
  facts: LocalFacts,
): EngineConfig {
  const associations =
    servers.length > 0
      ? servers.map((server) => named(server, options))
      : (file?.servers ?? []).map((line) => configured(line, options));
  const burst = burstProfile(options);
  const samples =
    options.samples ?? (options.callDelay === undefined ? ONCE_DEFAULTS.samples[command] : BURST_EIGHT.packets);
  const most = Math.max(samples, ...associations.map((association) => association.samples ?? 0));
  const waitNetwork = options.waitNetwork ?? 0;
  const deadline =
    options.deadline ??
    waitNetwork + (options.callDelay === undefined ? ONCE_DEFAULTS.deadline : ONCE_DEFAULTS.deadlineCalling);
  const bootstrap = options.ntsBootstrap === true;
  if (bootstrap) checkBootstrap(associations);
  const limits = atLeast(selectionLimits(options, file), bootstrap ? 1 : 0);
  return {
    ...BASE,
    precision: facts.precision,
    ownReferenceIds: facts.ownReferenceIds,
    associations,
    limits,
    timeout: options.timeout ?? ONCE_DEFAULTS.timeout,
    burst: { ...burst, packets: most },
    emptyStages: "brief",
    once: {
      samples,
      known: options.remember === true ? Math.min(samples, options.samples ?? ONCE_DEFAULTS.known) : null,
      // Only strangers' servers are asked by a crowd.
      spread: associations.every(({ name }) => isNearby(name)) ? 0 : (options.spread ?? 0),
      // Who asks to see servers wants to see them all; who sets a clock wants to be done.
      enough: command === "query" ? null : Math.min(ONCE_DEFAULTS.enough, samples),
      accuracy: options.accuracy ?? null,
      deadline: deadline === Infinity ? null : deadline,
      waitNetwork,
      ...(bootstrap ? { bootstrap } : {}),
    },
    clock: clockConfig(command, options),
    sourcePort: options.sourcePort ?? null,
    interface: options.interface ?? null,
    poolSize: Math.min(ONCE_DEFAULTS.poolSize, limits.maxclock),
  };
}

/** Options that say how servers are reached, and by what they prove who they are. */
export type ProofOptions = Pick<OnceOptions, "port" | "family" | "key" | "nts" | "autokey" | "autokeyGroup">;

/**
 * A server of the command line. A name may stand for many servers, an address and `localhost` stand for one; and so does whoever
 * establishes keys, for which server he does is his to say.
 * @throws UsageError where it is to be asked in two ways
 */
export function named(server: ServerSpec, options: ProofOptions): AssociationConfig {
  checkProof(options);
  const nts = server.nts || (options.nts === true && server.key === null);
  const isOne = nts || literalFamily(server.name) !== 0 || isNearby(server.name);
  return {
    kind: isOne ? "server" : "pool",
    name: server.name,
    port: server.port ?? options.port ?? standardPort(nts),
    family: options.family ?? null,
    version: 4,
    minpoll: DEFAULT_POLL.min,
    maxpoll: DEFAULT_POLL.max,
    iburst: true,
    burst: false,
    prefer: server.prefer,
    noselect: server.noselect,
    trusted: server.trusted,
    key: nts ? null : (server.key ?? options.key ?? null),
    ...(nts ? { nts } : {}),
    ...(nts || server.key !== null ? {} : underAutokey(options)),
    samples: server.samples,
  };
}

/** A server of the configuration file. */
export function configured(
  { at: _at, nts: ofLine, ntsPort, autokey, ...line }: ServerLine,
  options: ProofOptions,
): AssociationConfig {
  checkProof(options);
  const nts = ofLine || (options.nts === true && line.key === null);
  return {
    ...line,
    port: (ofLine ? ntsPort : null) ?? options.port ?? standardPort(nts),
    family: line.family ?? options.family ?? null,
    iburst: true,
    burst: false,
    key: nts ? null : (line.key ?? options.key ?? null),
    ...(nts ? { nts } : {}),
    ...(autokey !== undefined ? { autokey } : nts || line.key !== null ? {} : underAutokey(options)),
    samples: null,
  };
}

/**
 * Where the clock may not judge certificates, nobody else may have a say in what time it is.
 * @throws UsageError
 */
function checkBootstrap(associations: readonly AssociationConfig[]): void {
  const bare = associations.find(({ nts }) => nts !== true);
  if (bare !== undefined)
    throw new UsageError(
      `--nts-bootstrap: ${bare.name} is not asked under NTS`,
      "add --nts, or `,nts` behind every server",
    );
}

/** So many survivors more are wanted. */
function atLeast(limits: SelectionLimits, more: number): SelectionLimits {
  return more === 0 ? limits : { ...limits, minsane: limits.minsane + more };
}

/** The port of a server that is asked under NTS is that of key establishment. */
function standardPort(nts: boolean): number {
  return nts ? ONCE_DEFAULTS.ntsPort : ONCE_DEFAULTS.port;
}

/** Who is asked under Autokey, where that is said. */
function underAutokey({ autokey, autokeyGroup }: ProofOptions): Pick<AssociationConfig, "autokey"> {
  return autokey === undefined ? {} : { autokey: { ident: autokeyGroup ?? null } };
}

/** @throws UsageError where servers are to be asked by a key and under NTS at once */
function checkProof({ key, nts, autokey, autokeyGroup }: ProofOptions): void {
  if (autokey !== undefined && (key !== undefined || nts === true))
    throw new UsageError(
      `--autokey and ${nts === true ? "--nts" : "--key"} exclude each other`,
      "SERVER,key=ID asks one server by a key, SERVER,nts one under NTS",
    );
  if (autokey === undefined && autokeyGroup !== undefined)
    throw new UsageError("--autokey-group is for --autokey", "that names the folder of the keys");
  if (key !== undefined && nts === true)
    throw new UsageError(
      "--nts and --key exclude each other",
      "SERVER,key=ID asks one server by a key, SERVER,nts one under NTS",
    );
}

function burstProfile(options: OnceOptions): BurstProfile {
  if (options.callDelay === undefined) {
    return options.interval === undefined
      ? BURST_SIX
      : { ...BURST_SIX, spacing: { least: options.interval, most: options.interval } };
  }
  if (options.interval !== undefined)
    throw new UsageError(
      "--interval and --call-delay exclude each other",
      "the burst of --call-delay has random intervals of 1 to 4 s",
    );
  return { ...BURST_EIGHT, callDelay: options.callDelay };
}

/**
 * The limits of selection: options before the file before the defaults.
 * @throws UsageError where two exclude each other
 */
export function selectionLimits(options: Partial<SelectionLimits>, file: Configuration | null): SelectionLimits {
  const { minclock, maxclock, minsane, maxdist, floor, ceiling } = options;
  const given = Object.fromEntries(
    Object.entries({ minclock, maxclock, minsane, maxdist, floor, ceiling }).filter(([, value]) => value !== undefined),
  );
  const limits: SelectionLimits = { ...DEFAULT_LIMITS, ...file?.limits, ...given };
  if (limits.minclock > limits.maxclock)
    throw new UsageError(`minclock ${limits.minclock} is above maxclock ${limits.maxclock}`, "minclock ≤ maxclock");
  if (limits.floor >= limits.ceiling)
    throw new UsageError(
      `floor ${limits.floor} is not below ceiling ${limits.ceiling}`,
      "strata from floor up to, but without, ceiling are accepted",
    );
  return limits;
}

function clockConfig(command: OnceCommand, options: OnceOptions): ClockConfig {
  if (command === "query") return { kind: "observe" };
  return {
    kind: "once",
    of: options.dryRun === true ? "shadow" : "machine",
    frequency: options.frequency ?? false,
    limits: plainLimits({
      stepThreshold: options.stepThreshold ?? DEFAULT_STEP_LIMITS.stepThreshold,
      panic: options.panic ?? DEFAULT_STEP_LIMITS.panic,
      maxStep: options.maxStep ?? DEFAULT_STEP_LIMITS.maxStep,
      method: options.method ?? DEFAULT_STEP_LIMITS.method,
    }),
  };
}

/**
 * A configuration file → what the engine is told as a daemon: every association mode, clients answered, the clock steered.
 */
import { DEFAULT_STEP_LIMITS } from "../discipline/limits.ts";
import type { DisciplineName } from "../discipline/disciplines.ts";
import type { HostAddresses } from "../engine/port/event.ts";
import { isDeaf, listening } from "../engine/serving/listening.ts";
import {
  BURST_EIGHT,
  BURST_SIX,
  type AssociationConfig,
  type BurstProfile,
  type ClockConfig,
  type EngineConfig,
  type ServiceConfig,
} from "../engine/port/config.ts";
import { NO_FALLBACKS, type Fallbacks } from "../server/local.ts";
import { depthOfMemory, type MruLimits } from "../server/mru.ts";
import type { SmearConfig } from "../server/smear.ts";
import { DEFAULT_LIMITS } from "../system/limits.ts";
import type { LeapKnowledge } from "../time/leap.ts";
import type { Frequency } from "../time/seconds.ts";
import { BASE, BASE_DISCOVERY, BASE_LOOP, BASE_SERVICE, FOLLOW, plainLimit, plainLimits } from "./base.ts";
import type { AssociationLine, Configuration } from "./ntpconf/configuration.ts";
import type { LocalFacts } from "./options.ts";
import { accessOf, localStratumOf, rateOf, type Named } from "./serving.ts";

/** What the command line adds to the file. */
export interface DaemonOptions {
  /** The clock is left alone. */
  readonly noClock: boolean;
  readonly discipline: DisciplineName;
  /** The first correction may be of any size. */
  readonly anyFirst: boolean;
  /** UDP port to serve, 1 … 65535. */
  readonly port: number;
}

/** What the machine knows of itself, at the start or after a change. */
export interface DaemonFacts extends LocalFacts {
  /** Our own addresses by interface, IP literals. */
  readonly interfaces: HostAddresses;
  /** The frequency correction an earlier run left, s/s; `null`: unknown. */
  readonly frequency: Frequency | null;
  /** The kernel of the clock that may be steered has a phase-locked loop. */
  readonly kernelLoop?: boolean;
  /** A leap second to be smeared. */
  readonly smear: SmearConfig | null;
  /** The addresses of names in `restrict` lines; a name without any counts for nobody. */
  readonly named?: Named;
  /** What the list of leap seconds says; `null` or absent: there is none that can be believed. */
  readonly leaps?: LeapKnowledge | null;
}

/** How long a daemon waits for a reply. */
const TIMEOUT = 1;
/** A client of a broadcast server waits no longer than this before its volley, whatever the server's interval. */
const LONGEST_WAIT = 64;
/** Hops of a manycast search's last ring, and of broadcasts, are in the table; this is one's poll where a template has none. */
const TEMPLATE_POLL = { minpoll: 6, maxpoll: 10 };

/**
 * The engine's configuration of the daemon.
 * @throws UsageError
 */
export function daemonConfig(file: Configuration, options: DaemonOptions, facts: DaemonFacts): EngineConfig {
  const associations = associationsOf(file);
  const { minclock, maxclock, minsane, mindist, maxdist, floor, ceiling } = { ...DEFAULT_LIMITS, ...file.limits };
  return {
    ...BASE,
    associations,
    limits: { minclock, maxclock, minsane, mindist, maxdist, phi: file.tinker.dispersion * 1e-6, floor, ceiling },
    timeout: TIMEOUT,
    burst: burstOf(file),
    allan: file.tinker.allan,
    clock: clockOf(file, associations, options, facts),
    precision: facts.precision,
    discovery: {
      ...BASE_DISCOVERY,
      authenticate: file.switches.auth,
      ...(file.idents.length === 0 ? {} : { autokeyIdent: file.idents.join(" ") }),
      broadcastDelay: file.broadcastDelay,
      longestWait: LONGEST_WAIT,
      cohort: file.discovery.cohort,
      beacon: file.discovery.beacon,
    },
    serving: {
      access: accessOf(file.restrict, facts.named ?? new Map()),
      rate: rateOf(file.discard),
      fallbacks: fallbacksOf(file),
      manycast: file.manycastServer.length > 0,
      smear: facts.smear,
      smearInterval: file.smear,
      ownAddresses: Object.values(facts.interfaces).flat(),
      mru: mruOf(file.mru),
      monitor: file.switches.monitor,
    },
    leaps: facts.leaps ?? null,
    service: serviceOf(file, options, facts),
    poolSize: maxclock,
    ownReferenceIds: facts.ownReferenceIds,
  };
}

function associationsOf(file: Configuration): AssociationConfig[] {
  const lines = file.associations.map((line) => associationOf(line, file.rings));
  return file.broadcastClient || file.multicastClient.length > 0 ? [...lines, heardBy(file)] : lines;
}

/** What broadcasts are listened to by. Under NTS and Autokey at once is nobody. */
function heardBy(file: Configuration): AssociationConfig {
  if (file.provedBroadcasts !== null) return { ...BROADCAST_TEMPLATE, nts: true, ...file.provedBroadcasts };
  if (file.autokeyBroadcasts === null) return BROADCAST_TEMPLATE;
  const idents = file.idents.length === 0 ? null : file.idents.join(" ");
  return { ...BROADCAST_TEMPLATE, autokey: { ident: file.autokeyBroadcasts.ident ?? idents } };
}

function associationOf(
  { at: _at, preempt, ttl, ...line }: AssociationLine,
  rings: readonly number[],
): AssociationConfig {
  const hops = ttl ?? (line.kind === "manycast" ? rings.at(-1)! : null);
  const may = preempt && (line.kind === "server" || line.kind === "peer") ? { preempt } : {};
  return {
    ...line,
    ...may,
    samples: null,
    ...(hops === null ? {} : { ttl: hops }),
    ...(line.kind === "manycast" ? { rings } : {}),
  };
}

/** What broadcast packets mobilize; their own poll exponent and key come with them. */
const BROADCAST_TEMPLATE: AssociationConfig = {
  kind: "broadcastClient",
  name: "",
  port: 123,
  family: null,
  version: 4,
  ...TEMPLATE_POLL,
  iburst: true,
  burst: false,
  prefer: false,
  noselect: false,
  trusted: false,
  key: null,
  samples: null,
};

/** With `calldelay` the burst of seed 000. */
function burstOf({ callDelay }: Configuration): BurstProfile {
  return callDelay === null ? BURST_SIX : { ...BURST_EIGHT, callDelay };
}

function clockOf(
  { tinker, switches }: Configuration,
  associations: readonly AssociationConfig[],
  { noClock, discipline, anyFirst }: DaemonOptions,
  { frequency, kernelLoop }: DaemonFacts,
): ClockConfig {
  // Who only listens to broadcasts has no line with a server, and follows all the same.
  if (associations.every(({ kind }) => kind === "broadcast")) return { kind: "observe" };
  if (!switches.ntp) return FOLLOW;
  return {
    ...BASE_LOOP,
    of: noClock ? "shadow" : "machine",
    discipline,
    limits: plainLimits({ ...DEFAULT_STEP_LIMITS, stepThreshold: tinker.step, panic: tinker.panic }),
    stepBack: plainLimit(tinker.stepBack),
    stepout: tinker.stepout,
    kernel: switches.kernel && kernelLoop === true,
    anyFirst,
    frequency: tinker.freq === null ? frequency : tinker.freq * 1e-6,
    huffpuff: tinker.huffpuff ?? 0,
  };
}

function fallbacksOf(file: Configuration): Fallbacks {
  const { orphan, orphanwait } = file.discovery;
  return {
    ...NO_FALLBACKS,
    local: localStratumOf(file),
    orphan: orphan === null ? null : { stratum: orphan, wait: orphanwait },
  };
}

/** ntpd's: `maxdepth` counts before `maxmem`, which is in kilobytes. */
function mruOf({ maxdepth, maxmem, mindepth, maxage }: Configuration["mru"]): MruLimits {
  const depth = typeof maxdepth === "number" ? maxdepth : depthOfMemory(maxmem as number);
  return { maxdepth: depth, mindepth: Math.min(mindepth as number, depth), maxage: maxage as number };
}

function serviceOf(file: Configuration, { port }: DaemonOptions, { interfaces }: DaemonFacts): ServiceConfig | null {
  const groups = [...new Set([...file.multicastClient, ...file.manycastServer])];
  const rules = file.interfaces.map(({ action, what }) => ({ action, what }));
  if (isDeaf(rules)) return null;
  return {
    ...BASE_SERVICE,
    port,
    addresses: listening(rules, interfaces),
    rules,
    groups: groups.map((group) => ({ group, interface: null })),
  };
}

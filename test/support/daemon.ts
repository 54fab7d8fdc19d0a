/** A daemon in a simulated world: an engine that goes on and steers its machine's clock. */
import { DEFAULT_DISCIPLINE } from "../../src/discipline/disciplines.ts";
import { DEFAULT_STEP_LIMITS } from "../../src/discipline/limits.ts";
import type { AssociationConfig, EngineConfig, LoopConfig } from "../../src/engine/port/config.ts";
import { BURST_SIX } from "../../src/engine/port/config.ts";
import { createEngine } from "../../src/engine/engine.ts";
import { securityProvider } from "../../src/security/symmetric.ts";
import type { Machine } from "../../src/sim/machine.ts";
import type { Runner } from "../../src/sim/runner.ts";
import type { ScriptedServer } from "../../src/sim/server.ts";
import type { ClientOptions, SimWorld } from "../../src/sim/world.ts";
import type { LeapKnowledge } from "../../src/time/leap.ts";
import { DEFAULT_LIMITS } from "../../src/system/limits.ts";
import { ipv4Word } from "../../src/wire/refid.ts";
import { template } from "./association.ts";

/** What a daemon is told. */
export interface DaemonOptions extends ClientOptions {
  readonly servers: readonly ScriptedServer[];
  /** What every line says besides `iburst minpoll 6 maxpoll 10`. */
  readonly line?: Partial<AssociationConfig>;
  readonly loop?: Partial<LoopConfig>;
  /** Anything else it is told. */
  readonly more?: Partial<EngineConfig>;
  /** What its list of leap seconds says. */
  readonly leaps?: LeapKnowledge;
  /** Its machine's name. Default `client`. */
  readonly name?: string;
  /** A machine that is there, in place of one of its own. */
  readonly on?: Machine;
}

/** Starts a daemon on a machine of its own. */
export function daemon(
  world: SimWorld,
  { servers, line = {}, loop = {}, leaps, more = {}, name = "client", on, ...machine }: DaemonOptions,
): Runner {
  const config: EngineConfig = {
    associations: servers.map((server) =>
      template({ name: server.machine.address(), iburst: true, minpoll: 6, maxpoll: 10, ...line }),
    ),
    limits: DEFAULT_LIMITS,
    timeout: 1,
    burst: BURST_SIX,
    emptyStages: "rfc5905",
    once: null,
    clock: {
      kind: "loop",
      dryRun: false,
      discipline: DEFAULT_DISCIPLINE,
      limits: DEFAULT_STEP_LIMITS,
      stepout: 300,
      anyFirst: false,
      frequency: null,
      ...loop,
    },
    precision: -24,
    sourcePort: null,
    interface: null,
    poolSize: 4,
    ownReferenceIds: [],
    leaps: leaps ?? null,
    ...more,
  };
  const surroundings = {
    security: securityProvider(null),
    referenceIdOf: (ip: string) => ipv4Word(ip) ?? 0,
    era: 1_795_219_200n * 1_000_000_000n,
  };
  return world.client(on ?? name, (chance) => createEngine(config, { ...surroundings, chance }), machine);
}

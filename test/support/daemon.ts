/** A daemon in a simulated world: an engine that goes on and steers its machine's clock. */
import type { AssociationConfig, EngineConfig, LoopConfig } from "../../src/engine/port/config.ts";
import { createEngine } from "../../src/engine/engine.ts";
import { securityProvider } from "../../src/security/symmetric.ts";
import type { Machine } from "../../src/sim/machine.ts";
import type { Runner } from "../../src/sim/runner.ts";
import type { ScriptedServer } from "../../src/sim/server.ts";
import type { ClientOptions, SimWorld } from "../../src/sim/world.ts";
import type { LeapKnowledge } from "../../src/time/leap.ts";
import { withShadow } from "../../src/world/shadow.ts";
import { ipv4Word } from "../../src/wire/refid.ts";
import { template } from "./association.ts";
import { BASE, BASE_LOOP } from "../../src/config/base.ts";

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
    ...BASE,
    associations: servers.map((server) =>
      template({ name: server.machine.address(), iburst: true, minpoll: 6, maxpoll: 10, ...line }),
    ),
    clock: { ...BASE_LOOP, stepBack: loop.limits?.stepThreshold ?? BASE_LOOP.stepBack, ...loop },
    leaps: leaps ?? null,
    ...more,
  };
  const surroundings = {
    security: securityProvider(null),
    referenceIdOf: (ip: string) => ipv4Word(ip) ?? 0,
    era: 1_795_219_200n * 1_000_000_000n,
  };
  return world.client(
    on ?? name,
    (chance) => withShadow(config, (told) => createEngine(told, { ...surroundings, chance })),
    machine,
  );
}

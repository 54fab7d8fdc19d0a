/** Daemons of simulated worlds by ntp.conf: what the engine is told is what `ntpkit run` would tell it. */
import { Log } from "../../src/cli/daemon/log.ts";
import { daemonConfig, type DaemonOptions } from "../../src/config/daemon.ts";
import { loadConfiguration } from "../../src/config/files.ts";
import type { EngineConfig } from "../../src/engine/port/config.ts";
import { createEngine } from "../../src/engine/engine.ts";
import type { Keyring } from "../../src/security/keyring.ts";
import { securityProvider } from "../../src/security/symmetric.ts";
import type { Runner } from "../../src/sim/runner.ts";
import type { ClientOptions, SimWorld } from "../../src/sim/world.ts";
import { withShadow } from "../../src/world/shadow.ts";
import { ipv4Word } from "../../src/wire/refid.ts";

/** What the engine is told by a file. */
export function orders(text: string, ip = "192.0.2.100", options: Partial<DaemonOptions> = {}): EngineConfig {
  const { configuration } = loadConfiguration("/c", true, { exists: () => true, read: () => text });
  const facts = {
    precision: -24,
    ownReferenceIds: [ipv4Word(ip)!],
    interfaces: { eth0: [ip] },
    frequency: null,
    smear: null,
  };
  return daemonConfig(
    configuration,
    { noClock: false, discipline: "adaptive", anyFirst: true, port: 123, ...options },
    facts,
  );
}

/** No keys, and none to come. */
export const NO_KEYS: { current: Keyring } = { current: { keys: [], find: () => null } };

/** A daemon by a file, with keys that can be changed under it. */
export function daemonBy(
  world: SimWorld,
  name: string,
  ip: string,
  text: string,
  keys: { current: Keyring } = NO_KEYS,
  machine: Partial<ClientOptions> = {},
): Runner {
  const security = securityProvider({ keys: [], find: (id) => keys.current.find(id) });
  const surroundings = {
    security,
    referenceIdOf: (address: string) => ipv4Word(address) ?? 0,
    era: 1_795_219_200n * 1_000_000_000n,
  };
  return world.client(
    name,
    (chance) => {
      const config = orders(text, ip);
      return withShadow(config, (told) => createEngine(told, { ...surroundings, chance }));
    },
    {
      addresses: [ip],
      link: { delay: 0.001 },
      ...machine,
    },
  );
}

/** What the daemon's log would have said, a line each; without `-v`. The world has to keep a trace. */
export function saidBy(runner: Runner): readonly string[] {
  const lines: string[] = [];
  const log = new Log(
    { write: (text) => lines.push(text.trimEnd()), isTerminal: false, columns: null },
    { format: "text", verbose: false, quiet: false },
  );
  for (const { note } of runner.notes) log.notes([note]);
  return lines;
}

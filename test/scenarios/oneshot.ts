/** What the scenarios of the one-shots share: some servers, a client that is wrong, and the questions asked of them afterwards. */
import { expect } from "vitest";
import { onceConfig, type OnceCommand, type OnceOptions } from "../../src/config/options.ts";
import { parseServer } from "../../src/config/servers.ts";
import { createEngine } from "../../src/engine/engine.ts";
import type { AssociationReport, Snapshot } from "../../src/engine/port/snapshot.ts";
import type { Note } from "../../src/engine/port/note.ts";
import type { Outcome } from "../../src/engine/port/outcome.ts";
import type { Keyring } from "../../src/security/keyring.ts";
import { securityProvider } from "../../src/security/symmetric.ts";
import type { Machine } from "../../src/sim/machine.ts";
import type { Runner } from "../../src/sim/runner.ts";
import type { ScriptedServer, ServerOptions } from "../../src/sim/server.ts";
import type { ClientOptions, HostOptions, SimWorld } from "../../src/sim/world.ts";
import type { Seconds } from "../../src/time/seconds.ts";
import { withShadow } from "../../src/world/shadow.ts";
import { ipv4Word } from "../../src/wire/refid.ts";

/** A path through a quiet network: 5 ms each way and a little more. */
export const QUIET = { delay: 0.005, jitter: { shape: "exponential", mean: 0.0002 } } as const;

/** How wrong two honest clocks may be about each other over such paths, seconds. */
export const CLOSE: Seconds = 0.002;

/** What a one-shot is asked to do. */
export interface OneShot extends Omit<ClientOptions, "memory"> {
  /** As on the command line: names, addresses, options. */
  readonly servers: readonly (string | ScriptedServer)[];
  /** Default `sync`. */
  readonly command?: OnceCommand;
  readonly options?: OnceOptions;
  readonly keyring?: Keyring;
  readonly memory?: ClientOptions["memory"];
  /** Where it runs; default: a new machine named `client`. */
  readonly on?: Machine;
}

/** Honest servers but for what is said of each, named `ntp1` and so on, at 192.0.2.1 and so on. */
export function serversOf(
  world: SimWorld,
  ...all: readonly (HostOptions & ServerOptions)[]
): readonly ScriptedServer[] {
  return all.map((options, index) => {
    const oscillator = { frequency: 2e-7 * (world.chance(`frequency ${index}`).uniform() - 0.5) };
    return world.server(`ntp${index + 1}`, {
      addresses: [`192.0.2.${index + 1}`],
      link: QUIET,
      oscillator,
      ...options,
    });
  });
}

/** Starts a one-shot. Its clock, unless told otherwise, is wrong by 1 to 10 s and runs up to 50 ppm fast or slow. */
export function start(world: SimWorld, run: OneShot): Runner {
  const { servers, command = "sync", options = {}, keyring, memory, on, ...machine } = run;
  const chance = world.chance("client");
  const defaults = {
    link: QUIET,
    clockError: (chance.happens(0.5) ? 1 : -1) * (1 + 9 * chance.uniform()),
    oscillator: { frequency: 100e-6 * (chance.uniform() - 0.5) },
  };
  const specs = servers.map((server) => parseServer(typeof server === "string" ? server : server.machine.address()));
  const config = onceConfig(command, specs, options, null, { precision: -24, ownReferenceIds: [] });
  const surroundings = {
    security: securityProvider(keyring ?? null),
    referenceIdOf,
    era: 1_795_219_200n * 1_000_000_000n,
  };
  return world.client(
    on ?? "client",
    (engine) => withShadow(config, (told) => createEngine(told, { ...surroundings, chance: engine })),
    {
      ...defaults,
      ...machine,
      ...(memory === undefined ? {} : { memory }),
    },
  );
}

/** Lets it come to its end, and says how. A run that does not end within so many seconds has failed. */
export function finish(world: SimWorld, runner: Runner, within: Seconds = 300): Outcome {
  world.run(within, () => runner.outcome !== null);
  if (runner.outcome === null) throw new Error(`no outcome after ${within} s`);
  return runner.outcome;
}

/** What its report says of a server. */
export function about(runner: Runner, server: ScriptedServer | string): AssociationReport {
  const address = typeof server === "string" ? server : server.machine.address();
  const found = runner.snapshot().associations.find((one) => one.address === address || one.name === address);
  if (found === undefined) throw new Error(`nothing is said about ${address}`);
  return found;
}

/** Verdicts, in the order of the servers. */
export function verdicts(runner: Runner): readonly string[] {
  return runner
    .snapshot()
    .associations.map(({ verdict, reason }) => (reason === null ? verdict : `${verdict}: ${reason}`));
}

/** The notes of one kind. */
export function notesOf<What extends Note["what"]>(
  runner: Runner,
  what: What,
): readonly Extract<Note, { what: What }>[] {
  return runner.notes.flatMap(({ note }) => (note.what === what ? [note as Extract<Note, { what: What }>] : []));
}

/** The measurement is right: its offset is what the clock truly is off by, within what it says of its own uncertainty. */
export function expectTrue(runner: Runner, errorBefore: Seconds, slack: Seconds = 0): Snapshot {
  const { clock } = runner.snapshot();
  if (clock.offset === null || clock.uncertainty === null) throw new Error("nothing was measured");
  expect(Math.abs(clock.offset + errorBefore), "the offset's true error").toBeLessThanOrEqual(
    clock.uncertainty + slack,
  );
  return runner.snapshot();
}

/** The clock was set, and truly shows the right time. */
export function expectSynchronized(runner: Runner, bound: Seconds = CLOSE): void {
  expect(runner.outcome).toBe("ok");
  expect(Math.abs(runner.machine.error), "the clock's true error").toBeLessThan(bound);
}

function referenceIdOf(ip: string): number {
  return ipv4Word(ip) ?? 0xffff_ffff;
}

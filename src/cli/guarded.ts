/** A run with its memory of earlier runs. */
import type { EngineConfig } from "../engine/config.ts";
import type { Outcome } from "../engine/outcome.ts";
import type { Snapshot } from "../engine/snapshot.ts";
import type { DriveOptions } from "../host/drive.ts";
import type { Keyring } from "../security/keyring.ts";
import type { FailureContext } from "../view/failure.ts";
import { measure, type Machine } from "./measure.ts";

/** What a guarded run is made from. */
export interface GuardedRun {
  readonly config: EngineConfig;
  readonly keyring: Keyring | null;
  readonly machine: Machine;
  readonly watch: DriveOptions;
}

/** How it ended. */
export interface GuardedEnd {
  readonly snapshot: Snapshot;
  readonly outcome: Outcome;
}

/** Runs the engine. */
export async function runGuarded({ config, keyring, machine, watch }: GuardedRun): Promise<GuardedEnd> {
  const snapshot = await measure({ ...watch, config, keyring, machine });
  return { snapshot, outcome: snapshot.outcome ?? "internal" };
}

/** What the words of a failure need to know of a run. */
export function failureContext(config: EngineConfig): FailureContext {
  return { limits: config.clock.kind === "once" ? config.clock.limits : null, deadline: config.once?.deadline ?? null };
}

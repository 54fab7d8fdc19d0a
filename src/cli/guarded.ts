/** A run that remembers: kisses of earlier runs are honoured, and new ones kept for later runs. */
import type { EngineConfig } from "../engine/config.ts";
import type { DriveOptions } from "../host/drive.ts";
import type { Keyring } from "../security/keyring.ts";
import { StateFile, type StateWarning } from "../state/file.ts";
import { statePath } from "../state/place.ts";
import type { FailureContext } from "../view/failure.ts";
import { measure, type Machine, type Measured } from "./measure.ts";

/** What a guarded run is made from. */
export interface GuardedRun {
  readonly config: EngineConfig;
  readonly keyring: Keyring | null;
  readonly machine: Machine;
  readonly watch: DriveOptions;
  /** Drop what earlier runs remembered. */
  readonly forget: boolean;
}

/** How it ended. */
export interface GuardedEnd extends Measured {
  /** What went wrong with the memory. */
  readonly stateWarnings: readonly StateWarning[];
}

/** Runs the engine. */
export async function runGuarded({ config, keyring, machine, watch, forget }: GuardedRun): Promise<GuardedEnd> {
  const state = new StateFile(statePath());
  const stateWarnings: StateWarning[] = [];
  const heed = (warning: StateWarning | null): void => {
    if (warning !== null) stateWarnings.push(warning);
  };
  if (forget) heed(state.forget());
  const { memory, warning } = state.recall();
  heed(warning);
  const measured = await measure({ ...watch, config, keyring, machine, memory, onRemember: (learned) => heed(state.remember(learned)) });
  return { ...measured, stateWarnings };
}

/** What the words of a failure need to know of a run. */
export function failureContext(config: EngineConfig): FailureContext {
  return { limits: config.clock.kind === "once" ? config.clock.limits : null, deadline: config.once?.deadline ?? null };
}

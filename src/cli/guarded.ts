/**
 * A run with its guards: it does not fight another daemon over the clock, and it honours what servers told earlier runs.
 */
import type { EngineConfig } from "../engine/port/config.ts";
import type { Memory } from "../engine/port/memory.ts";
import type { DriveOptions } from "../host/drive.ts";
import { otherDaemon, type Daemon } from "../host/daemons.ts";
import type { Trust } from "../host/establish.ts";
import { kernelFrequency } from "../host/kernel.ts";
import { libcFault } from "../host/libc.ts";
import { lackingCapability } from "../host/privilege.ts";
import type { Keyring } from "../security/keyring.ts";
import type { AutokeyAnswering } from "../security/security.ts";
import type { Recalled, StateWarning } from "../state/file.ts";
import { clockFault, type FailingCommand, type FailureContext } from "../view/failure.ts";
import { leavesClock } from "../world/shadow.ts";
import { openState } from "./state.ts";
import type { MakeAutokey } from "./autokey.ts";
import { measure, untouched, type Machine, type Measured } from "./measure.ts";

/** What a guarded run is made from. */
export interface GuardedRun {
  readonly config: EngineConfig;
  readonly keyring: Keyring | null;
  readonly trust: Trust;
  readonly autokey?: MakeAutokey | null;
  readonly autokeyAnswering?: AutokeyAnswering | null;
  readonly machine: Machine;
  readonly watch: DriveOptions;
  /** Drop what earlier runs remembered. */
  readonly forget: boolean;
  /** The file whose servers the run starts from and leaves its own in. Absent: of the usual one only kisses count. */
  readonly state?: string | undefined;
  /** Takes what is recalled, before anything is asked. */
  readonly onRecalled?: (path: string, recalled: Recalled) => void;
  /** Correct the clock even if another daemon does. */
  readonly force: boolean;
}

/** How it ended. */
export interface GuardedEnd extends Measured {
  /** The daemon that disciplines the clock, where that ended the run. */
  readonly daemon: Daemon | null;
  /** What went wrong with the memory. */
  readonly stateWarnings: readonly StateWarning[];
}

/** Runs the engine, unless another daemon has the clock: then nothing is even asked. */
export async function runGuarded({
  config,
  keyring,
  trust,
  autokey = null,
  autokeyAnswering = null,
  machine,
  watch,
  forget,
  force,
  state: path,
  onRecalled,
}: GuardedRun): Promise<GuardedEnd> {
  const daemon = !leavesClock(config) && !force ? otherDaemon() : null;
  if (daemon !== null) return { ...refused(config, machine), daemon, stateWarnings: [] };
  const remembers = path !== undefined;
  const state = openState(path);
  const stateWarnings: StateWarning[] = [];
  const heed = (warning: StateWarning | null): void => {
    // What cannot be read at the beginning cannot be written at the end, and is said once.
    if (warning !== null && !stateWarnings.some(({ code }) => code === warning.code)) stateWarnings.push(warning);
  };
  if (forget) heed(state.forget());
  const recalled = state.recall();
  heed(recalled.warning);
  if (remembers) onRecalled?.(state.path, recalled);
  const { kisses } = recalled.memory;
  const remembering = remembers
    ? {
        memory: recalled.memory,
        frequency: kernelFrequency(),
        onLearned: (learned: Memory) => heed(state.remember(learned)),
      }
    : { memory: { kisses } };
  const measured = await measure({
    ...watch,
    config,
    keyring,
    trust,
    autokey,
    autokeyAnswering,
    machine,
    keys: { state, heed },
    ...remembering,
    onRemember: (learned) => heed(state.remember(learned)),
  });
  return { ...measured, daemon: null, stateWarnings };
}

/** A run that did not begin. */
function refused(config: EngineConfig, machine: Machine): Measured {
  const { clock, ...rest } = untouched(config, machine);
  return {
    snapshot: { ...rest, clock: { ...clock, action: "refused", reason: "other-daemon" } },
    outcome: "other-daemon",
  };
}

/** What the words of a failure need to know of a run. */
export function failureContext(
  command: FailingCommand,
  config: EngineConfig,
  { outcome, snapshot, daemon }: Pick<GuardedEnd, "outcome" | "snapshot" | "daemon">,
): FailureContext {
  return {
    command,
    limits: config.clock.kind === "observe" ? null : config.clock.limits,
    deadline: config.once?.deadline ?? null,
    ...(daemon === null
      ? {}
      : { otherDaemon: daemon.pid === null ? daemon.name : `${daemon.name} (process ${daemon.pid})` }),
    ...(outcome === "permission"
      ? {
          lacking: lackingCapability(clockFault(snapshot.clock) === null ? "port" : "clock"),
          withoutLibc: libcFault(),
        }
      : {}),
  };
}

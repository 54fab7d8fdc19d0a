/** `sync` and `query` for programs: the same run as the commands', with a document instead of words. */
import { checkOnceOptions } from "../config/bounds.ts";
import type { OnceCommand } from "../config/options.ts";
import { didYouMean } from "../config/suggest.ts";
import { UsageError } from "../config/usage.ts";
import type { Note } from "../engine/port/note.ts";
import { statePath } from "../state/place.ts";
import { runDocument, type RunDocument } from "../view/document.ts";
import { describeFailure } from "../view/failure.ts";
import { failureContext, runGuarded } from "./guarded.ts";
import { thisMachine, unixNow } from "./measure.ts";
import { prepare, type PrepareOptions } from "./prepare.ts";

/** What `query` takes: the command's options, durations in seconds. */
export interface RunSettings extends Omit<
  PrepareOptions,
  "dryRun" | "method" | "stepThreshold" | "panic" | "maxStep" | "remember" | "frequency" | "spread"
> {
  /** Ask servers again that sent us away in earlier runs. */
  readonly forget?: boolean;
  /** Ends the run early; its document then says `interrupted`. */
  readonly signal?: AbortSignal;
  /** Takes what the engine notes while it works. */
  readonly onNotes?: (notes: readonly Note[]) => void;
}

/** What `sync` takes. */
export interface SyncSettings
  extends RunSettings, Pick<PrepareOptions, "dryRun" | "method" | "stepThreshold" | "panic" | "maxStep"> {
  /** Correct the clock even if another time daemon does. */
  readonly force?: boolean;
  /** Start from what earlier runs have learned, and keep it: in this file, or where the command keeps it (`true`). */
  readonly state?: string | boolean;
  /** Correct the clock's rate, too, once runs have learned it; implies `state`. */
  readonly frequency?: boolean;
}

/** Every setting, and whose it is: what is written otherwise would do nothing, in silence. */
const SETTINGS: Readonly<Record<keyof SyncSettings, "both" | "sync">> = {
  accuracy: "both",
  callDelay: "both",
  ceiling: "both",
  config: "both",
  deadline: "both",
  dryRun: "sync",
  family: "both",
  floor: "both",
  force: "sync",
  forget: "both",
  frequency: "sync",
  interface: "both",
  interval: "both",
  key: "both",
  keys: "both",
  keysFormat: "both",
  maxStep: "sync",
  maxclock: "both",
  maxdist: "both",
  method: "sync",
  minclock: "both",
  minsane: "both",
  onNotes: "both",
  panic: "sync",
  port: "both",
  samples: "both",
  signal: "both",
  sourcePort: "both",
  state: "sync",
  stepThreshold: "sync",
  timeout: "both",
  waitNetwork: "both",
};

/** @throws UsageError for a setting that the function does not have */
function checkSettings(command: OnceCommand, settings: SyncSettings): void {
  const names = Object.entries(SETTINGS).flatMap(([name, whose]) =>
    whose === "both" || whose === command ? name : [],
  );
  const strange = Object.keys(settings).find((name) => !names.includes(name));
  if (strange !== undefined)
    throw new UsageError(
      `${command}: there is no setting "${strange}"`,
      didYouMean(strange, names) ?? `there is ${names.join(", ")}`,
    );
}

/** Makes a run. */
export async function runLibrary(
  command: OnceCommand,
  servers: string | readonly string[],
  settings: SyncSettings,
): Promise<RunDocument> {
  checkSettings(command, settings);
  checkOnceOptions(settings);
  const machine = thisMachine();
  const named = typeof servers === "string" ? [servers] : servers;
  const { signal, onNotes, forget = false, force = false, state: place, ...options } = settings;
  const state =
    typeof place === "string" ? place : place === true || options.frequency === true ? statePath() : undefined;
  const { config, keyring } = await prepare(
    command,
    named,
    { ...options, remember: state !== undefined },
    process.env,
    machine.facts,
  );
  const watch = { ...(signal === undefined ? {} : { signal }), ...(onNotes === undefined ? {} : { onNotes }) };
  const ended = await runGuarded({ config, keyring, machine, watch, forget, force, state });
  const failure = describeFailure(ended.outcome, ended.snapshot, failureContext(command, config, ended));
  // No signal of the process came; the caller's did.
  const reported = failure?.code === "interrupted" ? { ...failure, message: "ended by its AbortSignal" } : failure;
  return runDocument(command, ended.snapshot, reported, unixNow());
}

/** `sync` and `query` for programs: the same run as the commands', with a document instead of words. */
import type { OnceCommand } from "../config/options.ts";
import type { Note } from "../engine/port/note.ts";
import { statePath } from "../state/place.ts";
import { runDocument, type RunDocument } from "../view/document.ts";
import { describeFailure } from "../view/failure.ts";
import { failureContext, runGuarded } from "../cli/guarded.ts";
import { thisMachine, unixNow } from "../cli/measure.ts";
import { prepare, type PrepareOptions } from "../cli/prepare.ts";
import { namesOf, optionsOf } from "./settings.ts";
import type { Signal } from "./settings-types.ts";

/** What `query` takes: the command's options, durations in seconds. */
export interface RunSettings extends Omit<
  PrepareOptions,
  "dryRun" | "method" | "stepThreshold" | "panic" | "maxStep" | "remember" | "frequency" | "spread"
> {
  /** Ask servers again that sent us away in earlier runs. */
  readonly forget?: boolean;
  /** Ends the run early; its document then says `interrupted`. */
  readonly signal?: Signal;
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

/** What the two take that is no option of the command, or another. */
const OWN = ["signal", "onNotes", "family"];
const OF_SYNC = [...OWN, "method", "maxStep", "state"];

/** Makes a run. */
export async function runLibrary(
  command: OnceCommand,
  servers: string | readonly string[],
  settings: SyncSettings,
): Promise<RunDocument> {
  optionsOf({ title: command, command, own: command === "sync" ? OF_SYNC : OWN, without: ["explain"] }, settings);
  const named = namesOf("servers", servers);
  const machine = thisMachine();
  const { signal, onNotes, forget = false, force = false, state: place, ...options } = settings;
  const state =
    typeof place === "string" ? place : place === true || options.frequency === true ? statePath() : undefined;
  const { config, keyring, trust, autokey } = await prepare(
    command,
    named,
    { ...options, remember: state !== undefined },
    process.env,
    machine.facts,
  );
  const watch = { ...(signal === undefined ? {} : { signal }), ...(onNotes === undefined ? {} : { onNotes }) };
  const ended = await runGuarded({ config, keyring, trust, autokey, machine, watch, forget, force, state });
  const failure = describeFailure(ended.outcome, ended.snapshot, failureContext(command, config, ended));
  // No signal of the process came; the caller's did.
  const reported = failure?.code === "interrupted" ? { ...failure, message: "ended by its AbortSignal" } : failure;
  return runDocument(command, ended.snapshot, reported, unixNow());
}

/** `sync` and `query` for programs: the same run as the commands', with a document instead of words. */
import { checkOnceOptions } from "../config/bounds.ts";
import type { OnceCommand } from "../config/options.ts";
import type { Note } from "../engine/note.ts";
import { runDocument, type RunDocument } from "../view/document.ts";
import { describeFailure } from "../view/failure.ts";
import { failureContext, runGuarded } from "./guarded.ts";
import { thisMachine, unixNow } from "./measure.ts";
import { prepare, type PrepareOptions } from "./prepare.ts";

/** What `query` takes: the command's options, durations in seconds. */
export interface RunSettings extends Omit<PrepareOptions, "dryRun" | "method" | "stepThreshold" | "panic" | "maxStep"> {
  /** Ask servers again that sent us away in earlier runs. */
  readonly forget?: boolean;
  /** Ends the run early; its document then says `interrupted`. */
  readonly signal?: AbortSignal;
  /** Takes what the engine notes while it works. */
  readonly onNotes?: (notes: readonly Note[]) => void;
}

/** What `sync` takes. */
export interface SyncSettings extends RunSettings, Pick<PrepareOptions, "dryRun" | "method" | "stepThreshold" | "panic" | "maxStep"> {
  /** Correct the clock even if another time daemon does. */
  readonly force?: boolean;
}

/** Makes a run. */
export async function runLibrary(command: OnceCommand, servers: string | readonly string[], settings: SyncSettings): Promise<RunDocument> {
  checkOnceOptions(settings);
  const machine = thisMachine();
  const named = typeof servers === "string" ? [servers] : servers;
  const { config, keyring } = await prepare(command, named, settings, process.env, machine.facts);
  const { signal, onNotes, forget = false, force = false } = settings;
  const watch = { ...(signal === undefined ? {} : { signal }), ...(onNotes === undefined ? {} : { onNotes }) };
  const ended = await runGuarded({ config, keyring, machine, watch, forget, force });
  return runDocument(command, ended.snapshot, describeFailure(ended.outcome, ended.snapshot, failureContext(config, ended)), unixNow());
}

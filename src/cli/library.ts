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
  autokey: "both",
  autokeyGroup: "both",
  autokeyPassword: "both",
  ca: "both",
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
  nts: "both",
  ntsBootstrap: "both",
  onNotes: "both",
  panic: "sync",
  pin: "both",
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

/** What the other settings may be; whole numbers and durations have their bounds. */
const KINDS: Readonly<Partial<Record<keyof SyncSettings, readonly [is: (value: unknown) => boolean, words: string]>>> =
  {
    config: [isText, "the path of a file"],
    dryRun: [isFlag, "true or false"],
    family: [(value) => value === 4 || value === 6, "4 or 6"],
    force: [isFlag, "true or false"],
    forget: [isFlag, "true or false"],
    frequency: [isFlag, "true or false"],
    interface: [isText, "the name of an interface"],
    keys: [isText, "the path of a file"],
    keysFormat: [(value) => value === "auto" || value === "ntp" || value === "chrony", "auto, ntp or chrony"],
    maxStep: [(value) => typeof value === "object" && value !== null, "{ forward, backward }"],
    method: [(value) => value === "step" || value === "slew", "step or slew"],
    onNotes: [(value) => typeof value === "function", "a function"],
    signal: [isSignal, "an AbortSignal"],
    state: [(value) => isText(value) || isFlag(value), "the path of a file, true or false"],
  };

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

/** Signals come from other realms, too, as test runners have them. */
function isSignal(value: unknown): boolean {
  const { aborted, addEventListener } = (value ?? {}) as Partial<AbortSignal>;
  return typeof aborted === "boolean" && typeof addEventListener === "function";
}

function isFlag(value: unknown): boolean {
  return typeof value === "boolean";
}

/** @throws UsageError for a setting that is not what it may be, and for servers that are not named by text */
function checkKinds(servers: unknown, settings: SyncSettings): void {
  if (!(Array.isArray(servers) ? servers : [servers]).every((server) => typeof server === "string"))
    throw new UsageError("servers: they are named by text, or by a list of texts", 'as in ["ntp.example.net"]');
  for (const [name, [is, words]] of Object.entries(KINDS)) {
    const value = settings[name as keyof SyncSettings];
    if (value !== undefined && !is(value))
      throw new UsageError(`${name}: ${shown(value)} is not ${words}`, "leave it out for the default");
  }
}

function shown(value: unknown): string {
  return typeof value === "string"
    ? JSON.stringify(value)
    : typeof value === "object" && value !== null
      ? "an object"
      : String(value);
}

/** Makes a run. */
export async function runLibrary(
  command: OnceCommand,
  servers: string | readonly string[],
  settings: SyncSettings,
): Promise<RunDocument> {
  if (typeof settings !== "object" || settings === null || Array.isArray(settings))
    throw new UsageError(`${command}: the settings are not an object`, "leave them out for the defaults");
  checkSettings(command, settings);
  checkKinds(servers, settings);
  checkOnceOptions(settings);
  const machine = thisMachine();
  const named = typeof servers === "string" ? [servers] : servers;
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

/** `ntpkit sync` and `ntpkit query`: one run of the engine, and what it found in words or as a document. */
import type { OnceCommand } from "../config/options.ts";
import type { Snapshot } from "../engine/port/snapshot.ts";
import type { RememberedAssociation } from "../engine/port/memory.ts";
import type { Recalled } from "../state/file.ts";
import { statePath } from "../state/place.ts";
import { recalledText } from "../view/recalled.ts";
import { runGuarded } from "./guarded.ts";
import { type Io, sayLine } from "./io.ts";
import { thisMachine } from "./measure.ts";
import type { OptionsOf } from "./options/offers.ts";
import { prepare, type PrepareOptions } from "./prepare.ts";
import { tellPrepared, tellRun } from "./tell.ts";
import { askingFace } from "./asking-face.ts";
import { session } from "./session.ts";

/** What the options of `sync` and `query` parse to. */
export type RunOptions = OptionsOf<"sync" | "query">;

/**
 * Runs `sync` or `query`.
 * @param servers SERVER arguments
 * @returns the exit code
 * @throws UsageError
 */
export async function runOnce(
  command: OnceCommand,
  servers: readonly string[],
  options: RunOptions,
  io: Io,
): Promise<number> {
  if (options.svg !== undefined) (await import("./page-file.ts")).refusePicture(options.svg, options.json);
  const machine = thisMachine();
  const state = stateWanted(options);
  const prepared = await prepare(
    command,
    servers,
    { ...prepareOptions(unwatched(options, io)), remember: state !== undefined },
    io.env,
    machine.facts,
  );
  tellPrepared(`ntpkit ${command}`, prepared, options, io);
  const { config, keyring, trust, autokey } = prepared;
  if (options.ntsBootstrap === true) sayLine(io.err, `ntpkit ${command}: warning: ${BOOTSTRAP}`);
  let before: readonly RememberedAssociation[] = [];
  const ended = await session(askingFace(command, config, options), options, io, (watch) =>
    runGuarded({
      config,
      keyring,
      trust,
      autokey,
      machine,
      watch,
      forget: options.forget ?? false,
      force: options.force ?? false,
      state,
      onRecalled(path, recalled) {
        before = recalled.memory.remembered?.associations ?? [];
        tellRecalled(command, path, recalled, options, io);
      },
    }),
  );
  if (before.length > 0) await tellChanges(command, before, ended.snapshot, io);
  return tellRun({ ...ended, command, config }, options, io);
}

/** It is off unless asked for, and said loudly. */
const BOOTSTRAP =
  "--nts-bootstrap: certificates are judged by the time that the servers tell, not by the clock: whoever has the keys of enough expired ones can set it";

/** Somebody who waits at a terminal is no crowd. */
function unwatched({ spread, ...options }: RunOptions, io: Io): RunOptions {
  return spread === undefined || io.out.isTerminal || io.err.isTerminal ? options : { ...options, spread };
}

/** What has changed since the last run, with -q too: cron mails it. */
async function tellChanges(
  command: OnceCommand,
  before: readonly RememberedAssociation[],
  snapshot: Snapshot,
  io: Io,
): Promise<void> {
  const { changesSince } = await import("../view/changes.ts");
  for (const change of changesSince(before, snapshot)) sayLine(io.err, `ntpkit ${command}: changed: ${change}`);
}

/** With -v a run says what it starts from. */
function tellRecalled(
  command: OnceCommand,
  path: string,
  recalled: Recalled,
  { verbose, debug }: RunOptions,
  io: Io,
): void {
  if (verbose === true || debug === true) sayLine(io.err, `ntpkit ${command}: ${recalledText(path, recalled)}`);
}

/** The names of the command line → those of the library. */
export function prepareOptions({
  ipv4,
  ipv6,
  step,
  slew,
  state: _state,
  ...options
}: Omit<RunOptions, "compat">): PrepareOptions {
  const family = ipv4 === true ? 4 : ipv6 === true ? 6 : null;
  const method = step === true ? "step" : slew === true ? "slew" : null;
  return { ...options, ...(family === null ? {} : { family }), ...(method === null ? {} : { method }) };
}

/** Where servers are remembered; `undefined`: they are not. */
function stateWanted({ state, frequency }: RunOptions): string | undefined {
  if (state === undefined && frequency !== true) return undefined;
  return typeof state === "string" ? state : statePath();
}

/** `ntpkit sync` and `ntpkit query`: one run of the engine, and what it found in words or as a document. */
import type { OnceCommand } from "../config/options.ts";
import { runGuarded } from "./guarded.ts";
import type { Io } from "./io.ts";
import { thisMachine } from "./measure.ts";
import type { RunOptions } from "./options.ts";
import { prepare, type PrepareOptions } from "./prepare.ts";
import { tellPrepared, tellRun } from "./tell.ts";
import { watched } from "./watch.ts";

/**
 * Runs `sync` or `query`.
 * @param servers SERVER arguments
 * @returns the exit code
 * @throws UsageError
 */
export async function runOnce(command: OnceCommand, servers: readonly string[], options: RunOptions, io: Io): Promise<number> {
  const machine = thisMachine();
  const prepared = await prepare(command, servers, prepareOptions(options), io.env, machine.facts);
  tellPrepared(`ntpkit ${command}`, prepared, options, io);
  const { config, keyring } = prepared;
  const ended = await watched(config, options, io, (watch) => runGuarded({ config, keyring, machine, watch, forget: options.forget ?? false, force: options.force ?? false }));
  return tellRun({ ...ended, command, config }, options, io);
}

/** The names of the command line → those of the library. */
export function prepareOptions({ ipv4, ipv6, step, slew, ...options }: RunOptions): PrepareOptions {
  const family = ipv4 === true ? 4 : ipv6 === true ? 6 : null;
  const method = step === true ? "step" : slew === true ? "slew" : null;
  return { ...options, ...(family === null ? {} : { family }), ...(method === null ? {} : { method }) };
}

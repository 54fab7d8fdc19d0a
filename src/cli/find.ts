/** `ntpkit pool`, `manycast` and `broadcast`: a run of the engine that finds servers, watched while it does. */
import type { DiscoveryCommand } from "../config/discovery.ts";
import { exitCode } from "./exit.ts";
import { FindingFace } from "./find-face.ts";
import { type GuardedEnd, runGuarded } from "./guarded.ts";
import type { Io } from "./io.ts";
import { thisMachine } from "./measure.ts";
import type { OptionsOf } from "./options/offers.ts";
import { prepareFinding } from "./prepare-finding.ts";
import { session } from "./session.ts";
import { tellPrepared } from "./tell.ts";

/** What the options of `pool`, `manycast` and `broadcast` parse to. */
export type FindingOptions = Omit<OptionsOf<DiscoveryCommand>, "auth"> & Partial<Pick<OptionsOf<"manycast">, "auth">>;

/**
 * Runs one of the commands.
 * @param operands NAME…, GROUP… or [ADDRESS…]
 * @returns the exit code
 * @throws UsageError
 */
export async function runFinding(
  command: DiscoveryCommand,
  operands: readonly string[],
  options: FindingOptions,
  io: Io,
): Promise<number> {
  const machine = thisMachine();
  const prepared = await prepareFinding(command, operands, options, machine.facts);
  tellPrepared(`ntpkit ${command}`, prepared, options, io);
  const face = await FindingFace.of(command, prepared, options, io);
  const { config, keyring, trust, autokey, autokeyAnswering } = prepared;
  const forget = options.forget ?? false;
  const ended = await session(face, options, io, (watch) =>
    runGuarded({ config, keyring, trust, autokey, autokeyAnswering, machine, watch, forget, force: false }),
  );
  const told = { ...ended, outcome: outcomeOf(ended) };
  face.tell(told);
  return exitCode(told.outcome);
}

/** Who goes on until a deadline, and then has servers, has what was asked for. */
function outcomeOf({ outcome, snapshot }: Pick<GuardedEnd, "outcome" | "snapshot">): GuardedEnd["outcome"] {
  const isFound = snapshot.associations.some(({ verdict }) => verdict === "survivor" || verdict === "systemPeer");
  return outcome === "deadline" && isFound ? "ok" : outcome;
}

/** `ntpkit peers` where no daemon runs: the configured servers, polled now by the engine. */
import type { DaemonReport } from "../control/daemon.ts";
import { liveReport } from "../control/daemonlive.ts";
import type { FailureDocument } from "../view/document.ts";
import { describeFailure } from "../view/failure.ts";
import { failureContext } from "./guarded.ts";
import { measure, thisMachine, unixNow } from "./measure.ts";
import type { Io } from "./io.ts";
import { NoServersError, prepare } from "./prepare.ts";
import type { OptionsOf } from "./options/offers.ts";
import { askingFace } from "./asking-face.ts";
import { session } from "./session.ts";

/** With nobody to poll instead, the daemon's silence is what there is to tell. */
function unlessNobodyIsNamed(error: unknown): null {
  if (error instanceof NoServersError) return null;
  throw error;
}

/**
 * Polls the configured servers once; where none are configured, `why` stays the answer.
 * @param why no daemon told anything
 * @throws UsageError where the file is wrong
 */
export async function pollLive(
  why: FailureDocument,
  options: OptionsOf<"peers">,
  io: Io,
): Promise<{ readonly report: DaemonReport | null; readonly failure: FailureDocument | null }> {
  const machine = thisMachine();
  const { ipv4, ipv6, timeout, deadline, config: file, keys, keysFormat } = options;
  const family = ipv4 === true ? { family: 4 as const } : ipv6 === true ? { family: 6 as const } : {};
  const given = Object.fromEntries(
    Object.entries({ timeout, deadline, config: file, keys, keysFormat }).filter(([, value]) => value !== undefined),
  );
  const prepared = await prepare("query", [], { ...family, ...given }, io.env, machine.facts).catch(
    unlessNobodyIsNamed,
  );
  if (prepared === null) return { report: null, failure: why };
  if (options.quiet !== true) {
    const obstacle =
      why.code === "unavailable" ? "the daemon here answers no control protocol" : "no time daemon answers here";
    io.err.write(
      `ntpkit peers: ${obstacle}: these are the servers of ${prepared.file ?? "the configuration"}, polled now\n`,
    );
  }
  const { config, keyring, trust } = prepared;
  const { snapshot, outcome } = await session(askingFace("peers", config, options), options, io, (watch) =>
    measure({ ...watch, config, keyring, trust, machine }),
  );
  const failure = describeFailure(
    outcome,
    snapshot,
    failureContext("peers", config, { outcome, snapshot, daemon: null }),
  );
  const report = snapshot.associations.length === 0 ? null : liveReport("localhost", snapshot, unixNow());
  return { report, failure };
}

/** `ntpkit watch`: servers as they are now, drawn again every second on a terminal, a line each now and then elsewhere. */
import { isNearby } from "../config/etiquette.ts";
import { literalFamily } from "../config/literal.ts";
import { outcomeNow } from "../engine/decide.ts";
import type { EngineConfig } from "../engine/port/config.ts";
import { describeFailure } from "../view/failure.ts";
import { exitCode, failureLine } from "./exit.ts";
import { failureContext } from "./guarded.ts";
import type { Io } from "./io.ts";
import { measure, thisMachine } from "./measure.ts";
import { prepareOptions } from "./once.ts";
import type { OptionsOf } from "./options/offers.ts";
import { prepare } from "./prepare.ts";
import { session } from "./session.ts";
import { tellPrepared } from "./tell.ts";
import { watchFace } from "./watch-face.ts";

/** How often servers are polled, log₂ s: those of this host and network more often. */
const POLL = { near: { least: 3, most: 4 }, far: { least: 4, most: 6 } } as const;

/**
 * Watches until a signal, or so many lines.
 * @returns the exit code: 130 or 143; with `--count` 0 if there was a time to be told, else why there was none
 * @throws UsageError
 */
export async function runWatch(servers: readonly string[], options: OptionsOf<"watch">, io: Io): Promise<number> {
  const machine = thisMachine();
  const prepared = await prepare("query", servers, prepareOptions(options), io.env, machine.facts, "watch");
  tellPrepared("ntpkit watch", prepared, options, io);
  const config = watching(prepared.config);
  const face = await watchFace(options, config, io);
  const { snapshot, outcome } = await session(face, options, io, (watch) =>
    measure({ ...watch, config, keyring: prepared.keyring, trust: prepared.trust, machine }),
  );
  if (outcome === "interrupted" || outcome === "terminated") return exitCode(outcome);
  const reached = outcome === "ok" ? outcomeNow(snapshot) : outcome;
  const context = failureContext("watch", config, { outcome: reached, snapshot, daemon: null });
  const failure = describeFailure(reached, snapshot, context);
  if (failure !== null) io.err.write(failureLine("ntpkit watch", failure));
  return exitCode(reached);
}

/** A run that goes on, and polls as often as is decent. */
export function watching(config: EngineConfig): EngineConfig {
  const associations = config.associations.map((line) => {
    const { least, most } = literalFamily(line.name) !== 0 && isNearby(line.name) ? POLL.near : POLL.far;
    return { ...line, minpoll: least, maxpoll: most };
  });
  return { ...config, associations, once: null };
}

/** The time by servers that are asked now, by the engine, as `query` asks them. */
import { measuredBound, type Bound } from "../../control/bound.ts";
import { steady } from "../../host/clock.ts";
import { describeFailure } from "../../view/failure.ts";
import { askingFace } from "../asking-face.ts";
import { failureContext, runGuarded } from "../guarded.ts";
import type { Io } from "../io.ts";
import type { Machine } from "../measure.ts";
import { prepareOptions } from "../once.ts";
import { prepare, type Prepared } from "../prepare.ts";
import { session } from "../session.ts";
import { tellPrepared } from "../tell.ts";
import type { Until } from "../until.ts";
import { isGood, NOBODY, unknown, type Look, type NowOptions } from "./look.ts";

/** Of each server, where a bound is waited for: the least of their delays decides it. */
const MOST_SAMPLES = 8;

/**
 * Asks servers by the engine, as `query` does; where a bound is waited for only until it is reached.
 * @returns looks once
 * @throws UsageError
 */
export async function serversLook(
  servers: readonly string[],
  { wait, daemon: _daemon, ...given }: NowOptions,
  io: Io,
  machine: Machine,
  { until, end }: { readonly until: Until; readonly end: number },
): Promise<() => Promise<Look>> {
  const samples = given.samples ?? (wait === undefined ? undefined : MOST_SAMPLES);
  const options = { ...given, ...(samples === undefined ? {} : { samples }) };
  const prepared = await prepare("query", servers, prepareOptions(options), io.env, machine.facts, "now");
  tellPrepared("ntpkit now", prepared, options, io);
  const { once } = prepared.config;
  return async () => {
    const deadline = Math.min(once?.deadline ?? Infinity, Math.max(0, end - steady()));
    const config = {
      ...prepared.config,
      once: once && { ...once, deadline: deadline === Infinity ? null : deadline },
    };
    return await measuredLook(
      { ...prepared, config },
      { ...options, ...(wait === undefined ? {} : { wait }) },
      io,
      machine,
      until,
    );
  };
}

async function measuredLook(
  { config, keyring, trust }: Prepared,
  options: NowOptions,
  io: Io,
  machine: Machine,
  until: Until,
): Promise<Look> {
  const face = askingFace("now", config, options);
  const ended = await session(
    {
      ...face,
      noted(notes, run) {
        face.noted?.(notes, run);
        const bound = options.wait === undefined ? null : boundOf(run.snapshot());
        if (bound !== null && isGood({ bound, teller: NOBODY, failure: null }, options.wait!)) run.end("ok");
      },
    },
    options,
    io,
    (watch) => runGuarded({ config, keyring, trust, machine, watch, forget: options.forget ?? false, force: false }),
  );
  const bound = measuredBound(ended.snapshot);
  if (bound !== null && (ended.outcome === "ok" || ended.outcome === "deadline"))
    return { bound, teller: NOBODY, failure: null };
  if (ended.outcome === "interrupted" || ended.outcome === "terminated") until.end(ended.outcome);
  const outcome = ended.outcome === "ok" ? "no-agreement" : ended.outcome;
  return unknown(describeFailure(outcome, ended.snapshot, failureContext("now", config, ended))!);
}

function boundOf(snapshot: Parameters<typeof measuredBound>[0] | null): Bound | null {
  return snapshot === null ? null : measuredBound(snapshot);
}

/** `ntpkit simulate`: the daemon's engine on the hosts of a simulated network, whose true time is known. */
import { dirname, isAbsolute, join } from "node:path";
import { loadConfiguration } from "../config/files.ts";
import { UsageError } from "../config/usage.ts";
import { systemReason } from "../security/place.ts";
import { LARGEST, readText } from "../security/readfile.ts";
import type { WorldPlan } from "../simulate/plan.ts";
import { quantilesOf } from "../simulate/quantiles.ts";
import { readWorld } from "../simulate/read.ts";
import type { Simulated } from "../simulate/simulation.ts";
import { networkNamed, trialOf } from "../simulate/trial.ts";
import type { Witness } from "../sim/trace.ts";
import type { Seconds } from "../time/seconds.ts";
import { documentText } from "../view/document.ts";
import { simulateDocument } from "../view/simulate-document.ts";
import { counted } from "../view/text.ts";
import { coursesText, quantilesText, simulatedText } from "../view/simulate-text.ts";
import { exitCode } from "./exit.ts";
import { isStream, openInput, readStream, STANDARD_INPUT } from "./input.ts";
import { DEFAULT_WIDTH, type Io, sayLine, STANDARD_OUTPUT } from "./io.ts";
import type { OptionsOf } from "./options/offers.ts";
import { simulateAll } from "./simulate/fleet.ts";
import { openTrace, Replay, TRACES, type Telling, type TraceHead } from "./simulate/trace-file.ts";
import { remarkLine } from "./tell.ts";
import { version } from "./version.ts";

type SimulateOptions = OptionsOf<"simulate">;

/**
 * Simulates.
 * @param file a world; `null`: that of `--config`
 * @returns the exit code
 * @throws UsageError
 */
export async function runSimulate(file: string | null, options: SimulateOptions, io: Io): Promise<number> {
  const replay = options.replay === undefined ? null : new Replay(options.replay);
  try {
    return await simulateAs(replay === null ? { file, ...options } : replayed(replay.head, file, options), replay, io);
  } finally {
    replay?.close();
  }
}

/** What is asked for, by the command line or by a trace. */
type Asked = SimulateOptions & { readonly file: string | null };

/** What a trace is of; the world may have another name by now. */
function replayed(head: TraceHead, file: string | null, options: SimulateOptions): Asked {
  const isNamed = file !== null || options.config !== undefined;
  const config = options.config ?? (isNamed ? undefined : (head.config ?? undefined));
  const network = options.network ?? networkNamed(head.network);
  return {
    ...options,
    file: isNamed ? file : head.world,
    ...(config === undefined ? {} : { config, ...(network === undefined ? {} : { network }) }),
    seed: head.seed,
    for: head.duration,
  };
}

async function simulateAs(asked: Asked, replay: Replay | null, io: Io): Promise<number> {
  const { file, html, trace, json } = asked;
  await refusePlaces(asked);
  const planned = await planOf(file, asked, io);
  const plan = asked.for === undefined ? planned : { ...planned, ...shortened(planned, asked.for) };
  const seeds = seedsOf(asked.seed ?? plan.seed, asked.runs ?? 1);
  const telling = trace === undefined ? replay : openTrace(trace, headOf(asked, seeds[0]!, plan.duration), io);
  const runs = await told(telling, (witness) => simulateAll(plan, seeds, witness));
  const quantiles = runs.length === 1 ? null : quantilesOf(runs);
  if (html !== undefined) {
    const [{ simulatedPage }, { writePage }] = await Promise.all([
      import("../report/simulated.ts"),
      import("./page-file.ts"),
    ]);
    writePage(html, simulatedPage(plan.title, plan.beginning, runs[0]!), io.out);
  }
  if (json === true) {
    const pivot = BigInt(Date.parse(plan.beginning)) * 1_000_000n;
    io.out.write(documentText(simulateDocument(runs, quantiles, pivot), io.out.isTerminal));
  } else if (asked.quiet !== true && html !== STANDARD_OUTPUT && trace !== STANDARD_OUTPUT) {
    io.out.write(
      quantiles === null
        ? simulatedText(plan.title, runs[0]!) + drawnText(runs[0]!, io)
        : quantilesText(plan.title, runs.length, quantiles),
    );
    if (replay !== null) {
      io.out.write("\n");
      sayLine(io.out, `the same as in ${asked.replay!}: ${counted(replay.length, "line")}`);
    }
  }
  return exitCode("ok");
}

/** Runs before a witness; a trace of a run that fails is none. */
async function told<T>(telling: Telling | Replay | null, run: (witness: Witness | null) => Promise<T>): Promise<T> {
  try {
    const done = await run(telling?.witness ?? null);
    telling?.end();
    return done;
  } catch (error) {
    if (telling !== null && "abandon" in telling) telling.abandon();
    throw error;
  }
}

function headOf({ file, config, network }: Asked, seed: string, duration: Seconds): TraceHead {
  return {
    ntpkit: version(),
    world: file === null || isStream(file) ? null : file,
    config: config ?? null,
    network: network ?? null,
    seed,
    duration,
  };
}

/** Where somebody looks at it. */
function drawnText(run: Simulated, { out }: Io): string {
  return out.isTerminal ? `\n${coursesText(run, out.columns ?? DEFAULT_WIDTH)}` : "";
}

async function planOf(file: string | null, options: SimulateOptions, io: Io): Promise<WorldPlan> {
  const { config, network } = options;
  if ((file === null) === (config === undefined))
    throw new UsageError(
      "what is to be simulated is a world's file, or a configuration",
      "as in: ntpkit simulate site.toml, or: ntpkit simulate --config /etc/ntp.conf --network wan",
    );
  if (file !== null) {
    if (network !== undefined)
      throw new UsageError("--network goes with --config", "a world's file says itself what its network is like");
    const world = await readAt(file);
    return readWorld(world, file === STANDARD_INPUT ? "standard input" : file, (path, from) =>
      readText(isAbsolute(path) ? path : join(dirname(from), path), LARGEST.configuration),
    );
  }
  const { configuration, remarks } = loadConfiguration(config!, true);
  const trial = trialOf(configuration, network ?? "wan");
  if (trial.plan.sources.length === 0)
    throw new UsageError(`${config!} names no server that could be there in a simulated network`);
  for (const remark of [...remarks, ...trial.remarks])
    if (options.verbose === true || (remark.level === "warning" && options.quiet !== true))
      sayLine(io.err, remarkLine("ntpkit simulate", remark));
  return trial.plan;
}

/**
 * A page or a trace in the place of what it is of, or of anything but its like, is refused before hours are simulated; so are two
 * things for standard output.
 */
async function refusePlaces({ file, config, html, trace, json }: Asked): Promise<void> {
  const { refuseBoth, refusePlace } = await import("./page-file.ts");
  const inputs = [file, config].filter((input) => input !== null && input !== undefined);
  if (html !== undefined) {
    refuseBoth(html, "--html", json);
    refusePlace(html, inputs);
  }
  if (trace === undefined || trace === true) return;
  refuseBoth(trace, "--trace", json);
  if (trace === html) throw new UsageError("--trace and --html are not for one file", "name two");
  refusePlace(trace, inputs, TRACES);
}

/** A file at once; standard input and a pipe as they come. */
async function readAt(path: string): Promise<string> {
  try {
    return isStream(path)
      ? await readStream(openInput(path), LARGEST.configuration)
      : readText(path, LARGEST.configuration);
  } catch (error) {
    throw new UsageError(`cannot read ${path}: ${systemReason(error)}`);
  }
}

/** Another length, and what of the events is within it. */
function shortened({ events }: WorldPlan, duration: number): Pick<WorldPlan, "duration" | "events"> {
  return { duration, events: events.filter(({ at }) => at <= duration) };
}

/** Whole numbers count up; behind others stands a number. */
function seedsOf(first: string, runs: number): readonly string[] {
  const number = /^\d{1,15}$/.test(first) ? Number(first) : null;
  return Array.from({ length: runs }, (_, index) =>
    index === 0 ? first : number === null ? `${first}.${index + 1}` : `${number + index}`,
  );
}

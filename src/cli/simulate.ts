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
import { trialOf } from "../simulate/trial.ts";
import { documentText } from "../view/document.ts";
import { simulateDocument } from "../view/simulate-document.ts";
import { coursesText, quantilesText, simulatedText } from "../view/simulate-text.ts";
import { exitCode } from "./exit.ts";
import { isStream, openInput, readStream, STANDARD_INPUT } from "./input.ts";
import { DEFAULT_WIDTH, type Io, sayLine } from "./io.ts";
import type { OptionsOf } from "./options/offers.ts";
import { simulateAll } from "./simulate/fleet.ts";
import { remarkLine } from "./tell.ts";

type SimulateOptions = OptionsOf<"simulate">;

/**
 * Simulates.
 * @param file a world; `null`: that of `--config`
 * @returns the exit code
 * @throws UsageError
 */
export async function runSimulate(file: string | null, options: SimulateOptions, io: Io): Promise<number> {
  if (options.html !== undefined) await refusePage(options.html, file ?? options.config);
  const planned = await planOf(file, options, io);
  const plan = options.for === undefined ? planned : { ...planned, ...shortened(planned, options.for) };
  const seeds = seedsOf(options.seed ?? plan.seed, options.runs ?? 1);
  const runs = await simulateAll(plan, seeds, options.trace === true);
  const quantiles = runs.length === 1 ? null : quantilesOf(runs);
  if (options.trace === true) io.err.write(`${runs[0]!.trace}\n`);
  if (options.html !== undefined) {
    const [{ simulatedPage }, { writePage }] = await Promise.all([
      import("../report/simulated.ts"),
      import("./page-file.ts"),
    ]);
    writePage(options.html, simulatedPage(plan.title, plan.beginning, runs[0]!));
  }
  if (options.json === true) {
    const pivot = BigInt(Date.parse(plan.beginning)) * 1_000_000n;
    io.out.write(documentText(simulateDocument(runs, quantiles, pivot), io.out.isTerminal));
  } else if (options.quiet !== true)
    io.out.write(
      quantiles === null
        ? simulatedText(plan.title, runs[0]!) + drawnText(runs[0]!, io)
        : quantilesText(plan.title, runs.length, quantiles),
    );
  return exitCode("ok");
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

/** A page in the place of what it is of, or of anything but a page, is refused before hours are simulated. */
async function refusePage(page: string, source: string | undefined): Promise<void> {
  const { refusePlace } = await import("./page-file.ts");
  refusePlace(page, source === undefined ? [] : [source]);
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

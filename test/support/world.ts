/**
 * Scenarios: tests that are small simulated worlds, each run with several seeds.
 *
 * A failing run says its seed and how to replay it:
 *
 * - `NTPKIT_SEED=7` runs every scenario with that seed alone;
 * - `NTPKIT_SEEDS=100` runs every scenario with seeds 1 … 100;
 * - `NTPKIT_TRACE=1` prints everything that happened in a run that failed.
 */
import { it } from "vitest";
import { createWorld, type SimWorld, type WorldOptions } from "../../src/sim/world.ts";

/** How a scenario is run. */
export interface ScenarioOptions extends Omit<WorldOptions, "seed"> {
  /** How many seeds, from 1. Default 5. */
  readonly seeds?: number;
}

/** A test that is one world, run with several seeds. */
export function scenario(
  name: string,
  options: ScenarioOptions,
  body: (world: SimWorld) => void | Promise<void>,
): void {
  it(name, async () => {
    for (const seed of seedsOf(options.seeds ?? 5)) await runOnce(name, seed, options, body);
  });
}

/** Runs one seed, and puts into a failure what is needed to replay it. */
export async function runOnce(
  name: string,
  seed: string,
  options: ScenarioOptions,
  body: (world: SimWorld) => void | Promise<void>,
): Promise<void> {
  const world = createWorld({ ...options, seed });
  try {
    await body(world);
  } catch (error) {
    throw explain(error, name, seed, world);
  }
}

/** The seeds to run, as the environment or the scenario has them. */
export function seedsOf(count: number, environment: NodeJS.ProcessEnv = process.env): readonly string[] {
  const one = environment["NTPKIT_SEED"];
  if (one !== undefined && one !== "") return [one];
  const many = Number(environment["NTPKIT_SEEDS"] ?? count);
  return Array.from({ length: Number.isInteger(many) && many > 0 ? many : count }, (_, index) => String(index + 1));
}

function explain(error: unknown, name: string, seed: string, world: SimWorld): Error {
  const failure = error instanceof Error ? error : new Error(String(error));
  const replay = `NTPKIT_SEED=${seed} NTPKIT_TRACE=1 npx vitest run --config test/vitest.config.ts -t ${JSON.stringify(name)}`;
  const trace = process.env["NTPKIT_TRACE"] === "1" ? `\n${world.trace.toString()}` : "";
  failure.message = `seed ${seed}, ${world.now.toFixed(3)} s into the world: ${failure.message}\nreplay: ${replay}${trace}`;
  return failure;
}

/** Many runs of one world: on threads of their own as many as there are processors, where this is the built command; else here. */
import { once } from "node:events";
import type { Worker } from "node:worker_threads";
import { LOADER } from "../../host/loader.ts";
import type { Witness } from "../../sim/trace.ts";
import type { WorldPlan } from "../../simulate/plan.ts";
import { simulate, type Simulated } from "../../simulate/simulation.ts";

/** What a thread is told to run. */
export interface Errand {
  readonly seed: string;
  /** Of one run everything is told, of the others only how wrong the clocks were. */
  readonly isWhole: boolean;
}

/**
 * Runs a world once for every seed.
 * @param witness is told of everything that happens in the first run; `null`: nobody is
 * @returns in the order of the seeds
 */
export async function simulateAll(
  plan: WorldPlan,
  seeds: readonly string[],
  witness: Witness | null,
): Promise<Simulated[]> {
  const errands = seeds.map((seed, index): Errand => ({ seed, isWhole: index === 0 }));
  const { thread } = LOADER;
  const [first, ...others] = errands;
  if (witness !== null) return [await runErrand(plan, first!, witness), ...(await runAll(plan, others, thread))];
  return await runAll(plan, errands, thread);
}

async function runAll(plan: WorldPlan, errands: readonly Errand[], thread: string | undefined): Promise<Simulated[]> {
  if (errands.length > 1 && thread !== undefined) return await onThreads(thread, plan, errands);
  const runs: Simulated[] = [];
  for (const errand of errands) runs.push(await runErrand(plan, errand));
  return runs;
}

/** Does one. */
export async function runErrand(
  plan: WorldPlan,
  { seed, isWhole }: Errand,
  witness: Witness | null = null,
): Promise<Simulated> {
  const run = await simulate(plan, seed, witness);
  if (isWhole) return run;
  return { ...run, events: [], hosts: run.hosts.map((host) => ({ ...host, associations: [], course: [] })) };
}

async function onThreads(code: string, plan: WorldPlan, errands: readonly Errand[]): Promise<Simulated[]> {
  const { Worker } = process.getBuiltinModule("node:worker_threads");
  const { availableParallelism } = process.getBuiltinModule("node:os");
  const runs: Simulated[] = [];
  const queue = errands.entries();
  const begin = (): Worker | null => {
    try {
      return new Worker(code, { eval: true, workerData: plan });
    } catch {
      return null;
    }
  };
  const employ = async (): Promise<void> => {
    let worker = begin();
    for (const [index, errand] of queue) {
      const run = worker === null ? null : await askThread(worker, errand);
      // Where there can be no threads, as in a working directory that was removed, it is done here.
      if (run === null) worker = null;
      runs[index] = run ?? (await runErrand(plan, errand));
    }
    await worker?.terminate();
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), errands.length) }, employ));
  return runs;
}

/** @returns null where the thread broke down; whatever is wrong with the errand shows where it is done again */
async function askThread(worker: Worker, errand: Errand): Promise<Simulated | null> {
  try {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    worker.postMessage(errand);
    const [run] = (await once(worker, "message")) as [Simulated];
    return run;
  } catch {
    return null;
  }
}

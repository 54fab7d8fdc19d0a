/** A thread that runs worlds: the plan is given to it at its start, then an errand at a time. */
import { parentPort, workerData } from "node:worker_threads";
import type { WorldPlan } from "../../simulate/plan.ts";
import { runErrand, type Errand } from "./fleet.ts";

parentPort?.on("message", (errand: Errand) => {
  void runErrand(workerData as WorldPlan, errand).then(
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    (run) => parentPort?.postMessage(run),
    // What is thrown in a timer ends the thread, and is told to whoever started it.
    (error: unknown) =>
      setImmediate(() => {
        throw error;
      }),
  );
});

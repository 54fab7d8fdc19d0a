/**
 * How long fuzzing may take: ten seconds on a developer's machine and a minute in CI, over the whole suite.
 *
 * Every fuzz property takes its share of that, so that adding properties asks for a decision and not for patience. The
 * shares in use: wire 0.32, key files 0.2, NTS key establishment 0.02, requests under NTS 0.01, captures 0.05, worlds 0.02, configuration and options 0.2; the rest is kept for rooms to come. The laws
 * (`fc.assert` without a budget) are not fuzzing: they run fast-check's usual hundred cases.
 */

const WHOLE_SUITE_MS = process.env["CI"] === undefined ? 10_000 : 60_000;

/** On a busy machine the first case alone may take a part of a second, and no case at all is a failure. */
const LEAST_MS = 1000;

/** What fast-check is told: run until the time is over, and count that as success. */
export interface Budget {
  readonly numRuns: number;
  readonly interruptAfterTimeLimit: number;
  readonly markInterruptAsFailure: false;
}

/**
 * The fast-check parameters of one fuzz property.
 * @param share of the whole suite's fuzzing time, 0 … 1
 */
export function budget(share: number): Budget {
  return {
    numRuns: 1_000_000_000,
    interruptAfterTimeLimit: Math.max(LEAST_MS, WHOLE_SUITE_MS * share),
    markInterruptAsFailure: false,
  };
}

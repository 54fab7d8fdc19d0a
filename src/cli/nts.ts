/** `ntpkit nts`: what is the matter with a server's Network Time Security, step by step, and what is to be done about it. */
import { head } from "../view/daemon-document.ts";
import { documentText, type FailureDocument } from "../view/document.ts";
import { ntsFailure, stepText, type NtsDocument } from "../view/nts-document.ts";
import { KE_PORT } from "../wire/ntske.ts";
import { placeOf } from "./asking.ts";
import { exitCode, failureLine } from "./exit.ts";
import type { Io } from "./io.ts";
import { trustOf } from "./nts-at-hand.ts";
import { Hands } from "./nts/asking.ts";
import { Examination } from "./nts/examination.ts";
import { NTS_DEFAULTS } from "./options/defaults.ts";
import type { OptionsOf } from "./options/offers.ts";
import { spinner } from "./spinner.ts";
import { Until } from "./until.ts";

/**
 * Runs `nts`.
 * @returns the exit code: that of the first step that failed
 * @throws UsageError
 */
export async function runNts(host: string, options: OptionsOf<"nts">, io: Io): Promise<number> {
  const { name, port } = placeOf(host);
  const family = options.ipv4 === true ? 4 : options.ipv6 === true ? 6 : null;
  // Dates are judged by the time that is measured.
  const trust = { ...trustOf(options), dates: "ignored" as const };
  const until = new Until(io, options.deadline ?? NTS_DEFAULTS.deadline);
  const sign = spinner(io, options.quiet !== true && options.json !== true, () => `examining ${host}`);
  try {
    const asking = { timeout: 1, family, key: null, signal: until.signal } as const;
    const hands = await Hands.ready(trust, asking);
    const examination = new Examination({ host, name, port: port ?? KE_PORT }, hands);
    await examination.run();
    sign.stop();
    const { chart } = examination;
    const { steps, findings } = chart;
    const failure = until.isOver ? endedBy(host, until) : ntsFailure(host, steps, (step) => chart.codeOf(step));
    const document: NtsDocument = { ...head("nts", failure), host, steps, ...findings };
    if (options.json === true) io.out.write(documentText(document, io.out.isTerminal));
    else if (options.quiet !== true || failure !== null)
      for (const step of steps) io.out.write(stepText(step, io.out.columns ?? WIDTH));
    if (failure !== null) io.err.write(failureLine("ntpkit nts", failure));
    return exitCode(failure?.code ?? "ok");
  } finally {
    sign.stop();
    until.release();
  }
}

/** Of a pipe, which has none. */
const WIDTH = 80;

function endedBy(host: string, { why }: Until): FailureDocument {
  if (why !== "deadline") return { code: why, message: why, hint: null };
  return { code: why, message: `${host}: the deadline passed`, hint: "--deadline allows more time" };
}

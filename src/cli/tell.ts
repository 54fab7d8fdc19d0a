/** Telling what a run found: a report or a document on stdout, one line on stderr when something went wrong. */
import type { Remark } from "../config/ntpconf/parse.ts";
import type { EngineConfig } from "../engine/port/config.ts";
import type { Outcome } from "../engine/port/outcome.ts";
import type { Snapshot } from "../engine/port/snapshot.ts";
import { libcFault } from "../host/libc.ts";
import { placedText } from "../security/place.ts";
import { documentText, runDocument } from "../view/document.ts";
import { describeFailure, type FailingCommand } from "../view/failure.ts";
import { stateWarningText } from "../view/warnings.ts";
import { paletteFor } from "./colors.ts";
import { exitCode, failureLine } from "./exit.ts";
import { failureContext, type GuardedEnd } from "./guarded.ts";
import { DEFAULT_WIDTH, type Io, sayLine, STANDARD_OUTPUT } from "./io.ts";
import { unixNow } from "./measure.ts";
import { wantsMetrics, type CommonOptions, type MetricsOptions, type OptionsOf } from "./options/offers.ts";
import type { Prepared } from "./prepare.ts";
import { version } from "./version.ts";

/** A run that has ended. */
export interface EndedRun extends GuardedEnd {
  /** Whose document it is. */
  readonly command: FailingCommand;
  readonly config: EngineConfig;
}

/** Says which configuration file is used, and what is worth telling about it and the keys. */
export function tellPrepared(
  title: string,
  { file, remarks, warnings }: Pick<Prepared, "file" | "remarks" | "warnings">,
  options: CommonOptions,
  io: Io,
): void {
  const talkative = options.verbose === true || options.debug === true;
  const without = talkative ? libcFault() : null;
  if (without !== null) sayLine(io.err, `${title}: ${without}; packets have no stamps of the kernel's`);
  if (talkative && file !== null) sayLine(io.err, `${title}: configuration file ${file}`);
  for (const remark of remarks)
    if (talkative || (remark.level === "warning" && options.quiet !== true)) sayLine(io.err, remarkLine(title, remark));
  for (const warning of warnings) sayLine(io.err, `${title}: warning: ${placedText(warning)}`);
}

/** A remark about a configuration file, as a line. */
export function remarkLine(title: string, { level, text, at }: Remark): string {
  return `${title}: ${level}: ${placedText({ ...at, message: text })}`;
}

/** Outcomes after which nothing was found that is worth a report. */
const UNREPORTED: readonly Outcome[] = ["internal", "other-daemon"];
/** Outcomes after which there may be something: whoever has had enough of waiting is told what is known. */
const CUT_SHORT: readonly Outcome[] = ["interrupted", "terminated"];

/** Whether a run's end is worth a report. */
function isReported(outcome: Outcome, { associations }: Snapshot): boolean {
  if (CUT_SHORT.includes(outcome)) return associations.some(({ offset }) => offset !== null);
  return !UNREPORTED.includes(outcome);
}

/**
 * Tells a run's end.
 * @returns the exit code
 */
export async function tellRun(
  { command, config, ...ended }: EndedRun,
  options: CommonOptions & MetricsOptions & Pick<OptionsOf<"query">, "compat" | "explain" | "svg">,
  io: Io,
): Promise<number> {
  const { snapshot, outcome, stateWarnings } = ended;
  const failure = describeFailure(outcome, snapshot, failureContext(command, config, ended));
  const pivot = unixNow();
  if (options.json === true)
    io.out.write(documentText(runDocument(command, snapshot, failure, pivot), io.out.isTerminal));
  else if (wantsMetrics(options)) {
    const [{ giveMetrics }, { openMetrics }] = await Promise.all([
      import("./metrics.ts"),
      import("../view/metrics.ts"),
    ]);
    giveMetrics(openMetrics(snapshot, version()), options, io);
  } else if (options.compat !== undefined) {
    const { queryText } = await import("../view/compat.ts");
    io.out.write(queryText(options.compat, snapshot, { unix: Date.now(), pid: process.pid }));
  } else if (
    options.svg !== STANDARD_OUTPUT &&
    isReported(outcome, snapshot) &&
    (failure !== null || options.quiet !== true)
  ) {
    const { report } = await import("../view/report.ts");
    const palette = await paletteFor(io.out, io.env, options.color);
    io.out.write(
      report(snapshot, { width: io.out.columns ?? DEFAULT_WIDTH, palette, wraps: io.out.isTerminal, pivot }),
    );
  }
  if ((options.explain === true || options.svg !== undefined) && isReported(outcome, snapshot)) {
    const { tellExplained } = await import("./explained.ts");
    await tellExplained(snapshot, pivot, options, io);
  }
  // Whose file it is that somebody wants us to believe is a matter of security.
  for (const warning of stateWarnings)
    if (options.quiet !== true || warning.code === "foreign")
      sayLine(io.err, `ntpkit ${command}: warning: ${stateWarningText(warning)}`);
  if (failure !== null) io.err.write(failureLine(`ntpkit ${command}`, failure));
  return exitCode(outcome);
}

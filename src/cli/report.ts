/** `ntpkit report`: what a time daemon has written down, as one page with plots. */
import { UsageError } from "../config/usage.ts";
import { Collection } from "../report/collection.ts";
import { leftOut } from "../report/left-out.ts";
import { reportPage } from "../report/page.ts";
import { isNoFile } from "../state/files.ts";
import { documentText } from "../view/document.ts";
import { reportDocument } from "../view/report-document.ts";
import { counted } from "../view/text.ts";
import { exitCode } from "./exit.ts";
import { STANDARD_INPUT } from "./input.ts";
import { sayLine, type Io, STANDARD_OUTPUT } from "./io.ts";
import { REPORT_DEFAULTS } from "./options/defaults.ts";
import type { OptionsOf } from "./options/offers.ts";
import { refuseBoth, refusePlace, writePage } from "./page-file.ts";
import { pause } from "./pause.ts";
import { Reading } from "./report/reading.ts";
import { Until } from "./until.ts";

/** What it reads. */
const KINDS =
  "it reads loopstats, peerstats, rawstats, sysstats, chrony's tracking, measurements and statistics logs, and --json lines";

/**
 * Reports.
 * @param files statistics, in any order; `-`: standard input
 * @returns the exit code
 * @throws UsageError for files that cannot be read, and where nothing in them is statistics
 */
export async function runReport(files: readonly string[], options: OptionsOf<"report">, io: Io): Promise<number> {
  if (files.length === 0)
    throw new UsageError("no file is named", "as in: ntpkit report /var/log/ntpsec/*stats -o report.html");
  if (files.filter((file) => file === STANDARD_INPUT).length > 1)
    throw new UsageError("standard input can be read only once", "name - once");
  const output = options.output ?? REPORT_DEFAULTS.output;
  refuseBoth(output, "-o", options.json);
  if (options.watch !== undefined) {
    const odd = [...files, output].find((file) => file === STANDARD_INPUT || isNoFile(file));
    if (odd !== undefined)
      throw new UsageError(`--watch reads files again, and writes one: ${odd} is none`, "name files, and one with -o");
  }
  refusePlace(output, files);
  const until = new Until(io);
  try {
    const all = new Collection();
    const readings = files.map((file) => new Reading(file, (row) => all.take(row)));
    for (let isFirst = true; ; isFirst = false) {
      const before = all.rows;
      for (const reading of readings) await reading.readOn(until.signal, options.watch === undefined);
      if (until.isOver) return exitCode(until.why);
      if (all.rows === 0)
        throw new UsageError(`${counted(files.length, "file")}, and no line that a report could be made of`, KINDS);
      if (isFirst || all.rows > before) tell(all, output, options, io);
      if (options.watch === undefined) return exitCode("ok");
      await pause(options.watch, until.signal);
    }
  } finally {
    until.release();
  }
}

/** Writes the page, and says what it is of. */
function tell(all: Collection, output: string, options: OptionsOf<"report">, io: Io): void {
  const page = reportPage(all, options.watch ?? null);
  writePage(output, page, io.out);
  if (output === STANDARD_OUTPUT) return;
  if (options.json === true) {
    io.out.write(documentText(reportDocument(all, output), io.out.isTerminal && options.watch === undefined));
    return;
  }
  if (options.quiet === true) return;
  sayLine(io.out, `${output}: ${counted(all.rows, "row")}, ${counted(all.servers.size, "server")}`);
  for (const phrase of leftOut(all)) sayLine(io.out, `left out: ${phrase}`);
}

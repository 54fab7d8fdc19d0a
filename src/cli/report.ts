/** `ntpkit report`: what a time daemon has written down, as one page with plots. */
import { lstatSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { UsageError } from "../config/usage.ts";
import { isPlacedByUs } from "../host/ownfile.ts";
import { Collection } from "../report/collection.ts";
import { reportPage } from "../report/page.ts";
import { Splitter } from "../report/splitter.ts";
import { systemReason } from "../security/place.ts";
import { isNoFile, replaceFile } from "../state/files.ts";
import { draftOf, quietly } from "../state/leftovers.ts";
import { documentText } from "../view/document.ts";
import { reportDocument } from "../view/report-document.ts";
import { counted } from "../view/text.ts";
import { CommandFailure, exitCode } from "./exit.ts";
import { sayLine, type Io } from "./io.ts";
import { REPORT_DEFAULTS } from "./options/defaults.ts";
import type { OptionsOf } from "./options/offers.ts";
import { openInput } from "./input.ts";
import { Until } from "./until.ts";

/** Standard input and output, as a file's name. */
const STANDARD = "-";
/** Octets read at a time. */
const CHUNK = 1 << 18;

/**
 * Reports.
 * @param files statistics, in any order; `-`: standard input
 * @returns the exit code
 * @throws UsageError for files that cannot be read, and where nothing in them is statistics
 */
export async function runReport(files: readonly string[], options: OptionsOf<"report">, io: Io): Promise<number> {
  if (files.length === 0)
    throw new UsageError("no file is named", "as in: ntpkit report /var/log/ntpsec/*stats -o report.html");
  if (files.filter((file) => file === STANDARD).length > 1)
    throw new UsageError("standard input can be read only once", "name - once");
  const output = options.output ?? REPORT_DEFAULTS.output;
  if (options.json === true && output === STANDARD)
    throw new UsageError("--json and -o - are both for standard output", "name a file with -o");
  const until = new Until(io);
  try {
    const all = new Collection();
    for (const file of files) await readFile(file, all, until.signal);
    if (until.isOver) return exitCode(until.why);
    if (all.rows === 0)
      throw new UsageError(
        `${counted(files.length, "file")}, and no line that a report could be made of`,
        "it reads loopstats, peerstats, rawstats, chrony's tracking, measurements and statistics logs, and --json lines",
      );
    const page = reportPage(all);
    if (output === STANDARD) io.out.write(page);
    else writePage(output, page);
    if (options.json === true && output !== STANDARD)
      io.out.write(documentText(reportDocument(all, output), io.out.isTerminal));
    else if (options.quiet !== true && output !== STANDARD)
      sayLine(io.out, `${output}: ${counted(all.rows, "row")}, ${counted(all.servers.size, "server")}`);
    return exitCode("ok");
  } finally {
    until.release();
  }
}

async function readFile(file: string, all: Collection, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const input = openInput(file, CHUNK);
  const abandon = (): void => void input.on("error", () => undefined).destroy();
  signal.addEventListener("abort", abandon, { once: true });
  const lines = new Splitter((row) => all.take(row));
  let isFirst = true;
  try {
    for await (const octets of input as AsyncIterable<Buffer>) {
      if (isFirst && isCompressed(octets))
        throw new UsageError(`${file} is compressed`, `as in: zcat ${file} | ntpkit report -`);
      isFirst = false;
      lines.add(octets);
    }
    lines.end();
  } catch (error) {
    if (error instanceof UsageError) throw error;
    if (!signal.aborted) throw new UsageError(`cannot read ${file}: ${systemReason(error)}`);
  } finally {
    signal.removeEventListener("abort", abandon);
  }
}

/** What gzip begins its files with (RFC 1952 section 2.3.1). */
function isCompressed(octets: Buffer): boolean {
  return octets[0] === 0x1f && octets[1] === 0x8b;
}

/** What a link of our own, as /dev/stdout is, leads to; of what another could have placed the link itself is replaced. */
function fileOf(path: string): string {
  try {
    return lstatSync(path).isSymbolicLink() && isPlacedByUs(path) && !isNoFile(path) ? realpathSync(path) : path;
  } catch {
    return path; // not there yet, or nowhere: writing says so
  }
}

/** All at once: who looks meanwhile sees the page before. What is no file, as /dev/stdout or a pipe, is written to. */
function writePage(output: string, page: string): void {
  const path = fileOf(output);
  const draft = draftOf(path);
  try {
    if (isNoFile(path)) return writeFileSync(path, page);
    rmSync(draft, { force: true });
    writeFileSync(draft, page, { mode: 0o644, flag: "wx", flush: true });
    replaceFile(draft, path);
  } catch (error) {
    quietly(() => rmSync(draft, { force: true }));
    throw new CommandFailure({ code: "io", message: `cannot write ${output}: ${systemReason(error)}`, hint: null });
  }
}

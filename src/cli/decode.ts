/** `ntpkit decode`: what each NTP packet of a capture says, or what the whole of it comes to. */
import type { Decoded } from "../decode/decoded.ts";
import { Summary } from "../decode/summary.ts";
import { decodeDocument, summaryDocument } from "../view/decode-document.ts";
import { DecodeLines } from "../view/decode-line.ts";
import { summaryText } from "../view/decode-summary.ts";
import { documentText, type FailureDocument } from "../view/document.ts";
import { counted } from "../view/text.ts";
import { paletteFor } from "./colors.ts";
import { packetsOf } from "./decode/packets.ts";
import { exitCode, failureLine } from "./exit.ts";
import { sayLine, type Io } from "./io.ts";
import type { OptionsOf } from "./options/offers.ts";
import { Until } from "./until.ts";

type DecodeOptions = OptionsOf<"decode">;

/** Characters written at a time. */
const PAGE = 1 << 16;

/** What is made of the packets. */
interface Report {
  add(decoded: Decoded): void;
  /** Nothing more has come for now: who reads along is to see it. */
  flush(): void;
  end(failure: FailureDocument | null): void;
}

/**
 * Decodes a capture, as it comes.
 * @param file a pcap or pcapng file; `-`: standard input
 * @returns the exit code; a file that is damaged is told of behind what was read before
 * @throws UsageError
 */
export async function runDecode(file: string, options: DecodeOptions, io: Io): Promise<number> {
  const report = await reportOf(options, io);
  const counts = { read: 0, shown: 0 };
  const until = new Until(io);
  try {
    let failure: FailureDocument | null = null;
    const take = (decoded: Decoded): void => {
      counts.shown += 1;
      report.add(decoded);
    };
    for await (const batch of packetsOf(file, options, until.signal, take)) {
      counts.read += batch.count;
      ({ failure } = batch);
      report.flush();
    }
    report.end(failure);
    if (options.verbose === true || options.debug === true)
      sayLine(io.err, `ntpkit decode: ${counted(counts.read, "packet")} of NTP, ${counts.shown} shown`);
    if (failure !== null) io.err.write(failureLine("ntpkit decode", failure));
    return exitCode(failure?.code ?? (until.isOver ? until.why : "ok"));
  } finally {
    until.release();
  }
}

function reportOf(options: DecodeOptions, io: Io): Report | Promise<Report> {
  if (options.quiet === true && options.json !== true) return SILENT;
  return options.summary === true ? summaryReport(options, io) : lineReport(options, io);
}

/** Nothing: the exit code says whether it could be read. */
const SILENT: Report = { add: () => undefined, flush: () => undefined, end: () => undefined };

/** A line a packet, of words or of JSON. */
async function lineReport(options: DecodeOptions, io: Io): Promise<Report> {
  const lines = new DecodeLines(await paletteFor(io.out, io.env, options.color));
  const now = BigInt(Date.now()) * 1_000_000n;
  const lineOf = (decoded: Decoded): string =>
    options.json === true ? documentText(decodeDocument(decoded, now), false) : lines.lineOf(decoded);
  let page = "";
  const flush = (): void => {
    if (page !== "") io.out.write(page);
    page = "";
  };
  return {
    add(decoded) {
      page += lineOf(decoded);
      if (page.length >= PAGE) flush();
    },
    flush,
    end: flush,
  };
}

/** One page, or one document, when all is read. */
async function summaryReport(options: DecodeOptions, io: Io): Promise<Report> {
  const summary = new Summary();
  const palette = await paletteFor(io.out, io.env, options.color);
  return {
    add: (decoded) => summary.add(decoded),
    flush: () => undefined,
    end(failure) {
      const result = summary.result();
      if (options.json === true) io.out.write(documentText(summaryDocument(result, failure), io.out.isTerminal));
      else io.out.write(summaryText(result, palette));
    },
  };
}

/** `ntpkit decode`: what each NTP packet of a capture says, or what the whole of it comes to. */
import { createReadStream } from "node:fs";
import { Datagrams, type Datagram } from "../capture/datagram.ts";
import { CAPTURE_FAULTS, type Damage } from "../capture/frame.ts";
import { CaptureReader } from "../capture/reader.ts";
import { UsageError } from "../config/usage.ts";
import type { Decoded } from "../decode/decoded.ts";
import { Decoder, type DecoderSurroundings } from "../decode/decoder.ts";
import { Summary } from "../decode/summary.ts";
import { placedText, systemReason } from "../security/place.ts";
import { decodeDocument, summaryDocument } from "../view/decode-document.ts";
import { DecodeLines } from "../view/decode-line.ts";
import { summaryText } from "../view/decode-summary.ts";
import { md5 } from "../security/md5.ts";
import { documentText, type FailureDocument } from "../view/document.ts";
import { counted } from "../view/text.ts";
import { addressOctets, inNetwork } from "../wire/address.ts";
import { paletteFor } from "./colors.ts";
import { exitCode, failureLine } from "./exit.ts";
import { sayLine, type Io } from "./io.ts";
import { DECODE_DEFAULTS } from "./options/defaults.ts";
import type { OptionsOf } from "./options/offers.ts";
import { Until } from "./until.ts";

type DecodeOptions = OptionsOf<"decode">;

/** Standard input, as a file's name. */
const STDIN = "-";
/** Octets read at a time. */
const CHUNK = 1 << 17;
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
  const decoder = new Decoder({
    keyOf: await keysOf(options),
    md5,
  });
  const report = await reportOf(options, io);
  const isWanted = filterOf(options);
  const counts = { read: 0, shown: 0 };
  const until = new Until(io);
  try {
    const damage = await read(file, options.port ?? DECODE_DEFAULTS.port, until, report, (datagram) => {
      const decoded = decoder.decode(datagram);
      counts.read += 1;
      if (!isWanted(decoded)) return;
      counts.shown += 1;
      report.add(decoded);
    });
    const failure = damage === null ? null : damageFailure(file, damage);
    report.end(failure);
    if (options.verbose === true || options.debug === true)
      sayLine(io.err, `ntpkit decode: ${counted(counts.read, "packet")} of NTP, ${counts.shown} shown`);
    if (failure !== null) io.err.write(failureLine("ntpkit decode", failure));
    return exitCode(failure?.code ?? (until.isOver ? until.why : "ok"));
  } finally {
    until.release();
  }
}

/**
 * Hands on the datagrams of a port, chunk by chunk.
 * @returns what is the matter with the file; `null`: nothing
 */
async function read(
  file: string,
  port: number,
  { signal }: Until,
  report: Report,
  take: (datagram: Datagram) => void,
): Promise<Damage | null> {
  const reader = new CaptureReader();
  const datagrams = new Datagrams();
  try {
    for await (const chunk of octetsOf(file, signal)) {
      for (const frame of reader.read(chunk)) {
        if (frame.kind === "damage") return frame;
        const datagram = datagrams.of(frame);
        if (datagram !== null && (datagram.to.port === port || datagram.from.port === port)) take(datagram);
      }
      report.flush();
    }
  } catch (error) {
    if (signal.aborted) return null;
    throw new UsageError(`cannot read ${file}: ${systemReason(error)}`);
  }
  return signal.aborted ? null : reader.end();
}

function octetsOf(file: string, signal: AbortSignal): AsyncIterable<Uint8Array> {
  const stream = file === STDIN ? process.stdin : createReadStream(file, { highWaterMark: CHUNK });
  signal.addEventListener("abort", () => stream.destroy(), { once: true });
  return stream as AsyncIterable<Uint8Array>;
}

function damageFailure(file: string, { fault, offset, packets }: Damage): FailureDocument {
  const name = file === STDIN ? "standard input" : file;
  const where = offset === 0 ? "" : `, at octet ${offset}, after ${counted(packets, "packet")}`;
  return { code: "usage", message: `${name}: ${CAPTURE_FAULTS[fault]}${where}`, hint: null };
}

/** The keys of `--keys`, for MACs. */
async function keysOf({ keys, keysFormat }: DecodeOptions): Promise<DecoderSurroundings["keyOf"]> {
  if (keys === undefined) return () => null;
  const { fatalFault, loadKeys } = await import("../security/keyring.ts");
  const loaded = await loadKeys(keys, { format: keysFormat ?? "auto" });
  const fault = fatalFault(loaded, []);
  if (fault !== null) throw new UsageError(placedText(fault));
  return (keyId) => loaded.keyring.find(keyId);
}

/** Which packets are told of. */
function filterOf({ host, mode, bad }: DecodeOptions): (decoded: Decoded) => boolean {
  const networks = (host ?? []).map(networkOf);
  const isOf = (ip: string): boolean => {
    const octets = addressOctets(ip);
    return octets !== null && networks.some(({ network, bits }) => inNetwork(octets, network, bits));
  };
  return (decoded) =>
    (bad !== true || decoded.verdict !== "ok") &&
    (mode === undefined || modeOf(decoded) === mode) &&
    (networks.length === 0 || isOf(decoded.from.ip) || isOf(decoded.to.ip));
}

/** An address or a network that the option's reader has found to be one. */
function networkOf(text: string): { readonly network: Uint8Array; readonly bits: number } {
  const [address = "", bits] = text.split("/");
  const network = addressOctets(address)!;
  return { network, bits: bits === undefined ? network.length * 8 : Number(bits) };
}

function modeOf({ message }: Decoded): string | null {
  if (message.kind === "ntp") return message.packet.header.mode;
  return message.kind === "malformed" ? null : message.kind;
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

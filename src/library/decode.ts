/** `decode` for programs: packet by packet, no faster than they are wanted; or what a whole capture comes to. */
import { packetsOf, type PacketOptions } from "../cli/decode/packets.ts";
import { UsageError } from "../config/usage.ts";
import type { Decoded } from "../decode/decoded.ts";
import { Summary } from "../decode/summary.ts";
import { unixNow } from "../cli/measure.ts";
import {
  decodeDocument,
  summaryDocument,
  type DecodeDocument,
  type DecodeSummaryDocument,
} from "../view/decode-document.ts";
import type { FailureDocument } from "../view/document.ts";
import { optionsOf, type Accepted } from "./settings.ts";
import type { DecodeSettings } from "./settings-types.ts";

/** A capture: a file's path, or its octets as they come. */
export type Capture = string | AsyncIterable<Uint8Array>;

/** What the two take. */
export const DECODING: Accepted = { title: "decode", command: "decode", own: ["signal"], without: ["summary"] };

/**
 * Says what each NTP packet of a capture means.
 * @param capture the path of a pcap or pcapng file (`-`: standard input), or its octets
 * @returns the documents of `ntpkit decode --json`, a packet each
 * @throws UsageError for settings that are wrong and a file that cannot be read; behind the packets before it where it is damaged
 */
export async function* decode(
  capture: Capture,
  settings: DecodeSettings = {},
): AsyncGenerator<DecodeDocument, void, undefined> {
  const { options, signal } = read(capture, settings);
  const now = unixNow();
  let documents: DecodeDocument[] = [];
  const take = (decoded: Decoded): void => void documents.push(decodeDocument(decoded, now));
  for await (const { failure } of packetsOf(capture, options, signal, take)) {
    yield* documents;
    documents = [];
    if (failure !== null) throw new UsageError(failure.message);
  }
}

/**
 * Says what a whole capture comes to: who serves whom, who asks too often, whose time disagrees.
 * @param capture as for {@link decode}
 * @returns the document of `ntpkit decode --summary --json`; its `error` says where the capture is damaged
 * @throws UsageError for settings that are wrong, and for a file that cannot be read
 */
export async function summarize(capture: Capture, settings: DecodeSettings = {}): Promise<DecodeSummaryDocument> {
  const { options, signal } = read(capture, settings);
  const summary = new Summary();
  let failure: FailureDocument | null = null;
  for await (const batch of packetsOf(capture, options, signal, (decoded) => summary.add(decoded)))
    ({ failure } = batch);
  return summaryDocument(summary.result(), failure);
}

function read(
  capture: unknown,
  settings: DecodeSettings,
): { readonly options: PacketOptions; readonly signal: AbortSignal } {
  const options = optionsOf(DECODING, settings) as PacketOptions;
  const isOctets = typeof (capture as Partial<AsyncIterable<Uint8Array>> | null)?.[Symbol.asyncIterator] === "function";
  if (!isOctets && (typeof capture !== "string" || capture === ""))
    throw new UsageError("capture: it is the path of a file, or its octets as they come");
  return { options, signal: settings.signal ?? new AbortController().signal };
}

/** The NTP packets of a capture, as it comes: read, decoded, and those that are wanted; for the command and for programs. */
import { Datagrams } from "../../capture/datagram.ts";
import { CAPTURE_FAULTS, type Damage } from "../../capture/frame.ts";
import { CaptureReader } from "../../capture/reader.ts";
import { UsageError } from "../../config/usage.ts";
import type { Decoded } from "../../decode/decoded.ts";
import { Decoder, type DecoderSurroundings } from "../../decode/decoder.ts";
import { md5 } from "../../security/md5.ts";
import { placedText, systemReason } from "../../security/place.ts";
import type { FailureDocument } from "../../view/document.ts";
import { counted } from "../../view/text.ts";
import { addressOctets, inNetwork } from "../../wire/address.ts";
import { openInput, STANDARD_INPUT } from "../input.ts";
import { DECODE_DEFAULTS } from "../options/defaults.ts";
import type { OptionsOf } from "../options/offers.ts";

/** Which packets, and by which keys. */
export type PacketOptions = Pick<
  OptionsOf<"decode">,
  "host" | "mode" | "bad" | "port" | "keys" | "keysFormat" | "autokey" | "autokeyPassword"
>;

/** Octets read at a time. */
const CHUNK = 1 << 16;

/** What one piece of a capture has given. */
export interface Batch {
  /** Packets of NTP in it, wanted or not. */
  readonly count: number;
  /** What is the matter with the capture: nothing follows. `null`: nothing. */
  readonly failure: FailureDocument | null;
}

/**
 * Reads a capture, piece by piece; the packets of a piece are handed over before it is yielded.
 * @param source a pcap or pcapng file, `-` for standard input, or its octets
 * @param take takes each packet that is wanted
 * @throws UsageError for a file that cannot be read, or keys
 */
export async function* packetsOf(
  source: string | AsyncIterable<Uint8Array>,
  options: PacketOptions,
  signal: AbortSignal,
  take: (decoded: Decoded) => void,
): AsyncGenerator<Batch, void, undefined> {
  const decoder = new Decoder({ keyOf: await keysOf(options), md5, ...(await witnessOf(options)) });
  const isWanted = filterOf(options);
  const { port = DECODE_DEFAULTS.port } = options;
  const reader = new CaptureReader();
  const datagrams = new Datagrams();
  const name = typeof source !== "string" ? "the capture" : source === STANDARD_INPUT ? "standard input" : source;
  try {
    for await (const chunk of typeof source === "string" ? octetsOf(source, signal) : source) {
      let count = 0;
      for (const frame of reader.read(chunk)) {
        if (frame.kind === "damage") return yield { count, failure: damageFailure(name, frame) };
        const datagram = datagrams.of(frame);
        if (datagram === null || (datagram.to.port !== port && datagram.from.port !== port)) continue;
        count += 1;
        const decoded = decoder.decode(datagram);
        if (isWanted(decoded)) take(decoded);
      }
      yield { count, failure: null };
      if (signal.aborted) return;
    }
  } catch (error) {
    if (signal.aborted) return;
    if (typeof source !== "string") throw error;
    throw new UsageError(`cannot read ${source}: ${systemReason(error)}`);
  }
  const damage = signal.aborted ? null : reader.end();
  if (damage !== null) yield { count: 0, failure: damageFailure(name, damage) };
}

function octetsOf(file: string, signal: AbortSignal): AsyncIterable<Uint8Array> {
  const stream = openInput(file, CHUNK);
  signal.addEventListener("abort", () => stream.destroy(), { once: true });
  return stream as AsyncIterable<Uint8Array>;
}

function damageFailure(name: string, { fault, offset, packets }: Damage): FailureDocument {
  const where = offset === 0 ? "" : `, at octet ${offset}, after ${counted(packets, "packet")}`;
  return { code: "usage", message: `${name}: ${CAPTURE_FAULTS[fault]}${where}`, hint: null };
}

/** The keys of `--keys`, for MACs. */
async function keysOf({ keys, keysFormat }: PacketOptions): Promise<DecoderSurroundings["keyOf"]> {
  if (keys === undefined) return () => null;
  const { fatalFault, loadKeys } = await import("../../security/keyring.ts");
  const loaded = await loadKeys(keys, { format: keysFormat ?? "auto" });
  const fault = fatalFault(loaded, []);
  if (fault !== null) throw new UsageError(placedText(fault));
  return (keyId) => loaded.keyring.find(keyId);
}

/** Who judges the MACs of Autokey, by the keys of `--autokey`. */
async function witnessOf({
  autokey: path,
  autokeyPassword,
}: PacketOptions): Promise<Pick<DecoderSurroundings, "testify">> {
  if (path === undefined) {
    if (autokeyPassword === undefined) return {};
    throw new UsageError("--autokey-password is for --autokey", "that names the folder of the keys");
  }
  const [{ Witness }, { isFault, readHostKeys }, { passwordOf }] = await Promise.all([
    import("../../security/autokey/witness.ts"),
    import("../../security/autokey/folder.ts"),
    import("../autokey-password.ts"),
  ]);
  const keys = readHostKeys(path, passwordOf(autokeyPassword === undefined ? {} : { autokeyPassword }));
  if (isFault(keys)) throw new UsageError(`--autokey: ${keys.path}: ${keys.fault}`);
  const witness = new Witness(keys);
  return { testify: (...recorded) => witness.testify(...recorded) };
}

/** Which packets are told of. */
function filterOf({ host, mode, bad }: PacketOptions): (decoded: Decoded) => boolean {
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

/**
 * The classic pcap format (pcap-savefile(5), draft-ietf-opsawg-pcap): one header, then records of one link type, in the
 * byte order of the machine that wrote it, in microseconds or nanoseconds.
 */
import { unixTime } from "../time/timestamp.ts";
import type { CaptureFault, Format, Frame } from "./frame.ts";
import { MAX_FRAME_LENGTH } from "./frame.ts";
import type { Intake } from "./intake.ts";

const FILE_HEADER = 24;
/** Major versions: 2 for a quarter of a century. */
const MAJOR = 2;
/** The link type shares its word with the length of the frame check sequence. */
const LINK_MASK = 0x03ff_ffff;

interface Variant {
  readonly little: boolean;
  /** Nanoseconds in the unit of the record's fraction. */
  readonly unit: number;
  /** Octets before a record's packet: the variant of Kuznetsov has 8 more. */
  readonly recordHeader: number;
}

/** By the magic number, read big-endian. */
const VARIANTS: ReadonlyMap<number, Variant> = new Map([
  [0xa1b2c3d4, { little: false, unit: 1000, recordHeader: 16 }],
  [0xd4c3b2a1, { little: true, unit: 1000, recordHeader: 16 }],
  [0xa1b23c4d, { little: false, unit: 1, recordHeader: 16 }],
  [0x4d3cb2a1, { little: true, unit: 1, recordHeader: 16 }],
  [0xa1b2cd34, { little: false, unit: 1000, recordHeader: 24 }],
  [0x34cdb2a1, { little: true, unit: 1000, recordHeader: 24 }],
]);

/** Whether a file with this magic number (big-endian) is a classic pcap file. */
export function isPcap(magic: number): boolean {
  return VARIANTS.has(magic);
}

/** Reads the records of a file whose magic number {@link isPcap} knows. */
export class Pcap implements Format {
  readonly #intake: Intake;
  readonly #variant: Variant;
  #link: number | null = null;
  #packet = 0;

  constructor(intake: Intake, magic: number) {
    this.#intake = intake;
    this.#variant = VARIANTS.get(magic)!;
  }

  next(): Frame | CaptureFault | null {
    if (this.#link === null) {
      const fault = this.#header();
      if (this.#link === null) return fault;
    }
    const { little, unit, recordHeader } = this.#variant;
    const intake = this.#intake;
    if (!intake.has(recordHeader)) return null;
    const { octets, view, at } = intake;
    const captured = view.getUint32(at + 8, little);
    if (captured > MAX_FRAME_LENGTH) return "recordLength";
    const length = recordHeader + captured;
    if (!intake.has(length)) return null;
    intake.skip(length);
    this.#packet += 1;
    return {
      kind: "frame",
      packet: this.#packet,
      at: unixTime(view.getUint32(at, little), view.getUint32(at + 4, little) * unit),
      link: this.#link,
      bytes: octets.subarray(at + recordHeader, at + length),
      length: view.getUint32(at + 12, little),
    };
  }

  /** The file's header, once it is there. */
  #header(): CaptureFault | null {
    if (!this.#intake.has(FILE_HEADER)) return null;
    const { view, at } = this.#intake;
    if (view.getUint16(at + 4, this.#variant.little) !== MAJOR) return "version";
    this.#intake.skip(FILE_HEADER);
    this.#link = view.getUint32(at + 20, this.#variant.little) & LINK_MASK;
    return null;
  }
}

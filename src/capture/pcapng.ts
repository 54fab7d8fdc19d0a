/**
 * The pcapng format (draft-ietf-opsawg-pcapng): blocks in sections, each section with its byte order and its interfaces,
 * each interface with its link type and its unit of time. Blocks that carry no packet are passed over, unread.
 */
import { unixTime, type UnixNanoseconds } from "../time/timestamp.ts";
import type { CaptureFault, Format, Frame } from "./frame.ts";
import { MAX_FRAME_LENGTH } from "./frame.ts";
import type { Intake } from "./intake.ts";

/** The type of the block every section begins with: a palindrome, so that it is read in either byte order. */
export const SECTION = 0x0a0d0d0a;
const INTERFACE = 1;
/** Obsolete, but still found in old files. */
const PACKET = 2;
const SIMPLE = 3;
const ENHANCED = 6;

const BYTE_ORDER = 0x1a2b3c4d;
const MAJOR = 1;

/** Type and length before a block's body, the length again after it. */
const BLOCK_HEADER = 8;
const BLOCK_TRAILER = 4;
const SECTION_HEAD = 16;
/** Bodies begin with as many octets of fields. */
const INTERFACE_FIELDS = 8;
const ENHANCED_FIELDS = 20;
const SIMPLE_FIELDS = 4;

/** Options of an interface. */
const END_OF_OPTIONS = 0;
const RESOLUTION = 9;
const TIME_OFFSET = 14;

/** Packets come with comments and hashes beside them; more than this beside one is damage. */
const MAX_BLOCK_LENGTH = 4 * MAX_FRAME_LENGTH;
const MAX_INTERFACES = 4096;
const SECOND = 1_000_000_000n;
const MICROSECONDS = 6;

interface Interface {
  readonly link: number;
  /** 0: no limit. */
  readonly snapLength: number;
  /** The high bit: a power of 2, else of 10. */
  readonly resolution: number;
  /** Seconds to add to every time. */
  readonly offset: bigint;
}

/** Reads the packets of a file that begins with {@link SECTION}. */
export class Pcapng implements Format {
  readonly #intake: Intake;
  #little = true;
  #interfaces: Interface[] = [];
  #packet = 0;

  constructor(intake: Intake) {
    this.#intake = intake;
  }

  next(): Frame | CaptureFault | null {
    for (;;) {
      if (!this.#intake.has(BLOCK_HEADER)) return null;
      const { view, at } = this.#intake;
      const type = view.getUint32(at, this.#little);
      const read = type === SECTION ? this.#section() : this.#block(type, view.getUint32(at + 4, this.#little));
      if (read !== "passed") return read;
    }
  }

  /** A section's header: what was known of interfaces and byte order is past. */
  #section(): CaptureFault | "passed" | null {
    if (!this.#intake.has(SECTION_HEAD)) return null;
    const { view, at } = this.#intake;
    const little = view.getUint32(at + 8, true) === BYTE_ORDER;
    if (!little && view.getUint32(at + 8, false) !== BYTE_ORDER) return "format";
    if (view.getUint16(at + 12, little) !== MAJOR) return "version";
    const length = view.getUint32(at + 4, little);
    if (!isBlockLength(length) || length < SECTION_HEAD) return "blockLength";
    this.#little = little;
    this.#interfaces = [];
    this.#intake.skip(length);
    return "passed";
  }

  #block(type: number, length: number): Frame | CaptureFault | "passed" | null {
    if (!isBlockLength(length)) return "blockLength";
    const isOfUse = type === INTERFACE || type === ENHANCED || type === SIMPLE || type === PACKET;
    if (!isOfUse) {
      this.#intake.skip(length);
      return "passed";
    }
    if (length > MAX_BLOCK_LENGTH) return "blockLength";
    if (!this.#intake.has(length)) return null;
    const { octets, at } = this.#intake;
    const read = this.#body(type, octets.subarray(at + BLOCK_HEADER, at + length - BLOCK_TRAILER));
    // A block at fault stays where it is, so that the position named is its own.
    if (typeof read !== "string" || read === "passed") this.#intake.skip(length);
    return read;
  }

  #body(type: number, body: Uint8Array): Frame | CaptureFault | "passed" {
    if (type === INTERFACE) return this.#interface(body);
    if (type === SIMPLE) return this.#simple(body);
    return this.#enhanced(body, type === PACKET);
  }

  #interface(body: Uint8Array): CaptureFault | "passed" {
    if (body.length < INTERFACE_FIELDS) return "blockLength";
    if (this.#interfaces.length === MAX_INTERFACES) return "interfaces";
    const view = viewOf(body);
    let resolution = MICROSECONDS;
    let offset = 0n;
    for (const { code, at, length } of options(view, INTERFACE_FIELDS, this.#little)) {
      if (code === RESOLUTION && length === 1) resolution = view.getUint8(at);
      if (code === TIME_OFFSET && length === 8) offset = view.getBigInt64(at, this.#little);
    }
    const link = view.getUint16(0, this.#little);
    this.#interfaces.push({ link, snapLength: view.getUint32(4, this.#little), resolution, offset });
    return "passed";
  }

  #enhanced(body: Uint8Array, isObsolete: boolean): Frame | CaptureFault {
    if (body.length < ENHANCED_FIELDS) return "blockLength";
    const view = viewOf(body);
    // The obsolete block has a short interface number, and drops counted beside it.
    const number = isObsolete ? view.getUint16(0, this.#little) : view.getUint32(0, this.#little);
    const from = this.#interfaces[number];
    if (from === undefined) return "interface";
    const captured = view.getUint32(12, this.#little);
    if (captured > body.length - ENHANCED_FIELDS) return "recordLength";
    const at = instant(view.getUint32(4, this.#little), view.getUint32(8, this.#little), from);
    const bytes = body.subarray(ENHANCED_FIELDS, ENHANCED_FIELDS + captured);
    return this.#frame(at, from, bytes, view.getUint32(16, this.#little));
  }

  /** Of the first interface, without a time and without a captured length of its own. */
  #simple(body: Uint8Array): Frame | CaptureFault {
    if (body.length < SIMPLE_FIELDS) return "blockLength";
    const [from] = this.#interfaces;
    if (from === undefined) return "interface";
    const length = viewOf(body).getUint32(0, this.#little);
    const captured = from.snapLength === 0 ? length : Math.min(length, from.snapLength);
    if (captured > body.length - SIMPLE_FIELDS) return "recordLength";
    return this.#frame(null, from, body.subarray(SIMPLE_FIELDS, SIMPLE_FIELDS + captured), length);
  }

  #frame(at: UnixNanoseconds | null, { link }: Interface, bytes: Uint8Array, length: number): Frame | CaptureFault {
    if (bytes.length > MAX_FRAME_LENGTH) return "recordLength";
    this.#packet += 1;
    return { kind: "frame", packet: this.#packet, at, link, bytes, length };
  }
}

/** A block has whole words, and room for its own two lengths. */
function isBlockLength(length: number): boolean {
  return length >= BLOCK_HEADER + BLOCK_TRAILER && length % 4 === 0;
}

/** The options of a block, for as long as they make sense. */
function* options(view: DataView, from: number, little: boolean) {
  for (let offset = from; offset + 4 <= view.byteLength;) {
    const code = view.getUint16(offset, little);
    const length = view.getUint16(offset + 2, little);
    const at = offset + 4;
    if (code === END_OF_OPTIONS || at + length > view.byteLength) return;
    yield { code, at, length };
    offset = at + ((length + 3) & ~3);
  }
}

/** A count of an interface's units, of two halves, as a time. */
function instant(high: number, low: number, { resolution, offset }: Interface): UnixNanoseconds {
  // As nearly every capture has it, and as a double does, until 2255.
  if (resolution === MICROSECONDS && offset === 0n && high < 2 ** 21) {
    const micros = high * 2 ** 32 + low;
    const seconds = Math.floor(micros / 1e6);
    if (seconds < 2 ** 32) return unixTime(seconds, (micros - seconds * 1e6) * 1000);
  }
  const units = (BigInt(high) << 32n) | BigInt(low);
  const exponent = BigInt(resolution & 0x7f);
  const since = resolution & 0x80 ? (units * SECOND) >> exponent : (units * SECOND) / 10n ** exponent;
  return since + offset * SECOND;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Capture files made for tests: of either format and byte order, around frames of any link. */

/** A packet to be written. */
export interface Written {
  /** Unix nanoseconds. */
  readonly at: bigint;
  readonly bytes: Uint8Array;
  /** What it had on the link, where that is more. */
  readonly length?: number;
}

export interface PcapOptions {
  readonly little?: boolean;
  readonly nanoseconds?: boolean;
  readonly link?: number;
}

export const octets = (...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => [...part]));

export const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ""), "hex"));

/** Words of 32 bits. */
export const words = (little: boolean, ...values: readonly number[]): Uint8Array => {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  values.forEach((value, index) => view.setUint32(index * 4, value, little));
  return new Uint8Array(view.buffer);
};

/** A classic file. */
export function pcap(packets: readonly Written[], options: PcapOptions = {}): Uint8Array {
  const { little = true, nanoseconds = false, link = 1 } = options;
  const unit = nanoseconds ? 1n : 1000n;
  // Version 2.4: two halves of one word.
  const version = little ? 0x0004_0002 : 0x0002_0004;
  const header = words(little, nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4, version, 0, 0, 262_144, link);
  const records = packets.map(({ at, bytes, length = bytes.length }) => {
    const fraction = Number((at % 1_000_000_000n) / unit);
    return octets(words(little, Number(at / 1_000_000_000n), fraction, bytes.length, length), bytes);
  });
  return octets(header, ...records);
}

/** A block of pcapng, padded. */
export function block(little: boolean, type: number, body: Uint8Array): Uint8Array {
  const padded = octets(
    body,
    Array.from({ length: (4 - (body.length % 4)) % 4 }, () => 0),
  );
  const length = padded.length + 12;
  return octets(words(little, type, length), padded, words(little, length));
}

export const section = (little: boolean): Uint8Array =>
  block(little, 0x0a0d0d0a, words(little, 0x1a2b3c4d, little ? 1 : 0x0001_0000, 0xffffffff, 0xffffffff));

/** An interface; `options` are octets as they stand in the file. */
export const described = (little: boolean, link: number, options: Uint8Array = octets(), snapLength = 0): Uint8Array =>
  block(little, 1, octets(words(little, little ? link : link << 16, snapLength), options));

export const enhanced = (little: boolean, from: number, units: bigint, bytes: Uint8Array): Uint8Array =>
  block(
    little,
    6,
    octets(words(little, from, Number(units >> 32n), Number(units & 0xffffffffn), bytes.length, bytes.length), bytes),
  );

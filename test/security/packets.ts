/** Packets as the security room sees them: split by length alone, so that these tests owe nothing to the decoder. */
import type { Header } from "../../src/wire/header.ts";
import type { Packet } from "../../src/wire/packet.ts";

const HEADER_OCTETS = 48;

export const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ""), "hex"));
export const hexOf = (octets: Uint8Array): string => Buffer.from(octets).toString("hex");

/** 48 octets that differ from one another: 00 01 02 … 2f. */
export const HEADER: Uint8Array = Uint8Array.from({ length: HEADER_OCTETS }, (_, index) => index);

/**
 * A packet whose MAC begins after the header, or after `covered` octets.
 * The header's fields are left out: security never looks at them.
 */
export function packetOf(bytes: Uint8Array, covered: number = HEADER_OCTETS): Packet {
  const trailer = bytes.subarray(covered);
  const mac =
    trailer.length === 0
      ? null
      : { keyId: new DataView(trailer.buffer, trailer.byteOffset).getUint32(0), digest: trailer.subarray(4) };
  return { kind: "packet", header: {} as Header, extensions: [], mac, covered };
}

/** A header with a crypto-NAK after it. */
export function cryptoNak(header: Uint8Array = HEADER): Uint8Array {
  return Uint8Array.from([...header, 0, 0, 0, 0]);
}

/**
 * Recorded traffic for tests: the UDP datagrams of a classic pcap file.
 *
 * Reads what the fixtures are: Ethernet frames (VLAN tags allowed) with unfragmented IPv4 or IPv6, in either byte order,
 * with microseconds or nanoseconds. Anything else in a file (ARP, ICMP, TCP) is passed over.
 */
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { UnixNanoseconds } from "../../src/time/timestamp.ts";
import type { Address } from "../../src/wire/address.ts";

/** One captured UDP datagram. */
export interface Captured {
  /** When the capturing machine saw it, Unix nanoseconds. */
  readonly at: UnixNanoseconds;
  readonly from: Address;
  readonly to: Address;
  /** IPv4 time to live or IPv6 hop limit, as seen. */
  readonly ttl: number;
  /** The UDP payload. */
  readonly bytes: Uint8Array;
}

/** Of a pcap global header and of a record header (the pcap format's own documentation). */
const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const ETHERNET = 1;
const UDP = 17;

/** Magic numbers, read big-endian: byte order of the file, and nanoseconds in its unit of time. */
const MAGICS = new Map([
  [0xa1b2c3d4, { little: false, unit: 1000n }],
  [0xd4c3b2a1, { little: true, unit: 1000n }],
  [0xa1b23c4d, { little: false, unit: 1n }],
  [0x4d3cb2a1, { little: true, unit: 1n }],
]);

const CAPTURES = fileURLToPath(new URL("../fixtures/captures/", import.meta.url));
const NTP_PORT = 123;

/** The names of all fixtures, as {@link capture} takes them. */
export function captures(): string[] {
  return readdirSync(CAPTURES)
    .filter((file) => file.endsWith(".pcap"))
    .map((file) => file.slice(0, -".pcap".length));
}

/**
 * The NTP datagrams of a fixture, in order: those with port 123 at either end.
 * @param name a file of `test/fixtures/captures` without `.pcap`, e.g. `a1-iburst`
 */
export function capture(name: string): Captured[] {
  const all = datagrams(readFileSync(`${CAPTURES}${name}.pcap`));
  return [...all].filter(({ from, to }) => from.port === NTP_PORT || to.port === NTP_PORT);
}

/**
 * The UDP datagrams of a pcap file.
 * @throws Error when the file is not a pcap file of Ethernet frames
 */
export function* datagrams(file: Uint8Array): Generator<Captured> {
  const view = viewOf(file);
  const format = MAGICS.get(view.getUint32(0));
  if (format === undefined) throw new Error("not a pcap file");
  const { little, unit } = format;
  const link = view.getUint32(20, little);
  if (link !== ETHERNET) throw new Error(`pcap link type ${link} is not Ethernet`);

  for (let offset = FILE_HEADER; offset + RECORD_HEADER <= file.length;) {
    const seconds = view.getUint32(offset, little);
    const part = view.getUint32(offset + 4, little);
    const length = view.getUint32(offset + 8, little);
    const start = offset + RECORD_HEADER;
    const datagram = fromEthernet(file.subarray(start, start + length));
    if (datagram !== null) yield { at: BigInt(seconds) * 1_000_000_000n + BigInt(part) * unit, ...datagram };
    offset = start + length;
  }
}

type Datagram = Omit<Captured, "at">;

function fromEthernet(frame: Uint8Array): Datagram | null {
  const view = viewOf(frame);
  let offset = 12;
  while (view.getUint16(offset) === 0x8100) offset += 4;
  const packet = frame.subarray(offset + 2);
  switch (view.getUint16(offset)) {
    case 0x0800:
      return fromIpv4(packet);
    case 0x86dd:
      return fromIpv6(packet);
    default:
      return null;
  }
}

/** RFC 791 §3.1. */
function fromIpv4(packet: Uint8Array): Datagram | null {
  const view = viewOf(packet);
  const fragment = view.getUint16(6) & 0x3fff;
  if (packet[9] !== UDP || fragment !== 0) return null;
  const headerLength = (packet[0]! & 15) * 4;
  const total = view.getUint16(2);
  return fromUdp(
    packet.subarray(headerLength, total),
    packet[8]!,
    [...packet.subarray(12, 16)].join("."),
    [...packet.subarray(16, 20)].join("."),
  );
}

/** RFC 8200 §3, without extension headers. */
function fromIpv6(packet: Uint8Array): Datagram | null {
  if (packet[6] !== UDP) return null;
  const length = viewOf(packet).getUint16(4);
  return fromUdp(
    packet.subarray(40, 40 + length),
    packet[7]!,
    ipv6(packet.subarray(8, 24)),
    ipv6(packet.subarray(24, 40)),
  );
}

/** RFC 768. */
function fromUdp(segment: Uint8Array, ttl: number, source: string, destination: string): Datagram {
  const view = viewOf(segment);
  return {
    from: { ip: source, port: view.getUint16(0) },
    to: { ip: destination, port: view.getUint16(2) },
    ttl,
    bytes: Uint8Array.from(segment.subarray(8, view.getUint16(4))),
  };
}

/** RFC 5952 text, by way of the URL parser, so that it owes nothing to the code under test. */
function ipv6(octets: Uint8Array): string {
  const view = viewOf(octets);
  const groups = Array.from({ length: 8 }, (_, index) => view.getUint16(index * 2).toString(16));
  return new URL(`http://[${groups.join(":")}]/`).hostname.slice(1, -1);
}

function viewOf(octets: Uint8Array): DataView {
  return new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
}

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Datagrams, type Datagram } from "../../src/capture/datagram.ts";
import type { Frame } from "../../src/capture/frame.ts";
import { isKnownLink } from "../../src/capture/link.ts";
import { CaptureReader } from "../../src/capture/reader.ts";
import { budget } from "../support/budget.ts";
import { captures, datagrams } from "../support/pcap.ts";
import { hex, octets } from "./files.ts";

const frame = (link: number, bytes: Uint8Array, packet = 1, at = 0n): Frame => ({
  kind: "frame",
  packet,
  at,
  link,
  bytes,
  length: bytes.length,
});

const read = (link: number, bytes: Uint8Array): Datagram | null => new Datagrams().of(frame(link, bytes));

const UDP = hex("007b 0400 000c 0000 deadbeef");
const IPV4 = octets(hex("45000020 00000000 40110000 0a000001 0a000002"), UDP);
const IPV6 = octets(hex("60000000 000c 11 07 20010db8000000000000000000000001 ff020000000000000000000000000101"), UDP);
const FROM_IPV4 = { from: { ip: "10.0.0.1", port: 123 }, to: { ip: "10.0.0.2", port: 1024 }, ttl: 64 };
const FROM_IPV6 = { from: { ip: "2001:db8::1", port: 123 }, to: { ip: "ff02::101", port: 1024 }, ttl: 7 };
const MACS = hex("ffffffffffff 020000000001");

/** The IPv6 datagram behind a chain of hop-by-hop and destination options. */
const chained = (headers: number): Uint8Array =>
  octets(
    IPV6.subarray(0, 4),
    [0, headers * 8 + UDP.length, 0],
    IPV6.subarray(7, 40),
    ...Array.from({ length: headers }, (_, index) => [index === headers - 1 ? 17 : 60, 0, 1, 4, 0, 0, 0, 0]),
    UDP,
  );

describe("a datagram in a frame", () => {
  it.each([
    ["Ethernet", 1, octets(MACS, hex("0800"), IPV4), FROM_IPV4],
    ["Ethernet, padded to its least length", 1, octets(MACS, hex("0800"), IPV4, hex("0000000000000000")), FROM_IPV4],
    ["a VLAN", 1, octets(MACS, hex("8100 0007 86dd"), IPV6), FROM_IPV6],
    ["a VLAN in a VLAN", 1, octets(MACS, hex("88a8 0007 8100 0008 0800"), IPV4), FROM_IPV4],
    ["Linux cooked", 113, octets(hex("0000 0001 0006 020000000001 0000 0800"), IPV4), FROM_IPV4],
    ["Linux cooked, version 2", 276, octets(hex("86dd 0000 00000001 0001 00 06 0200000000010000"), IPV6), FROM_IPV6],
    ["raw IPv4", 101, IPV4, FROM_IPV4],
    ["raw IPv6", 101, IPV6, FROM_IPV6],
    ["BSD loopback", 0, octets(hex("02000000"), IPV4), FROM_IPV4],
    ["OpenBSD loopback", 108, octets(hex("00000018"), IPV6), FROM_IPV6],
  ])("of %s is found", (_, link, bytes, expected) => {
    expect(read(link, bytes)).toMatchObject({ ...expected, bytes: hex("deadbeef"), length: 4 });
  });

  it.each([1, 2, 8])("behind %d IPv6 extension headers is found", (headers) => {
    expect(read(101, chained(headers))).toMatchObject({ ...FROM_IPV6, bytes: hex("deadbeef") });
  });

  it("that the snap length cut says how long it was", () => {
    expect(read(101, IPV4.subarray(0, -2))).toMatchObject({ bytes: hex("dead"), length: 4 });
  });

  it.each([
    ["ARP", 1, octets(MACS, hex("0806"), IPV4)],
    ["TCP", 101, octets(hex("45000020 00000000 40060000 0a000001 0a000002"), UDP)],
    ["a link of another kind", 105, IPV4],
    ["a header cut short", 101, IPV4.subarray(0, 24)],
    ["a UDP length beyond its packet", 101, octets(IPV4.subarray(0, 24), hex("00ff 0000 deadbeef"))],
    ["a chain of nine headers", 101, chained(9)],
    ["nothing", 1, octets()],
  ])("is not found in %s", (_, link, bytes) => {
    expect(read(link, bytes)).toBeNull();
  });

  it("is found in every recording as the other reader of the tests finds it", () => {
    for (const name of captures()) {
      const file = readFileSync(new URL(`../fixtures/captures/${name}.pcap`, import.meta.url));
      const found = new Datagrams();
      const frames = [...new CaptureReader().read(new Uint8Array(file))].filter((item) => item.kind === "frame");
      const ours = frames.flatMap((item) => found.of(item) ?? []);
      expect(ours.map(({ at, from, to, ttl, bytes }) => ({ at, from, to, ttl, bytes: [...bytes] }))).toEqual(
        [...datagrams(file)].map((item) => ({ ...item, bytes: [...item.bytes] })),
      );
    }
  });

  it("never throws on octets of chance, of whatever link", () => {
    const links = [0, 1, 101, 113, 276].filter((link) => isKnownLink(link));
    expect(links).toHaveLength(5);
    const start = fc.constantFrom(octets(), IPV4.subarray(0, 9), IPV6.subarray(0, 6), octets(MACS, hex("0800 45")));
    const law = fc.property(fc.constantFrom(...links), start, fc.uint8Array({ maxLength: 90 }), (link, first, rest) => {
      const bytes = octets(first, rest);
      expect(read(link, bytes)?.bytes.length ?? 0).toBeLessThan(bytes.length + 1);
    });
    fc.assert(law, budget(0.02));
  });
});

/** A fragment of an IPv4 packet of UDP. */
function fragment(id: number, offset: number, more: boolean, payload: Uint8Array): Uint8Array {
  const word = (offset / 8) | (more ? 0x2000 : 0);
  const header = hex("45000000 00000000 40110000 0a000001 0a000002");
  const view = new DataView(header.buffer);
  view.setUint16(2, 20 + payload.length);
  view.setUint16(4, id);
  view.setUint16(6, word);
  return octets(header, payload);
}

describe("a datagram in fragments", () => {
  const DATA = Uint8Array.from({ length: 32 }, (_, index) => index);
  const WHOLE = octets(hex("007b 0400 0028 0000"), DATA);
  const PIECES = [
    fragment(7, 0, true, WHOLE.subarray(0, 16)),
    fragment(7, 16, true, WHOLE.subarray(16, 32)),
    fragment(7, 32, false, WHOLE.subarray(32)),
  ];
  const feed = (pieces: readonly Uint8Array[], gap = 0n): (Datagram | null)[] => {
    const found = new Datagrams();
    return pieces.map((bytes, index) => found.of(frame(101, bytes, index + 1, BigInt(index) * gap)));
  };

  it.each([[[0, 1, 2]], [[2, 1, 0]], [[1, 2, 0]]])("is put together in the order %j", (order) => {
    const read = feed(order.map((index) => PIECES[index]!));
    expect(read.slice(0, 2)).toEqual([null, null]);
    expect(read[2]).toMatchObject({ ...FROM_IPV4, packet: 3, bytes: DATA, length: 32 });
  });

  it("of IPv6 is put together", () => {
    const part = (word: number, payload: Uint8Array): Uint8Array =>
      octets(
        IPV6.subarray(0, 4),
        [0, payload.length + 8, 44],
        IPV6.subarray(7, 40),
        [17, 0, 0, word],
        hex("00000009"),
        payload,
      );
    const read = feed([part(1, WHOLE.subarray(0, 16)), part(16, WHOLE.subarray(16))]);
    expect(read[1]).toMatchObject({ ...FROM_IPV6, bytes: DATA });
  });

  it("is dropped whole where two fragments overlap", () => {
    // As many octets in all as the datagram has: only where they lie tells that one part is said twice and one never.
    const clash = fragment(7, 8, true, WHOLE.subarray(8, 24));
    expect(feed([PIECES[0]!, clash, fragment(7, 32, false, WHOLE.subarray(32))])).toEqual([null, null, null]);
  });

  it("has no octets of nowhere: what lies beyond its end makes no whole", () => {
    const beyond = fragment(7, 64, true, WHOLE.subarray(0, 16));
    const last = fragment(7, 16, false, WHOLE.subarray(16, 32));
    expect(feed([beyond, last])).toEqual([null, null]);
    expect(feed([last, beyond])).toEqual([null, null]);
  });

  it("is forgotten after a minute", () => {
    expect(feed(PIECES, 29_000_000_000n)[2]).not.toBeNull();
    expect(feed(PIECES, 31_000_000_000n)[2]).toBeNull();
  });

  it("does not wait for ever among a thousand others", () => {
    const others = Array.from({ length: 1000 }, (_, id) => fragment(id + 100, 0, true, WHOLE.subarray(0, 16)));
    expect(feed([PIECES[0]!, ...others, PIECES[1]!, PIECES[2]!]).every((read) => read === null)).toBe(true);
    expect(feed([...others, ...PIECES]).at(-1)).not.toBeNull();
  });
});

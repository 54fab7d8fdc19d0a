import { describe, expect, it } from "vitest";
import { capture, datagrams } from "./pcap.ts";

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ""), "hex"));

describe("the pcap reader", () => {
  it("reads an IPv4 capture of a real daemon", () => {
    const packets = capture("a1-iburst");
    const first = packets[0]!;
    expect(first.from).toEqual({ ip: "10.1.0.11", port: 123 });
    expect(first.to).toEqual({ ip: "10.1.0.1", port: 123 });
    expect(first.ttl).toBe(64);
    expect(packets.every((packet) => packet.bytes.length === 48)).toBe(true);
  });

  it("reads IPv6 in a big-endian file with nanoseconds, and passes over ARP", () => {
    const file = hex(`
      a1b23c4d 0002 0004 00000000 00000000 00040000 00000001
      00000001 00000000 0000000e 0000000e  ffffffffffff 020000000001 0806
      00000001 00000002 00000042 00000042  333300000101 020000000001 86dd
      60000000 000c 11 07 20010db8000000000000000000000001 ff020000000000000000000000000101
      007b 0400 000c 0000 deadbeef`);
    expect([...datagrams(file)]).toEqual([
      {
        at: 1_000_000_002n,
        from: { ip: "2001:db8::1", port: 123 },
        to: { ip: "ff02::101", port: 1024 },
        ttl: 7,
        bytes: hex("deadbeef"),
      },
    ]);
  });

  it("refuses a file of another kind", () => {
    expect(() => [...datagrams(new Uint8Array(24))]).toThrow("not a pcap file");
  });
});

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Damage, Frame } from "../../src/capture/frame.ts";
import { CaptureReader } from "../../src/capture/reader.ts";
import { budget } from "../support/budget.ts";
import { block, described, enhanced, hex, octets, pcap, section, words } from "./files.ts";

/** All that a file says, given in chunks of a length. */
function readAll(file: Uint8Array, chunk = file.length || 1): (Frame | Damage)[] {
  const reader = new CaptureReader();
  const read: (Frame | Damage)[] = [];
  for (let offset = 0; offset < file.length; offset += chunk) {
    read.push(...reader.read(file.subarray(offset, offset + chunk)));
  }
  const end = reader.end();
  return end === null ? read : [...read, end];
}

const AT = 1_795_293_469_123_456_000n;
const PACKET = hex("45000014 00000000 40110000 0a000001 0a000002");

describe("a capture file", () => {
  it.each([
    ["little-endian microseconds", {}],
    ["big-endian microseconds", { little: false }],
    ["little-endian nanoseconds", { nanoseconds: true }],
    ["big-endian nanoseconds", { little: false, nanoseconds: true }],
  ])("of pcap is read in %s", (_, options) => {
    const file = pcap([{ at: AT, bytes: PACKET, length: 90 }], { ...options, link: 101 });
    expect(readAll(file)).toEqual([{ kind: "frame", packet: 1, at: AT, link: 101, bytes: PACKET, length: 90 }]);
  });

  it.each([true, false])("of pcapng is read in its section's byte order (little-endian: %s)", (little) => {
    const file = octets(
      section(little),
      described(little, 1),
      block(little, 5, hex("00000000")),
      enhanced(little, 0, AT / 1000n, PACKET),
    );
    expect(readAll(file)).toEqual([
      { kind: "frame", packet: 1, at: AT, link: 1, bytes: PACKET, length: PACKET.length },
    ]);
  });

  it("of pcapng may begin again with other interfaces in another byte order", () => {
    const file = octets(
      section(true),
      described(true, 1),
      enhanced(true, 0, AT / 1000n, PACKET),
      section(false),
      described(false, 276),
      enhanced(false, 0, AT / 1000n, PACKET),
    );
    expect(readAll(file)).toMatchObject([
      { packet: 1, link: 1, at: AT },
      { packet: 2, link: 276, at: AT },
    ]);
  });

  it.each([
    ["nanoseconds", hex("0900 0100 09000000"), AT],
    ["2^-32 s", hex("0900 0100 a0000000"), (1_795_293_469n << 32n) | 0x8000_0000n],
    ["seconds later", hex("0900 0100 09000000 0e00 0800 0200000000000000"), AT],
  ])("of pcapng counts time in an interface's own unit: %s", (name, options, units) => {
    const file = octets(section(true), described(true, 1, options), enhanced(true, 0, units, PACKET));
    const expected = { "2^-32 s": 1_795_293_469_500_000_000n, "seconds later": AT + 2_000_000_000n }[name] ?? AT;
    expect(readAll(file)).toMatchObject([{ kind: "frame", at: expected }]);
  });

  it("of pcapng with simple packets has no times, and their lengths from the interface", () => {
    const simple = block(true, 3, octets(words(true, 90), PACKET));
    const file = octets(section(true), described(true, 101, octets(), PACKET.length), simple);
    expect(readAll(file)).toMatchObject([{ at: null, bytes: PACKET, length: 90 }]);
  });

  it("is the same in chunks of any length", () => {
    const packets = [1, 2, 3].map((number) => ({ at: AT + BigInt(number) * 1000n, bytes: PACKET }));
    const ng = octets(
      section(true),
      described(true, 1),
      block(true, 4, new Uint8Array(40)),
      enhanced(true, 0, AT, PACKET),
    );
    for (const file of [pcap(packets), ng]) {
      fc.assert(
        fc.property(fc.integer({ min: 1, max: file.length }), (chunk) => {
          expect(readAll(file, chunk)).toEqual(readAll(file));
        }),
      );
    }
  });

  it.each([
    ["empty", octets(), { fault: "empty", offset: 0, packets: 0 }],
    ["no capture", hex("504b0304 00000000"), { fault: "format", offset: 0 }],
    ["shorter than a magic number", hex("d4c3"), { fault: "format" }],
    ["of a version to come", hex("d4c3b2a1 0900 0000 00000000 00000000 00000400 01000000"), { fault: "version" }],
    ["cut in its header", pcap([]).subarray(0, 20), { fault: "cut", packets: 0 }],
    [
      "cut in mid-packet",
      pcap([
        { at: AT, bytes: PACKET },
        { at: AT, bytes: PACKET },
      ]).subarray(0, -1),
      { fault: "cut", offset: 60, packets: 1 },
    ],
    [
      "of a packet too long",
      octets(pcap([]), words(true, 0, 0, 0x7fffffff, 60)),
      { fault: "recordLength", offset: 24 },
    ],
    [
      "of an interface unknown",
      octets(section(true), enhanced(true, 0, AT, PACKET)),
      { fault: "interface", offset: 28 },
    ],
    ["of a block too short", octets(section(true), words(true, 6, 8)), { fault: "blockLength", offset: 28 }],
    ["of a block not of words", octets(section(true), words(true, 4, 13)), { fault: "blockLength", offset: 28 }],
    [
      "cut in a block passed over",
      octets(section(true), block(true, 4, new Uint8Array(40))).subarray(0, -4),
      { fault: "cut" },
    ],
    [
      "of interfaces without end",
      octets(section(true), ...Array.from({ length: 4097 }, () => described(true, 1))),
      { fault: "interfaces" },
    ],
  ])("that is %s says so, and where", (_, file, damage) => {
    expect(readAll(file).at(-1)).toMatchObject({ kind: "damage", ...damage });
  });

  it("says one thing of damage, however much comes after it", () => {
    const reader = new CaptureReader();
    expect([...reader.read(hex("504b0304"))]).toHaveLength(1);
    expect([...reader.read(pcap([{ at: AT, bytes: PACKET }]))]).toEqual([]);
    expect(reader.isDamaged).toBe(true);
    expect(reader.end()).toBeNull();
  });

  it("never throws, nor gives longer frames than there are octets, on files mutated at chance", () => {
    const whole = readFileSync(new URL("../fixtures/captures/a1-iburst.pcap", import.meta.url));
    const ng = octets(section(true), described(true, 1), enhanced(true, 0, AT, PACKET), enhanced(true, 0, AT, PACKET));
    const mutation = fc.record({ at: fc.nat(), to: fc.nat({ max: 255 }) });
    const law = fc.property(
      fc.constantFrom(new Uint8Array(whole), ng),
      fc.array(mutation, { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 999 }),
      (original, mutations, chunk) => {
        const file = original.slice();
        for (const { at, to } of mutations) file[at % file.length] = to;
        const frames = readAll(file, chunk).filter((read) => read.kind === "frame");
        const sum = frames.reduce((length, { bytes }) => length + bytes.length, 0);
        expect(sum).toBeLessThan(file.length);
      },
    );
    fc.assert(law, budget(0.02));
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { NtpTimestamp } from "../../src/time/timestamp.ts";
import { encodeHeader, type Header } from "../../src/wire/header.ts";
import { isCryptoNak } from "../../src/wire/mac.ts";
import { MAX_PACKET_LENGTH, decodePacket, encodePacket, type Packet, type PacketParts } from "../../src/wire/packet.ts";
import { budget } from "../support/budget.ts";
import * as arbitrary from "./arbitraries.ts";

const HEADER: Header = {
  leap: "none",
  version: 4,
  mode: "server",
  stratum: 2,
  poll: 6,
  precision: -24,
  rootDelay: 0.5,
  rootDispersion: 0.25,
  referenceId: 0xc000_0207,
  reference: 1n as NtpTimestamp,
  origin: 2n as NtpTimestamp,
  receive: 3n as NtpTimestamp,
  transmit: 4n as NtpTimestamp,
};

/** A datagram of version 4 unless told otherwise: the header and whatever follows it. */
function datagram(rest: readonly number[] | Uint8Array, header: Header = HEADER): Uint8Array {
  return Uint8Array.from([...encodeHeader(header), ...rest]);
}

/** A field whose length says `length`, with as many octets as `actual`. */
function field(type: number, length: number, actual: number = length): number[] {
  return [type >> 8, type & 0xff, length >> 8, length & 0xff, ...Array<number>(actual - 4).fill(0)];
}

const withValue = (length: number): PacketParts => ({
  header: HEADER,
  extensions: [{ type: 1, value: new Uint8Array(length) }],
  mac: null,
});

const zeros = (length: number): number[] => Array<number>(length).fill(0);

function decoded(bytes: Uint8Array): Packet {
  const packet = decodePacket(bytes);
  if (packet.kind !== "packet") throw new Error(packet.fault);
  return packet;
}

const faultOf = (bytes: Uint8Array): string => {
  const packet = decodePacket(bytes);
  return packet.kind === "malformed" ? packet.fault : "none";
};

describe("a plain packet", () => {
  it("is read field by field", () => {
    const bytes = Uint8Array.from(
      Buffer.from(
        "dc 02 0a e8 00010000 00008000 47505300 eeac7f9b d5d97a30 00000001 00000002 00000003 00000004 00000005 00000006".replaceAll(
          " ",
          "",
        ),
        "hex",
      ),
    );
    expect(decoded(bytes)).toEqual({
      kind: "packet",
      header: {
        leap: "unsynchronized",
        version: 3,
        mode: "server",
        stratum: 2,
        poll: 10,
        precision: -24,
        rootDelay: 1,
        rootDispersion: 0.5,
        referenceId: 0x4750_5300,
        reference: 0xeeac7f9b_d5d97a30n,
        origin: 0x1_0000_0002n,
        receive: 0x3_0000_0004n,
        transmit: 0x5_0000_0006n,
      },
      extensions: [],
      mac: null,
      covered: 48,
    });
  });

  it("is read where it lies in a larger buffer", () => {
    const pool = new Uint8Array(200).fill(0xff);
    pool.set(encodeHeader(HEADER), 7);
    expect(decoded(pool.subarray(7, 55)).header).toEqual(HEADER);
  });
});

describe("what is no packet", () => {
  it.each([0, 1, 12, 47])("names %i octets too short", (length) => {
    expect(faultOf(encodeHeader(HEADER).subarray(0, length))).toBe("tooShort");
  });

  it("names a datagram beyond the limit too long", () => {
    expect(faultOf(datagram(field(0x0104, MAX_PACKET_LENGTH - 48)))).toBe("none");
    expect(faultOf(datagram(field(0x0104, MAX_PACKET_LENGTH - 44)))).toBe("tooLong");
  });

  it.each([0, 5, 6, 7])("does not take version %i", (version) => {
    expect(faultOf(datagram([], { ...HEADER, version }))).toBe("version");
  });

  it.each([1, 2, 3, 4])("takes version %i", (version) => {
    expect(decoded(datagram([], { ...HEADER, version })).header.version).toBe(version);
  });

  it.each(["reserved", "control", "private"] as const)("leaves mode %s to others", (mode) => {
    expect(faultOf(datagram([], { ...HEADER, mode }))).toBe("mode");
  });
});

describe("a MAC", () => {
  it.each([
    [20, 16],
    [24, 20],
  ])("of %i octets is a key identifier and a digest of %i", (length, digest) => {
    const packet = decoded(datagram([0, 0, 0, 9, ...Array<number>(length - 4).fill(0xab)]));
    expect(packet.mac).toEqual({ keyId: 9, digest: new Uint8Array(digest).fill(0xab) });
    expect(packet.covered).toBe(48);
    expect(isCryptoNak(packet.mac!)).toBe(false);
  });

  it("of four zero octets is a crypto-NAK", () => {
    const packet = decoded(datagram(zeros(4)));
    expect(isCryptoNak(packet.mac!)).toBe(true);
  });

  it("without digest is no crypto-NAK when it names a key", () => {
    const packet = decoded(datagram([0, 0, 0, 1]));
    expect(packet.mac).toEqual({ keyId: 1, digest: new Uint8Array(0) });
    expect(isCryptoNak(packet.mac!)).toBe(false);
  });

  it.each([1, 2, 3, 5, 8, 12, 16, 18, 22, 25, 27])("does not have %i octets", (length) => {
    expect(faultOf(datagram(zeros(length)))).toBe("macLength");
  });

  it("follows the extension fields", () => {
    const packet = decoded(datagram([...field(0x0002, 16), ...field(0x2005, 28), 0, 0, 0, 7, ...zeros(20)]));
    expect(packet.extensions.map(({ type, offset }) => [type, offset])).toEqual([
      [0x0002, 48],
      [0x2005, 64],
    ]);
    expect(packet.mac?.keyId).toBe(7);
    expect(packet.covered).toBe(92);
  });

  it("may be a crypto-NAK after extension fields", () => {
    const packet = decoded(datagram([...field(0x0104, 36), ...zeros(4)]));
    expect(packet.extensions).toHaveLength(1);
    expect(isCryptoNak(packet.mac!)).toBe(true);
    expect(packet.covered).toBe(84);
  });
});

describe("extension fields", () => {
  it("may end a packet when the last has 28 octets", () => {
    const packet = decoded(datagram([...field(0x0104, 16), ...field(0x0404, 28)]));
    expect(packet.extensions.map(({ value }) => value.length)).toEqual([12, 24]);
    expect(packet.mac).toBeNull();
    expect(packet.covered).toBe(92);
  });

  it("are taken for a MAC where their length is one: 24 octets at the end are never a field", () => {
    const packet = decoded(datagram(field(0x0104, 24)));
    expect(packet.extensions).toEqual([]);
    expect(packet.mac?.keyId).toBe(0x0104_0018);
  });

  it("of 16 octets cannot end a packet", () => {
    expect(faultOf(datagram([...field(0x0104, 36), ...field(0x0104, 16)]))).toBe("macLength");
  });

  it.each([
    ["of length 0", field(0x0104, 0, 28)],
    ["shorter than their own head", field(0x0104, 3, 28)],
    ["shorter than 16 octets", field(0x0104, 12, 32)],
    ["not a multiple of four", field(0x0104, 29, 32)],
    ["running off the end", field(0x0104, 32, 28)],
    ["running far off the end", field(0x0104, 0xfffc, 28)],
  ])("%s are a fault", (_, rest) => {
    expect(faultOf(datagram(rest))).toBe("extensionLength");
  });

  it.each([1, 2, 3])("do not exist in version %i", (version) => {
    const header = { ...HEADER, version };
    expect(faultOf(datagram(field(0x0104, 36), header))).toBe("macLength");
    expect(decoded(datagram(zeros(20), header)).mac).not.toBeNull();
    expect(() => encodePacket({ header, extensions: [{ type: 1, value: new Uint8Array(24) }], mac: null })).toThrow(
      "no extension fields",
    );
  });

  it("of Autokey may be eight octets long, as ntpd sends them", () => {
    const packet = decoded(datagram([...field(0x0204, 8), 0, 1, 0, 0, ...zeros(16)]));
    expect(packet.extensions.map(({ type, value }) => [type, value.length])).toEqual([[0x0204, 4]]);
    expect(packet.mac?.keyId).toBe(0x10000);
    expect(faultOf(datagram([...field(0x0204, 4), ...zeros(28)]))).toBe("extensionLength");
  });

  it("as NTS uses them need no MAC", () => {
    const packet = decoded(
      datagram([...field(0x0104, 36), ...field(0x0204, 104), ...field(0x0304, 104), ...field(0x0404, 40)]),
    );
    expect(packet.extensions.map(({ type }) => type)).toEqual([0x0104, 0x0204, 0x0304, 0x0404]);
    expect(packet.mac).toBeNull();
  });

  it("are padded to a word, to 16 octets, and to 28 with what ends the packet", () => {
    const value = Uint8Array.of(1, 2, 3, 4, 5);
    const twice = [
      { type: 0x0104, value },
      { type: 0x0104, value },
    ];
    const lengths = (bytes: Uint8Array): number[] => decoded(bytes).extensions.map((each) => each.value.length);
    expect(lengths(encodePacket({ header: HEADER, extensions: twice, mac: null }))).toEqual([12, 24]);
    expect(
      lengths(encodePacket({ header: HEADER, extensions: twice, mac: { keyId: 1, digest: new Uint8Array(16) } })),
    ).toEqual([12, 12]);
    expect(
      lengths(encodePacket({ header: HEADER, extensions: twice, mac: { keyId: 0, digest: new Uint8Array(0) } })),
    ).toEqual([12, 20]);
    const long = encodePacket({
      header: HEADER,
      extensions: [{ type: 0x0104, value: new Uint8Array(29).fill(7) }],
      mac: null,
    });
    expect(decoded(long).extensions[0]!.value).toEqual(Uint8Array.from([...Array<number>(29).fill(7), 0, 0, 0]));
  });
});

describe("what cannot be encoded", () => {
  it("is a digest of another length", () => {
    expect(() =>
      encodePacket({ header: HEADER, extensions: [], mac: { keyId: 1, digest: new Uint8Array(32) } }),
    ).toThrow(RangeError);
  });

  it("is a value longer than a field", () => {
    expect(encodePacket(withValue(65_528))).toHaveLength(48 + 65_532);
    expect(() => encodePacket(withValue(65_529))).toThrow(RangeError);
  });
});

describe("laws", () => {
  it("decoding undoes encoding", () => {
    fc.assert(
      fc.property(arbitrary.parts, (parts) => {
        const packet = decoded(encodePacket(parts));
        expect(packet.header).toEqual(parts.header);
        expect(packet.extensions.map(({ type, value }) => ({ type, value }))).toEqual(parts.extensions);
        expect(packet.mac).toEqual(parts.mac);
      }),
      budget(0.1),
    );
  });

  it("encoding undoes decoding, and nothing throws, on octets that look like packets", () => {
    fc.assert(fc.property(arbitrary.datagram, survives), budget(0.1));
  });

  it("encoding undoes decoding, and nothing throws, on any octets", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), survives), budget(0.05));
  });

  it("encoding undoes decoding, and nothing throws, on damaged packets", () => {
    const damaged = fc
      .tuple(arbitrary.parts, fc.nat(), fc.integer({ min: 0, max: 0xff }), fc.nat(60))
      .map(([parts, place, octet, cut]) => {
        const bytes = encodePacket(parts);
        bytes[place % bytes.length] = octet;
        return bytes.subarray(0, bytes.length - Math.max(0, cut - 30));
      });
    fc.assert(fc.property(damaged, survives), budget(0.05));
  });
});

/** Whatever is decoded is encoded the same again, and whatever is not has a named fault. */
function survives(bytes: Uint8Array): void {
  const packet = decodePacket(bytes);
  if (packet.kind === "packet") {
    expect(Buffer.from(encodePacket(packet))).toEqual(Buffer.from(bytes));
    const trailer = packet.mac === null ? 0 : 4 + packet.mac.digest.length;
    expect(packet.covered + trailer).toBe(bytes.length);
  } else {
    expect(Object.keys(packet)).toEqual(["kind", "fault"]);
  }
}

import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { asciiWord, ipv4Word, refidColumn, refidOfAddress, refidText, refidWord } from "../../src/wire/refid.ts";

const md5 = (octets: Uint8Array): Uint8Array => createHash("md5").update(octets).digest();
const word = fc.integer({ min: 0, max: 0xffff_ffff });
const visibleWord = fc
  .string({
    unit: fc.integer({ min: 0x21, max: 0x7e }).map((octet) => String.fromCharCode(octet)),
    minLength: 1,
    maxLength: 4,
  })
  .map((text) => Buffer.from(text.padEnd(4, "\0")).readUInt32BE(0));
const GPS = 0x4750_5300;

describe("a reference identifier", () => {
  it.each([
    [0, 0x5241_5445, "RATE", ".RATE."],
    [1, GPS, "GPS", ".GPS."],
    [1, 0x5050_5330, "PPS0", ".PPS0."],
    [16, 0x494e_4954, "INIT", ".INIT."],
    [2, 0xc000_0207, "192.0.2.7", "192.0.2.7"],
    [15, 0, "0.0.0.0", "0.0.0.0"],
    [2, GPS, "71.80.83.0", "71.80.83.0"],
    [0, 0, "", ""],
    [1, 0x4100_4200, "A", ".A."],
    [1, 0x0041_4243, "", ""],
    [1, 0x4120_5c7f, "A.\\.", ".A.\\.."],
    [1, 0x412c_222c, 'A.".', '.A."..'],
    [1, 0x1b5b_324a, ".[2J", "..[2J."],
    [0, 0xc3a9_0a0d, "....", "......"],
    [1, 0x7f7f_0101, "....", "......"],
    [16, 0x7f7f_0101, "....", "......"],
    [3, 0x7f7f_0100, "LOCAL(0)", "LOCAL(0)"],
    [11, 0x7f7f_1402, "GPS_NMEA(2)", "GPS_NMEA(2)"],
    [2, 0x7f7f_2e01, "GPSD_JSON(1)", "GPSD_JSON(1)"],
    [2, 0x7f7f_fa04, "REFCLK(250,4)", "REFCLK(250,4)"],
    [2, 0x7f00_0001, "127.0.0.1", "127.0.0.1"],
  ])("at stratum %i, %i, is %s and in the column %s", (stratum, value, text, column) => {
    expect(refidText(stratum, value)).toBe(text);
    expect(refidColumn(stratum, value)).toBe(column);
  });

  it("never shows an octet that is not visible ASCII", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 255 }), word, (stratum, value) => {
        expect(refidColumn(stratum, value)).toMatch(/^[!-~]*$/);
      }),
    );
  });

  it("is read back from its text", () => {
    fc.assert(
      fc.property(fc.constantFrom(0, 1, 16), visibleWord, (stratum, value) => {
        fc.pre(asciiWord(value) !== null && !asciiWord(value)!.includes(","));
        expect(refidWord(refidText(stratum, value))).toBe(value);
      }),
    );
    fc.assert(
      fc.property(word, (value) => {
        fc.pre(value >>> 16 !== 0x7f7f);
        expect(refidWord(refidText(2, value))).toBe(value);
      }),
    );
  });

  it.each(["LOCAL", "A B", "A\x7f", "é", "192.0.2.256", "192.0.2"])("is not read from %s", (text) => {
    expect(refidWord(text)).toBeNull();
  });
});

describe("the reference identifier of an address", () => {
  it("is the IPv4 address itself, mapped or not", () => {
    expect(refidOfAddress("192.0.2.7", md5)).toBe(0xc000_0207);
    expect(refidOfAddress("::ffff:192.0.2.7", md5)).toBe(0xc000_0207);
    expect(ipv4Word("255.255.255.255")).toBe(0xffff_ffff);
  });

  it("is the first word of the MD5 of an IPv6 address's 16 octets, whatever the zone", () => {
    const octets = Buffer.from("fe800000000000000000000000000001", "hex");
    expect(refidOfAddress("fe80::1%eth0", md5)).toBe(Buffer.from(md5(octets)).readUInt32BE(0));
    // From Python: hashlib.md5(ipaddress.ip_address("2001:db8::1").packed)
    expect(refidOfAddress("2001:db8::1", md5)).toBe(0x39ab_9b37);
  });

  it("does not exist for a name", () => {
    expect(refidOfAddress("ntp.example", md5)).toBeNull();
    expect(ipv4Word("2001:db8::1")).toBeNull();
  });
});

describe("a word of ASCII", () => {
  it.each([
    [GPS, "GPS"],
    [0x5800_0000, "X"],
    [0x5241_5445, "RATE"],
    [0, null],
    [0x0052_4154, null],
    [0x5200_5445, null],
    [0x5241_5420, null],
    [0xc000_0207, null],
  ])("%i is %s", (value, text) => {
    expect(asciiWord(value)).toBe(text);
  });
});

import { isIP } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addressKey,
  addressLiteral,
  addressOctets,
  addressText,
  canonicalAddress,
  inNetwork,
  isLinkLocal,
  isLoopback,
  isMulticast,
  isPrivate,
  isSameAddress,
  parseAddressLiteral,
} from "../../src/wire/address.ts";

const ipv6Octets = fc
  .array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), { minLength: 8, maxLength: 8 })
  .map((groups) => Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff])));

const NO_LITERALS = [
  [
    "",
    ":",
    ":::",
    "::1::",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7:8::",
    "12345::",
    "g::",
    "1::2:3:4:5:6:7:8",
  ],
  [
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.256",
    "01.2.3.4",
    "1.2.3.4.",
    ".1.2.3.4",
    "1.2.3.4::",
    "::1.2.3",
    "1.2.3.4:5::",
    "::1.2.3.4:5",
  ],
  ["1.2.3.4%eth0", "::ffff:1.2.3.4%eth0", "fe80::1%", "fe80::1%a b", "fe80::1%a%b", "fe80::1%\u001b", "::%"],
  ["[::1]", " ::1", "::1\n", "example.net"],
].flat();

const inside = (ip: string, network: string, bits: number): boolean =>
  inNetwork(addressOctets(ip)!, addressOctets(network)!, bits);

describe("an address", () => {
  it("has a text and a key", () => {
    expect(addressText({ ip: "192.0.2.7", port: 123 })).toBe("192.0.2.7:123");
    expect(addressText({ ip: "2001:db8::7", port: 123 })).toBe("[2001:db8::7]:123");
    expect(addressKey({ ip: "::1", port: 11 })).not.toBe(addressKey({ ip: "::11", port: 1 }));
  });
});

describe("canonical text (RFC 5952)", () => {
  it.each([
    ["2001:0db8::0001", "2001:db8::1"],
    ["2001:db8:0:0:0:0:2:1", "2001:db8::2:1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:DB8::ABCD", "2001:db8::abcd"],
    ["0:0:0:0:0:0:0:0", "::"],
    ["0:0:0:0:0:0:0:1", "::1"],
    ["1:0:0:0:0:0:0:0", "1::"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
    ["::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"],
    ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["::ffff:c000:207", "192.0.2.7"],
    ["FE80::1%eth0.100", "fe80::1%eth0.100"],
    ["192.0.2.7", "192.0.2.7"],
    ["0.0.0.0", "0.0.0.0"],
  ])("of %s is %s", (text, canonical) => {
    expect(canonicalAddress(text)).toBe(canonical);
    expect(canonicalAddress(canonical)).toBe(canonical);
  });

  it.each(NO_LITERALS)("does not exist for %j", (text) => {
    expect(parseAddressLiteral(text)).toBeNull();
    expect(canonicalAddress(text)).toBeNull();
  });

  it("is what the platform's own parser writes", () => {
    fc.assert(
      fc.property(ipv6Octets, (octets) => {
        const text = addressLiteral(octets);
        fc.pre(text.includes(":"));
        expect(text).toBe(new URL(`http://[${text}]/`).hostname.slice(1, -1));
        expect(addressOctets(text)).toEqual(octets);
      }),
    );
  });

  it("takes what the platform takes, and nothing else", () => {
    const tokens = fc.constantFrom("0", "1", "ffff", "255", "256", "01", "::", ":", ".", "1.2.3.4", "00000");
    fc.assert(
      fc.property(fc.array(tokens, { maxLength: 16 }), (parts) => {
        const text = parts.join("");
        expect(parseAddressLiteral(text) !== null).toBe(isIP(text) !== 0);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("octets", () => {
  it("come without the zone", () => {
    expect(parseAddressLiteral("ff02::101%wlan0")).toEqual({
      octets: Uint8Array.from([0xff, 2, ...Array<number>(12).fill(0), 1, 1]),
      zone: "wlan0",
    });
    expect(addressOctets("10.1.0.255")).toEqual(Uint8Array.of(10, 1, 0, 255));
    expect(addressOctets("::ffff:10.1.0.255")).toEqual(Uint8Array.of(10, 1, 0, 255));
  });

  it("are in a network by its prefix", () => {
    expect(inside("192.0.2.7", "192.0.2.0", 24)).toBe(true);
    expect(inside("192.0.3.7", "192.0.2.0", 24)).toBe(false);
    expect(inside("192.0.3.7", "192.0.2.0", 23)).toBe(true);
    expect(inside("192.0.2.7", "192.0.2.7", 32)).toBe(true);
    expect(inside("192.0.2.6", "192.0.2.7", 32)).toBe(false);
    expect(inside("203.0.113.1", "0.0.0.0", 0)).toBe(true);
    expect(inside("2001:db8::1", "0.0.0.0", 0)).toBe(false);
    expect(inside("2001:db8:8000::", "2001:db8::", 33)).toBe(false);
    expect(inside("2001:db8:7fff::", "2001:db8::", 33)).toBe(true);
  });
});

describe("the purpose of an address", () => {
  it.each([
    ["224.0.1.1", "multicast"],
    ["239.255.255.255", "multicast"],
    ["ff05::101", "multicast"],
    ["10.0.0.1", "private"],
    ["172.16.0.1", "private"],
    ["172.31.255.255", "private"],
    ["192.168.1.1", "private"],
    ["::ffff:192.168.1.1", "private"],
    ["fd00::1", "private"],
    ["127.9.9.9", "loopback"],
    ["::1", "loopback"],
    ["169.254.1.1", "linkLocal"],
    ["fe80::1%eth0", "linkLocal"],
    ["febf::1", "linkLocal"],
    ["223.255.255.255", "none"],
    ["240.0.0.1", "none"],
    ["172.15.0.1", "none"],
    ["172.32.0.1", "none"],
    ["192.169.0.1", "none"],
    ["fec0::1", "none"],
    ["fe00::1", "none"],
    ["::2", "none"],
    ["2001:db8::1", "none"],
    ["localhost", "none"],
  ])("%s: %s", (ip, purpose) => {
    const found = {
      multicast: isMulticast(ip),
      private: isPrivate(ip),
      loopback: isLoopback(ip),
      linkLocal: isLinkLocal(ip),
    };
    expect(Object.entries(found).flatMap(([name, is]) => (is ? [name] : []))).toEqual(
      purpose === "none" ? [] : [purpose],
    );
  });
});

describe("an address with its port", () => {
  it("is the same by both, and by neither alone", () => {
    const one = { ip: "192.0.2.1", port: 123 };
    expect(isSameAddress(one, { ...one })).toBe(true);
    expect(isSameAddress(one, { ...one, port: 124 })).toBe(false);
    expect(isSameAddress(one, { ...one, ip: "192.0.2.2" })).toBe(false);
  });
});

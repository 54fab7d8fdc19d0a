/** The SERVER argument. */
import { isIPv6 } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseServer, parseUnicastServer } from "../../src/config/servers.ts";
import { UsageError } from "../../src/config/usage.ts";
import { budget } from "../support/budget.ts";

const plain = { port: null, prefer: false, noselect: false, trusted: false, nts: false, key: null, samples: null };

describe("a server", () => {
  it.each([
    ["ntp.example.net", { name: "ntp.example.net" }],
    ["ntp.example.net:1123", { name: "ntp.example.net", port: 1123 }],
    ["192.0.2.7", { name: "192.0.2.7" }],
    ["192.0.2.7:1123", { name: "192.0.2.7", port: 1123 }],
    ["[2001:db8::7]:1123", { name: "2001:db8::7", port: 1123 }],
    ["[2001:db8::7]", { name: "2001:db8::7" }],
    ["2001:db8::7", { name: "2001:db8::7" }],
    ["::ffff:192.0.2.7", { name: "192.0.2.7" }],
    ["[::ffff:192.0.2.7]:1123", { name: "192.0.2.7", port: 1123 }],
    ["[::FFFF:c000:207],prefer", { name: "192.0.2.7", prefer: true }],
    ["fe80::1%eth0", { name: "fe80::1%eth0" }],
    ["[fe80::1%eth0]:123,prefer", { name: "fe80::1%eth0", port: 123, prefer: true }],
    [
      "a,prefer,noselect,true,key=7,samples=8",
      { name: "a", prefer: true, noselect: true, trusted: true, key: 7, samples: 8 },
    ],
    ["a:4461,nts,prefer", { name: "a", port: 4461, nts: true, prefer: true }],
    ["Zeit.Bücher.example", { name: "zeit.xn--bcher-kva.example" }],
    ["ntp_1.example.net.", { name: "ntp_1.example.net." }],
  ])("%s", (text, expected) => {
    expect(parseServer(text)).toEqual({ ...plain, ...expected });
  });

  it.each([
    ["", "has no name"],
    [":123", "has no name"],
    ["a:0", "out of range"],
    ["a:65536", "out of range"],
    ["a:ntp", "not a whole number"],
    ["[192.0.2.7]:123", '"192.0.2.7" is not an IPv6 address'],
    ["[2001:db8::7", "is not an IPv6 address"],
    ["2001:db8::7:12345:1", "is not an IPv6 address"],
    ["300.0.2.7", '"300.0.2.7" is not an IPv4 address'],
    ["192.0.2", "is not an IPv4 address"],
    ["a b", "is not a host name"],
    ["a..b", "is not a host name"],
    ["h#1123", '"h#1123" is not a host name or an IP address: "#" in column 2'],
    ["host/24", '"host/24" is not a host name or an IP address: "/" in column 5'],
    ["h?x", '"?" in column 2'],
    ["h\\x", '"\\" in column 2'],
    ["h%41", '"%" in column 2'],
    ["h\nx", "U+000A in column 2"],
    ["h\n", "U+000A in column 2"],
    ["h\tx", "U+0009 in column 2"],
    ["h x:123", "a space in column 2"],
    ["h\u200bx", "U+200B in column 2"],
    ["h\u00adx", "U+00AD in column 2"],
    ["192.0.2.7/24", '"/" in column 10'],
    ["192.0.2.7#1", '"#" in column 10'],
    ["2001:db8::/32", "is not an IPv6 address"],
    ["0x7f.1", "is not an IPv4 address"],
    ["0x7f000001", "is not an IPv4 address"],
    ["a.127.1", "is not an IPv4 address"],
    ["\uff11\uff12\uff17.0.0.1", "is not an IPv4 address"],
    ["xn--\u00fc..x", "is not a host name"],
    ["h:+12", 'port: "+12" is not a whole number: "+" in column 3'],
    ["h: 12", '" " in column 3'],
    ["h:12#", '"#" in column 5'],
    ["-x", 'cannot start with "-"'],
    ["a,prefer=1", "takes no value"],
    ["a,key", "needs a value"],
    ["a,key=0", "out of range"],
    ["a,key=65536", "out of range"],
    ["a,samples=none", "not a whole number"],
    ["a,", 'unknown option ""'],
    ["a,nts=1", '",nts" takes no value'],
    ["a,nts,key=1", '",nts" and ",key" exclude each other'],
    ["a,key=1,nts", '",nts" and ",key" exclude each other'],
  ])("%j is refused: %s", (text, message) => {
    expect(() => parseServer(text)).toThrow(UsageError);
    expect(() => parseServer(text)).toThrow(message);
  });

  it("is asked as it was written or not at all: no part is left out", () => {
    const text = fc.string({ unit: fc.constantFrom(..."abz09.-_#/?\\%@:&=+* \n\t\u00ad\u200bx"), maxLength: 12 });
    fc.assert(
      fc.property(text, (word) => {
        let name: string;
        try {
          ({ name } = parseServer(word));
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError);
          return;
        }
        // An IPv6 literal ends in no port (CONTRACT: a bare one is a server).
        expect((isIPv6(word) ? word : word.replace(/:\d+$/, "")).toLowerCase()).toBe(name);
      }),
      { numRuns: 2000 },
    );
  });

  it("is not a group", () => {
    expect(parseServer("239.1.1.1").name).toBe("239.1.1.1");
    for (const group of ["239.1.1.1", "ff05::101", "[ff02::101]:123"])
      expect(() => parseUnicastServer(group)).toThrow("is a multicast group, not a server");
    expect(parseUnicastServer("192.0.2.7")).toEqual({ ...plain, name: "192.0.2.7" });
  });

  it.each([
    ["h..x", "nothing stands before the dot in column 3"],
    [".h", "nothing stands before the dot in column 1"],
    ["a.-b.c", '"-b" in column 3'],
  ])("%s is refused at its column", (text, why) => {
    expect(() => parseServer(text)).toThrow(`server "${text}": "${text}" is not a host name or an IP address: ${why}`);
  });

  it("suggests the option that was meant", () => {
    expect(() => parseServer("a,perfer")).toThrow(expect.objectContaining({ hint: 'did you mean "prefer"?' }));
  });

  it("never throws anything but a usage error", () => {
    const piece = fc.oneof(fc.string(), fc.constantFrom("::1", "[", "]", ":", ",", "=", "%", "key", "1", "localhost"));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        try {
          expect(parseServer(pieces.join("")).name).not.toBe("");
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError);
        }
      }),
      budget(0.05),
    );
  });
});

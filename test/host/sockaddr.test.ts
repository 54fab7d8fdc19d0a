/** Socket addresses between text and structure; Node's own reading of IP literals is the judge. */
import { isIPv4, isIPv6, SocketAddress } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromSockaddr, parse4, parse6, text6, toSockaddr } from "../../src/host/udp/sockaddr.ts";

const octets = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
/** Sixteen octets with long runs of zeros, where texts differ. */
const sparse = fc
  .array(fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat({ max: 0xffff })), { minLength: 8, maxLength: 8 })
  .map((groups) => Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff])));

describe("IPv6 text", () => {
  it("comes back as the same octets", () => {
    fc.assert(
      fc.property(fc.oneof(octets(16), sparse), (bytes) => {
        expect(parse6(text6(bytes, 0))).toEqual(bytes);
      }),
    );
  });

  it("is what Node prints, which follows RFC 5952", () => {
    fc.assert(
      fc.property(sparse, (bytes) => {
        // Node prints the deprecated IPv4-compatible form (RFC 4291 §2.5.5.1) as a dotted quad; RFC 5952 §5 does not ask for it.
        fc.pre(bytes.subarray(0, 12).some((octet) => octet !== 0));
        const long = Array.from({ length: 8 }, (_, at) =>
          (((bytes[2 * at] ?? 0) << 8) | (bytes[2 * at + 1] ?? 0)).toString(16),
        ).join(":");
        expect(text6(bytes, 0)).toBe(new SocketAddress({ address: long, family: "ipv6" }).address);
      }),
    );
  });

  it.each([
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"], // RFC 5952 §4.2.2
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"], // §4.2.3
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:DB8::", "2001:db8::"],
    ["::", "::"],
    ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
  ])("%s is written %s", (text, canonical) => {
    expect(text6(parse6(text) ?? new Uint8Array(16), 0)).toBe(canonical);
  });
});

describe("literals", () => {
  it("are those that Node takes, whatever the text", () => {
    const text = fc.oneof(
      fc.stringMatching(/^[0-9a-f:.]{0,20}$/),
      fc.ipV4(),
      fc.ipV6(),
      fc.tuple(fc.ipV6(), fc.constantFrom(":", "::", "1", ".")).map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(text, (one) => {
        expect([one, parse4(one) !== null, parse6(one) !== null]).toEqual([one, isIPv4(one), isIPv6(one)]);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("a socket address", () => {
  it("comes back as it was", () => {
    const ip = fc.oneof(
      fc.ipV4(),
      octets(16).map((bytes) => text6(bytes, 0)),
    );
    fc.assert(
      fc.property(ip, fc.nat({ max: 65_535 }), (text, port) => {
        expect(fromSockaddr(toSockaddr(text, port) ?? new Uint8Array(28))).toEqual({ ip: text, port });
      }),
    );
  });

  it("is laid out as the kernel has it", () => {
    expect([...(toSockaddr("192.0.2.7", 123) ?? [])]).toEqual([2, 0, 0, 123, 192, 0, 2, 7, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect([...(toSockaddr("fe80::1%3", 0x1234) ?? [])]).toEqual([
      10, 0, 0x12, 0x34, 0, 0, 0, 0, 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3, 0, 0, 0,
    ]);
  });

  it("of another family, or of no address, is none", () => {
    expect(fromSockaddr(new Uint8Array(28))).toBeNull();
    expect(toSockaddr("time.example", 123)).toBeNull();
    expect(toSockaddr("fe80::1%no-such-zone", 123)).toBeNull();
  });
});

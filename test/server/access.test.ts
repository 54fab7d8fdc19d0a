/** Access lists: the most specific entry decides, held against a plain search through all entries. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  AccessList,
  FLAG,
  RESTRICT_FLAGS,
  accessOfRules,
  flagBits,
  flagNames,
  isRestrictFlag,
  parseNetwork,
} from "../../src/server/access.ts";
import type { NetworkRule, RestrictFlag } from "../../src/server/access.ts";
import { isUnanswerable, readSource, sourceOf, sourceText } from "../../src/server/source.ts";
import { addressLiteral, addressOctets, canonicalAddress, inNetwork } from "../../src/wire/address.ts";

function flagsOf(list: AccessList, ip: string, port = 40_000): readonly RestrictFlag[] {
  return flagNames(list.flagsFor(sourceOf(ip)!, port));
}

describe("restrict", () => {
  it("allows everything by itself", () => {
    const list = new AccessList();
    expect(flagsOf(list, "192.0.2.7")).toEqual([]);
    expect(flagsOf(list, "2001:db8::7")).toEqual([]);
  });

  it("lets the longest mask decide alone, in whatever order the lines are", () => {
    const list = new AccessList();
    list.restrict({ address: "10.1.2.3", mask: 32, flags: [] });
    list.restrict({ address: "10.0.0.0", mask: 8, flags: ["noserve"] });
    list.restrictDefault(["ignore"]);
    list.restrict({ address: "10.1.0.0", mask: "255.255.0.0", flags: ["notrust", "nopeer"] });
    expect(flagsOf(list, "10.1.2.3")).toEqual([]);
    expect(flagsOf(list, "10.1.2.4")).toEqual(["nopeer", "notrust"]);
    expect(flagsOf(list, "10.2.0.1")).toEqual(["noserve"]);
    expect(flagsOf(list, "11.0.0.1")).toEqual(["ignore"]);
    expect(flagsOf(list, "2001:db8::1")).toEqual(["ignore"]);
  });

  it("keeps the families' defaults apart", () => {
    const list = new AccessList();
    list.restrictDefault(["ignore"], 6);
    expect(flagsOf(list, "192.0.2.7")).toEqual([]);
    expect(flagsOf(list, "::ffff:192.0.2.7")).toEqual([]);
    expect(flagsOf(list, "2001:db8::1")).toEqual(["ignore"]);
    list.restrictDefault(["noquery"], 4);
    expect(flagsOf(list, "192.0.2.7")).toEqual(["noquery"]);
    expect(flagsOf(list, "2001:db8::1")).toEqual(["ignore"]);
  });

  it("adds the flags of lines for the same network", () => {
    const list = new AccessList();
    list.restrict({ address: "192.0.2.200", mask: 24, flags: ["limited"] });
    list.restrict({ address: "192.0.2.0", mask: 24, flags: ["kod"] });
    expect(flagsOf(list, "192.0.2.1")).toEqual(["limited", "kod"]);
  });

  it("prefers an ntpport line for source port 123 only", () => {
    const list = new AccessList();
    list.restrict({ address: "192.0.2.0", mask: 24, flags: ["ignore"] });
    list.restrict({ address: "192.0.2.0", mask: 24, flags: ["ntpport", "nopeer"] });
    list.restrict({ address: "192.0.2.7", mask: 32, flags: ["ntpport"] });
    expect(flagsOf(list, "192.0.2.1", 123)).toEqual(["nopeer"]);
    expect(flagsOf(list, "192.0.2.1", 124)).toEqual(["ignore"]);
    expect(flagsOf(list, "192.0.2.7", 123)).toEqual([]);
    expect(flagsOf(list, "192.0.2.7", 124)).toEqual(["ignore"]);
  });

  it("gives servers the template of `restrict source`, and takes it back", () => {
    const list = new AccessList();
    list.restrictDefault(["ignore"]);
    list.admitSource("192.0.2.7");
    expect(flagsOf(list, "192.0.2.7")).toEqual(["ignore"]);
    list.restrictSource(["nomodify"]);
    for (const ip of ["192.0.2.7", "2001:db8::7"]) {
      list.admitSource(ip);
      expect(flagsOf(list, ip)).toEqual(["nomodify"]);
      list.dismissSource(ip);
      expect(flagsOf(list, ip)).toEqual(["ignore"]);
      list.admitSource(ip);
      expect(flagsOf(list, ip)).toEqual(["nomodify"]);
    }
  });

  it("leaves an address's own line alone when an association with it comes and goes", () => {
    const list = new AccessList();
    list.restrictSource(["nomodify"]);
    list.restrict({ address: "192.0.2.7", mask: 32, flags: ["noserve"] });
    list.admitSource("192.0.2.7");
    list.dismissSource("192.0.2.7");
    expect(flagsOf(list, "192.0.2.7")).toEqual(["noserve"]);
    list.admitSource("192.0.2.8");
    list.restrict({ address: "192.0.2.8", mask: 32, flags: ["noserve"] });
    list.dismissSource("192.0.2.8");
    expect(flagsOf(list, "192.0.2.8")).toEqual(["noserve"]);
  });

  it("refuses what configurations have been checked for", () => {
    const list = new AccessList();
    expect(() => list.restrict({ address: "nowhere", mask: 0, flags: [] })).toThrow(RangeError);
    expect(() => list.restrict({ address: "192.0.2.7", mask: 33, flags: [] })).toThrow(RangeError);
    expect(() => list.restrict({ address: "192.0.2.7", mask: "ffff::", flags: [] })).toThrow(RangeError);
  });

  it("finds what a search through all entries finds", () => {
    const octet = fc.constantFrom(0, 1, 2, 127, 128, 255);
    const ipv4 = fc.tuple(octet, octet, octet, octet).map((octets) => octets.join("."));
    const ipv6 = fc
      .tuple(octet, octet, octet)
      .map(([a, b, c]) => `20${a.toString(16).padStart(2, "0")}::${b.toString(16)}:${c.toString(16)}`);
    const flags = fc.subarray(["ignore", "noserve", "limited"] as RestrictFlag[]);
    const entries = fc.array(
      fc.oneof(
        fc.record({ address: ipv4, mask: fc.nat(32), flags }),
        fc.record({ address: ipv6, mask: fc.nat(128), flags }),
      ),
      { maxLength: 60, size: "max" },
    );
    fc.assert(
      fc.property(
        entries,
        fc.array(fc.oneof(ipv4, ipv6), { minLength: 1, maxLength: 20, size: "max" }),
        (all, sources) => {
          const list = new AccessList();
          for (const entry of all) list.restrict(entry);
          for (const ip of [...sources, ...all.map(({ address }) => address)]) {
            const octets = addressOctets(ip)!;
            const matching = all.filter(({ address, mask }) => inNetwork(octets, addressOctets(address)!, mask));
            const longest = Math.max(-1, ...matching.map(({ mask }) => mask));
            const expected = flagBits(matching.filter(({ mask }) => mask === longest).flatMap((entry) => entry.flags));
            expect(list.flagsFor(sourceOf(ip)!, 1), ip).toBe(expected);
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe("flags", () => {
  it("have one bit each, and their names come back", () => {
    const names = Object.keys(RESTRICT_FLAGS) as RestrictFlag[];
    expect(new Set(Object.values(FLAG)).size).toBe(names.length);
    expect(flagNames(flagBits(names))).toEqual(names);
    expect(names.every(isRestrictFlag)).toBe(true);
    expect(isRestrictFlag("mask")).toBe(false);
  });
});

describe("--allow and --deny", () => {
  const listOf = (...rules: [NetworkRule["verb"], string][]): AccessList => {
    const made = accessOfRules(
      rules.map(([verb, network]) => ({ verb, network })),
      ["limited"],
    );
    if ("fault" in made) throw new Error(made.fault);
    return new AccessList(made);
  };

  it("without rules everything is allowed", () => {
    expect(flagsOf(listOf(), "192.0.2.7")).toEqual(["limited"]);
  });

  it("deny closes a network, allow opens one and closes the rest", () => {
    expect(flagsOf(listOf(["deny", "192.0.2.0/24"]), "192.0.2.7")).toEqual(["ignore"]);
    expect(flagsOf(listOf(["deny", "192.0.2.0/24"]), "192.0.3.7")).toEqual(["limited"]);
    const list = listOf(["allow", "10.0.0.0/8"], ["deny", "10.9.0.0/16"], ["allow", "10.9.9.9"]);
    expect(flagsOf(list, "10.1.1.1")).toEqual(["limited"]);
    expect(flagsOf(list, "10.9.1.1")).toEqual(["ignore"]);
    expect(flagsOf(list, "10.9.9.9")).toEqual(["limited"]);
    expect(flagsOf(list, "192.0.2.7")).toEqual(["ignore"]);
    expect(flagsOf(list, "2001:db8::1")).toEqual(["ignore"]);
  });

  it("deny wins over allow for the same network", () => {
    expect(flagsOf(listOf(["deny", "10.0.0.0/8"], ["allow", "10.0.0.0/8"]), "10.1.1.1")).toContain("ignore");
  });

  it("names the network that is none", () => {
    expect(accessOfRules([{ verb: "allow", network: "10.0.0.0/33" }])).toEqual({ fault: "10.0.0.0/33" });
  });

  it.each(["", "/8", "10.0.0.0/", "10.0.0.0/x", "fe80::1%eth0", "2001:db8::/129", "host"])(
    "reads no network from %j",
    (text) => {
      expect(parseNetwork(text)).toBeNull();
    },
  );
});

describe("control queries", () => {
  const may = (list: AccessList, ip: string, port = 40_000): boolean =>
    list.queryRights(sourceOf(ip)!, port) !== "none";

  it("are this host's alone, unless somebody asked for more", () => {
    const list = new AccessList();
    expect(["127.0.0.1", "127.9.9.9", "::1"].map((ip) => may(list, ip))).toEqual([true, true, true]);
    expect(["192.0.2.7", "128.0.0.1", "0.0.0.1", "2001:db8::1", "::2"].filter((ip) => may(list, ip))).toEqual([]);
    list.restrict({ address: "192.0.2.0", mask: 24, flags: ["nomodify"] });
    expect(list.queryRights(sourceOf("192.0.2.7")!, 123)).toBe("read");
    expect(list.queryRights(sourceOf("::1")!, 123)).toBe("all");
    expect(may(list, "192.0.3.7")).toBe(false);
    list.restrictDefault([], 4);
    expect(may(list, "192.0.3.7")).toBe(true);
    expect(may(list, "2001:db8::1")).toBe(false);
  });

  it("are nobody's under noquery or ignore, and not opened by --allow", () => {
    const list = new AccessList();
    list.restrictDefault(["noquery"]);
    list.restrict({ address: "192.0.2.0", mask: 24, flags: ["ignore"] });
    list.restrict({ address: "192.0.2.7", mask: 32, flags: ["ntpport"] });
    expect(["127.0.0.1", "::1", "192.0.2.1", "198.51.100.1"].filter((ip) => may(list, ip))).toEqual([]);
    expect([may(list, "192.0.2.7", 123), may(list, "192.0.2.7", 124)]).toEqual([true, false]);
    const rules = accessOfRules([{ verb: "allow", network: "192.0.2.0/24" }]);
    expect("fault" in rules || may(new AccessList(rules), "192.0.2.7")).toBe(false);
  });

  it("get the list itself, with how often each entry counted", () => {
    const list = new AccessList();
    list.restrict({ address: "2001:db8::", mask: 32, flags: ["limited"] });
    list.restrict({ address: "192.0.2.0", mask: 24, flags: ["kod", "ntpport"] });
    list.flagsFor(sourceOf("192.0.2.9")!, 123);
    list.flagsFor(sourceOf("192.0.2.9")!, 124);
    list.flagsFor(sourceOf("192.0.2.9")!, 123);
    list.queryRights(sourceOf("192.0.2.9")!, 123);
    expect(list.entries()).toEqual([
      { address: "192.0.2.0", mask: "255.255.255.0", flags: ["kod", "ntpport"], hits: 2 },
      { address: "0.0.0.0", mask: "0.0.0.0", flags: [], hits: 1 },
      { address: "2001:db8::", mask: "ffff:ffff::", flags: ["limited"], hits: 0 },
      { address: "::", mask: "::", flags: [], hits: 0 },
    ]);
  });
});

describe("source addresses", () => {
  it("come back from their words", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 })),
        (octets) => {
          const text = addressLiteral(octets);
          expect(sourceText(sourceOf(text)!)).toBe(text);
        },
      ),
    );
  });

  it("are read as the address room reads them", () => {
    const digits = fc.stringMatching(/^[0-9.]{1,16}$/);
    const quads = fc.tuple(fc.nat(300), fc.nat(300), fc.nat(300), fc.nat(300)).map((octets) => octets.join("."));
    fc.assert(
      fc.property(
        fc.oneof(
          digits,
          quads,
          fc.ipV4(),
          fc.ipV6(),
          fc.constantFrom("", "1.2.3", "01.2.3.4", "1.2.3.4.", "1..2.3", "::ffff:1.2.3.4", "fe80::1%eth0"),
        ),
        (text) => {
          const words = { a: 9, b: 9, c: 9, d: 9 };
          expect(readSource(text, words)).toBe(canonicalAddress(text) !== null);
          expect(sourceText(words)).toBe(canonicalAddress(text)?.replace(/%.*/, "") ?? "::");
        },
      ),
      { numRuns: 500 },
    );
  });

  it.each(["0.0.0.0", "0.1.2.3", "224.0.1.1", "239.255.255.255", "255.255.255.255", "::", "ff02::101"])(
    "nobody can be %s",
    (ip) => {
      expect(isUnanswerable(sourceOf(ip)!)).toBe(true);
    },
  );

  it.each(["1.0.0.1", "127.0.0.1", "223.255.255.255", "::1", "fe80::1", "2001:db8::1"])("%s can be somebody", (ip) => {
    expect(isUnanswerable(sourceOf(ip)!)).toBe(false);
  });
});

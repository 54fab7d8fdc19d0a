/** Groups, and what the commands that find servers make of their options. */
import { describe, expect, it } from "vitest";
import { discoveryConfig, type DiscoveryOptions } from "../../src/config/discovery.ts";
import { isScoped, parseBroadcastAddress, parseGroup, parseHops, scopeWarning } from "../../src/config/groups.ts";
import { BASE_SERVICE, NO_LIMIT } from "../../src/config/base.ts";
import { parseServer } from "../../src/config/servers.ts";

const FACTS = { precision: -24, ownReferenceIds: [] };
const manycast = (options: DiscoveryOptions, group = "239.1.1.1") =>
  discoveryConfig("manycast", [parseGroup(group)], options, null, FACTS);
const broadcast = (options: DiscoveryOptions, ...addresses: string[]) =>
  discoveryConfig("broadcast", addresses.map(parseServer), options, null, FACTS);

describe("a group", () => {
  it.each(["224.0.1.1", "239.255.255.255", "ff02::101%eth0", "ff05::101"])("is %s", (text) => {
    expect(parseGroup(text).name).toBe(text);
  });
  it.each(["10.0.0.1", "255.255.255.255", "223.255.255.255", "240.0.0.1", "fe80::1", "ntp.example.net"])(
    "is not %s",
    (text) => {
      expect(() => parseGroup(text)).toThrow(`"${text}" is not a multicast group`);
    },
  );
  it("is within a site, or is warned of when it goes far", () => {
    expect(["239.1.1.1", "224.0.0.1", "ff02::101", "ff05::101", "ff08::101"].map(isScoped)).toEqual([
      true,
      true,
      true,
      true,
      true,
    ]);
    expect(["224.0.1.1", "233.1.1.1", "ff0e::101"].map(isScoped)).toEqual([false, false, false]);
    expect(scopeWarning("224.0.1.1", 1)).toBeNull();
    expect(scopeWarning("239.1.1.1", 127)).toBeNull();
    expect(scopeWarning("192.0.2.255", 127)).toBeNull();
    expect(scopeWarning("224.0.1.1", 2)).toContain("RFC 2365");
  });
  it("is asked over 1 to 255 hops", () => {
    expect([parseHops("1"), parseHops("255")]).toEqual([1, 255]);
    for (const text of ["0", "256", "x"]) expect(() => parseHops(text)).toThrow("--ttl");
  });
});

describe("an address of broadcasts", () => {
  it("is a group, or one of our networks'", () => {
    const ours = ["192.0.2.255", "255.255.255.255"];
    for (const text of [...ours, "224.0.1.1", "ff05::101"]) expect(parseBroadcastAddress(text, ours).name).toBe(text);
    expect(() => parseBroadcastAddress("192.0.2.7", ours)).toThrow("neither a multicast group nor a broadcast address");
    // Where a sandbox does not tell the interfaces, nobody knows better.
    expect(parseBroadcastAddress("192.0.2.7", null).name).toBe("192.0.2.7");
    expect(() => parseBroadcastAddress("2001:db8::1", null)).toThrow("neither a multicast group nor a broadcast");
    expect(() => parseBroadcastAddress("time.example", ours)).toThrow("is not an IP address");
  });
});

describe("manycast", () => {
  it("has seven rings two seconds apart, volleys of six and no deadline, and believes nobody unasked", () => {
    const config = manycast({});
    expect(config.associations).toMatchObject([{ kind: "manycast", name: "239.1.1.1", ttl: 7, port: 123 }]);
    expect(config.discovery).toMatchObject({ authenticate: true, ringInterval: 2, allRings: false });
    expect(config.once).toMatchObject({ samples: 6, enough: null, deadline: null });
    expect([config.burst.packets, config.emptyStages, config.service]).toEqual([6, "brief", null]);
  });
  it("goes on with --follow, by the daemon's filter", () => {
    expect(manycast({ follow: true })).toMatchObject({ once: null, emptyStages: "rfc5905" });
  });
  it("hurries only within a site", () => {
    expect(manycast({ interval: 0.1 }).burst.spacing).toEqual({ least: 0.1, most: 0.1 });
    expect(manycast({ interval: 0.1 }).discovery.ringInterval).toBe(0.1);
    for (const group of ["224.0.1.1", "ff0e::101"])
      expect(manycast({ interval: 0.1 }, group).discovery.ringInterval).toBe(2);
    expect(manycast({ interval: 3 }, "224.0.1.1").discovery.ringInterval).toBe(3);
  });
});

describe("broadcast", () => {
  it("hears everything, and with --multicast the groups of NTP too", () => {
    expect(broadcast({}).service).toEqual({ ...BASE_SERVICE, port: 123 });
    expect(broadcast({ multicast: true }).service!.groups.map(({ group }) => group)).toEqual([
      "224.0.1.1",
      "ff02::101",
      "ff05::101",
    ]);
    expect(broadcast({ multicast: true, family: 6 }).service!.groups).toHaveLength(2);
  });
  it("hears one address alone where one is named", () => {
    expect(broadcast({}, "239.1.1.1").service).toMatchObject({
      addresses: ["239.1.1.1"],
      groups: [{ group: "239.1.1.1" }],
    });
    expect(broadcast({}, "192.0.2.255").service).toMatchObject({ addresses: ["192.0.2.255"], groups: [] });
    expect(broadcast({}, "239.1.1.1", "192.0.2.255").service).toMatchObject({ addresses: ["0.0.0.0", "::"] });
    expect(() => broadcast({}, "239.1.1.1:1123", "239.1.1.2:1124")).toThrow("one port");
  });
  it("waits as long as the server's interval, unless an end is in sight", () => {
    expect(broadcast({}).discovery.longestWait).toBe(NO_LIMIT);
    expect(broadcast({ count: 2 }).discovery).toMatchObject({ longestWait: 2, count: 2 });
    expect(broadcast({ deadline: 5 }).discovery.longestWait).toBe(0.5);
  });
});

describe("pool", () => {
  it("takes as many of a name's addresses as may be held", () => {
    const config = discoveryConfig(
      "pool",
      [parseServer("pool.example,key=3")],
      { maxclock: 7, auth: false },
      null,
      FACTS,
    );
    expect(config).toMatchObject({ poolSize: 7, associations: [{ kind: "pool", name: "pool.example", key: 3 }] });
  });
});

import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { warningsOf } from "../../src/system/warnings.ts";
import type { WarnedServer } from "../../src/system/warnings.ts";
import { serversWarningText } from "../../src/view/warnings.ts";
import { refidOfAddress, refidText } from "../../src/wire/refid.ts";

function server(address: string, refid: string | null, rest: Partial<WarnedServer> = {}): WarnedServer {
  return { name: address, address, stratum: refid === null ? null : 2, refid, unreachable: null, ...rest };
}

function warnings(
  servers: readonly WarnedServer[],
  resolved: { name: string; addresses: string[] }[] = [],
): ReturnType<typeof warningsOf> {
  return warningsOf({ associations: servers, resolved }, referenceIdOf);
}

function referenceIdOf(ip: string): number {
  return refidOfAddress(ip, (octets) => createHash("md5").update(octets).digest())!;
}

/** What a server set by this address says it is set by. */
function setBy(ip: string): string {
  return refidText(2, referenceIdOf(ip));
}

describe("a set of servers", () => {
  it("of sources of their own gives no warning", () => {
    expect(
      warnings([
        server("192.0.2.1", "198.51.100.1"),
        server("192.0.2.2", "198.51.100.2"),
        server("192.0.2.3", "GPS", { stratum: 1 }),
        server("192.0.2.4", "GPS", { stratum: 1 }),
      ]),
    ).toEqual([]);
    expect(
      warnings([server("192.0.2.1", "127.127.1.1"), server("192.0.2.2", "127.127.1.1"), server("192.0.2.3", null)]),
    ).toEqual([]);
  });

  it("is fewer sources than it seems: four servers, two sources", () => {
    const four = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"];
    const [first, second, ...rest] = warnings(
      four.map((address, index) => server(address, index % 2 === 0 ? "198.51.100.1" : "198.51.100.2")),
    );
    expect(first).toEqual({
      code: "sharedUpstream",
      upstream: "198.51.100.1",
      addresses: ["192.0.2.1", "192.0.2.3"],
      servers: 4,
      sources: 2,
    });
    expect(second).toMatchObject({ code: "sharedUpstream", upstream: "198.51.100.2" });
    expect(rest).toEqual([]);
    expect(serversWarningText(first!)).toBe("192.0.2.1 and 192.0.2.3 both follow 198.51.100.1: 4 servers, 2 sources");
  });

  it("may hold a server and those that follow it", () => {
    const set = [
      server("192.0.2.1", "GPS", { stratum: 1 }),
      server("192.0.2.2", "192.0.2.1"),
      server("192.0.2.3", "198.51.100.9"),
    ];
    expect(warnings(set)).toEqual([
      { code: "sharedUpstream", upstream: "192.0.2.1", addresses: ["192.0.2.1", "192.0.2.2"], servers: 3, sources: 2 },
    ]);
    const deeper = [server("192.0.2.1", "198.51.100.1"), server("192.0.2.2", "192.0.2.1", { stratum: 3 })];
    expect(warnings(deeper)).toMatchObject([{ upstream: "192.0.2.1", servers: 2, sources: 1 }]);
  });

  it("must not mix smeared and unsmeared leap seconds", () => {
    for (const smeared of [
      server("192.0.2.1", "254.1.2.3"),
      server("192.0.2.1", "GOOG", { stratum: 1 }),
      server("192.0.2.1", "198.51.100.1", { name: "time2.google.com" }),
    ]) {
      expect(warnings([smeared, server("192.0.2.2", "198.51.100.2")])).toEqual([
        { code: "mixedSmear", smeared: ["192.0.2.1"], unsmeared: ["192.0.2.2"] },
      ]);
      expect(warnings([smeared])).toEqual([]);
    }
  });

  it("may follow itself in a circle, which is told once", () => {
    const circle = [
      server("192.0.2.2", "192.0.2.3"),
      server("192.0.2.1", "192.0.2.2"),
      server("192.0.2.3", "192.0.2.1"),
    ];
    expect(warnings(circle).filter(({ code }) => code === "refidLoop")).toEqual([
      { code: "refidLoop", addresses: ["192.0.2.1", "192.0.2.2", "192.0.2.3"] },
    ]);
    expect(serversWarningText({ code: "refidLoop", addresses: ["192.0.2.1", "192.0.2.2"] })).toBe(
      "192.0.2.1 and 192.0.2.2 follow each other: none of them has a source",
    );
  });

  it("may follow itself in a circle over IPv6, where the reference identifier is a hash", () => {
    const pair = [server("2001:db8::2", setBy("2001:db8::1")), server("2001:db8::1", setBy("2001:db8::2"))];
    expect(setBy("2001:db8::1")).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
    expect(warnings(pair)).toContainEqual({ code: "refidLoop", addresses: ["2001:db8::1", "2001:db8::2"] });
    const mixed = [server("2001:db8::3", "192.0.2.1"), server("192.0.2.1", setBy("2001:db8::3"))];
    expect(warnings(mixed)).toContainEqual({ code: "refidLoop", addresses: ["192.0.2.1", "2001:db8::3"] });
    expect(
      warnings([server("2001:db8::1", setBy("2001:db8::1")), server("2001:db8::2", setBy("2001:db8::9"))]),
    ).toEqual([]);
  });

  it("may hold an IPv6 server and those that follow it, even where its hash begins as a local clock or a smear does", () => {
    for (const first of [null, "127.", "254."]) {
      const upstream = Array.from({ length: 4096 }, (_, index) => `2001:db8::${(index + 1).toString(16)}`).find(
        (ip) => first === null || setBy(ip).startsWith(first),
      )!;
      const set = [
        server("192.0.2.9", setBy(upstream), { stratum: 3 }),
        server(upstream, "198.51.100.1"),
        server("192.0.2.8", "198.51.100.9"),
      ];
      expect(warnings(set)).toEqual([
        { code: "sharedUpstream", upstream, addresses: ["192.0.2.9", upstream], servers: 3, sources: 2 },
      ]);
    }
    const outside = [1, 2].map((host) => server(`2001:db8::${host}`, setBy("2001:db8:9::1")));
    expect(warnings(outside)).toEqual([
      {
        code: "sharedUpstream",
        upstream: setBy("2001:db8:9::1"),
        addresses: ["2001:db8::1", "2001:db8::2"],
        servers: 2,
        sources: 1,
      },
    ]);
  });

  it("is unreachable over IPv6 where the pool's name gives only IPv4", () => {
    const members = ["192.0.2.1", "192.0.2.2"].map((address) =>
      server(address, null, { name: "0.de.pool.ntp.org", unreachable: "noRoute" }),
    );
    const resolved = [{ name: "0.de.pool.ntp.org", addresses: ["192.0.2.1", "192.0.2.2"] }];
    expect(warnings(members, resolved)).toEqual([
      { code: "ipv4Pool", name: "0.de.pool.ntp.org", instead: "2.de.pool.ntp.org" },
    ]);
    expect(warnings([...members.slice(1), server("192.0.2.1", "198.51.100.1")], resolved)).toEqual([]);
    expect(warnings(members, [{ name: "pool.example", addresses: ["192.0.2.1", "192.0.2.2"] }])).toEqual([]);
  });
});

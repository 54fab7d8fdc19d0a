/** What `serve` makes of its options. */
import { describe, expect, it } from "vitest";
import { parseNetworkOption, parseRateLimit, serveConfig, type ServeOptions } from "../../src/config/serve.ts";
import { foldStatements } from "../../src/config/ntpconf/configuration.ts";
import { parseNtpConf } from "../../src/config/ntpconf/parse.ts";
import { parseServer } from "../../src/config/servers.ts";
import type { Configuration } from "../../src/config/ntpconf/record.ts";
import { AccessList, flagNames } from "../../src/server/access.ts";
import { sourceOf } from "../../src/server/source.ts";

const FACTS = {
  precision: -24,
  ownReferenceIds: [],
  addresses: ["192.0.2.1"],
  broadcasts: ["192.0.2.255"],
  smear: null,
  broadcastKey: null,
};
const config = (options: ServeOptions, servers: string[] = [], file: Configuration | null = null, facts = {}) =>
  serveConfig(servers.map(parseServer), options, file, { ...FACTS, ...facts });
const flagsFor = (options: ServeOptions, ip: string, file: Configuration | null = null): readonly string[] =>
  flagNames(new AccessList(config(options, [], file).config.serving!.access).flagsFor(sourceOf(ip)!, 4000));
const conf = (text: string): Configuration =>
  foldStatements(
    parseNtpConf(text, "ntp.conf", { include: () => ({ file: "", text: "" }), strict: true }).statements,
    true,
  );

describe("serve", () => {
  it("says that it is not synchronized, unless it has a source", () => {
    expect(config({}).config).toMatchObject({
      associations: [],
      once: null,
      clock: { kind: "observe" },
      serving: { fallbacks: { local: null, orphan: null }, manycast: false },
      service: { port: 123, addresses: ["0.0.0.0", "::"], rules: null },
    });
    expect(config({ localStratum: 4, orphan: 6 }).config.serving!.fallbacks).toEqual({
      local: 4,
      orphan: { stratum: 6, wait: 300 },
    });
    expect(config({ port: 1123 }, ["ntp.example", "192.0.2.9:1124,prefer"]).config.associations).toMatchObject([
      { kind: "pool", name: "ntp.example", port: 123 },
      { kind: "server", name: "192.0.2.9", port: 1124, prefer: true },
    ]);
  });

  it("answers everybody, or whom it is told to", () => {
    expect(flagsFor({}, "198.51.100.1")).toEqual([]);
    expect(flagsFor({ deny: ["198.51.100.0/24"] }, "198.51.100.1")).toEqual(["ignore"]);
    expect(flagsFor({ deny: ["198.51.100.0/24"] }, "192.0.2.1")).toEqual([]);
    expect(flagsFor({ allow: ["10.0.0.0/8"], deny: ["10.1.0.0/16"] }, "10.1.2.3")).toEqual(["ignore"]);
    expect(flagsFor({ allow: ["10.0.0.0/8"] }, "10.1.2.3")).toEqual([]);
    expect(flagsFor({ allow: ["10.0.0.0/8"] }, "2001:db8::1")).toEqual(["ignore"]);
    expect(flagsFor({ rateLimit: { average: 3, minimum: 2 } }, "192.0.2.1")).toEqual(["limited", "kod"]);
  });

  it("goes by a configuration file", () => {
    const file = conf(
      "server 192.0.2.4 iburst\nrestrict default limited kod\nrestrict 10.0.0.0 mask 255.0.0.0 noserve\ndiscard average 4 minimum 3\nmanycastserver 239.1.1.1\nbroadcast 192.0.2.255 key 2 minpoll 4\n",
    );
    const made = config({}, [], file).config;
    expect(made.associations).toMatchObject([
      { name: "192.0.2.4" },
      { kind: "broadcast", name: "192.0.2.255", key: 2, minpoll: 4, ttl: 127 },
    ]);
    expect(made.serving).toMatchObject({ rate: { average: 4, minimum: 3 }, manycast: true });
    expect(made.service!.groups).toEqual([{ group: "239.1.1.1", interface: null }]);
    expect(flagsFor({}, "10.1.1.1", file)).toEqual(["noserve"]);
    expect(config({}, ["192.0.2.5"], file).config.associations[0]).toMatchObject({ name: "192.0.2.5" });
    expect(() => config({ allow: ["10.0.0.0/8"] }, [], file)).toThrow(
      "--allow and --deny do not go with restrict lines",
    );
  });

  it("broadcasts and is found, and warns of groups that go too far", () => {
    const { config: made, warnings } = config(
      { broadcast: ["192.0.2.255", "224.0.1.1"], manycast: ["239.1.1.1"], minpoll: 3, port: 1123 },
      [],
      null,
      { broadcastKey: 5 },
    );
    expect(made.associations).toMatchObject([
      { kind: "broadcast", name: "192.0.2.255", port: 1123, minpoll: 3, key: 5, ttl: 127 },
      { kind: "broadcast", name: "224.0.1.1", port: 1123 },
    ]);
    expect(warnings).toEqual([expect.stringMatching(/^224\.0\.1\.1 is not confined to your site/)]);
    expect(config({ broadcast: ["224.0.1.1"], ttl: 1 }).warnings).toEqual([]);
    expect(config({ broadcast: ["192.0.2.255"], xleave: true }).config.associations).toMatchObject([{ xleave: true }]);
    expect(() => config({ manycast: ["192.0.2.255"] })).toThrow("is not a multicast group");
    expect(() => config({ broadcast: ["192.0.2.7"] })).toThrow("neither a multicast group nor a broadcast address");
  });

  it("reads limits and networks", () => {
    expect(parseRateLimit("8s,2s")).toEqual({ average: 3, minimum: 2 });
    expect(parseRateLimit("60")).toEqual({ average: 6, minimum: 2 });
    for (const text of ["0", "1,2,3", "x", "8s,x"]) expect(() => parseRateLimit(text)).toThrow("--rate-limit");
    expect(parseNetworkOption("10.0.0.0/8", "--allow")).toBe("10.0.0.0/8");
    expect(() => parseNetworkOption("10.0.0.0/33", "--allow")).toThrow("--allow");
  });
});

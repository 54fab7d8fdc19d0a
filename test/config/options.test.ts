/** Options and a file → the engine's configuration. */
import { leastSpacing } from "../../src/association/poll.ts";
import { describe, expect, it } from "vitest";
import { isNearby } from "../../src/config/etiquette.ts";
import { loadConfiguration } from "../../src/config/files.ts";
import type { Configuration } from "../../src/config/ntpconf/configuration.ts";
import { onceConfig, type OnceCommand, type OnceOptions } from "../../src/config/options.ts";
import { NO_LIMIT } from "../../src/config/base.ts";
import { parseServer } from "../../src/config/servers.ts";
import type { EngineConfig } from "../../src/engine/port/config.ts";

const SOMEBODY = { address: { ip: "192.0.2.7", port: 123 } };

const FACTS = { precision: -24, ownReferenceIds: [0x7f000001] };

function configure(
  command: OnceCommand,
  servers: readonly string[],
  options: OnceOptions = {},
  file: Configuration | null = null,
): EngineConfig {
  return onceConfig(command, servers.map(parseServer), options, file, FACTS);
}

function file(text: string): Configuration {
  return loadConfiguration("f", false, { exists: () => true, read: () => text }).configuration;
}

describe("the configuration of a one-shot", () => {
  it("has the contract's defaults", () => {
    expect(configure("sync", ["192.0.2.7"])).toMatchObject({
      associations: [
        {
          kind: "server",
          name: "192.0.2.7",
          port: 123,
          family: null,
          version: 4,
          iburst: true,
          prefer: false,
          noselect: false,
          trusted: false,
          key: null,
          samples: null,
        },
      ],
      limits: { minclock: 3, maxclock: 10, minsane: 1, maxdist: 1.5 },
      timeout: 1,
      burst: { packets: 4, spacing: { least: 2, most: 2 }, strangers: 2, callDelay: null },
      emptyStages: "brief",
      once: { samples: 4, enough: 3, accuracy: null, deadline: 15, waitNetwork: 0 },
      clock: {
        kind: "once",
        of: "machine",
        limits: {
          stepThreshold: 0.128,
          panic: 1000,
          maxStep: { forward: NO_LIMIT, backward: NO_LIMIT },
          method: "auto",
        },
      },
      precision: -24,
      sourcePort: null,
      interface: null,
      ownReferenceIds: [0x7f000001],
    });
    expect(configure("query", ["192.0.2.7"])).toMatchObject({
      once: { samples: 1, enough: null },
      clock: { kind: "observe" },
      burst: { packets: 1 },
    });
  });

  it("takes a name as the many servers it may stand for, an address and localhost as one", () => {
    expect(
      configure("sync", ["pool.example.net", "192.0.2.7", "localhost"]).associations.map(({ kind }) => kind),
    ).toEqual(["pool", "server", "server"]);
  });

  it("gives every server the run's port and key unless it has its own", () => {
    const { associations } = configure("sync", ["192.0.2.7", "192.0.2.8:1123,key=9,samples=8"], {
      port: 321,
      key: 7,
      samples: 2,
    });
    expect(associations).toMatchObject([
      { port: 321, key: 7, samples: null },
      { port: 1123, key: 9, samples: 8 },
    ]);
  });

  it("has room in a burst for the most samples of any server", () => {
    expect(configure("sync", ["192.0.2.7", "192.0.2.8,samples=8"]).burst.packets).toBe(8);
  });

  it("takes servers from the file when none are given, and options before what the file says", () => {
    const says = file("server 192.0.2.9 key 3\npool b.example\ntos minclock 2 maxdist 3");
    const config = configure("sync", [], { maxdist: 1 }, says);
    expect(config.associations).toMatchObject([
      { kind: "server", name: "192.0.2.9", key: 3, port: 123, iburst: true },
      { kind: "pool", name: "b.example" },
    ]);
    expect(config.limits).toMatchObject({ minclock: 2, maxdist: 1 });
    expect(configure("sync", ["192.0.2.1"], {}, says).associations.map(({ name }) => name)).toEqual(["192.0.2.1"]);
  });

  it("asks eight times at random after a call delay", () => {
    const calling = configure("sync", ["127.0.0.1"], { callDelay: 16 });
    expect(calling).toMatchObject({
      burst: { packets: 8, spacing: { least: 1, most: 4 }, strangers: 2, callDelay: 16 },
      once: { samples: 8, deadline: 60 },
    });
    expect(leastSpacing(SOMEBODY, configure("sync", ["192.0.2.7"], { callDelay: 16 }).burst)).toBe(2);
    expect(() => configure("sync", ["192.0.2.7"], { callDelay: 16, interval: 3 })).toThrow("exclude each other");
  });

  it("knows no deadline where it is off", () => {
    expect(configure("sync", ["192.0.2.7"], { deadline: Infinity }).once?.deadline).toBeNull();
  });

  it("waits for the network on top of the default deadline", () => {
    expect(configure("sync", ["192.0.2.7"], { waitNetwork: 60 }).once).toMatchObject({ waitNetwork: 60, deadline: 75 });
    expect(configure("sync", ["192.0.2.7"], { waitNetwork: 60, deadline: 20 }).once).toMatchObject({ deadline: 20 });
  });

  it("refuses limits that contradict each other", () => {
    expect(() => configure("sync", ["192.0.2.7"], { minclock: 11 })).toThrow("minclock 11 is above maxclock 10");
    expect(() => configure("sync", ["192.0.2.7"], { floor: 5, ceiling: 5 })).toThrow("floor 5 is not below ceiling 5");
  });
});

describe("manners", () => {
  it.each([
    "127.0.0.1",
    "::1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.1.1",
    "fe80::1%eth0",
    "fd00::1",
    "localhost",
    "LOCALHOST.",
  ])("%s is nearby", (name) => {
    expect(isNearby(name)).toBe(true);
  });
  it.each(["192.0.2.7", "2001:db8::7", "172.32.0.1", "ntp.example.net", "localhost.example.net"])(
    "%s is not",
    (name) => {
      expect(isNearby(name)).toBe(false);
    },
  );

  it("ask strangers every two seconds at most", () => {
    for (const command of ["sync", "query"] as const)
      expect(configure(command, ["127.0.0.1"], { interval: 0.2 }).burst.spacing).toEqual({ least: 0.2, most: 0.2 });
    expect(configure("query", ["192.0.2.7"], { interval: 2 }).burst.spacing.least).toBe(2);
  });

  it.each([["ntp.example.net"], ["127.0.0.1"], ["192.0.2.7"]])("ask %s as each address may be asked", (server) => {
    const { burst } = configure("query", [server], { interval: 0.05 });
    const address = (ip: string): { readonly address: { readonly ip: string; readonly port: number } } => ({
      address: { ip, port: 123 },
    });
    for (const near of ["127.0.0.1", "::1", "10.1.2.3", "192.168.0.9", "fd00::7", "169.254.1.1", "fe80::1%eth0"])
      expect(leastSpacing(address(near), burst)).toBe(0.05);
    for (const far of ["192.0.2.7", "8.8.8.8", "2001:db8::7", "172.32.0.1"])
      expect(leastSpacing(address(far), burst)).toBe(2);
    expect(leastSpacing({ address: null }, burst)).toBe(2);
  });
});

/** What the engine is told of a daemon's file. */
import { describe, expect, it } from "vitest";
import { BASE_LOOP, NO_LIMIT } from "../../src/config/base.ts";
import { daemonConfig, type DaemonFacts, type DaemonOptions } from "../../src/config/daemon.ts";
import { loadConfiguration } from "../../src/config/files.ts";
import { listening } from "../../src/engine/serving/listening.ts";
import type { EngineConfig } from "../../src/engine/port/config.ts";
import { AccessList, FLAG } from "../../src/server/access.ts";
import { sourceOf } from "../../src/server/source.ts";

const OPTIONS: DaemonOptions = { noClock: false, discipline: "adaptive", anyFirst: false, port: 123 };
const INTERFACES = { lo: ["127.0.0.1", "::1"], eth0: ["192.0.2.7", "2001:db8::7", "fe80::7%eth0"], eth1: ["10.0.0.7"] };
const FACTS: DaemonFacts = {
  precision: -20,
  ownReferenceIds: [1],
  interfaces: INTERFACES,
  frequency: 3e-6,
  smear: null,
};

function told(text: string, options: Partial<DaemonOptions> = {}): EngineConfig {
  const { configuration } = loadConfiguration("/c", true, { exists: () => true, read: () => text });
  return daemonConfig(configuration, { ...OPTIONS, ...options }, FACTS);
}

function flagsOf(config: EngineConfig, ip: string): number {
  return new AccessList(config.serving!.access).flagsFor(sourceOf(ip)!, 1024);
}

describe("the engine of a daemon", () => {
  it("goes on, with RFC 5905's filter, and steers the clock as tinker says", () => {
    expect(told("server a")).toMatchObject({
      once: null,
      emptyStages: "rfc5905",
      clock: {
        kind: "loop",
        of: "machine",
        stepout: BASE_LOOP.stepout,
        frequency: 3e-6,
        limits: { stepThreshold: 0.128, panic: 1000 },
      },
    });
    expect(BASE_LOOP.stepout).toBe(300);
    expect(told("server a\ntinker step 0 panic 0 stepout 60 freq -16", { noClock: true }).clock).toMatchObject({
      of: "shadow",
      stepout: 60,
      frequency: -16e-6,
      limits: { stepThreshold: NO_LIMIT, panic: NO_LIMIT },
    });
    expect(told("server a\ndisable ntp").clock).toMatchObject({ kind: "loop", of: "served" });
    expect(told("server 127.127.1.0\nbroadcast 192.0.2.255").clock).toEqual({ kind: "observe" });
    for (const listening of ["broadcastclient", "multicastclient 224.0.1.1"])
      expect(told(listening).clock).toMatchObject({ kind: "loop", of: "machine" });
  });

  it("has all of tinker reach who it is for", () => {
    const loop = (text: string): EngineConfig["clock"] => told(`server a\n${text}`).clock;
    expect(loop("tinker step 0.5 stepback 2")).toMatchObject({ limits: { stepThreshold: 0.5 }, stepBack: 2 });
    expect(loop("tinker stepback 0 stepfwd 1\ntinker panic 5")).toMatchObject({
      limits: { stepThreshold: 1, panic: 5 },
      stepBack: NO_LIMIT,
    });
    expect(loop("tinker stepback 2\ntinker step 0.25")).toMatchObject({
      limits: { stepThreshold: 0.25 },
      stepBack: 0.25,
    });
    expect(loop("tinker huffpuff 7200")).toMatchObject({ huffpuff: 7200 });
    expect(loop("tinker huffpuff 7200\ntinker huffpuff 0")).toMatchObject({ huffpuff: 0 });
    expect(told("server a\ntinker allan 10 dispersion 50")).toMatchObject({
      allan: 1024,
      limits: { phi: expect.closeTo(50e-6, 12) },
    });
    expect(told("server a")).toMatchObject({ limits: { phi: expect.closeTo(15e-6, 12) } });
    expect(told("server a")).toMatchObject({ allan: null });
  });

  it("leaves the loop to the kernel where there is one, and it may be used", () => {
    const told = (text: string, kernelLoop: boolean): unknown => {
      const { configuration } = loadConfiguration("/c", true, { exists: () => true, read: () => text });
      return daemonConfig(configuration, OPTIONS, { ...FACTS, kernelLoop }).clock;
    };
    expect([told("server a", true), told("server a\ndisable kernel", true), told("server a", false)]).toMatchObject([
      { kernel: true },
      { kernel: false },
      { kernel: false },
    ]);
  });

  it("searches the rings of ttl, up to the line's own", () => {
    expect(told("manycastclient 239.1.1.1\nttl 2 4 8").associations).toMatchObject([
      { kind: "manycast", ttl: 8, rings: [2, 4, 8] },
    ]);
    expect(told("server 239.1.1.1 ttl 3").associations).toMatchObject([
      { kind: "manycast", ttl: 3, rings: [1, 2, 3, 4, 5, 6, 7] },
    ]);
  });

  it("follows broadcasts by one template, and is in the groups it needs", () => {
    const config = told(
      "broadcastclient\nmulticastclient 224.0.1.1\nmanycastserver 239.1.1.1\nbroadcastdelay 0.004\ndisable auth\ntos cohort 1",
    );
    expect(config.associations.map(({ kind }) => kind)).toEqual(["broadcastClient"]);
    expect(config.service?.groups.map(({ group }) => group)).toEqual(["224.0.1.1", "239.1.1.1"]);
    expect(config.discovery).toMatchObject({ authenticate: false, broadcastDelay: 0.004, cohort: true });
    expect(config.serving?.manycast).toBe(true);
    expect(told("server a")).toMatchObject({
      discovery: { authenticate: true, broadcastDelay: null },
      serving: { manycast: false },
    });
  });

  it("answers whom restrict lines let, as often as discard says", () => {
    const config = told(
      "restrict default limited kod nopeer\nrestrict -6 default ignore\nrestrict 10.0.0.0/8 noserve\nrestrict localhost\ndiscard average 5 minimum 1\nmru maxdepth 50",
    );
    expect(flagsOf(config, "192.0.2.1")).toBe(FLAG.limited | FLAG.kod | FLAG.nopeer);
    expect(flagsOf(config, "2001:db8::1") & FLAG.ignore).toBe(FLAG.ignore);
    expect(flagsOf(config, "10.1.2.3")).toBe(FLAG.noserve);
    expect([flagsOf(config, "127.0.0.1"), flagsOf(config, "::1")]).toEqual([0, 0]);
    expect(config.serving).toMatchObject({
      rate: { average: 5, minimum: 1 },
      mru: { maxdepth: 50, mindepth: 50, maxage: 64 },
      fallbacks: { local: null, orphan: null },
    });
  });

  it("falls back on the local clock, or on orphan mode", () => {
    expect(told("server 127.127.1.0").serving?.fallbacks.local).toBe(6);
    expect(told("fudge 127.127.1.0 stratum 10\nserver 127.127.1.0").serving?.fallbacks.local).toBe(11);
    expect(told("tos orphan 5 orphanwait 60").serving?.fallbacks.orphan).toEqual({ stratum: 5, wait: 60 });
    expect(told("tos orphan 16").serving?.fallbacks.orphan).toBeNull();
  });

  it("spaces bursts as calldelay asks, but never closer than strangers bear", () => {
    expect(told("server 192.168.1.1 iburst\ncalldelay 12").burst).toEqual({
      packets: 8,
      spacing: { least: 1, most: 4 },
      strangers: 2,
      callDelay: 12,
    });
    expect(told("server ntp.example.net\ncalldelay 12").burst.strangers).toBe(2);
    expect(told("server ntp.example.net").burst).toMatchObject({ packets: 6, callDelay: null });
  });
});

describe("interface lines", () => {
  const of = (text: string): readonly string[] => {
    const { configuration } = loadConfiguration("/c", true, { exists: () => true, read: () => text });
    return listening(configuration.interfaces, INTERFACES);
  };

  it.each([
    ["", ["0.0.0.0", "::"]],
    ["interface listen eth0", ["0.0.0.0", "::"]],
    ["interface ignore eth1", ["127.0.0.1", "::1", "192.0.2.7", "2001:db8::7", "fe80::7%eth0"]],
    ["interface ignore all\ninterface listen eth0", ["192.0.2.7", "2001:db8::7", "fe80::7%eth0"]],
    ["interface ignore ipv6\nnic drop 10.0.0.0/8", ["127.0.0.1", "192.0.2.7"]],
    ["interface ignore wildcard\ninterface ignore all\ninterface listen 192.0.2.7", ["192.0.2.7"]],
    ["interface ignore all", []],
  ])("%j listens on %j", (text, addresses) => {
    expect(of(text)).toEqual(addresses);
  });

  it("make sockets, or none", () => {
    expect(told("interface ignore ipv6").service?.addresses).toEqual(["127.0.0.1", "192.0.2.7", "10.0.0.7"]);
    expect(told("interface ignore all").service).toBeNull();
    expect(told("").service).toMatchObject({ addresses: ["0.0.0.0", "::"], port: 123 });
  });
});

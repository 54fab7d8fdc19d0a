import { describe, expect, it } from "vitest";
import { mode6Report, secondsSince, typeLetter } from "../../src/control/daemonmode6.ts";
import { readDaemon, type ReadDaemon, type ReadVariables } from "../../src/control/operations.ts";
import { timestamp, unfold, type NtpTimestamp } from "../../src/time/timestamp.ts";
import { ask, exchanges, recordedDaemon } from "./replay.ts";

const NOW = timestamp(0xeeac_80c3, 0);
const PIVOT = unfold(NOW, 1_795_000_000_000_000_000n);

function variables(of: Readonly<Record<string, string>>): ReadVariables {
  const list = Object.entries(of).map(([name, value]) => ({ name, value }));
  return {
    kind: "variables",
    association: 1,
    status: 0,
    list,
    variables: new Map(Object.entries(of)),
    authentication: "none",
  };
}

function one(
  status: number,
  of: Readonly<Record<string, string>>,
): ReturnType<typeof mode6Report>["associations"][number] {
  const read: ReadDaemon = {
    kind: "daemon",
    status: 0x0615,
    system: variables({}),
    associations: [{ id: 9, status, variables: variables(of) }],
  };
  return mode6Report("host", read, NOW, PIVOT).associations[0]!;
}

describe("the report of a daemon that speaks mode 6", () => {
  it("has the fields of our own snapshot", () => {
    const read = ask(
      readDaemon(),
      recordedDaemon([...exchanges("h2-ntpq-as"), ...exchanges("h3-ntpq-rv").slice(0, 1)]),
    );
    if (read.kind !== "daemon") throw new Error(read.fault);
    const report = mode6Report("10.1.0.1", read, NOW, PIVOT);
    expect(report).toMatchObject({
      host: "10.1.0.1",
      protocol: "mode6",
      daemon: "ntpd 4.2.8p15@1.3728-o Wed Sep 23 11:46:38 UTC 2020 (1)",
      withheld: false,
    });
    expect(report.system).toMatchObject({
      leap: "none",
      stratum: 3,
      refid: "LOCAL(0)",
      rootDelay: 0,
      rootDispersion: 0.010_131,
      rootDistance: 0.010_131,
      systemPeer: 41_920,
      survivors: 1,
      offset: 0,
      precision: -24,
      intersection: null,
    });
    expect(report.system.reference).toBe(unfold(0xeeac_80c1_45e7_41b3n as NtpTimestamp, PIVOT));
    const [clock, silent, peer] = report.associations;
    expect(clock).toMatchObject({
      id: 41_920,
      name: "127.127.1.0",
      mode: "client",
      type: "l",
      verdict: "systemPeer",
      tally: "*",
      reason: null,
      reach: 255,
      when: 2,
      poll: 3,
      refid: "LOCL",
    });
    expect(silent).toMatchObject({
      address: "10.1.0.99",
      verdict: "rejected",
      reason: "unreachable",
      reach: 0,
      when: null,
      kiss: null,
      leap: "unsynchronized",
      refid: "INIT",
      packets: null,
    });
    expect(peer).toMatchObject({
      mode: "symmetricActive",
      type: "s",
      authentication: "ok",
      security: "key",
      keyId: 1,
      offset: -2e-6,
      delay: 0.000_167,
      reason: "loop",
      flash: 0xc00,
      refid: "10.1.0.1",
      configured: true,
    });
    expect(peer!.rootDistance).toBeCloseTo(0.000_152 + 1.010_529 + 7.9375, 9);
  });

  it.each([
    { status: 0x9114, of: {}, reason: "outsideIntersection" },
    { status: 0x9314, of: {}, reason: "selectJitter" },
    { status: 0x9514, of: {}, reason: "surplus" },
    { status: 0x9414, of: { flash: "0x400" }, reason: null },
    { status: 0x9014, of: { flash: "0x400" }, reason: "rootDistance" },
    { status: 0x9014, of: { flash: "0x220" }, reason: "unsynchronized" },
    { status: 0xc011, of: { flash: "0x1610" }, reason: "authentication" },
    { status: 0x8011, of: { flash: "0x1600", stratum: "16", refid: "RATE" }, reason: "kiss" },
    { status: 0x8011, of: { flash: "0x1600", stratum: "16", refid: "DENY" }, reason: "denied" },
    { status: 0x8011, of: { flash: "0x1600", stratum: "16", refid: "INIT" }, reason: "unreachable" },
    { status: 0x9014, of: {}, reason: "pending" },
  ])("says why: status $status, $of", ({ status, of, reason }) => {
    expect(one(status, of).reason).toBe(reason);
  });

  it("tells NTS and Autokey from symmetric keys", () => {
    expect(one(0xf014, { keyid: "7" })).toMatchObject({ security: "key", keyId: 7, authentication: "ok" });
    expect(one(0xf014, { keyid: "123456789" })).toMatchObject({ security: "autokey", keyId: null });
    expect(one(0x9014, { ntscookies: "8" })).toMatchObject({ security: "nts", keyId: null });
    expect(one(0x9014, { ntscookies: "-1" })).toMatchObject({ security: "none" });
  });

  it("has an association that would not tell its variables", () => {
    const read: ReadDaemon = {
      kind: "daemon",
      status: 0xc016,
      system: { kind: "fault", fault: "timeout" },
      associations: [{ id: 9, status: 0x8011, variables: { kind: "fault", fault: "timeout" } }],
    };
    const report = mode6Report("host", read, NOW, PIVOT);
    expect(report).toMatchObject({
      daemon: null,
      system: { leap: "unsynchronized", stratum: 16, refid: null, systemPeer: null },
    });
    expect(report.associations).toMatchObject([{ id: 9, name: "9", address: null, offset: null, when: null }]);
  });
});

describe("ntpq's columns", () => {
  const map = (of: Readonly<Record<string, string>>): ReadonlyMap<string, string> => new Map(Object.entries(of));

  it.each([
    { of: { hmode: "3", srcadr: "192.0.2.1" }, letter: "u" },
    { of: { hmode: "3", srcadr: "127.127.28.0" }, letter: "l" },
    { of: { hmode: "3", srcadr: "0.0.0.0" }, letter: "p" },
    { of: { hmode: "3", srcadr: "::" }, letter: "p" },
    { of: { hmode: "3", srcadr: "224.0.1.1" }, letter: "a" },
    { of: { hmode: "1", srcadr: "192.0.2.1" }, letter: "s" },
    { of: { hmode: "2", srcadr: "192.0.2.1" }, letter: "S" },
    { of: { hmode: "5", srcadr: "192.0.2.255" }, letter: "B" },
    { of: { hmode: "5", srcadr: "ff05::101" }, letter: "M" },
    { of: { hmode: "6", srcadr: "192.0.2.1" }, letter: "b" },
    { of: { dstadr: "192.0.2.9" }, letter: "u" },
    { of: { dstadr: "192.0.2.255" }, letter: "b" },
    { of: {}, letter: "?" },
  ])("$of is $letter", ({ of, letter }) => {
    expect(typeLetter(map(of))).toBe(letter);
  });

  it("count seconds by whole seconds, from the reference time where nothing was received", () => {
    expect(secondsSince(map({ rec: "0xeeac80b9.ffffffff" }), NOW)).toBe(10);
    expect(secondsSince(map({ rec: "0x00000000.00000000", reftime: "0xeeac80c2.0" }), NOW)).toBe(1);
    expect(secondsSince(map({ rec: "0xeeac80c4.0" }), NOW)).toBeNull();
    expect(secondsSince(map({}), NOW)).toBeNull();
    expect(secondsSince(map({ rec: "0xfffffffe.0" }), timestamp(5, 0))).toBe(7);
  });
});

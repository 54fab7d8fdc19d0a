/** Names in `restrict` lines: what they come to as DNS changes its mind. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Log } from "../../src/cli/daemon/log.ts";
import { RestrictedNames, type Resolve } from "../../src/cli/daemon/names.ts";
import { daemonConfig } from "../../src/config/daemon.ts";
import { loadConfiguration } from "../../src/config/files.ts";
import type { Configuration } from "../../src/config/ntpconf/record.ts";
import { accessOf } from "../../src/config/serving.ts";
import { AccessList, FLAG } from "../../src/server/access.ts";
import { sourceOf } from "../../src/server/source.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function configuration(text: string): Configuration {
  return loadConfiguration("/c", true, { exists: () => true, read: () => text }).configuration;
}

function flagsOf(text: string, named: Record<string, readonly string[]>, ip: string): number {
  const facts = {
    precision: -20,
    ownReferenceIds: [],
    interfaces: {},
    frequency: null,
    smear: null,
    named: new Map(Object.entries(named)),
  };
  const { serving } = daemonConfig(
    configuration(text),
    { noClock: true, discipline: "adaptive", anyFirst: false, port: 123 },
    facts,
  );
  return new AccessList(serving!.access).flagsFor(sourceOf(ip)!, 1024);
}

describe("a restrict line about a name", () => {
  const LINES = "restrict default ignore\nrestrict ntp.example nomodify limited";

  it("counts for all its addresses, and for nobody while it has none", () => {
    const named = { "ntp.example": ["192.0.2.1", "2001:db8::1"] };
    for (const ip of named["ntp.example"]) expect(flagsOf(LINES, named, ip)).toBe(FLAG.nomodify | FLAG.limited);
    expect(flagsOf(LINES, named, "192.0.2.2")).toBe(FLAG.ignore);
    expect(flagsOf(LINES, {}, "192.0.2.1")).toBe(FLAG.ignore);
  });

  it("behind -4 or -6 counts for those of the family", () => {
    const named = { "ntp.example": ["192.0.2.1", "2001:db8::1"] };
    expect(flagsOf("restrict default ignore\nrestrict -6 ntp.example", named, "192.0.2.1")).toBe(FLAG.ignore);
    expect(flagsOf("restrict default ignore\nrestrict -6 ntp.example", named, "2001:db8::1")).toBe(0);
  });

  it("is refused where nobody looks names up", () => {
    expect(() => accessOf(configuration(LINES).restrict)).toThrow('"restrict ntp.example" is not about an address');
  });
});

describe("names under way", () => {
  const said: string[] = [];
  const log = new Log(
    { write: (text) => said.push(text), isTerminal: false, columns: null },
    { format: "text", verbose: false, quiet: false },
  );

  it("are looked up each minute until they have an address, then each hour; each change and each trouble is told once", () => {
    let answer: readonly string[] | null = null;
    let asked = 0;
    let changes = 0;
    const resolver: Resolve = (name, _, put) => {
      asked += 1;
      put(answer === null ? { kind: "unresolved", name, why: "again" } : { kind: "resolved", name, addresses: answer });
    };
    const names = new RestrictedNames(log, () => (changes += 1), resolver);
    names.follow(configuration("restrict ntp.example\nrestrict 192.0.2.0/24\nrestrict default").restrict);
    vi.advanceTimersByTime(640_000);
    expect([asked, changes, said.length]).toEqual([11, 0, 1]);
    expect(said[0]).toMatch(/^warning: \/c:1:1: "restrict ntp\.example": .*; the line counts for nobody yet\n$/);
    answer = ["192.0.2.1"];
    vi.advanceTimersByTime(64_000);
    expect([[...names.addresses], changes]).toEqual([[["ntp.example", ["192.0.2.1"]]], 1]);
    asked = 0;
    vi.advanceTimersByTime(7_200_000);
    expect([asked, changes]).toEqual([2, 1]);
    answer = null;
    vi.advanceTimersByTime(7_200_000);
    expect([said.length, names.addresses.get("ntp.example")]).toEqual([2, ["192.0.2.1"]]);
    names.follow([]);
    expect([names.addresses.size, vi.getTimerCount()]).toEqual([0, 0]);
  });
});

/** Keys of Network Time Security in the state file: no cookie is anybody's twice, whenever the power fails and whoever comes in between. */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { StateFile } from "../../src/state/file.ts";
import { KEYS_LAST, type KeptKeys } from "../../src/state/keys.ts";
import { decodeMemory, encodeMemory } from "../../src/state/memory.ts";
import { Disk } from "./disk.ts";

const PATH = "/state/state.json";
const AT = "2026-11-21T00:00:00.000Z";
const THEN = Date.parse(AT) + 60_000;

const keysOf = (name: string, change: Partial<KeptKeys> = {}): KeptKeys => ({
  name,
  port: 4460,
  trust: "system",
  ip: "192.0.2.1",
  server: null,
  ntpPort: 123,
  aead: 15,
  c2s: "AAAA",
  s2c: "BBBB",
  cookies: [`${name}AAAA`, "CCCC"],
  at: AT,
  until: null,
  ...change,
});

const HERS = { name: "hers", port: 4460, trust: "system" };

function diskWith(...keys: readonly KeptKeys[]): Disk {
  const disk = new Disk();
  disk.put(PATH, encodeMemory({ kisses: [], stored: null, keys }));
  return disk;
}

const namesOn = (disk: Disk): readonly string[] => {
  const memory = decodeMemory(disk.text(PATH) ?? "");
  return typeof memory === "string" ? [memory] : memory.keys.map(({ name }) => name);
};

describe("a server's keys", () => {
  it("are given once, as they were kept, and the others stay", () => {
    const disk = diskWith(keysOf("hers"), keysOf("his"));
    const file = new StateFile(PATH, disk);
    expect(file.takeKeys(HERS, THEN)).toEqual(keysOf("hers"));
    expect(namesOn(disk)).toEqual(["his"]);
    expect(file.takeKeys(HERS, THEN)).toBeNull();
  });

  it("are nobody's whom others are trusted by, nor of another port", () => {
    const disk = diskWith(keysOf("hers"));
    const file = new StateFile(PATH, disk);
    expect(file.takeKeys({ ...HERS, trust: "0123" }, THEN)).toBeNull();
    expect(file.takeKeys({ ...HERS, port: 4461 }, THEN)).toBeNull();
    expect(namesOn(disk)).toEqual(["hers"]);
  });

  it.each([
    ["after a week", KEYS_LAST * 1000, null],
    ["when they are of the future", -1000, null],
    ["when the certificate has expired by which they were established", 60_000, "2026-11-21T00:00:59Z"],
  ])("are dropped %s", (_when, after, until) => {
    const disk = diskWith(keysOf("hers", { until }));
    expect(new StateFile(PATH, disk).takeKeys(HERS, Date.parse(AT) + after)).toBeNull();
    expect(namesOn(disk)).toEqual([]);
  });

  it("outlive a run that has kisses to remember, and are gone with --forget", () => {
    const disk = diskWith(keysOf("hers"));
    const file = new StateFile(PATH, disk);
    file.recall();
    file.remember({ kisses: [{ ip: "192.0.2.9", port: 123, code: "DENY", at: AT }] });
    expect(namesOn(disk)).toEqual(["hers"]);
    file.forget();
    expect(namesOn(disk)).toEqual([]);
  });

  it("are put back in place of those that another run has put there", () => {
    const disk = diskWith(keysOf("hers"));
    const file = new StateFile(PATH, disk);
    expect(file.keepKeys([keysOf("hers", { c2s: "DDDD" })], THEN)).toBeNull();
    expect(file.takeKeys(HERS, THEN)?.c2s).toBe("DDDD");
  });

  it("cannot be taken while somebody who lives has the file", () => {
    const disk = diskWith(keysOf("hers"));
    disk.put(`${PATH}.lock`, `77 ${disk.here}\n`);
    expect(new StateFile(PATH, disk).takeKeys(HERS, THEN)).toBeNull();
    expect(namesOn(disk)).toEqual(["hers"]);
  });

  it("are never had by a run and yet in the file, whenever the power fails", () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 25 }),
        fc.nat({ max: 6 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (step, namings, part) => {
          const disk = diskWith(keysOf("hers"));
          disk.failAt = disk.steps + step;
          const taken = new StateFile(PATH, disk).takeKeys(HERS, THEN);
          disk.crash(namings, part);
          disk.now = 3600;
          const again = new StateFile(PATH, disk).takeKeys(HERS, THEN);
          expect([taken, again].filter((keys) => keys !== null).length).toBeLessThanOrEqual(1);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("are had by one of two runs, wherever the second comes in between the steps of the first", () => {
    for (let step = 0; step < 25; step += 1) {
      const disk = diskWith(keysOf("hers"));
      const start = disk.steps;
      const taken: (KeptKeys | null)[] = [];
      let come = false;
      disk.between = () => {
        if (come || disk.steps < start + step || disk.names().includes(`${PATH}.lock`)) return;
        come = true;
        taken.push(new StateFile(PATH, disk).takeKeys(HERS, THEN));
      };
      taken.push(new StateFile(PATH, disk).takeKeys(HERS, THEN));
      expect(taken.filter((keys) => keys !== null)).toHaveLength(1);
    }
  });

  it("are in a file that nobody else can read", () => {
    const folder = mkdtempSync(join(tmpdir(), "ntpkit-keys-"));
    const path = join(folder, "state.json");
    try {
      expect(new StateFile(path).keepKeys([keysOf("hers")], THEN)).toBeNull();
      expect(statSync(path).mode & 0o777).toBe(0o600);
      expect(new StateFile(path).remember({ kisses: [] })).toBeNull();
      expect(statSync(path).mode & 0o777).toBe(0o600);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.each([
    ["a cookie that is no base64", { cookies: ["!"] }],
    ["a port of none", { ntpPort: 0 }],
    ["a date that is none", { at: "yesterday" }],
  ])("make a file corrupt that has %s", (_what, change) => {
    expect(decodeMemory(encodeMemory({ kisses: [], stored: null, keys: [keysOf("hers", change)] }))).toBe("corrupt");
  });
});

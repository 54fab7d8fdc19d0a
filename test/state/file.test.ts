/** The state file: on a disk whose power fails, and on a real one. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { NOTHING, type Memory } from "../../src/engine/port/memory.ts";
import { StateFile } from "../../src/state/file.ts";
import { underLock } from "../../src/state/lock.ts";
import { decodeMemory, encodeMemory } from "../../src/state/memory.ts";
import { Disk, fault, PowerFailure } from "./disk.ts";

const encoded = ({ kisses }: Memory): string => encodeMemory({ kisses, stored: null, keys: [] });
const PATH = "/state/state.json";
const kissed = (...ips: readonly string[]): Memory => ({
  kisses: ips.map((ip) => ({ ip, port: 123, code: "DENY" as const, at: "2026-11-21T00:00:00Z" })),
});
const ips = (memory: Memory): string[] => memory.kisses.map((kiss) => kiss.ip).toSorted();

describe("a power failure", () => {
  it("between any two steps leaves the old memory or the new one, whole", () => {
    const before = kissed("192.0.2.1");
    const later = kissed("192.0.2.1", "192.0.2.2");
    fc.assert(
      fc.property(
        fc.nat({ max: 20 }),
        fc.nat({ max: 6 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (step, namings, part) => {
          const disk = new Disk();
          disk.put(PATH, encoded(before));
          const file = new StateFile(PATH, disk);
          file.recall();
          disk.failAt = disk.steps + step;
          const warning = file.remember(later);
          const finished = warning === null;
          disk.crash(namings, part);
          disk.now = 3600;
          const recalled = new StateFile(PATH, disk).recall();
          expect(recalled.warning).toBeNull();
          expect([ips(before), ips(later)]).toContainEqual(ips(recalled.memory));
          if (finished) expect(ips(recalled.memory)).toEqual(ips(later));
          // And it can be written again, whatever was left lying about.
          expect(new StateFile(PATH, disk).remember(kissed("192.0.2.3"))).toBeNull();
          expect(ips(new StateFile(PATH, disk).recall().memory)).toEqual([...ips(recalled.memory), "192.0.2.3"]);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("is seen at every step by the test itself", () => {
    const disk = new Disk();
    const file = new StateFile(PATH, disk);
    disk.failAt = disk.steps;
    expect(() => disk.makeFolder()).toThrow(PowerFailure);
    expect(file.remember(kissed("192.0.2.1"))?.code).toBe("unwritable");
    expect(disk.names()).toEqual([]);
  });
});

describe("two runs at once", () => {
  it("keep the kisses of both, wherever the second comes in between the steps of the first", () => {
    for (let step = 0; step < 12; step += 1) {
      const disk = new Disk();
      disk.put(PATH, encoded(kissed("192.0.2.1")));
      const [first, second] = [new StateFile(PATH, disk), new StateFile(PATH, disk)];
      first.recall();
      second.recall();
      const start = disk.steps;
      let come = false;
      disk.between = () => {
        // The second waits for the lock as long as it is held; so it comes in before or after, not in between.
        if (come || disk.steps < start + step || disk.names().includes(`${PATH}.lock`)) return;
        come = true;
        expect(second.remember(kissed("192.0.2.1", "192.0.2.3"))).toBeNull();
      };
      expect(first.remember(kissed("192.0.2.1", "192.0.2.2"))).toBeNull();
      disk.between = () => undefined;
      if (!come) second.remember(kissed("192.0.2.1", "192.0.2.3"));
      expect(ips(new StateFile(PATH, disk).recall().memory)).toEqual(["192.0.2.1", "192.0.2.2", "192.0.2.3"]);
      expect(disk.names()).toEqual([PATH]);
    }
  });

  it("wait for each other", () => {
    const disk = new Disk();
    const order: string[] = [];
    let waits = 0;
    disk.put("lock", "");
    underLock(
      disk,
      "lock",
      () => order.push("second"),
      () => {
        waits += 1;
        if (waits === 3) {
          order.push("first ends");
          disk.remove("lock");
        }
      },
    );
    expect(order).toEqual(["first ends", "second"]);
    expect(disk.names()).toEqual([]);
  });

  it("take away a lock that a dead run left, and go on without one that is not given up", () => {
    const disk = new Disk();
    disk.put("lock", "");
    disk.now = 3600;
    let waits = 0;
    expect(
      underLock(
        disk,
        "lock",
        () => disk.names(),
        () => (waits += 1),
      ),
    ).toEqual(["lock"]);
    expect([waits, disk.names()]).toEqual([0, []]);
    disk.put("lock", `77 ${disk.here}\n`);
    expect(
      underLock(
        disk,
        "lock",
        () => "done",
        () => (waits += 1),
      ),
    ).toBe("done");
    expect(waits).toBeGreaterThan(100);
    expect(disk.names()).toEqual(["lock"]); // it is the other's to remove
  });

  it.each([
    ["of a process that has ended, at once", `78 HERE\n`, 0, 0],
    ["of one before us that had our number, at once", `${process.pid} HERE\n`, 0, 0],
    ["that says nothing and is of the future, at once", "", -86_400, 0],
    ["that says nothing, when nobody gives it up", "", -5, 200],
    ["of another host's process, when nobody gives it up", "77 elsewhere pid:[1]\n", 0, 200],
  ])("take over a lock %s, and leave none", (_, text, age, least) => {
    const disk = new Disk();
    disk.ended.add(78);
    disk.now = 1000;
    disk.put("lock", text.replace("HERE", disk.here));
    disk.now += age;
    let waits = 0;
    expect(
      underLock(
        disk,
        "lock",
        () => disk.text("lock"),
        () => (waits += 1),
      ),
    ).toBe(`${process.pid} ${disk.here}\n`);
    expect(waits).toBeGreaterThanOrEqual(least);
    expect(waits).toBeLessThanOrEqual(least + 10);
    expect(disk.names()).toEqual([]);
  });

  it("sweep what a dead one left half written, and nothing of one that lives", () => {
    const disk = new Disk();
    disk.ended.add(78).add(79);
    for (const name of [".78.new", ".77.new", ".lock.79.0", ".78.news", ".corrupt-20260101T000000Z-78"])
      disk.put(`${PATH}${name}`, "");
    new StateFile(PATH, disk).remember(kissed("192.0.2.1"));
    expect(disk.names()).toEqual(
      [".77.new", ".78.news", ".corrupt-20260101T000000Z-78", ""].map((name) => `${PATH}${name}`).toSorted(),
    );
  });
});

describe("on a real disk", () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "ntpkit-state-"));
    path = join(folder, "deep", "er", "state.json");
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it("nothing there yet is an empty memory; what is remembered comes back", () => {
    const file = new StateFile(path);
    expect(file.recall()).toEqual({ memory: NOTHING, lapse: null, warning: null });
    expect(existsSync(join(folder, "deep"))).toBe(false);
    expect(file.remember(kissed("192.0.2.1"))).toBeNull();
    expect(new StateFile(path).recall()).toEqual({ memory: kissed("192.0.2.1"), lapse: null, warning: null });
    expect(readdirSync(join(folder, "deep", "er"))).toEqual(["state.json"]);
  });

  it("forgets the kisses of every run", () => {
    new StateFile(path).remember(kissed("192.0.2.1"));
    expect(new StateFile(path).forget()).toBeNull();
    expect(new StateFile(path).recall().memory).toEqual(NOTHING);
  });

  it.each([
    ["corrupt", "{ half"],
    ["future", '{"format":"ntpkit/state","version":9}'],
  ])("sets a %s file aside, and loses nothing", (code, text) => {
    path = join(folder, "state.json");
    writeFileSync(path, text);
    const file = new StateFile(path);
    const { memory, warning } = file.recall();
    expect(memory).toEqual(NOTHING);
    expect(warning).toMatchObject({ code, path });
    const aside = warning !== null && "aside" in warning ? warning.aside : null;
    expect(aside?.startsWith(`${path}.${code}-`)).toBe(true);
    expect(readFileSync(aside ?? "", "utf8")).toBe(text);
    expect(file.remember(kissed("192.0.2.1"))).toBeNull();
    expect(decodeMemory(readFileSync(path, "utf8"))).toEqual({ ...kissed("192.0.2.1"), stored: null, keys: [] });
    expect(readFileSync(aside ?? "", "utf8")).toBe(text);
  });

  it("does not write over what it cannot read, and says why", () => {
    mkdirSync(path, { recursive: true }); // a folder in the file's place
    const file = new StateFile(path);
    expect(file.recall().warning).toEqual({ code: "unreadable", path, why: "it is a directory, not a file" });
    expect(file.remember(kissed("192.0.2.1"))).toEqual({
      code: "unreadable",
      path,
      why: "it is a directory, not a file",
    });
  });

  it("says why it cannot write", () => {
    writeFileSync(join(folder, "deep"), "in the way of a folder");
    expect(new StateFile(path).remember(kissed("192.0.2.1"))).toEqual({ code: "unwritable", path, why: "ENOTDIR" });
  });
});

it("a folder that may not be written to is a warning, whether the file is sound or not", () => {
  for (const text of [encoded(kissed("192.0.2.1")), "{ half"]) {
    const disk = new Disk();
    disk.put(PATH, text);
    disk.create = () => {
      throw fault("EACCES");
    };
    const file = new StateFile(PATH, disk);
    const { warning } = file.recall();
    expect(warning).toEqual(text === "{ half" ? { code: "corrupt", path: PATH, aside: null } : null);
    expect(file.remember(NOTHING)).toEqual({ code: "unwritable", path: PATH, why: "EACCES" });
    expect(disk.text(PATH)).toBe(text);
  }
});

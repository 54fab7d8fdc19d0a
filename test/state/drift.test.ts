/** The drift file: at every moment the old one or the new one, and never a frequency that no clock has. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseDrift, readDrift, writeDrift } from "../../src/state/drift.ts";
import { realFiles, type Files } from "../../src/state/files.ts";

let folder = "";
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "ntpkit-drift-"))));
afterEach(() => rmSync(folder, { recursive: true }));

describe("a drift file", () => {
  it("keeps a frequency to a millionth of a ppm", () => {
    const path = join(folder, "drift");
    fc.assert(
      fc.property(fc.double({ min: -500e-6, max: 500e-6, noNaN: true }), (frequency) => {
        expect(writeDrift(path, frequency)).toBeNull();
        expect(readDrift(path).frequency).toBeCloseTo(frequency, 12);
      }),
      { numRuns: 30 },
    );
    expect(readdirSync(folder)).toEqual(["drift"]);
  });

  it("takes the place of a file, and of nothing else", () => {
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    expect(writeDrift(pipe, 1e-6)).toBe("it is not a regular file");
    expect(statSync(pipe).isFIFO()).toBe(true);
    expect(readdirSync(folder)).toEqual(["pipe"]);
  });

  it.each([
    ["12.345\n", 12.345e-6],
    ["-3.100 0.5\n", -3.1e-6],
    ["1e1", 10e-6],
    ["", null],
    ["ppm", null],
    ["501", null],
    ["1.2.3", null],
    ["NaN", null],
  ])("reads %j", (text, frequency) => {
    if (frequency === null) expect(parseDrift(text)).toBeNull();
    else expect(parseDrift(text)).toBeCloseTo(frequency, 12);
  });

  it.each([
    ["10.000000 0.05\n", -10e-6],
    ["            -3.100000             0.500000\n", 3.1e-6],
    ["10.0\n", null],
    ["10.0 x\n", null],
    ["501 1", null],
  ])("reads %j of chronyd as the rate at which the clock gains", (text, frequency) => {
    if (frequency === null) expect(parseDrift(text, "chrony")).toBeNull();
    else expect(parseDrift(text, "chrony")).toBeCloseTo(frequency, 12);
  });

  it("says what is wrong with one that cannot be used, and nothing of one that is missing", () => {
    writeFileSync(join(folder, "bad"), "hello");
    expect(readDrift(join(folder, "none"))).toEqual({ frequency: null, fault: null });
    expect(readDrift(join(folder, "bad")).fault).toBe("it is not a frequency in ppm");
    expect(readDrift(folder).fault).toBe("it is a directory, not a file");
    expect(writeDrift(join(folder, "no", "where"), 0)).toBe("ENOENT");
  });

  it.each(["create", "write", "sync", "rename"] as const)("leaves the old one when %s fails", (step) => {
    const path = join(folder, "drift");
    writeDrift(path, 1e-6);
    const full: Files = {
      ...realFiles,
      [step]() {
        throw Object.assign(new Error("full"), { code: "ENOSPC" });
      },
    };
    expect(writeDrift(path, 2e-6, full)).toBe("ENOSPC");
    expect(readFileSync(path, "utf8")).toBe("1.000000\n");
    expect(readdirSync(folder)).toEqual(["drift"]);
  });
});

/** The file of master keys: nobody else's to read, at every moment the old one or the new one, and not believed where it is another's. */
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { firstKeys, rotated } from "../../src/security/nts/masters.ts";
import { realFiles, type Files } from "../../src/state/files.ts";
import { readMasterKeys, writeMasterKeys } from "../../src/state/masterkeys.ts";

let folder = "";
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "ntpkit-masters-"))));
afterEach(() => rmSync(folder, { recursive: true }));

let drawn = 0;
const random = (length: number): Uint8Array => new Uint8Array(length).fill((drawn += 1));
const OLD = firstKeys(1000, random);
const NEW = rotated(OLD, 100_000, random);

describe("the file of master keys", () => {
  it("has what was written, in a folder made for it, and only its owner may read it, whatever it was before", () => {
    const path = join(folder, "deep", "nts-keys");
    expect(readMasterKeys(path)).toEqual({ keys: null, fault: null });
    expect(writeMasterKeys(path, OLD)).toBeNull();
    chmodSync(path, 0o644);
    expect(writeMasterKeys(path, NEW)).toBeNull();
    expect(readMasterKeys(path)).toEqual({ keys: NEW, fault: null });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(folder, "deep"))).toEqual(["nts-keys"]);
  });

  it.each(["create", "write", "sync", "rename"] as const)("is the old one where %s fails", (step) => {
    const path = join(folder, "nts-keys");
    writeMasterKeys(path, OLD);
    const failing: Files = {
      ...realFiles,
      [step]: () => {
        throw Object.assign(new Error("no"), { code: "EIO" });
      },
    };
    expect(writeMasterKeys(path, NEW, failing)).toBe("EIO");
    expect(readMasterKeys(path).keys).toEqual(OLD);
    expect(readdirSync(folder)).toEqual(["nts-keys"]);
  });

  it.runIf(process.platform === "linux")("is not kept, and nobody waits, where no folder can be made for it", () => {
    expect(writeMasterKeys("/proc/no/such/nts-keys", OLD)).toMatch(/ENOENT|no such file/);
    writeFileSync(join(folder, "file"), "");
    expect(writeMasterKeys(join(folder, "file", "deep", "nts-keys"), OLD)).toMatch(/ENOTDIR|not a (directory|folder)/);
  });

  it("is not believed where it belongs to another user, or is none", () => {
    const path = join(folder, "nts-keys");
    writeFileSync(path, "hello\n");
    expect(readMasterKeys(path)).toEqual({ keys: null, fault: "it is no file of master keys" });
    writeMasterKeys(path, OLD);
    expect(readMasterKeys(path, { ...realFiles, isForeign: () => true })).toEqual({
      keys: null,
      fault: "it belongs to another user",
    });
    expect(readMasterKeys(folder).fault).toBe("it is a directory, not a file");
  });
});

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ALGORITHMS, type Algorithm } from "../../src/security/digests.ts";
import { parseKeys } from "../../src/security/keyfile.ts";
import { generateKeys, octetsNeeded, writeKeyFile } from "../../src/security/keygen.ts";

const ALGORITHM_NAMES = Object.keys(ALGORITHMS) as Algorithm[];

/** Random octets that are the same in every run. */
function octets(count: number): Uint8Array {
  const blocks = Array.from({ length: Math.ceil(count / 64) }, (_, index) =>
    createHash("sha512").update(String(index)).digest(),
  );
  return Uint8Array.from(Buffer.concat(blocks).subarray(0, count));
}

describe("generating keys", () => {
  it("gives the text of an ntp.keys file", () => {
    expect(
      generateKeys(
        { algorithm: "AES128CMAC", count: 2, firstId: 7, format: "ntp" },
        Uint8Array.from({ length: 32 }, (_, index) => index),
      ),
    ).toBe(
      "# ntp.keys: both ends need the same lines; nobody else may read them\n" +
        "7 AES128CMAC 000102030405060708090a0b0c0d0e0f\n8 AES128CMAC 101112131415161718191a1b1c1d1e1f\n",
    );
  });

  it("gives the text of a chrony.keys file", () => {
    expect(generateKeys({ algorithm: "SHA1", count: 1, firstId: 1, format: "chrony" }, new Uint8Array(20))).toBe(
      `# chrony.keys: both ends need the same lines; nobody else may read them\n1 SHA1 HEX:${"00".repeat(20)}\n`,
    );
  });

  it("makes MD5 secrets of 20 characters that any reader takes as text", () => {
    const text = generateKeys({ algorithm: "MD5", count: 10, firstId: 1, format: "ntp" }, octets(200));
    const secrets = text
      .split("\n")
      .slice(1, 11)
      .map((line) => line.split(" ")[2]!);
    for (const secret of secrets) expect(secret).toMatch(/^[A-Za-z0-9+-]{20}$/);
    expect(new Set(secrets).size).toBe(10);
  });

  it("is read back by the file's own rule without fault or warning, one key a line, no two alike", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...ALGORITHM_NAMES),
        fc.constantFrom("ntp", "chrony"),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 65516 }),
        (algorithm, format, count, firstId) => {
          const text = generateKeys({ algorithm, count, firstId, format }, octets(octetsNeeded({ algorithm, count })));
          const { keys, faults, warnings } = parseKeys(text, { format, file: "k" });
          expect([faults, warnings]).toEqual([[], []]);
          expect(keys.map((key) => key.algorithm)).toEqual(Array.from({ length: count }, () => algorithm));
          expect(keys.map(({ id }) => id)).toEqual(Array.from({ length: count }, (_, index) => firstId + index));
          expect(new Set(keys.map(({ secret }) => Buffer.from(secret).toString("hex"))).size).toBe(count);
          const automatic = parseKeys(text, { format: "auto", file: "k" });
          expect(automatic.keys.map(({ secret }) => secret)).toEqual(keys.map(({ secret }) => secret));
        },
      ),
    );
  });

  it("refuses too few octets and identifiers beyond 65535", () => {
    expect(() => generateKeys({ algorithm: "SHA1", count: 2, firstId: 1, format: "ntp" }, octets(39))).toThrow(
      RangeError,
    );
    expect(() => generateKeys({ algorithm: "SHA1", count: 2, firstId: 65535, format: "ntp" }, octets(40))).toThrow(
      RangeError,
    );
    expect(() => generateKeys({ algorithm: "SHA1", count: 1, firstId: 0, format: "ntp" }, octets(40))).toThrow(
      RangeError,
    );
  });
});

describe("writing a key file", () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "ntpkit-keygen-"));
    path = join(folder, "ntp.keys");
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it("writes what only the owner may read, whatever the umask, and leaves nothing beside it", () => {
    const umask = process.umask(0);
    expect(writeKeyFile(path, "1 MD5 one\n", { force: false })).toEqual({ kind: "written" });
    process.umask(umask);
    expect(readFileSync(path, "latin1")).toBe("1 MD5 one\n");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(["ntp.keys"]);
  });

  it("leaves a file that is there alone, unless forced; then replaces it whole, mode and all", () => {
    writeFileSync(path, "old");
    chmodSync(path, 0o644);
    expect(writeKeyFile(path, "new", { force: false })).toEqual({ kind: "exists" });
    expect(readFileSync(path, "latin1")).toBe("old");
    expect(writeKeyFile(path, "new", { force: true })).toEqual({ kind: "written" });
    expect(readFileSync(path, "latin1")).toBe("new");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(["ntp.keys"]);
  });

  it("takes the place of a file and of nothing else, even when forced", () => {
    execFileSync("mkfifo", [path]);
    expect(writeKeyFile(path, "new", { force: true })).toEqual({ kind: "failed", why: "it is not a regular file" });
    expect(statSync(path).isFIFO()).toBe(true);
  });

  it("does not write through a symbolic link", () => {
    const target = join(folder, "target");
    symlinkSync(target, path);
    expect(writeKeyFile(path, "new", { force: false })).toEqual({ kind: "exists" });
    expect(existsSync(target)).toBe(false);
  });

  it("says why it could not, and leaves nothing behind", () => {
    expect(writeKeyFile(join(folder, "none", "ntp.keys"), "new", { force: false })).toEqual({
      kind: "failed",
      why: "no such file or directory",
    });
    mkdirSync(path);
    expect(writeKeyFile(path, "new", { force: true }).kind).toBe("failed");
    expect(readdirSync(folder)).toEqual(["ntp.keys"]);
    writeFileSync(join(folder, "plain"), "");
    expect(writeKeyFile(join(folder, "plain", "ntp.keys"), "new", { force: false })).toEqual({
      kind: "failed",
      why: "not a directory",
    });
  });
});

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fatalFault, loadKeys, withoutLines } from "../../src/security/keyring.ts";
import { placedText } from "../../src/security/place.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ntpkit-keys-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function write(text: string | Uint8Array, mode = 0o600): string {
  const path = join(folder, "ntp.keys");
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

describe("loading a key file", () => {
  it("holds its keys, all trusted unless told otherwise", async () => {
    const path = write("1 MD5 one\n2 AES128CMAC 00112233445566778899aabbccddeeff\n");
    const all = await loadKeys(path);
    expect([all.faults, all.warnings]).toEqual([[], []]);
    expect(all.keyring.keys.map(({ id, algorithm, trusted }) => [id, algorithm, trusted])).toEqual([
      [1, "MD5", true],
      [2, "AES128CMAC", true],
    ]);
    const some = await loadKeys(path, { trusted: [{ first: 2, last: 5 }] });
    expect(some.keyring.keys.map(({ trusted }) => trusted)).toEqual([false, true]);
    expect(some.keyring.find(2)?.trusted).toBe(true);
    expect(some.keyring.find(3)).toBeNull();
  });

  it("reads by the rule that was asked for, octet for octet", async () => {
    const path = write(Buffer.from("1 SHA1 ASCII:\xe9\n2 word\n", "latin1"));
    const { keyring, faults } = await loadKeys(path, { format: "chrony" });
    expect(faults).toEqual([]);
    expect(keyring.keys.map(({ id, algorithm }) => [id, algorithm])).toEqual([
      [1, "SHA1"],
      [2, "MD5"],
    ]);
  });

  it("keeps what is right of a file with faults, and says what is not", async () => {
    const path = write("1 MD5 one\n2 MD9 two\n");
    const { keyring, faults } = await loadKeys(path);
    expect(keyring.keys.map(({ id }) => id)).toEqual([1]);
    expect(faults.map(placedText)[0]).toMatch(new RegExp(`^${path}:2:3: "MD9" is not an algorithm`));
  });

  it("lets those go on whose keys it has, and nobody else", async () => {
    const loaded = await loadKeys(write("1 MD5 one\n2 MD9 two\n"));
    const place = (needed: readonly number[]): number | undefined => fatalFault(loaded, needed)?.line;
    expect([place([]), place([1]), place([1, 2]), place([7])]).toEqual([undefined, undefined, 2, 2]);
    expect(withoutLines(loaded.faults).map(({ message }) => message)).toEqual([
      expect.stringMatching(/^"MD9" is not an algorithm; .*; this line is left out$/),
    ]);
    expect(fatalFault(await loadKeys(write("x\n")), [])?.line).toBe(1);
    expect(fatalFault(await loadKeys(join(folder, "none")), [])?.line).toBe(0);
    expect(fatalFault(await loadKeys(write("1 MD5 one\n")), [7])).toBeNull();
  });

  it.each([
    [0o644, "everyone on this machine may read the keys in this file: chmod 600 it"],
    [0o602, "everyone on this machine may change the keys in this file: chmod 600 it"],
    [0o640, null],
    [0o600, null],
  ])("warns of a file open to everyone (mode %o)", async (mode, message) => {
    const path = write("1 MD5 one\n", mode);
    const { warnings } = await loadKeys(path);
    expect(warnings.map(placedText)).toEqual(message === null ? [] : [`${path}: ${message}`]);
  });

  it("names a file it cannot read, without throwing", async () => {
    const missing = join(folder, "none");
    expect((await loadKeys(missing)).faults.map(placedText)).toEqual([
      `${missing}: the key file cannot be read: no such file or directory`,
    ]);
    expect((await loadKeys(folder)).faults.map(placedText)[0]).toMatch(
      /: the key file cannot be read: it is a directory, not a file$/,
    );
  });
});

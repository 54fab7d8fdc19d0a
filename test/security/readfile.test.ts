/** The one door for files: what never ends, never begins or is too much is refused, at once and by name. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadConfiguration } from "../../src/config/files.ts";
import { translated } from "../../src/config/translate/translate.ts";
import { loadKeys } from "../../src/security/keyring.ts";
import { LARGEST, readText } from "../../src/security/readfile.ts";
import { readDrift } from "../../src/state/drift.ts";
import { StateFile } from "../../src/state/file.ts";
import { stateWarningText } from "../../src/view/warnings.ts";
import { ntpkit } from "../support/command.ts";

let folder = "";
const at = (name: string): string => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "ntpkit-readfile-"));
  execFileSync("mkfifo", [at("pipe")]);
  mkdirSync(at("folder"));
  symlinkSync("/dev/zero", at("zero"));
  for (const [name, size] of [
    ["keys", LARGEST.keys],
    ["state", LARGEST.state],
  ] as const) {
    writeFileSync(at(`large-${name}`), "[".repeat(4096));
    truncateSync(at(`large-${name}`), size + 1);
  }
  writeFileSync(at("small"), "1.5\n");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What each reader says of what is no file that it can use. */
const UNFIT = [
  ["pipe", "it is a pipe, not a regular file"],
  ["zero", "it is a device, not a regular file"],
  ["folder", "it is a directory, not a file"],
  ["large-state", "it is larger than"],
] as const;

describe("a file", () => {
  it("is read whole, also where it does not tell its size, and /dev/null is an empty one", () => {
    expect(readText(at("small"), 4)).toBe("1.5\n");
    expect(readText("/proc/self/status", LARGEST.keys)).toMatch(/^Name:/);
    expect(readText("/dev/null", 1)).toBe("");
    expect(() => readText(at("small"), 3)).toThrow(/it is larger than/);
  });

  it("of just the largest size is read, and one octet more is not", () => {
    truncateSync(at("large-keys"), LARGEST.keys);
    expect(readText(at("large-keys"), LARGEST.keys)).toHaveLength(LARGEST.keys);
    truncateSync(at("large-keys"), LARGEST.keys + 1);
    expect(() => readText(at("large-keys"), LARGEST.keys)).toThrow("it is larger than 1 MiB");
  });
});

describe.each(UNFIT)("a %s", (name, words) => {
  it("holds no keys", async () => {
    const { faults } = await loadKeys(at(name));
    expect(faults.map(({ message }) => message).join()).toContain(words);
  });

  it("is no configuration, and none to translate", () => {
    expect(() => loadConfiguration(at(name), true)).toThrow(words);
    expect(() => translated(at(name))).toThrow(words);
  });

  it("is no drift file", () => {
    expect(readDrift(at(name)).fault).toContain(words);
  });

  it("is no state, and stays what it is", () => {
    const state = new StateFile(at(name));
    const { warning } = state.recall();
    expect(stateWarningText(warning!)).toContain(words);
    expect(state.remember({ kisses: [] })).toEqual(warning);
  });
});

describe("a command", () => {
  it.each([
    ["query", "--keys", "pipe", "127.0.0.1:9"],
    ["query", "--config", "pipe"],
    ["query", "--keys", "large-keys", "127.0.0.1:9"],
    ["run", "--check", "-c", "zero"],
    ["run", "--from", "pipe", "--print"],
    ["serve", "--leap-smear", "86400", "--local-stratum", "3", "--leap-file", "pipe"],
  ])("%s %s %s says so in one line", async (command, ...argv) => {
    const words = argv.map((word) => (/^(pipe|zero|large-keys)$/.test(word) ? at(word) : word));
    const { code, err } = await ntpkit([command, ...words]);
    expect(code).toBe(64);
    expect(err).toMatch(/^ntpkit \S+: .*(not a regular file|larger than 1 MiB).*\n$/);
  });
});

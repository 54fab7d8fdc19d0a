import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { own } from "../../src/wire/own.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

describe("a table", () => {
  it("has the rows that are written in it, and none of its prototype's", () => {
    const table = { one: 1 };
    expect(own(table, "one")).toBe(1);
    for (const name of Object.getOwnPropertyNames(Object.prototype)) expect(own(table, name)).toBeUndefined();
  });
});

describe("the linter's rule of foreign words", () => {
  const found = (text: string): number => {
    const folder = mkdtempSync(join(tmpdir(), "ntpkit-lint-"));
    try {
      const config = {
        jsPlugins: [join(ROOT, "test/lint/tables.mjs")],
        categories: {},
        rules: { "house/foreign-words": "error" },
      };
      writeFileSync(join(folder, "rules.json"), JSON.stringify({ ...config, categories: { correctness: "off" } }));
      writeFileSync(join(folder, "tried.ts"), text);
      const argv = [join(ROOT, "node_modules/oxlint/bin/oxlint"), "-c", "rules.json", "--format", "json", "tried.ts"];
      try {
        execFileSync(process.execPath, argv, { cwd: folder, stdio: ["ignore", "pipe", "ignore"] });
        return 0;
      } catch (error) {
        const { diagnostics } = JSON.parse((error as { stdout: Buffer }).stdout.toString());
        return diagnostics.length;
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
  const TABLE = "const TABLE: Readonly<Record<string, number>> = {};\n";

  it.each([
    ["export const f = (x: string) => x in TABLE;", 1],
    ['export const f = (x: object) => "kind" in x;', 0],
    ["export const f = (x: string) => TABLE[x];", 1],
    ["export const f = (x: string) => TABLE[x ?? ''] ?? 5;", 1],
    ["export const f = (x: string) => (x as unknown as Record<string, number>)[x];", 1],
    ["export const f = (x: string) => (Object.hasOwn(TABLE, x) ? TABLE[x] : 5);", 0],
    ['export const f = () => TABLE["word"];', 0],
  ])("%s: %i", (line, count) => {
    expect(found(TABLE + line)).toBe(count);
  });

  it("holds in all of src", () => {
    const { jsPlugins, overrides } = JSON.parse(readFileSync(join(ROOT, ".oxlintrc.json"), "utf8"));
    expect(jsPlugins).toEqual(["./test/lint/tables.mjs"]);
    expect(overrides).toContainEqual({ files: ["src/**"], rules: { "house/foreign-words": "error" } });
  });
});

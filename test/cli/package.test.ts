/** What npm would publish: the command runs from it, and with compiled code of any origin. */
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { transform } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const TOP = fileURLToPath(new URL("../..", import.meta.url));

let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "ntpkit-package-"));
  const [pack] = JSON.parse(
    execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
      cwd: TOP,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }),
  ) as [{ readonly files: readonly { readonly path: string }[] }];
  for (const { path } of pack.files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    cpSync(join(TOP, path), join(folder, path));
  }
  symlinkSync(join(TOP, "node_modules"), join(folder, "node_modules"));
}, 120_000);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function run(...argv: readonly string[]): {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
} {
  return spawnSync(process.execPath, [join(folder, "bin/ntpkit.js"), ...argv], { encoding: "utf8" });
}

describe("the package", () => {
  it("has a command that runs", () => {
    expect(run("--version")).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
      stderr: "",
    });
    expect(run("query", "127.0.0.1:9", "--key", "1")).toMatchObject({
      status: 64,
      stderr: expect.stringContaining("there is no key file"),
    });
  });

  it("is ASCII, as which it is read, and so knows what is not in what is typed and printed", () => {
    // oxlint-disable-next-line no-control-regex
    expect(readFileSync(join(folder, "dist/bin/ntpkit.cjs"), "utf8")).toMatch(/^[\x00-\x7f]*$/);
    expect(run("query", "127.0.0.1:9", "--timeout", "500000µs")).toMatchObject({ status: 10 });
  });

  it.each([
    [0, ["demo", "--json"]],
    [0, ["keygen"]],
    [0, ["completion", "bash"]],
    [0, ["run", "--check", "--config", "/dev/null"]],
    [10, ["peers", "127.0.0.1:9"]],
  ] as const)("ends with %d by %j", (code, argv) => {
    expect(run(...argv)).toMatchObject({ status: code });
  });

  it("does without the C library: names are looked up all the same", () => {
    const modules = join(folder, "node_modules");
    rmSync(modules);
    mkdirSync(modules);
    for (const name of readdirSync(join(TOP, "node_modules")).filter((one) => !/koffi|koromix/.test(one)))
      symlinkSync(join(TOP, "node_modules", name), join(modules, name));
    const { status, stderr } = run("query", "localhost:9");
    expect(stderr).toContain("localhost (127.0.0.1:9)");
    expect(status).toBe(10);
    expect(run("query", "-v", "127.0.0.1:9").stderr).toMatch(/koffi.*no binary for \S+ here: `npm rebuild koffi`/);
    rmSync(modules, { recursive: true });
    symlinkSync(join(TOP, "node_modules"), modules);
  });

  it("says to a Node that is too old which one is needed, in words that it can read", async () => {
    const file = join(folder, "bin/ntpkit.js");
    await expect(transform(readFileSync(file, "utf8"), { target: "es5" })).resolves.toMatchObject({ warnings: [] });
    const pretend = join(folder, "old.cjs");
    const old = (version: string, ...argv: readonly string[]): unknown => {
      writeFileSync(
        pretend,
        `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "${version}" } });`,
      );
      const { status, stdout, stderr } = spawnSync(process.execPath, ["-r", pretend, file, ...argv], {
        encoding: "utf8",
      });
      return [status, stdout + stderr];
    };
    for (const version of ["4.9.1", "18.20.4", "20.18.3"]) {
      const words = `Node 20.19 or later is needed; this is Node ${version}\n`;
      expect(old(version, "--version")).toEqual([69, `ntpkit: ${words}`]);
      expect(old(version, "check", "127.0.0.1:9")).toEqual([3, `NTP UNKNOWN: ${words}`]);
    }
    for (const version of ["20.19.0", "22.1.0", "100.0.0"])
      expect(old(version, "--version")).toEqual([0, expect.stringMatching(/^\d/)]);
  });

  it("takes no compiled code of another architecture or V8", () => {
    const kept = readdirSync(join(folder, "dist/bin")).filter((name) => name.endsWith(".cache"));
    const ours = `-${process.arch}-${process.versions.v8}.cache`;
    expect(kept.map((name) => name.endsWith(ours))).toEqual(kept.map(() => true));
  });

  it("does without compiled code that is broken, or missing", () => {
    const compiled = readdirSync(join(folder, "dist/bin")).filter((name) => name.endsWith(".cache"));
    expect(compiled).not.toEqual([]);
    for (const spoil of [(path: string) => writeFileSync(path, "not compiled"), (path: string) => rmSync(path)]) {
      for (const name of compiled) spoil(join(folder, "dist/bin", name));
      expect(run("--version")).toMatchObject({ status: 0, stderr: "" });
      expect(run("query", "--help")).toMatchObject({ status: 0, stderr: "" });
    }
  });
});

/** What npm would publish, installed from its tarball without a network or scripts: the command, the library, and what is kept of both. */
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { transform } from "esbuild";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";

const TOP = fileURLToPath(new URL("../..", import.meta.url));

let folder = "";
let installed = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "ntpkit-package-"));
  npm(TOP, "pack", "--ignore-scripts", "--pack-destination", folder);
  const [tarball] = readdirSync(folder);
  // Its only dependency is linked, with its binary for this machine.
  const linked = ["koffi", ...readdirSync(join(TOP, "node_modules/@koromix")).map((name) => `@koromix/${name}`)];
  const dependencies = {
    ntpkit: `file:${tarball}`,
    ...Object.fromEntries(linked.map((name) => [name, `file:${TOP}node_modules/${name}`])),
  };
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, dependencies }));
  npm(folder, "install", "--offline", "--ignore-scripts", "--cache", join(folder, "nothing"));
  installed = join(folder, "node_modules/ntpkit");
}, 120_000);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function npm(cwd: string, ...words: readonly string[]): void {
  execFileSync("npm", ["--loglevel=error", ...words], { cwd, stdio: ["ignore", "ignore", "inherit"] });
}

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the installed command with a home of its own. */
function run(...argv: readonly string[]): Ran {
  return runWith({}, ...argv);
}

function runWith(env: Readonly<Record<string, string>>, ...argv: readonly string[]): Ran {
  return spawnSync(process.execPath, [join(folder, "node_modules/.bin/ntpkit"), ...argv], {
    encoding: "utf8",
    env: { PATH: process.env["PATH"], HOME: join(folder, "home"), ...env },
  });
}

/** Every file below a folder that is no folder. */
function filesOf(top: string): string[] {
  return readdirSync(top, { recursive: true, encoding: "utf8" }).filter((name) => statSync(join(top, name)).isFile());
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
    expect(readFileSync(join(installed, "dist/bin/ntpkit.cjs"), "utf8")).toMatch(/^[\x00-\x7f]*$/);
    expect(run("query", "127.0.0.1:9", "--timeout", "500000µs")).toMatchObject({ status: 10 });
  });

  it.each([
    [0, ["demo", "--json"]],
    [0, ["keygen"]],
    [0, ["completion", "bash"]],
    [0, ["man", "sync"]],
    [0, ["man", "examples/worlds/liar.toml"]],
    [0, ["run", "--check", "--config", "/dev/null"]],
    [10, ["peers", "127.0.0.1:9"]],
  ] as const)("ends with %d by %j", (code, argv) => {
    expect(run(...argv)).toMatchObject({ status: code });
  });

  it("names the examples that the source names", () => {
    const { stdout } = run("man", "examples");
    const named = spawnSync(process.execPath, ["--import", "tsx", "src/cli/entry.ts", "man", "examples"], { cwd: TOP });
    expect(stdout).toBe(named.stdout.toString());
  });

  it("has no more than 60 files and 2 MB", () => {
    const files = filesOf(installed);
    expect(files.length).toBeLessThanOrEqual(60);
    expect(files.reduce((sum, name) => sum + statSync(join(installed, name)).size, 0)).toBeLessThanOrEqual(2e6);
  });

  it("has a library for both kinds of modules, which is one", () => {
    const program = join(folder, "program.mjs");
    writeFileSync(
      program,
      `import { createRequire } from "node:module";
       import * as library from "ntpkit";
       const required = createRequire(import.meta.url)("ntpkit");
       const schemas = createRequire(import.meta.url)("ntpkit/schemas.json");
       const document = await library.query("127.0.0.1:9", { deadline: 1 });
       console.log(JSON.stringify({
         same: required.UsageError === library.UsageError && required.query === library.query,
         schema: document.schema, ok: document.ok, known: Object.keys(schemas.$defs).includes("query"),
         refused: await library.query("127.0.0.1:9", { samples: -1 }).then(() => null, (error) => error instanceof required.UsageError),
       }));`,
    );
    const { stdout, stderr } = spawnSync(process.execPath, [program], { encoding: "utf8", cwd: folder });
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual({ same: true, schema: "ntpkit/query/1", ok: false, known: true, refused: true });
  });

  it("does without the C library: names are looked up all the same", () => {
    const modules = join(folder, "node_modules");
    for (const name of ["koffi", "@koromix"]) renameSync(join(modules, name), join(folder, name));
    const { status, stderr } = run("query", "localhost:9");
    expect(stderr).toContain("localhost (127.0.0.1:9)");
    expect(status).toBe(10);
    expect(run("query", "-v", "127.0.0.1:9").stderr).toMatch(/koffi.*no binary for \S+ here: `npm rebuild koffi`/);
    for (const name of ["koffi", "@koromix"]) renameSync(join(folder, name), join(modules, name));
    expect(run("query", "-v", "127.0.0.1:9").stderr).not.toContain("koffi");
  });

  it("says to a Node that is too old which one is needed, in words that it can read", async () => {
    const file = join(installed, "bin/ntpkit.js");
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
});

describe("compiled code", () => {
  const cache = (): string => join(folder, "home/.cache/ntpkit");
  const kept = (): string[] => readdirSync(cache());
  const peers = (): Ran => run("peers", "127.0.0.1:9", "--json");

  beforeEach(() => {
    rmSync(join(folder, "home"), { recursive: true, force: true });
    mkdirSync(join(folder, "home"));
  });

  it("is kept by a run for this Node, architecture and bundle, in a folder of the user's alone", () => {
    expect(peers().status).toBe(10);
    const digest = readFileSync(join(installed, "dist/bin/ntpkit.cjs"), "latin1").slice(2, 18);
    expect(kept()).toEqual([`peers-${process.arch}-${process.version}-${digest}.cache`]);
    expect(statSync(cache()).mode & 0o777).toBe(0o700);
    expect(statSync(join(cache(), kept()[0]!)).mode & 0o777).toBe(0o600);
    const { ino } = statSync(join(cache(), kept()[0]!));
    expect(peers().status).toBe(10);
    expect(statSync(join(cache(), kept()[0]!)).ino).toBe(ino);
  });

  it.each([
    ["is cut short", (whole: Buffer) => whole.subarray(0, whole.length - 1)],
    ["is cut in half", (whole: Buffer) => whole.subarray(0, whole.length >> 1)],
    ["is empty", () => Buffer.alloc(0)],
    ["is something else", () => Buffer.from("not compiled")],
    [
      "has a wrong octet",
      (whole: Buffer) => whole.map((octet, at) => (at === whole.length >> 2 ? octet ^ 0x55 : octet)),
    ],
    [
      "has a wrong octet in its second half",
      (whole: Buffer) => whole.map((octet, at) => (at === whole.length - 9 ? octet ^ 1 : octet)),
    ],
    [
      "is of another Node",
      (whole: Buffer) => Buffer.from(whole.toString("latin1").replace(process.version, "v99.9.9"), "latin1"),
    ],
    [
      "is of another architecture",
      (whole: Buffer) => Buffer.from(whole.toString("latin1").replace(`-${process.arch}-`, "-mips-"), "latin1"),
    ],
  ])("that %s is made anew", (_what, spoilt) => {
    const before = peers();
    const file = join(cache(), kept()[0]!);
    const whole = readFileSync(file);
    writeFileSync(file, spoilt(whole));
    expect(peers()).toMatchObject({ status: before.status, stderr: before.stderr });
    const header = whole.subarray(0, whole.indexOf("\n"));
    expect(readFileSync(file).subarray(0, header.length)).toEqual(header);
    expect(statSync(file).size).toBeGreaterThan(100_000);
    expect(kept()).toHaveLength(1);
  });

  it.each([
    ["a file of somebody else's", () => join(cache(), kept()[0]!), (path: string) => chownSync(path, 65534, 65534)],
    ["a file that others may write", () => join(cache(), kept()[0]!), (path: string) => chmodSync(path, 0o666)],
    ["a folder of somebody else's", cache, (path: string) => chownSync(path, 65534, 65534)],
    ["a folder that others may write", cache, (path: string) => chmodSync(path, 0o777)],
  ])("in %s is not believed", (_what, path, change) => {
    peers();
    const file = join(cache(), kept()[0]!);
    // What V8 would take and crash with, or worse.
    const whole = readFileSync(file);
    const header = whole.indexOf("\n") + 1;
    const half = (whole.length - header) / 2;
    const poison = whole.subarray(header, header + half).map((octet, at) => (at > 64 ? octet ^ 0x55 : octet));
    writeFileSync(file, Buffer.concat([whole.subarray(0, header), poison, poison]));
    change(path());
    expect(peers().status).toBe(10);
  });

  it.each([
    ["there is no home", { HOME: "" }],
    ["the home is not there", { HOME: "/nonexistent/home" }],
    ["it is not wanted", { NODE_DISABLE_COMPILE_CACHE: "1" }],
    ["the folder is a file", { XDG_CACHE_HOME: "/etc/hostname" }],
  ])("is done without where %s", (_what, env) => {
    expect(runWith(env, "peers", "127.0.0.1:9")).toMatchObject({ status: 10 });
    expect(existsSync(cache())).toBe(false);
    expect(existsSync("/nonexistent")).toBe(false);
  });

  it("is not kept of what is no command, or more than a month", () => {
    expect(run("pears").status).toBe(64);
    expect(existsSync(cache())).toBe(false);
    peers();
    const old = join(cache(), "query-x64-v18.0.0-0123456789abcdef.cache");
    cpSync(join(cache(), kept()[0]!), old);
    execFileSync("touch", ["-d", "40 days ago", old]);
    run("check", "127.0.0.1:9");
    expect(kept().map((name) => name.split("-")[0])).toEqual(["check", "peers"]);
  });

  it("is kept where systemd or XDG says", () => {
    for (const [name, path] of [
      ["CACHE_DIRECTORY", "one"],
      ["XDG_CACHE_HOME", "two"],
    ] as const) {
      mkdirSync(join(folder, "home", path));
      runWith({ [name]: join(folder, "home", path) }, "peers", "127.0.0.1:9");
      expect(filesOf(join(folder, "home", path))).toHaveLength(1);
    }
  });
});

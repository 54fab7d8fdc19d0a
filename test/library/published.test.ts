/**
 * The library as it is published: its types in every kind of program, and the examples of the manual run as they stand. Both go by
 * what `npm run build` has made.
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServer, type DemoServer } from "../../src/cli/demo/server.ts";
import { clockReader } from "../../src/host/clock.ts";

const TOP = fileURLToPath(new URL("../../", import.meta.url));
const EXAMPLES = join(TOP, "man/examples/library");

let folder = "";
let server: DemoServer;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "ntpkit-types-"));
  mkdirSync(join(folder, "node_modules/@types"), { recursive: true });
  symlinkSync(TOP, join(folder, "node_modules/ntpkit"));
  symlinkSync(join(TOP, "node_modules/@types/node"), join(folder, "node_modules/@types/node"));
  server = await startServer({ name: "good", ahead: 0.25, stratum: 1, refid: "GPS" }, clockReader());
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

/** The first fences of a document that are TypeScript. */
function fences(path: string): readonly string[] {
  const text = readFileSync(join(TOP, path), "utf8").replaceAll(/^ \* ?/gm, "");
  return Array.from(text.matchAll(/^```ts\n([^]*?)^```/gm), ([, code]) => code!);
}

/** A program that uses what there is, right and wrong: each wrong line has to be refused. */
const PROGRAM = `
import { check, ClockError, decode, openClock, peers, pool, query, UsageError, type Clock, type RunDocument } from "ntpkit";
import { decodePacket, type Packet } from "ntpkit/wire";

export async function use(): Promise<bigint> {
  const document: RunDocument = await query("h", { samples: 4 });
  const clock: Clock = await openClock(["h"], { wait: false });
  for await (const change of clock) if (change.kind === "stepped") return BigInt(Math.round(change.by));
  for await (const { verdict } of decode("f", { bad: true })) if (verdict === "ok") break;
  for await (const { ok } of pool("h", { follow: true })) if (ok) break;
  const { status }: { status: "OK" | "WARNING" | "CRITICAL" | "UNKNOWN" } = await check("h");
  const packet = decodePacket(new Uint8Array(48));
  const header = (packet as Packet).header.stratum + document.associations.length + status.length;
  // @ts-expect-error a setting that there is none of
  await query("h", { sampels: 4 });
  // @ts-expect-error a duration is a number
  await peers("h", { timeout: "1s" });
  // @ts-expect-error without follow there is one document
  for await (const { ok } of pool("h")) if (ok) break;
  const error: unknown = new ClockError("closed", "c");
  if (error instanceof UsageError) throw error;
  return clock.now().latest + BigInt(header);
}
`;

describe("the types", () => {
  it.each([
    ["nodenext", "program.mts", ["--module", "nodenext"]],
    ["CommonJS", "program.cts", ["--module", "nodenext"]],
    ["a bundler", "program.ts", ["--module", "esnext", "--moduleResolution", "bundler"]],
  ] as const)("do for %s", (_, name, options) => {
    writeFileSync(join(folder, name), PROGRAM);
    const examples = ["README.md", "src/index.ts", "src/wire.ts"].flatMap(fences);
    expect(examples.length).toBeGreaterThanOrEqual(3);
    const written = name.endsWith(".cts")
      ? []
      : examples.map((code, index) => {
          const path = `example${index}.${name.split(".")[1]!}`;
          writeFileSync(join(folder, path), `declare const octets: Uint8Array;\n${code}\nexport {};\n`);
          return path;
        });
    const strict = ["--strict", "--noEmit", "--target", "es2023", "--types", "node", "--exactOptionalPropertyTypes"];
    const { stdout } = spawnSync(
      process.execPath,
      [join(TOP, "node_modules/typescript/bin/tsc"), ...strict, ...options, name, ...written],
      { cwd: folder, encoding: "utf8" },
    );
    expect(stdout).toBe("");
  });

  it("do without Node's and without the DOM's", () => {
    const program = `import { openClock, query, type Clock } from "ntpkit";
import { decodePacket } from "ntpkit/wire";
export async function use(): Promise<bigint> {
  const signal = { aborted: false, reason: null, throwIfAborted() {}, addEventListener() {}, removeEventListener() {} };
  await query("h", { signal });
  // @ts-expect-error no signal
  await query("h", { signal: 7 });
  const clock: Clock = await openClock(["h"], { wait: false });
  await clock.past(5n, { signal });
  await clock[Symbol.asyncDispose]();
  return clock.now().best + BigInt(decodePacket(new Uint8Array(48)) === null ? 0 : 1);
}
`;
    writeFileSync(join(folder, "bare.mts"), program);
    const words = [
      "--strict",
      "--noEmit",
      "--target",
      "es2022",
      "--lib",
      "es2022",
      "--types",
      "",
      "--module",
      "nodenext",
    ];
    const compiler = join(TOP, "node_modules/typescript/bin/tsc");
    const { stdout } = spawnSync(process.execPath, [compiler, ...words, "bare.mts"], { cwd: folder, encoding: "utf8" });
    expect(stdout).toBe("");
  });
});

/** Runs a program of Node's while the server goes on answering. */
async function run(...words: readonly string[]): Promise<{ readonly code: number | null; readonly out: string }> {
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"], timeout: 60_000 });
  let out = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  const code = await new Promise<number | null>((done) => child.on("close", done));
  return { code, out };
}

describe("the examples", () => {
  const place = (): string => `127.0.0.1:${server.port}`;
  const CAPTURE = join(TOP, "test/fixtures/captures/j9-handmade-kisses.pcap");
  const RUNS: Readonly<Record<string, readonly [argument: () => string, out: RegExp]>> = {
    "query.mjs": [place, /^wrong by 0\.2\d+ s, give or take \S+ s\n$/],
    "commit-wait.mjs": [place, /^committed at \d{19}, and it is \d{19} at least: true\n$/],
    "follow-clock.mjs": [place, /^unsynchronized\nsynchronized 127\.0\.0\.1\n$/],
    "kisses.mjs": [() => CAPTURE, /^(?:\S+ told \S+: .+\n)+\d+ kisses\n$/],
  };

  it("are all tried", () => {
    expect(readdirSync(EXAMPLES).toSorted()).toEqual(Object.keys(RUNS).toSorted());
  });

  it.each(Object.keys(RUNS))("%s runs as it stands", async (name) => {
    const [argument, expected] = RUNS[name]!;
    const { code, out } = await run(join(EXAMPLES, name), argument());
    expect(out).toMatch(expected);
    expect(code).toBe(0);
  });

  it("may be required, too", async () => {
    const script =
      'const { openClock } = require("ntpkit"); const { decodePacket } = require("ntpkit/wire"); console.log(typeof openClock, decodePacket(new Uint8Array(48)).kind)';
    writeFileSync(join(folder, "required.cjs"), script);
    expect(await run(join(folder, "required.cjs"))).toEqual({ code: 0, out: "function malformed\n" });
  });
});

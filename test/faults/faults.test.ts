/**
 * Files are whole whatever happens while they are written: each system call on them is made to fail, to be cut short, or to be
 * the one before which the process is killed, one by one. Nothing is lost, nothing is half, and the next run is clean.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { KINDS, type Kind } from "./kinds.ts";

const { EIO, EPERM } = constants.errno;

/** Every call fails so; all of them where CI is set, since each takes some seconds. */
const FAULTS: readonly (readonly [what: string, how: string])[] = [
  ["fails with EIO", String(EIO)],
  ["is not reached, for the process is killed", "kill"],
  ["is cut short", "short"],
  ...(process.env["CI"] === undefined ? [] : [["fails with EPERM", String(EPERM)] as const]),
];
/** There are fewer calls. */
const MOST_CALLS = 100;

const hasCompiler = spawnSync("gcc", ["--version"]).status === 0;
const canRun = process.platform === "linux" && (hasCompiler || process.env["CI"] !== undefined);

let folder = "";
let shim = "";
let writer = "";

beforeAll(async () => {
  if (!canRun) return;
  folder = mkdtempSync(`${tmpdir()}/ntpkit-faults-`);
  shim = `${folder}/shim.so`;
  writer = `${folder}/writer.cjs`;
  const source = fileURLToPath(new URL("shim.c", import.meta.url));
  const { status, stderr } = spawnSync("gcc", ["-O1", "-shared", "-fPIC", "-o", shim, source, "-ldl"]);
  expect(status, String(stderr)).toBe(0);
  await build({
    entryPoints: [fileURLToPath(new URL("writer.ts", import.meta.url))],
    outfile: writer,
    bundle: true,
    platform: "node",
    external: ["koffi"],
    define: { "import.meta.url": "__filename" },
    logLevel: "error",
  });
}, 120_000);

afterAll(() => {
  if (folder !== "") rmSync(folder, { recursive: true, force: true });
});

/** What became of a write. */
interface Written {
  /** What it said; `null`: it was killed. */
  readonly said: boolean | null;
  readonly text: string | null;
  readonly others: readonly string[];
  readonly bug: string;
  readonly reached: boolean;
}

function write(kind: Kind, place: string, fault: readonly [at: number, how: string] | null): Written {
  const path = `${place}/file`;
  const reached = `${folder}/reached`;
  rmSync(reached, { force: true });
  const [at, how] = fault ?? [0, "kill"];
  const { status, stdout } = spawnSync(process.execPath, [writer, kind.name, path], {
    env: {
      LD_PRELOAD: shim,
      NTPKIT_FAULT_FOLDER: place,
      NTPKIT_FAULT_AT: String(at),
      NTPKIT_FAULT: how,
      NTPKIT_FAULT_REACHED: reached,
    },
  });
  return {
    said: status === null ? null : status === 0,
    text: existsSync(path) ? readFileSync(path, "utf8") : null,
    others: readdirSync(place).filter((name) => name !== "file"),
    bug: stdout.toString(),
    reached: existsSync(reached),
  };
}

function placed({ before }: Kind): string {
  const place = mkdtempSync(`${folder}/place-`);
  if (before !== null) writeFileSync(`${place}/file`, before);
  return place;
}

describe.skipIf(!canRun)("a file is whole, and the next run clean,", () => {
  for (const kind of KINDS) {
    it.each(FAULTS)(`${kind.name}: where any one call %s`, (_what, how) => {
      const wrong: string[] = [];
      let calls = 0;
      for (let at = 1; at < MOST_CALLS; at += 1) {
        const place = placed(kind);
        const first = write(kind, place, [at, how]);
        if (!first.reached) break;
        calls += 1;
        for (const fault of faultsOf(kind, first)) wrong.push(`call ${at}: ${fault}`);
        const second = write(kind, place, null);
        // Of two runs the second finds what the first has written.
        const isDone = kind.name === "new keys" && first.text === kind.after;
        if (second.said !== !isDone) wrong.push(`call ${at}: the next run says ${second.said}`);
        if (kind.name !== "log" && second.text !== kind.after)
          wrong.push(`call ${at}: the next run leaves ${second.text}`);
        if (second.others.length > 0) wrong.push(`call ${at}: the next run leaves ${second.others.join(" ")}`);
      }
      expect(calls).toBeGreaterThan(1);
      expect(wrong).toEqual([]);
    });
  }
});

function faultsOf({ before, after }: Kind, { said, text, others, bug }: Written): string[] {
  const faults: string[] = [];
  if (text !== before && text !== after) faults.push(`neither old nor new: ${JSON.stringify(text)}`);
  if (said === true && text !== after) faults.push("it says that it has written");
  if (said === false && text !== before) faults.push("it says that it has not written");
  // A lock or a draft that cannot be removed is the next run's to take away.
  const left = others.filter((name) => !/\.(?:lock|new)$/.test(name));
  if (said === true && left.length > 0) faults.push(`beside it: ${left.join(" ")}`);
  if (bug !== "") faults.push(`told as a bug: ${bug}`);
  return faults;
}

/** Generated machines keep the contract; what does not would be found, and the rows are few and cover every pair. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { COMMANDS } from "./commands.ts";
import { faultsOf } from "./contract.ts";
import { coveringArray } from "./covering.ts";
import { ENVIRONMENTS } from "./environments.ts";
import { FOUND } from "./found.ts";
import { whyNot } from "./needs.ts";
import type { Ran } from "./perform.ts";
import { chance, nameOf, rowNamed, rowsOf } from "./row.ts";

/** Rows of the whole array that are run here; the others by `npm run machines`. */
const ROWS = process.env["CI"] === undefined ? 12 : 45;

describe("covering arrays", () => {
  const factors = { a: ["1", "2", "3"], b: ["x", "y"], c: ["p", "q", "r", "s"], d: ["0", "1"] };

  it("meet every pair, and every triple", () => {
    fc.assert(
      fc.property(fc.integer(), fc.constantFrom(2, 3), (seed, strength) => {
        const rows = coveringArray(factors, strength, chance(seed));
        expect(new Set(rows.flatMap((row) => chosen(Object.entries(row), strength))).size).toBe(
          countOf(factors, strength),
        );
      }),
    );
  });

  it("are much shorter than the product, and the same for the same seed", () => {
    const rows = coveringArray(factors, 2, chance(1));
    expect(rows.length).toBeLessThanOrEqual(15);
    expect(coveringArray(factors, 2, chance(1))).toEqual(rows);
  });
});

describe("a row", () => {
  it("is found again by its name", () => {
    const rows = rowsOf(1, 2, Object.keys(ENVIRONMENTS));
    expect(rows.length).toBeGreaterThan(Object.keys(COMMANDS).length * Object.keys(ENVIRONMENTS).length - 1);
    for (const row of rows.slice(0, 300)) expect(nameOf(rowNamed(nameOf(row)))).toBe(nameOf(row));
  });

  it("that is none is refused", () => {
    expect(() => rowNamed("query/text/plain/god/ipv4")).toThrow('there is no server "god"');
  });
});

const FINE: Ran = {
  code: 0,
  signal: null,
  out: "* 127.0.0.1\n",
  err: "",
  waited: 0.1,
  late: false,
  starved: 0,
  files: [],
  children: [],
};
const LINE = "NTP OK: offset 1 ms\n";

describe("the contract", () => {
  it("finds nothing where nothing is wrong", () => {
    expect(faultsOf(rowNamed("query/text/plain/good/ipv4"), FINE, 0)).toEqual([]);
    expect(faultsOf(rowNamed("check/text/plain/good/ipv4"), { ...FINE, out: LINE }, 0)).toEqual([]);
    expect(faultsOf(rowNamed("query/text/sockets=EPERM/good/ipv4"), { ...FINE, code: 14, err: "no\n" }, 0)).toEqual([]);
    const coloured = { ...FINE, out: "\u001b[32m*\u001b[39m\r\n" };
    expect(faultsOf(rowNamed("query/text/narrow-terminal/good/ipv4"), coloured, 0)).toEqual([]);
  });

  it.each<[string, string, Partial<Ran>]>([
    ["ends by itself", "query/text/plain/good/ipv4", { late: true }],
    ["ends by its deadline", "query/text/plain/silent/ipv4", { code: 10, err: "no\n", waited: 4.6 }],
    ["ends with a code of the table", "query/text/sockets=EPERM/good/ipv4", { code: 1, err: "no\n" }],
    ["ends with a code of the table", "query/text/sockets=EPERM/good/ipv4", { code: 70, err: "no\n" }],
    [
      "ends with a code of the table",
      "query/text/sockets=EPERM/good/ipv4",
      { code: null, signal: "SIGABRT", err: "no\n" },
    ],
    ["ends with a code of the table", "check/text/sockets=EPERM/good/ipv4", { code: 14, out: "NTP UNKNOWN\n" }],
    ["ends as it should", "query/text/plain/good/ipv4", { code: 10, err: "no\n" }],
    ["ends as it should", "query/text/silent-names/good/ipv4", { code: 12, err: "no\n" }],
    ["prints documents", "query/json/plain/good/ipv4", { out: "" }],
    [
      "prints documents",
      "query/json/plain/good/ipv4",
      { out: '{"schema":"ntpkit/query/1"}\n{"schema":"ntpkit/query/1"}' },
    ],
    ["prints documents", "query/json/plain/good/ipv4", { out: '{"schema":"ntpkit/query/1"}\n' }],
    [
      "prints documents",
      "mistake/json/plain/good/ipv4",
      {
        code: 64,
        out: '{"schema":"ntpkit/query/1","ok":false,"exitCode":65,"error":{"code":"usage","message":"no","hint":null}}\n',
      },
    ],
    ["prints documents", "watch/json/plain/good/ipv4", { code: 130, out: "{\n" }],
    ["says what went wrong", "query/text/plain/silent/ipv4", { code: 10 }],
    ["prints its results", "query/text/plain/good/ipv4", { out: "" }],
    ["has a plugin's line", "check/text/plain/good/ipv4", { out: "NTP CRITICAL: no\n" }],
    ["is quiet where all went well", "query/quiet/plain/good/ipv4", { out: "", err: "well\n" }],
    ["keeps the streams apart", "query/text/plain/good/ipv4", { out: "ntpkit query: no\n" }],
    ["tells no bug", "query/text/plain/good/ipv4", { err: "Error: x\n    at f (/a/b.js:1:2)\n" }],
    ["tells no bug", "query/text/plain/good/ipv4", { out: "offset undefined\n" }],
    ["steers no terminal", "query/text/plain/good/ipv4", { out: "\u001b[2J\n" }],
    ["steers no terminal", "query/text/narrow-terminal/good/ipv4", { out: "\u001b]0;owned\u0007\n" }],
    ["steers no terminal", "query/text/plain/good/ipv4", { out: "\u009b31m\n" }],
    ["leaves no file", "query/text/plain/good/ipv4", { files: ["core"] }],
    ["leaves no file", "sync-state/text/plain/good/ipv4", { files: ["state/known", "state/known.123.new"] }],
    ["leaves no process", "query/text/plain/good/ipv4", { children: ["node -e"] }],
  ])("finds what breaks its promise: it %s (%s)", (promise, row, change) => {
    const faults = faultsOf(rowNamed(row), { ...FINE, ...change }, 0);
    expect(faults.map((fault) => fault.split(": ", 1)[0])).toEqual([promise]);
  });
});

const obstacle = process.env["CI"] === undefined ? whyNot() : null;

describe.skipIf(obstacle !== null)(`generated machines${obstacle === null ? "" : ` (${obstacle})`}`, () => {
  it("keep the contract, and where it was broken before", async () => {
    const count = ROWS + Object.keys(FOUND).length;
    const said = await campaign("--found", "--rows", String(ROWS));
    expect(said).toMatch(new RegExp(`^${count} rows run, 0 with a fault, 0 not run`, "m"));
  });
});

async function campaign(...words: readonly string[]): Promise<string> {
  const program = fileURLToPath(new URL("run.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", program, ...words], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (part: Buffer) => (said += part.toString()));
  await once(child, "close");
  return said;
}

/** The choices of so many of these. */
function chosen(values: readonly (readonly [string, unknown])[], count: number): string[] {
  if (count === 0) return [""];
  return values.flatMap((value, at) =>
    chosen(values.slice(at + 1), count - 1).map((rest) => `${value.join("=")} ${rest}`),
  );
}

/** How many tuples there are. */
function countOf(factors: Readonly<Record<string, readonly string[]>>, strength: number): number {
  const sizes = Object.values(factors).map((values) => values.length);
  const count = (from: number, left: number): number =>
    left === 0 ? 1 : sizes.reduce((sum, size, at) => (at < from ? sum : sum + size * count(at + 1, left - 1)), 0);
  return count(0, strength);
}

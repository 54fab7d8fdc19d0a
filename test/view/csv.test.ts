/** Comma separated values: what a reader makes of them is what was written, and no spreadsheet computes any of it. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { observationReport } from "../../src/control/daemonobserve.ts";
import { chronycText, CHRONYC_REPORTS } from "../../src/view/chronyc.ts";
import { csvLine, csvText } from "../../src/view/csv.ts";

/** Reads a text by RFC 4180. */
function read(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n)/gy;
  for (let match = cell.exec(text); match !== null; match = cell.exec(text)) {
    row.push(match[1]?.replaceAll('""', '"') ?? match[2]!);
    if (match[3] === ",") continue;
    rows.push(row);
    row = [];
  }
  return rows;
}

const hostile = fc.oneof(
  fc.string(),
  fc.string({ unit: fc.constantFrom("=", "+", "-", "@", ",", ";", '"', "'", " ", "a", "1", "|", "!") }),
);

describe("a cell of text", () => {
  it("is read back as it was, but for the apostrophe before what would be a formula", () => {
    fc.assert(
      fc.property(fc.array(hostile, { minLength: 1 }), (texts) => {
        const safe = texts.map((text) => text.replaceAll(/[\r\n]/g, " "));
        const [cells] = read(csvLine(safe.map(csvText)));
        expect(cells!.map((cell, index) => (cell === safe[index] ? cell : cell.slice(1)))).toEqual(safe);
        for (const cell of cells!) expect(cell.trimStart()).not.toMatch(/^[=+\-@]./);
      }),
    );
  });

  it.each([
    ["192.0.2.1", "192.0.2.1"],
    ["2001:db8::1", "2001:db8::1"],
    ["=", "="],
    ["a,b", '"a,b"'],
    ['a"b', '"a""b"'],
    ["=cmd|calc", "'=cmd|calc"],
    ["+1", "'+1"],
    ["@SUM(1;2)", '"\'@SUM(1;2)"'],
    [" =1+1", '"\' =1+1"'],
  ])("%j is %j", (text, cell) => {
    expect(csvText(text)).toBe(cell);
  });
});

describe("every report of comma separated values", () => {
  const names = ["=cmd|calc:123", "a,b:123", 'x"y:123', "-2+3:123", "192.0.2.1:123"];
  const system = { stratum: 2, referenceId: null, precision: null, rootDelay: 0, rootDispersion: 0, leap: "Unknown" };
  const sources = names.map((name, id) => ({
    id,
    name,
    address: name,
    offset: 0.001,
    uncertainty: 0.001,
    delay: 0.001,
    remoteDelay: 0,
    remoteUncertainty: 0,
    lastUpdate: null,
    unansweredPolls: 0,
    poll: 6,
    cookies: null,
  }));
  const report = observationReport("h", { kind: "observation", version: null, now: null, system, sources }, 0);

  it.each(CHRONYC_REPORTS.filter((which) => which.endsWith("-csv") && !which.includes("tracking")))("%s", (which) => {
    const rows = read(chronycText(which, report));
    expect(rows).toHaveLength(names.length);
    expect(new Set(rows.map(({ length }) => length)).size).toBe(1);
    const column = which === "chronyc-csv" ? 2 : 0;
    expect(rows.map((row) => row[column]!.replace(/^'/, "")).sort()).toEqual(
      names.map((name) => name.replace(/:123$/, "")).sort(),
    );
    for (const row of rows) expect(row[column]).not.toMatch(/^[=+\-@]/);
  });
});

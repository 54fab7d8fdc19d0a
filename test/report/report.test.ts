/** `report`: lines of every kind as rows, figures in bounded memory, and a page that nothing a server is called can break. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  existsSync,
  closeSync,
  constants,
  linkSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Io } from "../../src/cli/io.ts";
import { run } from "../../src/cli/program.ts";
import { Collection } from "../../src/report/collection.ts";
import { readLine } from "../../src/report/lines.ts";
import { reportPage } from "../../src/report/page.ts";
import { allanDeviation, Scatter, Series, Spread } from "../../src/report/series.ts";
import { ZOOM } from "../../src/report/zoom.ts";
import { reportSchema } from "../../src/view/report-document.ts";
import { ntpkit } from "../support/command.ts";
import { violations } from "../support/schema.ts";

/** 2024-10-17T00:00:00Z, as MJD 60600. */
const DAY = Date.parse("2024-10-17T00:00:00Z") / 1000;

describe("a line", () => {
  it.each([
    [
      "60600 75.123 0.000012500 -12.345 0.000001500 0.012000 6",
      { kind: "clock", at: DAY + 75.123, offset: 12.5e-6, frequency: -12.345, jitter: 1.5e-6 },
    ],
    [
      "60600 75.5 192.0.2.1 961a -0.000020000 0.001500000 0.000900000 0.000002000",
      {
        kind: "server",
        at: DAY + 75.5,
        server: "192.0.2.1",
        offset: -20e-6,
        delay: 1.5e-3,
        dispersion: 9e-4,
        verdict: "followed",
      },
    ],
    [
      "60600 1 NMEA(0) 941a 0 0 0 0",
      { kind: "server", at: DAY + 1, server: "NMEA(0)", offset: 0, delay: 0, dispersion: 0, verdict: "good" },
    ],
    ["60600 1 127.127.20.0 9014 0 0 0 0", { server: "127.127.20.0", verdict: "refused" }],
    [
      "60600 10.000 192.0.2.1 0.0.0.0 3938112010.000000000 3938112010.003000000 3938112010.003500000 3938112010.004500000 0 4 4 1 6 -20 0.0 0.0 GPS",
      {
        kind: "server",
        server: "192.0.2.1",
        offset: expect.closeTo(0.001, 8) as number,
        delay: expect.closeTo(0.004, 8) as number,
        verdict: null,
      },
    ],
    [
      "2024-10-17 00:01:15 192.0.2.1        2     -3.250      0.012 -1.500e-05 N  2  2.000e-06  1.0e-07  1.5e-03  3.0e-04  1.2e-03",
      { kind: "clock", at: DAY + 75, offset: 15e-6, frequency: 3.25, jitter: 2e-6 },
    ],
    [
      "2024-10-17 00:01:15 192.0.2.1       N  2 111 111 1111   6  6 0.00 -1.500e-05  1.500e-03  9.000e-06  1.000e-03  3.000e-04 47505300 4B K K",
      {
        kind: "server",
        at: DAY + 75,
        server: "192.0.2.1",
        offset: -15e-6,
        delay: 1.5e-3,
        dispersion: 9e-6,
        verdict: "good",
      },
    ],
    [
      "2024-10-17 00:01:15 192.0.2.1       N  2 111 101 1111   6  6 0.00 -1.500e-05  1.500e-03  9.000e-06  1.000e-03  3.000e-04 47505300 4B K K",
      { verdict: "refused" },
    ],
    // What chronyd 4.3 wrote of a server whose clock was 250 ms ahead.
    [
      "2026-11-30 17:06:08 127.0.0.1       N  1 111 111 1111   0  0 0.00  2.515e-01  3.337e-03  7.888e-06  0.000e+00  0.000e+00 47505300 4B K K",
      { kind: "server", offset: 0.2515 },
    ],
    [
      "2026-11-30 17:06:08 127.0.0.1        2      0.000 1000000.000 -2.501e-01 N  1  1.198e-04 -0.000e+00  4.433e-04  2.449e-01  1.500e+00",
      { kind: "clock", offset: 0.2501 },
    ],
    [
      "2024-10-17 00:01:15 192.0.2.1        1.000e-05 -2.000e-05  3.000e-06 -1.0e-07  2.0e-07 1.0e+00   8   0   5  0.00",
      { kind: "server", offset: 2e-5, delay: null, dispersion: 1e-5 },
    ],
    [
      '{"schema":"ntpkit/query/1","startedAt":"2024-10-17T00:01:15.250000000Z","clock":{"offset":0.5,"jitter":0.001}}',
      { kind: "clock", at: DAY + 75.25, offset: 0.5, jitter: 0.001 },
    ],
    [
      '{"schema":"ntpkit/watch/1","startedAt":"2024-10-17T00:01:15.250000000Z","elapsed":30.5,"clock":{"offset":0.5}}',
      { kind: "clock", at: DAY + 105.75, offset: 0.5, jitter: null },
    ],
    ["60600 86400.5 0 0 0 0 6", { kind: "clock", at: DAY + 86_400.5 }],
  ])("%s", (line, row) => {
    expect(readLine(line)).toMatchObject(row);
  });

  it.each(["N", "+", "-", "?"])("of chrony's tracking, whatever leap second is announced: %s", (leap) => {
    const line = `2024-10-17 00:01:15 192.0.2.1 2 -3.250 0.012 -1.500e-05 ${leap} 2 2.000e-06 1.0e-07 1.5e-03 3.0e-04 1.2e-03`;
    expect(readLine(line)).toMatchObject({ kind: "clock", at: DAY + 75, offset: 15e-6 });
  });

  it.each([
    ["", "comment"],
    ["# a remark", "comment"],
    ["=====", "comment"],
    ["   Date (UTC) Time     IP Address   St   Freq ppm", "comment"],
    ["hello, world", "foreign"],
    ["60600 3600.0 7200 100 90 100 0 0 0 0 0 0 x", "foreign"],
    ["60600 3600.0 0 100 90 100 0 0 0 0 0 0 0", "broken"],
    ['{"schema":"other/1"}', "foreign"],
    ["60600 75.123 NaN -12.345 0.000001500 0.012 6", "broken"],
    ["60600 75.123 1e99 -12.345 0.000001500 0.012 6", "broken"],
    ["99999 75.123 0 0 0 0 6", "broken"],
    ["60600 1 192.0.2.1 961a inf 0 0 0", "broken"],
    ["{", "broken"],
    ["61000 500000.0 0.0001 -12.345 0.000001500 0.012 6", "broken"],
    ["61000 86401 192.0.2.1 961a 0 0 0 0", "broken"],
    [
      "2026-02-30 00:01:15 192.0.2.1        2     -3.250      0.012 -1.500e-05 N  2  2.000e-06  1.0e-07  1.5e-03  3.0e-04  1.2e-03",
      "broken",
    ],
    ["2026-02-01 24:00:00 192.0.2.1 1e-05 -2e-05 3e-06 -1e-07 2e-07 1 8 0 5 0", "broken"],
    ['{"schema":"ntpkit/query/1","startedAt":"2026-02-30T00:01:15Z","clock":{"offset":0.5}}', "broken"],
  ])("that is none: %s is %s", (line, why) => {
    expect(readLine(line)).toBe(why);
  });

  it("is never more than that, whatever it is", () => {
    const words = fc.array(
      fc.oneof(fc.string(), fc.double().map(String), fc.constantFrom("60600", "2024-10-17", "00:00:00", "NaN", "961a")),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(words, (some) => {
        const row = readLine(some.join(" "));
        if (typeof row === "string") return;
        for (const value of Object.values(row)) if (typeof value === "number") expect(value).toSatisfy(Number.isFinite);
      }),
    );
  });
});

describe("figures", () => {
  it("over any time take bounded memory, and lose no row", () => {
    const times = fc.array(fc.double({ min: 0, max: 4e9, noNaN: true }), { minLength: 1, maxLength: 3000 });
    fc.assert(
      fc.property(times, (all) => {
        const series = new Series();
        for (const at of all) series.add(at, at % 7);
        expect(series.stretches.length).toBeLessThanOrEqual(2050);
        expect(series.stretches.reduce((sum, { count }) => sum + count, 0)).toBe(all.length);
        for (const { least, most, sum, count } of series.stretches)
          expect(least <= sum / count + 1e-9 && sum / count <= most + 1e-9).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it("have percentiles true to a hundredth part", () => {
    const values = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(values, fc.double({ min: 0.01, max: 1, noNaN: true }), (all, part) => {
        const spread = new Spread();
        for (const value of all) spread.add(value);
        const exact = all.toSorted((one, other) => one - other)[Math.ceil(part * all.length) - 1]!;
        expect(Math.abs(spread.percentile(part)! - exact)).toBeLessThanOrEqual(0.0105 * Math.abs(exact) + 1e-12);
      }),
    );
  });

  it("of a scattergram become fewer, not none", () => {
    const scatter = new Scatter();
    for (let index = 0; index < 100_000; index += 1) scatter.add(index, index);
    expect(scatter.points.length).toBeGreaterThan(500);
    expect(scatter.points.length).toBeLessThanOrEqual(2048);
    expect(scatter.points.at(-1)![0]).toBeGreaterThan(90_000);
  });

  it("whose frequency is constant have no Allan deviation, and white phase noise falls as one over time", () => {
    const [steady, noisy] = [new Series(), new Series()];
    let chance = 1;
    for (let at = 0; at < 1000; at += 1) {
      chance = (chance * 48_271) % 2_147_483_647;
      steady.add(at, 3e-6 * at);
      noisy.add(at, chance / 2_147_483_647 - 0.5);
    }
    for (const { deviation } of allanDeviation(steady)) expect(deviation).toBeLessThan(1e-12);
    const [first, , , fourth] = allanDeviation(noisy);
    // σ_y(τ) = √3 σ_x / τ
    expect(first!.deviation).toBeCloseTo(Math.sqrt(3 / 12), 1);
    expect(fourth!.deviation).toBeCloseTo(Math.sqrt(3 / 12) / 8, 1);
  });
});

describe("what clients ask", () => {
  it("is the same of a daemon that counts anew with each row and of one that goes on", () => {
    const counted = (isOneThatGoesOn: boolean): readonly (readonly number[])[] => {
      const all = new Collection();
      for (let hour = 1; hour <= 5; hour += 1) {
        const times = isOneThatGoesOn ? hour : 1;
        all.add(
          `60600 ${3600 * hour}.000 ${[3600, 7200, 0, 0, 0, 360, 0, 0, 0, 36, 0].map((one) => one * times).join(" ")}`,
        );
      }
      return [all.received, all.refused, all.limited].map(({ stretches }) => stretches.map(({ sum }) => sum));
    };
    expect(counted(false)).toEqual([2, 0.1, 0.01].map((rate) => Array.from({ length: 5 }, () => rate)));
    expect(counted(true)).toEqual(counted(false));
  });
});

/** A day of a clock and its servers, with a gap and a step. */
function lines(servers: readonly string[]): string[] {
  return Array.from({ length: 1350 }, (_, index) => index * 64)
    .filter((second) => second < 30_000 || second > 40_000)
    .flatMap((second) => {
      const offset = 1e-5 * Math.sin(second / 9000) + (second > 60_000 && second < 60_100 ? 0.3 : 0);
      return [
        `60600 ${second}.000 ${offset.toFixed(9)} -12.000 0.000001000 0.01 6`,
        ...servers.map(
          (name, place) =>
            `60600 ${second}.000 ${name} ${place === 0 ? "961a" : "9014"} ${(offset + 2 * place).toFixed(9)} 0.002 0.001 0.000001`,
        ),
      ];
    });
}

/** A page without the one script that it has, and that its policy lets it run. */
function still(page: string): string {
  const digest = createHash("sha256").update(ZOOM).digest("base64");
  expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${digest}'"`);
  return page.replace(`<script>${ZOOM}</script>`, () => "");
}

/** The tags of a page that are open at its end; a page that is well-formed has none. */
function unclosed(page: string): readonly string[] {
  const open: string[] = [];
  for (const [, close, name, rest] of page.matchAll(/<(\/?)([a-z][\w]*)((?:[^<>"]|"[^"<>]*")*)>/g)) {
    if (/^(?:meta|br)$/.test(name!) || rest!.endsWith("/")) continue;
    if (close === "") open.push(name!);
    else if (open.pop() !== name) return [`</${name!}>`];
  }
  return open;
}

describe("the page", () => {
  function pageOf(some: readonly string[]): string {
    const all = new Collection();
    for (const line of some) all.add(line);
    return reportPage(all);
  }

  it("has a plot of everything, and no script but its own, no link and no other file", () => {
    const page = pageOf(lines(["192.0.2.1", "192.0.2.2", "2001:db8::1"]));
    const titles = Array.from(page.matchAll(/<h2>([^<]*)<\/h2>/g), ([, title]) => title);
    expect(titles).toEqual([
      "The clock: offset",
      "Offsets: percentiles",
      "The clock: jitter",
      "The clock: frequency",
      "The clock: stability",
      "The clock: spread of offsets",
      "Servers: offsets",
      "Servers: who was followed",
      "Servers: delay against offset",
      "Servers: correctness intervals at the end",
    ]);
    expect(still(page)).not.toMatch(/<script|<link|https?:|url\(|NaN|Infinity|undefined/);
    expect(unclosed(still(page))).toEqual([]);
    expect(page.length).toBeLessThan(1_000_000);
  });

  it("says what it left out: rows that came twice, gaps, steps, lines of another kind", () => {
    const some = lines(["192.0.2.1"]);
    const page = pageOf([...some, ...some, "what is this", "60600 1.0 NaN 0 0 0 6"]);
    expect(page).toContain(`${some.length} rows came twice and count once`);
    expect(page).toContain("1 line of another kind");
    expect(page).toContain("1 line whose figures make no sense");
    expect(page).toContain("1 gap in what was written of the clock");
    expect(page).toContain("at 2024-10-17 16:40:32 the offset changed by +300.0 ms at once");
  });

  it("is one of nothing, too, and of a single row", () => {
    for (const some of [[], lines(["192.0.2.1"]).slice(0, 1), lines(["192.0.2.1"]).slice(1, 2)]) {
      const page = pageOf(some);
      expect(unclosed(still(page))).toEqual([]);
      expect(still(page)).not.toMatch(/NaN|Infinity|undefined/);
    }
  });

  it("is not broken by what a server is called", () => {
    const hostile = [
      '"><script>alert(1)</script>',
      "</svg><img/src=x>",
      "&amp;<!--",
      "'onload='x",
      "]]>",
      "\u202eevil",
      "a\u0007b",
    ];
    const names = fc.array(fc.oneof(fc.constantFrom(...hostile), fc.string({ minLength: 1 })), {
      minLength: 1,
      maxLength: 5,
    });
    fc.assert(
      fc.property(names, (some) => {
        const page = pageOf(lines(some.map((name) => name.replaceAll(/\s/g, "_"))).slice(0, 60));
        expect(unclosed(still(page))).toEqual([]);
        expect(still(page)).not.toMatch(/<script|<img|<!--/i);
        // oxlint-disable-next-line no-control-regex -- what XML does not have
        expect(page).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u202a-\u202e]/);
      }),
      { numRuns: 40 },
    );
  });
});

describe("the zoomed page", () => {
  /** As much of a browser as the script asks of one: a plot over a time, whose ticks it has none of. */
  function browser(low: number, high: number, hash: string) {
    const box = { x: 0, y: 0, width: 100, height: 50 };
    const listeners: Record<string, (event: object) => void> = {};
    const chart = {
      querySelectorAll: () => [],
      addEventListener: (what: string, act: (event: object) => void) => void (listeners[what] = act),
    };
    const inner = {
      viewBox: { baseVal: box },
      parentNode: chart,
      dataset: { low: `${low}`, high: `${high}`, time: "" },
    };
    const location = { hash, pathname: "/", search: "" };
    const element = { setAttribute: () => undefined, textContent: "", hidden: true };
    runInNewContext(ZOOM, {
      document: {
        querySelectorAll: () => [inner],
        getElementById: () => element,
        createElementNS: () => element,
      },
      location,
      history: { replaceState: (_state: null, _title: string, url: string) => void (location.hash = url.slice(1)) },
    });
    return {
      press: (key: string) => listeners["keydown"]!({ key, preventDefault: () => undefined }),
      hash: () => location.hash,
      shown: () => [box.x, box.x + box.width].map((x) => low + (x / 100) * (high - low)),
    };
  }

  it("shows the same time when it is loaded again with more on it", () => {
    const before = browser(DAY, DAY + 1000, "");
    before.press("+");
    expect(before.shown()).toEqual([DAY + 250, DAY + 750]);
    const after = browser(DAY, DAY + 4000, before.hash());
    expect(after.shown().map((at) => at.toFixed(2))).toEqual([DAY + 250, DAY + 750].map((at) => at.toFixed(2)));
    expect(browser(DAY + 900, DAY + 4000, before.hash()).shown()).toEqual([DAY + 900, DAY + 4000]);
  });
});

describe("the command", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "ntpkit-report-"));
    writeFileSync(join(folder, "peerstats"), `${lines(["192.0.2.1"]).join("\n")}\n`);
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it("writes the page, and says of what", async () => {
    const [file, page] = [join(folder, "peerstats"), join(folder, "page.html")];
    expect(await ntpkit(["report", file, file, "-o", page])).toMatchObject({
      code: 0,
      out: `${page}: 2386 rows, 1 server\nleft out: 2386 rows came twice and count once\nleft out: 1 gap in what was written of the clock\n`,
      err: "",
    });
    expect(readFileSync(page, "utf8")).toMatch(/^<!doctype html>/);
    const { out } = await ntpkit(["report", "--json", file, file, "-o", page]);
    const document = JSON.parse(out) as object;
    expect(violations(document, reportSchema())).toEqual([]);
    expect(document).toMatchObject({ rows: 2386, servers: ["192.0.2.1"], left: { repeated: 2386 } });
    expect((await ntpkit(["report", file, "-o", "-"])).out).toMatch(/^<!doctype html>/);
  });

  it("writes to what is no file without taking its place", async () => {
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    const both = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
    try {
      const row = join(folder, "row");
      writeFileSync(row, "60600 75.123 0.000012500 -12.345 0.000001500 0.012000 6\n");
      expect(await ntpkit(["report", row, "-o", pipe])).toMatchObject({ code: 0 });
      expect(statSync(pipe).isFIFO()).toBe(true);
      const octets = Buffer.alloc(65_536);
      expect(octets.toString("utf8", 0, readSync(both, octets))).toMatch(/^<!doctype html>[^]*<\/html>\s*$/);
    } finally {
      closeSync(both);
    }
  });

  it("follows a link of one's own", async () => {
    const [link, page] = [join(folder, "link.html"), join(folder, "led-to.html")];
    writeFileSync(page, "<!doctype html>before");
    symlinkSync(page, link);
    expect(await ntpkit(["report", join(folder, "peerstats"), "-o", link])).toMatchObject({ code: 0 });
    expect([lstatSync(link).isSymbolicLink(), lstatSync(page).isFile()]).toEqual([true, true]);
    expect(readFileSync(page, "utf8")).toMatch(/^<!doctype html>/);
  });

  it.each([[], ["--watch", "0.1s"]])("overwrites nothing that it reads, by whatever name: %j", async (...more) => {
    const [file, text] = [join(folder, "precious"), `${lines(["192.0.2.1"]).join("\n")}\n`];
    const [link, second] = [join(folder, "soft"), join(folder, "hard")];
    for (const path of [file, link, second]) rmSync(path, { force: true });
    writeFileSync(file, text);
    symlinkSync(file, link);
    linkSync(file, second);
    for (const output of [file, link, second, `${folder}/./precious`])
      expect(await ntpkit(["report", file, "-o", output, ...more])).toEqual({
        code: 64,
        out: "",
        err: `ntpkit report: ${output} is a file that is read, and would be overwritten; name another file to write\n`,
      });
    expect(await ntpkit(["report", link, "-o", file, ...more])).toMatchObject({ code: 64 });
    expect(readFileSync(file, "utf8")).toBe(text);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
  });

  it("overwrites no file but pages, pictures and empty ones", async () => {
    const [file, output] = [join(folder, "peerstats"), join(folder, "there")];
    const written = async (before: string): Promise<unknown> => {
      writeFileSync(output, before);
      const { code, err } = await ntpkit(["report", file, "-q", "-o", output]);
      return [code, err.includes(output), readFileSync(output, "utf8") === before];
    };
    for (const other of ["keep me", "60600 1.0 0 0 0 0 6\n", " <!doctype html>", "<svgx"])
      expect([other, await written(other)]).toEqual([other, [64, true, true]]);
    for (const own of ["", "<!DOCTYPE html><p>", '<svg xmlns="x">', "<?xml version"])
      expect([own, await written(own)]).toEqual([own, [0, false, false]]);
  });

  it("goes on with what is added to a file and to the one that takes its place, and reads no row twice", async () => {
    const [file, page] = [join(folder, "growing"), join(folder, "growing.html")];
    const [first, second, third] = [0, 1, 2].map((day) =>
      lines(["192.0.2.1"])
        .map((line) => line.replace(/^60600/, `${60_600 + day}`))
        .join("\n"),
    );
    writeFileSync(file, `${first!}\n`);
    const looks: string[] = [];
    let stop = (): void => undefined;
    const io: Io = {
      out: { write: (text) => void looks.push(text), isTerminal: false, columns: null, rows: null },
      err: { write: (text) => void looks.push(text), isTerminal: false, columns: null, rows: null },
      env: {},
      onStop: (listener) => ((stop = () => listener("SIGINT")), () => undefined),
    };
    const told = async (rows: number): Promise<void> =>
      await vi.waitFor(() => expect(looks.join("")).toContain(`${page}: ${rows} rows, 1 server\n`), {
        timeout: 20_000,
      });
    const running = run(["report", file, "-o", page, "--watch", "0.1s"], io);
    await told(2386);
    appendFileSync(file, second!.slice(0, 50_000)); // in the middle of a line
    appendFileSync(file, `${second!.slice(50_000)}\n`);
    await told(2 * 2386);
    renameSync(file, `${file}.old`);
    writeFileSync(file, `${second!}\n${third!}\n`);
    await told(3 * 2386);
    stop();
    expect(await running).toBe(130);
    expect(readFileSync(page, "utf8")).toContain('<meta http-equiv="refresh" content="1">');
  });

  it("cannot go on with what is no file", async () => {
    for (const argv of [
      ["-", "-o", join(folder, "page.html")],
      ["/dev/null", "-o", join(folder, "page.html")],
      [join(folder, "peerstats"), "-o", "-"],
    ])
      expect(await ntpkit(["report", "--watch", "1s", ...argv])).toMatchObject({
        code: 64,
        err: expect.stringContaining("--watch reads files again") as string,
      });
  });

  it("refuses one stream for two things", async () => {
    const file = join(folder, "peerstats");
    const { code, out } = await ntpkit(["report", file, "--json", "-o", "-"]);
    expect([code, JSON.parse(out)]).toMatchObject([64, { ok: false, error: { code: "usage" } }]);
    expect(await ntpkit(["report", "-", "-", "-o", join(folder, "none.html")])).toMatchObject({
      code: 64,
      err: expect.stringContaining("only once") as string,
    });
  });

  it("reads what gzip has compressed, by whatever name, several of them in a row", async () => {
    const [plain, packed] = [join(folder, "plain"), join(folder, "packed")];
    const [one, other] = [lines(["192.0.2.1"]).join("\n"), lines(["192.0.2.2"]).join("\n")];
    writeFileSync(plain, `${one}\n${other}\n`);
    writeFileSync(packed, Buffer.concat([gzipSync(`${one}\n`), gzipSync(`${other}\n`)]));
    const tellOf = async (file: string): Promise<object> => {
      const { code, out } = await ntpkit(["report", file, "--json", "-o", join(folder, "page.html")]);
      expect(code).toBe(0);
      return JSON.parse(out) as object;
    };
    const told = await tellOf(packed);
    expect(told).toEqual(await tellOf(plain));
    expect(told).toMatchObject({ rows: expect.any(Number) as number });
  });

  it("refuses what it cannot read or write, or make a report of", async () => {
    writeFileSync(join(folder, "other"), "nothing of the kind\n");
    const page = join(folder, "none.html");
    expect(await ntpkit(["report"])).toMatchObject({
      code: 64,
      err: expect.stringContaining("no file is named") as string,
    });
    expect(await ntpkit(["report", join(folder, "absent"), "-o", page])).toMatchObject({
      code: 64,
      err: expect.stringContaining("cannot read") as string,
    });
    const packed = gzipSync(lines(["192.0.2.1"]).join("\n"));
    writeFileSync(join(folder, "cut.gz"), packed.subarray(0, -12));
    expect(await ntpkit(["report", join(folder, "cut.gz"), "-o", page])).toMatchObject({
      code: 64,
      err: expect.stringMatching(/cannot read \S+cut\.gz: unexpected end of file/) as string,
    });
    expect(await ntpkit(["report", join(folder, "cut.gz"), "--watch", "1s", "-o", page])).toMatchObject({
      code: 64,
      err: expect.stringMatching(/cut\.gz is compressed[^]*--watch reads on in plain files/) as string,
    });
    expect(await ntpkit(["report", join(folder, "other"), "-o", page])).toMatchObject({
      code: 64,
      err: expect.stringContaining("no line that a report could be made of") as string,
    });
    expect(await ntpkit(["report", join(folder, "peerstats"), "-o", join(folder, "no/where.html")])).toMatchObject({
      code: 74,
    });
  });

  it("ends when it is told to, while it reads the first of two files", async () => {
    const [file, page] = [join(folder, "interrupted"), join(folder, "none.html")];
    writeFileSync(file, "");
    const argv = ["report", file, file, "-o", page];
    expect(await ntpkit(argv, { signal: "SIGINT" })).toMatchObject({ code: 130, out: "" });
    expect(existsSync(page)).toBe(false);
  });
});

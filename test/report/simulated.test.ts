/** `simulate --html` and what it draws on a terminal: true errors beside what was stated. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ZOOM } from "../../src/report/zoom.ts";
import { ntpkit } from "../support/command.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "ntpkit-simulated-"));
  writeFileSync(
    join(folder, "world.toml"),
    `title = "<b>Two</b> & one"
duration = "2h"
[[source]]
name = "gps"
count = 3
link = { delay = "2ms" }
[[host]]
name = "client"
clock-error = "20ms"
directives = ["server gps1 iburst", "server gps2 iburst", "server gps3 iburst"]
[[event]]
at = "1h"
what = "step"
who = "client"
by = "50ms"
`,
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("simulate --html", () => {
  it("draws how wrong each clock was beside what it stated, and what happened to it", async () => {
    const file = join(folder, "page.html");
    expect(await ntpkit(["simulate", join(folder, "world.toml"), "--html", file])).toMatchObject({ code: 0, err: "" });
    const page = readFileSync(file, "utf8").replace(`<script>${ZOOM}</script>`, () => "");
    expect(page).not.toMatch(/<script|<b>|NaN|Infinity|undefined/);
    expect(page).toContain("<h1>&#60;b&#62;Two&#60;/b&#62; &#38; one</h1>");
    expect(Array.from(page.matchAll(/<svg viewBox[^>]* aria-label="([^"]*)"/g), ([, title]) => title)).toEqual([
      "true error over time",
      "true and stated error of client",
    ]);
    expect(page).toMatch(/<path class="rule"[^>]*><title>01:00:00 .* somebody steps its clock by \+50/);
    // Two lines, each with a moment a minute.
    const points = Array.from(
      page.matchAll(/<path class="line c[01]" d="([^"]*)"/g),
      ([, path]) => path!.split("L").length,
    );
    expect(Math.min(...points)).toBeGreaterThan(100);
  });

  it("says the same in its document as without, which has no course", async () => {
    const plain = (await ntpkit(["simulate", "--json", join(folder, "world.toml")])).out;
    const argv = ["simulate", "--json", "--html", join(folder, "again.html"), join(folder, "world.toml")];
    expect((await ntpkit(argv)).out).toBe(plain);
    expect(plain).not.toContain('"course"');
  });
});

describe("on a terminal", () => {
  it("a run is plotted, a digit a host, and elsewhere it is not", async () => {
    const file = join(folder, "world.toml");
    const { out } = await ntpkit(["simulate", file], { columns: 80 });
    const plotted = out.slice(out.indexOf("true error of the clocks\n"));
    expect(plotted).toMatch(/│.*1/);
    expect(plotted).toMatch(/^1 client/m);
    for (const line of plotted.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
    expect((await ntpkit(["simulate", file])).out).not.toContain("true error of the clocks");
  });
});

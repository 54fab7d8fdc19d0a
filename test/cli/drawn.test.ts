/** What commands draw into files: `--explain` as text and as a picture, and the page of `watch`. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { reselect } from "../../src/control/reselect.ts";
import { explainedPicture } from "../../src/report/explained.ts";
import { exchanges, recordedDaemon } from "../control/replay.ts";
import { listening, mode6Only, ntpOnly, silence } from "../support/asked.ts";
import { ntpkit } from "../support/command.ts";

const QUICK = ["--timeout", "200ms"];
const server = (ahead = 0): Promise<string> => listening(ntpOnly({ stratum: 2, refid: 0x0a00_0001, ahead }));

let folder = "";
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "ntpkit-drawn-"))));
afterEach(silence);
afterAll(() => rmSync(folder, { recursive: true }));

/** Whether every tag is one of XML's, which is stricter than HTML. */
function isXml(picture: string): boolean {
  return picture.match(/<[^>]*>/g)!.every((tag) => /^<(?:\/\w+|\w+(?: [\w:-]+="[^"<]*")*\/?)>$/.test(tag));
}

/** Lines of correctness intervals, by how they look. */
function looks(picture: string): readonly string[] {
  return Array.from(picture.matchAll(/<path class="line (\w+)"/g), ([, look]) => look!);
}

describe("query --explain", () => {
  it("draws why a server is not used, below the report and as a picture", async () => {
    const file = join(folder, "query.svg");
    const servers = [await server(), await server(), await server(5)];
    const { code, out } = await ntpkit(["query", "--explain", "--svg", file, ...QUICK, ...servers]);
    expect(code).toBe(0);
    expect(out).toMatch(/this host: 2 of 3 servers agree: the time is /);
    expect(out).toMatch(/├─*●─*┤|├.*●.*┤/);
    expect(out).toMatch(new RegExp(`${servers[2]!}: .*the majority's between`));
    const picture = readFileSync(file, "utf8");
    expect(picture).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
    expect(looks(picture).toSorted()).toEqual(["bad", "good", "good"]);
    expect(picture).toContain('<path class="agreed"');
    expect(isXml(picture)).toBe(true);
    expect(picture).not.toMatch(/NaN|undefined|Infinity/);
  });

  it("tells servers of one host by their ports, and keeps the headline within the picture", async () => {
    const file = join(folder, "ports.svg");
    const servers = [await server(), await server()];
    const { out } = await ntpkit(["query", "--explain", "--svg", file, ...QUICK, ...servers]);
    const picture = readFileSync(file, "utf8");
    for (const name of servers) {
      expect(out).toMatch(new RegExp(`^[*+] ${name} .*├`, "m"));
      expect(picture).toMatch(new RegExp(`>[*+] ${name}<`));
    }
    const headlines = Array.from(picture.matchAll(/class="heading"[^>]*>([^<]*)</g), ([, line]) => line!);
    for (const line of headlines) expect(line.length).toBeLessThanOrEqual(95);
  });

  it("draws a picture only where only that is asked for, and nothing of servers that gave nothing", async () => {
    const file = join(folder, "only.svg");
    const { out } = await ntpkit(["query", "--svg", file, ...QUICK, await server()]);
    expect(out).not.toContain("this host:");
    expect(looks(readFileSync(file, "utf8"))).toEqual(["good"]);
  });

  it("refuses to overwrite what is no picture", async () => {
    const file = join(folder, "ntp.keys");
    for (const argv of [
      ["query", "--svg"],
      ["peers", "--svg"],
      ["watch", "--count", "1", "--html"],
    ]) {
      writeFileSync(file, "1 SHA1 secret\n");
      const ran = await ntpkit([...argv, file, "--timeout", "200ms", "127.0.0.1:9"]);
      expect(ran).toMatchObject({ code: 64, err: expect.stringContaining(`${file} is there`) as string });
      expect(readFileSync(file, "utf8")).toBe("1 SHA1 secret\n");
    }
  });

  it("writes a picture to standard output, and nothing else there", async () => {
    const { code, out } = await ntpkit(["query", "--explain", "--svg", "-", ...QUICK, await server()]);
    expect([code, out.slice(0, 5), out.trimEnd().slice(-6)]).toEqual([0, "<svg ", "</svg>"]);
    for (const command of ["query", "peers"]) {
      const ran = await ntpkit([command, "--svg", "-", "--json", ...QUICK, "127.0.0.1:9"]);
      expect(ran).toMatchObject({
        code: 64,
        err: expect.stringContaining("--json and --svg - are both for") as string,
      });
    }
    const watched = await ntpkit(["watch", "--count", "1", "--html", "-", ...QUICK, "127.0.0.1:9"]);
    expect(watched).toMatchObject({ code: 64, err: expect.stringContaining("--html - is no file") as string });
    expect(existsSync("-")).toBe(false);
  });

  it("says that a picture could not be written", async () => {
    const argv = ["query", "--svg", join(folder, "no/where.svg"), ...QUICK, await server()];
    expect(await ntpkit(argv)).toMatchObject({ code: 74, err: expect.stringContaining("cannot write") as string });
  });
});

describe("peers --svg", () => {
  it("draws what a daemon's servers say, and prints the table as ever", async () => {
    const place = await listening(mode6Only(recordedDaemon(exchanges("h1-ntpq-pn"))));
    const picture = await ntpkit(["peers", "--svg", "-", ...QUICK, place]);
    expect([picture.out.slice(0, 5), picture.out.trimEnd().slice(-6)]).toEqual(["<svg ", "</svg>"]);
    const file = join(folder, "peers.svg");
    const plain = await ntpkit(["peers", "-n", place]);
    expect(await ntpkit(["peers", "-n", "--svg", file, place])).toEqual(plain);
    expect(readFileSync(file, "utf8")).toContain(`>${place}: `);
  });

  it("wraps a headline that is longer than the picture is wide", () => {
    const host = "ntp.a-site-with-a-rather-long-name.example.net";
    const agreed = { ...reselect({ associations: [], system: {} } as never), candidates: 12, truechimers: 11 };
    const reselection = { ...agreed, intersection: { low: -0.0001, high: 0.0001 }, offset: 0.00001 };
    const picture = explainedPicture([{ host, reselection }]);
    const lines = Array.from(picture.matchAll(/class="heading"[^>]*>([^<]*)</g), ([, line]) => line!);
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(95);
  });

  it("escapes whatever a server is called", () => {
    const name = "</text><script>alert(1)</script>\u202e&";
    const report = {
      host: name,
      reselection: { ...reselect({ associations: [], system: {} } as never), rejudged: [] },
    };
    const picture = explainedPicture([report]);
    expect(picture).not.toMatch(/<script|\u202e|& /);
    expect(picture).toContain("&#60;script&#62;");
  });
});

describe("watch --html", () => {
  it("writes a report of what was measured so far, which its reader has loaded again", async () => {
    const file = join(folder, "watch.html");
    const servers = [await server(), await server()];
    const argv = ["watch", "--html", file, "--every", "300ms", "--count", "3", ...QUICK, ...servers];
    expect(await ntpkit(argv)).toMatchObject({ code: 0 });
    const page = readFileSync(file, "utf8");
    expect(page).toMatch(/http-equiv="refresh" content="\d+"/);
    expect(page).toMatch(/(\d+) rows, 2 servers\./);
    // What was told again was not measured again.
    const rows = Number(/ (\d+) rows, 2 servers/.exec(page)![1]);
    expect(rows).toBeGreaterThanOrEqual(3);
    expect(rows).toBeLessThanOrEqual(3 * 8);
    expect(page).not.toContain("came twice");
    for (const name of servers) expect(page).toContain(name);
  });

  it("writes none before anything was measured", async () => {
    const file = join(folder, "none.html");
    await ntpkit(["watch", "--html", file, "--every", "100ms", "--count", "1", ...QUICK, await listening(() => [])]);
    expect(existsSync(file)).toBe(false);
  });
});

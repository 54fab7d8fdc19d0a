/** `simulate` as it is typed: output, documents, exit codes. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { simulateSchema, type SimulateDocument } from "../../src/view/simulate-document.ts";
import { ntpkit, type Ran } from "../support/command.ts";
import { violations } from "../support/schema.ts";

const TOP = fileURLToPath(new URL("../../", import.meta.url));
const LIAR = `${TOP}man/examples/worlds/liar.toml`;
let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "ntpkit-simulate-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function documentOf(ran: Pick<Ran, "code" | "out">): SimulateDocument {
  const document = JSON.parse(ran.out) as SimulateDocument;
  expect([violations(document, simulateSchema()), document.exitCode]).toEqual([[], ran.code]);
  return document;
}

describe("simulate", () => {
  it("says who follows whom, and how wrong the clocks are", async () => {
    const { code, out, err } = await ntpkit(["simulate", LIAR, "--for", "1h"]);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/^one liar among four: 1 host, 1 h, seed 1\n\nhost +stratum +follows +error/);
    expect(out).toMatch(/^client +2 +honest\d +[+-]\d/m);
    expect(out).toMatch(/^00:00:\d\d {2}client {2}steps its clock by -2\.0/m);
    expect(await ntpkit(["simulate", LIAR, "--for", "1m", "-q"])).toEqual({ code: 0, out: "", err: "" });
  });

  it("has a document, the same for the same seed", async () => {
    const words = ["simulate", LIAR, "--json", "--for", "30m", "--seed", "x"];
    const [one, other] = [await ntpkit(words), await ntpkit(words)];
    expect(one.out).toBe(other.out);
    const { seed, runs, duration, hosts, events } = documentOf(one);
    expect({ seed, runs, duration }).toEqual({ seed: "x", runs: 1, duration: 1800 });
    expect(hosts[0]).toMatchObject({ name: "client", stratum: 2, outsideBound: 0 });
    expect(hosts[0]!.associations).toHaveLength(4);
    expect(events[0]).toMatchObject({ host: "client", what: "follows" });
  });

  it("tells quantiles of many runs, whose seeds count up", async () => {
    const ran = await ntpkit(["simulate", LIAR, "--json", "--for", "10m", "--runs", "5", "--seed", "3"]);
    const { runs, seed, quantiles } = documentOf(ran);
    expect([runs, seed]).toEqual([5, "3"]);
    const { rms, worst } = quantiles![0]!;
    expect([rms!.low <= rms!.median, rms!.median <= rms!.high, rms!.high <= rms!.most]).toEqual([true, true, true]);
    expect(worst!.most).toBeGreaterThanOrEqual(rms!.most);
    expect((await ntpkit(["simulate", LIAR, "--for", "10m", "--runs", "3"])).out).toMatch(/: 3 runs\n\nhost +rms 10 %/);
  });

  it("tells everything that happens on standard error, where that is asked for", async () => {
    const { out, err } = await ntpkit(["simulate", LIAR, "--json", "--for", "10s", "--trace"]);
    expect(JSON.parse(out)).toMatchObject({ ok: true });
    expect(err).toMatch(/client\s+sends\s+10\.1\.0\.5/);
  });

  describe("writes a trace, and is held to it", () => {
    const traced = async (name: string, ...more: string[]): Promise<string> => {
      const path = join(folder, name);
      expect(await ntpkit(["simulate", LIAR, "-q", "--for", "5m", "--trace", path, ...more])).toMatchObject({
        code: 0,
      });
      return path;
    };

    it("the same run has the same trace, by another name of its world, too", async () => {
      const path = await traced("same.trace", "--seed", "9");
      const { code, out, err } = await ntpkit(["simulate", "--replay", path]);
      expect([code, err]).toEqual([0, ""]);
      expect(out).toMatch(/: 1 host, 5 min, seed 9\n[^]*the same as in .*same\.trace: \d+ lines\n$/);
      const copy = file("copy.toml", readFileSync(LIAR, "utf8"));
      expect(await ntpkit(["simulate", copy, "-q", "--replay", path])).toEqual({ code: 0, out: "", err: "" });
      expect(documentOf(await ntpkit(["simulate", "--json", "--replay", path]))).toMatchObject({ ok: true, seed: "9" });
    });

    it("of several runs the first is traced, and a configuration is run again in its network", async () => {
      const path = await traced("runs.trace", "--runs", "2", "--seed", "3");
      expect((await ntpkit(["simulate", "--replay", path])).out).toMatch(/seed 3\n/);
      const config = file("traced.conf", "server 192.0.2.1 iburst\n");
      const other = join(folder, "config.trace");
      const words = ["simulate", "-q", "--config", config, "--network", "jittery", "--for", "5m"];
      await ntpkit([...words, "--trace", other]);
      expect(await ntpkit(["simulate", "-q", "--replay", other])).toEqual({ code: 0, out: "", err: "" });
    });

    it.each([
      [
        "a line is another",
        (lines: string[]) => lines.with(20, `${lines[20]!.slice(0, 50)}#${lines[20]!.slice(51)}`),
        "21:51",
      ],
      ["it was cut short", (lines: string[]) => lines.slice(0, 30), "31:1"],
      ["it goes on", (lines: string[]) => [...lines.slice(0, -1), "more", ""], "LAST:1"],
      ["a line is missing", (lines: string[]) => lines.toSpliced(40, 1), "41:\\d+"],
    ])("says where they differ first: %s", async (_what, change, place) => {
      const lines = readFileSync(await traced("changed.trace"), "utf8").split("\n");
      const path = file("changed.trace", change(lines).join("\n"));
      const { code, out, err } = await ntpkit(["simulate", "--replay", path]);
      expect([code, out]).toEqual([64, ""]);
      expect(err).toMatch(
        new RegExp(
          `changed\\.trace:${place.replace("LAST", `${lines.length}`)}: the run differs from here on: it is .* the trace `,
        ),
      );
    });

    it("is no trace of another world, and nothing else is", async () => {
      const path = await traced("other.trace");
      const other = LIAR.replace("liar", "peers");
      expect(await ntpkit(["simulate", other, "--replay", path])).toMatchObject({ code: 64 });
      expect((await ntpkit(["simulate", LIAR, "--replay", LIAR])).err).toMatch(/liar\.toml is no trace/);
      const headless = file("headless.trace", "# ntpkit trace 1\n# {}\n");
      expect((await ntpkit(["simulate", "--replay", headless])).err).toMatch(/headless\.trace:2:1: /);
      expect((await ntpkit(["simulate", "--replay", join(folder, "none")])).err).toMatch(
        /cannot read .*none: no such file/,
      );
      expect((await ntpkit(["simulate", "--replay", path, "--seed", "2"])).code).toBe(64);
    });

    it("overwrites nothing but a trace, and leaves nothing half written", async () => {
      const world = file("kept.toml", readFileSync(LIAR, "utf8"));
      for (const words of [
        [world, "--trace", world],
        ["--trace", world],
        [LIAR, "--trace", world],
      ])
        expect((await ntpkit(["simulate", ...words])).code).toBe(64);
      expect(readFileSync(world, "utf8")).toBe(readFileSync(LIAR, "utf8"));
      const broken = file("broken.toml", "duration = true\n");
      const path = join(folder, "never.trace");
      expect((await ntpkit(["simulate", broken, "--trace", path])).code).toBe(64);
      expect(existsSync(path)).toBe(false);
    });
  });

  it("writes a page or a trace to standard output, and nothing else there", async () => {
    const page = await ntpkit(["simulate", LIAR, "--for", "1m", "--html", "-"]);
    expect(page.out).toMatch(/^<!doctype html>[^]*<\/html>\s*$/);
    const trace = await ntpkit(["simulate", LIAR, "--for", "1m", "--trace", "-"]);
    expect(trace.out).toMatch(/^# ntpkit trace 1\n# \{.*\}\n +0\.000000000 [^]*\n$/);
    expect(trace.out).not.toMatch(/1 host/);
    for (const flag of ["--html", "--trace"])
      expect((await ntpkit(["simulate", LIAR, flag, "-", "--json"])).err).toContain(
        `--json and ${flag} - are both for`,
      );
    expect(existsSync("-")).toBe(false);
  });

  it("asks the servers of an ntp.conf without keys and without NTS, and says so", async () => {
    const config = file("proved.conf", "server 192.0.2.1 iburst key 5 port 1123\nserver a.example iburst nts\n");
    const ran = await ntpkit(["simulate", "-v", "--json", "--config", config, "--for", "10m"]);
    expect(documentOf(ran).hosts[0]!.associations.map(({ reach }) => reach > 0)).toEqual([true, true]);
    expect(ran.err).toMatch(/proved\.conf:1:\d+: "192\.0\.2\.1" is asked without key 5/);
    expect(ran.err).toMatch(/proved\.conf:2:\d+: "a\.example" is asked without NTS/);
  });

  it.each(["lan", "wan", "jittery"] as const)("tries an ntp.conf in a network: %s", async (network) => {
    const config = file(
      "ntp.conf",
      "driftfile /var/lib/ntp/drift\nserver 192.0.2.1 iburst\nserver ntp.example.net iburst\npool pool.example iburst\npeer other.example\nrestrict default nomodify\n",
    );
    const ran = await ntpkit(["simulate", "--json", "--config", config, "--network", network, "--for", "2h"]);
    const { hosts } = documentOf(ran);
    expect(hosts).toMatchObject([{ name: "host", outsideBound: 0 }]);
    expect(hosts[0]!.associations.filter(({ reach }) => reach > 0).length).toBeGreaterThanOrEqual(3);
    expect(ran.err).toMatch(/ntp\.conf:5:\d+: "other\.example" is not tried/);
  });

  it("does not overwrite the world, nor anything but a page", async () => {
    const text = readFileSync(LIAR, "utf8");
    const [world, other] = [file("own.toml", text), file("ntp.conf.kept", "server a.example\n")];
    for (const page of [world, other]) {
      const ran = await ntpkit(["simulate", world, "--for", "1m", "--html", page]);
      expect(ran).toMatchObject({ code: 64, out: "", err: expect.stringContaining(page) as string });
    }
    expect([readFileSync(world, "utf8"), readFileSync(other, "utf8")]).toEqual([text, "server a.example\n"]);
  });

  it("refuses what is no world with 64, and where", async () => {
    const bad = file("bad.toml", '[[host]]\nname = "a"\ndirectives = ["server b"]\n');
    const ran = await ntpkit(["simulate", "--json", bad]);
    expect(ran).toMatchObject({ code: 64, err: expect.stringContaining(`${bad}:3:`) });
    expect(JSON.parse(ran.out)).toMatchObject({ schema: "ntpkit/simulate/1", ok: false, exitCode: 64 });
    for (const words of [[], [LIAR, "--config", LIAR], [LIAR, "--network", "lan"], ["/nonexistent.toml"]])
      expect([words, (await ntpkit(["simulate", ...words])).code]).toEqual([words, 64]);
    const none = file("none.conf", "tos maxclock 3\n");
    expect((await ntpkit(["simulate", "--config", none])).code).toBe(64);
  });
});

describe("a world that is piped in", () => {
  const shell = (line: string) =>
    spawnSync("bash", ["-c", line], { encoding: "utf8", env: { ...process.env, NTPKIT: `${TOP}bin/ntpkit.js`, LIAR } });

  it.each([
    'cat "$LIAR" | node "$NTPKIT" simulate - --for 1m',
    'node "$NTPKIT" simulate - --for 1m < "$LIAR"',
    'cat "$LIAR" | node "$NTPKIT" simulate /dev/stdin --for 1m',
    'node "$NTPKIT" simulate <(sleep 0.3; cat "$LIAR") --for 1m',
  ])("%s", (line) => {
    const { status, stdout, stderr } = shell(line);
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^one liar among four: 1 host/);
  });

  it("has an end, and faults by name", () => {
    const endless = shell('yes "# more" | node "$NTPKIT" simulate -');
    expect([endless.status, endless.stderr]).toEqual([64, "ntpkit simulate: cannot read -: it is larger than 1 MiB\n"]);
    expect(shell('echo "[[host]]" | node "$NTPKIT" simulate -').stderr).toContain("standard input:1:");
  });
});

describe("the built command", () => {
  it("runs seeds on threads, to the same end", async () => {
    const words = ["simulate", LIAR, "--json", "--for", "10m", "--runs", "4"];
    const built = spawnSync(process.execPath, [`${TOP}bin/ntpkit.js`, ...words], { encoding: "utf8" });
    expect([built.status, built.stderr]).toEqual([0, ""]);
    expect(JSON.parse(built.stdout)).toEqual(JSON.parse((await ntpkit(words)).out));
  });
});

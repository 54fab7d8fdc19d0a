/** `demo`, `keygen`, `completion`, and what is generated. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { COMMANDS } from "../../src/cli/commands.ts";
import { generated, stale } from "../../src/cli/docs.ts";
import { OUTCOMES } from "../../src/engine/port/outcome.ts";
import { parseKeys } from "../../src/security/keyfile.ts";
import { keygenSchema, runSchema } from "../../src/view/schema.ts";
import { ntpkit } from "../support/command.ts";
import { violations } from "../support/schema.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "ntpkit-others-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Whether a program is on this machine. */
const has = (program: string): boolean => spawnSync(program, ["--version"]).error === undefined;

describe("the README", () => {
  it("lists every exit code", () => {
    const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
    for (const [name, { exitCode }] of Object.entries(OUTCOMES))
      if (exitCode < 128) expect(readme).toContain(`| ${exitCode} | ${name} |`);
  });
});

describe("demo", () => {
  it("finds the liar and the lost one, and says why", async () => {
    const { code, out, err } = await ntpkit(["demo"]);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/^x liar .* outside intersection$/m);
    expect(out).toMatch(
      /^liar \(127\.0\.0\.1:\d+\): its time disagrees with the majority: its offset is \+5\.\d+ s, theirs \+\d+\.\d ms$/m,
    );
    expect(out).toMatch(/^lost \(127\.0\.0\.1:\d+\): its own clock is not synchronized/m);
    expect(out).toMatch(
      /^local clock is \d+\.\d ms behind .*; 3 of 5 servers agree; a run without --dry-run would step it$/m,
    );
  });
  it("prints what the README shows, but for the figures", async () => {
    const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
    const shown = /```console\n\$ ntpkit demo\n([^`]*)```/.exec(readme)![1]!;
    const shape = (text: string): string =>
      text
        .replace(/[+-]?\d[\d.:]*( (ns|µs|ms|s)\b)?/g, "#")
        .replace(/^[*+] /gm, "+ ")
        .replace(/ +/g, " ");
    expect(shape((await ntpkit(["demo"])).out).startsWith(shape(shown))).toBe(true);
  });
  it("has a document too", async () => {
    const document = JSON.parse((await ntpkit(["demo", "--json"])).out);
    expect(violations(document, runSchema("demo"))).toEqual([]);
    expect(document.associations.map(({ name }: any) => name)).toEqual([
      "honest",
      "truthful",
      "candid",
      "liar",
      "lost",
    ]);
    expect(document.system).toMatchObject({ truechimers: 3, falsetickers: 1 });
  });
});

describe("keygen", () => {
  it("prints keys that can be read", async () => {
    const { code, out } = await ntpkit(["keygen", "--count", "3", "--first-id", "7", "--type", "SHA1"]);
    expect(code).toBe(0);
    const { keys, faults } = parseKeys(out, { format: "ntp", file: "-" });
    expect(faults).toEqual([]);
    expect(keys.map(({ id, algorithm }) => [id, algorithm])).toEqual([
      [7, "SHA1"],
      [8, "SHA1"],
      [9, "SHA1"],
    ]);
  });

  it("writes them for their owner only, and never over others unasked", async () => {
    const file = join(folder, "keys");
    expect(await ntpkit(["keygen", file])).toEqual({
      code: 0,
      out: "",
      err: `ntpkit keygen: wrote 1 key to ${file}; give the other end the same lines, and tell nobody else\n`,
    });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const before = readFileSync(file, "utf8");
    expect(await ntpkit(["keygen", file])).toMatchObject({
      code: 64,
      err: expect.stringContaining("exists already and was left alone"),
    });
    expect(readFileSync(file, "utf8")).toBe(before);
    expect((await ntpkit(["keygen", "--force", "-q", file])).err).toBe("");
    expect(readFileSync(file, "utf8")).not.toBe(before);
  });

  it("has documents that fit their schema", async () => {
    for (const argv of [
      ["keygen", "--json"],
      ["keygen", "--json", join(folder, "keys.json")],
      ["keygen", "--json", join(folder, "no", "folder")],
      ["keygen", "--json", "--count", "0"],
    ]) {
      const { out } = await ntpkit(argv);
      expect([argv, violations(JSON.parse(out), keygenSchema())]).toEqual([argv, []]);
    }
  });

  it("says when identifiers run out, or a file cannot be written", async () => {
    expect(await ntpkit(["keygen", "--first-id", "65535", "--count", "2"])).toMatchObject({
      code: 64,
      err: expect.stringContaining("65536"),
    });
    expect(await ntpkit(["keygen", join(folder, "no", "folder")])).toMatchObject({
      code: 14,
      err: expect.stringContaining("cannot write"),
    });
  });
});

describe("man", () => {
  it.each([
    [[], "ntpkit.1"],
    [["ntpkit"], "ntpkit.1"],
    [["sync"], "ntpkit-sync.1"],
    [["ntpkit-sync"], "ntpkit-sync.1"],
    [["questions"], "ntpkit-questions.1"],
    [["rv"], "ntpkit-questions.1"],
    [["examples/crontab"], "examples/crontab"],
    [["examples/worlds/liar.toml"], "examples/worlds/liar.toml"],
  ])("with %j prints %s", async (topic, file) => {
    const { code, out } = await ntpkit(["man", ...topic]);
    expect([code, out]).toEqual([0, readFileSync(new URL(`../../man/${file}`, import.meta.url), "utf8")]);
  });

  it("names examples that it prints, and a page for every command", async () => {
    const names = (await ntpkit(["man", "examples"])).out.trimEnd().split("\n");
    expect(names).toContain("examples/systemd/ntpkit.service");
    for (const name of names) expect(await ntpkit(["man", name])).toMatchObject({ code: 0 });
    for (const { name } of COMMANDS) expect(await ntpkit(["man", name])).toMatchObject({ code: 0, err: "" });
  });

  it.each([
    ["snyc", 'ntpkit man: no page for "snyc"; did you mean "sync"?'],
    ["examples/crontap", 'ntpkit man: no example "examples/crontap"; did you mean "examples/crontab"?'],
    ["examples/../ntpkit.1", 'no example "examples/../ntpkit.1"'],
  ])("refuses %s", async (topic, said) => {
    const { code, err } = await ntpkit(["man", topic]);
    expect([code, err]).toEqual([64, expect.stringContaining(said)]);
  });
});

describe("completion", () => {
  it("knows every command and option in every shell", async () => {
    for (const shell of ["bash", "zsh", "fish"]) {
      const { code, out } = await ntpkit(["completion", shell]);
      expect(code).toBe(0);
      for (const word of [
        "sync",
        "query",
        "demo",
        "keygen",
        "completion",
        "max-step",
        "dry-run",
        "keys-format",
        "chrony",
      ])
        expect([shell, out.includes(word)]).toEqual([shell, true]);
    }
  });

  it("escapes the colons of an argument's name for zsh, and wants that argument", async () => {
    expect((await ntpkit(["completion", "zsh"])).out).toContain("]:[host\\:]port: '");
  });

  it("completes in bash", async () => {
    const { out } = await ntpkit(["completion", "bash"]);
    const complete = (...words: string[]): string[] => {
      const script = `${out}\nCOMP_WORDS=(ntpkit ${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length}; _ntpkit; printf '%s\\n' "\${COMPREPLY[@]}"`;
      const { stdout, stderr } = spawnSync("bash", ["-c", script], { encoding: "utf8" });
      expect(stderr).toBe("");
      return stdout.trim().split("\n");
    };
    expect(complete("syn")).toEqual(["sync"]);
    expect(complete("sync", "--max")).toEqual(["--maxclock", "--maxdist", "--max-step"]);
    expect(complete("query", "--keys-format", "c")).toEqual(["chrony"]);
    expect(complete("completion", "f")).toEqual(["fish"]);
  });
});

/** Of what is generated below `man/`, what man(1) reads. */
function isPage(path: string): boolean {
  return path.startsWith("man/") && path.endsWith(".1");
}

describe("what is generated", () => {
  it("is fresh: npm run docs", () => {
    expect(stale()).toEqual([]);
  });

  it("prints every option's argument whole", () => {
    for (const [path, text] of generated()) {
      if (!path.startsWith("man/")) continue;
      const terms = text.split("\n").filter((line) => line.startsWith("\\fB\\-"));
      for (const term of terms)
        expect([path, term, term.split("[").length, term.split("<").length]).toEqual([
          path,
          term,
          term.split("]").length,
          term.split(">").length,
        ]);
    }
    expect(generated().get("man/ntpkit-run.1")).toContain("\\fB\\-\\-metrics\\fR [HOST:]PORT\n");
  });

  it.runIf(has("groff"))("is clean roff", () => {
    const file = join(folder, "page.1");
    for (const [path, text] of generated()) {
      if (!isPage(path)) continue;
      const [, page] = /^\.so man1\/(.+)\n$/.exec(text) ?? [];
      if (page !== undefined) {
        expect([...generated().keys()]).toContain(`man/${page}`);
        continue;
      }
      writeFileSync(file, text);
      const { stderr, status } = spawnSync("groff", ["-man", "-ww", "-z", file], { encoding: "utf8" });
      expect([path, status, stderr]).toEqual([path, 0, ""]);
    }
  });

  it("has a page for every command, and package.json lists them", () => {
    const pages = [...generated().keys()]
      .filter((path) => isPage(path) && !path.startsWith("man/aliases/"))
      .map((path) => `./${path}`);
    const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
    expect(manifest.man).toEqual(pages);
  });
});

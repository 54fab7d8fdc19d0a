/** The command tree: help, mistakes, exit codes. */
import { describe, expect, it } from "vitest";
import { ROWS } from "../../src/cli/options/rows.ts";
import { failureLine, failureOfError } from "../../src/cli/exit.ts";
import { UsageError } from "../../src/config/usage.ts";
import { ALGORITHMS } from "../../src/security/digests.ts";
import { bareDocument } from "../../src/view/document.ts";
import { runSchema } from "../../src/view/schema.ts";
import { ntpkit } from "../support/command.ts";
import { violations } from "../support/schema.ts";

describe("help", () => {
  it("goes to stdout and is no failure", async () => {
    for (const argv of [
      ["--help"],
      ["help"],
      ["sync", "--help"],
      ["help", "query"],
      ["help", "--help"],
      ["help", "help"],
    ]) {
      const { code, out, err } = await ntpkit(argv);
      expect([argv, code, err]).toEqual([argv, 0, ""]);
      expect(out).toMatch(/^Usage: ntpkit/);
    }
  });

  it("names every command, and every option with its default", async () => {
    const { out } = await ntpkit(["--help"]);
    for (const name of ["sync", "query", "demo", "keygen", "completion"])
      expect(out).toMatch(new RegExp(`^  ${name} `, "m"));
    expect((await ntpkit(["sync", "--help"])).out.replace(/\s+/g, " ")).toContain(
      "--panic <duration> change nothing beyond this offset, or inf (1000s)",
    );
  });

  it("fits the terminal", async () => {
    for (const argv of [["sync", "--help"], ["--help"], ["help"]])
      for (const line of (await ntpkit(argv, { columns: 80 })).out.split("\n"))
        expect(line.length).toBeLessThanOrEqual(80);
  });

  it("is shown on stderr where a command is missing, which is a mistake", async () => {
    const { code, out, err } = await ntpkit([]);
    expect([code, out]).toEqual([64, ""]);
    expect(err).toBe((await ntpkit(["--help"])).out);
  });

  it("tells the version", async () => {
    expect(await ntpkit(["--version"])).toEqual({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), err: "" });
  });

  it("offers every algorithm there is", () => {
    expect(ROWS.type.choices).toEqual(Object.keys(ALGORITHMS));
  });
});

describe("a mistake", () => {
  it.each([
    [
      ["query", "239.1.1.1"],
      'ntpkit query: "239.1.1.1" is a multicast group, not a server; "ntpkit manycast 239.1.1.1" searches it for servers, "ntpkit broadcast 239.1.1.1" listens to those that broadcast',
    ],
    [["help", "snyc"], "ntpkit: unknown command 'snyc'; did you mean \"sync\"?"],
    [
      ["query", "ex\u001b[31mample"],
      'ntpkit query: server "ex\\x1b[31mample": "ex\\x1b[31mample" is not a host name or an IP address: U+001B in column 3',
    ],
    [["snyc", "--version"], "ntpkit: unknown command 'snyc'; did you mean \"sync\"?"],
    [["snyc", "-V"], "ntpkit: unknown command 'snyc'; did you mean \"sync\"?"],
    [["snyc"], "ntpkit: unknown command 'snyc'; did you mean sync?"],
    [["sync", "--pnic", "3"], "ntpkit sync: unknown option '--pnic'; did you mean --panic?"],
    [["sync", "--roughtime", "a"], "ntpkit sync: unknown option '--roughtime'; see ntpkit sync --help"],
    [["query", "--step", "a"], "ntpkit query: unknown option '--step'; see ntpkit query --help"],
    [["sync", "--timeout"], "ntpkit sync: option '--timeout <duration>' argument missing; see ntpkit sync --help"],
    [
      ["sync", "--timeout", "soon", "a"],
      'ntpkit sync: --timeout: "soon" is not a duration; write it as 2s, 250ms, 1m, 1h, 1d or a number of seconds',
    ],
    [
      ["sync", "-4", "-6", "a"],
      "ntpkit sync: option '-4, --ipv4' cannot be used with option '-6, --ipv6'; see ntpkit sync --help",
    ],
    [
      ["sync", "--step", "--slew", "a"],
      "ntpkit sync: option '--step' cannot be used with option '--slew'; see ntpkit sync --help",
    ],
    [["sync", "--samples", "0", "a"], "ntpkit sync: --samples: 0 is out of range; from 1 to 64"],
    [
      ["peers", "-crv", "192.0.2.1"],
      'ntpkit peers: there is no configuration file "rv", and -c asks no question here; here it is "ntpkit readvar HOST"',
    ],
    [
      ["peers", "-c", "as", "192.0.2.1"],
      'ntpkit peers: there is no configuration file "as", and -c asks no question here; here it is "ntpkit associations"',
    ],
    [["sync", "a:0"], 'ntpkit sync: server "a:0", port: 0 is out of range; from 1 to 65535'],
    [
      ["sync"],
      "ntpkit sync: cannot read the configuration file /nonexistent/ntpkit.conf: no such file or directory; name another with --config or $NTPKIT_CONFIG",
    ],
    [
      ["query", "--key", "7", "127.0.0.1"],
      "ntpkit query: 127.0.0.1 is to be authenticated by key 7, but there is no key file; name it with --keys FILE",
    ],
    [
      ["query", "--keys", "/nonexistent", "127.0.0.1"],
      "ntpkit query: /nonexistent: the key file cannot be read: no such file or directory",
    ],
    [["completion", "tcsh"], 'ntpkit completion: no completion for "tcsh"; there is one for bash, zsh, fish'],
    [
      ["demo", "extra"],
      "ntpkit demo: too many arguments for 'demo'. Expected 0 arguments but got 1; see ntpkit demo --help",
    ],
  ])("%j is one line and exit code 64", async (argv, line) => {
    expect(await ntpkit(argv)).toEqual({ code: 64, out: "", err: `${line}\n` });
  });

  it("is a document as well with --json", async () => {
    const { code, out, err } = await ntpkit(["sync", "--pnic", "3", "--json"]);
    expect(code).toBe(64);
    expect(err).toContain("did you mean --panic?");
    const document: unknown = JSON.parse(out);
    expect(document).toEqual(
      bareDocument("sync", { code: "usage", message: "unknown option '--pnic'", hint: "did you mean --panic?" }),
    );
    expect(violations(document, runSchema("sync"))).toEqual([]);
  });

  it("shows a stack only with --debug", async () => {
    expect((await ntpkit(["sync", "a:0", "--debug"])).err).toMatch(/\n {4}at /);
    expect((await ntpkit(["sync", "a:0", "-v"])).err).not.toMatch(/\n {4}at /);
  });
});

describe("help", () => {
  it("is that of the command behind it, which may be none", async () => {
    const asked = await ntpkit(["--help", "trace"]);
    expect([asked.code, asked.out]).toEqual([0, (await ntpkit(["trace", "--help"])).out]);
    for (const words of [
      ["--help", "nosuch"],
      ["-h", "nosuch"],
      ["nosuch", "--help"],
      ["help", "nosuch"],
    ])
      expect(await ntpkit(words)).toMatchObject({
        code: 64,
        out: "",
        err: expect.stringContaining("unknown command 'nosuch'"),
      });
  });
});

describe("an error", () => {
  it("that is ours says what to do, another is a bug", () => {
    expect(failureOfError(new UsageError("bad", "do this"))).toEqual({
      code: "usage",
      message: "bad",
      hint: "do this",
    });
    expect(failureOfError(new TypeError("x is not a function"))).toMatchObject({
      code: "internal",
      message: "internal error: x is not a function",
    });
  });
  it("is always one line", () => {
    expect(failureLine("ntpkit", { code: "internal", message: "a\n  b", hint: null })).toBe("ntpkit: a b\n");
  });
});

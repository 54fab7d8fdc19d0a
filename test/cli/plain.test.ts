/** Plain ASCII where the locale has nothing else. */
import { describe, expect, it } from "vitest";
import { COMMANDS } from "../../src/cli/commands.ts";
import { isPlain, plain } from "../../src/cli/plain.ts";
import { ntpkit } from "../support/command.ts";

describe("a locale", () => {
  it.each([
    [{ LC_ALL: "C" }, true],
    [{ LC_ALL: "POSIX", LANG: "de_DE.UTF-8" }, true],
    [{ LANG: "de_DE.ISO-8859-1" }, true],
    [{ LC_ALL: "", LC_CTYPE: "C.UTF-8", LANG: "C" }, false],
    [{ LANG: "en_US.utf8" }, false],
    [{}, false],
  ])("%j is plain: %s", (env, is) => {
    expect(isPlain(env)).toBe(is);
  });
});

// oxlint-disable-next-line no-control-regex
const ASCII = /^[\x00-\x7f]*$/;

describe("under LC_ALL=C", () => {
  const env = { LC_ALL: "C" };

  it("the demonstration is plain ASCII, and its columns stand", async () => {
    const { out, err } = await ntpkit(["demo"], { env });
    expect(out + err).toMatch(ASCII);
    expect(out).toMatch(/ behind \+\/- [\d.]+ [um]s; /);
    const [head = "", first = ""] = out.split("\n").filter((line) => /^ {2}server|^[*+] honest/.test(line));
    expect(first.indexOf("s ", head.indexOf("+/-"))).toBe(head.indexOf("+/-") + 2);
  });

  it.each(COMMANDS.map(({ name }) => name))("the help of %s is plain ASCII", async (name) => {
    expect((await ntpkit([name, "--help"], { env })).out).toMatch(ASCII);
  });

  it("the list of commands is plain ASCII", async () => {
    expect((await ntpkit(["--help"], { env })).out).toMatch(ASCII);
  });

  it("a document is as it always is", async () => {
    const { out } = await ntpkit(["query", "--json", "--bogus"], { env });
    expect(JSON.parse(out)).toMatchObject({ ok: false });
  });
});

it("what is not ours stays", () => {
  expect(plain("zeit.müller.example ± 3 µs …")).toBe("zeit.müller.example +/- 3 us ...");
});

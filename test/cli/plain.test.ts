/** Plain ASCII where the locale has nothing else. */
import { describe, expect, it } from "vitest";
import { COMMANDS } from "../../src/cli/commands.ts";
import { isPlain, plain, plainly } from "../../src/cli/plain.ts";
import { wrapped } from "../../src/view/text.ts";
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

it("tables keep their columns: over figures, over none, in colours, and where a name was cut", () => {
  const heading = (colour: string, end: string): readonly string[] => [
    `  server  offset     ${colour}  ±${end}  reach`,
    `  server  offset  ±${end}${colour}  reach`,
    `  server  offset       ${colour}  ±${end}`,
    `* [2001:db8:aa…eeee:1]:1123  2  3 ms`,
    `* [2001:db8:aaa…]:1123  2  3 ms`,
    `a-very-long-n…  ├─●─┤`,
  ];
  for (const [colour, end] of [
    ["", ""],
    ["\x1b[2m", "\x1b[22m"],
    ["\x1b[1m\x1b[2m", "\x1b[22m"],
  ] as const)
    for (const line of heading(colour, end)) {
      expect([plain(line), plain(line).length]).toEqual([expect.stringMatching(ASCII), line.length]);
      if (line.includes("reach")) expect(plain(line).indexOf("reach")).toBe(line.indexOf("reach"));
    }
});

it("a terminal that has less to give is taken for narrower, so that no line is broken in a word", () => {
  const sentence = "local clock is 20.3 us ahead ± 34.7 us; 3 of 6 servers agree";
  const sink = { write: () => {}, isTerminal: true, columns: 60 };
  const { out } = plainly({ out: sink, err: sink, env: {}, onStop: () => () => {} });
  const lines = wrapped(sentence, out.columns).map(plain);
  expect(lines.map((line) => line.length <= 60)).toEqual(lines.map(() => true));
});

it("every sign of ours has its like", () => {
  expect(plain("±µ…≤≥─│└├┤░▒█●·▲▼◀▶✗×")).toMatch(ASCII);
});

it("what is not ours stays", () => {
  expect(plain("zeit.müller.example ± 3 µs …")).toBe("zeit.müller.example +/- 3 us ...");
});

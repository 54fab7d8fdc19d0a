/** What somebody finds who does not know the commands: groups, examples, and the words of other tools. */
import { expect, it } from "vitest";
import { COMMAND_GROUPS, COMMANDS } from "../../src/cli/commands.ts";
import { EXAMPLES } from "../../src/cli/examples.ts";
import { OTHER_TOOLS } from "../../src/cli/other-tools.ts";
import { ntpkit } from "../support/command.ts";

const NAMES = COMMANDS.map(({ name }) => name);

it("lists every command in its group, and nothing outside of them", async () => {
  const { out } = await ntpkit(["--help"]);
  const headings = out.split("\n").filter((line) => /^[A-Z].*:$/.test(line));
  expect(headings).toEqual(["Options:", ...Object.values(COMMAND_GROUPS)]);
  const [, ...groups] = out.split(/^[A-Z].*:\n/m);
  const listed = groups.slice(1).map((group) => Array.from(group.matchAll(/^ {2}([a-z]+)/gm), ([, name]) => name));
  const wanted = Object.keys(COMMAND_GROUPS).map((group) =>
    COMMANDS.filter((row) => row.group === group).map(({ name }) => name as string),
  );
  expect(listed).toEqual(wanted.map((names, index) => (index === wanted.length - 1 ? [...names, "help"] : names)));
});

it.each(NAMES)("%s --help ends with two or three examples of itself", async (name) => {
  const { out } = await ntpkit([name, "--help"]);
  const examples = out
    .split("\nExamples:\n")[1]!
    .split("\n")
    .filter((line) => /^ {2}\S/.test(line));
  expect(examples.length).toBeGreaterThanOrEqual(2);
  expect(examples.length).toBeLessThanOrEqual(3);
  const alias = name === "readvar" ? "(readvar|rv)" : name;
  for (const line of examples) expect(line).toMatch(new RegExp(`ntpkit ${alias}\\b`));
});

it("gives every line of a crontab the path that finds ntpkit", () => {
  const lines = Object.values(EXAMPLES)
    .flat()
    .filter(([line]) => /^[\d*]+ [\d*]+ /.test(line));
  expect(lines.length).toBeGreaterThan(1);
  for (const [, text] of lines) expect(text).toMatch(/PATH/);
});

it.each([...OTHER_TOOLS.keys()])(
  "tells who types %s what it is here, by commands and options that there are",
  async (word) => {
    const { code, err } = await ntpkit([word, "pool.example"]);
    expect([code, err.split("\n").length]).toEqual([64, 2]);
    const said = Array.from(err.matchAll(/"ntpkit ([a-z]+)((?: [^"]*)?)"/g));
    expect(said.length).toBeGreaterThan(0);
    for (const [, command = "", words = ""] of said) {
      expect(NAMES).toContain(command);
      const { out } = await ntpkit([command, "--help"]);
      for (const option of words.match(/--[a-z-]+/g) ?? []) expect(out).toContain(option);
    }
  },
);

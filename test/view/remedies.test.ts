/** What a message advises is there: an option of the very command, or a word of the configuration's grammar. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { REASONS, type Reason } from "../../src/association/verdict.ts";
import { tree } from "../../src/cli/completion/tree.ts";
import { COMMANDS as STATEMENTS } from "../../src/config/ntpconf/commands.ts";
import { DEFAULT_STEP_LIMITS } from "../../src/discipline/limits.ts";
import { OUTCOMES, type Outcome } from "../../src/engine/port/outcome.ts";
import type { Snapshot } from "../../src/engine/port/snapshot.ts";
import { libcFaultOn } from "../../src/host/libc.ts";
import { ADVISED, describeFailure, type FailingCommand } from "../../src/view/failure.ts";
import { association, lost, snapshotOf, silent, undecided } from "../support/snapshot.ts";

const TREE = tree();

/** Every option of some commands, or of all. */
function optionsOf(names: readonly string[] | null): ReadonlySet<string> {
  const commands = TREE.commands.filter(({ name }) => names === null || names.includes(name));
  if (names !== null) expect(commands.map(({ name }) => name).toSorted()).toEqual([...names].toSorted());
  return new Set(
    (names === null ? [TREE, ...commands] : commands).flatMap(({ options }) =>
      options.flatMap(({ long, short }) => (short === null ? [long] : [long, short])),
    ),
  );
}

/** Other programs' options, which their names stand beside. */
const FOREIGN = new Set(["--cap-add"]);

function optionsIn(text: string): string[] {
  return Array.from(text.matchAll(/(?<![\w/-])-(?:-[a-z][a-z-]*[a-z]|[v46])(?![\w-])/g), ([option]) => option).filter(
    (option) => !FOREIGN.has(option),
  );
}

/** `tinker panic 0` and the like. */
function statementsIn(text: string): string[][] {
  return Array.from(text.matchAll(/`([a-z]+ [^`]+)`/g), ([, inside]) => inside!.split(" ")).filter(
    ([word]) => word !== "ntpkit" && word !== "ip",
  );
}

const SNAPSHOTS: readonly Snapshot[] = [
  ...(Object.keys(REASONS) as Reason[]).flatMap((reason) => [
    undecided([silent(1, reason)]),
    undecided([lost(1, reason)]),
    undecided([lost(1, reason, { kiss: "DENY", packets: { sent: 1, received: 1, rejected: 1 } })]),
    undecided([lost(1, reason, { unreachable: "portInUse" })]),
  ]),
  undecided([association(1)]),
  ...(["again", "notFound", "otherFamily"] as const).map((why) => ({
    ...undecided([]),
    unresolved: [{ name: "nowhere.example", why }],
  })),
  ...(["panic", "max-step", "noPrivilege"] as const).flatMap((reason) =>
    [7000, -7000].map((offset) =>
      snapshotOf([association(1)], { clock: { offset, reason, action: "refused", moved: 600 } }),
    ),
  ),
];

it.each(["sync", "run"] as const)("%s that cannot set the clock without koffi says so, and what to do", (command) => {
  const snapshot = snapshotOf([association(1)], { clock: { offset: 0.3, reason: "unsupported", action: "refused" } });
  for (const hasBinaries of [true, false]) {
    const withoutLibc = libcFaultOn("linux-x64", hasBinaries);
    const { hint } = describeFailure("permission", snapshot, { command, limits: null, deadline: null, withoutLibc })!;
    expect(hint).toContain(withoutLibc);
  }
});

describe.each(Object.keys(ADVISED) as FailingCommand[])("when %s fails", (command) => {
  const has = optionsOf([command]);
  const said = (Object.keys(OUTCOMES) as Outcome[]).flatMap((outcome) =>
    SNAPSHOTS.flatMap((snapshot) =>
      [
        { lacking: null },
        { lacking: { capability: "CAP_SYS_TIME", who: "root" as const } },
        { service: { port: 123, why: "portInUse" as const } },
        {},
      ].map((more) => {
        const context = { command, limits: DEFAULT_STEP_LIMITS, deadline: 15, ...more };
        return describeFailure(outcome, snapshot, context)?.hint ?? "";
      }),
    ),
  );

  it("every option that is advised is one of its own", () => {
    const advised = new Set(said.flatMap(optionsIn));
    expect(advised.size).toBeGreaterThan(0);
    expect([...advised].filter((option) => !has.has(option))).toEqual([]);
  });

  it("every line of configuration that is advised is in the grammar", () => {
    for (const [word, option, value] of said.flatMap(statementsIn)) {
      const statement = STATEMENTS[word as keyof typeof STATEMENTS];
      expect(statement, word).toBeDefined();
      expect(Object.keys(statement?.options ?? {}), `${word} ${option} ${value}`).toContain(option);
    }
  });

  it("is not left without any advice it could have", () => {
    for (const hint of said) expect(hint).not.toMatch(/^[,;]|^or |^and |^\s/);
  });
});

it("a daemon that refuses a step says how to allow it there", () => {
  const refused = snapshotOf([association(1)], { clock: { offset: 5000, reason: "panic", action: "refused" } });
  const { message, hint } = describeFailure("limit", refused, {
    command: "run",
    limits: DEFAULT_STEP_LIMITS,
    deadline: null,
  })!;
  expect(message).toContain("5000.0 s behind");
  expect(message).not.toContain("--panic");
  expect(hint).toBe("if the servers are right, start it again with --any-offset, or write `tinker panic 0`");
});

/** Whose words a file has: the first line that fits; `null`: any command's. */
const WHOSE: readonly (readonly [RegExp, readonly string[] | null])[] = [
  [/^cli\/(run\.ts|daemon\/)/, ["run"]],
  [/^cli\/(serve|serve-face|prepare-serve)\.ts/, ["serve"]],
  [/^cli\/wait\.ts/, ["wait"]],
  [/^cli\/keygen\.ts/, ["keygen"]],
  [/^cli\/watch/, ["watch"]],
  [/^cli\/peers-/, ["peers", "sync"]],
  [/^view\/finding-failure\.ts/, ["manycast", "broadcast", "pool"]],
  [/^config\/translate\//, ["run"]],
  [/./, null],
];

/** What is no option of ours: those of other programs that a text tells somebody to give them, and the colours of a style sheet. */
const OTHERS: ReadonlySet<string> = new Set([
  "host/libc.ts: --omit", // npm's, which leaves koffi out
  ...["style", "sheet"].flatMap((file) => ["ink", "paper", "faint"].map((colour) => `report/${file}.ts: --${colour}`)),
]);

it("every option that any text of the program speaks of is there, and in a command's own texts its own", () => {
  const root = new URL("../../src/", import.meta.url);
  const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  const wrong: string[] = [];
  for (const file of files) {
    const [, names] = WHOSE.find(([pattern]) => pattern.test(file))!;
    const known = optionsOf(names);
    // Programs' own version options are on the program itself, and other programs' lines are quoted in `translate/`.
    const source = readFileSync(new URL(file, root), "utf8").replaceAll(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, "");
    for (const [literal] of source.matchAll(/"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g)) {
      for (const option of optionsIn(literal)) {
        // Of one letter other programs have some, too.
        if (!option.startsWith("--") || known.has(option) || (option === "--version" && file === "cli/program.ts"))
          continue;
        if (!OTHERS.has(`${file}: ${option}`)) wrong.push(`${file}: ${option}`);
      }
    }
  }
  expect(wrong).toEqual([]);
});

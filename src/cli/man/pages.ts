/** The manual pages: prose, the command tree and the program's tables put together. */
import type { Tree, TreeCommand } from "../completion/tree.ts";
import { FINDING_OUTCOMES, modes } from "./finding.ts";
import { PROSE } from "./prose.ts";
import { roffOf, type Block, type Section } from "./roff.ts";
import { configurationFile, exitStatus, optionsSection, sentence, synopsis, verdicts } from "./tables.ts";
import { PLUGIN_STATUS, VIEWING_OUTCOMES } from "./viewing.ts";

/** What can come of each command, of all outcomes. */
const OUTCOMES_OF: Readonly<Record<string, readonly string[] | null>> = {
  ...FINDING_OUTCOMES,
  ...VIEWING_OUTCOMES,
  keygen: ["ok", "permission", "usage", "internal"],
  completion: ["ok", "usage", "internal"],
  run: ["ok", "limit", "permission", "other-daemon", "usage", "internal"],
  query: [
    "ok",
    "no-reply",
    "resolve",
    "no-agreement",
    "permission",
    "authentication",
    "kiss",
    "deadline",
    "usage",
    "internal",
    "interrupted",
    "terminated",
  ],
  demo: ["ok", "no-agreement", "no-reply", "deadline", "usage", "internal", "interrupted", "terminated"],
};

/**
 * Every page.
 * @param version of the program
 * @returns file names and their roff
 */
export function manualPages(tree: Tree, version: string): ReadonlyMap<string, string> {
  const source = `ntpkit ${version}`;
  const pages = tree.commands.map((command) => [`ntpkit-${command.name}.1`, commandPage(command, source)] as const);
  return new Map([["ntpkit.1", programPage(tree, source)], ...pages]);
}

function programPage(tree: Tree, source: string): string {
  const prose = PROSE["ntpkit"]!;
  const commands: Section = {
    title: "COMMANDS",
    blocks: [
      {
        terms: tree.commands.map(
          ({ name, text }) => [`\`${name}\``, `${sentence(text)} See ntpkit-${name}(1).`] as const,
        ),
      },
    ],
  };
  const sections: Section[] = [
    { title: "SYNOPSIS", blocks: ["`ntpkit` COMMAND [OPTION…] [ARGUMENT…]"] },
    { title: "DESCRIPTION", blocks: prose.description },
    commands,
    optionsSection(tree),
    configurationFile(),
    verdicts(),
    modes(),
    exitStatus(),
    ENVIRONMENT,
    examples(prose.examples),
    seeAlso(prose.seeAlso),
  ];
  return roffOf({ name: "ntpkit", purpose: "the toolkit for network time", source, sections });
}

function commandPage(command: TreeCommand, source: string): string {
  const prose = PROSE[command.name];
  if (prose === undefined) throw new Error(`the manual says nothing of ${command.name}: add it to prose.ts`);
  const sections: Section[] = [
    { title: "SYNOPSIS", blocks: [synopsis(command, `ntpkit ${command.name}`)] },
    { title: "DESCRIPTION", blocks: [...prose.description, ...operands(command)] },
    optionsSection(command),
    ...prose.sections,
    command.name === "check" ? PLUGIN_STATUS : exitStatus(OUTCOMES_OF[command.name] ?? null),
    examples(prose.examples),
    seeAlso(prose.seeAlso),
  ];
  return roffOf({ name: `ntpkit-${command.name}`, purpose: command.text, source, sections });
}

function operands(command: TreeCommand): Block[] {
  if (command.arguments.length === 0 || command.arguments[0]!.name === "servers") return [];
  return [{ terms: command.arguments.map(({ name, text }) => [name.toUpperCase(), sentence(text)] as const) }];
}

const ENVIRONMENT: Section = {
  title: "ENVIRONMENT",
  blocks: [
    {
      terms: [
        ["`NTPKIT_CONFIG`", "The configuration file."],
        ["`NO_COLOR`", "No colours when it is set and not empty."],
        ["`FORCE_COLOR`", "Colours even where the output is no terminal; 0: none."],
      ],
    },
  ],
};

function examples(list: (typeof PROSE)[string]["examples"]): Section {
  return { title: "EXAMPLES", blocks: list.flatMap(([command, text]): Block[] => [text, { code: command }]) };
}

function seeAlso(pages: readonly string[]): Section {
  return { title: "SEE ALSO", blocks: [[...pages.map((page) => `\`${page}\`(1)`), "RFC 5905"].join(", ")] };
}

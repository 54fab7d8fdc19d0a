/** The manual pages: prose, the command tree and the program's tables put together. */
import type { Tree, TreeCommand, TreeOption } from "../completion/tree.ts";
import { EXAMPLES, type Example } from "../examples.ts";
import type { CommandName } from "../options/offers.ts";
import { modes } from "./modes.ts";
import { OUTCOMES_OF, PLUGIN_STATUS } from "./outcomes.ts";
import { proseOf } from "./prose.ts";
import { roffOf, type Block, type Section } from "./roff.ts";
import { configurationFile, exitStatus, optionsSection, sentence, synopsis, verdicts } from "./tables.ts";

/**
 * Every page.
 * @param version of the program
 * @returns file names and their roff
 */
export function manualPages(tree: Tree, version: string): ReadonlyMap<string, string> {
  const source = `ntpkit ${version}`;
  const questions = tree.commands.filter(({ group }) => group === "question");
  const pages = tree.commands
    .filter((command) => !questions.includes(command))
    .map((command) => [`ntpkit-${command.name}.1`, commandPage(command, source)] as const);
  // Who looks for one question finds the page of them all, where a distribution installs these, too.
  const references = questions.map(
    ({ name }) => [`aliases/ntpkit-${name}.1`, `.so man1/${QUESTIONS_PAGE}.1\n`] as const,
  );
  return new Map([
    ["ntpkit.1", programPage(tree, source)],
    ...pages,
    [`${QUESTIONS_PAGE}.1`, questionsPage(questions, source)],
    ...references,
  ]);
}

const QUESTIONS_PAGE = "ntpkit-questions";

function programPage(tree: Tree, source: string): string {
  const prose = proseOf("ntpkit");
  const commands: Section = {
    title: "COMMANDS",
    blocks: [
      {
        terms: tree.commands.map(
          ({ name, text, group }) =>
            [
              `\`${name}\``,
              `${sentence(text)} See ${group === "question" ? QUESTIONS_PAGE : `ntpkit-${name}`}(1).`,
            ] as const,
        ),
      },
    ],
  };
  const sections: Section[] = [
    { title: "SYNOPSIS", blocks: ["`ntpkit` COMMAND [OPTION…] [ARGUMENT…]"] },
    { title: "DESCRIPTION", blocks: prose.description },
    commands,
    optionsSection(tree.options),
    configurationFile(),
    verdicts(),
    modes(),
    exitStatus(),
    ENVIRONMENT,
    examples(EXAMPLES.ntpkit),
    seeAlso(prose.seeAlso),
  ];
  return roffOf({ name: "ntpkit", purpose: "the toolkit for network time", source, sections });
}

function commandPage(command: TreeCommand, source: string): string {
  const name = command.name as CommandName;
  const prose = proseOf(name);
  const sections: Section[] = [
    { title: "SYNOPSIS", blocks: [synopsis(command, `ntpkit ${name}`)] },
    { title: "DESCRIPTION", blocks: [...prose.description, ...operands(command)] },
    optionsSection(command.options),
    ...prose.sections,
    name === "check" ? PLUGIN_STATUS : exitStatus(OUTCOMES_OF[name]),
    examples(EXAMPLES[name]),
    seeAlso(prose.seeAlso),
  ];
  return roffOf({ name: `ntpkit-${name}`, purpose: command.text, source, sections });
}

/** One page for all questions: they are asked alike, and most of their options are the same. */
function questionsPage(questions: readonly TreeCommand[], source: string): string {
  const prose = proseOf("questions");
  const sections: Section[] = [
    { title: "SYNOPSIS", blocks: questions.map((command) => synopsis(command, `ntpkit ${command.name}`)) },
    { title: "DESCRIPTION", blocks: prose.description },
    optionsSection(commonOptions(questions)),
    ...prose.sections,
    exitStatus(OUTCOMES_OF[questions[0]!.name as CommandName]),
    examples(questions.flatMap(({ name }) => EXAMPLES[name as CommandName])),
    seeAlso(prose.seeAlso),
  ];
  return roffOf({ name: QUESTIONS_PAGE, purpose: "single questions to a time daemon", source, sections });
}

/** The options of several commands, each once; of those that not all of them have it is said which do. */
function commonOptions(commands: readonly TreeCommand[]): TreeOption[] {
  const options = new Map<string, { readonly option: TreeOption; readonly names: string[] }>();
  for (const { name, options: offered } of commands)
    for (const option of offered) {
      const entry = options.get(option.long + option.text);
      if (entry === undefined) options.set(option.long + option.text, { option, names: [name] });
      else entry.names.push(name);
    }
  return [...options.values()].map(({ option, names }) =>
    names.length === commands.length ? option : { ...option, text: `${option.text} (${names.join(", ")})` },
  );
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
        [
          "`XDG_CACHE_HOME`",
          "Where what Node has compiled of a command is kept, in a folder `ntpkit`, so that it starts faster the next time; `~/.cache` unless set.",
        ],
        ["`NODE_DISABLE_COMPILE_CACHE`", "Keep nothing of that kind when it is set and not empty."],
      ],
    },
  ],
};

function examples(list: readonly Example[]): Section {
  return { title: "EXAMPLES", blocks: list.flatMap(([command, text]): Block[] => [text, { code: command }]) };
}

function seeAlso(pages: readonly string[]): Section {
  return { title: "SEE ALSO", blocks: [[...pages.map((page) => `\`${page}\`(1)`), "RFC 5905"].join(", ")] };
}

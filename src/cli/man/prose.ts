/**
 * What the manual says that no table knows: the Markdown of `man/prose`, a file a page.
 *
 * `{name}` stands for the text of `man/prose/shared/name.md`, `{command}` for the page's command, `{table name}` for a table
 * of the program's.
 */
import { readFileSync } from "node:fs";
import { VERDICTS } from "../../decode/verdict.ts";
import { CAUSES } from "../../view/serve.ts";
import { sectionsOf } from "./markdown.ts";
import type { Block, Section } from "./roff.ts";
import { daemonConfigurationFile, sentence } from "./tables.ts";
import { own } from "../../wire/own.ts";

/** The words of one page. */
export interface Prose {
  readonly description: readonly Block[];
  /** After the options. */
  readonly sections: readonly Section[];
  /** Other pages, without the section. */
  readonly seeAlso: readonly string[];
}

const FOLDER = new URL("../../../man/prose/", import.meta.url);

/**
 * The words of a page.
 * @param page e.g. `sync`; `ntpkit` is the program itself
 * @throws where there are none
 */
export function proseOf(page: string): Prose {
  const [first, ...others] = sectionsOf(filled(read(`${page}.md`), page), (name) => own(TABLES, name)!());
  const last = others.at(-1);
  if (first?.title !== "" || last?.title !== "SEE ALSO")
    throw new Error(`man/prose/${page}.md: a page begins with its description and ends with SEE ALSO`);
  return {
    description: first.blocks,
    sections: others.slice(0, -1),
    seeAlso: (last.blocks[0] as string).split(/,\s*/),
  };
}

function read(path: string): string {
  return readFileSync(new URL(path, FOLDER), "utf8");
}

function filled(text: string, page: string): string {
  return text.replaceAll(/\{([a-z-]+)\}/g, (_, name: string) =>
    name === "command" ? page : filled(read(`shared/${name}.md`).trimEnd(), page),
  );
}

const TABLES: Readonly<Record<string, () => readonly Block[]>> = {
  configuration: () => daemonConfigurationFile(),
  verdicts: () => [{ terms: Object.entries(VERDICTS).map(([name, text]) => [`\`${name}\``, sentence(text)] as const) }],
  causes: () => [{ terms: CAUSES.map(([name, text]) => [`\`${name}\``, sentence(text)] as const) }],
};

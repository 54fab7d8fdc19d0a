/**
 * Markdown → sections of a page: the little of it that the manual's prose is written in.
 *
 * Blocks stand apart by empty lines: paragraphs, `# SECTION`, `## Subheading`, code between fences, and terms, each on a line
 * of its own with `: ` and what it means on the next.
 */
import type { Block, Section } from "./roff.ts";

/** Makes a block of a table of the program's, `{table NAME}`. */
export type TableOf = (name: string) => readonly Block[];

/**
 * Reads a page.
 * @returns the first section has no title where the text begins without one
 */
export function sectionsOf(text: string, table: TableOf): Section[] {
  const sections: { title: string; blocks: Block[] }[] = [{ title: "", blocks: [] }];
  for (const piece of piecesOf(text)) {
    const [, title] = /^# (.+)$/.exec(piece) ?? [];
    if (title !== undefined) sections.push({ title, blocks: [] });
    else add(sections.at(-1)!.blocks, piece, table);
  }
  return sections.filter(({ title, blocks }) => title !== "" || blocks.length > 0);
}

function add(blocks: Block[], piece: string, table: TableOf): void {
  const [, name] = /^\{table ([a-z]+)\}$/.exec(piece) ?? [];
  const [, under] = /^## (.+)$/.exec(piece) ?? [];
  const [, code] = /^```\n([^]*)\n```$/.exec(piece) ?? [];
  const [, term, meaning] = /^(.+)\n: ([^]+)$/.exec(piece) ?? [];
  const last = blocks.at(-1);
  if (name !== undefined) blocks.push(...table(name));
  else if (under !== undefined) blocks.push({ under });
  else if (code !== undefined) blocks.push({ code });
  else if (term === undefined || meaning === undefined) blocks.push(joined(piece));
  else if (typeof last === "object" && "terms" in last)
    blocks[blocks.length - 1] = { terms: [...last.terms, [term, joined(meaning)]] };
  else blocks.push({ terms: [[term, joined(meaning)]] });
}

/** What empty lines part, but not those of code. */
function piecesOf(text: string): string[] {
  return (text.match(/^```\n[^]*?\n```$|(?:^(?!```).+\n?)+/gm) ?? []).map((piece) => piece.trimEnd());
}

function joined(lines: string): string {
  return lines.replace(/\n\s*/g, " ");
}

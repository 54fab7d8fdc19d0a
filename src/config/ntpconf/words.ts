/** ntp.conf text ↔ lines of words, each with where it stands. */
import { UsageError, type Place } from "../usage.ts";

/** One word of a line, quotes taken off. */
export interface Word {
  readonly text: string;
  readonly at: Place;
}

/** A line that says something. */
export interface Line {
  /** Split at white space; never empty. */
  readonly words: readonly [Word, ...Word[]];
  /** As it stands, without a comment. */
  readonly text: string;
}

/**
 * Splits a configuration file into lines of words. `#` starts a comment wherever it stands, behind a word, too (ntp_scanner.c);
 * a word may be put in double quotes to carry one, or white space; parentheses are words of their own, as in `trustedkey 1 (5 ... 8)`.
 * @param file the name for error messages
 * @throws UsageError on a quote that is not closed
 */
export function splitLines(text: string, file: string): Line[] {
  const lines: Line[] = [];
  for (const [index, raw] of text.split(/\r\n|\n|\r/).entries()) {
    const { words, text: said } = splitWords(index === 0 ? raw.replace(/^\uFEFF/, "") : raw, file, index + 1);
    const [first, ...rest] = words;
    if (first !== undefined) lines.push({ words: [first, ...rest], text: said });
  }
  return lines;
}

const TOKEN = /\s*(?:(#.*)|"([^"]*)("?)|([()])|([^\s()"#]+))/y;

function splitWords(raw: string, file: string, line: number): { words: Word[]; text: string } {
  const words: Word[] = [];
  TOKEN.lastIndex = 0;
  for (;;) {
    const start = TOKEN.lastIndex;
    const match = TOKEN.exec(raw);
    if (match === null) return { words, text: raw };
    const [whole, comment, quoted, closing, parenthesis, bare] = match;
    if (comment !== undefined) return { words, text: raw.slice(0, start) };
    const column = start + whole.length - whole.trimStart().length + 1;
    const at: Place = { file, line, column };
    if (quoted !== undefined && closing === "") throw new UsageError("the quote is not closed", null, at);
    words.push({ text: quoted ?? parenthesis ?? bare!, at });
  }
}

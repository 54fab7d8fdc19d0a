/** Lines that go on in the next one behind a backslash, as systemd and OpenBSD have them. */

/** What one or more lines of a file come to. */
export interface FoldedLine {
  readonly text: string;
  /** Where its first word stands, 1 … */
  readonly line: number;
  readonly column: number;
}

/**
 * The lines of a text that say something, those with a backslash at their end joined with the next.
 * @param comment what a line begins with that says nothing, also in the middle of such a line
 */
export function foldedLines(text: string, comment: RegExp): readonly FoldedLine[] {
  const folded: FoldedLine[] = [];
  let open: FoldedLine | null = null;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    if (comment.test(raw)) continue;
    const goesOn = raw.endsWith("\\");
    const part = goesOn ? `${raw.slice(0, -1)} ` : raw;
    const begun: FoldedLine = open ?? { text: "", line: index + 1, column: raw.length - raw.trimStart().length + 1 };
    open = { ...begun, text: begun.text + part };
    if (goesOn) continue;
    folded.push(open);
    open = null;
  }
  return [...folded, ...(open === null ? [] : [open])].filter((line) => line.text.trim() !== "");
}

/**
 * Comma separated values (RFC 4180), for spreadsheets too: text from files and the network is quoted where it must be, and is
 * no formula.
 */

/** What begins a formula, or makes one of what follows it. */
const FORMULA = /^\s*[=+\-@]/;
/** What a cell cannot have without quotes (RFC 4180 §2.6), here or where `;` or a tab separates. */
const QUOTED = /[",;\s]/;

/**
 * A cell of text of unknown origin. One that a spreadsheet would compute begins with an apostrophe, which they take as the
 * sign of text; a single character computes nothing. Numbers and words of our own are cells as they stand.
 */
export function csvText(text: string): string {
  const inert = text.length > 1 && FORMULA.test(text) ? `'${text}` : text;
  return QUOTED.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}

/** A line of cells. */
export function csvLine(cells: readonly string[]): string {
  return `${cells.join(",")}\n`;
}

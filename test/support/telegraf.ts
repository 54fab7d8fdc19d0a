/**
 * Reads the table of `ntpq -p` by the column rules of Telegraf's ntpq input, which has had to learn them the hard way: what
 * it would make of a table is what many dashboards show.
 *
 * - The header's words name the columns; `(local)` and whatever else begins with a bracket behind a blank is left out.
 * - A row may begin with tally characters; it counts only if it has as many words as the header.
 * - `when` and `poll` are whole seconds, or have a unit (`m`, `h`, `d`); `-` is nothing. `reach` is a whole number; `delay`,
 *   `offset` and `jitter` are numbers. Anything else is an error.
 */

/** A row: tags as text, fields as numbers; what is not there is `-` in the table. */
export interface TelegrafRow {
  readonly tally: string;
  readonly remote: string;
  readonly refid: string;
  readonly st: string;
  readonly t: string;
  readonly fields: Readonly<Record<string, number>>;
}

/** What came of a table. */
export interface TelegrafReading {
  readonly rows: readonly TelegrafRow[];
  /** Lines that have another number of words than the header, and words that are no numbers. */
  readonly errors: readonly string[];
}

const TALLY = /^[*#o+x.-]+/;
const BRACKETED = /\s+\(\S*/g;
const UNITS: Readonly<Record<string, number>> = { m: 60, h: 3600, d: 86_400 };

const FIELDS: ReadonlySet<string> = new Set(["when", "poll", "reach", "delay", "offset", "jitter"]);

/** Reads a table. */
export function telegrafRows(table: string): TelegrafReading {
  const [head = "", ...lines] = table.split("\n").filter((line) => line !== "");
  const columns = wordsOf(head);
  const rows: TelegrafRow[] = [];
  const errors: string[] = [];
  // The rule below the header has but one word.
  for (const line of lines.filter((other) => !/^=+$/.test(other))) {
    const tally = TALLY.exec(line)?.[0] ?? "";
    const words = wordsOf(line.slice(tally.length));
    if (words.length !== columns.length) {
      errors.push(`${words.length} words: ${line}`);
      continue;
    }
    const cells = Object.fromEntries(columns.map((column, index) => [column, words[index]!]));
    const { remote = "", refid = "", st = "", t = "", ...others } = cells;
    rows.push({ tally: tally.slice(0, 1), remote, refid, st, t, fields: fieldsOf(others, errors) });
  }
  return { rows, errors };
}

function wordsOf(line: string): string[] {
  return line.replaceAll(BRACKETED, "").trim().split(/\s+/);
}

function fieldsOf(cells: Readonly<Record<string, string>>, errors: string[]): Record<string, number> {
  const fields: Record<string, number> = {};
  for (const [name, text] of Object.entries(cells)) {
    if (!FIELDS.has(name)) continue;
    const isDuration = name === "when" || name === "poll";
    if (isDuration && text === "-") continue;
    const unit = isDuration ? UNITS[text.at(-1) ?? ""] : undefined;
    const digits = unit === undefined ? text : text.slice(0, -1);
    const isNumber = isDuration || name === "reach" ? /^\d+$/.test(digits) : /^[-+]?\d+(\.\d*)?$/.test(digits);
    if (isNumber) fields[name] = Number(digits) * (unit ?? 1);
    else errors.push(`${name} is "${text}"`);
  }
  return fields;
}

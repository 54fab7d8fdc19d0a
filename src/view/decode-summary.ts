/** A whole capture in a page: `decode --summary`. */
import type { CaptureSummary, Pair, Source } from "../decode/summary.ts";
import { VERDICTS, type DecodeVerdict } from "../decode/verdict.ts";
import { unixToIso } from "../time/timestamp.ts";
import { refidText } from "../wire/refid.ts";
import type { Palette } from "./palette.ts";
import { counted, durationText, inWords, listed, longText, NOTHING, printable, signedText } from "./text.ts";

/** So many rows of a kind stand in a page; who wants all takes the document. */
const ROWS = 40;

/** Says what a capture comes to. */
export function summaryText(summary: CaptureSummary, palette: Palette): string {
  return [
    headText(summary, palette),
    section("Who asks whom", summary.pairs, PAIR_COLUMNS, paintPair, palette),
    section("Whose time", summary.sources, SOURCE_COLUMNS, paintSource, palette),
    findingsText(summary, palette),
  ]
    .filter((part) => part !== "")
    .join("\n");
}

function headText({ packets, first, last, verdicts }: CaptureSummary, { strong }: Palette): string {
  const seconds = first === null || last === null ? null : Number(last - first) * 1e-9;
  const span = seconds === null ? "" : ` in ${longText(seconds) ?? durationText(seconds)}`;
  const from = first === null ? "" : `, from ${unixToIso(first)?.slice(0, 19) ?? NOTHING}Z`;
  const kinds = Object.entries(verdicts)
    .sort(([, one], [, other]) => other - one)
    .map(([name, count]) => `${count} ${inWords(name)}`);
  return `${strong(counted(packets, "packet"))}${span}${from}: ${listed(kinds)}\n`;
}

interface Column<Row> {
  readonly heading: string;
  readonly align: "left" | "right";
  readonly cell: (row: Row) => string;
}

const PAIR_COLUMNS: readonly Column<Pair>[] = [
  { heading: "client", align: "left", cell: ({ client }) => printable(client) },
  { heading: "server", align: "left", cell: ({ server }) => printable(server) },
  { heading: "asked", align: "right", cell: ({ requests }) => String(requests) },
  { heading: "answered", align: "right", cell: ({ answers }) => String(answers) },
  { heading: "bad", align: "right", cell: ({ bad }) => (bad === 0 ? NOTHING : String(bad)) },
  { heading: "every", align: "right", cell: ({ interval }) => durationText(interval?.median ?? null) },
  { heading: "least", align: "right", cell: ({ interval }) => durationText(interval?.least ?? null) },
  {
    heading: "kisses",
    align: "left",
    cell: ({ kisses }) =>
      listed(Object.entries(kisses).map(([code, count]) => `${count} ${printable(code)}`)) || NOTHING,
  },
];

const SOURCE_COLUMNS: readonly Column<Source>[] = [
  { heading: "server", align: "left", cell: ({ address }) => printable(address) },
  { heading: "stratum", align: "right", cell: ({ stratum }) => String(stratum) },
  {
    heading: "follows",
    align: "left",
    cell: ({ stratum, referenceId }) => printable(refidText(stratum, referenceId)),
  },
  { heading: "offset", align: "right", cell: ({ offset }) => signedText(offset) },
  { heading: "± at most", align: "right", cell: ({ bound }) => durationText(bound) },
];

function paintPair({ ignored, hasty, answers }: Pair): keyof Palette | null {
  return ignored > 0 ? "bad" : hasty || answers === 0 ? "doubtful" : null;
}

function paintSource({ agrees }: Source): keyof Palette | null {
  return agrees === false ? "bad" : null;
}

/** A heading and rows; nothing where there are none. */
function section<Row>(
  heading: string,
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  paintOf: (row: Row) => keyof Palette | null,
  palette: Palette,
): string {
  if (rows.length === 0) return "";
  const shown = rows.slice(0, ROWS);
  const cells = [columns.map((column) => column.heading), ...shown.map((row) => columns.map(({ cell }) => cell(row)))];
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => row[index]!.length)));
  const lines = cells.map((row, at) => {
    const line = row
      .map((cell, index) =>
        columns[index]!.align === "left" ? cell.padEnd(widths[index]!) : cell.padStart(widths[index]!),
      )
      .join("  ")
      .trimEnd();
    const paint = at === 0 ? "heading" : paintOf(shown[at - 1]!);
    return `  ${paint === null ? line : palette[paint](line)}\n`;
  });
  const more = rows.length > ROWS ? `  and ${rows.length - ROWS} more; --json has them all\n` : "";
  return `${palette.strong(heading)}\n${lines.join("")}${more}`;
}

/** What somebody should look after, a line each. */
function findingsText({ pairs, sources, reflections, verdicts, unlisted }: CaptureSummary, palette: Palette): string {
  const found = [
    ...pairs
      .filter(({ ignored }) => ignored > 0)
      .map(
        ({ client, server, ignored, kisses }) =>
          `${client} goes on asking ${server} in spite of ${listed(Object.keys(kisses))}: ${counted(ignored, "request")}`,
      ),
    ...pairs
      .filter(({ hasty }) => hasty)
      .map(
        ({ client, server, interval }) =>
          `${client} asks ${server} too often: every ${durationText(interval?.median ?? null)} in the middle`,
      ),
    ...sources
      .filter(({ agrees }) => agrees === false)
      .map(({ address, offset }) => `${address} disagrees with most servers: ${signedText(offset)}`),
    ...reflections.map(({ victim, server, answers, factor }) => {
      const size =
        factor === null ? "that nobody was seen to ask for" : `${factor.toFixed(0)} times as long as the questions`;
      return `${victim} gets ${counted(answers, "answer")} of modes 6 and 7 from ${server}, ${size}: a reflection?`;
    }),
    ...Object.entries(verdicts)
      .filter(([name]) => ALARMING.has(name as DecodeVerdict))
      .map(([name, count]) => `${counted(count, "packet")} ${inWords(name)}: ${VERDICTS[name as DecodeVerdict]}`),
    ...(unlisted > 0 ? [`${counted(unlisted, "packet")} of more hosts than are listed`] : []),
  ];
  if (found.length === 0) return "";
  const shown = found.slice(0, ROWS).map((line) => `  ${palette.doubtful(printable(line))}\n`);
  return `${palette.strong("What to look at")}\n${shown.join("")}`;
}

/** Verdicts that no network in order has. */
const ALARMING: ReadonlySet<DecodeVerdict> = new Set(["bogus", "authentication", "nak", "loop", "header", "duplicate"]);

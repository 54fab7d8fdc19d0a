/**
 * A terminal's screen as a picture: SVG, whose text stays text, with colours for light pages and for dark ones.
 *
 * Every run of one colour is a text of its own, at its column and as wide as its columns, so that a table stays a table in whatever
 * font of fixed width the reader has.
 */
import type { Palette } from "../../view/palette.ts";
import { wrapped } from "../../view/text.ts";

/** A screen to be drawn. */
export interface Screen {
  /** What it shows, for those who do not see it. */
  readonly title: string;
  /** The command line, without the prompt. */
  readonly command: string;
  /** What came of it, painted by {@link PAINTED}. */
  readonly text: string;
  /** Columns; longer lines are broken between words. */
  readonly width: number;
}

/** How text is painted that is to become a picture: each piece between a private character that says how, and one that ends it. */
const INK = {
  heading: "\u{e000}",
  good: "\u{e001}",
  doubtful: "\u{e002}",
  bad: "\u{e003}",
  faint: "\u{e004}",
  strong: "\u{e005}",
} as const satisfies Record<keyof Palette, string>;
const END = "\u{e00f}";

/** The palette of pictures. */
export const PAINTED: Palette = {
  heading: (text) => `${INK.heading}${text}${END}`,
  good: (text) => `${INK.good}${text}${END}`,
  doubtful: (text) => `${INK.doubtful}${text}${END}`,
  bad: (text) => `${INK.bad}${text}${END}`,
  faint: (text) => `${INK.faint}${text}${END}`,
  strong: (text) => `${INK.strong}${text}${END}`,
};

/** A column and a row, and what is left free around all of them, in the picture's units. */
const COLUMN = 8;
const ROW = 18;
const MARGIN = 14;

/** As terminals have them, on paper and on slate: each is told from its ground by more than 4.5 to 1. */
const STYLE = `
text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace;fill:#24292f;white-space:pre}
.ground{fill:#f6f8fa;stroke:#d0d7de}.heading,.faint{fill:#59636e}.good{fill:#116329}.doubtful{fill:#7d4e00}.bad{fill:#b3202c}.strong{font-weight:bold}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.ground{fill:#0d1117;stroke:#30363d}.heading,.faint{fill:#9198a1}.good{fill:#56d364}.doubtful{fill:#e3b341}.bad{fill:#ff8f87}}
`.trim();

/** The picture of a screen. */
export function terminalPicture({ title, command, text, width }: Screen): string {
  const lines = [`${INK.strong}$ ${command}${END}`, ...text.trimEnd().split("\n")].flatMap((line) =>
    broken(line, width),
  );
  const [wide, high] = [width * COLUMN + 2 * MARGIN, lines.length * ROW + 2 * MARGIN];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${wide} ${high}" width="${wide}" height="${high}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>${STYLE}</style>`,
    `<rect class="ground" x=".5" y=".5" width="${wide - 1}" height="${high - 1}" rx="6"/>`,
    ...rowsOf(lines).flatMap((runs, row) => runs.map((run) => drawn(run, row))),
    "</svg>\n",
  ].join("\n");
}

/** A line as it fits the screen; how it is painted takes no room. */
function broken(line: string, width: number): readonly string[] {
  return line.replace(MARKS, "").length <= width ? [line] : wrapped(line, width);
}

const MARKS = /[\u{e000}-\u{e00f}]/gu;

/** A piece of a line of one colour. */
interface Run {
  readonly column: number;
  readonly text: string;
  readonly ink: keyof Palette | null;
}

/** The pieces of each line that can be seen; what is painted in one line goes on in the next until it ends. */
function rowsOf(lines: readonly string[]): readonly (readonly Run[])[] {
  let ink: Run["ink"] = null;
  return lines.map((line) => {
    const runs: Run[] = [];
    let column = 0;
    for (const piece of line.split(/([\u{e000}-\u{e00f}])/u)) {
      if (piece === END) ink = null;
      else if (INKS.has(piece)) ink = INKS.get(piece)!;
      else {
        for (const { 0: text, index } of piece.matchAll(SEEN)) runs.push({ column: column + index, text, ink });
        column += piece.length;
      }
    }
    return runs;
  });
}

const INKS: ReadonlyMap<string, keyof Palette> = new Map(
  Object.entries(INK).map(([name, mark]) => [mark, name as keyof Palette]),
);

/** Words with single blanks between them: what is farther apart is placed apart. */
const SEEN = /\S+(?: \S+)*/gu;

function drawn({ column, text, ink }: Run, row: number): string {
  const at = `x="${MARGIN + column * COLUMN}" y="${MARGIN + (row + 0.75) * ROW}"`;
  const painted = ink === null ? "" : ` class="${ink}"`;
  return `<text ${at} textLength="${text.length * COLUMN}"${painted}>${escaped(text)}</text>`;
}

/** Text as it may stand in XML, whatever it is: what may not stand there at all is left out. */
export function escaped(text: string): string {
  return text
    .replace(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, "")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

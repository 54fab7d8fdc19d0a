/** Charts below each other as one picture that stands by itself: what `--explain --svg` writes, and the README shows. */
import { wrapped } from "../view/text.ts";
import { STYLE } from "./style.ts";
import { escaped } from "./svg.ts";

/** A chart with what is said of it. */
export interface Part {
  readonly heading: string;
  /** A chart, `""`: none. */
  readonly chart: string;
  /** Sentences below it. */
  readonly notes: readonly string[];
}

const [WIDTH, MARGIN, HEADING, LINE, COLUMNS] = [960, 16, 20, 18, 130];
/** Bold and larger, fewer characters fit. */
const HEADING_COLUMNS = 95;

/**
 * Draws them.
 * @param title what it shows, for those who do not see it
 */
export function sheet(title: string, parts: readonly Part[]): string {
  let y = MARGIN;
  const body: string[] = [];
  for (const { heading, chart, notes } of parts) {
    for (const line of wrapped(heading, HEADING_COLUMNS)) {
      body.push(`<text class="heading" x="${MARGIN}" y="${y + 16}">${escaped(line.trim())}</text>`);
      y += HEADING;
    }
    y += HEADING / 2;
    const height = Number(/^<svg viewBox="0 0 \d+ (\d+)"/.exec(chart)?.[1] ?? 0);
    if (height > 0)
      body.push(chart.replace("<svg ", `<svg x="${MARGIN}" y="${y}" width="${WIDTH}" height="${height}" `));
    y += height;
    for (const line of notes.flatMap((note) => wrapped(note, COLUMNS))) {
      y += LINE;
      body.push(`<text x="${MARGIN}" y="${y}">${escaped(line)}</text>`);
    }
    y += MARGIN;
  }
  const wide = WIDTH + 2 * MARGIN;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${wide} ${y}" width="${wide}" height="${y}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>${STYLE}${OWN}</style>`,
    `<rect class="ground" width="${wide}" height="${y}"/>`,
    ...body,
    "</svg>",
    "",
  ].join("\n");
}

const OWN = ".ground{fill:var(--paper)}svg text.heading{font-size:16px;font-weight:bold}";
